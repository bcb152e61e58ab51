"""How NumPy's functions are called in the tests, where one or two arrays are not enough."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

RNG = np.random.default_rng(7)
B = RNG.normal(size=(3, 3))
V = np.array([0.3, -1.2, 0.7])
TALL = RNG.normal(size=(3, 2))

# How a function is called where one or two arrays are not enough, or not all there is to try.
CALLS = {
    "append": [lambda t: np.append(t, [1.0, 2.0]), lambda t: np.append(t, t, axis=0)],
    "array_split": [lambda t: np.array_split(t, 2), lambda t: np.array_split(t, [1], axis=-1)],
    "around": [lambda t: np.around(t, 1)],
    "astype": [lambda t: np.astype(t, np.float64), lambda t: np.astype(t, int)],
    "average": [
        np.average,
        lambda t: np.average(t, axis=0, weights=[1.0, 2.0, 3.0]),
        lambda t: np.average(V, weights=np.abs(t) + 1.0),
        lambda t: np.average(t, axis=(1, 0), weights=TALL),
        lambda t: np.average(t, keepdims=True),
    ],
    "block": [lambda t: np.block([[t, t * t], [t, t]])],
    "broadcast_arrays": [lambda t: np.broadcast_arrays(t, np.ones((3, 1)))],
    "broadcast_to": [lambda t: np.broadcast_to(t, (2, *np.shape(t)))],
    "choose": [lambda t: np.choose(np.array([0, 1, 0]), [t, t * t])],
    "clip": [
        lambda t: np.clip(t, -0.5, 0.5),
        lambda t: np.clip(t, a_min=None, a_max=0.2),
        lambda t: np.clip(t, min=0.1),
        lambda t: np.clip(V, t, 0.5),
        lambda t: np.clip(V, -0.1, t),
    ],
    "column_stack": [lambda t: np.column_stack([t, t * t])],
    "compress": [lambda t: np.compress([True, False, True], t, axis=0)],
    "concatenate": [lambda t: np.concatenate([V, t]), lambda t: np.concatenate([t, t], axis=-1)],
    "convolve": [lambda t, m=m: np.convolve(t, [1.0, 2.0], m) for m in ("full", "same", "valid")]
    + [
        lambda t, m=m: np.convolve([1.0, 2.0, 3.0, 4.0], t, mode=m)
        for m in ("full", "same", "valid")
    ],
    "copysign": [lambda t: np.copysign(t, [1.0, -1.0, 1.0])],
    "correlate": [lambda t, m=m: np.correlate(t, [1.0, 2.0], m) for m in ("full", "same", "valid")]
    + [lambda t, m=m: np.correlate([1.0, 2.0, 3.0, 4.0], t, m) for m in ("full", "same", "valid")]
    + [lambda t, m=m: np.correlate(t, [1.0, 2.0, 3.0, 4.0], m) for m in ("full", "same", "valid")],
    "corrcoef": [np.corrcoef, lambda t: np.corrcoef(t, V * V)],
    "cov": [
        np.cov,
        lambda t: np.cov(t, V),
        lambda t: np.cov(t, rowvar=False, ddof=0),
        lambda t: np.cov(t, bias=True),
    ],
    "cross": [lambda t: np.cross(t, V), lambda t: np.cross(B, t, axisa=0)],
    "cumprod": [np.cumprod, lambda t: np.cumprod(t, axis=-1)],
    "cumsum": [np.cumsum, lambda t: np.cumsum(t, axis=0)],
    "delete": [lambda t: np.delete(t, 1), lambda t: np.delete(t, [0, 2], axis=0)],
    "diag": [np.diag, lambda t: np.diag(t, -1)],
    "diagonal": [np.diagonal, lambda t: np.diagonal(t, 1, 0, -1)],
    "diff": [
        np.diff,
        lambda t: np.diff(t, n=2),
        lambda t: np.diff(t, axis=0),
        lambda t: np.diff(t, prepend=0.5, append=[1.0, 2.0]),
    ],
    "digitize": [lambda t: np.digitize(t, [0.0, 1.0])],
    "dot": [lambda t: np.dot(t, B), lambda t: np.dot(V, t), lambda t: np.dot(t, 2.0)],
    "dsplit": [lambda t: np.dsplit(t, 3)],
    "ediff1d": [np.ediff1d, lambda t: np.ediff1d(t, to_end=[1.0], to_begin=2.0)],
    "einsum": [
        lambda t: np.einsum("ij,j->i", B, t),
        lambda t: np.einsum("ii", t),
        lambda t: np.einsum(t, [0, 1], V, [1], [0]),
        lambda t: np.einsum(t, [0, 1], [1, 0]),
        lambda t: np.einsum("...i,i", t, V, optimize=True),
        lambda t: np.einsum("i,j,k", t, V, t),
    ],
    "expand_dims": [lambda t: np.expand_dims(t, 0), lambda t: np.expand_dims(t, (0, -1))],
    "extract": [lambda t: np.extract([True, False, True], t)],
    "flip": [np.flip, lambda t: np.flip(t, 0), lambda t: np.flip(t, (0, 1))],
    "full_like": [lambda t: np.full_like(t, t[0]), lambda t: np.full_like(t, 2.0)],
    "gradient": [
        np.gradient,
        lambda t: np.gradient(t, 0.5, edge_order=2),
        lambda t: np.gradient(t, [0.0, 1.0, 3.0], axis=0),
        lambda t: np.gradient(t, [0.0, 1.0, 3.0], edge_order=2),
    ],
    "heaviside": [lambda t: np.heaviside(t, 0.5)],
    "hsplit": [lambda t: np.hsplit(t, 3)],
    "insert": [
        lambda t: np.insert(t, 1, 5.0),
        lambda t: np.insert(t, [0, 2], [1.0, 2.0]),
        lambda t: np.insert(t, 1, t[0], axis=0),
    ],
    "interp": [
        lambda t: np.interp(t, [-1.0, 0.1, 2.0], [1.0, 3.0, -2.0]),
        lambda t: np.interp([-0.5, 0.4, 9.0, -9.0], [-1.0, 0.1, 2.0], t),
        lambda t: np.interp(0.4, np.cumsum(np.abs(t)), V, left=7.0),
    ],
    "isin": [lambda t: np.isin(t, [1.0])],
    "ldexp": [lambda t: np.ldexp(t, 3)],
    "lexsort": [lambda t: np.lexsort(t)],
    "linspace": [lambda t: np.linspace(t, V, 4), lambda t: np.linspace(0.0, t, 3, axis=-1)],
    "lstsq": [
        lambda t: np.linalg.lstsq(t, np.ones(t.shape[0]), rcond=None)[0],
        lambda t: np.linalg.lstsq(TALL, t, rcond=None)[:2],
    ],
    "matmul": [lambda t: np.matmul(t, B), lambda t: np.matmul(V, t)],
    "matrix_power": [lambda t, n=n: np.linalg.matrix_power(t, n) for n in (-2, 0, 1, 3)],
    "matvec": [lambda t: np.matvec(B, t)],
    "max": [np.max, lambda t: np.max(t, axis=0, initial=0.1), lambda t: np.max(t, -1, None, True)],
    "mean": [np.mean, lambda t: np.mean(t, (0, -1)), lambda t: np.mean(t, 0, None, None, True)],
    "meshgrid": [
        lambda t: np.meshgrid(t, V),
        lambda t: np.meshgrid(t, V, t, indexing="ij"),
        lambda t: np.meshgrid(V, t, sparse=True),
    ],
    "min": [np.min, lambda t: np.min(t, axis=(0, 1), keepdims=True, initial=-0.5)],
    "moveaxis": [lambda t: np.moveaxis(t, 0, -1), lambda t: np.moveaxis(t, (0, 1), (-1, 0))],
    "multi_dot": [lambda t: np.linalg.multi_dot([V, t, B, TALL])],
    "nan_to_num": [
        np.nan_to_num,
        lambda t: np.nan_to_num(t / 0.0, posinf=1.0, neginf=-1.0, copy=False),
    ],
    "norm": [
        np.linalg.norm,
        *(lambda t, o=o: np.linalg.norm(t, o) for o in (1, -1, 2, -2, np.inf, -np.inf)),
        *(lambda t, o=o: np.linalg.norm(t, o, axis=-1, keepdims=True) for o in (0, 1, 2, 3, -2.5)),
        lambda t: np.linalg.norm(t, "fro"),
        lambda t: np.linalg.norm(t, "nuc", axis=(0, 1)),
    ],
    "matrix_norm": [
        np.linalg.matrix_norm,
        lambda t: np.linalg.matrix_norm(t, ord=1, keepdims=True),
    ],
    "vector_norm": [
        np.linalg.vector_norm,
        lambda t: np.linalg.vector_norm(t, axis=(0, 1), ord=3),
        lambda t: np.linalg.vector_norm(t, keepdims=True, ord=1),
    ],
    "cond": [np.linalg.cond, lambda t: np.linalg.cond(t, 1), lambda t: np.linalg.cond(t, "fro")],
    "cholesky": [
        lambda t: np.linalg.cholesky(t @ t.T + np.eye(3)),
        lambda t: np.linalg.cholesky(t @ t.T + np.eye(3), upper=True),
    ],
    "eigh": [
        lambda t: np.linalg.eigh(t + t.T)[0],
        lambda t: np.abs(np.linalg.eigh(t + t.T, "U")[1]),
    ],
    "eigvalsh": [lambda t: np.linalg.eigvalsh(t + t.T, UPLO="U")],
    "svd": [
        lambda t: np.linalg.svd(t, compute_uv=False),
        lambda t: np.linalg.svd(t, False).S,
        lambda t: np.linalg.svd(t + t.T, False, hermitian=True).S,
        lambda t: np.abs(np.linalg.svd(t, full_matrices=False).U),
    ],
    "slogdet": [
        lambda t: np.linalg.slogdet(t).logabsdet,
        lambda t: np.linalg.slogdet(t)[0] + 0.0 * t,
    ],
    "solve": [
        lambda t: np.linalg.solve(t, V),
        lambda t: np.linalg.solve(B, t),
        lambda t: np.linalg.solve(t, TALL),
        lambda t: np.linalg.solve(t, t),
    ],
    "tensorsolve": [lambda t: np.linalg.tensorsolve(t, V)],
    "tensorinv": [lambda t: np.linalg.tensorinv(t, ind=1)],
    "pad": [
        lambda t: np.pad(t, 1),
        lambda t: np.pad(t, (1, 2), constant_values=3.0),
        *(
            lambda t, m=m: np.pad(t, ((2, 1),), mode=m)
            for m in ("edge", "reflect", "symmetric", "wrap")
        ),
    ],
    "partition": [lambda t: np.partition(t, 1), lambda t: np.partition(t, 1, axis=0)],
    "argpartition": [lambda t: np.argpartition(t, 0)[..., 0]],
    "percentile": [
        lambda t: np.percentile(t, 30.0),
        lambda t: np.percentile(t, [10, 50.0], axis=0),
        lambda t: np.percentile(t, 30, axis=-1, keepdims=True, method="higher"),
    ],
    "nanpercentile": [lambda t: np.nanpercentile(t, 30.0, axis=-1)],
    "piecewise": [
        lambda t: np.piecewise(t, [t < 0, t > 0.5], [lambda x: x * x, np.exp, 3.0]),
        lambda t: np.piecewise(t, [t < 0], [np.sin]),
    ],
    "polyval": [lambda t: np.polyval([1.0, -2.0, 3.0], t), lambda t: np.polyval(t, V)],
    "power": [lambda t: np.power(t, 3.0), lambda t: np.power(2.0, t)],
    "prod": [np.prod, lambda t: np.prod(t, axis=-1, keepdims=True, initial=2.0)],
    "quantile": [
        lambda t: np.quantile(t, 0.3),
        lambda t: np.quantile(t, [[0.1, 1.0]], axis=(0, 1)),
        *(
            lambda t, m=m: np.quantile(t, 0.4, method=m, keepdims=True)
            for m in ("lower", "higher", "midpoint")
        ),
    ],
    "nanquantile": [lambda t: np.nanquantile(t, [0.0, 0.45])],
    "ravel": [np.ravel, lambda t: np.ravel(t, order="F")],
    "real_if_close": [np.real_if_close],
    "repeat": [lambda t: np.repeat(t, 2), lambda t: np.repeat(t, [1, 0, 2], axis=0)],
    "reshape": [
        lambda t: np.reshape(t, (3, -1)),
        lambda t: np.reshape(t, (-1, 3), order="F"),
        lambda t: np.reshape(t, -1),
    ],
    "resize": [lambda t: np.resize(t, (5,))],
    "roll": [
        lambda t: np.roll(t, 1),
        lambda t: np.roll(t, -1, axis=0),
        lambda t: np.roll(t, (1, 2), (0, 1)),
    ],
    "rollaxis": [lambda t: np.rollaxis(t, 1), lambda t: np.rollaxis(t, 0, 2)],
    "rot90": [np.rot90, lambda t: np.rot90(t, -1, axes=(1, 0))],
    "round": [np.round, lambda t: np.round(t, decimals=2)],
    "searchsorted": [lambda t: np.searchsorted([0.0, 1.0], t)],
    "select": [lambda t: np.select([t < 0, t < 0.5], [t * t, np.exp(t)], 5.0)],
    "sliding_window_view": [
        lambda t: sliding_window_view(t, 2),
        lambda t: sliding_window_view(t, 2, axis=0),
    ],
    "sort": [np.sort, lambda t: np.sort(t, axis=0, kind="stable"), lambda t: np.sort(t, axis=None)],
    "split": [lambda t: np.split(t, 3), lambda t: np.split(t, [1, 1, 2], axis=-1)],
    "squeeze": [np.squeeze, lambda t: np.squeeze(np.expand_dims(t, 0), axis=0)],
    "stack": [lambda t: np.stack([t, t * t]), lambda t: np.stack((V, t), axis=-1)],
    "std": [np.std, lambda t: np.std(t, axis=0, ddof=1, keepdims=True)],
    "sum": [
        np.sum,
        lambda t: np.sum(t, axis=(0, -1)),
        lambda t: np.sum(a=t, axis=-1, keepdims=True),
        lambda t: np.sum(t, 0, None, None, True, 2.0),
    ],
    "swapaxes": [lambda t: np.swapaxes(t, 0, -1)],
    "take": [
        lambda t: np.take(t, [0, 2, 0]),
        lambda t: np.take(t, 1, axis=-1),
        lambda t: np.take(t, [[-1, 7]], axis=0, mode="clip"),
        lambda t: np.take(t, [4], mode="wrap"),
    ],
    "take_along_axis": [lambda t: np.take_along_axis(t, np.argsort(t, axis=-1), axis=-1)],
    "tensordot": [
        lambda t: np.tensordot(t, B),
        lambda t: np.tensordot(B, t, axes=1),
        lambda t: np.tensordot(t, B, ((0,), (1,))),
        lambda t: np.tensordot(t, V, 0),
    ],
    "tile": [lambda t: np.tile(t, 2), lambda t: np.tile(t, (2, 1, 2))],
    "trace": [np.trace, lambda t: np.trace(t, 1, 0, -1), lambda t: np.linalg.trace(t, offset=-1)],
    "transpose": [np.transpose, lambda t: np.transpose(t, (1, 0))],
    "trapezoid": [
        np.trapezoid,
        lambda t: np.trapezoid(t, dx=0.5, axis=0),
        lambda t: np.trapezoid(t, V),
        lambda t: np.trapezoid(V, t),
    ],
    "tril": [np.tril, lambda t: np.tril(t, 1)],
    "triu": [np.triu, lambda t: np.triu(t, k=-1)],
    "unique": [np.unique],
    "vander": [np.vander, lambda t: np.vander(t, 4, increasing=True)],
    "var": [
        np.var,
        lambda t: np.var(t, axis=(0, 1), ddof=1),
        lambda t: np.var(t, -1, None, None, 1),
    ],
    "vdot": [lambda t: np.vdot(t, V), lambda t: np.vdot(B, t)],
    "vsplit": [lambda t: np.vsplit(t, 3)],
    "where": [
        lambda t: np.where(t > 0, t, 2.0),
        lambda t: np.where([True, False, True], V, t),
        np.where,
    ],
}
