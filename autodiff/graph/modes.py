"""The modes that change what is recorded: no_grad, detect_anomaly, a trace, and who is in them.

A mode belongs to a context (see `contextvars`): to a thread, which starts without any, or to a
task of asyncio, which starts with those of whoever made it. The engine's own end with the copy of
the context that they are entered in, and a block's with the block.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, copy_context
from typing import Any, NamedTuple, TypeVar
from weakref import ref

import numpy as np

from ..support.numbers import is_finite
from .node import data_of


class Interpreter:
    """What is asked while a function runs, with the answers for one that computes at once.

    A trace, whose data are examples only, answers otherwise: see `tracing.trace.Trace`.
    """

    traces = False  # whether it is given every operation to process

    def process_primitive(
        self, primitive: Any, operands: list[Any], params: tuple[Any, ...], result: Any
    ) -> Any:
        """The node of an operation on these operands, for an interpreter that traces."""
        raise NotImplementedError

    def zero_may_meet(self, ct: Any, factor: Any) -> bool:
        """Whether a zero of a cotangent may meet an entry of the factor that is not finite."""
        ct, factor = data_of(ct), data_of(factor)
        # The smaller of the two is looked at first.
        smaller = getattr(ct, "size", 1) < getattr(factor, "size", 1)
        return not (smaller and np.all(ct)) and not is_finite(factor)

    def infinity_may_meet(self, ct: Any) -> bool:
        """Whether a cotangent may be infinite where a branch that is not taken must stop it."""
        return not is_finite(data_of(ct))

    def backward_pass(self) -> AbstractContextManager[None]:
        """What a backward pass is recorded within."""
        return nullcontext()

    def note_cotangents(self, cotangents: dict[Any, Any]) -> None:
        """Takes note of what that backward pass gave."""


EAGER = Interpreter()

R = TypeVar("R")


class Mode(NamedTuple):
    """What one context records: the graph or not, the line that made each node, a program."""

    records: bool = True
    lines: dict[int, str] | None = None  # by identity: nodes compare by their data
    interpreter: Interpreter = EAGER
    pulling: tuple[str, str] | None = None  # whose pull-back is recorded, and the line of that
    lazy: bool = False  # results are computed when they are asked for: see LazyProduct
    note: Callable[[Any, Any], Any] | None = None  # of a node and the user's frame: see noting


_DEFAULT = Mode()

# How many transforms this context is inside of.
DEPTH: ContextVar[int] = ContextVar("nabigrad_depth", default=0)


class Entry:
    """A change of the mode. It is in force from where it is entered until it ends or is no more.

    Contexts hold it weakly: an interrupt may come before anyone knows that it has to be ended.
    """

    __slots__ = ("__weakref__", "changes", "handle")

    def __init__(self, changes: dict[str, Any]) -> None:
        self.changes: dict[str, Any] | None = changes
        self.handle = Handle(self, MODES.discard)

    def enter(self) -> None:
        """Put this in force in this context, over what is so already."""
        MODES.add(self.handle)
        settle((*entered(), self.handle))

    def end(self) -> None:
        """Put this out of force, in whatever contexts it is."""
        self.changes = None
        MODES.discard(self.handle)


class Handle(ref[Entry]):
    """A weak reference to an entry, known by itself: it outlives that, be it for a moment."""

    __slots__ = ()
    __hash__ = object.__hash__


# The entries that are in force in whatever context. It is empty nearly always, and then an
# operation finds out in one look that no mode needs its attention.
MODES: set[Handle] = set()


class _Entries(NamedTuple):
    """What one context has entered, in order, and the mode that comes of it."""

    handles: tuple[Handle, ...] = ()
    mode: Mode = _DEFAULT


_NOTHING = _Entries()
_ENTRIES: ContextVar[_Entries] = ContextVar("nabigrad_modes", default=_NOTHING)


def entered() -> tuple[Handle, ...]:
    """What this context has entered, in order."""
    return _ENTRIES.get().handles


def current_mode() -> Mode:
    """The mode of this context."""
    handles, mode = _ENTRIES.get()
    for handle in handles:
        entry = handle()
        if entry is None or entry.changes is None:
            return settle(handles)
    return mode


def settle(handles: tuple[Handle, ...]) -> Mode:
    """The mode that these give, without those that are over, as this context's."""
    mode, remaining = _DEFAULT, []
    for handle in handles:
        entry = handle()
        if entry is not None and entry.changes is not None:
            mode = mode._replace(**entry.changes)
            remaining.append(handle)
    _ENTRIES.set(_Entries((*remaining,), mode))
    return mode


def within(changes: dict[str, Any], f: Callable[..., R], *args: Any) -> R:
    """f(*args) in a mode so changed: in a copy of the context, which C leaves however f ends."""
    return copy_context().run(_changed, changes, f, args)


def _changed(changes: dict[str, Any], f: Callable[..., R], args: tuple[Any, ...]) -> R:
    entry = Entry(changes)
    try:
        entry.enter()
        return f(*args)
    finally:
        entry.end()


def transforming(f: Callable[..., R], *args: Any) -> R:
    """f(*args) inside one more transform, which records its own graph, even inside no_grad."""
    return copy_context().run(_transforming, f, args)


def _transforming(f: Callable[..., R], args: tuple[Any, ...]) -> R:
    DEPTH.set(DEPTH.get() + 1)
    return f(*args) if current_mode().records else within({"records": True}, f, *args)


def lazily(f: Callable[[], R]) -> R:
    """f(), its products computed when they are asked for; not if a mode sees each result."""
    mode = current_mode()
    watched = mode.interpreter.traces or mode.lines is not None or mode.note is not None
    return within({"lazy": not watched}, f)


def records_unless_watched() -> bool | None:
    """Whether this context records its results; None where a mode has to see each of them."""
    records, lines, interpreter, _, lazy, note = current_mode()
    watched = lines is not None or note is not None or interpreter.traces
    return None if lazy or watched else records


def in_transform() -> bool:
    """Whether a transform or a trace is at work here: nodes may be wanted of a result."""
    return DEPTH.get() > 0 or current_mode().interpreter.traces
