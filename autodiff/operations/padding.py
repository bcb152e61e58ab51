"""Borders round an array: `pad`, in NumPy's modes."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import composite, internal, primitive
from .indexing import along_axis, gathered, getitem
from .joining import concatenate, stack
from .leading import in_front, index_behind
from .quantiles import median
from .reductions import max, mean, min
from .rounding import rint
from .shapes import as_operand, as_type, broadcast_to, flip, linspace, reshape


@internal
@primitive("pad(x, width, constant_values=value)")
def pad_constant(ct, z, x, width=0, value=0.0):
    """x with a border of one value, `width` = ((before, after), ...) along each axis."""
    shape = shape_of(x)
    starts = np.broadcast_to(width, (len(shape), 2))[:, 0].tolist()
    inside = tuple(slice(a, a + n) for a, n in zip(starts, shape, strict=True))
    return getitem(ct, index_behind(inside, len(in_front(ct, z))))


_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": max, "mean": mean, "median": median, "minimum": min,
}  # fmt: skip
# What goes with each mode.
_OPTIONS = {
    "constant": "constant_values", "edge": "", "wrap": "", "linear_ramp": "end_values",
    "reflect": "reflect_type", "symmetric": "reflect_type",
    **dict.fromkeys(_STATISTICS, "stat_length"),
}  # fmt: skip


@composite(np.pad)
def pad(
    x: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = None,
    end_values: Any = None, stat_length: Any = None, reflect_type: Any = None,
) -> Any:  # fmt: skip
    """x with a border, as `numpy.pad`: its constants, or the ends of its ramps, may be nodes.

    >>> import autodiff as ad
    >>> edge = ad.Value(5.0)
    >>> ad.pad([1.0, 2.0], (0, 3), constant_values=edge).sum().backward()
    >>> edge.grad
    3.0
    """
    if mode not in _OPTIONS:
        raise ValueError(f"`pad` has the modes {', '.join(_OPTIONS)}, but not {mode!r}.")
    options = {
        "constant_values": constant_values, "end_values": end_values, "stat_length": stat_length,
        "reflect_type": reflect_type,
    }  # fmt: skip
    for name, value in options.items():
        if value is not None and name != _OPTIONS[mode]:
            raise ValueError(f"`pad` takes `{name}` for other modes, but not for {mode}.")
    if reflect_type not in (None, "even"):
        raise ValueError(f"`pad` reflects with `reflect_type='even'`, not {reflect_type!r}.")
    shape = shape_of(x)
    widths = _widths(pad_width, len(shape))
    if not widths:
        return reshape(x, ())
    if mode != "constant" and 0 in shape:
        np.pad(np.zeros(shape), widths, mode)  # type: ignore[call-overload]  # refuses to fill it
    elif mode in ("edge", "wrap", "reflect", "symmetric"):
        return gathered(np.pad, x, widths, mode=mode)
    elif mode in _STATISTICS:
        return _with_borders(x, widths, _statistics(_STATISTICS[mode], stat_length, len(shape)))
    elif mode == "linear_ramp":
        return _with_borders(x, widths, _ramps(_pairs(end_values, x)))
    elif _has_node(constant_values):
        return _with_borders(x, widths, _constants(_pairs(constant_values, x)))
    return pad_constant(x, widths, 0.0 if constant_values is None else constant_values)


def _widths(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """How wide the border is before and behind, along each axis."""
    if not ndim:
        np.pad(np.zeros(()), pad_width)  # which refuses what is no width
        return ()
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - ndim, 0)) for i in range(ndim)]
        pad_width = [(w, w) if isinstance(w, int) else w for w in pad_width]
    return tuple(map(tuple, np.broadcast_to(pad_width, (ndim, 2)).tolist()))


def _has_node(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_node, value))
    return isinstance(value, Value)


def _pairs(value: Any, x: Any) -> Any:
    """A number for before and behind each axis of x, in the type of its entries."""
    numbers = as_type(_joined(0.0 if value is None else value), np.asarray(data_of(x)).dtype)
    return broadcast_to(numbers, (len(shape_of(x)), 2))


def _joined(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return stack(list(map(_joined, value)))
    return as_operand(value)


# The border at one end of an axis (0: before, 1: behind), of what is padded along the axes before.
Border = Callable[[Any, int, int, int], Any]


def _with_borders(x: Any, widths: tuple[tuple[int, int], ...], border: Border) -> Any:
    for axis, pair in enumerate(widths):
        before, behind = [[border(x, axis, end, n)] if n else [] for end, n in enumerate(pair)]
        if before or behind:
            x = concatenate([*before, x, *behind], axis)
    return x


def _repeated(x: Any, like: Any, axis: int, width: int) -> Any:
    """x so often along an axis, and along the others as an array like it."""
    shape = shape_of(like)
    return broadcast_to(x, (*shape[:axis], width, *shape[axis + 1 :]))


def _constants(pairs: Any) -> Border:
    return lambda x, axis, end, width: _repeated(pairs[axis, end], x, axis, width)


def _ramps(pairs: Any) -> Border:
    def ramp(x: Any, axis: int, end: int, width: int) -> Any:
        edge, dtype = along_axis(x, -end, axis), np.asarray(data_of(x)).dtype
        rising = linspace(pairs[axis, end], edge, width, False, dtype=dtype, axis=axis)
        return flip(rising, axis) if end else rising

    return ramp


def _statistics(statistic: Callable[..., Any], length: Any, ndim: int) -> Border:
    """Of so many entries at the end, or of all."""
    lengths = np.broadcast_to(np.asarray(length, object), (ndim, 2))

    def of_end(x: Any, axis: int, end: int, width: int) -> Any:
        size, asked = shape_of(x)[axis], lengths[axis, end]
        count = size if asked is None else builtins.min(int(asked), size)
        part = along_axis(x, slice(size - count, None) if end else slice(count), axis)
        found, dtype = statistic(part, axis, keepdims=True), np.asarray(data_of(x)).dtype
        whole = dtype.kind in "iu" and statistic in (mean, median)
        return _repeated(as_type(rint(found) if whole else found, dtype), x, axis, width)

    return of_end
