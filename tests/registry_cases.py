"""Operands on which each operation of the registry is tested, found by trying, not by a list.

An elementwise operation takes any shapes that broadcast. Another says by its errors which
shapes it does not take; only static parameters without a sensible default are given here.
"""

import itertools
import warnings

import numpy as np

from autodiff.primitive import REGISTRY

SHAPES = [(), (3,), (2, 3), (3, 3), (2, 3, 3), (1, 3), (3, 2)]
BROADCAST = [
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((), (2, 2)),
    ((2, 3), (2, 3)),
]

# Static parameters, where the default does nothing or fits no shape; several sets for some.
PARAMS = {
    "reshape": [{"shape": (-1,)}, {"shape": (3, -1)}],
    "transpose": [{}, {"axes": (1, 0)}, {"axes": (2, 0, 1)}],
    "expand_dims": [{"axis": 0}, {"axis": (0, 2)}],
    "broadcast_to": [{"shape": (2, 3, 3)}],
    "getitem": [{"index": i} for i in [
        0, -1, slice(None, None, -2), (..., 0), (None, 1), np.array([0, 2, 0]),
        ([0, 1], slice(1, None)), np.array([True, False, True]), (np.array([[0, 1], [1, 1]]), None),
    ]],
    "scatter": [
        {"index": np.array([0, 2, 0]), "shape": (4,)},
        {"index": (slice(1, 3), 0), "shape": (4, 2)},
    ],
    "at_set": [{"index": 0}, {"index": np.array([0, 2, 0])}, {"index": (..., slice(0, 2))}],
    "at_add": [{"index": 0}, {"index": np.array([0, 2, 0])}, {"index": (..., slice(0, 2))}],
    "add_along_axis": [{"shape": (3,)}],
    "pad_constant": [{"width": ((1, 2),), "value": 3.0}, {"width": ((0, 1), (2, 0))}],
    "sum": [{}, {"axis": 0}, {"axis": (0, -1), "keepdims": True}],
    "mean": [{}, {"axis": -1}, {"axis": (0, 1)}],
    "max": [{}, {"axis": 0, "keepdims": True}],
    "min": [{}, {"axis": (0, 1)}],
    "var": [{}, {"axis": 0, "ddof": 1}],
    "std": [{}, {"axis": -1, "ddof": 1, "keepdims": True}],
    "prod": [{}, {"axis": 0}, {"axis": (0, 2)}],
    "cumsum": [{}, {"axis": 0}],
    "cumprod": [{}, {"axis": 0}, {"axis": -1}],
    "logsumexp": [{}, {"axis": 0}, {"axis": (0, -1), "keepdims": True}],
    "euclidean_norm": [{}, {"axis": 0}],
    "softmax": [{}, {"axis": 0}],
    "log_softmax": [{}, {"axis": 0}],
    "concatenate": [{}, {"axis": -1}, {"axis": None}],
    "stack": [{}, {"axis": -1}],
    "einsum_of": [{"subscripts": s} for s in [
        "ij,jk->ik", "i,i->", "ij,j->i", "ii,ij->j", "ij,kj->ik", "aij,ajk->aik", "ij,ij->",
        "ij,i->i", "ij,kl->", "ii,jj->ij",
    ]],
    "flip": [{}, {"axis": 0}],
    "roll": [{"shift": 1}, {"shift": (1, -1), "axis": (0, 1)}],
    "clip": [{"low": -0.7, "high": 0.8}, {"low": 0.1}],
    "windows": [{}, {"shape": 2, "axis": -1}, {"shape": (2, 2), "axis": (0, 1)}],
    "overlap_add": [{"shape": 3, "whole": (4,)}, {"shape": (3,), "axis": -1, "whole": (2, 5)}],
    "polygamma": [{}, {"n": 2}],
    "bessel_i": [{}, {"n": 0}, {"n": 3}],
    "tril": [{}, {"k": 1}],
    "sort": [{}, {"axis": 0}, {"axis": None}],
    "round": [{}, {"decimals": 1}],
}  # fmt: skip

# Operands that are whole numbers or conditions, not numbers to differentiate by.
PLAIN_OPERANDS = {
    "condition": lambda shape: np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2 == 0,
    "indices": lambda shape: np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2,
    "labels": lambda shape: np.arange(np.prod(shape, dtype=int)).reshape(shape) % 3,
}


def params_of(name):
    return PARAMS.get(name, [{}])


def operand(name, shape, rng):
    if name in PLAIN_OPERANDS:
        return PLAIN_OPERANDS[name](shape)
    return rng.normal(size=shape)


def calls(name):
    """(operands, params) on which the operation can be computed with a finite result."""
    primitive, rng = REGISTRY[name], np.random.default_rng(len(name))
    arity = 2 if primitive.variadic else len(primitive.operands)
    shapes = (
        BROADCAST
        if primitive.elementwise and arity == 2
        else itertools.product(SHAPES, repeat=arity)
    )
    found = []
    for sizes, params in itertools.product(list(shapes), params_of(name)):
        for make in (_any, _positive, _small, _above_one, _between, _definite):
            names = primitive.operands * arity if primitive.variadic else primitive.operands
            operands = [make(operand(n, s, rng)) for n, s in zip(names, sizes, strict=True)]
            if np.all(np.isfinite(result := _try(primitive, operands, params))) and result.size:
                found.append((operands, params))
                break
    return found


def _try(primitive, operands, params):
    full = {**primitive.defaults, **params}
    arguments = [operands] if primitive.variadic else operands
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # degrees of freedom
            return np.asarray(primitive.on_arrays(*arguments, *full.values()))
    except (ValueError, IndexError, TypeError):
        return np.asarray(np.nan)


def _any(x):
    return x


def _positive(x):
    return np.abs(x) + 0.1 if x.dtype.kind == "f" else x


def _small(x):
    return 0.9 * np.tanh(x) if x.dtype.kind == "f" else x


def _above_one(x):
    return 1.1 + np.abs(x) if x.dtype.kind == "f" else x


def _between(x):
    """Between 0 and 1."""
    return 0.5 + 0.4 * np.tanh(x) if x.dtype.kind == "f" else x


def _definite(x):
    """A symmetric positive definite matrix in the place of each square one."""
    if x.dtype.kind == "f" and x.ndim > 1 and x.shape[-1] == x.shape[-2]:
        return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])
    return x
