"""What the sentences of the walk are filled with: each word and number by its name, from what is on the screen."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.experiment import WIDTHS
from kitten_tui.core.learning import Measured, Trainer
from kitten_tui.desk.phrase import Phrase, phrase
from kitten_tui.walk.actions import left_of_pair
from kitten_tui.walk.scene import Scene

Fact = Callable[[Scene], object]

LONGEST = 64
"""What is asked of whole tables is asked of no longer text: a step takes no time."""


def names_in(text: str) -> frozenset[str]:
    """The names in the braces of a sentence, alone or with a word for one and for many, as in {words:word|words}.

    Raises:
        ValueError: its braces do not match, or have something else in them.
    """
    names = set()
    for _, name, choice, conversion in Formatter().parse(text):
        if conversion or (choice and ("|" not in choice or "{" in choice)):
            raise ValueError(f"{{{name}{'!' + conversion if conversion else ''}{':' + choice if choice else ''}}}")
        if name is not None:
            names.add(name)
    return frozenset(names)


def filled(names: frozenset[str], scene: Scene) -> dict[str, object]:
    """The values of these names.

    Raises:
        LookupError: the source does not have what one of them asks for.
    """
    return {name: FACTS[name](scene) for name in names}


def called(scene: Scene, key: int) -> Phrase:
    """A key in quotes, or what it is called beside the query that it is itself."""
    if key == scene.query and not scene.view.is_cross:
        return phrase("walk.itself")
    return phrase("walk.quoted", name=scene.view.key_name(key))


def shared(scene: Scene, name: str) -> Array:
    """The selected word's row of what the heads share or make together."""
    return scene.view.workings.joined().row(name, scene.query)


def of_key(scene: Scene, name: str) -> Array:
    """The row of a key or a value, of the word that is looked at where that is of another text."""
    return scene.view.trace.row(name, scene.key if scene.view.is_cross else scene.query)


def column_sum(scene: Scene) -> float:
    """What the selected key gets from all queries together."""
    if len(scene.view.tokens) > LONGEST:
        raise LookupError("too long a text")
    return float(scene.view.trace["weights"][:, scene.key].sum())


def up_to_query(scene: Scene) -> float:
    """What the query gives itself and the words before it."""
    return float(scene.weights[: scene.query + 1].sum())


def typical(scene: Scene, name: str, *, scale: bool) -> float:
    """Of random queries and keys of the largest width."""
    return float(scene.view.workings.joined().at(f"typical_{name}", (len(WIDTHS) - 1, int(scale))))


def on_previous(scene: Scene) -> Array:
    """The mean weight of each head on the word before.  -> [head]"""
    view = scene.view
    if len(view.tokens) > LONGEST or len(view.tokens) < 3 or view.is_cross:
        raise LookupError("no words before others")
    return np.array([np.diagonal(view.head(head)["weights"], -1).mean() for head in range(view.source.n_heads)])


def apart(scene: Scene) -> tuple[int, int]:
    """Two heads that look most at different words; the first and another."""
    looks = scene.heads_look
    other = next((head for head, key in enumerate(looks) if key != looks[0]), None)
    if other is None:
        raise LookupError("all heads look alike")
    return 0, other


def trainer_of(scene: Scene) -> Trainer:
    if scene.view.source.trainer is None:
        raise LookupError("this source does not learn")
    return scene.view.source.trainer


def measured(scene: Scene, *, last: bool) -> Measured:
    kept = trainer_of(scene).kept
    return kept[-1 if last else 0].measured


def heads_apart(scene: Scene, *, last: bool) -> float:
    """How differently the heads of the last layer look, at the last step or at the first."""
    return float(measured(scene, last=last).distance[-1])


def beside(scene: Scene, *, last: bool) -> Measured:
    """The same of heads that learned beside these and began otherwise."""
    others = measured(scene, last=last).beside
    if not others:
        raise LookupError("nothing learns beside")
    return next(iter(others.values()))


def following(scene: Scene) -> tuple[str, float]:
    """The likeliest next token, with its probability."""
    says = scene.view.source.next_tokens
    if says is None:
        raise LookupError("this source does not say what comes next")
    likely = says.continuation(scene.query)
    return likely.pieces[0], float(likely.probability[0])


def shared_by(scene: Scene) -> range:
    """The heads that share the selected one's keys and values."""
    of = scene.view.source.shared_by(scene.view.selection.head)
    if of is None:
        raise LookupError("every head has its own keys")
    return of[1]


def _width(scene: Scene, name: str) -> int:
    matrix = scene.view.workings.array(name)
    if matrix is None:
        raise LookupError(name)
    return int(matrix.shape[-1])


def _trained(scene: Scene) -> int:
    view = scene.view
    return sum(view.head(0)[f"w_{role}"].size for role in "qkv")


FACTS: dict[str, Fact] = {
    # Words and places
    "token": lambda s: s.view.token,
    "key": lambda s: s.view.key_name(s.key),
    "place": lambda s: s.query + 1,
    "first": lambda s: s.view.key_name(0),
    "left": lambda s: s.before.name(left_of_pair(s.before)),
    "right": lambda s: s.before.name(left_of_pair(s.before) + 1),
    "words": lambda s: len(s.view.tokens),
    "keys": lambda s: len(s.view.source.key_tokens),
    "ahead": lambda s: len(s.view.tokens) - s.query - 1,
    "layer": lambda s: s.view.selection.layer + 1,
    "layer_before": lambda s: s.view.selection.layer,
    "head": lambda s: s.view.selection.head + 1,
    "heads": lambda s: s.view.source.n_heads,
    # Vectors
    "d_model": lambda s: _width(s, "x"),
    "d_k": lambda s: s.view.d_k,
    "embedding": lambda s: shared(s, "embedding"),
    "position": lambda s: shared(s, "position"),
    "x": lambda s: shared(s, "x"),
    "x_before": lambda s: s.before.workings.joined().row("x", s.before.selection.query),
    "stream": lambda s: shared(s, "stream"),
    "q": lambda s: s.row("q"),
    "k": lambda s: of_key(s, "k"),
    "v": lambda s: of_key(s, "v"),
    "trained": _trained,
    "first_of_group": lambda s: shared_by(s).start + 1,
    "last_of_group": lambda s: shared_by(s).stop,
    # Scores
    "score": lambda s: s.score(s.query, s.key),
    "score_back": lambda s: s.score(s.key, s.query),
    "best": lambda s: called(s, int(s.scores.argmax())),
    "best_score": lambda s: s.scores.max(),
    "worst": lambda s: called(s, int(s.scores.argmin())),
    "worst_score": lambda s: s.scores.min(),
    # Weights
    "divisor": lambda s: s.view.divisor_name,
    "total": lambda s: float(s.row("total")),
    "most": lambda s: called(s, int(s.weights.argmax())),
    "most_weight": lambda s: s.weights.max(),
    "weight_sum": lambda s: float(s.row("weight_sum")),
    "column_sum": column_sum,
    "with_division": lambda s: s.largest_with_division,
    "without_division": lambda s: s.largest_without_division,
    "size_with": lambda s: typical(s, "size", scale=True),
    "size_without": lambda s: typical(s, "size", scale=False),
    "gradient_with": lambda s: typical(s, "sensitivity", scale=True),
    "gradient_without": lambda s: typical(s, "sensitivity", scale=False),
    "z": lambda s: s.row("context"),
    "z_before": lambda s: s.before.row("context"),
    "lost": lambda s: int((s.view.truth("allowed") & ~s.view.truth("keep")).sum()),
    "dropped_sum": lambda s: s.row("dropped").sum(),
    "dropped_sum_before": lambda s: s.before.trace.row("dropped", s.query).sum(),
    "first_weight": lambda s: s.weights[0],
    # Heads
    "head_a": lambda s: apart(s)[0] + 1,
    "head_b": lambda s: apart(s)[1] + 1,
    "best_of_head": lambda s: called(s, s.heads_look[s.view.selection.head]),
    "best_a": lambda s: called(s, s.heads_look[apart(s)[0]]),
    "best_b": lambda s: called(s, s.heads_look[apart(s)[1]]),
    "previous_head": lambda s: int(on_previous(s).argmax()) + 1,
    "previous_weight": lambda s: on_previous(s).max(),
    "previous_second": lambda s: np.sort(on_previous(s))[-2],
    "side_by_side": lambda s: s.view.source.n_heads * s.view.d_k,
    "d_output": lambda s: _width(s, "output"),
    # What only some sources have
    "next": lambda s: following(s)[0],
    "probability": lambda s: following(s)[1],
    "steps": lambda s: trainer_of(s).made,
    "right_first": lambda s: measured(s, last=False).accuracy,
    "right_last": lambda s: measured(s, last=True).accuracy,
    "loss_first": lambda s: measured(s, last=False).loss,
    "loss_last": lambda s: measured(s, last=True).loss,
    "apart_first": lambda s: heads_apart(s, last=False),
    "apart_last": lambda s: heads_apart(s, last=True),
    "beside_first": lambda s: float(beside(s, last=False).distance[-1]),
    "beside_last": lambda s: float(beside(s, last=True).distance[-1]),
}
