"""What a choice leaves out has the gradient 0, singular or not, in every reading and order.

A case is sum(weights * after(choice(post(singular(pre(x)))))), where the function is singular at
just those entries that the choice leaves out. Its gradient must be that of the chosen part alone,
which is computed from the kept entries of x, and exactly 0 elsewhere.
"""

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

import autodiff as ad
from autodiff import compile, derive, grad, hessian

# On the way forward NumPy warns of each singularity.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# -- functions with a singularity ------------------------------------------------------------


@dataclass(frozen=True)
class Singular:
    """A function that is singular at `point`, and regular from `low` to `high`."""

    name: str
    function: Callable[[Any], Any]
    point: float
    low: float
    high: float


SINGULAR = {
    name: Singular(name, *rest)
    for name, *rest in [
        ("sqrt at 0", np.sqrt, 0.0, 0.2, 1.5),
        ("sqrt at -1", np.sqrt, -1.0, 0.2, 1.5),
        ("log at 0", np.log, 0.0, 0.2, 1.5),
        ("log at -1", np.log, -1.0, 0.2, 1.5),
        ("1/x at 0", lambda x: 1 / x, 0.0, 0.2, 1.5),
        ("-1/x at 0", lambda x: -1 / x, 0.0, 0.2, 1.5),
        ("1/x**2 at 0", lambda x: 1 / x**2, 0.0, 0.3, 1.5),
        ("reciprocal at 0", ad.reciprocal, 0.0, 0.2, 1.5),
        ("x**0.5 at 0", lambda x: x**0.5, 0.0, 0.2, 1.5),
        ("x**-1 at 0", lambda x: x**-1, 0.0, 0.2, 1.5),
        ("x**-0.5 at 0", lambda x: x**-0.5, 0.0, 0.2, 1.5),
        ("x**(x + 0.5) at -1", lambda x: x ** (x + 0.5), -1.0, 0.2, 1.5),
        ("arccos at 1", np.arccos, 1.0, -0.8, 0.8),
        ("arccos at 2", np.arccos, 2.0, -0.8, 0.8),
        ("arcsin at 1", np.arcsin, 1.0, -0.8, 0.8),
        ("arcsin at 2", np.arcsin, 2.0, -0.8, 0.8),
        ("arctanh at 1", np.arctanh, 1.0, -0.8, 0.8),
        ("arccosh at 1", np.arccosh, 1.0, 1.2, 2.0),
        ("cbrt at 0", np.cbrt, 0.0, 0.2, 1.5),
        ("log2 at 0", np.log2, 0.0, 0.2, 1.5),
        ("log10 at -1", np.log10, -1.0, 0.2, 1.5),
        ("log1p at -1", np.log1p, -1.0, -0.7, 1.0),
        ("xlogy at 0", lambda x: ad.xlogy(x, x), 0.0, 0.2, 1.5),
        ("xlogy at -1", lambda x: ad.xlogy(x, x), -1.0, 0.2, 1.5),
        ("x/x at 0", lambda x: x / x, 0.0, 0.2, 1.5),
        ("sin(x)/x at 0", lambda x: np.sin(x) / x, 0.0, 0.2, 1.5),
        ("x log x at 0", lambda x: x * np.log(x), 0.0, 0.2, 1.5),
        ("digamma at 0", ad.digamma, 0.0, 0.3, 1.5),
        ("gammaln at 0", ad.gammaln, 0.0, 0.3, 1.5),
        ("logit at 0", ad.logit, 0.0, 0.2, 0.8),
        ("logit at 1", ad.logit, 1.0, 0.2, 0.8),
        ("arctan2 at 0, 0", lambda x: np.arctan2(x, x * x), 0.0, 0.2, 1.5),
        ("sqrt of a square at 0", lambda x: np.sqrt(x * x), 0.0, 0.2, 1.5),
        ("exp(1/x) at 0", lambda x: np.exp(1 / x), 0.0, 0.4, 1.5),
        ("tanh(log x) at 0", lambda x: np.tanh(np.log(x)), 0.0, 0.2, 1.5),
    ]
}

# Before it: increasing or decreasing functions that are exactly 0 at 0, each with its inverse.
PRE = {
    "-x": (lambda x: -x, np.negative),
    "2x": (lambda x: 2 * x, lambda t: t / 2),
    "sinh": (np.sinh, np.arcsinh),
    "4 tanh(x)": (lambda x: 4 * np.tanh(x), lambda t: np.arctanh(t / 4)),
    "3 tan(x/3)": (lambda x: 3 * np.tan(x / 3), lambda t: 3 * np.arctan(t / 3)),
    "x * x": (lambda x: x * x, np.sqrt),
}
# After it, of its result and of x.
POST = {
    "z / 2": lambda z, x: z / 2,
    "-2 z": lambda z, x: -2 * z,
    "z + x": lambda z, x: z + x,
    "z * x": lambda z, x: z * x,
    "z * z": lambda z, x: z * z,
    "tanh": lambda z, x: np.tanh(z),
    "sin": lambda z, x: np.sin(z),
    "exp(z / 4)": lambda z, x: np.exp(z / 4),
}
# After the choice.
AFTER = {"z": lambda z: z, "z * z": lambda z: z * z, "tanh": np.tanh, "sin": np.sin}

# -- choices ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What is kept of an array, and the same made of the row of its kept entries.

    `given` makes further arguments from the entries that are left out; `suits` says of kept
    and left values whether the choice leaves these out.
    """

    name: str
    out: Any
    whole: Callable[..., Any]
    alone: Callable[[Any, Any], Any]
    suits: Callable[[Any, Any], bool]
    given: Callable[[Any], tuple[Any, ...]]


def anything(kept, left):
    return True


def finite(kept, left):
    """Zero times infinity is no number on the way forward, whatever a cotangent does."""
    return np.isfinite(left).all()


def not_finite(kept, left):
    return not np.isfinite(left).any()


def no_number(kept, left):
    return np.isnan(left).all()


def last_in_order(kept, left):
    return (np.isnan(left) | (left > kept.max() + 0.01)).all()


def above(kept, left):
    return (left > kept.max() + 0.01).all()


def below(kept, left):
    return (left < kept.min() - 0.01).all()


def on_two_sides(kept, left):
    return (kept > -1.9).all() and (left < -2.1).all()


def not_above(kept, left):
    return (kept > -1.9).all() and not (left > -2.1).any()


def spread(kept, out):
    """The kept entries in their places, 0 in the others."""
    return (np.eye(out.size)[:, ~out.ravel()] @ kept).reshape(out.shape)


def cycled(kept, out):
    """The kept entries, again and again until there are as many as there were."""
    return kept[np.resize(np.arange(out.size - out.sum()), out.size)]


def nothing(out):
    return ()


def left_out(shape, *indices):
    out = np.zeros(shape, bool)
    for index in indices:
        out[index] = True
    return out


def a_mask(out):
    return (~out,)


def signs(out):
    return (np.where(out, -1.0, 2.0),)


def ones(out):
    return (np.where(out, 0.0, 1.0),)


def indices(out):
    return (np.resize(np.flatnonzero(~out), out.size),)


def first_rows(f):
    """f of the first two of three rows."""
    return lambda k: f(k.reshape(2, 3))


def same(k):
    return k


SOME, TAIL = left_out(6, [1, 4]), left_out(6, slice(4, None))
KEEP, KEEP_NUMBERS = ~SOME, np.where(SOME, 0.0, 1.0)
PLACES = np.flatnonzero(KEEP)
SQUARE = np.zeros((3, 3), bool)
DIAGONAL = np.eye(3, dtype=bool)
UPPER, LOWER = np.triu(~SQUARE, 1), np.tril(~SQUARE, -1)
ROW, COLUMN = left_out((3, 3), 2), left_out((3, 3), np.s_[:, 2])
LABELS = np.array([2, 0, 1])
NOT_LABELS = ~left_out((3, 3), (np.arange(3), LABELS))
MIX = np.array([[1.0, -2.0, 0.5], [0.3, 1.0, 2.0], [-1.0, 0.4, 1.0]])
SIX, POINTS = np.arange(6.0), np.array([0.5, 1.2, 2.9])
SELECTION = np.zeros((3, 6))
SELECTION[[0, 1, 2], PLACES[[3, 0, 2]]] = [2.0, 1.0, -1.0]


def table(out, entries, suits=anything, given=nothing, alone=None):
    """Choices that leave out the same; each says what the kept entries give, or all do alike."""
    for name, entry in entries.items():
        if alone is None:
            whole, of_row = entry
            yield Choice(name, out, whole, lambda k, _, f=of_row: f(k), suits, given)
        else:
            yield Choice(name, out, entry, alone, suits, given)


ALL_CHOICES = [
    *table(
        SOME,
        {
            "where": lambda z: np.where(KEEP, z, 0.0),
            "where, turned round": lambda z: np.where(SOME, 0.0, z),
            "where, twice": lambda z: np.where(KEEP, np.where(SOME, 7.0, z), 0.0),
            "where, of a sum": lambda z: np.where(KEEP, z + np.where(SOME, z, 0.0), 0.0),
            "select": lambda z: np.select([KEEP], [z], 0.0),
            "select, the default": lambda z: ad.select([SOME], [0.0], z),
            "piecewise": lambda z: np.piecewise(z, [KEEP], [np.positive, 0.0]),
            "choose": lambda z: np.choose(KEEP.astype(int), [np.zeros(6), z]),
            "at set": lambda z: z.at[[1, 4]].set(0.0),
            "at set, a mask": lambda z: z.at[SOME].set(0.0),
            "at set, one by one": lambda z: z.at[1].set(0.0).at[4].set(0.0),
            "at add, then set": lambda z: z.at[1].add(z[0]).at[[1, 4]].set(0.0),
            "at set, then add": lambda z: z.at[SOME].set(1.0).at[[1, 4, 4]].add([-1.0, 2.0, -3.0]),
        },
        alone=spread,
    ),
    *table(
        SOME,
        {
            "where, a mask that is an argument": lambda z, m: np.where(m, z, 0.0),
            "where, an argument negated": lambda z, m: np.where(np.logical_not(m), 0.0, z),
            "select, an argument": lambda z, m: ad.select([m], [z], 0.0),
        },
        given=a_mask,
        alone=spread,
    ),
    *table(
        SOME,
        {
            "where, a comparison of an argument": lambda z, m: np.where(m > 0, z, 0.0),
            "where, two comparisons": lambda z, m: np.where((m > 0) & (m < 3), z, 0.0),
        },
        given=signs,
        alone=spread,
    ),
    *table(
        SOME,
        {"where, its own comparison": lambda z: np.where(z > -2.0, z, 0.0)},
        suits=not_above,
        alone=spread,
    ),
    *table(
        SOME,
        {
            "where, isfinite": lambda z: np.where(ad.isfinite(z), z, 0.0),
            "nan_to_num": lambda z: np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0),
        },
        suits=not_finite,
        alone=spread,
    ),
    *table(
        SOME,
        {
            "boolean index": (lambda z: z[KEEP], same),
            "array index": (lambda z: z[PLACES], same),
            "array index, repeated": (lambda z: z[[0, 0, 5, 2]], lambda k: k[[0, 0, 3, 1]]),
            "an entry": (lambda z: z[2], lambda k: k[1]),
            "a negative index": (lambda z: z[-1], lambda k: k[-1]),
            "entries by iteration": (lambda z: ad.stack([*z][2:4]), lambda k: k[1:3]),
            "slice with a step": (lambda z: z[::2][:2], lambda k: k[:2]),
            "reversed slice": (lambda z: z[3:1:-1], lambda k: k[2:0:-1]),
            "take": (lambda z: np.take(z, PLACES), same),
            "take_along_axis": (lambda z: np.take_along_axis(z, PLACES, 0), same),
            "delete": (lambda z: np.delete(z, [1, 4]), same),
            "compress": (lambda z: np.compress(KEEP, z), same),
            "extract": (lambda z: np.extract(KEEP, z), same),
            "nonzero index": (lambda z: z[np.nonzero(KEEP)], same),
            "unstack": (lambda z: ad.stack([ad.unstack(z)[i] for i in PLACES]), same),
            "split in three": (
                lambda z: ad.concatenate([np.split(z, [1, 2, 4, 5])[i] for i in (0, 2, 4)]),
                same,
            ),
            "index of a new axis": (lambda z: z[:, None][PLACES, 0], same),
            "average": (
                lambda z: np.average(z[KEEP], weights=[1, 2, 3, 4]),
                lambda k: np.average(k, weights=[1, 2, 3, 4]),
            ),
            "stack, then index": (
                lambda z: ad.stack([z, 2 * z])[:, PLACES],
                lambda k: ad.stack([k, 2 * k]),
            ),
            "broadcast, then index": (
                lambda z: np.broadcast_to(z, (2, 6))[:, 2:4],
                lambda k: np.broadcast_to(k[1:3], (2, 2)),
            ),
            "outer, then index": (
                lambda z: np.outer(z, [1.0, 2.0])[PLACES],
                lambda k: np.outer(k, [1.0, 2.0]),
            ),
            "kron, then index": (
                lambda z: np.kron(z, [1.0, 2.0])[4:8],
                lambda k: np.kron(k[1:3], [1.0, 2.0]),
            ),
            "vander, then index": (lambda z: ad.vander(z, 3)[PLACES], lambda k: ad.vander(k, 3)),
            "diagflat, then index": (
                lambda z: ad.diagflat(z)[2:4, 2:4],
                lambda k: ad.diagflat(k[1:3]),
            ),
        },
    ),
    *table(
        SOME,
        {
            "take_along_axis, an argument": lambda z, i: np.take_along_axis(z, i, 0),
        },
        given=indices,
        alone=cycled,
    ),
    *table(
        SOME,
        {
            "matmul": (lambda z: SELECTION @ z, lambda k: SELECTION[:, PLACES] @ k),
            "matmul from the right": (
                lambda z: z @ SELECTION.T,
                lambda k: SELECTION[:, PLACES] @ k,
            ),
            "dot": (lambda z: np.dot(SELECTION, z), lambda k: SELECTION[:, PLACES] @ k),
            "inner": (lambda z: np.inner(z, SELECTION), lambda k: SELECTION[:, PLACES] @ k),
            "tensordot": (
                lambda z: np.tensordot(SELECTION, z, 1),
                lambda k: SELECTION[:, PLACES] @ k,
            ),
            "matvec": (lambda z: ad.matvec(SELECTION, z), lambda k: SELECTION[:, PLACES] @ k),
            "einsum": (
                lambda z: np.einsum("ij,j->i", SELECTION, z),
                lambda k: SELECTION[:, PLACES] @ k,
            ),
            "einsum of three": (
                lambda z: np.einsum("ij,j,j->i", SELECTION, z, KEEP_NUMBERS),
                lambda k: SELECTION[:, PLACES] @ k,
            ),
            "vecdot": (lambda z: np.vecdot(SELECTION, z), lambda k: SELECTION[:, PLACES] @ k),
            "vdot": (lambda z: np.vdot(SELECTION[0], z), lambda k: SELECTION[0, PLACES] @ k),
            "outer with zeros": (
                lambda z: np.sum(np.outer([1.0, 2.0], z) * KEEP_NUMBERS, axis=1),
                lambda k: np.sum(np.outer([1.0, 2.0], k), axis=1),
            ),
            "average, weights with zeros": (
                lambda z: np.average(z, weights=KEEP_NUMBERS * (1 + SIX)),
                lambda k: np.average(k, weights=(1 + SIX)[PLACES]),
            ),
        },
        suits=finite,
    ),
    *table(
        SOME,
        {
            "product with a constant": lambda z: z * KEEP_NUMBERS,
            "product, a constant on the left": lambda z: KEEP_NUMBERS * z,
            "product with a mask": lambda z: z * KEEP,
        },
        suits=finite,
        alone=spread,
    ),
    *table(
        SOME,
        {
            "product with an argument": lambda z, m: z * m,
            "einsum with an argument": lambda z, m: np.einsum("i,i->i", m, z),
            "product of products with an argument": lambda z, m: m * (z * m),
        },
        suits=finite,
        given=ones,
        alone=spread,
    ),
    *table(
        TAIL,
        {
            "slice": (lambda z: z[:4], same),
            "slice of a slice": (lambda z: z[:5][1:4], lambda k: k[1:]),
            "split": (lambda z: np.split(z, [4])[0], same),
            "array_split": (lambda z: np.array_split(z, 4)[1], lambda k: k[2:]),
            "hsplit": (lambda z: np.hsplit(z, 3)[1], lambda k: k[2:]),
            "pad, then slice": (lambda z: np.pad(z, (1, 2))[:5], lambda k: np.pad(k, (1, 0))),
            "pad by its edge": (
                lambda z: np.pad(z, (1, 0), mode="edge")[:5],
                lambda k: np.pad(k, (1, 0), mode="edge"),
            ),
            "roll, then slice": (lambda z: np.roll(z, 2)[2:], same),
            "flip, then slice": (lambda z: np.flip(z)[2:], np.flip),
            "repeat, then slice": (lambda z: np.repeat(z, 2)[:8], lambda k: np.repeat(k, 2)),
            "tile, then slice": (lambda z: np.tile(z, 2)[6:10], same),
            "resize": (lambda z: np.resize(z, 4), same),
            "concatenate, then slice": (
                lambda z: np.concatenate([[1.0], z, z])[1:5],
                same,
            ),
            "append, then slice": (lambda z: np.append(z, z)[6:10], same),
            "insert, then slice": (lambda z: np.insert(z, 4, 3.0)[:5], lambda k: np.append(k, 3.0)),
            "block, then slice": (lambda z: np.block([z, z])[:4], same),
            "column_stack, then slice": (lambda z: np.column_stack([z, z])[:4, 0], same),
            "meshgrid, then index": (
                lambda z: np.meshgrid(z, [1.0, 2.0])[0][:, :4],
                lambda k: ad.stack([k, k]),
            ),
            "reshape, then a row": (lambda z: z.reshape(3, 2)[:2], lambda k: k.reshape(2, 2)),
            "reshape, transpose, then a column": (
                lambda z: z.reshape(3, 2).T[:, :2],
                lambda k: k.reshape(2, 2).T,
            ),
            "expand, squeeze, then slice": (lambda z: np.squeeze(z[None, :, None])[:4], same),
            "windows": (
                lambda z: sliding_window_view(z, 2)[:3],
                lambda k: sliding_window_view(k, 2),
            ),
            "cumsum, then slice": (lambda z: np.cumsum(z)[:4], np.cumsum),
            "cumprod, then slice": (lambda z: np.cumprod(z)[:4], np.cumprod),
            "cumsum, an entry": (lambda z: np.cumsum(z)[2], lambda k: k[0] + k[1] + k[2]),
            "diff, then slice": (lambda z: np.diff(z)[:3], np.diff),
            "ediff1d, then slice": (lambda z: np.ediff1d(z)[:3], np.diff),
            "gradient, then slice": (lambda z: np.gradient(z)[:3], lambda k: np.gradient(k)[:3]),
            "convolve, then slice": (
                lambda z: np.convolve(z, [1.0, 2.0], "valid")[:3],
                lambda k: np.convolve(k, [1.0, 2.0], "valid"),
            ),
            "correlate, then slice": (
                lambda z: np.correlate(z, [1.0, 2.0], "valid")[:3],
                lambda k: np.correlate(k, [1.0, 2.0], "valid"),
            ),
            "interp between the first": (
                lambda z: np.interp(POINTS, SIX, z),
                lambda k: np.interp(POINTS, SIX[:4], k),
            ),
            "trapezoid of a part": (lambda z: np.trapezoid(z[:4]), np.trapezoid),
            "norm of a part": (lambda z: np.linalg.norm(z[:4]), np.linalg.norm),
            "std of a part": (lambda z: np.std(z[:4]), np.std),
            "var of a part": (lambda z: np.var(z[:4]), np.var),
            "mean of a part": (lambda z: np.mean(z[:4]), np.mean),
            "max of a part": (lambda z: np.max(z[:4]), np.max),
            "prod of a part": (lambda z: np.prod(z[:4]), np.prod),
            "cumprod of a part": (lambda z: np.cumprod(z[:4]), np.cumprod),
            "sort of a part": (lambda z: np.sort(z[:4]), np.sort),
            "median of a part": (lambda z: np.median(z[:4]), np.median),
            "logsumexp of a part": (lambda z: ad.logsumexp(z[:4]), ad.logsumexp),
            "softmax of a part": (lambda z: ad.softmax(z[:4]), ad.softmax),
            "log_softmax of a part": (lambda z: ad.log_softmax(z[:4]), ad.log_softmax),
            "at set, a slice": (lambda z: z.at[4:].set(0.0), lambda k: np.pad(k, (0, 2))),
            "at set, by another": (
                lambda z: z.at[4:].set(z[:2]),
                lambda k: np.concatenate([k, k[:2]]),
            ),
            "at add, of a part": (lambda z: z[:4].at[0].add(z[1]), lambda k: k.at[0].add(k[1])),
            "at set, into a part": (lambda z: z[:4].at[0].set(z[1]), lambda k: k.at[0].set(k[1])),
        },
    ),
    *table(
        TAIL,
        {
            "sort": (lambda z: np.sort(z)[:4], np.sort),
            "sort, then an entry": (lambda z: np.sort(z)[0], np.min),
            "partition": (lambda z: np.partition(z, 3)[3], np.max),
            "argsort, then take_along_axis": (
                lambda z: np.take_along_axis(z, np.argsort(z), 0)[:4],
                np.sort,
            ),
        },
        suits=last_in_order,
    ),
    *table(
        TAIL,
        {
            "min": (lambda z: np.min(z), np.min),
            "quantile": (
                lambda z: np.quantile(z, 0.25),
                lambda k: np.sort(k)[1] * 0.75 + np.sort(k)[2] * 0.25,
            ),
            "percentile": (lambda z: np.percentile(z, 20), lambda k: np.sort(k)[1]),
            "median": (lambda z: np.median(z[:5]), lambda k: np.sort(k)[2]),
        },
        suits=above,
    ),
    *table(
        TAIL,
        {
            "max": (np.max, np.max),
            "maximum of two parts": (lambda z: np.maximum(z[4:], z[:2]), lambda k: k[:2]),
        },
        suits=below,
    ),
    *table(
        TAIL,
        {
            "nanmax": (np.nanmax, np.max),
            "nanmin": (np.nanmin, np.min),
            "nansum": (np.nansum, np.sum),
            "nanmean": (np.nanmean, np.mean),
            "nanprod": (np.nanprod, np.prod),
            "nanstd": (np.nanstd, np.std),
            "nanvar": (np.nanvar, np.var),
            "nanmedian": (np.nanmedian, np.median),
            "nanquantile": (
                lambda z: np.nanquantile(z, 0.25),
                lambda k: np.quantile(k, 0.25),
            ),
            "nancumsum": (lambda z: np.nancumsum(z)[:4], np.cumsum),
            "fmax": (lambda z: np.fmax(z, -50.0)[[0, 1, 4]], lambda k: np.append(k[:2], -50.0)),
            "fmin": (lambda z: np.fmin(50.0, z)[[0, 1, 4]], lambda k: np.append(k[:2], 50.0)),
        },
        suits=no_number,
    ),
    *table(
        SOME,
        {
            "maximum": lambda z: np.maximum(z, -2.0) + 2.0,
            "relu": lambda z: ad.relu(z + 2.0),
            "clip": lambda z: np.clip(z, -2.0, 50.0) + 2.0,
        },
        suits=on_two_sides,
        alone=lambda k, out: spread(k + 2.0, out),
    ),
    *table(
        ~DIAGONAL,
        {
            "trace": (np.trace, np.sum),
            "diagonal": (np.diagonal, same),
            "diag": (np.diag, same),
            "einsum ii->i": (lambda z: np.einsum("ii->i", z), same),
            "einsum ii": (lambda z: np.einsum("ii", z), np.sum),
            "where, a matrix": (lambda z: np.where(DIAGONAL, z, 0.0), np.diag),
            "pairs of indices": (lambda z: z[np.arange(3), np.arange(3)], same),
            "tril of triu": (lambda z: np.tril(np.triu(z)), np.diag),
        },
    ),
    *table(
        NOT_LABELS,
        {
            "labels": (lambda z: z[np.arange(3), LABELS], same),
            "labels, along an axis": (
                lambda z: np.take_along_axis(z, LABELS[:, None], 1)[:, 0],
                same,
            ),
            "labels, one hot": (lambda z: np.where(~NOT_LABELS, z, 0.0).sum(axis=1), same),
        },
    ),
    *table(UPPER, {"tril": lambda z: np.tril(z)}, alone=spread),
    *table(~UPPER, {"triu": lambda z: np.triu(z, 1)}, alone=spread),
    *table(~LOWER, {"tril, below": lambda z: np.tril(z, -1)}, alone=spread),
    *table(
        ROW,
        {
            "where, a mask that broadcasts": lambda z: np.where(~ROW[:, :1], z, 0.0),
            "at set, a row": lambda z: z.at[2].set(0.0),
        },
        alone=spread,
    ),
    *table(
        ROW,
        {
            "a row": (lambda z: z[0], lambda k: k[:3]),
            "a block": (lambda z: z[:2, 1:], first_rows(lambda k: k[:, 1:])),
            "vsplit": (lambda z: np.vsplit(z, 3)[1], lambda k: k[None, 3:]),
            "take, rows": (lambda z: np.take(z, [1, 0], axis=0), first_rows(lambda k: k[::-1])),
            "delete, a row": (lambda z: np.delete(z, 2, axis=0), first_rows(same)),
            "compress, rows": (
                lambda z: np.compress([True, True, False], z, axis=0),
                first_rows(same),
            ),
            "transpose, then columns": (lambda z: z.T[:, :2], first_rows(np.transpose)),
            "swapaxes, then columns": (
                lambda z: np.swapaxes(z, 0, 1)[:, :2],
                first_rows(np.transpose),
            ),
            "moveaxis, then columns": (
                lambda z: np.moveaxis(z, 0, 1)[:, :2],
                first_rows(np.transpose),
            ),
            "rot90, then columns": (lambda z: np.rot90(z)[:, :2], first_rows(np.rot90)),
            "ravel, then slice": (lambda z: np.ravel(z)[:6], same),
            "roll, then rows": (lambda z: np.roll(z, 1, axis=0)[1:], first_rows(same)),
            "vstack, then rows": (lambda z: np.vstack([z, z])[3:5], first_rows(same)),
            "sum of rows": (lambda z: np.sum(z, axis=1)[:2], first_rows(lambda k: k.sum(axis=1))),
            "mean of rows": (
                lambda z: np.mean(z, axis=1)[:2],
                first_rows(lambda k: k.mean(axis=1)),
            ),
            "max of rows": (lambda z: np.max(z, axis=1)[:2], first_rows(lambda k: k.max(axis=1))),
            "prod of rows": (
                lambda z: np.prod(z, axis=1)[:2],
                first_rows(lambda k: k.prod(axis=1)),
            ),
            "var of rows": (lambda z: np.var(z, axis=1)[:2], first_rows(lambda k: k.var(axis=1))),
            "std of rows": (lambda z: np.std(z, axis=1)[:2], first_rows(lambda k: k.std(axis=1))),
            "norm of rows": (
                lambda z: np.linalg.norm(z, axis=1)[:2],
                first_rows(lambda k: np.linalg.norm(k, axis=1)),
            ),
            "cumsum down the rows": (
                lambda z: np.cumsum(z, axis=0)[:2],
                first_rows(lambda k: np.cumsum(k, axis=0)),
            ),
            "cumprod down the rows": (
                lambda z: np.cumprod(z, axis=0)[:2],
                first_rows(lambda k: np.cumprod(k, axis=0)),
            ),
            "sort of rows": (
                lambda z: np.sort(z, axis=1)[:2],
                first_rows(lambda k: np.sort(k, axis=1)),
            ),
            "softmax of rows": (lambda z: ad.softmax(z)[:2], first_rows(ad.softmax)),
            "log_softmax of rows": (lambda z: ad.log_softmax(z)[:2], first_rows(ad.log_softmax)),
            "logsumexp of rows": (
                lambda z: ad.logsumexp(z, axis=1)[:2],
                first_rows(lambda k: ad.logsumexp(k, axis=1)),
            ),
            "product, then rows": (lambda z: (z @ MIX)[:2], first_rows(lambda k: k @ MIX)),
            "einsum, then rows": (
                lambda z: np.einsum("ij,jk->ik", z, MIX)[:2],
                first_rows(lambda k: k @ MIX),
            ),
            "Gram matrix, then a block": (
                lambda z: (z @ z.T)[:2, :2],
                first_rows(lambda k: k @ k.T),
            ),
            "distances, then a block": (
                lambda z: np.sum((z[:, None] - z[None]) ** 2, axis=2)[:2, :2],
                first_rows(lambda k: np.sum((k[:, None] - k[None]) ** 2, axis=2)),
            ),
            "where, a row at a time": (
                lambda z: np.sum(np.where(~ROW, z * MIX, 0.0), axis=0),
                first_rows(lambda k: np.sum(k * MIX[:2], axis=0)),
            ),
        },
    ),
    *table(
        COLUMN,
        {
            "a column": (lambda z: z[:, 1], lambda k: k[1::2]),
            "ellipsis": (lambda z: z[..., 0], lambda k: k[::2]),
            "take, columns": (
                lambda z: np.take(z, [1, 1], axis=1),
                lambda k: k.reshape(3, 2)[:, [1, 1]],
            ),
            "hsplit, columns": (lambda z: np.hsplit(z, 3)[0], lambda k: k[::2, None]),
            "product from the left, then columns": (
                lambda z: (MIX @ z)[:, :2],
                lambda k: MIX @ k.reshape(3, 2),
            ),
            "cumsum, then columns": (
                lambda z: np.cumsum(z, axis=1)[:, :2],
                lambda k: np.cumsum(k.reshape(3, 2), axis=1),
            ),
        },
    ),
]
CHOICES = {choice.name: choice for choice in ALL_CHOICES}
assert len(CHOICES) == len(ALL_CHOICES), "two choices have one name"
TRACED = list(CHOICES)

# -- cases -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A function, where it is singular, and the same function of the chosen part alone."""

    choice_name: str
    singular_name: str
    pre: tuple[str, ...] = ()
    post: tuple[str, ...] = ()
    after: str = "z"
    besides: bool = False
    seed: int = 0

    @property
    def choice(self):
        return CHOICES[self.choice_name]

    @property
    def singular(self):
        return SINGULAR[self.singular_name]

    def inner(self, x):
        u = x
        for name in self.pre:
            u = PRE[name][0](u)
        if self.pre and self.singular.point:
            u = u + self.singular.point
        z = self.singular.function(u)
        for name in self.post:
            z = POST[name](z, x)
        return z

    def outer(self, kept):
        weights = 1 + 0.3 * np.arange(np.size(kept)).reshape(np.shape(kept))
        return np.sum(AFTER[self.after](kept) * weights)

    def f(self, x, *args):
        total = self.outer(self.choice.whole(self.inner(x), *args))
        return total + np.sum(np.sin(x)) if self.besides else total

    def alone(self, out):
        """The same function of the kept entries of x, in a row."""
        return lambda k: self.outer(self.choice.alone(self.inner(k), out))

    def point(self, out):
        """Arguments at which the entries of `out` are singular, and the others all different."""
        singular, count = self.singular, self.choice.out.size
        rng = np.random.default_rng(self.seed)
        places = (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / count
        u = singular.low + (singular.high - singular.low) * places.reshape(out.shape)
        if not self.pre:
            x = u
        else:
            x = u - singular.point
            for name in reversed(self.pre):
                x = PRE[name][1](x)
        return (np.where(out, 0.0 if self.pre else singular.point, x), *self.choice.given(out))

    def regular(self):
        """Arguments at which nothing is singular, and that themselves leave nothing out."""
        return self.point(np.zeros_like(self.choice.out))

    def left_by_regular(self):
        """What is left out there: what does not depend on arguments."""
        return self.choice.out & (self.choice.given is nothing)

    def suits(self):
        """Whether the kept entries are well away from trouble, and the others are left out."""
        out = self.choice.out
        with np.errstate(all="ignore"):
            x = self.point(out)[0]
            z = self.inner(ad.Tensor(x)).data
        kept = z[~out]
        return (
            np.isfinite(x).all()
            and np.abs(kept).max(initial=0.0) < 30  # where functions are smooth enough
            and bool(self.choice.suits(kept, z[out]))
        )

    def gradient(self, x, out):
        expected = np.zeros(out.shape)
        expected[~out] = grad(self.alone(out))(x[~out])
        return expected + np.cos(x) if self.besides else expected

    def hessian(self, x, out):
        places = np.flatnonzero(~out)
        expected = np.zeros((out.size, out.size))
        expected[np.ix_(places, places)] = hessian(self.alone(out))(x[~out])
        if self.besides:
            expected -= np.diag(np.sin(x.ravel()))
        return expected.reshape(out.shape * 2)


def agrees(found, expected, zero, tolerance=1e-10):
    """Equal but for rounding, and exactly 0 where `zero` says so."""
    found = np.asarray(found)
    assert found.shape == expected.shape
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)
    np.testing.assert_array_equal(found[zero], 0.0)


def is_gradient(found, case, x, out, tolerance=1e-10):
    zero = out & (not case.besides)
    agrees(found, case.gradient(x, out), zero, tolerance)


def is_hessian(found, case, x, out, tolerance=1e-10):
    zero = np.logical_or.outer(out, out) & (not case.besides)
    agrees(found, case.hessian(x, out), zero, tolerance)


# -- readings --------------------------------------------------------------------------------


def by_text(f, *args):
    """The gradient by what `save` writes, which stands alone."""
    namespace = {}
    exec(derive(f, *args, argnums=0, name="f").source, namespace)
    return namespace["f"](*args)[1]


def second_call(function, before, here):
    function(*before)
    return function(*here)


# Each gives the derivative at `here`; some have seen the arguments `before`.
GRADIENTS = {
    "eager": lambda f, before, here: grad(f)(*here),
    "derive": lambda f, before, here: derive(f, *before, argnums=0)(*here)[1],
    "saved text": lambda f, before, here: by_text(f, *here),
    "compile": lambda f, before, here: compile(grad(f))(*here),
}
HESSIANS = {
    "hessian": lambda f, before, here: hessian(f)(*here),
    "compiled hessian": lambda f, before, here: compile(hessian(f))(*here),
}
MORE_GRADIENTS = GRADIENTS | {
    "compile, second call": lambda f, before, here: second_call(compile(grad(f)), before, here),
}
MORE_HESSIANS = HESSIANS | {
    "derived hessian": lambda f, before, here: derive(hessian(f), *before)(*here),
    "compiled hessian, second call": lambda f, before, here: second_call(
        compile(hessian(f)), before, here
    ),
}


def jax_gradient(f, before, here):
    pytest.importorskip("jax")
    return compile(grad(f), engine="jax")(*here)


def jax_hessian(f, before, here):
    pytest.importorskip("jax")
    return second_call(compile(hessian(f), engine="jax"), before, here)


def gradient_is_right(case, reading, tolerance=1e-10):
    here = case.point(case.choice.out)
    found = reading(case.f, case.regular(), here)
    is_gradient(found, case, here[0], case.choice.out, tolerance)


def hessian_is_right(case, reading, tolerance=1e-10):
    here = case.point(case.choice.out)
    found = reading(case.f, case.regular(), here)
    is_hessian(found, case, here[0], case.choice.out, tolerance)


# -- every choice ----------------------------------------------------------------------------

USUAL = ["sqrt at -1", "sqrt at 0", "1/x at 0", "log at 0", "-1/x at 0"]


@functools.cache
def usual(name):
    """Two cases of a choice, with the first of the usual functions that suit it."""
    cases = [Case(name, singular) for singular in USUAL]
    suiting = [case for case in cases if case.suits()]
    return [replace(case, after=after) for case, after in zip(suiting, ["z", "z * z"])]


def traced_or_eager(name, reading):
    return reading in ("eager", "hessian") or name in TRACED


def of_every_choice(readings):
    """Each choice in each reading: a failure names both."""
    pairs = [(n, r) for n in CHOICES for r in readings if traced_or_eager(n, r)]
    return pytest.mark.parametrize(("name", "reading"), pairs)


@pytest.mark.parametrize("name", CHOICES)
def test_the_chosen_part_alone_has_the_value_and_the_differences(name):
    for case in usual(name):
        out = case.choice.out
        x, *args = case.point(out)
        alone = case.alone(out)
        value = case.f(ad.Tensor(x), *args).data
        np.testing.assert_allclose(value, alone(ad.Tensor(x[~out])).data, rtol=1e-12)
        right, step = case.gradient(x, out), 1e-6
        for place in zip(*np.nonzero(~out)):
            ends = [x.copy(), x.copy()]
            ends[0][place], ends[1][place] = x[place] - step, x[place] + step
            low, high = (case.f(ad.Tensor(end), *args).data for end in ends)
            np.testing.assert_allclose(
                (high - low) / (2 * step), right[place], rtol=1e-5, atol=1e-5 * np.abs(right).max()
            )


@of_every_choice(GRADIENTS)
def test_every_choice(name, reading):
    assert usual(name)
    for case in usual(name):
        gradient_is_right(case, GRADIENTS[reading])


@of_every_choice(HESSIANS)
def test_every_choice_at_second_order(name, reading):
    hessian_is_right(usual(name)[0], HESSIANS[reading])


@pytest.mark.parametrize("singular_first", [True, False])
@pytest.mark.parametrize("name", [n for n in TRACED if CHOICES[n].suits in (anything, finite)])
def test_calls_in_turn(name, singular_first):
    """A program is for every value of its arguments, whichever it was traced at."""
    case = usual(name)[0]
    function, out = compile(grad(case.f)), case.choice.out
    calls = [(case.point(out), out), (case.regular(), case.left_by_regular())]
    for args, left in [*calls, calls[0]] if singular_first else [*calls[::-1], calls[1]]:
        is_gradient(function(*args), case, args[0], left)


def test_a_saved_module(tmp_path):
    for number, name in enumerate(["slice", "where", "where, a mask that is an argument"]):
        case, path = usual(name)[0], tmp_path / f"saved{number}.py"
        here = case.point(case.choice.out)
        derive(case.f, *here, argnums=0, name="f").save(path)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        is_gradient(module.f(*here)[1], case, here[0], case.choice.out)


BATCH = 32


def together_by_jax(functions, points):
    """The gradients of some functions by one program: each program of XLA takes its time."""
    pytest.importorskip("jax")

    def gradients(points):
        return [grad(f)(*point) for f, point in zip(functions, points)]

    return compile(gradients, engine="jax")([list(point) for point in points])


@functools.cache
def choices_by_jax(number):
    names = TRACED[BATCH * number : BATCH * (number + 1)]
    cases = [usual(name)[0] for name in names]
    points = [case.point(case.choice.out) for case in cases]
    return dict(zip(names, together_by_jax([case.f for case in cases], points)))


@pytest.mark.parametrize("name", TRACED)
def test_every_choice_by_jax(name):
    case = usual(name)[0]
    found, out = choices_by_jax(TRACED.index(name) // BATCH)[name], case.choice.out
    is_gradient(found, case, case.point(out)[0], out, tolerance=1e-9)


# -- random expressions ----------------------------------------------------------------------


def random_cases(names):
    return st.builds(
        Case,
        choice_name=st.sampled_from(names),
        singular_name=st.sampled_from(sorted(SINGULAR)),
        pre=st.lists(st.sampled_from(sorted(PRE)), max_size=2).map(tuple),
        post=st.lists(st.sampled_from(sorted(POST)), max_size=2).map(tuple),
        after=st.sampled_from(["z", "z", *AFTER]),  # a cotangent that is a constant, most often
        besides=st.booleans(),
        seed=st.integers(0, 1000),
    ).filter(Case.suits)


def fewer(part):
    """Fewer examples, and no search for what else fails: it would take minutes."""
    phases = [phase for phase in Phase if phase is not Phase.explain]
    return settings(max_examples=max(1, settings.default.max_examples // part), phases=phases)


@pytest.mark.parametrize("reading", MORE_GRADIENTS)
@given(data=st.data())
def test_random_expressions(reading, data):
    case = data.draw(random_cases(list(CHOICES) if reading == "eager" else TRACED))
    gradient_is_right(case, MORE_GRADIENTS[reading])


@pytest.mark.parametrize("reading", MORE_HESSIANS)
@fewer(4)
@given(data=st.data())
def test_random_expressions_at_second_order(reading, data):
    case = data.draw(random_cases(list(CHOICES) if reading == "hessian" else TRACED))
    hessian_is_right(case, MORE_HESSIANS[reading], tolerance=1e-9)


@fewer(5)
@given(random_cases(TRACED))
def test_random_expressions_by_jax(case):
    gradient_is_right(case, jax_gradient, tolerance=1e-8)


@fewer(25)
@given(random_cases(TRACED))
def test_random_expressions_by_jax_at_second_order(case):
    hessian_is_right(case, jax_hessian, tolerance=1e-8)


# -- rows that are masked by -inf ------------------------------------------------------------

WEIGHTS = np.array([[1.0, -2.0, 3.0], [0.5, 1.5, -1.0], [2.0, 1.0, 4.0]])


def masks(see):
    """What is added to hide entries, which are seen, and in which rows there are any."""
    return np.where(see, 0.0, -np.inf), see, see.any(axis=1, keepdims=True)


SEE = np.array([[True, True, False], [False, False, False], [True, False, True]])
ALL_SEEN = np.ones((3, 3), bool)
SCORES = np.array([[0.3, 1.2, 0.7], [2.0, 0.1, 0.9], [1.1, 0.4, 1.9]])


def by_its_sum(e):
    return e / np.sum(e, axis=-1, keepdims=True)


def shifted(s):
    return np.exp(s - np.max(s, axis=-1, keepdims=True))


def entropy(p):
    return -p * np.log(p)


def unit(v):
    return v / np.sqrt(np.sum(v * v, axis=-1, keepdims=True))


def placed(f):
    """What f makes of the entries that are seen in a row, in their places."""
    return lambda k, see, i: np.eye(3)[:, see] @ f(k)


# Of the scores and the masks, and of the entries that are seen in row i.
MASKED = {
    "softmax, where": (
        lambda x, m, see, rows: np.where(rows, ad.softmax(x + m), 0.0),
        placed(ad.softmax),
    ),
    "softmax of where": (
        lambda x, m, see, rows: np.where(rows, ad.softmax(np.where(see, x, -np.inf)), 0.0),
        placed(ad.softmax),
    ),
    "softmax of a product": (
        lambda x, m, see, rows: np.where(rows, ad.softmax(x * (m + 2.0)), 0.0),
        placed(lambda k: ad.softmax(2 * k)),
    ),
    "softmax, a row": (
        lambda x, m, see, rows: np.pad(ad.softmax(x + m)[:1], ((0, 2), (0, 0))),
        lambda k, see, i: (i == 0) * (np.eye(3)[:, see] @ ad.softmax(k)),
    ),
    "log_softmax": (
        lambda x, m, see, rows: np.where(see, ad.log_softmax(x + m), 0.0),
        placed(ad.log_softmax),
    ),
    "log_softmax, an entry": (
        lambda x, m, see, rows: np.pad(ad.log_softmax(x + m)[:1, :1], ((0, 2), (0, 2))),
        lambda k, see, i: (i == 0) * np.pad(ad.log_softmax(k)[:1], (0, 2)),
    ),
    "log of softmax": (
        lambda x, m, see, rows: np.where(see, np.log(ad.softmax(x + m)), 0.0),
        placed(ad.log_softmax),
    ),
    "entropy": (
        lambda x, m, see, rows: np.where(see, entropy(ad.softmax(x + m)), 0.0),
        placed(lambda k: entropy(ad.softmax(k))),
    ),
    "attention": (
        lambda x, m, see, rows: np.where(rows, ad.softmax(x + m) @ MIX, 0.0),
        lambda k, see, i: ad.softmax(k) @ MIX[see],
    ),
    "logsumexp": (
        lambda x, m, see, rows: np.where(rows, ad.logsumexp(x + m, axis=1, keepdims=True), 0.0),
        lambda k, see, i: ad.logsumexp(k),
    ),
    "exponentials by their sum": (
        lambda x, m, see, rows: np.where(rows, by_its_sum(np.exp(x + m)), 0.0),
        placed(ad.softmax),
    ),
    "masked exponentials by their sum": (
        lambda x, m, see, rows: np.where(see, by_its_sum(np.where(see, np.exp(x), 0.0)), 0.0),
        placed(ad.softmax),
    ),
    "shifted exponentials": (
        lambda x, m, see, rows: np.where(rows, by_its_sum(shifted(x + m)), 0.0),
        placed(ad.softmax),
    ),
    "max": (
        lambda x, m, see, rows: np.where(rows, np.max(x + m, axis=1, keepdims=True), 0.0),
        lambda k, see, i: np.max(k),
    ),
    "sigmoid": (lambda x, m, see, rows: ad.sigmoid(x + m), placed(ad.sigmoid)),
    "rows of length 1": (
        lambda x, m, see, rows: np.where(rows, unit(np.where(see, x, 0.0)), 0.0),
        placed(unit),
    ),
    "mean of what is seen": (
        lambda x, m, see, rows: np.where(
            rows,
            np.sum(np.where(see, x, 0.0), axis=1, keepdims=True)
            / np.sum(np.where(see, 1.0, 0.0), axis=1, keepdims=True),
            0.0,
        ),
        lambda k, see, i: np.mean(k),
    ),
}


def masked(name):
    """The function of the scores and the masks."""
    return lambda x, m, see, rows: np.sum(MASKED[name][0](x, m, see, rows) * WEIGHTS)


def masked_alone(name, see, derivative):
    """A derivative of it, a row of what is seen at a time."""
    size = see.shape[1] * see.shape[0]
    right = np.zeros(see.shape if derivative is grad else (size, size))
    for i, row in enumerate(see):
        if not row.any():
            continue
        part = derivative(lambda k, i=i, row=row: np.sum(MASKED[name][1](k, row, i) * WEIGHTS[i]))
        places = np.flatnonzero(row)
        if derivative is grad:
            right[i, places] = part(SCORES[i, row])
        else:
            right[np.ix_(3 * i + places, 3 * i + places)] = part(SCORES[i, row])
    return right.reshape(see.shape if derivative is grad else see.shape * 2)


def masked_is_right(name, reading, derivative, closure):
    f, before, here = masked(name), masks(ALL_SEEN), masks(SEE)
    if closure:
        found = reading(lambda x: f(x, *here), (SCORES + 1,), (SCORES,))
    else:
        found = reading(f, (SCORES + 1, *before), (SCORES, *here))
    zero = ~SEE if derivative is grad else np.logical_or.outer(~SEE, ~SEE)
    agrees(found, masked_alone(name, SEE, derivative), zero)


@pytest.mark.parametrize("where_from", ["closure", "argument"])
@pytest.mark.parametrize("reading", MORE_GRADIENTS)
@pytest.mark.parametrize("name", MASKED)
def test_masked_rows(name, reading, where_from):
    masked_is_right(name, MORE_GRADIENTS[reading], grad, where_from == "closure")


@pytest.mark.parametrize("where_from", ["closure", "argument"])
@pytest.mark.parametrize("reading", HESSIANS)
@pytest.mark.parametrize("name", MASKED)
def test_masked_rows_at_second_order(name, reading, where_from):
    masked_is_right(name, HESSIANS[reading], hessian, where_from == "closure")


@functools.cache
def masked_by_jax(closure):
    here = masks(SEE)
    functions = [masked(name) for name in MASKED]
    if closure:
        functions = [lambda x, f=f: f(x, *here) for f in functions]
    points = [(SCORES,) if closure else (SCORES, *here)] * len(MASKED)
    return dict(zip(MASKED, together_by_jax(functions, points)))


@pytest.mark.parametrize("where_from", ["closure", "argument"])
@pytest.mark.parametrize("name", MASKED)
def test_masked_rows_by_jax(name, where_from):
    found = masked_by_jax(where_from == "closure")[name]
    agrees(found, masked_alone(name, SEE, grad), ~SEE, tolerance=1e-9)


@pytest.mark.parametrize("name", MASKED)
def test_masked_rows_that_are_seen_at_the_second_call(name):
    function = compile(grad(masked(name)))
    for see in (SEE, ALL_SEEN, SEE):
        agrees(function(SCORES, *masks(see)), masked_alone(name, see, grad), ~see)
