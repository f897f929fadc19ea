"""What all dialogs share: one answer closes them, and what stands in them is text and no markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.content import Content
from textual.events import Compose, Mount, Resize
from textual.message import Message
from textual.screen import ModalScreen, Screen

from kitten_tui.ink.cells import clean

Answer = TypeVar("Answer")

if TYPE_CHECKING:
    _Base = Screen[Any]
else:
    _Base = object  # Textual takes the styles of the first base alone that is a widget, so this one is none.


class ClosedOnce(_Base):
    """Closes with the first answer, and with all that still works for it.

    Textual closes whatever screen is in front, so that two answers that come in one read close two of them.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    async def _dispatch_message(self, message: Message) -> None:
        """What was closed before it stood is not filled: Textual does not build it, and would fill it all the same."""
        if not (self._pruning and isinstance(message, Compose | Mount | Resize)):
            await super()._dispatch_message(message)

    async def _message_loop_exit(self) -> None:
        """Stops what works for it; Textual does so when its children have gone, which that may still be filling."""
        self.workers.cancel_node(self)
        await super()._message_loop_exit()


class Dialog(ClosedOnce, ModalScreen[Answer], Generic[Answer]):
    """A panel over what is looked at."""


class Panel(Vertical):
    """The frame of a dialog. Its title may be a token, which Textual would read as markup."""

    def __init__(self, title: str) -> None:
        super().__init__(id="panel")
        self.call(title)

    def call(self, title: str) -> None:
        """Another title."""
        self.border_title = Content(clean(title))
