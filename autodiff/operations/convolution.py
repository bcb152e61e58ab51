"""Convolutions of images, or of arrays of any number of axes, with the filters of a network.

With x of shape (..., channels, *size) and weights w of shape (outputs, channels, *window),

    z[o, p] = sum over c and k of  w[o, c, k] * x[c, stride * p + dilation * k - padding],

where x is 0 outside. Multiplied by an array y like z and summed, that is linear in w, in x and in
y. What it is multiplied by are the three operations here: so each pulls back by the other two.

They are products of matrices (Chellapilla, Puri and Simard 2006): the windows of x, side by side,
are one. In memory the samples are the last axis, of x and of z: whatever moves along an image then
moves many neighbours at once, and no result is turned round before the next layer reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import internal, primitive
from ..primitives.namespaces import helper
from .products import times_in_sum
from .windows import for_axes

_MOST = 2**18  # entries of the windows that are side by side at once


def _borders(padding: Any, axes: int) -> list[tuple[int, int]]:
    """The entries before and behind each axis."""
    return [p if isinstance(p, tuple) else (p, p) for p in for_axes(padding, axes)]


def _samples_last(x: Any, axes: int) -> Any:
    """x of shape (..., channels, *size) as (channels, *size, samples)."""
    inner = x.shape[x.ndim - axes - 1 :]
    return x.reshape(math.prod(x.shape[: x.ndim - axes - 1]), *inner).transpose(
        *range(1, axes + 2), 0
    )


def _samples_first(x: Any, front: tuple[int, ...]) -> Any:
    """The inverse of that, where the axes in front were these."""
    return x.transpose(-1, *range(x.ndim - 1)).reshape(*front, *x.shape[:-1])


def _windows_in(x: Any, window: tuple[int, ...], stride: Any, dilation: Any) -> Any:
    """A view of x, (channels, *size, samples), as (channels, *window, *places, samples)."""
    axes = len(window)
    stride, dilation = for_axes(stride, axes), for_axes(dilation, axes)
    if min(*stride, *dilation, *window) < 1:
        raise ValueError("A window, its stride and its dilation are 1 or more.")
    pairs = zip(x.shape[1:], window, stride, dilation, strict=False)
    places = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in pairs]
    if min(places) < 1:
        raise ValueError("The window is larger than the array.")
    outer, *inner, last = x.strides
    inside = [n * d for n, d in zip(inner, dilation, strict=True)]
    along = [n * s for n, s in zip(inner, stride, strict=True)]
    shape = (x.shape[0], *window, *places, x.shape[-1])
    return np.lib.stride_tricks.as_strided(x, shape, (outer, *inside, *along, last))


def _padded(x: Any, padding: Any) -> Any:
    """x, (channels, *size, samples), with zeros around each channel of each sample."""
    borders = _borders(padding, x.ndim - 2)
    if not any(map(any, borders)):
        return np.ascontiguousarray(x)
    sizes = [n + sum(pair) for n, pair in zip(x.shape[1:], borders, strict=False)]
    whole = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    whole[_inside(x.shape[1:-1], borders)] = x
    return whole


def _inside(size: tuple[int, ...], borders: list[tuple[int, int]]) -> tuple[slice, ...]:
    """Where what was padded lies."""
    pairs = zip(size, borders, strict=True)
    return slice(None), *[slice(before, before + n) for n, (before, _) in pairs]


def _in_runs(windows: Any, axes: int) -> Iterator[tuple[Any, slice]]:
    """Windows at some places, as many as fit, and where those stand among all and their samples."""
    rows, row = windows.shape[axes + 1], math.prod(windows.shape[axes + 2 :])
    step = -(-rows // max(1, -(-windows.size // _MOST)))
    for first in range(0, rows, step):
        last = min(first + step, rows)
        part = windows[(slice(None),) * (axes + 1) + (slice(first, last),)]
        yield part, slice(first * row, last * row)


# -- the three of them ---------------------------------------------------------------------


@helper(
    "convolution",
    jax="""
    axes = w.ndim - 2
    each = lambda setting: setting if isinstance(setting, tuple) else (setting,) * axes
    borders = [p if isinstance(p, tuple) else (p, p) for p in each(padding)]
    front = x.shape[: x.ndim - axes - 1]
    x = x.reshape(math.prod(front), *x.shape[x.ndim - axes - 1 :])
    z = jax.lax.conv_general_dilated(
        x, w, each(stride), borders, None, each(dilation), feature_group_count=groups
    )
    z.reshape(*front, *z.shape[1:])
    """,
)
def _convolution(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    axes, front = w.ndim - 2, x.shape[: x.ndim - w.ndim + 1]
    x = _samples_last(x, axes)
    if axes < 1 or len(x) != w.shape[1] * groups or len(w) % groups:
        raise ValueError("The channels are not those of the weights.")
    windows = _windows_in(_padded(x, padding), w.shape[2:], stride, dilation)
    filters = w.reshape(groups, len(w) // groups, w[0].size)
    places = windows.shape[axes + 1 :]
    z = np.empty((*filters.shape[:2], math.prod(places)), np.result_type(x, w))
    for part, run in _in_runs(windows, axes):
        np.matmul(filters, part.reshape(groups, w[0].size, -1), out=z[:, :, run])
    return _samples_first(z.reshape(len(w), *places), front)


@primitive(
    "convolution(x, w, stride, padding, dilation, groups)",
    takes=(
        "arrays of shapes (..., channels, *size) and (outputs, channels, *window), whose windows "
        "fit into the padded size",
        "In `groups`, the weights have as many times fewer channels.",
    ),
)
def convolution(ct, _, x, w, stride=1, padding=0, dilation=1, groups=1):
    """Each window of x, (..., channels, *size), times the weights w, (outputs, channels, *window).

    The result has shape (..., outputs, *places). There are as many axes of places as of windows;
    of each, `stride` is how far the window moves, `padding` how many zeros stand at either end (or
    a pair of them), `dilation` how far apart the entries in a window are: whole numbers, or tuples
    with one for each axis. In `groups`, each group of outputs sees its group of channels alone.
    The weights are not turned round, as in every network's library.

    >>> import autodiff as ad
    >>> x = ad.Tensor([[1.0, 2.0, 4.0, 8.0]])  # one channel
    >>> ad.convolution(x, [[[-1.0, 1.0]]]).data
    array([[1., 2., 4.]])
    """
    how = stride, padding, dilation, groups
    size, window = shape_of(x)[2 - len(shape_of(w)) :], shape_of(w)[2:]
    return (
        lambda: times_in_sum(lambda ct, w: convolution_by_x(ct, w, size, *how), ct, w),
        lambda: times_in_sum(lambda ct, x: convolution_by_w(ct, x, window, *how), ct, x),
    )


@helper(
    "convolution_by_x",
    jax="""
    channels = w.shape[1] * groups
    x = jax.ShapeDtypeStruct((*y.shape[: y.ndim - w.ndim + 1], channels, *size), y.dtype)
    back = jax.linear_transpose(lambda x: convolution(x, w, stride, padding, dilation, groups), x)
    back(y)[0]
    """,
)
def _convolution_by_x(
    y: Any, w: Any, size: tuple[int, ...], stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    axes, front = w.ndim - 2, y.shape[: y.ndim - w.ndim + 1]
    borders, y = _borders(padding, axes), _samples_last(y, axes)
    padded = [n + sum(pair) for n, pair in zip(size, borders, strict=True)]
    whole = np.zeros((w.shape[1] * groups, *padded, y.shape[-1]), np.result_type(y, w))
    windows = _windows_in(whole, w.shape[2:], stride, dilation)
    if y.shape != (len(w), *windows.shape[axes + 1 :]) or len(w) % groups:
        raise ValueError("This is no output of a convolution with these weights.")
    filters = w.reshape(groups, len(w) // groups, w[0].size).swapaxes(1, 2)
    y = y.reshape(groups, len(w) // groups, -1)
    with np.errstate(all="ignore"):  # what goes backward never warns
        for part, run in _in_runs(windows, axes):
            columns = np.matmul(filters, y[:, :, run]).reshape(part.shape)
            for place in np.ndindex(*w.shape[2:]):  # at which no two windows have the same entry
                part[(slice(None), *place)] += columns[(slice(None), *place)]
    return _samples_first(whole[_inside(size, borders)], front)


@internal
@primitive("convolution_by_x(y, w, size, stride, padding, dilation, groups)")
def convolution_by_x(ct, _, y, w, size=(5,), stride=1, padding=0, dilation=1, groups=1):
    """What x, whose axes are of this size, is multiplied by in y * convolution(x, w), summed."""
    how, window = (stride, padding, dilation, groups), shape_of(w)[2:]
    return (
        lambda: times_in_sum(lambda ct, w: convolution(ct, w, *how), ct, w),
        lambda: times_in_sum(lambda ct, y: convolution_by_w(y, ct, window, *how), ct, y),
    )


@helper(
    "convolution_by_w",
    jax="""
    axes = len(window)
    channels = x.shape[x.ndim - axes - 1] // groups
    w = jax.ShapeDtypeStruct((y.shape[y.ndim - axes - 1], channels, *window), y.dtype)
    back = jax.linear_transpose(lambda w: convolution(x, w, stride, padding, dilation, groups), w)
    back(y)[0]
    """,
)
def _convolution_by_w(
    y: Any, x: Any, window: tuple[int, ...], stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    axes = len(window)
    alike = y.shape[: y.ndim - axes - 1] == x.shape[: x.ndim - axes - 1]
    y, x = _samples_last(y, axes), _samples_last(x, axes)
    windows = _windows_in(_padded(x, padding), window, stride, dilation)
    if not alike or y.shape[1:] != windows.shape[axes + 1 :] or len(x) % groups or len(y) % groups:
        raise ValueError("This is no output of a convolution of this array.")
    shape = len(y), len(x) // groups, *window
    y = y.reshape(groups, len(y) // groups, -1)
    w = np.zeros((groups, y.shape[1], math.prod(shape[1:])), np.result_type(y, x))
    with np.errstate(all="ignore"):
        for part, run in _in_runs(windows, axes):
            w += np.matmul(y[:, :, run], part.reshape(groups, w.shape[2], -1).swapaxes(1, 2))
    return w.reshape(shape)


@internal
@primitive("convolution_by_w(y, x, window, stride, padding, dilation, groups)")
def convolution_by_w(ct, _, y, x, window=(1,), stride=1, padding=0, dilation=1, groups=1):
    """What w, of windows of this shape, is multiplied by in y * convolution(x, w), summed."""
    how, size = (stride, padding, dilation, groups), shape_of(x)[-len(window) :]
    return (
        lambda: times_in_sum(lambda ct, x: convolution(x, ct, *how), ct, x),
        lambda: times_in_sum(lambda ct, y: convolution_by_x(y, ct, size, *how), ct, y),
    )
