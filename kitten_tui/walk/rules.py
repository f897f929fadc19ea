"""What the steps of the walk claim: each a rule over the numbers that the step shows, and whether it can be shown."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kitten_tui.core.experiment import WIDTHS
from kitten_tui.core.formula import Op
from kitten_tui.walk.actions import left_of_pair
from kitten_tui.walk.facts import (
    LONGEST,
    apart,
    beside,
    column_sum,
    heads_apart,
    measured,
    on_previous,
    shared,
    shared_by,
    trainer_of,
    typical,
    up_to_query,
)
from kitten_tui.walk.scene import Scene

Rule = Callable[[Scene], bool]

LIKE, CLOSE, UNLIKE, CLEARLY = 1e-9, 1e-5, 0.001, 0.02
"""Numbers that are nearer to each other than this are the same; the same as far as a model computes; farther apart,
they are written differently; farther apart, also above 1, and seen in a picture.
"""
MANY_DIMENSIONS = 768
"""What GPT-2 has."""
ABOUT = 0.1
"""By what share numbers differ that are said to be about as large."""
SINK = 0.3
"""A first token that gets more than this share for nothing is a sink."""


def has_embedding(scene: Scene) -> bool:
    return "stream" not in scene.view.chain and scene.view.has("embedding") and scene.view.has("position")


def position_says(scene: Scene) -> bool:
    return has_embedding(scene) and bool(shared(scene, "position").any())


def x_is_given(scene: Scene) -> bool:
    return "stream" not in scene.view.chain and not has_embedding(scene) and scene.view.has("x")


def is_small(scene: Scene) -> bool:
    return len(shared(scene, "x")) < MANY_DIMENSIONS


def x_differs(scene: Scene) -> bool:
    before = scene.before.workings.joined().row("x", scene.before.selection.query)
    return not np.allclose(shared(scene, "x"), before, rtol=0, atol=UNLIKE)


def words_differ(scene: Scene) -> bool:
    """Whether the two words that are swapped are two."""
    left = left_of_pair(scene.before)
    return scene.before.tokens[left] != scene.before.tokens[left + 1]


def has_stream(scene: Scene) -> bool:
    return "stream" in scene.view.chain and scene.view.has("stream")


def is_first_layer(scene: Scene) -> bool:
    return scene.view.selection.layer == 0


def is_later_layer(scene: Scene) -> bool:
    return scene.view.selection.layer > 0


def x_is_normed(scene: Scene) -> bool:
    line = scene.view.chain["x"].formula
    return line is not None and line.op is Op.NORM


def has_matrices(scene: Scene) -> bool:
    """Whether the figures of this page are matrices with what they make."""
    return all(scene.view.has(f"w_{role}") for role in "qkv") and scene.view.has("x")


def has_roles_alone(scene: Scene) -> bool:
    """Whether the three are there, but no page on which each comes straight from its matrix."""
    there = all(scene.view.has(role) for role in "qkv") and not scene.view.is_cross
    return there and not (has_matrices(scene) and is_plain(scene))


def own_matrices(scene: Scene) -> bool:
    view = scene.view
    return has_matrices(scene) and view.source.n_heads > 1 and view.source.shared_by(view.selection.head) is None


def is_plain(scene: Scene) -> bool:
    """Whether query and key come straight from their matrices."""
    return not scene.view.has("q_projected") and not scene.view.is_cross


def shares_keys(scene: Scene) -> bool:
    return len(shared_by(scene)) > 1


def turns(scene: Scene) -> bool:
    """Whether queries and keys are turned by their place."""
    return "cos" in scene.view.chain and scene.view.has("q_projected")


def has_others(scene: Scene) -> bool:
    return len(scene.view.tokens) > 1


def scores_differ(scene: Scene) -> bool:
    return float(np.ptp(scene.scores)) > CLEARLY


def is_asymmetric(scene: Scene) -> bool:
    there, back = scene.score(scene.query, scene.key), scene.score(scene.key, scene.query)
    return not scene.view.is_cross and scene.query != scene.key and abs(there - back) > CLEARLY


def becomes_symmetric(scene: Scene) -> bool:
    """Whether A now asks for B as B asks for A, wherever they stand, and did not before."""
    query, key, before = scene.query, scene.key, scene.before.trace
    if scene.view.is_cross or query == key or len(scene.view.tokens) > LONGEST:
        return False
    now = scene.view.trace["scores"]  # [query, key]
    there, back = before.row("scores", query)[key], before.row("scores", key)[query]
    return abs(float(there - back)) > CLEARLY and np.allclose(now, now.T, rtol=CLOSE, atol=CLOSE)


def hands_on_keys(scene: Scene) -> bool:
    """Whether what is collected is now what was matched."""
    trace = scene.view.trace
    return trace.has("k") and np.array_equal(trace["v"], trace["k"]) and z_differs(scene)


def is_divided(scene: Scene) -> bool:
    """Whether scores are divided by √d_k, and not by another number."""
    view = scene.view
    return view.can_rescale and view.settings.scale and view.divisor_name.startswith("√") and view.d_k > 1


def weights_differ(scene: Scene) -> bool:
    """Whether one of the words that are seen gets more than every other."""
    order = np.sort(scene.weights[scene.view.truth("allowed")])
    return len(order) > 1 and float(order[-1] - order[-2]) > UNLIKE


def has_exp(scene: Scene) -> bool:
    return scene.view.has("scores") and scene.view.has("exp")


def sums_to_one(scene: Scene) -> bool:
    return abs(float(scene.row("weight_sum")) - 1.0) < LIKE


def is_sharper_without(scene: Scene) -> bool:
    return scene.largest_without_division > scene.largest_with_division + UNLIKE


def gradient_vanishes(scene: Scene) -> bool:
    """Whether dividing keeps at least ten times as much of the gradient where d_k is large."""
    return typical(scene, "sensitivity", scale=True) > 10 * typical(scene, "sensitivity", scale=False)


def grows_like_root(scene: Scene) -> bool:
    """Whether scores of random q and k are about as large as the root of how many numbers these have."""
    return abs(typical(scene, "size", scale=False) / math.sqrt(WIDTHS[-1]) - 1.0) < ABOUT


def sees_others(scene: Scene) -> bool:
    """Whether the query gives some of its weight to several keys."""
    return scene.view.has("context") and int((scene.row("dropped") > LIKE).sum()) > 1


def z_differs(scene: Scene) -> bool:
    return not np.allclose(scene.row("context"), scene.before.row("context"), rtol=0, atol=UNLIKE)


def mixes_otherwise(scene: Scene) -> bool:
    """Whether the query collects something else than the reader's does."""
    there = scene.view.trace.row("context", scene.reader.selection.query)
    return not np.allclose(scene.row("context"), there, rtol=0, atol=UNLIKE)


def had_positions(scene: Scene) -> bool:
    """Whether the source that the reader has says where words stand."""
    return position_says(Scene(scene.reader, scene.reader, scene.reader))


def z_stays(scene: Scene) -> bool:
    return bool(np.allclose(scene.row("context"), scene.before.row("context"), rtol=0, atol=LIKE))


def continues(scene: Scene) -> bool:
    """Whether its task is to say what comes next, as far as that is known."""
    source = scene.view.source
    return source.model_facts is None or source.settings.mask != "none"


def looks_both_ways(scene: Scene) -> bool:
    return not continues(scene)


def sees_ahead(scene: Scene) -> bool:
    """Whether nothing covers what comes after the query, and some of its weight goes there."""
    return up_to_query(scene) < 1.0 - CLEARLY


def falls_short(scene: Scene) -> bool:
    """Whether the row no longer adds up to 1, as it did before the last thing that the step does."""
    before, now = scene.before.trace.row("weight_sum", scene.query), scene.row("weight_sum")
    return bool(np.isclose(before, 1.0, rtol=0, atol=CLOSE)) and float(now) < 1.0 - CLEARLY


def is_covered_ahead(scene: Scene) -> bool:
    allowed = scene.view.truth("allowed")
    return not allowed[scene.query + 1 :].any() and bool(allowed.any()) and scene.query + 1 < len(allowed)


def columns_differ(scene: Scene) -> bool:
    """Whether what a key gets from all queries is not 1."""
    return abs(column_sum(scene) - 1.0) > UNLIKE


def dropout_is_uneven(scene: Scene) -> bool:
    """Whether this row no longer adds up to 1."""
    return abs(float(scene.row("dropped").sum()) - 1.0) > UNLIKE


def draws_otherwise(scene: Scene) -> bool:
    before = scene.before.trace.row("keep", scene.query).astype(bool)
    return bool(((before != scene.view.truth("keep")) & scene.view.truth("allowed")).any())


def heads_differ(scene: Scene) -> bool:
    return apart(scene) is not None


def heads_agree(scene: Scene) -> bool:
    return scene.view.source.n_heads > 1 and len(set(scene.heads_look)) == 1


def one_head_looks_back(scene: Scene) -> bool:
    """Whether one head gives the word before clearly more than the others do."""
    order = np.sort(on_previous(scene))
    return len(order) > 1 and float(order[-1] - order[-2]) > CLEARLY


def has_one_head(scene: Scene) -> bool:
    return scene.view.source.n_heads == 1 and scene.view.has("dropped")


def has_concat(scene: Scene) -> bool:
    return scene.view.source.n_heads > 1 and scene.view.has("concat")


def has_output(scene: Scene) -> bool:
    return all(scene.view.has(name) for name in ("concat", "w_o", "output"))


def keeps_size(scene: Scene) -> bool:
    return has_output(scene) and len(shared(scene, "output")) == len(shared(scene, "x"))


def can_be_counted(scene: Scene) -> bool:
    """Whether a model can be asked which of its heads do grammar."""
    return scene.view.source.asked is not None


def is_untrained(scene: Scene) -> bool:
    """Whether nobody has trained the heads that the reader looks at."""
    return scene.reader.source.untrained


def first_is_sink(scene: Scene) -> bool:
    """Whether a later query gives the first token most of its weight."""
    return scene.view.source.model_facts is not None and scene.query > 2 and float(scene.weights[0]) > SINK


def follows_text(scene: Scene) -> bool:
    says = scene.view.source.next_tokens
    return says is not None and not says.fills


def fills_gaps(scene: Scene) -> bool:
    return not follows_text(scene) and scene.view.source.next_tokens is not None


def has_learned(scene: Scene) -> bool:
    return (
        trainer_of(scene).made > 0
        and measured(scene, last=True).accuracy > measured(scene, last=False).accuracy + UNLIKE
        and measured(scene, last=True).loss < measured(scene, last=False).loss
    )


def heads_part(scene: Scene) -> bool:
    return heads_apart(scene, last=True) > heads_apart(scene, last=False) + UNLIKE


def heads_stay_equal(scene: Scene) -> bool:
    several = scene.view.source.n_heads > 1 and trainer_of(scene).made > 0
    return several and heads_apart(scene, last=True) == heads_apart(scene, last=False) == 0.0


def others_part(scene: Scene) -> bool:
    """Whether heads that learned beside these look less alike than they did."""
    first, last = (float(beside(scene, last=end).distance[-1]) for end in (False, True))
    return last > first + CLEARLY


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *(has_embedding, position_says, x_is_given, is_small, x_differs, words_differ, has_stream, is_first_layer),
        *(is_later_layer, x_is_normed, has_matrices, has_roles_alone, own_matrices, is_plain, shares_keys, turns),
        *(has_others, scores_differ, is_asymmetric, becomes_symmetric, hands_on_keys, is_divided, weights_differ),
        *(has_exp, sums_to_one, is_sharper_without, gradient_vanishes, grows_like_root, sees_others, z_differs),
        *(had_positions, z_stays, continues, looks_both_ways, sees_ahead, falls_short, is_covered_ahead),
        *(columns_differ, dropout_is_uneven, draws_otherwise, heads_differ, heads_agree, one_head_looks_back),
        *(has_one_head, has_concat, keeps_size, is_untrained, first_is_sink, follows_text, fills_gaps, has_learned),
        *(heads_part, heads_stay_equal, others_part, mixes_otherwise, can_be_counted),
    )
}
