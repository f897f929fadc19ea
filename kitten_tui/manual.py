"""The manual page, made of the options themselves: ``python -m kitten_tui.manual > man/kitten-tui.1``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from kitten_tui.commands import COMMANDS, grouped
from kitten_tui.options import ABOUT, PROGRAM, STATUSES, parser
from kitten_tui.words import Words

FILES = (
    (
        "~/.config/kitten-tui/config.toml",
        'language = "en" or "zh", and theme, the name of one; where XDG_CONFIG_HOME is set, in its folder.',
    ),
)
ENVIRONMENT = (
    ("LC_ALL, LC_MESSAGES, LANG", "The language, where nothing else says one."),
    ("NO_COLOR", "Where it is set, nothing is drawn in colours."),
    ("TERM", "With dumb, the lesson is printed as with --plain."),
    ("XDG_CONFIG_HOME", "Where the file of settings is looked for."),
)


def manual() -> Iterator[str]:
    """Its lines, as man reads them."""
    options = parser()
    yield f'.TH {PROGRAM.upper()} 1 "" "" "User Commands"'
    yield ".SH NAME"
    yield f"{PROGRAM} \\- {_text(ABOUT[0].lower() + ABOUT[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield rf".B {_text(PROGRAM)}"
    yield r"[\fIOPTION\fR ...] [\fISOURCE\fR]"
    yield ".SH DESCRIPTION"
    yield _text(ABOUT)
    for action in options._get_positional_actions():
        yield rf"\fI{action.metavar}\fR is {_text(action.help or '')}."
    yield ".SH OPTIONS"
    for group in options._action_groups:
        actions = [action for action in group._group_actions if action.option_strings]
        if actions:
            yield f".SS {_text((group.title or '').capitalize())}"
            for action in actions:
                yield from _option(action)
    yield ".SH KEYS"
    words = Words("en")
    for id_, commands in grouped(COMMANDS):
        yield f".SS {_text(words(f'group.{id_}'))}"
        for command in commands:
            yield from _entry(rf"\fB{_text(command.label)}\fR", words(f"command.{command.id}.help"))
    for heading, entries in (("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT), ("EXIT STATUS", STATUSES)):
        yield f".SH {heading}"
        for name, about in entries:
            yield from _entry(rf"\fB{_text(str(name))}\fR", about)


def _option(action: argparse.Action) -> Iterator[str]:
    names = ", ".join(rf"\fB{_text(name)}\fR" for name in action.option_strings)
    value = "" if action.nargs == 0 else action.metavar or "|".join(map(str, action.choices or (action.dest.upper(),)))
    about = (action.help or "").replace("%%", "%")
    yield from _entry(rf"{names} \fI{_text(str(value))}\fR" if value else names, about[:1].upper() + about[1:])


def _entry(name: str, about: str) -> Iterator[str]:
    yield ".TP"
    yield name
    yield _text(about)


def _text(text: str) -> str:
    """Text in which nothing is a command."""
    text = re.sub(r"\s+", " ", text).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    print("\n".join(manual()))
