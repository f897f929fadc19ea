"""What a stage says of its numbers is borne out by them: each sentence has a rule here, and there is none without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.core.trace import Trace
from kitten_tui.core.weighed import PLAIN, WEIGHED, is_special
from kitten_tui.desk.phrase import Phrase
from kitten_tui.ink.say import say
from kitten_tui.sources.checkpoint.texts import open_texts
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.sentence import from_sentence
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training
from kitten_tui.stages import stages_of, turn_to
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

Rule = Callable[[View, dict], bool]
RULES: dict[str, Rule] = {}
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"


def rule(*keys: str) -> Callable[[Rule], Rule]:
    def kept(check: Rule) -> Rule:
        RULES.update(dict.fromkeys(keys, check))
        return check

    return kept


def row(view: View, name: str, head: int | None = None, settings: Settings | None = None) -> np.ndarray:
    """The selected query's row out of the whole array."""
    at = view.selection
    trace = view.source.trace(at.layer, at.head if head is None else head, settings or view.settings)
    return np.asarray(trace[name])[at.query]


def named(view: View, name: object) -> set[int]:
    """The places of a key that a sentence may mean by this name."""
    tokens = view.source.key_tokens
    return {place for place in range(len(tokens)) if name in (tokens[place], f"{tokens[place]}#{place + 1}")}


def is_at(view: View, name: object, of: np.ndarray, value: float) -> bool:
    return any(of[place] == value for place in named(view, name))


def same(left: object, right: np.ndarray) -> bool:
    return bool(np.array_equal(np.asarray(left), right))


# Stages 1 and 2


@rule("vectors.reading", "vectors.reading.invented")
def _(view: View, said: dict) -> bool:
    shared, place = view.workings.joined(), view.selection.query
    parts = all(same(said[name], shared[name][place]) for name in ("embedding", "position", "x"))
    return parts and said["place"] == place + 1


@rule("vectors.reading.x", "vectors.reading.side")
def _(view: View, said: dict) -> bool:
    return same(said["x"], view.workings.joined()["x"][view.selection.query])


@rule("vectors.reading.bare")
def _(view: View, said: dict) -> bool:
    shared, place = view.workings.joined(), view.selection.query
    return same(said["stream"], shared["stream"][place]) and same(said["x"], shared["stream"][place])


@rule("vectors.reading.crossing")
def _(view: View, said: dict) -> bool:
    shared, place, layer = view.workings.joined(), view.selection.query, view.selection.layer
    decoder = view.source.decoding
    before = decoder.joined(layer, decoder.settings)
    # Where norms come after, what is added to has been through one; it has looked at its own text.
    entered = before["x" if "middle" in decoder.chain(layer) else "stream"]
    looked = entered[place] + before["output"][place]
    return (
        same(said["x"], shared["x"][place]) and bool(np.allclose(said["stream"], looked)) and said["layer"] == layer + 1
    )


@rule("layer.window")
def _(view: View, said: dict) -> bool:
    allowed, query = row(view, "allowed"), view.selection.query
    return allowed.sum() == min(query, said["before"]) + 1 and bool(allowed[query])


@rule("layer.around")
def _(view: View, said: dict) -> bool:
    allowed, query, most = row(view, "allowed"), view.selection.query, said["before"]
    return allowed.sum() == min(query, most) + 1 + min(len(allowed) - query - 1, most)


@rule("layer.open")
def _(view: View, said: dict) -> bool:
    source, n = view.source, len(view.tokens)
    narrow = [source.own_mask(layer)[n - 1].sum() < n for layer in range(source.n_layers)]
    return not narrow[view.selection.layer] and said["count"] == sum(narrow)


@rule("layer.unturned")
def _(view: View, said: dict) -> bool:
    turning = ["cos" in view.source.chain(layer) for layer in range(view.source.n_layers)]
    return not turning[view.selection.layer] and said["count"] == sum(turning)


@rule("layer.shared")
def _(view: View, said: dict) -> bool:
    layers = range(said["first"] - 1, said["last"])
    first, *others = (view.source.trace(layer, view.selection.head, view.settings)["w_q"] for layer in layers)
    return view.selection.layer in layers and all(same(first, other) for other in others)


@rule("variant.reading")
def _(view: View, said: dict) -> bool:
    """What the notice claims is held to the numbers in test_mistaken."""
    variant = view.settings.variant
    notices = (f"variant.{variant}.notice", "variant.unnoticed")
    return said["name"].key == f"variant.{variant}.name" and said["notice"].key in notices


@rule("part.share")
def _(view: View, said: dict) -> bool:
    whole = view.source.reading.trace(view.selection.layer, view.selection.head, view.settings)["weights"]
    mine = whole[view.source.queries][view.selection.query]
    return bool(np.isclose(mine.sum(), 1.0)) and bool(np.isclose(said["share"], mine[view.source.keys].sum()))


@rule("vectors.reading.first", "vectors.reading.stream", "vectors.reading.widened")
def _(view: View, said: dict) -> bool:
    shared, place = view.workings.joined(), view.selection.query
    return all(same(said[name], shared[name][place]) for name in ("stream", "x"))


@rule("projections.reading", "projections.reading.cross", "projections.reading.shared")
def _(view: View, said: dict) -> bool:
    of = {"q": view.selection.query, "k": view.selection.query, "v": view.selection.query}
    if view.is_cross:
        of |= {"k": view.selection.key, "v": view.selection.key}
    if "first" in said and not said["first"] <= view.selection.head + 1 <= said["last"]:
        return False
    return all(same(said[name], view.trace[name][place]) for name, place in of.items())


# Stage 3


@rule("scores.reading", "scores.reading.itself")
def _(view: View, said: dict) -> bool:
    scores = row(view, "scores")
    order = np.sort(scores)[::-1]
    told = [said["best_score"], said["second_score"], said["worst_score"]]
    return (
        told == [order[0], order[1], order[-1]]
        and is_at(view, said["best"], scores, order[0])
        and is_at(view, said["second"], scores, order[1])
        and is_at(view, said["worst"], scores, order[-1])
    )


@rule("scores.reading.even")
def _(view: View, said: dict) -> bool:
    return len(set(row(view, "scores").tolist())) == 1


@rule("scores.reading.alone")
def _(view: View, said: dict) -> bool:
    return len(view.tokens) == 1


# Stage 4


def largest_weights(view: View) -> tuple[float, float]:
    """With the division and without it."""
    on, off = (row(view, "weights", settings=replace(view.settings, scale=scale)) for scale in (True, False))
    return float(on.max()), float(off.max())


@rule("softmax.reading", "softmax.reading.itself", "softmax.reading.most", "softmax.reading.most_itself")
def _(view: View, said: dict) -> bool:
    weights = row(view, "weights")
    return (
        said["weight"] == weights.max()
        and is_at(view, said["best"], weights, weights.max())
        and np.allclose((said["scaled"], said["unscaled"]), largest_weights(view), atol=1e-7)
    )


@rule("softmax.reading.given")
def _(view: View, said: dict) -> bool:
    weights = row(view, "weights")
    return said["weight"] == weights.max() and is_at(view, said["best"], weights, weights.max())


@rule("softmax.reading.even")
def _(view: View, said: dict) -> bool:
    seen = row(view, "weights")[row(view, "allowed").astype(bool)]
    return len(seen) > 1 and set(seen.tolist()) == {said["weight"]}


@rule("softmax.reading.covered", "mask.reading.covered")
def _(view: View, said: dict) -> bool:
    return not row(view, "allowed").any()


# Stage 5


@rule("context.reading", "context.reading.most")
def _(view: View, said: dict) -> bool:
    weights = row(view, "dropped")
    order = np.sort(weights)[::-1]
    return (
        same(said["z"], row(view, "context"))
        and is_at(view, said["first"], weights, order[0])
        and is_at(view, said["second"], weights, order[1])
        and order[1] > 0
    )


@rule("context.reading.one")
def _(view: View, said: dict) -> bool:
    weights = row(view, "dropped")
    return np.count_nonzero(weights) == 1 and weights[list(named(view, said["first"]))].any()


@rule("context.reading.nothing")
def _(view: View, said: dict) -> bool:
    return not row(view, "dropped").any() and not row(view, "context").any()


# Stage 6


def counts(view: View, said: dict) -> bool:
    allowed = row(view, "allowed").astype(bool)
    kept = row(view, "keep").astype(bool)
    true = {
        "count": len(allowed),
        "hidden": np.count_nonzero(~allowed),
        "left": np.count_nonzero(allowed),
        "lost": np.count_nonzero(allowed & ~kept),
    }
    return all(said[name] == number for name, number in true.items() if name in said)


@rule("mask.reading")
def _(view: View, said: dict) -> bool:
    weights = row(view, "weights")
    covers = said["hidden"] > 0
    return covers and counts(view, said) and is_at(view, said["best"], weights, weights.max()) and said["left"] > 0


@rule("mask.reading.none")
def _(view: View, said: dict) -> bool:
    after = view.is_cross or view.selection.query + 1 < len(view.tokens)
    return after and counts(view, said) and bool(row(view, "allowed").all())


@rule("mask.reading.cross")
def _(view: View, said: dict) -> bool:
    return bool(row(view, "allowed").all()) and said["count"] == len(view.source.key_tokens)


@rule("mask.reading.last")
def _(view: View, said: dict) -> bool:
    last = view.selection.query + 1 == len(view.tokens)
    return last and counts(view, said) and bool(row(view, "allowed").all())


@rule("mask.reading.both")
def _(view: View, said: dict) -> bool:
    at = view.selection
    usual = np.asarray(view.source.trace(at.layer, at.head, view.source.settings)["allowed"], dtype=bool)
    return counts(view, said) and bool(usual.all())


@rule("mask.reading.all")
def _(view: View, said: dict) -> bool:
    return counts(view, said) and bool(row(view, "allowed").all()) and view.settings.mask != "none"


@rule("mask.reading.alone")
def _(view: View, said: dict) -> bool:
    return row(view, "allowed").size == 1


@rule("mask.reading.dropout")
def _(view: View, said: dict) -> bool:
    return counts(view, said) and np.isclose(said["factor"], 1 / (1 - view.settings.dropout))


# Stage 7 and what only models have


def looked_at_most(view: View) -> list[set[int]]:
    """By head, the keys with the largest weight; none where there is no weight."""
    rows = [row(view, "dropped", head) for head in range(view.source.n_heads)]
    return [set(np.flatnonzero(each == each.max()).tolist()) for each in rows if each.any()]


@rule("heads.reading", "heads.reading.same", "heads.reading.one")
def _(view: View, said: dict) -> bool:
    weights = row(view, "dropped")
    most = looked_at_most(view)
    largest = is_at(view, said["best"], weights, weights.max()) and said["weight"] == weights.max()
    ties = any(len(places) > 1 for places in most)
    return largest and said["heads"] == view.source.n_heads and (ties or said["different"] == len(set.union(*most)))


@rule("heads.reading.dropped")
def _(view: View, said: dict) -> bool:
    return not looked_at_most(view) and not sees_nothing(view, said)


@rule("heads.reading.covered")
def _(view: View, said: dict) -> bool:
    return not looked_at_most(view)


@rule("heads.reading.nothing")
def _(view: View, said: dict) -> bool:
    return not row(view, "dropped").any()


@rule("continuation.reading", "fitting.reading")
def _(view: View, said: dict) -> bool:
    following = view.source.next_tokens.continuation(view.selection.query)
    top = np.asarray(following.probability)
    return (
        said["probability"] == top.max()
        and said["first"] == following.pieces[int(top.argmax())]
        and np.isclose(said["sum"], top.sum())
        and said["count"] == len(top)
    )


@rule("continuation.likeliest")
def _(view: View, said: dict) -> bool:
    following = view.source.next_tokens.continuation(view.selection.query)
    last = view.selection.query == len(view.tokens) - 1
    return last and said["piece"] == following.pieces[int(np.argmax(following.probability))]


@rule("continuation.drawn")
def _(view: View, said: dict) -> bool:
    following = view.source.next_tokens.continuation(view.selection.query)
    return said["piece"] == following.taken_piece and said["probability"] == following.taken_probability


@rule("heads.untrained")
def _(view: View, said: dict) -> bool:
    return view.source.drawn or view.source.invented


# In a training


@rule("learn.reading")
def _(view: View, said: dict) -> bool:
    run = view.source.run
    last = max((kept for kept in run.kept if kept.step <= view.source.step), key=lambda kept: kept.step).measured
    steps = said["step"] == str(view.source.step) and said["made"] == str(run.step)
    return steps and (said["right"], said["loss"]) == (last.accuracy, last.loss)


@rule("gradient.reading")
def _(view: View, said: dict) -> bool:
    return said["loss"] == float(last_of(view)["loss"])


@rule("loss.reading")
def _(view: View, said: dict) -> bool:
    last = last_of(view)
    surprises = np.where(last["counted"], last["surprise"], 0.0)
    return (
        np.isclose(said["loss"], surprises.sum() / last["counted"].sum())
        and said["places"] == last["counted"].sum()
        and is_at(view, said["token"], surprises, surprises.max())
        and is_at(view, said["token"], np.asarray(last["right"]), said["probability"])
    )


@rule("loss.reading.nothing")
def _(view: View, said: dict) -> bool:
    return not last_of(view).has("loss")


def last_of(view: View) -> Trace:
    return view.workings.in_layer(view.source.n_layers - 1).joined()


# What a key claims beyond its numbers


def claims(view: View, key: str, said: dict) -> bool:
    """`most` is more than half, `itself` is the query, `same` and `one` are as many heads."""
    what = key.rpartition(".")[2]
    match what:
        case "most" | "most_itself" if key.startswith("softmax"):
            return said["weight"] > 0.5
        case "most":
            weights = row(view, "dropped")
            return np.sort(weights)[-2:].sum() > 0.5 * weights.sum()
        case "invented":
            return view.tokens[view.selection.query] in view.source.invented_tokens
        case "same":
            return len(set.union(*looked_at_most(view))) >= 1 and said["different"] == 1
        case "one":
            return key.startswith("context") or view.source.n_heads == 1
    if what.endswith("itself"):
        return view.selection.query in named(view, said["best"])
    return True


# What the words say in each language


def every_head_alike(view: View, said: dict) -> bool:
    return said["different"] == 1 and said["heads"] > 1


def sees_all(view: View, said: dict) -> bool:
    return bool(row(view, "allowed").all())


def sees_nothing(view: View, said: dict) -> bool:
    return not any(row(view, "allowed", head).any() for head in range(view.source.n_heads))


def more_than_half(view: View, said: dict) -> bool:
    weights = np.sort(row(view, "dropped" if "z" in said else "weights"))[::-1]
    return weights[: 2 if "z" in said else 1].sum() > 0.5 * weights.sum()


def largest(view: View, said: dict) -> bool:
    told = view.weighed if "share" in said else "weights"
    weights = row(view, "dropped" if "heads" in said else told)
    return is_at(view, said["best"], weights, weights.max())


def highest(view: View, said: dict) -> bool:
    scores = row(view, "scores")
    return is_at(view, said["best"], scores, scores.max()) and is_at(view, said["worst"], scores, scores.min())


def itself(view: View, said: dict) -> bool:
    return len(view.tokens) == 1 or view.selection.query in named(view, said["best"])


def all_equal(view: View, said: dict) -> bool:
    return "weight" in said or len(set(row(view, "scores").tolist())) == 1


def is_last(view: View, said: dict) -> bool:
    return view.selection.query + 1 == len(view.tokens)


def is_invented(view: View, said: dict) -> bool:
    return view.tokens[view.selection.query] in view.source.invented_tokens


WORDINGS: tuple[tuple[dict[str, str], Rule], ...] = (
    ({"en": "more than half|most of its", "zh": "一半以上"}, more_than_half),
    ({"en": "looks? most at|gives most of", "zh": "最关注|一半以上的注意力"}, largest),
    ({"en": "scores highest .* lowest", "zh": "得分最高.*最低"}, highest),
    ({"en": "with itself|to itself|at itself", "zh": "与自己|给了自己|关注自己"}, itself),
    ({"en": "every head", "zh": "每个头里"}, every_head_alike),
    ({"en": "(sees|may look at) all", "zh": "看得到全部|可以看全部|看得到另一段文本的全部"}, sees_all),
    ({"en": "may look at nothing", "zh": "什么也不能看"}, sees_nothing),
    ({"en": "the same (with|weight)", "zh": "都一样|相同的权重"}, all_equal),
    ({"en": "it is the last", "zh": "它是最后一个"}, is_last),
    ({"en": "invented from", "zh": "编出来的"}, is_invented),
)
"""What is claimed by wording, in either language."""
NUMBER = re.compile(r"-?\d+\.\d+")


def worded(view: View, reading: Phrase) -> None:
    """Both languages claim the same in their words and numbers, and it holds."""
    told = {language: say(Words(language), reading) for language in LANGUAGES}
    numbers = [sorted(NUMBER.findall(text)) for text in told.values()]
    assert all(each == numbers[0] for each in numbers), told
    for wording, holds in WORDINGS:
        claimed = {language for language, text in told.items() if re.search(wording[language], text)}
        assert claimed in (set(), set(LANGUAGES)), (wording, told)
        assert not claimed or holds(view, dict(reading.values)), told


def sources() -> Iterator[tuple[str, Source]]:
    for name in sorted(samples()):
        yield name, open_source(name)
    for text in ("one", "the cat saw the cat", "na na na na", "狗 追 猫 狗"):
        yield text, from_sentence(text, 7)
    run = open_training("kitten-en", {"steps": 20})
    while run.step < 20:
        run.advance()
    yield "a training", Training(run, run.state)
    for task, text in (("copy", "abcd|abc"), ("induction", "kitkitkit"), ("copy", "abc")):
        run = open_training(task, {})
        yield f"{task} {text}", Training(run, run.state, tuple(text))
    pytest.importorskip("safetensors")
    from kitten_tui.sources.checkpoint.model import Model
    from kitten_tui.sources.checkpoint.reading import Reading

    for name in ("gpt2", "bert", "llama", "mistral"):
        reading = Reading(Model(CHECKPOINTS / name), "the cat saw the dog and the cat")
        while reading.ready < reading.n_layers:
            reading.advance()
        yield name, reading
    for name in ("gemma2", "modernbert", "smollm3", "albert"):
        reading = Reading(Model(CHECKPOINTS / "families" / name), "the cat saw a dog")
        reading.compute()
        yield name, reading
    for name, part in (("families/t5", "cross"), ("families/bart", "decoder"), ("bert", "A-B"), ("bert", "B-B")):
        reading = open_texts(Model(CHECKPOINTS / name), "the cat", "a dog", part)
        while reading.ready < reading.n_layers:
            reading.advance()
        yield f"{name} {part}", reading


def views(source: Source, queries: Sequence[int] = ()) -> Iterator[View]:
    start = View(source, source.settings, turn_to(stages_of(source)[0], _first(source)).selection)
    for mask in source.masks:
        for dropout, seed in ((0.0, 1), (0.5, 2)):
            settings = replace(source.settings, mask=mask, dropout=dropout, seed=seed)
            for query in queries or range(len(source.tokens)):
                for head in {0, source.n_heads - 1}:
                    key = query % len(source.key_tokens)
                    yield View(source, settings, start.selection.moved(query=query, head=head, key=key))


def _first(source: Source) -> View:
    from kitten_tui.desk.selection import Selection

    return View(source, source.settings, Selection())


def readings(source: Source, queries: Sequence[int] = ()) -> Iterator[tuple[View, Phrase]]:
    for view in views(source, queries):
        for number, stage in enumerate(stages_of(source)):
            if view.selection.query == 1:
                yield view, turn_to(stage, view.with_(stage=number, backward=True)).readings[0]
            for by_value, hide_special in product((False, True), repeat=2):
                weighed = view.with_(stage=number, by_value=by_value, hide_special=hide_special)
                if stage.shows_weighed and weighed.weighed == WEIGHED[by_value, hide_special] != PLAIN:
                    page = turn_to(stage, weighed)
                    yield page.view, page.readings[0]
            page = turn_to(stage, view.with_(stage=number))
            yield from ((page.view, reading) for reading in page.readings)


# Weights that are weighed in another way


@rule("weighed.reading.value_share", "weighed.reading.word_share", "weighed.reading.value_word_share")
def _(view: View, said: dict) -> bool:
    shares, weights = row(view, view.weighed), row(view, "dropped")
    best = {place for place in named(view, said["best"]) if shares[place] == shares.max() == said["share"]}
    return any(weights[place] == said["weight"] for place in best)


@rule("weighed.reading.special")
def _(view: View, said: dict) -> bool:
    return is_special(view.tokens[view.selection.query])


@rule("weighed.reading.nothing")
def _(view: View, said: dict) -> bool:
    return not row(view, view.weighed).any()


@pytest.mark.slow
def test_every_sentence_is_borne_out() -> None:
    told = set()
    for name, source in sources():
        for view, reading in readings(source):
            if borne_out(name, view, reading):
                told.add(reading.key)
    assert len(told) >= 22, sorted(RULES.keys() - told)


def borne_out(name: str, view: View, reading: Phrase) -> bool:
    """Checks a sentence; false where it only says what is missing."""
    if reading.key == "stage.missing":
        return False
    said = dict(reading.values)
    assert RULES[reading.key](view, said), (name, reading, view.selection, view.settings)
    assert claims(view, reading.key, said), (name, reading, view.selection)
    worded(view, reading)
    return True


CONFIGS = [path.parent for path in sorted(CHECKPOINTS.glob("**/config.json"))]


@pytest.mark.slow
@pytest.mark.parametrize("folder", CONFIGS, ids=lambda folder: folder.name)
def test_every_sentence_about_a_model_is_borne_out(folder: Path) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    from kitten_tui.sources.checkpoint.model import Model

    model = Model(folder)
    opened = open_texts(model, "the cat saw the dog", None if model.decoder is None else "a dog ran")
    for reading in opened.parts or (opened,):
        while reading.ready < reading.n_layers:
            reading.advance()
        told = [borne_out(folder.name, *each) for each in readings(reading, (0, 1, len(reading.tokens) - 1))]
        assert any(told)


def test_there_is_no_sentence_without_a_rule() -> None:
    texts = Words("en").texts
    sentences = {key for key in texts if re.fullmatch(r"(\w+)\.reading(\.\w+)?|layer\.\w+|part\.share", key)}
    assert sentences <= RULES.keys()


@pytest.mark.parametrize(("count", "text"), [(1, "1 token"), (2, "2 tokens"), (0, "0 tokens")])
def test_one_is_one(count: int, text: str) -> None:
    said = Words("en")("overview.done", layers=1, heads=3, read=count, whole=count)
    assert said == f"1 layer × 3 heads, {text}"
