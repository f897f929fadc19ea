"""The stages: hands on the keys that look, and what was pointed at."""

from __future__ import annotations

from dataclasses import replace

from textual import on

from kitten_tui.core.cell import Cell
from kitten_tui.core.formula import Op
from kitten_tui.core.source import Source, next_part
from kitten_tui.desk.desk import Back, Follow, Lay, Restart
from kitten_tui.desk.phrase import phrase
from kitten_tui.ink.chrome import operand_choices
from kitten_tui.offers import AtStage, has_cursor, has_rows, has_special, has_values, has_words
from kitten_tui.screens.messages import SourceOpened
from kitten_tui.screens.page import PageScreen
from kitten_tui.stages import navigation, stages_of
from kitten_tui.stages.backward import has_loss
from kitten_tui.stages.follow import follow, largest
from kitten_tui.stages.view import View
from kitten_tui.walk.walking import Left, Walking
from kitten_tui.widgets.inked import Pointed
from kitten_tui.words import Words


class StageScreen(PageScreen):
    """Looks around: other stages, places, heads and layers, and where a number comes from."""

    def __init__(self, view: View, lesson: Source, words: Words) -> None:
        super().__init__(view, lesson, words)
        self.sought = ""
        """What was looked for last."""
        self.walking: Walking | None = None
        """How this was walked through, and how far that came."""

    def on_mount(self) -> None:
        if getattr(self.app, "walks", False):
            self.app.walks = False  # type: ignore[attr-defined]
            self.call_after_refresh(self.action_walk)

    @on(Pointed)
    def follow_pointer(self, event: Pointed) -> None:
        self.look_at(navigation.point(self.page, event.moves))

    def action_follow(self) -> None:
        derivation = self.page.derivation
        cell = self._now.chosen or (derivation and largest(derivation))
        if cell:
            self.follow(cell)
        else:
            self._say_end()

    def follow(self, cell: Cell) -> None:
        """To where a number is that the one at the cursor is made of."""
        page = self.page
        view = follow(page, cell, stages_of(self.source))
        if view and page.derivation:
            trainer, source = self.source.trainer, None if view.source is self.source else view.source
            left = page.derivation.cell if trainer is None else replace(page.derivation.cell, step=trainer.step)
            # A number of the comparison is met with the scale switched, one of another layer as the model has it.
            self.do(Follow(left, view.selection, view.settings, source))
        else:
            self._say_end()

    def action_back(self) -> None:
        if self.desk.trail:
            self.do(Back())
        else:
            self.say("message.start")

    def action_choose(self) -> None:
        """The arrows choose an operand, until one is followed or something else is done."""
        choices = operand_choices(self.page, self.words, self.size.width)
        if choices:
            self._choose(choices[0])
        else:
            self._say_end()

    def _say_end(self) -> None:
        derivation = self.page.derivation
        given = derivation is not None and derivation.op is Op.GIVEN
        opaque = derivation is not None and bool(self.page.view.chain[derivation.cell.name].opaque)
        self.say("message.input" if given and not opaque else "message.no_further")

    def _choose_next(self, chosen: Cell, by: int) -> None:
        choices = operand_choices(self.page, self.words, self.size.width)
        place = choices.index(chosen) + by if chosen in choices else 0  # a narrower window shows fewer
        if choices:
            self._choose(choices[max(0, min(place, len(choices) - 1))])

    def action_leave(self) -> None:
        self._choose(None)

    def action_step_stage(self, by: int) -> None:
        chosen = self._now.chosen
        if chosen:
            self._choose_next(chosen, by)
        else:
            self.action_go_to_stage(self.page.selection.stage + 1 + by)

    def action_go_to_stage(self, number: int) -> None:
        if 1 <= number <= len(stages_of(self.source)):
            self.look_at(navigation.go_to_stage(self.page, number - 1))
        else:
            self.say("message.stage_edge")

    def action_step_query(self, by: int) -> None:
        if len(self.source.tokens) > 1:
            self.look_at(navigation.step_query(self.page, by))
        else:
            self.say("message.one_word")

    def action_step_along(self, by: int) -> None:
        self.look_at(navigation.step_along(self.page, by))

    def action_step_down(self, by: int) -> None:
        if has_rows(AtStage(self.desk, self.page)):
            self.look_at(navigation.step_down(self.page, by))
        else:
            self.say("message.one_row")

    def action_step_figure(self, by: int) -> None:
        self.look_at(navigation.step_figure(self.page, by))

    def action_step_head(self, by: int) -> None:
        self.look_at(navigation.step_head(self.page, by))

    def action_pin(self) -> None:
        """Keeps the query's row beside the rows of others, or lets it go."""
        selection = self.page.selection
        if has_words(self.now):
            self.look_at(self.page.view.with_(pinned=-1 if selection.pinned >= 0 else selection.query))
        else:
            self.say("message.one_word")

    def action_toggle_alone(self) -> None:
        """The selected row and what it is made of, or everything."""
        if has_cursor(AtStage(self.desk, self.page)):
            alone = not self.page.selection.alone
            self.look_at(self.page.view.with_(alone=alone))
            self.say("message.alone" if alone else "message.not_alone")
        else:
            self.say("message.no_row")

    def action_restart(self) -> None:
        """Everything as it was opened, the walk too."""
        self.walking = None
        self.do(Restart(), phrase("message.restarted"))

    def action_toggle_backward(self) -> None:
        """Gradients in the place of numbers, or numbers again."""
        if has_loss(self.page.view):
            self.look_at(self.page.view.with_(backward=not self.page.selection.backward))
        else:
            self.say("gradient.none")

    def action_toggle_by_value(self) -> None:
        """Weights by the size of the values they carry, or as they are."""
        if has_values(self.now):
            self.look_at(navigation.toggle_by_value(self.page))
        else:
            self.say("weighed.no_values")

    def action_toggle_special(self) -> None:
        """Special tokens hidden, or shown."""
        if has_special(self.now):
            self.look_at(navigation.toggle_special(self.page))
        else:
            self.say("weighed.no_special")

    def action_step_layer(self, by: int) -> None:
        if self.source.n_layers > 1:
            self.look_at(navigation.step_layer(self.page, by))
        else:
            self.say("message.one_layer")

    def action_find(self) -> None:
        """Asks for a part of a token and goes to the next one that has it."""
        from kitten_tui.screens.ask import AskScreen

        def found(text: str | None) -> None:
            if text:
                self.sought = text
                self.action_find_next()

        self.app.push_screen(AskScreen(self.words, "ask.find", lambda text: text), found)

    def action_find_next(self) -> None:
        view = navigation.find(self.page, self.sought)
        if view is None:
            self.say("message.not_found", text=self.sought)
        else:
            self.look_at(view)

    def action_strongest(self) -> None:
        """The key that the query gives most of its weight to."""
        self.look_at(navigation.strongest(self.page))

    def action_next_strongest(self) -> None:
        self.look_at(navigation.strongest(self.page, after=self.page.selection.key))

    def action_lay_beside(self) -> None:
        """Every figure beside itself as it is elsewhere, or alone again."""
        desk = self.desk
        if desk.beside:
            self.do(Lay(None), phrase("beside.off"))
        elif desk.other is not None:
            self.do(Lay(desk.other))
        else:
            self.say("beside.unchanged_yet" if desk.source.survey is None else "beside.none")

    def action_overview(self) -> None:
        self.say("message.no_overview")

    def action_without(self) -> None:
        self.say("altered.none")

    def action_why(self) -> None:
        self.say("why.none")

    def action_ask_second(self) -> None:
        self.say("message.no_pairs")

    def action_weigh(self) -> None:
        self.say("message.no_overview")

    def action_next_part(self) -> None:
        part = next_part(self.source)
        if part is None:
            self.say("message.one_part")
        else:
            self.post_message(SourceOpened(part, self.words))

    def action_walk(self) -> None:
        """Is told what there is to see, a step at a time, from the stage that is looked at."""
        from kitten_tui.screens.walk import WalkScreen

        walking: Walking = getattr(self.app, "walking", Walking()) if self.walking is None else self.walking
        self.walking = walking
        reader = replace(self.page.view, settings=self.desk.base)  # a mistake is looked at without a guide
        screen = WalkScreen.of(reader, self.words, walking)
        if screen is None:
            self.say("walk.nothing")
        else:
            self.app.push_screen(screen, self._left_walk)

    async def _left_walk(self, left: Left | None) -> None:
        """Back where the reader was, at the stage that the walk had come to; then what a key asked for."""
        if left is None or self.walking is None:
            return
        self.walking = replace(self.walking, left_at=left.step, answers=left.answers)
        if left.words is not self.words:
            self.speak(left.words)
        if left.stage != self.page.selection.stage:
            self.look_at(navigation.go_to_stage(self.page, left.stage))
        if left.action:
            await self.run_action(left.action)
