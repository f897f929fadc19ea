"""What a shell offers after TAB: a script for each shell, made of the options themselves."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from kitten_tui.options import PROGRAM

FILES = ("FILE", "DIR")
"""What is called so is a file or a folder."""


@dataclass(frozen=True)
class Option:
    """An option and what may stand after it."""

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...] = ()
    takes: str = ""
    """What its value is called; empty where it has none."""
    repeats: bool = False

    @cached_property
    def is_file(self) -> bool:
        return self.takes in FILES


def options_of(parser: argparse.ArgumentParser) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """Every option, and what may stand alone besides files."""
    known = _known()
    options: list[Option] = []
    for action in parser._actions:
        if not action.option_strings:
            continue
        flag = action.nargs == 0
        values = tuple(map(str, action.choices or known.get(action.dest, ())))
        takes = "" if flag else str(action.metavar or action.dest.upper())
        about = (action.help or "").replace("%%", "%")
        repeats = action.dest in ("set", "played")
        options.append(Option(tuple(action.option_strings), about, () if flag else values, takes, repeats))
    return tuple(options), known["source"]


def _known() -> dict[str, tuple[str, ...]]:
    """Values that are not spelled out among the options."""
    from kitten_tui.config import themes
    from kitten_tui.paper.formats import FORMATS
    from kitten_tui.sources.find import samples
    from kitten_tui.sources.training.tasks import TASKS
    from kitten_tui.stages import STAGES

    return {
        "source": tuple(samples()),
        "stage": tuple(stage.id for stage in STAGES),
        "theme": themes(),
        "format": tuple(form.name for form in FORMATS),
        "train": ("kitten", *TASKS),
        "model": ("minilm", "smollm2"),
    }


def completion(shell: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """The lines of a script for one of SHELLS."""
    options, sources = options_of(parser)
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](options, sources)


def _bash(options: Sequence[Option], sources: Sequence[str]) -> Iterator[str]:
    every = [name for option in options for name in option.names]
    yield "_kitten_tui() {"
    yield "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} IFS=$'\\n'"
    yield "  case $prev in"
    for option in options:
        if option.takes:
            offered = [f"-W {_lines(option.values)}"] if option.values else []
            offered += ["-f"] if option.is_file else []
            found = f' COMPREPLY=($(compgen {" ".join(offered)} -- "$cur"));' if offered else ""
            yield f"    {'|'.join(option.names)}){found} return ;;"
    yield "  esac"
    yield "  if [[ $cur == -* ]]; then"
    yield f'    COMPREPLY=($(compgen -W {_lines(every)} -- "$cur"))'
    yield "  else"
    yield f'    COMPREPLY=($(compgen -f -W {_lines(sources)} -- "$cur"))'
    yield "  fi"
    yield "}"
    yield f"complete -o filenames -F _kitten_tui {PROGRAM}"


def _lines(words: Sequence[str]) -> str:
    return "$'" + "\\n".join(words) + "'"


def _zsh(options: Sequence[Option], sources: Sequence[str]) -> Iterator[str]:
    yield f"#compdef {PROGRAM}"
    yield "_kitten_tui() {"
    yield "  _arguments -s -S \\"
    for option in options:
        for name in option.names:
            # Two names of one option leave each other out.
            before = "*" if option.repeats else f"({' '.join(option.names)})" if len(option.names) > 1 else ""
            value = f":{option.takes.lower()}:{_offered_zsh(option)}" if option.takes else ""
            yield f"    {shlex.quote(f'{before}{name}[{_quoted_zsh(option.help)}]{value}')} \\"
    yield f"    {shlex.quote(f'::source:{_files_and(sources)}')}"
    yield "}"
    yield f'if [ "$funcstack[1]" = _kitten_tui ]; then _kitten_tui "$@"; else compdef _kitten_tui {PROGRAM}; fi'


def _files_and(values: Sequence[str]) -> str:
    words = " ".join(values)
    return f'{{_alternative "values:value:({words})" "files:file:_files"}}'


def _offered_zsh(option: Option) -> str:
    if option.is_file:
        return _files_and(option.values) if option.values else "_files"
    return f"({' '.join(option.values)})" if option.values else ""


def _quoted_zsh(text: str) -> str:
    for sign in "\\[]:":
        text = text.replace(sign, f"\\{sign}")
    return text


def _fish(options: Sequence[Option], sources: Sequence[str]) -> Iterator[str]:
    for option in options:
        words = ["complete", "-c", PROGRAM]
        for name in option.names:
            words += ["-l", name[2:]] if name.startswith("--") else ["-s", name[1:]]
        if option.takes:
            words += ["-r", "-F"] if option.is_file else ["-x"]
        if option.values:
            words += ["-a", " ".join(option.values)]
        yield shlex.join([*words, "-d", option.help])
    yield shlex.join(["complete", "-c", PROGRAM, "-a", " ".join(sources)])
