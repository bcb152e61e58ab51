"""The modes that change what is recorded: no_grad, detect_anomaly, and a trace."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident, local
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType

    from .tracing import Trace
    from .value import Value

_HERE = os.path.dirname(__file__) + os.sep


class Mode(NamedTuple):
    """What one thread records: the graph or not, the line that made each node, a program."""

    records: bool = True
    lines: dict[int, str] | None = None  # by identity: nodes compare by their data
    trace: Trace | None = None
    pulling: tuple[str, str] | None = None  # whose pull-back is recorded, and the line of that
    postpones: bool = False  # results are computed when they are asked for: see Postponed


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
    MODES[thread] = mode
    try:
        yield
    finally:
        if before is None:
            del MODES[thread]
        else:
            MODES[thread] = before


def records_plainly() -> bool | None:
    """Whether this thread records its results; None where a mode has to see each of them."""
    records, lines, trace, _, postpones = MODES.get(get_ident(), _DEFAULT)
    return None if postpones or lines is not None or trace is not None else records


def is_watched() -> bool:
    """Whether a transform or a trace is at work in this thread: nodes may be wanted of a result."""
    return DEPTH.value > 0 or current_mode().trace is not None


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


class _Care(local):
    taken = False


CARE = _Care()  # whether products of plain arrays look: see `ops.times`


@contextmanager
def with_care() -> Iterator[None]:
    """Within it, a zero cotangent stops at what is not finite, in products of arrays, too."""
    before, CARE.taken = CARE.taken, True
    try:
        yield
    finally:
        CARE.taken = before


@contextmanager
def recording() -> Iterator[None]:
    """Within it, graphs are recorded, though it be inside no_grad: a derivative needs its own."""
    mode = current_mode()
    if mode.records:
        yield
    else:
        with in_mode(mode._replace(records=True)):
            yield


@contextmanager
def postponing() -> Iterator[None]:
    """Within it, products are computed when they are asked for; not if each result is looked at."""
    mode = current_mode()
    looking = mode.trace is not None or mode.lines is not None
    with in_mode(mode._replace(postpones=not looking)):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Within it, the first NaN or infinity to be born, forward or backward, is an error.

    The message names the operation, its operands' values and the line of yours that made it.
    It is for finding a fault: each operation becomes several times slower. Raises
    FloatingPointError.

    >>> import autodiff as ad
    >>> with ad.detect_anomaly():
    ...     ad.log(ad.Value(0.0, name="x"))
    Traceback (most recent call last):
    FloatingPointError: `log` gave -inf from x = 0.0.
    Its operands are finite, so it was born here: ...
    """
    with in_mode(current_mode()._replace(lines={})):
        yield


@contextmanager
def pulling_back(node: Value) -> Iterator[None]:
    """Within it, what is recorded is the pull-back of `node`, and is of the line that made it."""
    mode = current_mode()
    if mode.lines is None or node._link is None:
        yield
    else:
        line = mode.lines.get(id(node), "before detect_anomaly()")
        with in_mode(mode._replace(pulling=(node._link.primitive.symbol, line))):
            yield


def line_of(mode: Mode) -> str:
    """The line of the user's that an operation made now belongs to."""
    return user_line() if mode.pulling is None else mode.pulling[1]


def is_ours(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of the engine."""
    return frame.f_code.co_filename.startswith((_HERE, "<nabigrad"))


def is_numpys(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of NumPy's."""
    return bool(frame.f_globals.get("__name__", "").startswith("numpy."))


def user_line() -> str:
    """The innermost line on the stack that is not the engine's own."""
    frame = sys._getframe()
    while frame.f_back and (is_ours(frame) or is_numpys(frame)):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{line}: {linecache.getline(name, line).strip()}".rstrip(": ")
