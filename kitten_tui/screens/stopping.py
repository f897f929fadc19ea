"""How work in a thread of its own is stopped."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

if TYPE_CHECKING:
    from kitten_tui.core.source import Pulse


class StoppedError(Exception):
    """Somebody stopped the work, or left what it was for."""


def pulse_of(stopping: Event | None = None) -> Pulse:
    """What work in this thread calls at times: raises StoppedError once its screen has gone or `stopping` is set."""
    worker = get_current_worker()

    def pulse() -> None:
        if worker.is_cancelled or (stopping is not None and stopping.is_set()):
            raise StoppedError

    return pulse
