"""Operations declared for a while: tests of rules that are wrong on purpose need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..graph.value import Value
from ..primitives.declare import COMPOSITES, NUMPY, PLAIN
from ..primitives.namespaces import FUSED, HELPERS
from ..primitives.primitive import REGISTRY


@contextmanager
def temporary_operations() -> Iterator[None]:
    """Within it, or in a function that it decorates, what is declared is forgotten afterwards.

    >>> import autodiff as ad
    >>> from autodiff.extend import operations
    >>> with temporary_operations():
    ...     @ad.elementwise("x * x * x")
    ...     def cube(z, x):
    ...         return 3 * x * x
    ...     "cube" in operations()
    True
    >>> "cube" in operations()
    False
    """
    tables: tuple[dict[Any, Any], ...] = (REGISTRY, NUMPY, PLAIN, COMPOSITES, HELPERS, FUSED)
    before = [dict(table) for table in tables]
    methods = set(vars(Value))
    try:
        yield
    finally:
        for table, then in zip(tables, before, strict=True):
            table.clear()
            table.update(then)
        for name in set(vars(Value)) - methods:
            delattr(Value, name)
