"""What a model and a loss hold beside parameters and buffers: whether a call has changed it.

A program knows nothing of it, so that one that is made of what changes it would say other than the
function; and a trace that has changed it is undone.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

_LARGE, _MANY = 1 << 20, 1000  # bytes and entries, from which on what there is is not looked at
_MOST = 100_000  # things that are looked at, of all
_DEEP = 8  # containers in containers, and functions that functions call
_OWN = ("autodiff", "nn", "optim", "numpy")  # whose functions hold nothing that changes


class Hidden:
    """Attributes of modules, what functions close over, their globals: as they are now.

    What is in the other packages, or deeper in objects of other classes, is not seen.

    >>> counts = {"calls": 0}
    >>> hidden = Hidden(counts)
    >>> counts["calls"] += 1
    >>> hidden.changed(), hidden.restore(), counts
    ('this dict', None, {'calls': 0})
    """

    def __init__(self, *things: Any) -> None:
        self._kept: list[tuple[str, Any, Any]] = []  # what it is called, itself, what it holds
        self._seen: dict[int, Any] = {}
        for thing in things:
            self._look(_called(thing), thing, 0)

    def changed(self) -> str | None:
        """What holds something else than it did, by name; None where nothing does."""
        return next((n for n, thing, held in self._kept if not _same(_held(thing), held)), None)

    def restore(self) -> None:
        """Let everything hold what it held."""
        for _, thing, held in self._kept:
            if not _same(_held(thing), held):
                _put(thing, held)

    def _look(self, name: str, thing: Any, depth: int) -> None:
        if id(thing) in self._seen or depth > _DEEP or len(self._seen) > _MOST:
            return
        self._seen[id(thing)] = thing
        if isinstance(thing, _KINDS):
            self._kept.append((name, thing, _held(thing)))
        wrapped = isinstance(thing, (types.MethodType, functools.partial))
        for part, inside in _inside(name, thing, top=depth == 0):
            below = 0 if hasattr(inside, "buffers_at") else depth + (not wrapped)
            self._look(part, inside, below)


class _Entries:
    """Some entries of a dict that is not looked at whole: attributes, or globals."""

    def __init__(self, whole: dict[str, Any], name: str) -> None:
        self.whole, self.name = whole, name


_NONE = object()
_KINDS = (
    _Entries, types.CellType, np.random.Generator, np.ndarray, dict, list, deque, set,
)  # fmt: skip


def _inside(name: str, thing: Any, top: bool) -> Iterator[tuple[str, Any]]:
    """Pairs of a name and what a thing is made of, whose changes are its own."""
    if isinstance(thing, types.FunctionType):
        if thing.__module__.partition(".")[0] not in _OWN:
            yield from _inside_function(name, thing)
    elif isinstance(thing, types.MethodType):
        yield from [(name, thing.__self__), (name, thing.__func__)]
    elif isinstance(thing, functools.partial):
        yield from [(name, thing.func), (name, thing.args), (name, thing.keywords)]
    elif isinstance(thing, (types.CellType, _Entries)):
        yield name, _held(thing)
    elif isinstance(thing, (dict, list, tuple, deque, set)) and len(thing) > _MANY:
        return
    elif isinstance(thing, dict):
        yield from ((name, part) for part in thing.values())
    elif isinstance(thing, (list, tuple, deque, set)):
        yield from ((name, part) for part in thing)
    elif hasattr(thing, "buffers_at") or (top and hasattr(thing, "__dict__")):
        yield from _inside_object(thing)


def _inside_function(name: str, function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for free, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield f"`{free}` of {name}", cell
    for used in code.co_names:
        thing = function.__globals__.get(used, _NONE)
        if thing is not _NONE and not isinstance(thing, (types.ModuleType, type)):
            yield f"`{used}`", _Entries(function.__globals__, used)


def _inside_object(thing: Any) -> Iterator[tuple[str, Any]]:
    buffers = [keys[0] for keys in getattr(thing, "buffers_at", ())]
    for attribute in vars(thing):
        if attribute not in buffers:
            yield f"`{attribute}` of {_called(thing)}", _Entries(vars(thing), attribute)
    for method in ("forward", "__call__"):
        function = getattr(type(thing), method, None)
        if isinstance(function, types.FunctionType):
            yield f"`{method}` of {_called(thing)}", function


def _held(thing: Any) -> Any:
    """What a thing holds, as it cannot change any more."""
    if isinstance(thing, _Entries):
        return thing.whole.get(thing.name, _NONE)
    if isinstance(thing, types.CellType):
        try:
            return thing.cell_contents
        except ValueError:  # it is empty
            return _NONE
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    if isinstance(thing, np.ndarray):
        return thing.copy() if thing.flags.writeable and thing.nbytes < _LARGE else thing
    if len(thing) > _MANY:
        return thing
    return tuple(thing.items() if isinstance(thing, dict) else thing)


def _put(thing: Any, held: Any) -> None:
    if isinstance(thing, _Entries):
        if held is _NONE:
            thing.whole.pop(thing.name, None)
        else:
            thing.whole[thing.name] = held
    elif isinstance(thing, types.CellType):
        if held is not _NONE:
            thing.cell_contents = held
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = held
    elif isinstance(thing, np.ndarray):
        thing[...] = held
    elif isinstance(thing, (dict, set)):
        thing.clear()
        thing.update(held)
    else:
        thing.clear()
        thing.extend(held)


def _same(a: Any, b: Any) -> bool:
    """Whether two things are one, or numbers, texts or arrays that are the same."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):  # the state of a generator
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return type(a) is type(b) and isinstance(a, (int, float, str, bytes, np.number)) and a == b


def _called(thing: Any) -> str:
    name = getattr(thing, "__name__", None)
    return f"`{name}`" if name else f"this {type(thing).__name__}"
