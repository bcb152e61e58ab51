"""Operations declared for a while: tests of rules that are wrong on purpose need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..primitives.registry import registry


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
    before = registry.snapshot()
    try:
        yield
    finally:
        registry.restore(before)
