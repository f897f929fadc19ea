"""The stages of the lesson, in the order of the article: first without a mask, then the mask, then many heads."""

from kitten_tui.core.source import Source
from kitten_tui.stages.context import CONTEXT
from kitten_tui.stages.continuation import CONTINUATION, FITTING
from kitten_tui.stages.heads import HEADS
from kitten_tui.stages.learn import LEARN
from kitten_tui.stages.loss import LOSS_PAGE
from kitten_tui.stages.mask import MASK
from kitten_tui.stages.projections import PROJECTIONS
from kitten_tui.stages.scores import SCORES
from kitten_tui.stages.softmax import SOFTMAX
from kitten_tui.stages.stage import Page, Stage, turn_to
from kitten_tui.stages.vectors import VECTORS

STAGES: tuple[Stage, ...] = (VECTORS, PROJECTIONS, SCORES, SOFTMAX, CONTEXT, MASK, HEADS)


def stages_of(source: Source) -> tuple[Stage, ...]:
    """The stages, and beside the last what only some sources have: learning and a loss, or what comes next or fits."""
    if source.trainer is not None:
        return (*STAGES, LEARN, LOSS_PAGE)
    if source.next_tokens is None:
        return STAGES
    return (*STAGES, FITTING if source.next_tokens.fills else CONTINUATION)


__all__ = ["CONTINUATION", "FITTING", "LEARN", "LOSS_PAGE", "STAGES", "Page", "Stage", "stages_of", "turn_to"]
