"""The stages under settings that can be switched, and the way back and forth through what was changed."""

from __future__ import annotations

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.desk.desk import Change, Flip, GoTo, Lay, LookAt, Vary
from kitten_tui.desk.history import History, Places, State, difference
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.ink.cells import clean
from kitten_tui.ink.say import say
from kitten_tui.screens.stages import StageScreen
from kitten_tui.stages import navigation
from kitten_tui.stages.changes import effect
from kitten_tui.stages.view import View


class SwitchingScreen(StageScreen):
    """Hands on the keys that switch settings, and those that undo."""

    @property
    def present(self) -> View:
        """What changes are made to, under the settings that are looked through; not what is flipped to."""
        now = self.desk.present
        return View(now.source, self.desk.lens or now.settings, self.page.selection)

    def change(
        self,
        name: Phrase,
        source: Source,
        settings: Settings,
        since: History | None = None,
        places: Places | None = None,
        edit: str = "",
    ) -> None:
        """One more change; from `since` where a change is still being made, `places` where words moved."""
        before = (since or self.desk.history).now
        selection = self.page.selection
        now = View(source, self.desk.under(settings), selection)
        was = View(before.source, self.desk.under(before.settings), selection)
        reached = effect(now, was, State(source, settings, places=places).came_from)
        done = phrase("change.done", name=name, effect=reached or phrase("change.nothing"))
        self.do(Change(name, source, settings, since, places, edit), done)

    def change_settings(self, view: View) -> None:
        """A view with other settings as a change; the present ones are merely looked at again."""
        now = self.desk.present
        if view.settings != now.settings:
            self.change(difference(now.settings, view.settings), now.source, view.settings)
        elif self.desk.lens is not None:
            self.do(LookAt(self.desk.selection, now.settings))

    def action_toggle_scale(self) -> None:
        self.change_settings(navigation.toggle_scale(self.present))

    def action_next_mask(self) -> None:
        self.change_settings(navigation.next_mask(self.present))

    def action_next_dropout(self) -> None:
        self.change_settings(navigation.next_dropout(self.present))

    def action_next_dropped(self) -> None:
        """The next seed for dropout alone."""
        if self.present.settings.dropout:
            self.change_settings(navigation.next_seed(self.present))
        else:
            self.say("message.nothing_dropped")

    def refuse(self, problem: str) -> None:
        """What could not be done, in the place of the reading."""
        self.say("change.refused", problem=problem)

    def action_toggle_training(self) -> None:
        self.say("learn.none")

    def action_step_training(self, by: int) -> None:
        self.say("learn.none")

    def action_ask_step(self) -> None:
        self.say("learn.none")

    def action_step_text(self, by: int) -> None:
        self.say("going_on.none")

    # What people get wrong

    def action_mistakes(self) -> None:
        """Offers what is wrong in many a program, one at a time, and the way back from it."""
        from kitten_tui.screens.mistakes import MistakesScreen

        if self.source.trainer is not None:
            self.say("refused.training")
            return

        asked = MistakesScreen(self.present, self.desk.variant, self.words)

        def chosen(place: int | None) -> None:
            if place is not None:
                name = asked.names[place]
                self.do(Vary(name), phrase("variant.on" if name else "variant.off"))

        self.app.push_screen(asked, chosen)

    def action_leave(self) -> None:
        if self.desk.variant and self._now.chosen is None:
            self.do(Vary(""), phrase("variant.off"))
        else:
            super().action_leave()

    def action_lay_beside(self) -> None:
        """Beside what was opened, where nothing else was asked for."""
        opened = self.desk.history.opened
        if self.desk.other is None and self.desk.present is not opened:
            self.do(Lay(State(opened.source, opened.settings, phrase("beside.opened"))))
        else:
            super().action_lay_beside()

    # Back and forth

    def action_undo(self) -> None:
        self._go_to(self.desk.history.place - 1, "change.nothing_to_undo")

    def action_redo(self) -> None:
        self._go_to(self.desk.history.place + 1, "change.nothing_to_redo")

    def _go_to(self, place: int, otherwise: str) -> None:
        states = self.desk.history.states
        if 0 <= place < len(states):
            said = phrase("change.at", name=states[place].name, place=place, count=len(states) - 1)
            self.do(GoTo(place), said)
        else:
            self.say(otherwise)

    def action_list_changes(self) -> None:
        from kitten_tui.screens.choose import ChooseScreen

        names = [clean(say(self.words, state.name)) for state in self.desk.history.states]

        def chosen(place: int | None) -> None:
            if place is not None:
                self._go_to(place, "change.nothing_to_redo")

        self.app.push_screen(ChooseScreen(self.words("change.list"), names, self.desk.history.place), chosen)

    def action_flip(self) -> None:
        """Between before the last change and after it."""
        before = self.desk.history.before
        if self.desk.variant:
            self.do(Flip(), None if self.desk.flipped else phrase("variant.right"))
        elif before is None:
            self.say("change.nothing_to_compare")
        else:
            there = None if self.desk.flipped else phrase("change.before", name=self.desk.present.name)
            self.do(Flip(), there)
