"""The command line: what was asked for, on paper or on the screen."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kitten_tui.config import settle, theme_of, words_of
from kitten_tui.memory import check_memory
from kitten_tui.options import PAPER, lays_beside, parser
from kitten_tui.output import (
    BAD,
    FAILED,
    OK,
    discard_output,
    flushed,
    forgive_encoding,
    has_screen,
    print_lines,
    refuse,
    tell_fault,
)
from kitten_tui.sources.errors import SourceError, problem_of
from kitten_tui.together import refuse_pairs, refuse_unwalked

if TYPE_CHECKING:
    from kitten_tui.stages.view import View
    from kitten_tui.words import Words

__all__ = ["BAD", "FAILED", "OK", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit status: 0, 1 if a check or the program failed, 2 for bad usage or input."""
    forgive_encoding()
    arguments = None
    try:
        arguments = parser().parse_args(argv)
        check_memory()  # before NumPy is loaded, which ends the program where it gets none
        settle(arguments)
        return _run(arguments)
    except SystemExit as stop:  # argparse after --help and --version
        return flushed() if stop.code is None else int(stop.code) or flushed()
    except BrokenPipeError:
        discard_output()  # the reader of the pipe has gone
        return OK
    except KeyboardInterrupt:
        return 130
    except BaseException as error:  # a panic in Rust is no Exception
        problem = problem_of(error)
        if problem is not None:
            return refuse(problem)
        return tell_fault(error, words_of(arguments.lang if arguments else None))


def _run(arguments: argparse.Namespace) -> int:
    refuse_pairs(arguments)
    words = words_of(arguments.lang)
    if arguments.theme is not None:
        theme_of(arguments.theme)  # also where nothing is drawn in it
    if arguments.completion is not None:
        from kitten_tui.completion import completion

        return print_lines(completion(arguments.completion, parser()))
    if arguments.list_models:
        return _list_models(words)
    if arguments.model is not None:
        from kitten_tui.threads import choose

        choose(arguments.threads)  # before NumPy is loaded, which asks once
    if arguments.train is not None:
        from kitten_tui.threads import choose

        choose(1)  # the same bits on every machine, and no slower: its matrices are small
    if arguments.played or arguments.script is not None:
        with _imports():
            from kitten_tui.play import play
        play(arguments)
        return OK
    with _imports():
        # NumPy costs 80 ms, so --help and --version go without.
        from kitten_tui.start import start
    view = start(arguments)
    if lays_beside(arguments) and (arguments.json or arguments.plain or not has_screen()):
        from kitten_tui.beside import print_beside

        return print_beside(arguments, view, words)
    # What is asked for on paper costs no screen, and a screen no paper.
    if any(getattr(arguments, name) for name in PAPER) or not has_screen():
        refuse_unwalked(arguments)
        from kitten_tui.printed import print_answer

        return print_answer(arguments, view, words)
    return _show(arguments, view)


@contextmanager
def _imports() -> Iterator[None]:
    """Nothing that is imported goes away again: looking for garbage in it costs 50 ms now and a hiccup later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _show(arguments: argparse.Namespace, view: View) -> int:
    """The screen, until it is left."""
    with _imports():
        from kitten_tui.play import app_of  # 0.3 s: Textual, only for the screen

        app = app_of(arguments, view)
    app.run()
    if app.fault is not None:
        return tell_fault(app.fault, app.words, app.unsaved)
    if app.problem:
        raise SourceError(app.problem)
    if app.unsaved is not None:  # the terminal has gone, and there is nobody to be told
        from kitten_tui.crash import rescue

        rescue(app.unsaved)
    if arguments.save_model is not None and view.source.trainer is not None:
        from kitten_tui.sources.writing import path_of

        view.source.trainer.save(path_of(arguments.save_model))
    return app.return_code or OK


def _list_models(words: Words) -> int:
    from kitten_tui.paper.shelf import shelf_table
    from kitten_tui.sources.checkpoint.model import check_installed
    from kitten_tui.sources.checkpoint.shelf import shelf

    check_installed()
    return print_lines(shelf_table(shelf(), words))
