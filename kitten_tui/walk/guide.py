"""A walk on its way: pure state, and what each key makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kitten_tui.stages import Page, stages_of, turn_to
from kitten_tui.stages.light import Light, Lit
from kitten_tui.stages.mistaken import right_of
from kitten_tui.stages.view import View
from kitten_tui.walk.actions import after
from kitten_tui.walk.facts import filled, names_in
from kitten_tui.walk.places import PLACES
from kitten_tui.walk.questions import QUESTIONS, Asked
from kitten_tui.walk.rules import RULES
from kitten_tui.walk.scene import Scene
from kitten_tui.walk.step import Step

PANELS = "panels"
"""What a light is called that falls on the panels of all heads."""


@dataclass(frozen=True, eq=False)
class Told:
    """A step of the walk at a source for which it is true."""

    step: Step
    stage: int
    scene: Scene
    values: Mapping[str, object]
    """What its sentences are filled with."""
    asked: Asked | None

    @cached_property
    def page(self) -> Page:
        """What is looked at."""
        view = self.scene.view
        stage = stages_of(view.source)[view.selection.stage]
        for figure in self.step.figures:
            page = turn_to(stage, view.with_(focus=figure))
            if page.focused.id == figure:
                return page
        return turn_to(stage, view)

    @property
    def lit(self) -> Lit:
        return Lit(self._placed(self.step.lights))

    @property
    def lit_while_asked(self) -> Lit:
        question = self.step.question
        covers = () if question is None else question.covers
        return Lit(self._placed(self.step.lights), self._placed(covers))

    def _placed(self, lights: tuple[Light, ...]) -> tuple[Light, ...]:
        view = self.scene.view
        every = range(view.source.n_heads)
        return tuple(
            replace(light, figure=f"dropped.{head + 1}" if light.figure == PANELS else light.figure)
            for light in lights
            for head in (every if light.figure == PANELS else (view.selection.head,))
        )


def tell(step: Step, view: View) -> Told | None:
    """A step at a source, None where what it claims does not hold there, or cannot be shown."""
    stages = [stage.id for stage in stages_of(view.source)]
    if step.stage not in stages:
        return None
    try:
        scene = _scene(step, view.with_(stage=stages.index(step.stage), focus=""))
        if not all(RULES[rule](scene) for rule in step.rules):
            return None
        asked = None if step.question is None else QUESTIONS[step.question.kind].ask(scene)
        names = frozenset().union(*map(names_in, _sentences(step)))
        return Told(step, stages.index(step.stage), scene, filled(names, scene), asked)
    except (LookupError, ValueError):  # what the source does not have, or its editor refuses
        return None


def _scene(step: Step, view: View) -> Scene:
    before = after(view, step.does[:-1])
    now = after(before, step.does[-1:])
    if step.page:
        pages = [stage.id for stage in stages_of(now.source)]
        now = now.with_(stage=pages.index(step.page))
    sizes = {"query": len(now.tokens), "key": len(now.source.key_tokens), "head": now.source.n_heads}
    for axis, place in step.look.items():
        at = PLACES[place](Scene(view, before, now))
        if at >= sizes.get(axis, at + 1):  # a figure holds the places of the other axes inside it
            raise LookupError(f"{axis} has no place {at}")
        now = now.with_(**{axis: at})
    return Scene(view, before, now.with_(backward=False, alone=False, pinned=-1))


def _sentences(step: Step) -> Iterator[str]:
    yield from step.text.values()
    if step.question is not None:
        yield from step.question.text.values()


def told(steps: Sequence[Step], view: View) -> tuple[Told, ...]:
    """The steps that are true of a source, in the order of its stages."""
    right = right_of(view)  # a mistake is looked at without a guide
    every = [each for step in steps if (each := tell(step, right)) is not None]
    return tuple(sorted(every, key=lambda each: each.stage))


@dataclass(frozen=True, eq=False)
class Guide:
    """Where a walk is, and what was answered on the way."""

    steps: tuple[Told, ...]
    asks: bool = True
    """Whether questions are asked before they are answered."""
    place: int = 0
    chosen: int = 0
    """The answer that the arrows stand at."""
    is_met: bool = False
    """Whether the question has been met by another key than the one that is held."""
    answers: Mapping[str, int | None] = field(default_factory=dict)
    """What was chosen, by the id of the step; None where the question was left out."""
    has_ended: bool = False

    @property
    def now(self) -> Told:
        return self.steps[self.place]

    @property
    def asking(self) -> Asked | None:
        """The question that waits for an answer."""
        return self.now.asked if self.asks and self.now.step.id not in self.answers else None

    @property
    def answer(self) -> int | None:
        """What was chosen at this step."""
        return self.answers.get(self.now.step.id)

    @property
    def lit(self) -> Lit:
        return self.now.lit if self.asking is None else self.now.lit_while_asked

    @property
    def score(self) -> tuple[int, int]:
        """How many answers were right, of how many that were given."""
        given = [
            (each.asked.right, self.answers[each.step.id])
            for each in self.steps
            if each.asked is not None and self.answers.get(each.step.id) is not None
        ]
        return sum(right == chosen for right, chosen in given), len(given)

    def joined(self, more: Sequence[Told], order: Sequence[Step]) -> Guide:
        """With steps that took longer to be told, each in its place; where it is it stays."""
        places = {step.id: place for place, step in enumerate(order)}
        steps = sorted((*self.steps, *more), key=lambda each: (each.stage, places[each.step.id]))
        return replace(self, steps=tuple(steps), place=steps.index(self.now))

    def at(self, place: int) -> Guide:
        """At another step; past the last one the walk has ended."""
        inside = max(0, min(place, len(self.steps) - 1))
        return replace(self, place=inside, chosen=0, is_met=False, has_ended=place >= len(self.steps))

    def at_stage(self, stage: int) -> Guide:
        """At the first step of a stage, or of the next one that has steps."""
        return self.at(next((place for place, each in enumerate(self.steps) if each.stage >= stage), self.place))

    def on(self) -> Guide:
        """The next step; a question that waits is left out, and its answer said."""
        return self._answered(None) if self.asking is not None else self.at(self.place + 1)

    def held(self) -> Guide:
        """The same for a key that may be held down: at a question it does nothing until another key was pressed."""
        return self if self.asking is not None and not self.is_met else self.on()

    def back(self) -> Guide:
        return replace(self, has_ended=False) if self.has_ended else self.at(self.place - 1)

    def choose(self, by: int) -> Guide:
        """Another of the answers, after the last the first."""
        if self.asking is None:
            return self
        count = len(self.asking.options) or QUESTIONS[self._kind].options
        return replace(self, chosen=(self.chosen + by) % count, is_met=True)

    def respond(self) -> Guide:
        """The chosen answer is given; where nothing is asked, the next step."""
        return self.on() if self.asking is None else self._answered(self.chosen)

    def _answered(self, answer: int | None) -> Guide:
        return replace(self, answers={**self.answers, self.now.step.id: answer})

    @property
    def _kind(self) -> str:
        question = self.now.step.question
        assert question is not None  # only what asks has answers to choose from
        return question.kind
