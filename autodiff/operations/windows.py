"""Sliding windows: stretches of an array side by side, and their sum where they overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, internal, primitive
from ..primitives.namespaces import helper
from .reductions import axes_of


@helper(
    "windows",
    jax="""
    lengths = shape if isinstance(shape, tuple) else (shape,)
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    for length, a in zip(lengths, [a % x.ndim for a in axes]):
        count = x.shape[a] - length + 1
        x = jnp.stack([jax.lax.slice_in_dim(x, i, i + count, axis=a) for i in range(length)], -1)
    x
    """,
)
def _windows(x: Any, shape: Any, axis: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, shape, axis)


@internal
@primitive("windows(x, shape, axis)")
def windows(ct, z, x, shape=1, axis=None):
    """Every stretch of that shape: new axes at the end hold what is inside the window.

    >>> import autodiff as ad
    >>> np.lib.stride_tricks.sliding_window_view(ad.Tensor([1.0, 2.0, 3.0]), 2).data
    array([[1., 2.],
           [2., 3.]])
    """
    return overlap_add(ct, shape, axis, shape_of(x))


@as_numpy(sliding_window_view)
def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    return windows(x, window_shape, axis)


@helper(
    "overlap_add",
    jax="""
    lengths = shape if isinstance(shape, tuple) else (shape,)
    axes = range(len(whole)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    for length, a in reversed(list(zip(lengths, [a % len(whole) for a in axes]))):
        count = x.shape[a]
        total = jnp.zeros((*x.shape[:a], count + length - 1, *x.shape[a + 1 : -1]), x.dtype)
        for i in range(length):
            total = total.at[(slice(None),) * a + (slice(i, i + count),)].add(x[..., i])
        x = total
    x
    """,
)
def _overlap_add(x: Any, shape: Any, axis: Any, whole: tuple[int, ...]) -> Any:
    """The windows' entries, each added at the place that it was taken from."""
    x = np.asarray(x)
    lengths = shape if isinstance(shape, tuple) else (shape,)
    axes = axes_of(axis, len(whole))
    expected = list(whole) + list(lengths)
    for a, length in zip(axes, lengths, strict=True):
        expected[a] -= length - 1
    if x.shape != tuple(expected):
        raise ValueError(f"Windows of {whole} have shape {tuple(expected)}, but not {x.shape}.")
    total = np.zeros(whole, x.dtype)
    for offset in np.ndindex(*lengths):
        starts = [0] * len(whole)
        for start, a in zip(offset, axes, strict=True):
            starts[a] += start  # an axis may be named twice
        place = [slice(s, s + n) for s, n in zip(starts, x.shape, strict=False)]
        total[tuple(place)] += x[(..., *offset)]
    return total


@internal
@primitive("overlap_add(x, shape, axis, whole)")
def overlap_add(ct, z, x, shape=1, axis=None, whole=()):
    """An array of shape `whole`, with the entries of its windows added up: what they pull back."""
    return windows(ct, shape, axis)
