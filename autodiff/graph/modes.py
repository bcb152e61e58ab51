"""The modes that change what is recorded: no_grad, detect_anomaly, and a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import get_ident, local
from typing import Any, NamedTuple

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


class Mode(NamedTuple):
    """What one thread records: the graph or not, the line that made each node, a program."""

    records: bool = True
    lines: dict[int, str] | None = None  # by identity: nodes compare by their data
    interpreter: Interpreter = EAGER
    pulling: tuple[str, str] | None = None  # whose pull-back is recorded, and the line of that
    lazy: bool = False  # results are computed when they are asked for: see LazyProduct


class _Depth(local):
    value = 0


DEPTH = _Depth()  # how many transforms this thread is inside of


# One entry for each thread that is in a mode. It is empty nearly always, and then an
# operation finds out in one look that no mode needs its attention.
MODES: dict[int, Mode] = {}
_DEFAULT = Mode()


def current_mode() -> Mode:
    """The mode of this thread."""
    return MODES.get(get_ident(), _DEFAULT)


@contextmanager
def in_mode(mode: Mode) -> Iterator[None]:
    thread, before = get_ident(), MODES.get(get_ident())
    try:
        MODES[thread] = mode
        yield
    finally:
        if before is None:
            MODES.pop(thread, None)
        else:
            MODES[thread] = before


def records_unless_watched() -> bool | None:
    """Whether this thread records its results; None where a mode has to see each of them."""
    records, lines, interpreter, _, lazy = MODES.get(get_ident(), _DEFAULT)
    return None if lazy or lines is not None or interpreter.traces else records


def in_transform() -> bool:
    """Whether a transform or a trace is at work in this thread: nodes may be wanted of a result."""
    return DEPTH.value > 0 or current_mode().interpreter.traces


@contextmanager
def no_grad() -> Iterator[None]:
    """Within it, or in a function that it decorates, results are leaves: no graph is recorded.

    >>> import autodiff as ad
    >>> x = ad.Value(2.0)
    >>> with ad.no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (4.0, ())
    """
    with in_mode(current_mode()._replace(records=False)):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Within it, graphs are recorded, though it be inside no_grad: a derivative needs its own."""
    mode = current_mode()
    if mode.records:
        yield
    else:
        with in_mode(mode._replace(records=True)):
            yield


@contextmanager
def lazily() -> Iterator[None]:
    """Within it, products are computed when they are asked for; not if a mode sees each result."""
    mode = current_mode()
    watched = mode.interpreter.traces or mode.lines is not None
    with in_mode(mode._replace(lazy=not watched)):
        yield
