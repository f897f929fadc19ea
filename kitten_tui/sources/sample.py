"""Sample files: TOML, written to be read and changed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Reference
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.lesson import MAX_TOKENS, Lesson, Texts
from kitten_tui.sources.tables import read_table

MAX_NUMBER = 1e9
"""Far above any trained weight, and far below where products would overflow."""

Shape = tuple[int | None, ...]


def read_sample(path: Path) -> Lesson:
    """The lesson in a sample file.

    Raises:
        SourceError: the file cannot be read, or what it says does not fit together.
    """
    return _Table(str(path), "", read_table(path, "a sample")[0]).lesson()


class _Table:
    """A TOML table that remembers where it stands, so that every error can say so."""

    def __init__(self, file: str, place: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.place = place
        self.values = values

    def fail(self, key: str, expected: str, found: object) -> NoReturn:
        shown = found if isinstance(found, str) else _show(found)
        raise SourceError(f"{self.file}: {self.place}{key}: expected {expected}, found {shown}")

    def only(self, *known: str) -> None:
        for key in self.values:
            if key not in known:
                self.fail(key, f"only {', '.join(known)}", "this key")

    def lesson(self) -> Lesson:
        self.only(*_KEYS)
        tokens = self.tokens()
        x, embedding, position = self.vectors(len(tokens))
        heads = self.heads(x.shape[1])
        width = len(heads) * heads[0].w_q.shape[1]
        w_o = self.matrix("w_o", (width, None), optional=True)
        b_o = self.matrix("b_o", (None if w_o is None else w_o.shape[1],), optional=True)
        if b_o is not None and w_o is None:
            self.fail("b_o", "a w_o for it to follow", "none")
        own = self.matrix("own_mask", (len(tokens), len(tokens)), optional=True)
        if own is not None and not np.isin(own, (0.0, 1.0)).all():
            self.fail("own_mask", "only 0 and 1", "other numbers")
        inputs = Inputs(
            tokens=tokens,
            x=x,
            heads=heads,
            embedding=embedding,
            position=position,
            w_o=w_o,
            b_o=b_o,
            own_mask=None if own is None else own.astype(bool),
        )
        begin = self.table("settings", {})
        begin.only("scale", "divisor", "mask", "dropout", "seed", "query")
        settings = begin.settings(Settings(), inputs)
        return Lesson(
            inputs=inputs,
            title=self.texts("title"),
            note=self.texts("note"),
            settings=settings,
            query=begin.query(tokens),
            references=tuple(table.reference(inputs, settings) for table in self.tables("reference")),
            **self.invented(tokens),
            drawn=self.get("drawn", bool, "true or false", False),
        )

    def invented(self, tokens: tuple[str, ...]) -> dict[str, Any]:
        """Whether all numbers are made up, or the vectors of which words."""
        given = self.values.get("invented", False)
        if isinstance(given, bool):
            return {"invented": given}
        if not isinstance(given, list) or not all(token in tokens for token in given):
            self.fail("invented", "true, false or a list of words of the sentence", _describe(given))
        return {"spelled": frozenset(given)}

    def tokens(self) -> tuple[str, ...]:
        tokens = self.get("tokens", list, "a list of strings")
        if not tokens:
            self.fail("tokens", "at least one", "none")
        if len(tokens) > MAX_TOKENS:
            self.fail("tokens", f"at most {MAX_TOKENS}", len(tokens))
        for number, token in enumerate(tokens, start=1):
            if not isinstance(token, str) or not token:
                self.fail(f"tokens[{number}]", "a string that is not empty", _describe(token))
        return tuple(tokens)

    def vectors(self, n: int) -> tuple[Array, Array | None, Array | None]:
        """x, and what it is the sum of where the file says so."""
        given = [key for key in ("embedding", "position", "x") if key in self.values]
        if given == ["x"]:
            return self.needed("x", (n, None)), None, None
        if given != ["embedding", "position"]:
            self.fail("x", "embedding and position, or x alone", " and ".join(given) or "none of them")
        embedding = self.needed("embedding", (n, None))  # [token, d_model]
        position = self.needed("position", embedding.shape)  # [token, d_model]
        return embedding + position, embedding, position

    def heads(self, d_model: int) -> tuple[HeadWeights, ...]:
        heads: list[HeadWeights] = []
        for table in self.tables("heads"):
            table.only("w_q", "w_k", "w_v", "b_q", "b_k", "b_v")
            d_k = heads[0].w_q.shape[1] if heads else table.needed("w_q", (d_model, None)).shape[1]
            arrays = {key: table.needed(key, (d_model, d_k)) for key in ("w_q", "w_k", "w_v")}
            biases = {key: table.matrix(key, (d_k,), optional=True) for key in ("b_q", "b_k", "b_v")}
            heads.append(HeadWeights(arrays["w_q"], arrays["w_k"], arrays["w_v"], **biases))
        if not heads:
            self.fail("heads", "at least one [[heads]] table with w_q, w_k and w_v", "none")
        return tuple(heads)

    def settings(self, start: Settings, inputs: Inputs) -> Settings:
        mask = self.get("mask", str, "a string", start.mask)
        if mask == "own" and inputs.own_mask is None:
            self.fail("mask", "an own_mask in the file", "none")
        scale = self.get("scale", bool, "true or false", start.scale)
        divisor = self.number("divisor", 0.0) if "divisor" in self.values else start.divisor
        dropout = self.number("dropout", start.dropout)
        seed = self.get("seed", int, "a whole number", start.seed)
        try:
            return Settings(scale=scale, divisor=divisor, mask=mask, dropout=dropout, seed=seed)
        except ValueError as error:
            raise SourceError(f"{self.file}: {self.place}{error}") from None

    def query(self, tokens: tuple[str, ...]) -> int:
        query = self.get("query", (str, int), "a token or its number", 1)
        if isinstance(query, str) and query in tokens:
            return tokens.index(query)
        if isinstance(query, int) and 1 <= query <= len(tokens):
            return query - 1
        self.fail("query", f"a token of the sentence or a number from 1 to {len(tokens)}", query)

    def reference(self, inputs: Inputs, settings: Settings) -> Reference:
        names = [key for key in self.values if key in ATTENTION and 0 < len(ATTENTION[key].axes) < 3]
        self.only("source", "tolerance", "head", "scale", "divisor", "mask", "dropout", "seed", *names)
        head = self.get("head", int, "the number of a head", 1)
        if not 1 <= head <= len(inputs.heads):
            self.fail("head", f"a number from 1 to {len(inputs.heads)}", head)
        tolerance = self.number("tolerance", 1e-6)
        if not 0 < tolerance < math.inf:
            self.fail("tolerance", "a number above 0", tolerance)
        return Reference(
            source=self.get("source", str, "a string"),
            head=head - 1,
            settings=self.settings(settings, inputs),
            tolerance=tolerance,
            values={name: self.needed(name, (None,) * len(ATTENTION[name].axes)) for name in names},
        )

    def texts(self, key: str) -> Texts:
        found = self.get(key, (str, dict), "a string, or one for each language", {})
        texts = {"en": found} if isinstance(found, str) else found
        if not all(isinstance(text, str) for text in texts.values()):
            self.fail(key, "a string for each language", _describe(texts))
        return texts

    def get(self, key: str, kind: type | tuple[type, ...], expected: str, default: object = None) -> Any:
        if key not in self.values:
            if default is None:
                self.fail(key, expected, "nothing")
            return default
        value = self.values[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self.fail(key, expected, _describe(value))
        return value

    def number(self, key: str, default: float) -> float:
        try:
            return float(self.get(key, (int, float), "a number", default))
        except OverflowError:
            return math.inf

    def table(self, key: str, default: dict[str, Any]) -> _Table:
        return _Table(self.file, f"{key}.", self.get(key, dict, "a table", default))

    def tables(self, key: str) -> list[_Table]:
        found = self.get(key, list, f"[[{key}]] tables", [])
        for number, values in enumerate(found, start=1):
            if not isinstance(values, dict):
                self.fail(f"{key}[{number}]", "a table", _describe(values))
        return [_Table(self.file, f"{key}[{number}].", values) for number, values in enumerate(found, start=1)]

    def needed(self, key: str, shape: Shape) -> Array:
        array = self.matrix(key, shape)
        assert array is not None
        return array

    def matrix(self, key: str, shape: Shape, *, optional: bool = False) -> Array | None:
        """Rows of numbers; None in the shape is any width but 0."""
        if optional and key not in self.values:
            return None
        found = _shape(self.get(key, list, f"{_dimensions(shape)} numbers"))
        if found is None:
            self.fail(key, f"{_dimensions(shape)} numbers", "rows of different lengths")
        fits = len(found) == len(shape) and all(
            is_ == want or (want is None and is_) for is_, want in zip(found, shape, strict=True)
        )
        if not fits:
            self.fail(key, f"{_dimensions(shape)} numbers", _dimensions(found))
        for place, number in _walk(self.values[key]):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                self.fail(key + place, "a number", _describe(number))
            if not abs(number) <= MAX_NUMBER:  # nan is not less than anything
                size = f"{number:.3g}" if isinstance(number, float) else "a larger one"
                self.fail(key + place, f"a number within ±{MAX_NUMBER:.0e}", size)
        return fixed(self.values[key])


_KEYS = (
    "title",
    "note",
    "tokens",
    "embedding",
    "position",
    "x",
    "w_o",
    "b_o",
    "own_mask",
    "invented",
    "drawn",
    "settings",
    "heads",
    "reference",
)


def _shape(rows: Any) -> tuple[int, ...] | None:
    """The shape of nested lists, None where they are ragged."""
    if not isinstance(rows, list):
        return ()
    inner = {_shape(row) for row in rows}
    if len(inner) > 1 or None in inner:
        return None
    return (len(rows), *(inner.pop() if inner else ()))  # type: ignore[misc]


def _walk(rows: Any, place: str = "") -> Any:
    if isinstance(rows, list):
        for number, row in enumerate(rows, start=1):
            yield from _walk(row, f"{place}[{number}]")
    else:
        yield place, rows


def _dimensions(shape: Shape) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape) or "a single value, not rows of"


def _show(value: object) -> str:
    """A value as Python writes it, but for whole numbers that it refuses to write out."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"of {value.bit_length()} bits"
    return repr(value)


def _describe(value: object) -> str:
    kinds = ((bool, "the boolean"), (str, "the string"), (int, "the number"), (float, "the number"))
    for kind, name in kinds:
        if isinstance(value, kind):
            text = _show(value)
            return f"{name} {text if len(text) <= 40 else text[:39] + '…'}"
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else type(value).__name__
