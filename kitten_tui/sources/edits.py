"""One lesson into the next: every change a person can make to its inputs, as a pure function.

A changed lesson has no references left: published values are about the numbers that were published. What cannot be is
refused with a SourceError of one line, in which heads, tokens and indices count from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kitten_tui.core import masks
from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.cell import Cell
from kitten_tui.core.draws import INITS, draw_heads
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.positions import sinusoidal
from kitten_tui.core.settings import Settings
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.invented import DECIMALS, embed, invent
from kitten_tui.sources.lesson import MAX_TOKENS, Lesson
from kitten_tui.sources.sample import MAX_NUMBER

POSITIONS = ("own", "none", "sinusoidal")
"""Those of the lesson as it was opened; zeros; sines and cosines."""

_OF_LESSON = ("embedding", "position", "x", "w_o", "b_o")
_OF_HEAD = ("w_q", "w_k", "w_v", "b_q", "b_k", "b_v")

Word = tuple[str, Array]
"""A token and its vector: its embedding, or its x in a lesson that has x alone. [d_model]"""


class LessonEditor:
    """Every change to the inputs of a lesson. Answers `Editor`."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson

    def is_input(self, name: str) -> bool:
        """Whether the numbers of this quantity are given to the lesson, in any head, and not computed by it."""
        if name == "x":
            return self.lesson.inputs.embedding is None
        return any(_array(self.lesson, name, head) is not None for head in range(self.lesson.n_heads))

    def change_number(self, cell: Cell, value: float) -> Lesson:
        """The lesson with one of its inputs changed; x follows embedding and position.

        Raises:
            SourceError: the cell is no input, lies outside, or the value is no number a sample may hold.
        """
        array = _array_of(self.lesson, cell)
        if not abs(value) <= MAX_NUMBER:  # nan is not less than anything
            raise SourceError(f"{_address(cell)}: expected a number within ±{MAX_NUMBER:.0e}, found {value:.3g}")
        changed = array.copy()
        changed[cell.index] = value
        return _changed(self.lesson, _with_array(self.lesson.inputs, cell, fixed(changed)))

    def toggle_mask_cell(self, settings: Settings, query: int, key: int) -> tuple[Lesson, Settings]:
        """The mask in force with one cell covered or uncovered, as the lesson's own mask, and in force.

        Raises:
            SourceError: there is no such query or key.
        """
        n = len(self.lesson.tokens)
        _expect_place("query", query, n)
        _expect_place("key", key, n)
        allowed = masks.allowed(settings.mask, self.lesson.inputs.own_mask, n, n).copy()  # [query, key]
        allowed[query, key] = not allowed[query, key]
        return _changed(self.lesson, replace(self.lesson.inputs, own_mask=allowed)), replace(settings, mask="own")

    def rename_token(self, place: int, token: str) -> Lesson:
        """Another word in this place, with the vector of that word.

        That is the vector of the same word where it already stands in the sentence (the first one, if there are
        several), else the one that its spelling is invented with: a renamed word is another word, and keeps nothing of
        the old one.

        Raises:
            SourceError: the token is empty, or there is no such place.
        """
        words = _words(self.lesson)
        _expect_place("token", place, len(words))
        if token == words[place][0]:
            return self.lesson
        words[place] = _word(self.lesson, token)
        return _with_words(self.lesson, words, self.lesson.query)

    def insert_token(self, place: int, token: str) -> Lesson:
        """A word more, before the one that stands in this place, or after the last; its vector as in `rename_token`.

        Raises:
            SourceError: the token is empty, there is no such place, or the sentence is full.
        """
        words = _words(self.lesson)
        _expect_place("token", place, len(words) + 1)
        if len(words) == MAX_TOKENS:
            raise SourceError(f"tokens: expected at most {MAX_TOKENS}, found {MAX_TOKENS + 1}")
        words.insert(place, _word(self.lesson, token))
        return _with_words(self.lesson, words, self.lesson.query + (place <= self.lesson.query))

    def delete_token(self, place: int) -> Lesson:
        """A word less.

        Raises:
            SourceError: there is no such place, or it is the only one.
        """
        words = _words(self.lesson)
        _expect_place("token", place, len(words))
        if len(words) == 1:
            raise SourceError("tokens: expected at least one to be left, found none")
        del words[place]
        query = self.lesson.query - (place < self.lesson.query)
        return _with_words(self.lesson, words, min(query, len(words) - 1))

    def swap_tokens(self, place: int) -> Lesson:
        """A word and its right neighbour in each other's places.

        Raises:
            SourceError: there is no such place, or no neighbour.
        """
        words = _words(self.lesson)
        _expect_place("token with a right neighbour", place, len(words) - 1)
        words[place], words[place + 1] = words[place + 1], words[place]
        follows = {place: place + 1, place + 1: place}
        return _with_words(self.lesson, words, follows.get(self.lesson.query, self.lesson.query))

    def with_positions(self, kind: str, original: Array | None) -> Lesson:
        """The positions of this kind of POSITIONS; "own" are the original, those of the lesson as it was opened.

        Raises:
            SourceError: there is no such kind, or the lesson has x alone.
        """
        if kind not in POSITIONS:
            raise SourceError(f"position: expected one of {', '.join(POSITIONS)}, found {kind!r}")
        if self.lesson.inputs.embedding is None or original is None:
            raise SourceError("position: expected a lesson with embedding and position, found x alone")
        n, d_model = self.lesson.inputs.embedding.shape
        if kind == "own":
            position = _at_places(original, n)  # [token, d_model]
        elif kind == "none":
            position = np.zeros((n, d_model))  # [token, d_model]
        else:
            position = _waves(n, d_model)  # [token, d_model]
        return _changed(self.lesson, _summed(self.lesson.inputs, self.lesson.inputs.embedding, position))

    def position_kind(self, original: Array | None) -> str:
        """Which of POSITIONS the lesson has; those of the original where it is neither of the others."""
        position = self.lesson.inputs.position
        if position is None or (original is not None and np.array_equal(position, original)):
            return "own"
        if not position.any():
            return "none"
        return "sinusoidal" if np.array_equal(position, _waves(*position.shape)) else "own"

    def next_positions(self, original: Array | None) -> tuple[Lesson, str]:
        """The next of POSITIONS, and its name.

        Raises:
            SourceError: the lesson has x alone.
        """
        kind = POSITIONS[(POSITIONS.index(self.position_kind(original)) + 1) % len(POSITIONS)]
        return self.with_positions(kind, original), kind

    def other_matrices(self, seed: int, init: str | None) -> Lesson:
        """Drawn as they were before, or in a way of INITS."""
        if self.lesson.invented and init is None:
            return self.reinvent(seed)
        return self.redraw(seed, init or INITS[-1])

    def reinvent(self, seed: int) -> Lesson:
        """Other matrices, as a sentence typed with this seed has them; the words and their vectors stay."""
        old = self.lesson.inputs
        new = invent(self.lesson.tokens, seed)
        if new.heads[0].w_q.shape != old.heads[0].w_q.shape or len(new.heads) != len(old.heads):
            return self.redraw(seed, INITS[-1])
        return _changed(self.lesson, replace(old, heads=new.heads, w_o=new.w_o, b_o=None))

    def redraw(self, seed: int, init: str) -> Lesson:
        """Other matrices in all heads, drawn as PyTorch draws them; biases and W_o stay.

        Raises:
            SourceError: the seed or the init is none.
        """
        if init not in INITS:
            raise SourceError(f"init: expected one of {', '.join(INITS)}, found {init!r}")
        try:
            Settings(seed=seed)
        except ValueError as error:
            raise SourceError(str(error)) from None
        old = self.lesson.inputs.heads
        d_model, d_k = old[0].w_q.shape
        drawn = draw_heads(seed, init, len(old), d_model, d_k)
        heads = (replace(was, w_q=new.w_q, w_k=new.w_k, w_v=new.w_v) for was, new in zip(old, drawn, strict=True))
        return _changed(self.lesson, replace(self.lesson.inputs, heads=tuple(heads)))


def _changed(lesson: Lesson, inputs: Inputs) -> Lesson:
    # What the note says of the numbers, such as who published them, is no longer known to be so.
    return replace(lesson, inputs=inputs, references=(), note={})


def _summed(inputs: Inputs, embedding: Array, position: Array) -> Inputs:
    """x from what it is the sum of.  [token, d_model], [token, d_model]"""
    return replace(inputs, embedding=embedding, position=position, x=embedding + position)


def _array(lesson: Lesson, name: str, head: int) -> Array | None:
    """The array of this name that the lesson holds."""
    holder: Inputs | HeadWeights = lesson.inputs.heads[head] if name in _OF_HEAD else lesson.inputs
    found: Array | None = getattr(holder, name) if name in _OF_HEAD + _OF_LESSON else None
    return found


def _array_of(lesson: Lesson, cell: Cell) -> Array:
    """The array that this cell, an input, stands in."""
    editor = LessonEditor(lesson)
    if not editor.is_input(cell.name):
        inputs = ", ".join(name for name in _OF_LESSON + _OF_HEAD if editor.is_input(name))
        raise SourceError(f"{cell.name}: expected an input of this lesson ({inputs}), found another quantity")
    _expect_place("layer", cell.layer, lesson.n_layers)
    _expect_place("head", cell.head, lesson.n_heads)
    array = _array(lesson, cell.name, cell.head)
    if array is None:
        raise SourceError(f"{_address(cell)}: expected a head with {cell.name}, found one without")
    inside = len(cell.index) == array.ndim and all(
        0 <= place < size for place, size in zip(cell.index, array.shape, strict=True)
    )
    if not inside:
        size = " × ".join(map(str, array.shape))
        raise SourceError(f"{_address(cell)}: expected a place among {size} numbers, found one outside")
    return array


def _with_array(inputs: Inputs, cell: Cell, array: Array) -> Inputs:
    """The inputs with another array in place of the one that the cell stands in."""
    if cell.name in _OF_HEAD:
        heads = list(inputs.heads)
        heads[cell.head] = replace(heads[cell.head], **{cell.name: array})
        return replace(inputs, heads=tuple(heads))
    changed: Inputs = replace(inputs, **{cell.name: array})  # type: ignore[arg-type]
    if cell.name not in ("embedding", "position") or changed.embedding is None or changed.position is None:
        return changed
    return _summed(changed, changed.embedding, changed.position)


def _address(cell: Cell) -> str:
    """Where a number stands, as a sample file would have it."""
    indices = "".join(f"[{place + 1}]" for place in cell.index)
    return (f"heads[{cell.head + 1}]." if cell.name in _OF_HEAD else "") + cell.name + indices


def _expect_place(what: str, place: int, count: int) -> None:
    if not 0 <= place < count:
        expected = f"one from 1 to {count}" if count else "at least one"
        raise SourceError(f"{what}: expected {expected}, found {place + 1 if count else 'none'}")


def _words(lesson: Lesson) -> list[Word]:
    vectors = lesson.inputs.x if lesson.inputs.embedding is None else lesson.inputs.embedding  # [token, d_model]
    return list(zip(lesson.tokens, vectors, strict=True))


def _word(lesson: Lesson, token: str) -> Word:
    """A word that comes into the sentence, with the vector it has there already or else an invented one."""
    if not token:
        raise SourceError("token: expected at least one character, found none")
    vector = next((vector for word, vector in _words(lesson) if word == token), None)  # [d_model]
    return token, embed(token, lesson.inputs.x.shape[1]) if vector is None else vector


def _with_words(lesson: Lesson, words: Sequence[Word], query: int) -> Lesson:
    """These words; what belongs to places stays with the places: positions, and who may look at whom."""
    old, n = lesson.inputs, len(words)
    vectors = fixed([vector for _, vector in words])  # [token, d_model]
    mask = None if old.own_mask is None else _mask_of_places(old.own_mask, n)
    inputs = replace(old, tokens=tuple(token for token, _ in words), x=vectors, own_mask=mask)
    if old.position is not None:
        inputs = _summed(inputs, vectors, _at_places(old.position, n))
    title = lesson.title if inputs.tokens == old.tokens else {}  # it may be the sentence as it was
    return replace(_changed(lesson, inputs), query=query, title=title, spelled=_spelled(lesson, words))


def _spelled(lesson: Lesson, words: Sequence[Word]) -> frozenset[str]:
    """The words that have a vector made from their spelling."""
    if lesson.invented:
        return frozenset()
    came = {token for token, _ in words} - {*lesson.tokens}
    return (lesson.spelled | came) & {token for token, _ in words}


def _at_places(position: Array, n: int) -> Array:
    """The vectors of the first n places; one more is a wave, or nothing where no place has any.

    [token, d_model] -> [token, d_model]
    """
    known, d_model = position.shape
    waves = _waves(n, d_model) if position.any() else np.zeros((n, d_model))  # [token, d_model]
    return fixed(np.concatenate([position[:n], waves[known:]]))


def _waves(n: int, d_model: int) -> Array:
    """Sinusoidal positions with as few decimals as those of a typed sentence.  -> [token, d_model]"""
    return sinusoidal(n, d_model).round(DECIMALS)


def _mask_of_places(allowed: Mask, n: int) -> Mask:
    """The mask of the first n places; one more sees them all and, as the causal order has it, is seen by itself alone.

    [query, key] -> [query, key]
    """
    kept = min(n, len(allowed))
    resized = masks.causal(n).copy()  # [query, key]
    resized[:kept, :kept] = allowed[:kept, :kept]
    return resized
