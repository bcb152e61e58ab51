"""Check gradients: yours and the engine's, against oracles that share no code with them.

>>> import numpy as np
>>> from autodiff.testing import check_gradients
>>> check_gradients(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
<Report: 7 derivatives agree>

The strategies (`arrays_for`, `expressions`, `gradient_property`, `points`,
`shapes_that_broadcast`, `smooth_points`) need hypothesis, from the extra `testing`.
"""

from typing import TYPE_CHECKING, Any

from .check import check_gradients as check_gradients
from .comparison import Kink as Kink
from .oracles import Estimate as Estimate
from .oracles import OneSided as OneSided
from .oracles import adjoint_gap as adjoint_gap
from .oracles import complex_step as complex_step
from .oracles import finite_differences as finite_differences
from .oracles import one_sided_differences as one_sided_differences
from .oracles import taylor_order as taylor_order
from .report import GradientError as GradientError
from .report import Report as Report
from .report import UncheckableError as UncheckableError
from .scratch import temporary_operations as temporary_operations

if TYPE_CHECKING:
    from .strategies import arrays_for as arrays_for
    from .strategies import expressions as expressions
    from .strategies import gradient_property as gradient_property
    from .strategies import points as points
    from .strategies import shapes_that_broadcast as shapes_that_broadcast
    from .strategies import smooth_points as smooth_points

_STRATEGIES = (
    "arrays_for", "expressions", "gradient_property", "points", "shapes_that_broadcast",
    "smooth_points",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import strategies

    return getattr(strategies, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_STRATEGIES})
