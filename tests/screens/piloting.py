"""What the tests of the screen share: the program on its default sample or on a tiny model, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from kitten_tui.app import KittenApp
from kitten_tui.screens.editing import EditingScreen
from kitten_tui.sources.find import open_source
from kitten_tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from kitten_tui.screens.model import ModelScreen
    from kitten_tui.screens.overview import OverviewScreen
    from kitten_tui.sources.checkpoint.reading import Reading


def app(source: str = "journey") -> KittenApp:
    return KittenApp(open_source(source))


def screen(pilot: Pilot[None]) -> EditingScreen:
    assert isinstance(pilot.app, KittenApp)
    return pilot.app.first_screen


def said(pilot: Pilot[None]) -> str:
    """The key of what is said in place of the reading."""
    shown = screen(pilot).shown
    return shown.message.key if shown is not None and shown.message is not None else ""


CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
TEXT = "the cat saw the dog and the cat ran"
PATIENCE = 500
"""How often a state that has not come yet is looked for."""
LONG = " ".join(["the cat saw the dog and"] * 12)
"""More tokens than a tiny model reads."""


def reading(name: str = "llama", text: str = TEXT) -> Reading:
    """A tiny model with a text; nothing is computed yet."""
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    return Reading(Model(CHECKPOINTS / name), text)


def model_app(name: str = "llama", text: str = TEXT) -> KittenApp:
    return KittenApp(reading(name, text))


async def computed(pilot: Pilot[None]) -> None:
    """Waits until all layers are there."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def overview(pilot: Pilot[None]) -> OverviewScreen:
    assert isinstance(pilot.app, KittenApp)
    return pilot.app.first_screen  # type: ignore[return-value]


def model(pilot: Pilot[None]) -> ModelScreen:
    """The screen of one head, in front or behind a dialog."""
    assert isinstance(pilot.app, KittenApp)
    return pilot.app.front


def said_of_model(pilot: Pilot[None]) -> str:
    shown = model(pilot).shown
    return shown.message.key if shown is not None and shown.message is not None else ""


async def type_in(pilot: Pilot[None], text: str) -> None:
    """Answers the question that is asked."""
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")


async def hit(pilot: Pilot[None], *keys: str) -> None:
    """Many keys at once: waits for what they lead to after the last one, and not after each."""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        event = Key(key, key if len(key) == 1 else None)
        event.set_sender(pilot.app)
        driver.send_message(event)
    await pilot.pause()


async def settled(pilot: Pilot[None]) -> None:
    """Waits until nothing is left to be laid out or painted."""
    await pilot.pause()
    while pilot.app.screen._layout_required or pilot.app.screen._dirty_widgets:
        await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Waits for a state, however busy the machine is; what never comes fails."""
    for _ in range(PATIENCE):
        if holds():
            return
        await pilot.pause()
    assert holds()


async def resized(pilot: Pilot[None], width: int, height: int) -> None:
    """Waits until the screen in front has another size and is laid out for it."""
    await pilot.resize_terminal(width, height)
    await until(pilot, lambda: pilot.app.screen.size == (width, height))
    await settled(pilot)


def counted_layouts(pilot: Pilot[None]) -> list[object]:
    """Grows with every layout of the screen."""
    counted: list[object] = []
    pilot.app.screen.screen_layout_refresh_signal.subscribe(pilot.app.screen, counted.append, immediate=True)
    return counted


def counted_frames(pilot: Pilot[None]) -> list[object]:
    """Grows with everything that is written to the terminal."""
    counted: list[object] = []
    display = pilot.app._display

    def counting(*frame: object) -> None:
        counted.append(frame)
        display(*frame)  # type: ignore[arg-type]

    pilot.app._display = counting  # type: ignore[method-assign]
    return counted


async def painted(pilot: Pilot[None], anew: bool = False) -> str:
    """What stands on the screen, as it came to be line by line or painted anew."""
    if anew:
        canvas = pilot.app.screen.query_one(Canvas)
        canvas.notify_style_update()
        canvas.refresh()
    await pilot.pause()
    return pilot.app.export_screenshot()
