"""Record a computation, backpropagate through it, and show its derivative.

>>> import autodiff as ad
>>> w, x = ad.Value(2.0, name="w"), ad.Value(-1.0, name="x")
>>> f = ad.sigmoid(w * x)
>>> f.backward()
>>> round(w.grad, 4), round(x.grad, 4)
(-0.105, 0.21)
"""

# ruff: isort: skip_file
# fmt: off
import builtins as _builtins

from .graph.blocks import no_grad
from .graph.tensor import Tensor, tensor
from .graph.value import Value
from .operations.activations import (
    elu, gelu, glu, hard_tanh, leaky_relu, log_sigmoid, logit, relu, selu, silu, soft_sign,
    softplus,
)
from .operations.arithmetic import (
    abs, add, div, fabs, ldexp, mul, neg, positive, reciprocal, square, sub,
)
from .operations.bessel import i0, i0e, i1, i1e, j0, j1
from .operations.beta_function import beta, betaln
from .operations.calculus import (
    convolve, correlate, diff, ediff1d, gradient, interp, polyval, trapezoid, unwrap, vander,
)
from .operations.choices import (
    choose, clip, fmax, fmin, maximum, minimum, nan_to_num, piecewise, select, stop_gradient,
    where,
)
from .operations.convolution import convolution
from .operations.decompositions import eigh, eigvalsh, qr, svd, svdvals
from .operations.einsum import einsum
from .operations.entropy import entr, huber, kl_div, rel_entr
from .operations.exponentials import (
    cbrt, exp, exp2, expm1, log, log10, log1p, log2, logaddexp, logaddexp2, pow, sigmoid, sqrt,
    xlog1py, xlogy,
)
from .operations.indexing import (
    compress, diag, diagflat, diagonal, extract, partition, sort, take, take_along_axis, unique,
)
from .operations.joining import (
    append, array_split, atleast_1d, atleast_2d, atleast_3d, block, column_stack, concatenate,
    delete, dsplit, dstack, fliplr, flipud, hsplit, hstack, insert, repeat, resize, rot90, split,
    stack, tile, unstack, vsplit, vstack,
)
from .operations.least_squares import lstsq, matrix_rank, pinv
from .operations.linalg import (
    cholesky, det, inv, matrix_power, slogdet, solve, tensorinv, tensorsolve, trace,
)
from .operations.norms import cond, norm
from .operations.predicates import (
    all, allclose, any, argmax, argmin, argpartition, argsort, argwhere, array_equal,
    array_equiv, count_nonzero, digitize, equal, flatnonzero, greater, greater_equal, isclose,
    iscomplex, isfinite, isin, isinf, isnan, isneginf, isposinf, isreal, less, less_equal,
    lexsort, logical_and, logical_not, logical_or, logical_xor, nanargmax, nanargmin, nonzero,
    not_equal, searchsorted, signbit,
)
from .operations.normal import erfcx, log_ndtr, ndtr, ndtri
from .operations.padding import pad
from .operations.pooling import avg_pool, max_pool
from .operations.products import (
    cross, dot, inner, kron, matmul, matvec, multi_dot, outer, tensordot, vdot, vecdot, vecmat,
)
from .operations.quantiles import (
    median, nanmedian, nanpercentile, nanquantile, percentile, quantile,
)
from .operations.reductions import max, mean, min, std, sum, var
from .operations.rounding import (
    ceil, copysign, divmod, floor, floor_divide, fmod, heaviside, modf, remainder, rint, round,
    sign, trunc,
)
from .operations.scans import cumprod, cumsum, prod, recurrence
from .operations.shapes import (
    astype, broadcast_arrays, broadcast_to, expand_dims, flatten, flip, full_like, imag,
    linspace, matrix_transpose, meshgrid, moveaxis, ravel, real, reshape, roll, rollaxis,
    squeeze, swapaxes, transpose, tril, triu,
)
from .operations.softmax import cross_entropy, log_softmax, logsumexp, softmax
from .operations.special import (
    digamma, erf, erfc, erfcinv, erfinv, gamma, gammaln, polygamma,
)
from .operations.statistics import (
    average, corrcoef, cov, nancumprod, nancumsum, nanmax, nanmean, nanmin, nanprod, nanstd, nansum,
    nanvar, ptp,
)
from .operations.trigonometry import (
    angle, arccos, arccosh, arccot, arccoth, arccsc, arccsch, arcsec, arcsech, arcsin, arcsinh,
    arctan, arctan2, arctanh, cos, cosh, cot, coth, csc, csch, deg2rad, hypot, rad2deg, sec, sech,
    sin, sinc, sinh, tan, tanh,
)
from .operations.windows import sliding_window_view
from .primitives.anomaly import detect_anomaly
from .primitives.declare import elementwise, primitive
from .programs.compile import compile
from .programs.derive import derive
from .programs.tracing.standins import TraceError
from .transforms.forward import hvp, jvp
from .transforms.grad import grad, local_gradients, value_and_grad, vjp
from .transforms.jacobian import hessian, jacfwd, jacobian, jacrev
from .transforms.ravel import ravel_tree
from .support.memory import keep_freed_memory as _keep_freed_memory
from .operations.methods import install as _install

__all__ = [
    "Tensor", "TraceError", "Value", "abs", "add", "all", "allclose", "angle", "any", "append",
    "arccos", "arccosh", "arccot", "arccoth", "arccsc", "arccsch", "arcsec", "arcsech", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argpartition", "argsort",
    "argwhere", "array_equal", "array_equiv", "array_split", "astype", "atleast_1d", "atleast_2d",
    "atleast_3d", "average", "avg_pool", "beta", "betaln", "block", "broadcast_arrays",
    "broadcast_to", "cbrt", "ceil", "cholesky", "choose", "clip", "column_stack", "compile",
    "compress", "concatenate", "cond", "convolution", "convolve", "copysign", "corrcoef",
    "correlate", "cos", "cosh", "cot", "coth", "count_nonzero", "cov", "cross", "cross_entropy",
    "csc", "csch", "cumprod", "cumsum", "deg2rad", "delete", "derive", "det", "detect_anomaly",
    "diag", "diagflat", "diagonal", "diff", "digamma", "digitize", "div", "divmod", "dot", "dsplit",
    "dstack", "ediff1d", "eigh", "eigvalsh", "einsum", "elementwise", "elu", "entr", "equal", "erf",
    "erfc", "erfcinv", "erfcx", "erfinv", "exp", "exp2", "expand_dims", "expm1", "extract", "fabs",
    "flatnonzero", "flatten", "flip", "fliplr", "flipud", "floor", "floor_divide", "fmax", "fmin",
    "fmod", "full_like", "gamma", "gammaln", "gelu", "glu", "grad", "gradient", "greater",
    "greater_equal", "hard_tanh", "heaviside", "hessian", "hsplit", "hstack", "huber", "hvp",
    "hypot", "i0", "i0e", "i1", "i1e", "imag", "inner", "insert", "interp", "inv", "isclose",
    "iscomplex", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal", "j0", "j1",
    "jacfwd", "jacobian", "jacrev", "jvp", "kl_div", "kron", "ldexp", "leaky_relu", "less",
    "less_equal", "lexsort", "linspace", "local_gradients", "log", "log10", "log1p", "log2",
    "log_ndtr", "log_sigmoid", "log_softmax", "logaddexp", "logaddexp2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "logsumexp", "lstsq", "matmul",
    "matrix_power", "matrix_rank", "matrix_transpose", "matvec", "max", "max_pool", "maximum",
    "mean", "median", "meshgrid", "min", "minimum", "modf", "moveaxis", "mul", "multi_dot",
    "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean",
    "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar",
    "ndtr", "ndtri", "neg", "no_grad", "nonzero", "norm", "not_equal", "outer", "pad", "partition",
    "percentile", "piecewise", "pinv", "polygamma", "polyval", "positive", "pow", "primitive",
    "prod", "ptp", "qr", "quantile", "rad2deg", "ravel", "ravel_tree", "real", "reciprocal",
    "recurrence", "rel_entr", "relu", "remainder", "repeat", "reshape", "resize", "rint", "roll",
    "rollaxis", "rot90", "round", "searchsorted", "sec", "sech", "select", "selu", "sigmoid",
    "sign", "signbit", "silu", "sin", "sinc", "sinh", "sliding_window_view", "slogdet", "soft_sign",
    "softmax", "softplus", "solve", "sort", "split", "sqrt", "square", "squeeze", "stack", "std",
    "stop_gradient", "sub", "sum", "svd", "svdvals", "swapaxes", "take", "take_along_axis", "tan",
    "tanh", "tensor", "tensordot", "tensorinv", "tensorsolve", "tile", "trace", "transpose",
    "trapezoid", "tril", "triu", "trunc", "unique", "unstack", "unwrap", "value_and_grad", "vander",
    "var", "vdot", "vecdot", "vecmat", "vjp", "vsplit", "vstack", "where", "xlog1py", "xlogy",
]


_NAMES = __all__.copy()
# `from autodiff import *` leaves Python's own names alone: `any` and `sum` of a generator, `max` of
# two numbers. Ours are had by name, as in `ad.sum`.
__all__[:] = [name for name in _NAMES if not hasattr(_builtins, name)]


def __dir__() -> list[str]:
    return _NAMES


_install()
_keep_freed_memory()
