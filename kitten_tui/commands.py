"""Every key, declared once: bindings, footer, help, palette and the README's table are made from this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kitten_tui import offers
from kitten_tui.words import Words


@dataclass(frozen=True)
class KeyCommand:
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
    """The screens that answer it: the stages, the overview of all heads, the walk."""
    works: Callable[[Any], bool] = offers.always
    """Whether it has something to do, asked with what is looked at: one of offers.Now."""
    otherwise: tuple[tuple[Callable[[Any], bool], str], ...] = ()
    """Where the first of these holds, its words are those of another id."""
    passing: bool = False
    """Whether it comes and goes while one looks around; such stand last, so that nothing else moves."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all the words it may be called by."""
        return self.id, *(id for _, id in self.otherwise)

    def called(self, now: offers.Now) -> str:
        """The id of its words, by what it does with what is looked at."""
        return next((id for holds, id in self.otherwise if holds(now)), self.id)


OVERVIEW, BOTH, WALK, EVERY = ("overview",), ("stages", "overview"), ("walk",), ("stages", "overview", "walk")

COMMANDS = (
    KeyCommand("stage", (("left", "step_stage(-1)"), ("right", "step_stage(1)")), "← →", "walk", footer=True),
    KeyCommand(
        *("query", (("up", "step_query(-1)"), ("down", "step_query(1)")), "↑ ↓", "walk"),
        footer=True,
        works=offers.has_words,
    ),
    KeyCommand(
        *("train", (("z", "toggle_training"),), "z", "learn"),
        works=offers.learns,
        otherwise=((offers.edits, "begin"),),
    ),
    KeyCommand(
        *("training", (("comma", "step_training(-1)"), ("full_stop", "step_training(1)")), ", .", "learn"),
        footer=True,
        works=offers.trains,
    ),
    KeyCommand("to_step", (("Z", "ask_step"),), "Z", "learn", works=offers.trains),
    KeyCommand("backward", (("B", "toggle_backward"),), "B", "learn", footer=True, works=offers.has_gradients),
    KeyCommand("along", (("h", "step_along(-1)"), ("l", "step_along(1)")), "h l", "walk", footer=True),
    KeyCommand("walk", (("space", "walk"),), "space", "walk", footer=True),
    KeyCommand("follow", (("enter", "follow"),), "⏎", "ask", footer=True, works=offers.follows, passing=True),
    KeyCommand("down", (("k", "step_down(-1)"), ("j", "step_down(1)")), "k j", "walk", works=offers.has_rows),
    KeyCommand(
        *("figure", (("shift+tab", "step_figure(-1)"), ("tab", "step_figure(1)")), "⇧tab tab", "walk"),
        works=offers.has_figures,
    ),
    KeyCommand(
        *("head", (("left_square_bracket", "step_head(-1)"), ("right_square_bracket", "step_head(1)")), "[ ]", "walk"),
        footer=True,
        works=offers.has_heads,
    ),
    KeyCommand("alone", (("S", "toggle_alone"),), "S", "walk", works=offers.has_cursor),
    KeyCommand("pin", (("p", "pin"),), "p", "walk", works=offers.has_words, otherwise=((offers.has_pinned, "unpin"),)),
    KeyCommand(
        *("layer", (("left_curly_bracket", "step_layer(-1)"), ("right_curly_bracket", "step_layer(1)")), "{ }", "walk"),
        works=offers.has_layers,
    ),
    KeyCommand("numbers", tuple((str(number), f"go_to_stage({number})") for number in range(1, 10)), "1–9", "walk"),
    KeyCommand("restart", (("0", "restart"),), "0", "walk"),
    KeyCommand("on", (("space", "on"),), "space", "guide", footer=True, where=WALK, works=offers.walks_on),
    KeyCommand("answer", (("enter", "answer"),), "⏎", "guide", footer=True, where=WALK, works=offers.asks),
    KeyCommand(
        *("choose_answer", (("up", "choose_answer(-1)"), ("down", "choose_answer(1)")), "↑ ↓", "guide"),
        footer=True,
        where=WALK,
        works=offers.asks,
    ),
    KeyCommand("turn", (("left", "turn(-1)"), ("right", "turn(1)")), "← →", "guide", footer=True, where=WALK),
    KeyCommand("presenter", (("pageup", "turn(-1)"), ("pagedown", "turn(1)")), "PgUp PgDn", "guide", where=WALK),
    KeyCommand(
        "walk_to", tuple((str(number), f"walk_to({number})") for number in range(1, 10)), "1–9", "guide", where=WALK
    ),
    KeyCommand("leave_walk", (("escape", "leave_walk"),), "esc", "guide", footer=True, where=WALK),
    KeyCommand("find", (("f", "find"), ("F", "find_next")), "f F", "walk", works=offers.has_words),
    KeyCommand("strongest", (("g", "strongest"), ("G", "next_strongest")), "g G", "walk", works=offers.weighs),
    KeyCommand("back", (("backspace", "back"),), "⌫", "ask", footer=True, works=offers.goes_back, passing=True),
    KeyCommand("choose", (("a", "choose"),), "a", "ask", works=offers.follows),
    KeyCommand("whole", (("equals_sign", "show_whole"),), "=", "ask", works=offers.has_arithmetic),
    KeyCommand("copy", (("y", "copy"),), "y", "ask"),
    KeyCommand("take", (("x", "take"),), "x", "ask", where=BOTH),
    KeyCommand("why", (("Y", "why"),), "Y", "ask", works=offers.asks_why),
    KeyCommand(
        *("edit", (("e", "change"),), "e", "change"),
        footer=True,
        works=offers.changes,
        otherwise=((offers.is_model, "edit_model"),),
        passing=True,
    ),
    KeyCommand(
        *("without", (("X", "without"),), "X", "change"),
        where=BOTH,
        works=offers.can_alter,
        otherwise=((offers.says_nothing, "mean_head"), (offers.says_mean, "speaks")),
    ),
    KeyCommand("undo", (("u", "undo"), ("U", "redo")), "u U", "change", works=offers.has_history),
    KeyCommand("flip", (("b", "flip"),), "b", "change", works=offers.flips),
    KeyCommand("changes", (("c", "list_changes"),), "c", "change", works=offers.has_history),
    KeyCommand(
        "save",
        (("ctrl+s", "save"),),
        "ctrl+s",
        "change",
        works=offers.saves,
        otherwise=((offers.has_survey, "export"),),
    ),
    KeyCommand("scale", (("s", "toggle_scale"),), "s", "change", footer=True, works=offers.scales),
    KeyCommand("mask", (("m", "next_mask"),), "m", "change", footer=True, works=offers.masks),
    KeyCommand("dropout", (("d", "next_dropout"),), "d", "change", footer=True, works=offers.weighs),
    KeyCommand("draw", (("r", "next_seed"),), "r", "change", works=offers.edits),
    KeyCommand("redrop", (("R", "next_dropped"),), "R", "change", works=offers.drops),
    KeyCommand("mistakes", (("M", "mistakes"),), "M", "ask", works=offers.can_be_wrong),
    KeyCommand(
        *("go_on", (("minus", "step_text(-1)"), ("plus", "step_text(1)")), "- +", "tokens"),
        footer=True,
        works=offers.goes_on,
    ),
    KeyCommand("rename", (("n", "rename_token"),), "n", "tokens", works=offers.edits),
    KeyCommand("insert", (("N", "insert_token"),), "N", "tokens", works=offers.edits),
    KeyCommand("delete", (("delete", "delete_token"),), "del", "tokens", works=offers.deletes),
    KeyCommand(
        *("swap", (("less_than_sign", "swap_token(-1)"), ("greater_than_sign", "swap_token(1)")), "< >", "tokens"),
        works=offers.deletes,
    ),
    KeyCommand("positions", (("P", "next_positions"),), "P", "tokens", works=offers.edits),
    KeyCommand("arcs", (("A", "arcs"),), "A", "heads", where=BOTH, works=offers.has_arcs),
    KeyCommand(
        *("by_value", (("V", "toggle_by_value"),), "V", "heads"),
        where=BOTH,
        works=offers.has_values,
    ),
    KeyCommand(
        *("hide_special", (("H", "toggle_special"),), "H", "heads"),
        where=BOTH,
        works=offers.has_special,
    ),
    KeyCommand("part", (("W", "next_part"),), "W", "heads", where=BOTH, works=offers.has_parts),
    KeyCommand("overview", (("v", "overview"),), "v", "heads", works=offers.has_pictures),
    KeyCommand(
        *("place", (("left", "step(-1, 0)"), ("right", "step(1, 0)"), ("up", "step(0, -1)"), ("down", "step(0, 1)"))),
        *("← → ↑ ↓", "heads"),
        footer=True,
        where=OVERVIEW,
    ),
    KeyCommand("open_head", (("enter", "open_head"),), "⏎", "heads", footer=True, where=OVERVIEW),
    KeyCommand(
        *("measure", (("shift+tab", "step_measure(-1)"), ("tab", "step_measure(1)")), "⇧tab tab", "heads"),
        footer=True,
        where=OVERVIEW,
    ),
    KeyCommand("order", (("O", "toggle_order"),), "O", "heads", footer=True, where=OVERVIEW),
    KeyCommand("stop", (("z", "toggle_computing"),), "z", "heads", footer=True, where=OVERVIEW, works=offers.computes),
    KeyCommand("between", (("w", "weigh"),), "w", "heads", footer=True, where=BOTH, works=offers.has_pictures),
    KeyCommand("effects", (("E", "effects"),), "E", "heads", where=OVERVIEW, works=offers.can_be_asked),
    KeyCommand("beside", (("D", "lay_beside"),), "D", "heads", where=BOTH, works=offers.lays_beside),
    KeyCommand("lens", (("K", "lens"),), "K", "heads", where=OVERVIEW, works=offers.thinks),
    KeyCommand("atlas", (("C", "atlas"),), "C", "heads", where=OVERVIEW, works=offers.can_be_asked),
    KeyCommand("about_head", (("i", "about_head"),), "i", "heads", footer=True, where=OVERVIEW),
    KeyCommand(
        *("sentence", (("slash", "ask_sentence"),), "/", "open"),
        footer=True,
        where=BOTH,
        works=offers.reads,
        otherwise=((offers.is_model, "read"),),
    ),
    KeyCommand("second", (("backslash", "ask_second"),), "\\", "open", where=BOTH, works=offers.takes_second),
    KeyCommand("open", (("o", "ask_file"),), "o", "open", where=BOTH),
    KeyCommand("lesson", (("i", "toggle_lesson"),), "i", "look", footer=True),
    KeyCommand("terms", (("I", "explain_words"),), "I", "look"),
    KeyCommand(
        *("scroll", (("pageup", "scroll_text(-1)"), ("pagedown", "scroll_text(1)")), "PgUp PgDn", "look"), footer=True
    ),
    KeyCommand("language", (("L", "next_language"),), "L", "look", where=EVERY),
    KeyCommand("theme", (("t", "app.toggle_theme"),), "t", "look", where=EVERY),
    KeyCommand("themes", (("T", "app.change_theme"),), "T", "look", where=EVERY),
    KeyCommand("palette", (("ctrl+p", "app.command_palette"),), "ctrl+p", "look", where=EVERY),
    KeyCommand("help", (("question_mark", "help"),), "?", "look", footer=True, where=EVERY),
    KeyCommand("suspend", (("ctrl+z", "app.suspend_process"),), "ctrl+z", "look", where=EVERY),
    KeyCommand("quit", (("q", "app.quit"),), "q", "look", footer=True, where=EVERY),
)
GROUPS = ("walk", "guide", "ask", "change", "tokens", "learn", "heads", "open", "look")


def on_screen(where: str) -> tuple[KeyCommand, ...]:
    """The commands that a screen answers."""
    return tuple(command for command in COMMANDS if where in command.where)


def offered(now: offers.Now) -> tuple[KeyCommand, ...]:
    """The commands that have something to do."""
    return tuple(command for command in on_screen(now.where) if command.works(now))


def grouped(commands: Iterable[KeyCommand]) -> Iterator[tuple[str, tuple[KeyCommand, ...]]]:
    """The commands by group, in the order of the registry."""
    commands = tuple(commands)
    for group in GROUPS:
        of_group = tuple(command for command in commands if command.group == group)
        if of_group:
            yield group, of_group


def markdown_table(words: Words, headings: tuple[str, str]) -> str:
    """The keys as the README has them."""
    rows = [f"| {headings[0]} | {headings[1]} |", "|---|---|"]
    for _, commands in grouped(COMMANDS):
        rows += [f"| `{command.label}` | {words(f'command.{command.id}.help')} |" for command in commands]
    return "\n".join(rows)
