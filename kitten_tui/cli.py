"""The command line: what was asked for, on paper or on the screen."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kitten_tui.options import UsageError, parser
from kitten_tui.output import (
    BAD,
    FAILED,
    OK,
    discard_output,
    flushed,
    forgive_encoding,
    print_lines,
    refuse,
    tell_fault,
)
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.core.settings import Settings
    from kitten_tui.core.source import Source
    from kitten_tui.desk.selection import Selection
    from kitten_tui.sources.checkpoint.reading import Reading
    from kitten_tui.words import Words

__all__ = ["BAD", "FAILED", "OK", "main"]

MOST_THREADS = 1024
_DUMB = ("dumb", "unknown", "")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit status: 0, 1 if a check or the program failed, 2 for bad usage or input."""
    forgive_encoding()
    arguments = None
    try:
        arguments = parser().parse_args(argv)
        return _run(arguments)
    except SystemExit as stop:  # argparse after --help and --version
        return flushed() if stop.code is None else int(stop.code) or flushed()
    except SourceError as error:
        return refuse(str(error))
    except BrokenPipeError:
        discard_output()  # the reader of the pipe has gone
        return OK
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # a folder that cannot be listed, a file that has gone
        return refuse(f"{error.filename or 'a file'}: {error.strerror or error}")
    except MemoryError as error:
        return refuse(f"memory: expected more than there is{f': {error}' if str(error) else ''}; try a shorter text")
    except Exception as fault:
        return tell_fault(fault, _words(arguments.lang if arguments else None))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.list_models:
        return _list_models(arguments)
    if arguments.threads is not None and not 1 <= arguments.threads <= MOST_THREADS:
        raise UsageError(f"--threads: expected a number from 1 to {MOST_THREADS}, found {arguments.threads}")
    if arguments.model is not None:
        from kitten_tui.threads import choose

        choose(arguments.threads)  # before NumPy is loaded, which asks once
    # NumPy costs 80 ms, so --help and --version go without.
    from kitten_tui.core.settings import Settings
    from kitten_tui.sources.find import DEFAULT, open_source
    from kitten_tui.sources.sentence import from_sentence
    from kitten_tui.stages.view import View

    _settings(Settings(), seed=arguments.seed)  # refused before a sentence draws from it
    lesson: Source
    _refuse_pairs(arguments)
    reading = None if arguments.model is None else _read_with_model(arguments)
    if reading is not None:
        lesson = reading
    elif arguments.source == "-":
        lesson = from_sentence(_read_sentence(), Settings.seed if arguments.seed is None else arguments.seed)
    else:
        lesson = open_source(DEFAULT if arguments.source is None else arguments.source, arguments.seed)
    given = {name: getattr(arguments, name) for name in ("scale", "mask", "dropout", "seed")}
    settings = _settings(lesson.settings, **given)
    if settings.mask not in lesson.masks:
        raise UsageError(f"--mask: expected one of {', '.join(lesson.masks)} for this source, found {settings.mask}")
    if arguments.init is not None:
        if lesson.editor is None:
            raise UsageError("--init: expected a lesson, found a model, whose numbers stay as they are")
        lesson = lesson.editor.other_matrices(settings.seed, arguments.init)
    view = View(lesson, settings, _selection(arguments, lesson))
    words = _words(arguments.lang)

    if reading is not None and _is_headless(arguments):
        _compute(arguments, reading, view.selection.layer)
        if reading.whole > len(reading.ids):
            print(words("model.cut", **reading.facts), file=sys.stderr)
        if arguments.save is not None:
            return _save(arguments, reading)
        if arguments.heads:
            from kitten_tui.paper.heads import heads_json, heads_table

            lines = [heads_json(reading, reading)] if arguments.json else heads_table(reading, reading, words)
            return print_lines(lines)
    if arguments.json:
        from kitten_tui.paper.json import to_json

        return print_lines([to_json(view)])
    if arguments.explain is not None:
        from kitten_tui.paper.explain import explain, parse_cell

        depth = 1 if arguments.depth is None else arguments.depth
        if depth < 1:
            raise UsageError(f"--depth: expected a number from 1, found {depth}")
        cell = parse_cell(arguments.explain, view.workings, view.selection.head)
        return print_lines(explain(view.workings, cell, depth, words))
    if arguments.check:
        from kitten_tui.paper.check import checks, report

        results = list(checks(lesson, settings))
        print_lines(report(results, words))
        return OK if all(check.passed for check in results) else FAILED
    if arguments.plain or not _has_screen():
        from kitten_tui.paper.plain import plain

        stages = None if arguments.stage is None else [view.selection.stage]
        return print_lines(plain(lesson, view, words, stages))

    # Nothing that is imported goes away again: looking for garbage in it costs 50 ms now and a hiccup later.
    gc.disable()
    from kitten_tui.app import KittenApp  # 0.3 s: Textual, only for the screen

    chosen = arguments.model is None or any(
        getattr(arguments, name) is not None for name in ("stage", "layer", "head", "query")
    )
    selection = view.selection if chosen else None
    app = KittenApp(lesson, settings, selection, words.language, _theme(arguments.theme), arguments.init)
    gc.freeze()
    gc.enable()
    app.run()
    if app.fault is not None:
        return tell_fault(app.fault, app.words, app.unsaved)
    if app.problem:
        raise SourceError(app.problem)
    return app.return_code or OK


def _words(language: str | None) -> Words:
    from kitten_tui.words import Words, language_of_environment

    return Words(language or language_of_environment())


def _refuse_pairs(arguments: argparse.Namespace) -> None:
    """Options that are nothing without one another, or that cannot both be answered."""
    if arguments.model is None and (arguments.save or arguments.full or arguments.heads):
        raise UsageError("--save, --full and --heads: expected --model DIR with them, found none")
    for name in ("trust_layout", "download"):
        if arguments.model is None and getattr(arguments, name):
            raise UsageError(f"--{name.replace('_', '-')}: expected --model with it, found none")
    if arguments.threads is not None and arguments.model is None:
        raise UsageError("--threads: expected --model DIR with it, found none")
    if arguments.full and not arguments.save:
        raise UsageError("--full: expected --save FILE with it, found none")
    for name in ("plain", "check", "explain", "save"):
        if arguments.heads and getattr(arguments, name):
            raise UsageError(f"--heads: expected alone or with --json, found --{name}")
    if arguments.depth is not None and arguments.explain is None:
        raise UsageError("--depth: expected --explain CELL with it, found none")
    if arguments.save is not None:
        from kitten_tui.sources.checkpoint.export import check_path
        from kitten_tui.sources.writing import path_of

        check_path(path_of(arguments.save))


def _list_models(arguments: argparse.Namespace) -> int:
    from kitten_tui.paper.shelf import shelf_table
    from kitten_tui.sources.checkpoint.model import check_installed
    from kitten_tui.sources.checkpoint.shelf import shelf

    check_installed()
    return print_lines(shelf_table(shelf(), _words(arguments.lang)))


def _read_with_model(arguments: argparse.Namespace) -> Reading:
    """A text in the model that was asked for; nothing is computed yet."""
    from kitten_tui.sources.checkpoint.model import open_model
    from kitten_tui.sources.checkpoint.reading import Reading
    from kitten_tui.sources.find import MAX_TEXT, read_text

    model = open_model(arguments.model, arguments.trust_layout, arguments.download)
    text = _read_sentence(MAX_TEXT) if arguments.source == "-" else read_text(arguments.source)
    return Reading(model, text)


def _is_headless(arguments: argparse.Namespace) -> bool:
    asked = ("json", "plain", "check", "explain", "save", "heads")
    return any(getattr(arguments, name) for name in asked) or not _has_screen()


def _compute(arguments: argparse.Namespace, reading: Reading, layer: int) -> None:
    """As many layers as are asked for, saying how far it is where somebody may be waiting."""
    from kitten_tui.paper.explain import quantity_of

    chain = reading.chain(layer)
    explained = quantity_of(arguments.explain or "", chain)
    every = any(getattr(arguments, name) for name in ("plain", "save", "heads", "check"))
    # What comes next needs every layer.
    every = every or (explained in chain and "rank" in chain[explained].axes)
    wanted = reading.n_layers if every else layer + 1
    waiting = sys.stderr is not None and sys.stderr.isatty()
    while reading.ready < wanted:
        if waiting:
            print(f"\rlayer {reading.ready + 1} of {wanted}", end="", file=sys.stderr, flush=True)
        reading.advance()
    if waiting:
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)


def _save(arguments: argparse.Namespace, reading: Reading) -> int:
    import signal

    from kitten_tui.sources.checkpoint.export import export
    from kitten_tui.sources.writing import path_of

    # What ends the program lets it clear away first; half a file is none.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda number, frame: sys.exit(128 + number))
    export(reading, path_of(arguments.save), full=arguments.full)
    return OK


def _settings(settings: Settings, **given: Any) -> Settings:
    """The settings with what was given on the command line in place of the sample's."""
    try:
        return replace(settings, **{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise UsageError(f"--{error}") from None


def _selection(arguments: argparse.Namespace, lesson: Source) -> Selection:
    """What is selected to begin with."""
    from kitten_tui.desk.selection import Selection
    from kitten_tui.stages import stages_of

    query = lesson.query if arguments.query is None else _token(arguments.query, lesson.tokens)
    return Selection(
        stage=_stage(arguments.stage, [stage.id for stage in stages_of(lesson)]),
        layer=_number("--layer", arguments.layer, lesson.n_layers),
        head=_number("--head", arguments.head, lesson.n_heads),
        query=query,
        key=min(query, len(lesson.key_tokens) - 1),
    )


def _number(option: str, given: int | None, count: int) -> int:
    if given is None:
        return 0
    if not 1 <= given <= count:
        raise UsageError(f"{option}: expected a number from 1 to {count}, found {given}")
    return given - 1


def _stage(given: str | None, names: Sequence[str]) -> int:
    if given is None:
        return 0
    if given in names:
        return names.index(given)
    if _counts(given, len(names)):
        return int(given) - 1
    raise UsageError(f"--stage: expected a number from 1 to {len(names)} or one of {', '.join(names)}, found {given}")


def _counts(given: str, count: int) -> bool:
    """Whether this is a number from 1 to a count."""
    return given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= count


def _token(given: str, tokens: Sequence[str]) -> int:
    # Pieces of a real tokenizer carry the space before them.
    for place, token in enumerate(tokens):
        if given in (token, token.strip()):
            return place
    if _counts(given, len(tokens)):
        return int(given) - 1
    shown = ", ".join(tokens[:8]) + (", …" if len(tokens) > 8 else "")
    raise UsageError(f"--query: expected one of {shown} or a number from 1 to {len(tokens)}, found {given}")


def _theme(given: str | None) -> str:
    from textual.theme import BUILTIN_THEMES

    from kitten_tui.themes import ALIASES, DARK, THEMES

    name = ALIASES.get(given or "dark", given or DARK.name)
    known = [theme.name for theme in THEMES] + sorted(BUILTIN_THEMES)
    if name not in known:
        raise UsageError(f"--theme: expected dark, light or one of {', '.join(known)}, found {given}")
    return name


def _read_sentence(limit: int = 100_000) -> str:
    """The sentence on standard input, which then becomes the terminal again so that keys can be read."""
    from kitten_tui.sources.find import without_line_end

    if sys.stdin is None:
        raise UsageError("-: expected a sentence on standard input, found none")
    raw = sys.stdin.buffer.read(limit + 1) if hasattr(sys.stdin, "buffer") else sys.stdin.read(limit + 1).encode()
    if len(raw) > limit:
        raise UsageError(f"-: expected a sentence of at most {limit:,} bytes, found more")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"-: expected UTF-8, found byte 0x{raw[error.start]:02x} at position {error.start}") from None
    text = without_line_end(text)
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return text
    os.dup2(terminal, 0)
    os.close(terminal)
    return text


def _has_screen() -> bool:
    """Whether there is a terminal to draw on and to read keys from. Textual draws on standard error."""
    streams = [sys.__stdout__, sys.__stderr__]
    if "JPY_PARENT_PID" in os.environ:  # a cell of a notebook has a terminal that nobody can type into
        return False
    on_terminal = all(stream is not None and stream.isatty() for stream in streams) and sys.stdout is sys.__stdout__
    return on_terminal and os.isatty(0) and os.environ.get("TERM", "") not in _DUMB
