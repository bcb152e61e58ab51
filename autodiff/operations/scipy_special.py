"""SciPy's special functions on Values and Tensors, by the names that they have there.

Most are ufuncs, so that NumPy hands a call of one to a node (see protocols.py). SciPy itself is
never imported here: who has such a function has imported it, and it is known by its module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

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
