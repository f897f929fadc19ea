"""What every step claims, computed once more without a chain: of samples, random sentences, tiny models, trainings."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Naive
from walked import MODELS, WORDS, model, opened, recording, sample, samples, training, views

from kitten_tui.core.settings import Settings
from kitten_tui.desk.selection import Selection
from kitten_tui.sources.find import sentence
from kitten_tui.stages.view import View
from kitten_tui.walk.guide import Told, told
from kitten_tui.walk.questions import QUESTIONS
from kitten_tui.walk.reading import own_steps

LARGE = 1024


def heads(told: Told) -> list[Naive]:
    return [Naive(told.scene.view, head) for head in range(told.scene.view.source.n_heads)]


def before(told: Told) -> Naive:
    return Naive(told.scene.before)


def name_of(told: Told, key: int) -> object:
    return told.scene.view.key_name(key)


def names(told: Told, called: object, key: int) -> bool:
    """Whether this is what a sentence calls a key, which may be the query itself."""
    from kitten_tui.desk.phrase import Phrase

    assert isinstance(called, Phrase)
    itself = key == told.scene.query and not told.scene.view.is_cross
    return called.key == "walk.itself" if itself else called.values["name"] == name_of(told, key)


def most_of_heads(t: Told) -> list[int]:
    return [int(each.dropped[t.scene.query].argmax()) for each in heads(t)]


def previous(t: Told) -> list[float]:
    """What each head gives the word before, on average over all rows."""
    return [float(np.mean([each.dropped[at, at - 1] for at in range(1, len(each.dropped))])) for each in heads(t)]


@lru_cache
def gradient(*, scale: bool) -> float:
    """The trace of the Jacobian of a softmax over scores of wide random queries and keys, in the middle of many."""
    draw = np.random.default_rng(7)
    q, k = draw.normal(size=(200, LARGE)), draw.normal(size=(200, 6, LARGE))
    divisor = np.sqrt(LARGE) if scale else 1.0
    rows = np.einsum("rd,rkd->rk", q, k) / divisor
    weights = np.array([Naive.softmax(row, np.ones(6, dtype=bool)) for row in rows])
    return float(np.median((weights * (1 - weights)).sum(axis=1) / divisor))


def distance(t: Told, *, beside: bool = False) -> float:
    """How differently the heads look at the sentence that is seen: half of how much their rows differ."""
    source = t.scene.view.source
    assert source.trainer is not None
    if beside:
        (source,) = source.trainer.beside.values()
    every = [source.trace(source.n_layers - 1, head, source.settings)["weights"] for head in range(source.n_heads)]
    return float(np.mean([np.abs(a - b).sum(axis=1).mean() / 2 for a, b in combinations(every, 2)]))


def grown(t: Told) -> bool:
    return float(t.values["apart_last"]) > float(t.values["apart_first"])  # type: ignore[arg-type]


CLAIMS: dict[str, Callable[[Told, Naive, int, int], bool]] = {
    # q and k are the query and the key that the step looks at
    "vectors.meaning": lambda t, n, q, k: (
        n.near(t.values["embedding"], n.given("embedding")[q]) and n.given("embedding").shape[1] < 768
    ),
    "vectors.given": lambda t, n, q, k: n.near(t.values["x"], n.given("x")[q]),
    "vectors.other": lambda t, n, q, k: q != t.scene.reader.selection.query and n.near(t.values["x"], n.given("x")[q]),
    "vectors.table": lambda t, n, q, k: n.given("x").shape == (t.values["words"], t.values["d_model"]),
    "vectors.place": lambda t, n, q, k: (
        n.near(t.values["position"], n.given("position")[q]) and bool(n.given("position")[q].any())
    ),
    "vectors.sum": lambda t, n, q, k: n.near(n.given("x")[q], n.given("embedding")[q] + n.given("position")[q]),
    "vectors.swapped": lambda t, n, q, k: (
        n.near(t.values["x"], n.given("x")[q])
        and n.near(t.values["x_before"], before(t).given("x")[t.scene.before.selection.query])
        and t.scene.view.tokens[q] == t.scene.before.tokens[t.scene.before.selection.query]
        and not n.near(t.values["x"], t.values["x_before"])
    ),
    "vectors.stream": lambda t, n, q, k: (
        t.scene.view.selection.layer == 0 and n.near(t.values["stream"], n.given("stream")[q])
    ),
    "vectors.added": lambda t, n, q, k: t.values["layer_before"] == t.scene.view.selection.layer > 0,
    "vectors.normed": lambda t, n, q, k: not n.near(n.given("x")[q], n.given("stream")[q]),
    "qkv.query": lambda t, n, q, k: n.near(t.values["q"], n.q[q]),
    "qkv.key": lambda t, n, q, k: n.near(t.values["k"], n.k[q]),
    "qkv.value": lambda t, n, q, k: n.near(t.values["v"], n.v[q]),
    "qkv.roles": lambda t, n, q, k: all(n.near(t.values[role], getattr(n, role)[q]) for role in "qkv"),
    "qkv.turned": lambda t, n, q, k: n.near(  # what is turned keeps its length
        np.linalg.norm(n.trace["q"], axis=1),
        np.linalg.norm(n.trace["q_normed" if "q_normed" in t.scene.view.chain else "q_projected"], axis=1),
    ),
    "qkv.trained": lambda t, n, q, k: t.values["trained"] == 3 * n.given("x").shape[1] * n.q.shape[1],
    "qkv.shared": lambda t, n, q, k: all(
        n.near(each.k, n.k) and n.near(each.v, n.v)
        for each in heads(t)[int(t.values["first_of_group"]) - 1 : int(t.values["last_of_group"])]  # type: ignore[call-overload]
    ),
    "scores.dot": lambda t, n, q, k: n.near(t.values["score"], n.q[q] @ n.k[k]) and (k != q or t.scene.view.is_cross),
    "scores.row": lambda t, n, q, k: (
        n.near([t.values["best_score"], t.values["worst_score"]], [n.scores[q].max(), n.scores[q].min()])
        and names(t, t.values["best"], int(n.scores[q].argmax()))
        and names(t, t.values["worst"], int(n.scores[q].argmin()))
    ),
    "scores.all": lambda t, n, q, k: n.scores.shape == (t.values["words"], t.values["keys"]),
    "scores.other": lambda t, n, q, k: (
        q != t.scene.reader.selection.query and n.near(t.values["best_score"], n.scores[q].max())
    ),
    "scores.asymmetric": lambda t, n, q, k: (
        n.near([t.values["score"], t.values["score_back"]], [n.scores[q, k], n.scores[k, q]])
        and not n.near(n.scores[q, k], n.scores[k, q])
    ),
    "scores.same": lambda t, n, q, k: (
        n.near(n.scores, n.scores.T)
        and n.near(t.values["score"], n.scores[k, q])
        and not n.near(before(t).scores[q, k], before(t).scores[k, q])
    ),
    "softmax.scaled": lambda t, n, q, k: (
        n.near(n.trace["scaled"], n.scores / n.divisor) and n.divisor == np.sqrt(n.q.shape[1]) > 1
    ),
    "softmax.exp": lambda t, n, q, k: bool((n.trace["exp"][q] >= 0).all()),
    "softmax.most": lambda t, n, q, k: (
        n.near(t.values["most_weight"], n.weights[q].max())
        and names(t, t.values["most"], int(n.weights[q].argmax()))
        and n.weights[q].argmax() == np.where(n.allowed[q], n.scores[q], -np.inf).argmax()
    ),
    "softmax.sum": lambda t, n, q, k: n.near([t.values["weight_sum"], n.weights[q].sum()], 1.0),
    "softmax.sharper": lambda t, n, q, k: (
        n.near(t.values["without_division"], n.weights[q].max())
        and n.divisor == 1.0
        and n.weights[q].max() > float(t.values["with_division"])  # type: ignore[arg-type]
    ),
    "softmax.why": lambda t, n, q, k: (
        n.near(np.sqrt(LARGE), 32.0)
        and 28 < float(t.values["size_without"]) < 36  # type: ignore[arg-type]
        and n.near(float(t.values["size_without"]) / 32, t.values["size_with"])  # type: ignore[arg-type]
        and 0.5 < gradient(scale=True) / float(t.values["gradient_with"]) < 2  # type: ignore[arg-type]
        and max(gradient(scale=False), float(t.values["gradient_without"])) < 1e-3  # type: ignore[arg-type]
    ),
    "context.times": lambda t, n, q, k: (
        n.near(t.values["most_weight"], n.weights[q].max())
        and names(t, t.values["most"], int(n.weights[q].argmax()))
        and n.near(n.trace["contribution"][q], n.weights[q][:, None] * n.v)
    ),
    "context.sum": lambda t, n, q, k: n.near(t.values["z"], n.z[q]),
    "context.other": lambda t, n, q, k: q != t.scene.reader.selection.query and n.near(t.values["z"], n.z[q]),
    "context.keys": lambda t, n, q, k: (
        n.near(t.values["z"], n.dropped[q] @ n.k)
        and n.near(t.values["z_before"], before(t).z[q])
        and not n.near(t.values["z"], t.values["z_before"])
    ),
    "context.swapped": lambda t, n, q, k: (
        n.near(t.values["z"], n.z[q])
        and n.near(t.values["z_before"], before(t).z[t.scene.before.selection.query])
        and not n.near(t.values["z"], t.values["z_before"])
    ),
    "context.bag": lambda t, n, q, k: (
        n.near(n.z[q], before(t).z[t.scene.before.selection.query]) and not n.given("position").any()
    ),
    "mask.peek": lambda t, n, q, k: n.weights[q, q + 1 :].sum() > 0 and t.values["ahead"] == len(n.weights) - q - 1,
    "mask.both": lambda t, n, q, k: n.weights[q, q + 1 :].sum() > 0 and t.scene.view.source.settings.mask == "none",
    "mask.infinity": lambda t, n, q, k: not n.weights[q, q + 1 :].any() and q + 1 < len(n.weights),
    "mask.zero": lambda t, n, q, k: (
        n.near(t.values["weight_sum"], n.weights[q].sum())
        and n.weights[q].sum() < 1
        and n.near(Naive(t.scene.before).weights[q].sum(), 1.0)
    ),
    "mask.columns": lambda t, n, q, k: (
        n.near(t.values["column_sum"], n.weights[:, k].sum()) and not n.near(n.weights[:, k].sum(), 1.0)
    ),
    "mask.dropout": lambda t, n, q, k: (
        n.near(t.values["dropped_sum"], 2 * n.weights[q] @ n.trace["keep"][q])
        and t.values["lost"] == np.count_nonzero(n.allowed[q] & (n.trace["keep"][q] == 0))
    ),
    "mask.again": lambda t, n, q, k: bool((n.trace["keep"][q] != t.scene.before.trace["keep"][q]).any()),
    "heads.many": lambda t, n, q, k: (
        len(set(most_of_heads(t))) > 1
        and all(
            names(t, t.values[f"best_{which}"], most_of_heads(t)[int(t.values[f"head_{which}"]) - 1])  # type: ignore[call-overload]
            for which in "ab"
        )
    ),
    "heads.alike": lambda t, n, q, k: len(set(most_of_heads(t))) == 1 < len(heads(t)),
    "heads.previous": lambda t, n, q, k: (
        t.values["previous_head"] == int(np.argmax(previous(t))) + 1
        and n.near([t.values["previous_second"], t.values["previous_weight"]], sorted(previous(t))[-2:])
    ),
    "heads.trained": lambda t, n, q, k: (
        distance(t) == float(t.values["apart_last"]) == float(t.values["apart_first"]) == 0.0  # type: ignore[arg-type]
        and distance(t, beside=True) > 0.1
        and float(t.values["beside_last"]) > float(t.values["beside_first"])  # type: ignore[arg-type]
    ),
    "heads.grammar": lambda t, n, q, k: t.scene.view.source.asked is not None,
    "heads.sink": lambda t, n, q, k: n.near(t.values["first_weight"], n.weights[q, 0]) and n.weights[q, 0] > 0.3,
    "heads.one": lambda t, n, q, k: (
        len(heads(t)) == 1 and names(t, t.values["best_of_head"], int(n.dropped[q].argmax()))
    ),
    "heads.takes": lambda t, n, q, k: names(t, t.values["most"], k) and k == int(n.weights[q].argmax()),
    "heads.joined": lambda t, n, q, k: (
        t.values["side_by_side"] == n.given("concat").shape[1] == len(heads(t)) * t.scene.view.d_k
    ),
    "heads.mixed": lambda t, n, q, k: (
        n.given("output").shape == n.given("x").shape and t.values["d_output"] == n.given("x").shape[1]
    ),
    "heads.whole": lambda t, n, q, k: n.weights.shape[0] == len(t.scene.view.tokens),
    "next.likely": lambda t, n, q, k: likeliest(t),
    "fits.likely": lambda t, n, q, k: likeliest(t),
    "learn.begun": lambda t, n, q, k: trainer_step(t) == 0,
    "learn.ended": lambda t, n, q, k: (
        trainer_step(t) == t.values["steps"] > 0 and float(t.values["loss_last"]) < first_loss(t)  # type: ignore[arg-type, operator]
    ),
    "learn.apart": lambda t, n, q, k: grown(t) and distance(t) > 0,
    "learn.equal": lambda t, n, q, k: not grown(t) and distance(t) == 0,
}
"""By another way than the step's own, for every step there is."""


def likeliest(t: Told) -> bool:
    says = t.scene.view.source.next_tokens
    assert says is not None
    likely = says.continuation(t.scene.query)
    chances = np.exp(likely.rows @ likely.last - likely.total)
    return bool(np.argmax(likely.logit) == 0) and t.values["next"] == likely.pieces[0] and bool((chances <= 1).all())


def trainer_step(t: Told) -> int:
    trainer = t.scene.view.source.trainer
    assert trainer is not None
    return trainer.step


def first_loss(t: Told) -> float:
    trainer = t.scene.view.source.trainer
    assert trainer is not None
    return trainer.kept[0].measured.loss


def right_of(t: Told, n: Naive, q: int, k: int) -> object:
    """What is right, as one of the options, or its place where the step has options of its own."""
    assert t.step.question is not None
    match t.step.question.kind:
        case "most":
            return name_of(t, int(n.weights[q].argmax()))
        case "sharpness":
            change = n.weights[q].max() - float(t.values["with_division"])  # type: ignore[arg-type]
            return 1 if change > 0 else 0
        case "zero_sum":
            return float(n.weights[q].sum())
        case "change":
            return int(n.near(n.z[q], before(t).z[t.scene.before.selection.query]))
        case "columns":
            return int(not n.near(n.weights[:, k].sum(), 1.0))
        case "previous":
            return int(np.argmax(previous(t))) + 1
        case "apart":
            return int(distance(t) == 0)
    raise AssertionError(t.step.question.kind)


def check(view: View) -> set[str]:
    """The steps that are told of it, every claim and every answer being so."""
    every = told(own_steps(), view)
    for each in every:
        naive, query, key = Naive(each.scene.view), each.scene.query, each.scene.key
        assert CLAIMS[each.step.id](each, naive, query, key), each.step.id
        if each.asked is not None:
            right = each.asked.options[each.asked.right] if each.asked.options else each.asked.right
            anew = right_of(each, naive, query, key)
            assert naive.near(right, anew) if isinstance(anew, float) else right == anew, each.step.id
    return {each.step.id for each in every}


def test_every_step_and_every_question_is_computed_anew() -> None:
    assert [*CLAIMS] == [step.id for step in own_steps()]
    assert {step.question.kind for step in own_steps() if step.question} == {*QUESTIONS}


@pytest.mark.parametrize("name", samples())
@pytest.mark.first_is_quick
def test_samples(name: str) -> None:
    for view in views(sample(name)):
        check(view)


def a_view(text: list[str], seed: int, places: list[float], mask: str, scale: bool, dropout: float) -> View:
    source = sentence(" ".join(text), seed)
    query, key, head = (
        int(place * count) for place, count in zip(places, (len(source.tokens),) * 2 + (4,), strict=True)
    )
    chosen = Settings(scale=scale, mask=mask, dropout=dropout, seed=seed)
    return View(source, chosen, Selection(query=query, key=key, head=min(head, source.n_heads - 1)))


VIEWS = st.builds(
    a_view,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
    st.integers(0, 99),
    st.lists(st.floats(0, 0.99), min_size=3, max_size=3),
    st.sampled_from(["none", "causal"]),
    st.booleans(),
    st.sampled_from([0.0, 0.2, 0.5]),
)


@given(VIEWS)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_random_sentences(view: View) -> None:
    check(view)


@pytest.mark.slow
@given(VIEWS)
@settings(max_examples=300, deadline=None)
def test_many_random_sentences(view: View) -> None:
    check(view)


@pytest.mark.parametrize("name", ["weights alone", "q k v", "x and matrices"])
@pytest.mark.first_is_quick
def test_recordings(name: str) -> None:
    for view in views(recording(name)):
        check(view)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.first_is_quick
def test_tiny_models(name: str) -> None:
    for view in views(model(name)):
        check(view)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "start"), [("copy", "random"), ("copy", "same"), ("kitten-en", "random")])
def test_trainings(task: str, start: str) -> None:
    check(opened(training(task, start, 60)))
