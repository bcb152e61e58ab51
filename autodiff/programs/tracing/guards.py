"""What a traced function must not do, seen from around its call."""

from __future__ import annotations

import functools
import inspect
import random
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...graph.value import Value
from ...support.frames import is_numpys, is_ours
from .standins import TraceError

_DEEPEST, _MOST = 5, 500  # how far a generator is looked for, and in how many things


@contextmanager
def drawing_nothing(f: Callable[..., Any]) -> Iterator[None]:
    """Raises TraceError if within it numbers are drawn from a generator that f has from around it.

    Its program would have the same numbers at every call. Known are the generators of the
    modules `random` and `numpy.random`, and those in what f reads: in its variables, in objects,
    in the functions that it calls.
    """
    generators = _generators(f)
    before = _states(generators)
    yield
    if _states(generators) != before:
        raise TraceError(
            f"`{getattr(f, '__name__', f)}` draws random numbers from a generator around it, and a "
            "program of it would have the same ones at every call.\n"
            "Make the generator an argument, as in `f(x, rng)` with `rng.normal(size=3)`."
        )


def _generators(f: Callable[..., Any]) -> list[np.random.Generator]:
    """The generators that a function can reach: in its variables, and inside of what they hold."""
    found: list[np.random.Generator] = []
    seen: dict[int, Any] = {}
    todo: list[tuple[Any, int]] = [(f, 0)]
    while todo and len(seen) < _MOST:
        thing, depth = todo.pop()
        if isinstance(thing, np.random.Generator):
            found.append(thing)
        elif depth < _DEEPEST and id(thing) not in seen:
            seen[id(thing)] = thing
            todo += [(inner, depth + 1) for inner in _inside(thing)]
    return found


def _inside(thing: Any) -> Iterable[Any]:
    """What a function reads, an object has, a container holds."""
    if isinstance(thing, dict):
        return thing.values()
    if isinstance(thing, (list, tuple)):
        return thing
    if isinstance(thing, MethodType):
        return thing.__self__, thing.__func__
    if isinstance(thing, functools.partial):
        return thing.func, *thing.args, *thing.keywords.values()
    if isinstance(thing, FunctionType):
        if (thing.__module__ or "").partition(".")[0] in ("autodiff", "numpy"):
            return ()
        wrapped = inspect.unwrap(thing)
        if not isinstance(wrapped, FunctionType):
            return (wrapped,)
        names = inspect.getclosurevars(wrapped)
        return (*names.nonlocals.values(), *names.globals.values())
    if isinstance(thing, (type, ModuleType, Value, np.ndarray)):
        return ()
    return getattr(thing, "__dict__", {}).values()


def _states(generators: list[np.random.Generator]) -> list[str]:
    states = [np.random.get_state(legacy=False), *(g.bit_generator.state for g in generators)]
    return [str(hash(random.getstate())), *map(_state, states)]


def _state(state: Any) -> str:
    if isinstance(state, dict):
        return "".join(f"{key}{_state(value)}" for key, value in state.items())
    return str(state.tobytes()) if isinstance(state, np.ndarray) else str(state)


@contextmanager
def explaining(f: Callable[..., Any]) -> Iterator[None]:
    """Makes a TraceError, with the line of f, of what Python says about a traced argument."""
    try:
        yield
    except TypeError as error:
        if isinstance(error, TraceError) or "<traced" not in str(error):
            raise
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        theirs = [f for f in frames if not is_ours(f) and not is_numpys(f)]
        lines = traceback.extract_tb(error.__traceback__)
        line = lines[frames.index(theirs[-1])] if theirs else lines[-1]
        raise TraceError(
            "A traced function computes the same steps for every argument, but here a plain "
            f"number is wanted: {line.filename}:{line.lineno}: {line.line}\n"
            f"Make it a static argument. Python said: {error}."
        ) from error
