"""When a command has something to do, by what is looked at: no key is offered that would refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from kitten_tui.core.formula import Op
from kitten_tui.core.source import Source
from kitten_tui.core.weighed import special_of
from kitten_tui.core.workings import Workings
from kitten_tui.desk.desk import Desk
from kitten_tui.stages import Page, navigation, stages_of
from kitten_tui.stages.backward import has_loss
from kitten_tui.stages.follow import largest
from kitten_tui.stages.stage import homes

if TYPE_CHECKING:
    from kitten_tui.walk.guide import Guide


@dataclass(frozen=True)
class AtOverview:
    """All heads of a source, and the one that is selected."""

    source: Source
    layer: int = 0
    head: int = 0
    where: ClassVar[str] = "overview"


@dataclass(frozen=True)
class AtStage:
    """A desk with the page that it is opened at."""

    desk: Desk
    page: Page
    where: ClassVar[str] = "stages"

    @property
    def source(self) -> Source:
        return self.desk.source


@dataclass(frozen=True)
class AtWalk:
    """A step of the walk."""

    guide: Guide
    source: Source
    where: ClassVar[str] = "walk"


Now = AtOverview | AtStage | AtWalk


def always(now: Now) -> bool:
    return True


def has_heads(now: Now) -> bool:
    return now.source.n_heads > 1


def has_layers(now: Now) -> bool:
    return now.source.n_layers > 1


def has_words(now: Now) -> bool:
    return len(now.source.tokens) > 1


def has_pictures(now: Now) -> bool:
    """Whether there are all heads to go to."""
    return now.source.survey is not None


def computes(now: Now) -> bool:
    return now.source.ready < now.source.n_layers


def reads(now: Now) -> bool:
    """Whether another text can be looked at."""
    return is_model(now) or edits(now)


def has_arcs(now: Now) -> bool:
    """Whether there are weights to draw lines of, in the layer that is looked at."""
    if isinstance(now, AtStage):
        return now.page.view.has("weights")
    return now.source.ready > 0


def has_values(now: Now) -> bool:
    """Whether weights can be looked at by the size of the values they carry."""
    if isinstance(now, AtStage):
        return now.page.view.has("value_share")
    return is_model(now) or Workings(now.source, now.source.settings).has("value_share")


def has_special(now: Now) -> bool:
    """Whether there are special tokens to hide."""
    return any(special_of(now.source.tokens, now.source.key_tokens))


def has_parts(now: Now) -> bool:
    """Whether other attention came together with this."""
    return len(now.source.parts) > 1


def takes_second(now: Now) -> bool:
    """Whether a second text can be given beside the first."""
    return now.source.pairs is not None


def is_model(now: Now) -> bool:
    return now.source.reader is not None


def has_survey(now: Now) -> bool:
    """Whether there are heads of many layers, whose weights can be kept."""
    return now.source.survey is not None


def trains(now: Now) -> bool:
    return now.source.trainer is not None


def learns(now: Now) -> bool:
    """Whether a training can go on, or begin."""
    return trains(now) or edits(now)


def edits(now: Now) -> bool:
    return now.source.editor is not None


def deletes(now: Now) -> bool:
    return edits(now) and has_words(now)


def saves(now: Now) -> bool:
    return edits(now) or has_survey(now) or trains(now)


def goes_on(now: Now) -> bool:
    """Whether the text can have one more token."""
    return now.source.goes_on is not None and not computes(now)


def can_be_asked(now: Now) -> bool:
    """Whether all layers of a model are there to be asked about."""
    return now.source.asked is not None and not computes(now)


def lays_beside(now: Now) -> bool:
    """Whether there is something to lay beside: another text, another step, what was opened before changes."""
    if isinstance(now, AtStage):
        return now.desk.other is not None or trains(now) or now.desk.history.place > 0
    return is_model(now)


def thinks(now: Now) -> bool:
    """Whether it has an output head, so that one can see what it thinks on the way."""
    return can_be_asked(now) and now.source.next_tokens is not None


def can_alter(now: Now) -> bool:
    """Whether a model can be made otherwise than it was trained, and what follows be computed again."""
    looked_through = isinstance(now, AtStage) and now.page.view.settings.variant
    return now.source.alters is not None and not computes(now) and not looked_through


def says_nothing(now: Now) -> bool:
    """Whether the selected head was made to say nothing."""
    return _way(now) == "zero"


def says_mean(now: Now) -> bool:
    """Whether the selected head was made to say its mean."""
    return _way(now) == "mean"


def _way(now: Now) -> str:
    """What stands in the place of what the selected head says, in the state that changes are made to."""
    if isinstance(now, AtWalk):
        return ""
    source, at = (now.desk.present.source, now.page.selection) if isinstance(now, AtStage) else (now.source, now)
    alters = source.alters
    if alters is None or not alters.done:
        return ""
    from kitten_tui.core.altering import way_of  # 3 ms, and only a model is changed so

    return way_of(alters.done, at.layer, at.head)


def masks(now: Now) -> bool:
    return len(now.source.masks) > 1


# At a stage


def asks_why(now: AtStage) -> bool:
    """Whether the score that is selected, or at the next token the logit, can be asked where it comes from."""
    asked, page = now.source.asked, now.page
    if asked is None or page.view.settings.variant or page.selection.layer >= now.source.ready:
        return False
    if page.stage.id in ("continuation", "fitting"):
        return asked.has_parts and not computes(now)
    return page.view.has("scores")


def has_gradients(now: AtStage) -> bool:
    return has_loss(now.page.view)


def has_rows(now: AtStage) -> bool:
    return len(navigation.rows_of(now.page.focused) or ()) > 1


def has_figures(now: AtStage) -> bool:
    return len(now.page.sheet.stops) > 1


def has_pinned(now: AtStage) -> bool:
    return now.page.selection.pinned >= 0


def has_cursor(now: AtStage) -> bool:
    """Whether there is a number that is selected."""
    return bool(now.page.focused.name)


def weighs(now: AtStage) -> bool:
    return now.page.view.has("dropped")


def scales(now: AtStage) -> bool:
    return now.page.view.has("scores")


def drops(now: AtStage) -> bool:
    return weighs(now) and now.desk.settings.dropout > 0


def has_arithmetic(now: AtStage) -> bool:
    return now.page.derivation is not None


def follows(now: AtStage) -> bool:
    """Whether something that the number is made of is shown somewhere."""
    derivation, source, workings = now.page.derivation, now.source, now.page.view.workings
    cell = None if derivation is None else largest(derivation)
    return cell is not None and bool(homes(cell.name, workings.in_layer(cell.layer).chain, stages_of(source)))


def goes_back(now: AtStage) -> bool:
    return bool(now.desk.trail) or now.desk.over


def changes(now: AtStage) -> bool:
    """Whether the number is an input, or made of some; in a model, whether it is a weight or a cell of the mask."""
    if now.source.alters is not None:
        return alters_cell(now)
    derivation = now.page.derivation
    given = derivation is not None and derivation.op is Op.GIVEN
    return edits(now) and (given or follows(now))


def alters_cell(now: AtStage) -> bool:
    """Whether what stands at the cursor is a weight of a model, or a cell of the mask where that is looked at."""
    alters, derivation = now.source.alters, now.page.derivation
    if alters is None or derivation is None or not can_alter(now):
        return False
    cell = derivation.cell
    of_mask = now.page.stage.id == "mask" and now.page.view.chain[cell.name].axes == ("query", "key")
    return alters.is_input(cell.name) or of_mask


def has_history(now: AtStage) -> bool:
    return len(now.desk.history.states) > 1


def flips(now: AtStage) -> bool:
    return now.desk.history.before is not None or bool(now.desk.variant)


def can_be_wrong(now: AtStage) -> bool:
    """Whether the chain can be looked at with a line replaced."""
    return not trains(now)


# In a walk


def asks(now: AtWalk) -> bool:
    """Whether a question waits for its answer."""
    return now.guide.asking is not None


def walks_on(now: AtWalk) -> bool:
    """Whether a key that may be held does something."""
    return not now.guide.has_ended and (now.guide.asking is None or now.guide.is_met)
