"""A zero cotangent stops: it contributes exactly 0, though the partial be infinite or NaN.

What a choice leaves out (`where`, an index, a slice, a sort, a product with a mask, ...) gets
the cotangent 0, and behind it there may be a singularity: the square root of 0, the logarithm of
a negative number. IEEE 754 says 0 * inf = NaN, and one NaN would spoil the gradient of all that
was chosen. What is left out does not matter, so the product there is 0. Likewise an infinite
cotangent stops at a partial that is 0 because another branch is taken: sqrt(x * (x > 0)).

How each reading, each way from a graph to a derivative, keeps it:

- *The plain walk* on floats leaves out a node whose cotangent is 0. On arrays it multiplies
  without a look, which is faster, and if a NaN comes out it walks again the other way to pull.
- *The recorded walk* pulls by operations on nodes. Its products are `times` and `times_choice`
  below (also in the rules of operations that are not elementwise), which look first: at the
  numbers, where there are any.
- *A trace* has examples alone, and its program runs for other numbers. So it says what could
  be: see `programs/tracing/infinities.py`. Where a zero that lasts may meet an infinity, the
  program has `safe_product`. Where only chance could bring them together the product is plain,
  the program is `doubtful`, and a NaN in its result has it computed again with care everywhere.

| what stops | on floats | on arrays | an operation on nodes | in a rule or the walk |
|---|---|---|---|---|
| a zero cotangent | the walk | `safe_product` | `safe_mul` | `times` |
| an infinite one, where a branch is not taken | `chosen_product` | | `where` | `times_choice` |
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.modes import current_mode
from ..primitives.declare import elementwise, internal
from ..primitives.namespaces import helper
from ..primitives.symbol import Symbol
from .choices import where
from .predicates import isfinite


@helper("safe_product")
def safe_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN."""
    return np.where(np.isfinite(partial) | (ct != 0), ct * partial, 0.0)


@internal
@elementwise("safe_product(x, partial)")
def safe_mul(z, x, partial):
    """A cotangent x times a partial; a zero cotangent stops there, even at a singularity."""
    return where(isfinite(partial) | (x != 0), partial, 0.0), x


def zero_may_meet(ct: Any, factor: Any) -> bool:
    """Whether a zero of the cotangent may meet what is not finite in the factor."""
    if isinstance(ct, Symbol) or isinstance(factor, Symbol):
        return False
    return current_mode().interpreter.zero_may_meet(ct, factor)


def times(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN."""
    return safe_mul(ct, partial) if zero_may_meet(ct, partial) else ct * partial


def times_choice(ct: Any, partial: Any) -> Any:
    """ct * partial, where the partial's 0 says that a branch is not taken: see `is_choice`."""
    if current_mode().interpreter.infinity_may_meet(ct):
        return where(partial != 0, ct * partial, 0.0)
    return ct * partial
