"""SciPy's functions on Values and Tensors: the special ones by the names that they have there.

Most of these are ufuncs, so that NumPy hands a call of one to a node (see protocols.py). All
others ask a node for its array, and are refused. SciPy itself is never imported here: who has such
a function has imported it, and it is known by its module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import Node
from ..primitives.registry import registry
from ..support.frames import scipys_function
from .activations import log_sigmoid, logit
from .bessel import i0, i0e, i1, i1e, j0, j1
from .beta_function import beta, betaln
from .entropy import entr, huber, kl_div, rel_entr
from .exponentials import cbrt, exp2, expm1, log1p, sigmoid, xlog1py, xlogy
from .normal import erfcx, log_ndtr, ndtr, ndtri
from .rounding import rint
from .special import digamma, erf, erfc, erfcinv, erfinv, gamma, gammaln

# What a ufunc of scipy.special's is on a node, by its `__name__`.
UFUNCS: dict[str, Callable[..., Any]] = {
    "beta": beta, "betaln": betaln, "cbrt": cbrt, "entr": entr, "erf": erf, "erfc": erfc,
    "erfcinv": erfcinv, "erfcx": erfcx, "erfinv": erfinv, "exp2": exp2, "expit": sigmoid,
    "expm1": expm1, "gamma": gamma, "gammaln": gammaln, "huber": huber, "i0": i0, "i0e": i0e,
    "i1": i1, "i1e": i1e, "j0": j0, "j1": j1, "kl_div": kl_div, "log1p": log1p,
    "log_expit": log_sigmoid, "log_ndtr": log_ndtr, "logit": logit, "ndtr": ndtr, "ndtri": ndtri,
    "psi": digamma, "rel_entr": rel_entr, "round": rint, "xlog1py": xlog1py, "xlogy": xlogy,
}  # fmt: skip


def is_scipys(ufunc: np.ufunc) -> bool:
    """Whether a ufunc is one of scipy.special's, if that has been imported."""
    module = sys.modules.get("scipy.special")
    return module is not None and getattr(module, ufunc.__name__, None) is ufunc


# The packages whose functions mean what ours of the same name do.
_ALIKE = ("scipy.integrate", "scipy.linalg", "scipy.special")


def refuse_scipy(node: Node) -> None:
    """Raises TypeError where it is a plain function of SciPy's that asks a node for its array."""
    function = scipys_function()
    if function is None:
        return
    fix = "Declare its rule with `@primitive`, or use `.data` if no gradient is wanted."
    package, _, name = function.rpartition(".")
    if package in _ALIKE and name in registry.operations:
        linalg = ", and NumPy's arguments" if package == "scipy.linalg" else ""
        fix = f"Use `autodiff.{name}`, which has one{linalg}."
    raise TypeError(
        f"SciPy's `{function}` takes plain arrays and has no derivative rule, so {describe(node)} "
        f"cannot go through it.\n{fix}"
    )
