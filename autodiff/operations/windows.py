"""Sliding windows: stretches of an array side by side, and their sum where they overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..graph.node import shape_of
from ..primitives.declare import composite, internal, primitive
from ..primitives.namespaces import helper
from .leading import in_front
from .reductions import axes_of


def for_axes(setting: Any, axes: int) -> tuple[Any, ...]:
    """A setting for each of so many axes, of one that may be for all of them."""
    return setting if isinstance(setting, tuple) else (setting,) * axes


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
    """What `sliding_window_view` gives: the shape and the axis are whole numbers or tuples."""
    front = in_front(ct, z)
    return overlap_add(ct, shape, _after(front, axis, len(shape_of(x))), front + shape_of(x))


def _after(front: tuple[int, ...], axis: Any, ndim: int) -> Any:
    """The axes that a window moves along, behind those in front: see `leading.py`."""
    return tuple([len(front) + a for a in axes_of(axis, ndim)]) if front else axis


@composite(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """Every stretch of that shape: new axes at the end hold what is inside the window.

    >>> import autodiff as ad
    >>> ad.sliding_window_view(ad.Tensor([1.0, 2.0, 3.0]), 2).data
    array([[1., 2.],
           [2., 3.]])
    """
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(len(shape_of(x))) if axis is None else axis
    axes = normalize_axis_tuple(axes, len(shape_of(x)), allow_duplicate=True)
    return windows(x, lengths, axes)


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
    return windows(ct, shape, _after(in_front(ct, z), axis, len(whole)))
