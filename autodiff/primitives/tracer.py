"""Tracers: nodes that stand for a value not known yet, so that to compare them decides nothing."""

from __future__ import annotations

from typing import Any

from ..graph.value import Value


class Tracer(Value):
    """A node whose comparisons are no bools, but what a subclass makes of them."""

    __slots__ = ()

    def compared(self, operation: str, *operands: Any) -> Any:
        """The result of an operation whose answers are bools, by its name in the registry."""
        raise NotImplementedError

    def __eq__(self, other: object) -> Any:
        return self.compared("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self.compared("not_equal", self, other)

    def __lt__(self, other: Any) -> Any:
        return self.compared("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self.compared("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.compared("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.compared("greater_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return self.compared("both", self, other)

    def __rand__(self, other: Any) -> Any:
        return self.compared("both", other, self)

    def __or__(self, other: Any) -> Any:
        return self.compared("either", self, other)

    def __ror__(self, other: Any) -> Any:
        return self.compared("either", other, self)

    def __xor__(self, other: Any) -> Any:
        return self.compared("one_alone", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self.compared("one_alone", other, self)

    def __invert__(self) -> Any:
        return self.compared("inverted", self)

    __hash__ = object.__hash__
