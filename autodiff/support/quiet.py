"""NumPy without its warnings for one call, and no longer, though it be interrupted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def quiet(f: F, **kinds: Any) -> F:
    """f, with `kinds` of warnings ignored, or all: in a copy of the context, which C leaves."""
    ignoring: Any = np.errstate(**(kinds or {"all": "ignore"}))(f)

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        return copy_context().run(ignoring, *args, **keywords)

    return call  # type: ignore[return-value]
