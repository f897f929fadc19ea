"""A chain: quantities, each declared once by its line, in the order of the lesson.

From a line alone come the array, one query's row, the terms of a cell with their addresses, whether a source has the
quantity, and its derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from kitten_tui.core.formula import Ref
from kitten_tui.core.quantity import Quantity

ELSEWHERE = ("before", "after")
"""Where an operand is of another layer."""


class Chain(Mapping[str, Quantity]):
    """Quantities by name, in the order of the lesson; what is not declared in it raises."""

    def __init__(self, quantities: Iterable[Quantity]) -> None:
        self._quantities = {each.name: each for each in quantities}

    # A chain is one thing and not its lines: caches are keyed by it.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __getitem__(self, name: str) -> Quantity:
        try:
            return self._quantities[name]
        except KeyError:
            raise LookupError(f"{name}: no quantity is called so") from None

    def __contains__(self, name: object) -> bool:
        return name in self._quantities

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)

    def with_(self, *quantities: Quantity) -> Chain:
        """The same chain with these lines in place of those of the same name; new ones stand before what uses them."""
        lines = list({**self._quantities, **{each.name: each for each in quantities}}.values())
        added = [each for each in quantities if each.name not in self]
        for new in added * len(added):  # one that is used by another new one has to wait for that
            lines.remove(new)
            user = next((place for place, line in enumerate(lines) if _uses(line, new.name)), len(lines))
            lines.insert(user, new)
        return Chain(lines)

    def operands(self, name: str) -> tuple[Ref, ...]:
        """What the line of a quantity is made of; nothing where it has none."""
        formula = self[name].formula
        return () if formula is None else tuple(formula.refs)

    def users(self, name: str) -> tuple[str, ...]:
        """The quantities whose lines use this one in the same layer, in the order of the lesson; no gradient is one."""
        return self._users.get(name, ())

    @cached_property
    def _users(self) -> dict[str, tuple[str, ...]]:
        users: dict[str, list[str]] = {}
        for name in self:
            operands = () if self[name].of else self.operands(name)
            for operand in {ref.name for ref in operands if ref.where not in ELSEWHERE}:
                users.setdefault(operand, []).append(name)
        return {operand: tuple(names) for operand, names in users.items()}

    def of_keys(self, name: str) -> bool:
        """Whether the tokens of a [token, …] quantity are those that are looked at, as of k, v and what makes them."""
        name = self[name].of or name
        for user in self.users(name):
            for ref in self.operands(user):
                if ref.name == name and ref.labels and ref.labels[0] != "query":
                    return self.of_keys(user) if ref.labels[0] == "token" else True
        return False

    def steps(self, first: str, last: str) -> tuple[str, ...]:
        """The quantities that lead from one to another, both included; none where it does not.

        A line is followed through its first operand, which is what it is about.
        """
        names = [last]
        while names[0] != first:
            operands = self.operands(names[0])
            if not operands or operands[0].where or operands[0].name in names:
                return ()
            names.insert(0, operands[0].name)
        return tuple(names)


def _uses(line: Quantity, name: str) -> bool:
    return line.formula is not None and any(
        ref.name == name and ref.where not in ELSEWHERE for ref in line.formula.refs
    )
