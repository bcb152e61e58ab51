"""Entries as one array: written into zeros, or, where that is recorded, joined if they can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..operations.indexing import repeats, scatter
from ..operations.joining import concatenate, stack
from ..primitives.entries import Entries

MANY = 8  # parts that are joined with zeros between them: each array of zeros is as large as all


def as_whole(part: Any) -> Any:
    """A cotangent of the shape of its operand, made of entries if it is some."""
    if type(part) is not Entries:
        return part
    parts, rest, shape = part.parts, part.rest, part.shape
    if len(parts) == 1 and rest is None:
        return scatter(*parts[0], shape)
    if not isinstance(rest, Value) and not any([isinstance(ct, Value) for ct, _ in parts]):
        return _written(parts, rest, shape)
    found = _joined(parts, shape)
    scattered = [scatter(ct, index, shape) for ct, index in parts] if found is None else [found]
    for one in scattered:
        rest = one if rest is None else rest + one
    return rest


def _written(parts: Sequence[tuple[Any, Any]], rest: Any, shape: tuple[int, ...]) -> Any:
    """Plain data, each part added in its place."""
    found = np.zeros(shape, np.asarray(parts[0][0]).dtype) if rest is None else np.array(rest)
    for ct, index in parts:
        if repeats(index):
            np.add.at(found, index, ct)
        else:
            found[index] += ct
    return found


def _joined(parts: Sequence[tuple[Any, Any]], shape: tuple[int, ...]) -> Any:
    """Parts side by side, as those of a split or of each step, with zeros between if they are many.

    None where some of them overlap, or are no stretches along one axis.
    """
    places = [_place(index, shape) for _, index in parts]
    if None in places or len({(axis, single) for axis, _, _, single in places}) > 1:
        return None
    axis, _, _, single = places[0]
    found: list[Any] = []
    end = 0
    for i in sorted(range(len(parts)), key=lambda i: places[i][1:3]):
        start = places[i][1]
        found += _zeros(start - end, parts[i][0], axis, single)
        if start < end:
            return None
        found.append(parts[i][0])
        end = places[i][2]
    found += _zeros(shape[axis] - end, parts[0][0], axis, single)
    if len(found) > len(parts) < MANY:
        return None
    return stack(found, axis) if single else concatenate(found, axis)


def _zeros(count: int, like: Any, axis: int, single: bool) -> list[Any]:
    """So many zeros along an axis, as one part or single ones, of a dtype like another's."""
    shape, dtype = shape_of(like), np.asarray(data_of(like)).dtype
    if count <= 0:
        return []
    if single:
        return [np.zeros(shape, dtype)] * count
    return [np.zeros((*shape[:axis], count, *shape[axis + 1 :]), dtype)]


def _place(index: Any, shape: tuple[int, ...]) -> Any:
    """The axis along which an index takes a stretch, its ends, and whether it is one number."""
    items = list(index) if isinstance(index, tuple) else [index]
    for i in [i for i, item in enumerate(items) if item is Ellipsis]:
        items[i : i + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    found = None
    for axis, item in enumerate(items):
        if isinstance(item, slice) and item.indices(shape[axis])[2] == 1:
            start, stop, _ = item.indices(shape[axis])
            if (start, stop) == (0, shape[axis]):
                continue
            place = (axis, start, max(start, stop), False)
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            start = int(item) % shape[axis]
            place = (axis, start, start + 1, True)
        else:
            return None
        if found is not None:
            return None
        found = place
    return found
