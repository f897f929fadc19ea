"""Every key, declared once: bindings, footer, help, palette and the README's table are made from this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitten_tui.stages import STAGES
from kitten_tui.words import Words


@dataclass(frozen=True)
class Command:
    id: str
    """Its words are command.<id>.name and command.<id>.help."""
    keys: tuple[tuple[str, str], ...]
    """What a key is called in Textual, and the action it runs; the first of a pair goes back, the second on."""
    label: str
    """The keys as people see them."""
    group: str
    footer: bool = False
    """Whether the last line of the screen names it, as far as there is room."""
    where: tuple[str, ...] = ("stages",)
    """The screens that answer it: the stages, the overview of all heads."""


OVERVIEW, BOTH = ("overview",), ("stages", "overview")

COMMANDS = (
    Command("stage", (("left", "step_stage(-1)"), ("right", "step_stage(1)")), "← →", "walk", footer=True),
    Command("query", (("up", "step_query(-1)"), ("down", "step_query(1)")), "↑ ↓", "walk", footer=True),
    Command("along", (("h", "step_along(-1)"), ("l", "step_along(1)")), "h l", "walk", footer=True),
    Command("walk", (("space", "walk"),), "space", "walk", footer=True),
    Command("down", (("k", "step_down(-1)"), ("j", "step_down(1)")), "k j", "walk"),
    Command("figure", (("shift+tab", "step_figure(-1)"), ("tab", "step_figure(1)")), "⇧tab tab", "walk"),
    Command(
        "head",
        (("left_square_bracket", "step_head(-1)"), ("right_square_bracket", "step_head(1)")),
        "[ ]",
        "walk",
        footer=True,
    ),
    Command("pin", (("p", "pin"),), "p", "walk"),
    Command(
        "layer", (("left_curly_bracket", "step_layer(-1)"), ("right_curly_bracket", "step_layer(1)")), "{ }", "walk"
    ),
    Command(
        "numbers",
        tuple((str(number), f"go_to_stage({number})") for number in range(1, len(STAGES) + 1)),
        f"1–{len(STAGES)}",
        "walk",
    ),
    Command("find", (("f", "find"), ("F", "find_next")), "f F", "walk"),
    Command("strongest", (("g", "strongest"), ("G", "next_strongest")), "g G", "walk"),
    Command("follow", (("enter", "follow"),), "⏎", "ask", footer=True),
    Command("back", (("backspace", "back"),), "⌫", "ask", footer=True),
    Command("choose", (("a", "choose"),), "a", "ask"),
    Command("whole", (("equals_sign", "show_whole"),), "=", "ask"),
    Command("copy", (("y", "copy"),), "y", "ask"),
    Command("edit", (("e", "change"),), "e", "change", footer=True),
    Command("undo", (("u", "undo"), ("U", "redo")), "u U", "change"),
    Command("flip", (("b", "flip"),), "b", "change"),
    Command("changes", (("c", "list_changes"),), "c", "change"),
    Command("save", (("ctrl+s", "save"),), "ctrl+s", "change"),
    Command("scale", (("s", "toggle_scale"),), "s", "change", footer=True),
    Command("mask", (("m", "next_mask"),), "m", "change", footer=True),
    Command("dropout", (("d", "next_dropout"),), "d", "change", footer=True),
    Command("draw", (("r", "next_seed"),), "r", "change"),
    Command("redrop", (("R", "next_dropped"),), "R", "change"),
    Command("rename", (("n", "rename_token"),), "n", "tokens"),
    Command("insert", (("N", "insert_token"),), "N", "tokens"),
    Command("delete", (("delete", "delete_token"),), "del", "tokens"),
    Command("swap", (("less_than_sign", "swap_token(-1)"), ("greater_than_sign", "swap_token(1)")), "< >", "tokens"),
    Command("positions", (("P", "next_positions"),), "P", "tokens"),
    Command("overview", (("v", "overview"),), "v", "heads"),
    Command(
        "place",
        (("left", "step(-1, 0)"), ("right", "step(1, 0)"), ("up", "step(0, -1)"), ("down", "step(0, 1)")),
        "← → ↑ ↓",
        "heads",
        footer=True,
        where=OVERVIEW,
    ),
    Command("open_head", (("enter", "open_head"),), "⏎", "heads", footer=True, where=OVERVIEW),
    Command(
        "measure", (("S", "step_measure(-1)"), ("s", "step_measure(1)")), "S s", "heads", footer=True, where=OVERVIEW
    ),
    Command("order", (("o", "toggle_order"),), "o", "heads", footer=True, where=OVERVIEW),
    Command("about_head", (("i", "about_head"),), "i", "heads", footer=True, where=OVERVIEW),
    Command("stop", (("c", "toggle_computing"),), "c", "heads", footer=True, where=OVERVIEW),
    Command("sentence", (("slash", "ask_sentence"),), "/", "open", footer=True, where=BOTH),
    Command("open", (("o", "ask_file"),), "o", "open"),
    Command("lesson", (("i", "toggle_lesson"),), "i", "look", footer=True),
    Command("language", (("L", "next_language"),), "L", "look", where=BOTH),
    Command("theme", (("t", "toggle_theme"),), "t", "look", where=BOTH),
    Command("themes", (("T", "app.change_theme"),), "T", "look", where=BOTH),
    Command("palette", (("ctrl+p", "app.command_palette"),), "ctrl+p", "look", where=BOTH),
    Command("help", (("question_mark", "help"),), "?", "look", footer=True, where=BOTH),
    Command("suspend", (("ctrl+z", "app.suspend_process"),), "ctrl+z", "look", where=BOTH),
    Command("quit", (("q", "app.quit"),), "q", "look", footer=True, where=BOTH),
)
GROUPS = ("walk", "ask", "change", "tokens", "heads", "open", "look")


def on_screen(where: str) -> tuple[Command, ...]:
    """The commands that a screen answers."""
    return tuple(command for command in COMMANDS if where in command.where)


def grouped() -> Iterator[tuple[str, tuple[Command, ...]]]:
    """The commands by group, in the order of the registry."""
    for group in GROUPS:
        yield group, tuple(command for command in COMMANDS if command.group == group)


def markdown_table(words: Words, headings: tuple[str, str]) -> str:
    """The keys as the README has them."""
    rows = [f"| {headings[0]} | {headings[1]} |", "|---|---|"]
    for _, commands in grouped():
        rows += [f"| `{command.label}` | {words(f'command.{command.id}.help')} |" for command in commands]
    return "\n".join(rows)
