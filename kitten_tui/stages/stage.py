"""What a stage is: a file each, and a line in `kitten_tui.stages.STAGES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kitten_tui.core.cell import Derivation
from kitten_tui.core.chain import Chain
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.desk.selection import Selection
from kitten_tui.stages import altered, mistaken, weighed
from kitten_tui.stages.backward import FORMULA, has_loss, of_gradients, reading
from kitten_tui.stages.figure import Figure, Sheet
from kitten_tui.stages.view import View

UNSEEN = "unseen."
"""Begins the ids of figures that are in no picture."""
NOWHERE = Figure(id="", name="")
"""Where the cursor is on a page that has nothing to stand in."""


@dataclass(frozen=True)
class Stage:
    id: str
    """Begins the keys of its words: <id>.name, <id>.lesson."""
    formula: str
    focus: str
    """The id of the figure that the cursor begins in; {head} stands for the number of the selected head."""
    sheet: Callable[[View], Sheet]
    """Shows what there is, of whatever the source has."""
    reading: Callable[[View], Phrase]
    """The sentence that reads the picture aloud, where the source has all that it needs."""
    needs: tuple[str, ...]
    """The quantities that it speaks of."""
    remark: Callable[[View], Phrase | None] = lambda view: None
    """What there is to say besides of some sources."""
    wants: tuple[str, ...] = ()
    """Further quantities that it shows; what is missing of all of them is said."""
    weighs: bool = False
    """Whether the weights exist by this stage, so that the sentence can carry them."""
    shows_weighed: bool = False
    """Whether weights that are looked at in another way are shown here."""
    home: tuple[str, ...] = ()
    """The quantities that are looked up here when a number is followed to where it comes from; see `homes`."""
    covers: bool = False
    """Whether the future is covered here where nobody can press a key for it."""
    of_model: str = ""
    """The formula where x comes out of a norm, if it is another one; its words are <id>.lesson_model."""


@dataclass(frozen=True, eq=False)
class Page:
    """A stage drawn up for one view: computed once, shown by every widget."""

    stage: Stage
    view: View
    sheet: Sheet
    readings: tuple[Phrase, ...]
    """The picture read aloud, and what the source lacks for this stage."""
    focused: Figure
    """The figure with the cursor; NOWHERE where there is none."""
    derivation: Derivation | None
    """Of the number at the cursor."""

    @property
    def selection(self) -> Selection:
        return self.view.selection

    @property
    def _of_model(self) -> bool:
        return bool(self.stage.of_model) and self.sheet.of_model

    @property
    def formula(self) -> str:
        if self.sheet.backward:
            return FORMULA
        if mistaken.changes(self.view, self.stage.home) and (wrong := mistaken.listing(self.view)[1]):
            return "; ".join(wrong)
        return self.sheet.formula or (self.stage.of_model if self._of_model else self.stage.formula)

    @property
    def lesson(self) -> str:
        """The key of what is said about the stage, or about what is wrong with it."""
        if self.view.settings.variant:
            return f"variant.{self.view.settings.variant}.what"
        return f"{self.stage.id}.lesson_model" if self._of_model else f"{self.stage.id}.lesson"


def turn_to(stage: Stage, view: View) -> Page:
    """The page of this stage; a cursor whose figure is not on it begins where the stage does."""
    sheet = replace(stage.sheet(view), of_model="stream" in view.chain or bool(view.source.part))
    if view.selection.backward and has_loss(view):
        sheet = of_gradients(sheet, view)
    focused = _focused(stage, view, sheet)
    selection = _in_step(_inside(view.selection, focused), focused, view.d_k, view.source.n_heads)
    view = View(view.source, view.settings, selection)
    derivation = view.workings.derive(focused.cell(selection)) if focused.name else None
    readings = _of_variant(view) or ((reading(view),) if sheet.backward else _readings(stage, view))
    return Page(stage, view, sheet, readings, focused, derivation)


def _of_variant(view: View) -> tuple[Phrase, ...]:
    """What is said with a variant on: the sentences of a stage claim what is so of the chain as it should be."""
    return (mistaken.reading(view),) if view.settings.variant else ()


def covered(stage: Stage, view: View) -> View:
    """The view with the future covered where the stage is about that, since it has nothing to show without."""
    if not stage.covers or view.settings.mask != "none" or "causal" not in view.source.masks:
        return view
    return replace(view, settings=replace(view.settings, mask="causal"))


def _focused(stage: Stage, view: View, sheet: Sheet) -> Figure:
    focus, default = view.selection.focus, stage.focus.format(head=view.selection.head + 1)
    out_of_sight = unseen(view, focus.removeprefix(UNSEEN)) if focus.startswith(UNSEEN) else None
    return sheet.stop(focus) or out_of_sight or sheet.stop(default) or next(iter(sheet.stops), NOWHERE)


def unseen(view: View, name: str) -> Figure | None:
    """A quantity without a place in the picture, such as a setting; the arithmetic line can stand at it."""
    axes = view.chain[name].axes
    there = view.has(name) and all(axis != "pinned" or view.pinned is not None for axis in axes)
    return Figure(id=UNSEEN + name, name=name, axes=axes) if there else None


def homes(name: str, chain: Chain, stages: Sequence[Stage]) -> list[int]:
    """The stages where a quantity is looked up: those that say so, else those of what it is used for."""
    name = chain[name].of or name
    told = [number for number, stage in enumerate(stages) if name in stage.home]
    return told or next((at for user in chain.users(name) if (at := homes(user, chain, stages))), [])


def _readings(stage: Stage, view: View) -> tuple[Phrase, ...]:
    return (*_aloud(stage, view), *_faults(stage, view))


def _faults(stage: Stage, view: View) -> Iterator[Phrase]:
    """What is wrong with the selected row, where the stage shows it."""
    for fault in view.faults:
        if fault.query == view.selection.query and fault.name in (*stage.needs, *stage.wants, *stage.home):
            yield view.said(fault)


def _aloud(stage: Stage, view: View) -> tuple[Phrase, ...]:
    missing = [name for name in (*stage.needs, *stage.wants) if not view.has(name)]
    remarks = (stage.remark(view), _share(stage, view))
    spoken: tuple[Phrase, ...] = ()
    silent = altered.silent(view) if "context" in stage.home or "concat" in stage.home else None
    if silent is not None:
        spoken = (silent,)
    elif stage.shows_weighed and weighed.is_other(view):
        spoken = (weighed.reading(view),)
    elif not any(name in missing for name in stage.needs):
        spoken = (stage.reading(view),)
    aloud = (*spoken, *(remark for remark in remarks if remark is not None))
    if not missing:
        return aloud
    symbols = ", ".join(dict.fromkeys(view.chain[name].symbol for name in missing))
    return (*aloud, phrase("stage.missing", names=symbols))


def _share(stage: Stage, view: View) -> Phrase | None:
    """How much of a row belongs to the part that is looked at, where its sum is that of a larger one."""
    if not stage.weighs or view.chain["total"].line or not view.has("weight_sum"):
        return None
    return phrase("part.share", token=view.token, share=float(view.row("weight_sum")))


def _inside(selection: Selection, focused: Figure) -> Selection:
    """Axes of different widths share a place, so a place that lies outside this figure moves to its edge."""
    edges = {name: min(selection.at(name), len(axis) - 1) for name, axis in focused.places.items()}
    return selection.moved(**edges, focus=focused.id)


def _in_step(selection: Selection, focused: Figure, d_k: int, n_heads: int) -> Selection:
    """A place in concat is a head and a dimension of it: each follows where the cursor has the other."""
    if "concat" in focused.axes:
        head, inner = divmod(selection.concat, d_k)
        return selection.moved(head=min(head, n_heads - 1), d_k=inner)
    return selection.moved(concat=selection.head * d_k + min(selection.d_k, d_k - 1))
