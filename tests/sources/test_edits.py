"""Every change a person can make to a lesson: what it changes, what it leaves alone, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitten_tui.core import masks
from kitten_tui.core.cell import Cell
from kitten_tui.core.inputs import HeadWeights, Inputs
from kitten_tui.core.positions import sinusoidal
from kitten_tui.core.settings import Settings
from kitten_tui.core.trace import Trace
from kitten_tui.core.workings import Workings
from kitten_tui.sources.edits import POSITIONS
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.invented import embed
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import MAX_NUMBER, MAX_TOKENS
from kitten_tui.sources.sentence import from_sentence

CORE = Path(__file__).parent.parent / "core"
NAMES = ("embedding", "position", "x", "w_q", "w_k", "w_v", "b_q", "b_k", "b_v", "w_o", "b_o")


def allowed(lesson, mask):
    """Who may look at whom in a lesson under the mask of this name."""
    n = len(lesson.tokens)
    return masks.allowed(mask, lesson.inputs.own_mask, n, n)


def with_everything(vectors: str = "embedding") -> Lesson:
    """Four words, two heads, and every input that a lesson may have; or x alone."""
    lesson = from_sentence("no cat no dog", 5)
    heads = tuple(
        replace(head, b_q=np.array([0.1, 0.2]), b_k=np.array([0.3, 0.4]), b_v=np.array([0.5, -0.6]))
        for head in lesson.inputs.heads
    )
    mask = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]], dtype=bool)
    inputs = replace(lesson.inputs, heads=heads, b_o=np.array([0.7, 0.8, 0.9, -1.0]), own_mask=mask)
    if vectors == "x":
        inputs = replace(inputs, embedding=None, position=None)
    return replace(lesson, inputs=inputs)


LESSONS = {
    **{name: open_source(name) for name in samples()},
    "sentence": from_sentence("the cat saw the dog"),
    "everything": with_everything(),
    "x alone": with_everything("x"),
}
SETTINGS = [Settings(), Settings(scale=False, mask="causal", dropout=0.3, seed=7)]
each_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def numbers(inputs: Inputs) -> dict[str, bytes]:
    """Every array of the inputs but the sums x, as bits."""
    found = {name: getattr(inputs, name) for name in ("embedding", "position", "w_o", "b_o", "own_mask")}
    if inputs.embedding is None:
        found["x"] = inputs.x
    for number, head in enumerate(inputs.heads):
        found |= {f"{field.name} {number}": getattr(head, field.name) for field in fields(head)}
    return {name: b"" if array is None else array.tobytes() for name, array in found.items()}


def everything_in(trace: Trace) -> list[np.ndarray]:
    """Every array of a trace, given or computed when it is first looked at."""
    return [trace[name] for name in trace.chain if trace.has(name)]


def bits(trace: Trace) -> list[bytes]:
    return [array.tobytes() for array in everything_in(trace)]


def traces(lesson: Lesson) -> list[object]:
    """Every bit of what follows from the inputs, under some settings."""
    found: list[object] = []
    for settings in SETTINGS:
        found += [bits(lesson.trace(0, head, settings)) for head in range(lesson.n_heads)]
        found.append(bits(lesson.joined(0, settings)))
    return found


def cells(lesson: Lesson) -> st.SearchStrategy[Cell]:
    """The addresses of all inputs of a lesson."""

    def places(name: str, head: int) -> st.SearchStrategy[Cell]:
        array = Workings(lesson, Settings()).array(name, head)
        index = st.tuples(*(st.integers(0, size - 1) for size in array.shape))
        return st.builds(Cell, st.just(name), index, st.just(head))

    inputs = [name for name in NAMES if lesson.editor.is_input(name)]
    return st.tuples(st.sampled_from(inputs), st.integers(0, lesson.n_heads - 1)).flatmap(lambda at: places(*at))


lessons = st.sampled_from(list(LESSONS.values()))
inputs_of_lessons = lessons.flatmap(lambda lesson: st.tuples(st.just(lesson), cells(lesson)))
values = st.floats(-MAX_NUMBER, MAX_NUMBER)
tokens = st.text(min_size=1, max_size=5)


def some_token(lesson: Lesson, draw: st.DrawFn, beyond: int = 0) -> int:
    return draw(st.integers(0, len(lesson.tokens) - 1 + beyond))


def read(lesson: Lesson, cell: Cell) -> float:
    return Workings(lesson, Settings()).value(cell)


def vectors(lesson: Lesson) -> list[list[float]]:
    return (lesson.inputs.x if lesson.inputs.embedding is None else lesson.inputs.embedding).tolist()


def refused(edit, *arguments) -> str:
    with pytest.raises(SourceError) as error:
        edit(*arguments)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert "expected" in message
    assert "found" in message
    return message


# --- numbers


@given(inputs_of_lessons, values)
def test_a_changed_number_is_read_back(at, value):
    lesson, cell = at
    assert read(lesson.editor.change_number(cell, value), cell) == value


@given(inputs_of_lessons, values)
def test_nothing_but_the_changed_number_differs(at, value):
    lesson, cell = at
    changed = lesson.editor.change_number(cell, value)
    name = f"{cell.name} {cell.head}" if cell.name[:2] in ("w_", "b_") and cell.name[2] != "o" else cell.name
    one, other = numbers(lesson.inputs), numbers(changed.inputs)
    assert {key for key in one if one[key] != other[key]} <= {name}
    before, after = (Workings(of, Settings()).array(cell.name, cell.head) for of in (lesson, changed))
    assert (before != after).sum() == int(read(lesson, cell) != value)


@given(inputs_of_lessons, values)
def test_changing_a_number_back_leads_to_the_same_bits_everywhere(at, value):
    lesson, cell = at
    back = lesson.editor.change_number(cell, value).editor.change_number(cell, read(lesson, cell))
    assert traces(back) == traces(lesson)


@given(inputs_of_lessons, values)
def test_the_lesson_that_is_changed_stays_as_it_was(at, value):
    lesson, cell = at
    before = numbers(lesson.inputs)
    lesson.editor.change_number(cell, value)
    assert numbers(lesson.inputs) == before


@pytest.mark.parametrize("name", ["embedding", "position"])
def test_x_follows_embedding_and_position(name):
    lesson = LESSONS["journey"]
    changed = lesson.editor.change_number(Cell(name, (1, 2)), 5.0).inputs
    assert (changed.x == changed.embedding + changed.position).all()
    assert (changed.x != lesson.inputs.x).sum() == 1


def test_x_can_be_changed_where_it_is_given_alone():
    changed = LESSONS["causal"].editor.change_number(Cell("x", (1, 2)), 5.0)
    assert changed.trace(0, 0, Settings())["x"][1, 2] == 5.0


def test_a_matrix_changes_in_its_own_head_alone():
    lesson = LESSONS["journey"]
    changed = lesson.editor.change_number(Cell("w_k", (2, 1), head=1), 5.0).inputs.heads
    assert [head is was for head, was in zip(changed, lesson.inputs.heads, strict=True)] == [True, False, True]


def test_a_number_that_is_changed_wins_over_the_seed_of_a_sentence():
    changed = LESSONS["sentence"].editor.change_number(Cell("w_q", (0, 0)), 5.0)
    assert [changed.trace(0, 0, Settings(seed=seed))["w_q"][0, 0] for seed in (1, 2)] == [5.0, 5.0]
    assert changed.invented


def test_arrays_of_a_changed_lesson_cannot_be_written_to():
    changed = LESSONS["everything"].editor.change_number(Cell("embedding", (0, 0)), 5.0)
    changed = changed.editor.toggle_mask_cell(Settings(), 0, 0)[0].editor.insert_token(0, "new")
    changed = changed.editor.with_positions("none", changed.inputs.position).editor.redraw(1, "rand")
    arrays = [changed.inputs.x, changed.inputs.embedding, changed.inputs.position, changed.inputs.own_mask]
    arrays += [changed.inputs.heads[0].w_q, changed.inputs.heads[0].b_q]
    arrays += everything_in(changed.trace(0, 0, SETTINGS[1]))
    assert not any(array.flags.writeable for array in arrays)


@each_lesson
def test_what_is_an_input_is_what_the_derivation_takes_as_given(lesson):
    workings = Workings(lesson, Settings())
    given_ = {
        name for name in NAMES if workings.array(name) is not None and (name != "x" or lesson.inputs.embedding is None)
    }
    assert {name for name in NAMES if lesson.editor.is_input(name)} == given_


@pytest.mark.parametrize("name", ["q", "scores", "weights", "context", "output", "partial", "own_mask", "tokens", ""])
def test_what_is_computed_is_no_input(name):
    assert not LESSONS["everything"].editor.is_input(name)
    message = refused(LESSONS["everything"].editor.change_number, Cell(name, (0, 0)), 1.0)
    assert message.startswith(f"{name}: expected an input of this lesson (embedding, position, w_o, b_o, w_q, w_k,")


@pytest.mark.parametrize(("name", "place"), [("w_q", "heads[1].w_q[1][2]"), ("embedding", "embedding[1][2]")])
@pytest.mark.parametrize(
    ("value", "found"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (2e9, "2e+09")]
)
def test_a_number_that_no_sample_may_hold_is_refused(name, place, value, found):
    message = refused(LESSONS["journey"].editor.change_number, Cell(name, (0, 1)), value)
    assert message == f"{place}: expected a number within ±1e+09, found {found}"


@pytest.mark.parametrize("value", [MAX_NUMBER, -MAX_NUMBER, 5e-324, -0.0])
def test_the_largest_and_the_smallest_numbers_are_taken(value):
    changed = read(LESSONS["journey"].editor.change_number(Cell("w_q", (0, 0)), value), Cell("w_q", (0, 0)))
    assert (changed, math.copysign(1, changed)) == (value, math.copysign(1, value))


@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("journey", Cell("x", (0, 0)), "x: expected an input of this lesson (embedding, position, w_o, w_q, w_k, w_v)"),
        ("causal", Cell("embedding", (0, 0)), "embedding: expected an input of this lesson (x, w_q, w_k, w_v), found"),
        ("causal", Cell("w_o", (0, 0)), "w_o: expected an input of this lesson (x, w_q, w_k, w_v), found"),
        ("journey", Cell("b_q", (0,)), "b_q: expected an input of this lesson"),
        ("journey", Cell("w_q", (3, 0)), "heads[1].w_q[4][1]: expected a place among 3 × 2 numbers, found one outside"),
        ("journey", Cell("w_q", (0, -1), 2), "heads[3].w_q[1][0]: expected a place among 3 × 2 numbers, found one out"),
        ("journey", Cell("w_o", (1,)), "w_o[2]: expected a place among 6 × 3 numbers, found one outside"),
        ("everything", Cell("b_o", (1, 1)), "b_o[2][2]: expected a place among 4 numbers, found one outside"),
        ("journey", Cell("w_q", (0, 0), 3), "head: expected one from 1 to 3, found 4"),
        ("journey", Cell("w_q", (0, 0), -1), "head: expected one from 1 to 3, found 0"),
        ("journey", Cell("w_o", (0, 0), 0, 1), "layer: expected one from 1 to 1, found 2"),
    ],
)
def test_a_place_that_holds_no_input_is_refused(name, cell, message):
    assert refused(LESSONS[name].editor.change_number, cell, 1.0).startswith(message)


def test_a_bias_that_one_head_has_and_another_has_not_is_refused_in_the_other():
    lesson = LESSONS["everything"]
    heads = (lesson.inputs.heads[0], replace(lesson.inputs.heads[1], b_q=None))
    lesson = replace(lesson, inputs=replace(lesson.inputs, heads=heads))
    assert lesson.editor.change_number(Cell("b_q", (1,), 0), 3.0).inputs.heads[0].b_q[1] == 3.0
    message = refused(lesson.editor.change_number, Cell("b_q", (1,), 1), 3.0)
    assert message == "heads[2].b_q[2]: expected a head with b_q, found one without"


# --- the mask


@given(lessons, st.sampled_from(["none", "causal", "own"]), st.data())
def test_toggling_a_cell_flips_it_and_nothing_else(lesson, mask, data):
    query, key = (some_token(lesson, data.draw) for _ in range(2))
    before = Settings(mask=mask, dropout=0.5, scale=False)
    changed, settings = lesson.editor.toggle_mask_cell(before, query, key)
    one, other = (
        allowed(lesson, mask),
        allowed(changed, settings.mask),
    )
    assert np.argwhere(one != other).tolist() == [[query, key]]
    assert settings == replace(before, mask="own")


@given(lessons, st.sampled_from(["none", "causal", "own"]), st.data())
def test_toggling_a_cell_twice_leads_back_to_the_mask_that_was_in_force(lesson, mask, data):
    query, key = (some_token(lesson, data.draw) for _ in range(2))
    once = lesson.editor.toggle_mask_cell(Settings(mask=mask), query, key)
    twice, settings = once[0].editor.toggle_mask_cell(once[1], query, key)
    assert (allowed(twice, settings.mask) == allowed(lesson, mask)).all()
    assert "own" in twice.masks


@pytest.mark.parametrize(
    ("query", "key", "message"), [(6, 0, "query"), (-1, 0, "query"), (0, 6, "key"), (0, -1, "key")]
)
def test_a_cell_outside_the_mask_is_refused(query, key, message):
    found = refused(LESSONS["journey"].editor.toggle_mask_cell, Settings(), query, key)
    assert found.startswith(f"{message}: expected one from 1 to 6, found ")


# --- words


@given(lessons, st.data())
@pytest.mark.slow
def test_swapping_twice_is_the_identity(lesson, data):
    place = data.draw(st.integers(0, len(lesson.tokens) - 2))
    twice = lesson.editor.swap_tokens(place).editor.swap_tokens(place)
    assert (twice.tokens, twice.query) == (lesson.tokens, lesson.query)
    assert numbers(twice.inputs) == numbers(lesson.inputs)
    assert traces(twice) == traces(lesson)


@given(lessons, st.data())
def test_swapped_words_take_their_vectors_along_and_leave_their_positions(lesson, data):
    place = data.draw(st.integers(0, len(lesson.tokens) - 2))
    order = list(range(len(lesson.tokens)))
    order[place : place + 2] = place + 1, place
    swapped = lesson.editor.swap_tokens(place)
    assert swapped.tokens == tuple(lesson.tokens[old] for old in order)
    assert vectors(swapped) == [vectors(lesson)[old] for old in order]
    left = {"position", "own_mask", "w_o", "b_o", "w_q 0", "w_v 1"} & numbers(lesson.inputs).keys()
    assert all(numbers(swapped.inputs)[name] == numbers(lesson.inputs)[name] for name in left)
    assert order[swapped.query] == lesson.query


@pytest.mark.parametrize("name", ["journey", "sentence", "long"])
def test_without_positions_order_means_nothing(name):
    """The same words in another order get the same context vectors in that order."""
    lesson = LESSONS[name].editor.with_positions("none", LESSONS[name].inputs.position)
    swapped = lesson.editor.swap_tokens(1)
    before, after = (of.trace(0, 0, Settings())["context"] for of in (lesson, swapped))  # [query, d_k]
    order = [0, 2, 1, *range(3, len(lesson.tokens))]
    assert after == pytest.approx(before[order], abs=1e-12)


@pytest.mark.parametrize("name", ["journey", "sentence"])
def test_with_positions_order_means_something(name):
    before, after = (
        of.trace(0, 0, Settings())["context"] for of in (LESSONS[name], LESSONS[name].editor.swap_tokens(1))
    )
    assert np.abs(after - before[[0, 2, 1, *range(3, len(before))]]).max() > 1e-4


@given(lessons, tokens, st.data())
@pytest.mark.slow
def test_inserting_and_deleting_again_leads_back(lesson, token, data):
    place = some_token(lesson, data.draw, beyond=1)
    there = lesson.editor.insert_token(place, token)
    back = there.editor.delete_token(place)
    assert (back.tokens, back.query) == (lesson.tokens, lesson.query)
    assert numbers(back.inputs) == numbers(lesson.inputs)
    assert traces(back) == traces(lesson)


@given(lessons, tokens, st.data())
def test_an_inserted_word_moves_the_others_to_the_right_and_no_position(lesson, token, data):
    place = some_token(lesson, data.draw, beyond=1)
    there = lesson.editor.insert_token(place, token)
    assert there.tokens == (*lesson.tokens[:place], token, *lesson.tokens[place:])
    assert vectors(there)[:place] + vectors(there)[place + 1 :] == vectors(lesson)
    assert there.tokens[there.query] == lesson.tokens[lesson.query]
    if lesson.inputs.position is not None:
        assert (there.inputs.position[:-1] == lesson.inputs.position).all()
        assert (there.inputs.x == there.inputs.embedding + there.inputs.position).all()


@pytest.mark.parametrize("name", ["journey", "sentence"])
def test_a_new_last_place_gets_a_sinusoidal_position_of_two_decimals(name):
    there = LESSONS[name].editor.insert_token(0, "new")
    n, d_model = there.inputs.position.shape
    assert (there.inputs.position[-1] == sinusoidal(n, d_model)[-1].round(2)).all()


def test_a_new_last_place_has_no_position_where_no_place_has():
    lesson = LESSONS["journey"].editor.with_positions("none", LESSONS["journey"].inputs.position)
    assert not lesson.editor.insert_token(0, "new").inputs.position.any()


def test_a_sentence_that_grows_word_by_word_is_the_sentence_typed_at_once():
    grown = from_sentence("the cat", 3)
    for place, token in [(2, "the"), (1, "black"), (4, "dog"), (3, "saw")]:
        grown = grown.editor.insert_token(place, token)
    typed = from_sentence("the black cat saw the dog", 3)
    assert grown.tokens == typed.tokens
    assert numbers(grown.inputs) == numbers(typed.inputs)
    assert grown.invented


@pytest.mark.parametrize(("query", "place", "expected"), [(2, 0, 1), (2, 2, 2), (2, 3, 2), (3, 3, 2), (0, 0, 0)])
def test_the_token_to_begin_with_follows_its_word_when_another_is_deleted(query, place, expected):
    lesson = replace(from_sentence("one two three four"), query=query)
    assert lesson.editor.delete_token(place).query == expected


@given(lessons, st.data())
def test_a_deleted_word_takes_its_vector_along_and_the_last_place_its_position(lesson, data):
    place = some_token(lesson, data.draw)
    left = lesson.editor.delete_token(place)
    assert left.tokens == lesson.tokens[:place] + lesson.tokens[place + 1 :]
    assert vectors(left) == vectors(lesson)[:place] + vectors(lesson)[place + 1 :]
    assert lesson.inputs.position is None or (left.inputs.position == lesson.inputs.position[:-1]).all()
    assert all(np.isfinite(left.trace(0, head, Settings())["context"]).all() for head in range(left.n_heads))


@pytest.mark.parametrize("name", ["sentence", "x alone"])
def test_a_new_word_is_invented_from_its_spelling(name):
    there = LESSONS[name].editor.insert_token(1, "quite new")
    assert vectors(there)[1] == embed("quite new", 4).tolist()


def test_an_invented_word_is_as_wide_as_the_lesson():
    assert vectors(LESSONS["long"].editor.insert_token(1, "quite new"))[1] == embed("quite new", 12).tolist()


def test_a_word_that_stands_in_the_sentence_shares_its_vector():
    lesson = LESSONS["journey"]
    assert vectors(lesson.editor.insert_token(6, "journey"))[6] == vectors(lesson)[1]
    assert vectors(lesson.editor.rename_token(3, "journey"))[3] == vectors(lesson)[1]


def test_a_word_that_stands_there_with_several_vectors_shares_the_first():
    lesson = LESSONS["everything"].editor.change_number(Cell("embedding", (2, 0)), 9.0)
    assert lesson.tokens[0] == lesson.tokens[2] == "no"
    assert vectors(lesson.editor.insert_token(4, "no"))[4] == vectors(lesson)[0]


@given(lessons, tokens, st.data())
def test_renaming_changes_one_word_and_its_vector(lesson, token, data):
    place = some_token(lesson, data.draw)
    renamed = lesson.editor.rename_token(place, token)
    assert renamed.tokens == (*lesson.tokens[:place], token, *lesson.tokens[place + 1 :])
    others = [at for at in range(len(lesson.tokens)) if at != place]
    assert [vectors(renamed)[at] for at in others] == [vectors(lesson)[at] for at in others]
    same = {"position", "own_mask", "w_o", "b_o"}
    one, other = numbers(lesson.inputs), numbers(renamed.inputs)
    assert all(one[name] == other[name] for name in same)


@given(lessons, st.data())
def test_a_word_renamed_to_itself_is_the_same_lesson(lesson, data):
    place = some_token(lesson, data.draw)
    assert lesson.editor.rename_token(place, lesson.tokens[place]) is lesson


@pytest.mark.parametrize("token", [" ", "\n", "\x1b[31m", "\u202e", "\ud800", "a b", "a" * 1000], ids=ascii)
def test_a_token_is_cleaned_of_nothing(token):
    lesson = LESSONS["sentence"]
    assert lesson.editor.rename_token(1, token).tokens[1] == token
    assert lesson.editor.insert_token(1, token).tokens[1] == token


def test_the_own_mask_stays_with_the_places():
    lesson = LESSONS["everything"]
    assert (lesson.editor.swap_tokens(0).inputs.own_mask == lesson.inputs.own_mask).all()
    assert (lesson.editor.delete_token(0).inputs.own_mask == lesson.inputs.own_mask[:3, :3]).all()


def test_a_new_place_sees_all_and_is_seen_by_itself():
    lesson = LESSONS["everything"]
    mask = lesson.editor.insert_token(0, "new").inputs.own_mask
    assert (mask[:4, :4] == lesson.inputs.own_mask).all()
    assert (mask[4].tolist(), mask[:4, 4].tolist()) == ([True] * 5, [False] * 4)


@pytest.mark.parametrize(
    ("edit", "arguments", "message"),
    [
        ("rename_token", (0, ""), "token: expected at least one character, found none"),
        ("insert_token", (0, ""), "token: expected at least one character, found none"),
        ("rename_token", (6, "a"), "token: expected one from 1 to 6, found 7"),
        ("rename_token", (-1, "a"), "token: expected one from 1 to 6, found 0"),
        ("insert_token", (7, "a"), "token: expected one from 1 to 7, found 8"),
        ("insert_token", (-1, "a"), "token: expected one from 1 to 7, found 0"),
        ("delete_token", (6,), "token: expected one from 1 to 6, found 7"),
        ("delete_token", (-1,), "token: expected one from 1 to 6, found 0"),
        ("swap_tokens", (5,), "token with a right neighbour: expected one from 1 to 5, found 6"),
        ("swap_tokens", (-1,), "token with a right neighbour: expected one from 1 to 5, found 0"),
    ],
)
def test_a_word_that_cannot_be_is_refused(edit, arguments, message):
    assert refused(getattr(LESSONS["journey"].editor, edit), *arguments) == message


def test_the_last_word_is_not_deleted():
    message = refused(from_sentence("alone").editor.delete_token, 0)
    assert message == "tokens: expected at least one to be left, found none"


def test_a_single_word_has_no_neighbour_to_swap_with():
    message = refused(from_sentence("alone").editor.swap_tokens, 0)
    assert message == "token with a right neighbour: expected at least one, found none"


def test_a_full_sentence_takes_no_word_more():
    full = from_sentence("word " * (MAX_TOKENS - 1)).editor.insert_token(3, "last")
    assert refused(full.editor.insert_token, 0, "more") == "tokens: expected at most 256, found 257"


# --- positions


@pytest.mark.parametrize("name", ["journey", "integers", "kitten-en", "long", "sentence", "everything"])
def test_positions_are_switched_off_and_on_again(name):
    lesson = LESSONS[name]
    off = lesson.editor.with_positions("none", lesson.inputs.position)
    assert not off.inputs.position.any()
    assert (off.inputs.x == lesson.inputs.embedding).all()
    back = off.editor.with_positions("own", lesson.inputs.position)
    assert traces(back) == traces(lesson)


def test_sinusoidal_positions_are_those_of_a_sentence():
    lesson = LESSONS["journey"]
    position = lesson.editor.with_positions("sinusoidal", lesson.inputs.position).inputs.position
    assert (position == sinusoidal(6, 3).round(2)).all()
    sentence = LESSONS["sentence"]
    waves = sentence.editor.with_positions("sinusoidal", sentence.inputs.position)
    assert (waves.inputs.position == sentence.inputs.position).all()


def test_own_positions_are_the_original_ones_for_the_places_it_has():
    lesson = LESSONS["journey"]
    longer = lesson.editor.with_positions("none", lesson.inputs.position).editor.insert_token(2, "new")
    shorter = lesson.editor.delete_token(0)
    position = longer.editor.with_positions("own", lesson.inputs.position).inputs.position
    assert (position == [*lesson.inputs.position, sinusoidal(7, 3)[6].round(2)]).all()
    position = shorter.editor.with_positions("own", lesson.inputs.position).inputs.position
    assert (position == lesson.inputs.position[:5]).all()


def test_own_positions_are_those_that_were_opened_and_not_those_that_were_changed():
    lesson = LESSONS["journey"]
    changed = lesson.editor.change_number(Cell("position", (0, 0)), 5.0)
    own = changed.editor.with_positions("own", lesson.inputs.position)
    assert (own.inputs.position == lesson.inputs.position).all()


def test_a_kind_of_position_that_there_is_not_is_refused():
    lesson = LESSONS["journey"]
    message = refused(lesson.editor.with_positions, "rotary", lesson.inputs.position)
    assert message == "position: expected one of own, none, sinusoidal, found 'rotary'"


@pytest.mark.parametrize("kind", POSITIONS)
def test_positions_of_a_lesson_with_x_alone_are_refused(kind):
    lesson = LESSONS["causal"]
    message = refused(lesson.editor.with_positions, kind, lesson.inputs.position)
    assert message == "position: expected a lesson with embedding and position, found x alone"


# --- another draw


def test_a_draw_of_torch_rand_gives_the_matrices_of_the_book():
    published = json.loads((CORE / "worked_example.json").read_text(encoding="utf-8"))
    drawn = LESSONS["journey"].editor.redraw(123, "rand").inputs.heads[0]
    for name in ("w_q", "w_k", "w_v"):
        assert getattr(drawn, name) == pytest.approx(np.array(published[name]), abs=1e-7)


def test_a_draw_of_linear_layers_gives_both_heads_of_the_book():
    published = json.loads((CORE / "two_heads.json").read_text(encoding="utf-8"))["heads"]
    for lesson in (LESSONS["journey"], LESSONS["causal"]):
        drawn = lesson.editor.redraw(123, "linear").inputs.heads[:2]
        for head, expected in zip(drawn, published, strict=True):
            for name in ("w_q", "w_k", "w_v"):
                assert getattr(head, name) == pytest.approx(np.array(expected[name]), abs=1e-7)


@each_lesson
@pytest.mark.parametrize("init", ["rand", "linear"])
def test_a_draw_keeps_shapes_biases_and_w_o(lesson, init):
    drawn = lesson.editor.redraw(9, init).inputs
    for head, was in zip(drawn.heads, lesson.inputs.heads, strict=True):
        assert (head.w_q.shape, head.w_k.shape, head.w_v.shape) == (was.w_q.shape, was.w_k.shape, was.w_v.shape)
        assert (head.b_q is was.b_q, head.b_k is was.b_k, head.b_v is was.b_v) == (True, True, True)
        assert (head.w_q != was.w_q).any()
    assert (drawn.w_o is lesson.inputs.w_o, drawn.x is lesson.inputs.x) == (True, True)


def test_the_same_seed_is_the_same_draw_and_another_another():
    one, same, other = (LESSONS["sentence"].editor.redraw(seed, "rand") for seed in (5, 5, 6))
    assert traces(one) == traces(same)
    assert traces(one) != traces(other)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_is_none_is_refused(seed):
    message = refused(LESSONS["journey"].editor.redraw, seed, "rand")
    assert message == f"seed: expected a whole number from 0 to 2³² − 1, found {seed}"


def test_a_way_to_draw_that_there_is_not_is_refused():
    message = refused(LESSONS["journey"].editor.redraw, 1, "normal")
    assert message == "init: expected one of rand, linear, found 'normal'"


# --- all of them

EDITS = {
    "number": lambda lesson: lesson.editor.change_number(Cell("w_q", (0, 0)), 1.0),
    "mask": lambda lesson: lesson.editor.toggle_mask_cell(Settings(), 0, 1)[0],
    "rename": lambda lesson: lesson.editor.rename_token(0, "My"),
    "insert": lambda lesson: lesson.editor.insert_token(0, "My"),
    "delete": lambda lesson: lesson.editor.delete_token(0),
    "swap": lambda lesson: lesson.editor.swap_tokens(0),
    "positions": lambda lesson: lesson.editor.with_positions("none", lesson.inputs.position),
    "redraw": lambda lesson: lesson.editor.redraw(1, "rand"),
}
each_edit = pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)


@each_edit
def test_published_values_are_not_about_a_changed_lesson(edit):
    lesson = LESSONS["journey"]
    assert lesson.references
    assert edit(lesson).references == ()


@each_edit
def test_a_changed_lesson_keeps_its_beginning_and_its_title_if_its_words_but_not_its_note(edit):
    lesson, changed = LESSONS["journey"], edit(LESSONS["journey"])
    assert changed.settings == lesson.settings
    assert changed.title == (lesson.title if changed.tokens == lesson.tokens else {})
    assert not changed.note  # it speaks of the numbers as they were
    assert (changed.invented, edit(LESSONS["sentence"]).invented) == (False, True)


def copied(of: Inputs | HeadWeights) -> Inputs | HeadWeights:
    """The same numbers in arrays that nothing has been computed from."""
    values = {field.name: getattr(of, field.name) for field in fields(of)}
    arrays = {name: value.copy() for name, value in values.items() if isinstance(value, np.ndarray)}
    heads = {"heads": tuple(copied(head) for head in of.heads)} if isinstance(of, Inputs) else {}
    return replace(of, **arrays, **heads)


@each_edit
def test_what_follows_from_a_changed_lesson_is_computed_anew(edit):
    changed = edit(LESSONS["sentence"])
    for settings in (Settings(), Settings(mask="own" if "own" in changed.masks else "causal")):
        found = changed.trace(0, 1, settings)
        anew = Lesson(copied(changed.inputs)).trace(0, 1, settings)
        assert anew is not found
        assert bits(found) == bits(anew)
