"""A zero cotangent stops, though what it is multiplied with be infinite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.modes import CARE, current_mode
from ..graph.value import Value
from ..primitives.declare import elementwise, internal
from ..primitives.namespaces import helper
from ..primitives.symbol import Symbol
from .choices import where
from .predicates import isfinite


@helper("chosen_product")
def chosen_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where the partial is, though ct be infinite."""
    return np.where(partial == 0, 0.0, ct * partial)


@helper("safe_product")
def safe_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN."""
    return np.where(np.isfinite(partial) | (ct != 0), ct * partial, 0.0)


@internal
@elementwise("safe_product(x, partial)")
def safe_mul(z, x, partial):
    """A cotangent x times a partial; a zero cotangent stops there, even at a singularity."""
    return where(isfinite(partial) | (x != 0), partial, 0.0), x


def needs_care(ct: Any, factor: Any) -> bool:
    """Whether a zero cotangent may meet what is not finite here, and must stop it."""
    if isinstance(ct, Symbol) or isinstance(factor, Symbol):
        return False
    if not (isinstance(ct, Value) or isinstance(factor, Value)):
        return CARE.taken
    return current_mode().interpreter.zero_may_meet(ct, factor)


def times(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN.

    Arrays are looked at only in a careful walk, which is taken where a plain one gave a NaN.
    """
    return safe_mul(ct, partial) if needs_care(ct, partial) else ct * partial


def times_choice(ct: Any, partial: Any) -> Any:
    """ct * partial, where the partial's 0 says that a branch is not taken: see `is_choice`."""
    if current_mode().interpreter.infinity_may_meet(ct):
        return where(partial != 0, ct * partial, 0.0)
    return ct * partial
