"""The least that a Textual program over NumPy can be; what the terminal and Textual themselves cost."""

import numpy  # noqa: F401
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Footer, Header, Static

KEYS = "left,right,up,down,1,2,3,4,5,6,7"


class MinimalApp(App[None]):
    """Answers every key of the walks by writing one line anew."""

    BINDINGS = [Binding(KEYS, "count", show=False), Binding("q", "quit", "Quit")]
    presses = 0

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("A minimal app")
        yield Footer()

    def action_count(self) -> None:
        self.presses += 1
        self.query_one(Static).update(f"Pressed {self.presses} times")


if __name__ == "__main__":
    MinimalApp().run()
