"""Every quantity of one head by its line, each computed when it is first looked at, and never changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array, Mask
from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Count, Number, Op, Part, Ref
from kitten_tui.core.operations import CHOICES, FUNCTIONS
from kitten_tui.core.products import STAR, Named, cut, inverse, product
from kitten_tui.core.quantity import Quantity, Scope

LONG = 64
"""Texts of more tokens are looked at a row at a time as far as possible."""
ROWS = 2
"""How many queries' rows are kept: of the selected one and of one that is pinned."""


class MissingError(LookupError):
    """A quantity that this source does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: this source has none")
        self.name = name


@dataclass(frozen=True, eq=False)
class Given:
    """A quantity that a source has without its line."""

    whole: Callable[[], npt.ArrayLike] | None = None
    """Computes it when it is first asked for; None where it is only made a row at a time."""
    row: Callable[[int], npt.ArrayLike] | None = None
    """Computes what belongs to one place of its first axis."""
    symbol: Callable[..., str | None] | None = None
    """How the number at an index is written, where that says more than its digits; None for one not worth writing."""


Value = Array | Mask | float | Given


class Trace:
    """The quantities of one head under settings, or those of a layer that its heads share or make together.

    What is given wins over a line.
    """

    def __init__(
        self,
        chain: Chain,
        given: Mapping[str, Value],
        scopes: tuple[Scope, ...],
        outer: Trace | None = None,
        *,
        sizes: Mapping[str, int],
        heads: Sequence[Callable[[], Trace]] = (),
        before: Callable[[], Trace] | None = None,
        after: Callable[[], Trace] | None = None,
        whole: Callable[[], Trace] | None = None,
        index: int = 0,
    ) -> None:
        self.chain = chain
        self.given = given
        self.scopes = scopes
        """What it computes itself."""
        self.outer = outer
        """Where everything else is looked up."""
        self.sizes = sizes
        """How many places an axis has, of those that are known before anything is computed."""
        self.heads = heads
        """All heads of the layer, where what they make together is computed here."""
        self.before = before
        """The layer before, in a source that has one."""
        self.after = after
        """The layer after, where something comes back from it."""
        self.whole = whole
        """What all heads of the layer make together, where something of that comes back to a head."""
        self.index = index
        """Which of them the head is."""
        self._present: dict[str, bool] = {}
        self._known: dict[str, Array] = {}
        self._grids: list[str] = []
        """Those of them that can be let go of: what is yes or no takes an eighth of the room, and a draw is slow."""
        self._rows: OrderedDict[int, dict[str, Array]] = OrderedDict()

    # Presence

    def has(self, name: str) -> bool:
        """Whether there is such a quantity, given or by its line; nothing is computed to find out.

        Raises:
            LookupError: no quantity is called so.
        """
        if name not in self._present:
            quantity = self.chain[name]
            holder = None if self._makes(quantity) else self._holder(quantity)
            elsewhere = holder is not None and holder.has(name)
            self._present[name] = name in self.given or elsewhere or (self._makes(quantity) and self.follows(name))
        return self._present[name]

    def _makes(self, quantity: Quantity) -> bool:
        return quantity.scope in self.scopes and quantity.line != ""

    def _holder(self, quantity: Quantity) -> Trace | None:
        """Where a quantity is looked up that is not made here."""
        return self.whole() if quantity.scope is Scope.LAYER and self.whole is not None else self.outer

    def _finds(self, ref: Ref) -> bool:
        match ref.where:
            case "before":
                return self.before is not None
            case "after":
                return self.after is not None and self.after().has(ref.name)
            case "heads":
                return bool(self.heads) and all(head().has(ref.name) for head in self.heads)
            case _:
                return self.has(ref.name)

    def follows(self, name: str) -> bool:
        """Whether all that the line of a quantity needs is there, so that it follows from that."""
        quantity = self.chain[name]
        if quantity.formula is None or (quantity.of and not self.has(quantity.of)):
            return False
        return all(self._finds(ref) for ref in quantity.formula.refs if not ref.optional)

    # Numbers

    def __getitem__(self, name: str) -> Array:
        """The whole quantity, with the axes of its declaration.

        Raises:
            LookupError: no quantity is called so, or this source has none.
        """
        if name in self._known:
            return self._known[name]
        quantity = self.chain[name]
        array = self._keep(self._known, name, self._whole(quantity))
        if quantity.axes[:2] == ("query", "key") and not quantity.truth:
            self._grids.append(name)
        return array

    def truth(self, name: str) -> Mask:
        """A whole quantity that is yes or no."""
        return self[name].astype(bool, copy=False)

    def _whole(self, quantity: Quantity) -> npt.ArrayLike:
        value = self.given.get(quantity.name)
        if isinstance(value, Given):
            if value.whole is None:
                raise MissingError(quantity.name)
            return value.whole()
        if value is not None:
            return value
        if self._makes(quantity):
            return self.by_line(quantity.name)
        holder = self._holder(quantity)
        if holder is None:
            raise MissingError(quantity.name)
        return holder[quantity.name]

    def by_line(self, name: str) -> Array:
        """The whole quantity by its line, whatever is given.

        Raises:
            LookupError: it has no line, or something that the line needs is not there.
        """
        return np.asarray(self._evaluated(self.chain[name], {}))

    def row(self, name: str, place: int) -> Array:
        """What belongs to one place of the first axis: in a long text this costs no more than in a short one.

        Raises:
            LookupError: as for the whole, or there is no such place.
        """
        quantity = self.chain[name]
        value = self.given.get(name)
        if isinstance(value, Given) and value.row is not None:
            return np.asarray(value.row(place))
        holder = self._holder(quantity)
        if value is None and not self._makes(quantity) and holder is not None:
            return holder.row(name, place)
        if not self._by_row(quantity):
            return np.asarray(self[name][place])
        if place not in self._rows:
            self._rows[place] = {}
            while len(self._rows) > ROWS:
                self._rows.popitem(last=False)
        rows = self._rows[place]
        self._rows.move_to_end(place)
        if name not in rows:
            self._keep(rows, name, self._evaluated(quantity, {quantity.axes[0]: place}))
        return rows[name]

    def _by_row(self, quantity: Quantity) -> bool:
        """Whether a row is made without the whole: where the whole is larger than a grid, or a large grid."""
        name, axes = quantity.name, quantity.axes
        if name in self._known or name in self.given or not self._makes(quantity):
            return False
        if axes[0] != "query":
            return self._row_alone(quantity)
        # A row by itself may differ from the row of the whole in its last bit.
        return len(axes) > 2 or self.sizes["query"] > LONG

    def _row_alone(self, quantity: Quantity) -> bool:
        """Whether it comes from something that is only made a row at a time."""
        for ref in self.chain.operands(quantity.name):
            made, value = self.chain[ref.name], self.given.get(ref.name)
            if isinstance(value, Given) and value.whole is None:
                return True
            of_rank = made.scope is Scope.SETTING or "rank" in made.axes
            if value is None and of_rank and self._makes(made) and self._row_alone(made):
                return True
        return False

    def at(self, name: str, index: Sequence[int | None]) -> Array:
        """The numbers at these places; None is all places of an axis. Only what is needed for them is computed.

        Raises:
            LookupError: as for the whole, or the index lies outside.
        """
        quantity = self.chain[name]
        if not self.has(name):
            raise MissingError(name)
        if len(index) != len(quantity.axes) or any(place is not None and place < 0 for place in index):
            raise IndexError(f"{name}: {tuple(index)}")
        rest = tuple(slice(None) if place is None else place for place in index)
        if index and index[0] is not None:
            if "pinned" in quantity.axes and index[1] is not None:
                row = self._evaluated(quantity, {quantity.axes[0]: index[0], "pinned": index[1]})
                return np.asarray(row[rest[2:]])
            return np.asarray(self.row(name, index[0])[rest[1:]])
        return np.asarray(self[name][rest])

    def symbol(self, name: str, index: tuple[int, ...]) -> str | None:
        """How a number is written, where that says more than its digits: √2, cos 0.5; else empty."""
        value = self.given.get(name)
        holder = self._holder(self.chain[name])
        if value is None and holder is not None:
            return holder.symbol(name, index)
        return value.symbol(*index) if isinstance(value, Given) and value.symbol else ""

    def forget(self) -> None:
        """Lets its grids go; what is asked for again is computed again."""
        for name in self._grids:
            del self._known[name]
        self._grids.clear()

    @staticmethod
    def _keep(kept: dict[str, Array], name: str, value: npt.ArrayLike) -> Array:
        array = np.asarray(value)
        array.setflags(write=False)
        kept[name] = array
        return array

    # From a line to numbers

    def _evaluated(self, quantity: Quantity, fixed: Mapping[str, int]) -> Array:
        """By its line, with some of its axes held at a place; the others are those of the result."""
        formula = quantity.formula
        if formula is None:
            raise MissingError(quantity.name)
        axes = tuple(axis for axis in quantity.axes if axis not in fixed)
        if formula.op in CHOICES:
            (names, array) = self._operand(next(formula.refs), fixed)
            return CHOICES[formula.op](array, names.index(STAR))
        parts: list[Array | float] = []
        counted = 0
        named: set[str] = set()
        for part in formula.parts:
            operands = self._operands(part, fixed)
            if operands is None:
                # A norm has its parts in their places, a sum has one less.
                parts += [0.0] if formula.op is Op.NORM else []
                continue
            if part == (Count(),):
                parts.append(float(counted))
                continue
            named.update(name for names, _ in operands for name in names)
            counted = next((array.shape[names.index(STAR)] for names, array in operands if STAR in names), counted)
            parts.append(product(operands, axes))
        array = FUNCTIONS[formula.op](*parts)
        if named.issuperset(axes):
            return array
        # No operand has these axes: the numbers are the same all along them.
        shape = np.broadcast_shapes(np.shape(array), tuple(1 if axis in named else self.sizes[axis] for axis in axes))
        return np.broadcast_to(array, shape)

    def _operands(self, part: Part, fixed: Mapping[str, int]) -> list[Named] | None:
        """None where one that may be missing is."""
        operands: list[Named] = []
        for factor in part:
            if isinstance(factor, Number):
                operands.append(((), factor.value))
            elif isinstance(factor, Count) and factor.axis:
                operands.append(((), float(self.sizes[factor.axis]) ** (-1 if factor.below else 1)))
            elif isinstance(factor, Ref):
                if factor.optional and not self._finds(factor):
                    return None
                names, array = self._operand(factor, fixed)
                operands.append((names, inverse(array) if factor.below else array))
        return operands

    def _operand(self, ref: Ref, fixed: Mapping[str, int]) -> Named:
        of, labels = self, ref.labels
        if ref.where == "heads":
            arrays = [head()[ref.name] for head in self.heads]
            if labels[0].startswith("#"):
                return (labels[0][1:], *labels[1:]), cut(arrays)[self.index]
            return labels, (np.stack if len(labels) > len(self.chain[ref.name].axes) else np.hstack)(arrays)
        if ref.where:
            beside = self.before if ref.where == "before" else self.after
            if beside is None:
                raise MissingError(ref.name)
            of = beside()
        if not labels:
            # A number of Python's own leaves float32 what it is.
            return labels, float(of[ref.name])
        if labels[0] in fixed:
            labels, array = labels[1:], of.row(ref.name, fixed[labels[0]])
        else:
            array = of[ref.name]
        return self._placed(labels, array)

    def places_of_own(self, width: int) -> range:
        """The places of this head where all heads stand side by side, this many numbers in all."""
        own = width // (1 if self.whole is None else len(self.whole().heads))
        return range(self.index * own, (self.index + 1) * own)

    def _placed(self, labels: tuple[str, ...], array: Array) -> Named:
        """What the indices that are no axes make of an array."""
        names: list[str] = []
        for label in labels:
            place = len(names)
            if label == "max":
                array = array.max(axis=place)
                continue
            if label.startswith("≤"):
                array = np.cumsum(array, axis=place)
            elif label.startswith("~"):
                array = array.take(self["partner"].astype(np.intp), axis=place)
            elif label.startswith("@"):
                array = array.take(self.places_of_own(array.shape[place]), axis=place)
            names.append(label.lstrip("≤~@"))
        return tuple(names), array
