"""The application for what was asked for; and scripts played on it: keys that are pressed without a terminal, and
pictures of what they lead to.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from textual.app import ScreenStackError

from kitten_tui.app import KittenApp
from kitten_tui.config import settle, theme_of, words_of
from kitten_tui.options import UsageError, lays_beside
from kitten_tui.paper.formats import of_path, write
from kitten_tui.script import Script, Shot, scripts_of
from kitten_tui.stages.view import View
from kitten_tui.start import start
from kitten_tui.together import refuse_pairs
from kitten_tui.walk.walking import Walking

if TYPE_CHECKING:
    from textual.pilot import Pilot

PATIENCE = 60.0
"""Seconds after which a screen that is still working is said never to settle."""


def app_of(arguments: argparse.Namespace, view: View) -> KittenApp:
    """The application, at the first view."""
    chosen = any(getattr(arguments, name) is not None for name in ("stage", "layer", "head", "query"))
    language, theme = words_of(arguments.lang).language, theme_of(arguments.theme)
    opens = chosen or arguments.model is None
    of_file = None
    if arguments.walk_file is not None:
        from kitten_tui.walk.reading import steps_of

        of_file = steps_of(arguments.walk_file)
    walking = Walking(of_file, arguments.questions)
    other = None
    if lays_beside(arguments):
        from kitten_tui.beside import other_of

        other = other_of(arguments, view)
    return KittenApp(
        *(view.source, view.settings, view.selection, language, theme, arguments.init, opens, walking),
        walks=arguments.walk,
        other=other,
    )


def play(arguments: argparse.Namespace) -> None:
    """Every script that is asked for, one after another.

    Raises:
        SourceError: a script cannot be played; none is begun before all have been looked over.
    """
    scripts = scripts_of(arguments)
    for script in scripts:
        settle(script.arguments)
        refuse_pairs(script.arguments)
    for script in scripts:
        asyncio.run(_play(script, arguments.patience or PATIENCE))


def opened(script: Script) -> KittenApp:
    """What a script opens."""
    with _coloured(script):
        return app_of(script.arguments, start(script.arguments))


@contextmanager
def _coloured(script: Script) -> Iterator[None]:
    """With the colours that a script wants: Textual asks the environment for them, once."""
    if script.no_color:
        os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        if script.no_color:
            os.environ.pop("NO_COLOR", None)


async def _play(script: Script, patience: float) -> None:
    app = opened(script)
    try:
        async with app.run_test(size=script.size) as pilot:
            await played(pilot, script, patience)
    except Exception:
        if app.problem:
            raise UsageError(f"{script.name}: {app.problem}") from None
        raise


async def played(pilot: Pilot[Any], script: Script, patience: float = PATIENCE) -> None:
    """Every step, when what came before it is done.

    Raises:
        SourceError: a step never settles, or comes after the end of the program.
    """
    from textual.pilot import WaitForScreenTimeout

    number = 0

    def fail(message: str) -> NoReturn:
        step = f"step {number}: {script.steps[number - 1]}" if number else "before the first step"
        raise UsageError(f"{script.name}: {step}: {message}")

    try:
        await asyncio.wait_for(settled(pilot), patience)
        for step in script.steps:
            number += 1
            if pilot.app._exit:
                fail("expected a screen, found that the program has ended")
            if isinstance(step, Shot):
                _shoot(pilot, step)
            else:
                await asyncio.wait_for(_press(pilot, step.key), patience)
    except ScreenStackError:
        if number < len(script.steps):
            number += 1
            fail("expected a screen, found that the program has ended")
    except (TimeoutError, WaitForScreenTimeout):
        fail(f"expected that the screen settles within {patience:g} s")


async def _press(pilot: Pilot[Any], key: str) -> None:
    await pilot.press(key)
    await settled(pilot)


def _shoot(pilot: Pilot[Any], shot: Shot) -> None:
    """The screen as it is, into a file."""
    app = pilot.app
    assert isinstance(app, KittenApp)
    write(app.picture(), shot.path, of_path(shot.path, drawing=True), dark=app.current_theme.dark)


async def settled(pilot: Pilot[Any]) -> None:
    """Waits until nothing is being computed, laid out or painted."""
    app = pilot.app
    while True:
        await asyncio.gather(*(worker.wait() for worker in app.workers), return_exceptions=True)
        await pilot.pause()
        screen = app.screen
        working = any(not worker.is_finished for worker in app.workers)
        if not (working or screen._layout_required or screen._dirty_widgets):
            return
