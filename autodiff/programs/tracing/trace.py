"""The trace of a function: what it computed from its arguments, recorded to be run again."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...graph.modes import Interpreter, current_mode, within
from ...graph.node import data_of, new_node
from ...graph.value import Value
from ...primitives.door import is_known, static
from ...primitives.primitive import Primitive
from ...primitives.pullback import pullback_of
from ...support.frames import is_numpys, is_ours
from ...support.identifiers import identifier
from ...support.numbers import is_finite
from .infinities import Infinities, Knowledge, Zeros
from .standins import Traced, TracedTensor, TracedValue, TraceError, refuse

R = TypeVar("R")

# Whose variables are only passing names.
_ANONYMOUS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")


class Trace(Interpreter):
    """The nodes that a function made, in their order, and what is known about each.

    `passes` numbers the backward pass that made a node, `names` are the user's own for local
    variables.
    """

    traces = True

    def __init__(self, careful: bool = False) -> None:
        self.careful = careful
        self.nodes: list[Value] = []
        self.passes: dict[Value, int] = {}
        self.cotangents: list[tuple[Value, Value]] = []  # and what each is of
        self.orders: dict[int, int] = {0: 0}  # of the derivative that each pass computes
        self.names: dict[Value, str] = {}
        self.draws: dict[Value, Draw] = {}
        self.ties = False  # whether a NaN may come of a tie
        self.doubts: set[int] = set()  # in which passes chance may bring together what is NaN
        self.frames: dict[FrameType, int] = {}  # the calls that led to operations, and how deep
        self._pulls: list[int] = []
        self._begun = 0
        self.knowledge = Knowledge()

    @property
    def doubtful(self) -> bool:
        """Whether a NaN may come of what chance has brought together."""
        return bool(self.doubts)

    @property
    def _pass(self) -> int:
        """The number of the backward pass under way, 0 for none."""
        return self._pulls[-1] if self._pulls else 0

    def forget(self) -> None:
        """Let go of the nodes."""
        for kept in (self.nodes, self.passes, self.names, self.draws):
            kept.clear()
        self.knowledge.forget()
        self.cotangents.clear()

    def leaf(self, data: Any, name: str | None) -> Value:
        """A node for an argument, by an example of its data."""
        array = isinstance(data, np.ndarray)
        node = new_node(TracedTensor if array else TracedValue, data)
        node.name = name
        self.nodes.append(node)
        return node

    def process_primitive(
        self, primitive: Primitive, operands: list[Any], params: tuple[Any, ...], result: Any
    ) -> Value:
        """The node of an operation on these operands."""
        if not primitive.differentiable and not _settles_shape(primitive):
            given = next(operand for operand in operands if isinstance(operand, Value))
            refuse(given, f"the shape of `{primitive.name}`", "`where(mask, x, 0.0)`")
        scalar = type(result) in (float, int, bool)
        kind: type[Value] = TracedValue if scalar else TracedTensor
        records = primitive.differentiable and current_mode().records
        by = [i for i, operand in enumerate(operands) if records and _differentiable(operand)]
        pullback = pullback_of(primitive, tuple(by))
        data = result if scalar else np.asarray(result)
        node = new_node(kind, data, pullback, primitive.arguments(operands, params))
        self.nodes.append(node)
        if self._pass:
            self.passes[node] = self._pass
        else:  # a backward pass is called by what is kept already
            self._keep_frames()
        return node

    def _keep_frames(self) -> None:
        """Hold the calls that led here, for what their local variables will be called."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and is_ours(frame):
            frame = frame.f_back
        found = []
        while frame is not None and frame not in self.frames:
            found.append(frame)
            frame = frame.f_back
        depth = 0 if frame is None else self.frames[frame]
        for i, inner in enumerate(reversed(found), 1):
            self.frames[inner] = depth + i

    def note_names(self) -> None:
        """What the user's functions called their nodes and local variables in the end."""
        for frame in sorted(self.frames, key=self.frames.__getitem__, reverse=True):
            depth = self.frames[frame]
            ours = is_ours(frame) or is_numpys(frame)
            if depth and not ours and frame.f_code.co_name not in _ANONYMOUS:
                for name, thing in frame.f_locals.items():
                    if isinstance(thing, Traced) and identifier(name):
                        self.names[thing] = name
        for node in self.nodes:  # a name that a node was given comes before its variable's
            if node.name and node._pullback is not None and identifier(node.name):
                self.names[node] = node.name
        self.frames.clear()

    @contextmanager
    def backward_pass(self) -> Iterator[None]:
        """Within it, what is recorded belongs to a backward pass."""
        self._begun += 1
        self._pulls.append(self._begun)
        try:
            yield
        finally:
            self._pulls.pop()

    def note_cotangents(self, cotangents: dict[Value, Any]) -> None:
        """Note what the pass that has ended gave."""
        self.cotangents += [(ct, node) for node, ct in cotangents.items() if isinstance(ct, Value)]
        orders = (self.orders[self.passes.get(node, 0)] for node in cotangents)
        self.orders[self._begun] = 1 + max(orders, default=0)

    # -- where a zero cotangent may meet a partial that is not finite: see `zeros` -----------

    def zero_may_meet(self, ct: Any, factor: Any) -> bool:
        """Whether the program must look where it multiplies ct with the factor.

        Where only chance can bring a zero and an infinity together it does not, and is doubtful.
        """
        zeros = self.knowledge.zeros(ct)
        infinities = self.knowledge.infinities(factor) if zeros else Infinities.NONE
        if not (zeros and infinities):
            return False
        of_numbers = infinities is Infinities.OF_NUMBERS
        met = zeros is Zeros.IN_EXAMPLE and not is_finite(data_of(factor))
        if self.careful or met or (of_numbers and zeros is Zeros.BY_CHOICE):
            return True
        self.doubts.add(self._pass)
        return False

    def note_ties(self) -> None:
        """Note that there may be a tie, for whatever arguments: see `operations/ties.py`."""
        self.ties = True

    def infinity_may_meet(self, ct: Any) -> bool:
        """Whether an infinity of ct must be stopped where a branch is not taken."""
        infinities = self.knowledge.infinities(ct)
        if self.careful or infinities is not Infinities.OF_ARGUMENTS:
            return bool(infinities)
        self.doubts.add(self._pass)
        return False


@functools.cache
def _settles_shape(primitive: Primitive) -> bool:
    """Whether the shape of a plain answer is that of the question, whatever its numbers.

    Found by trying: an operation on one array is asked about ones and about zeros.
    """
    params = primitive.defaults.values()
    shapes = set()
    for tried in (np.zeros(2), np.ones(2)):
        try:
            shapes.add(np.shape(primitive.on_arrays(tried, *params)))
        except (TypeError, ValueError):
            return True
    return len(shapes) == 1


def _differentiable(operand: Any) -> bool:
    if not isinstance(operand, Value):
        return False
    return type(operand._data) is float or np.asarray(operand._data).dtype.kind == "f"


def tracing(trace: Trace, f: Callable[..., R], *args: Any) -> R:
    """f(*args), with operations on traced nodes recorded in `trace`."""
    if current_mode().interpreter.traces:
        raise TraceError(
            "A function is traced already, and in it another would be traced.\n"
            "Derive or compile the outer one alone: `grad` and its like do compose."
        )
    frame: FrameType | None = sys._getframe()
    while frame is not None:  # those outside the traced function are no concern
        trace.frames[frame] = 0
        frame = frame.f_back
    try:
        return within({"interpreter": trace, "lines": None, "records": True}, f, *args)
    finally:
        trace.note_names()


class Draw(NamedTuple):
    """Stands for a primitive where a generator draws numbers: it is written as a method call."""

    name: str
    generator: TracedGenerator
    args: tuple[Any, ...]
    keywords: dict[str, Any]


class TracedGenerator:
    """A numpy.random.Generator that is an argument: its draws are made anew at each call."""

    METHODS = ("normal", "standard_normal", "uniform", "random", "integers", "permutation")

    def __init__(self, trace: Trace, name: str, example: np.random.Generator) -> None:
        self._trace, self.name = trace, name
        self.example = np.random.Generator(type(example.bit_generator)(0))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):  # what Python asks for, as it copies and pickles
            raise AttributeError(method)
        if method not in self.METHODS:
            raise TraceError(
                f"A traced generator draws by {', '.join(self.METHODS)}, but not by `{method}`.\n"
                "Draw outside the function, and pass the numbers as an argument."
            )
        return functools.partial(self._draw, method)

    def _draw(self, method: str, *args: Any, **keywords: Any) -> Any:
        for given in (*args, *keywords.values()):
            if isinstance(given, Value):
                refuse(given, "a random draw", "a draw of fixed parameters, scaled afterwards")
        args, keywords = static(args), {name: static(arg) for name, arg in keywords.items()}
        if not all(map(is_known, (*args, *keywords.values()))):
            raise TraceError(
                "A traced generator draws by numbers, texts, dtypes, and arrays and tuples of "
                f"them, but here `{method}` is given other things.\nDraw outside the function."
            )
        drawn = getattr(self.example, method)(*args, **keywords)
        node = self._trace.leaf(drawn, None)
        self._trace.draws[node] = Draw(method, self, args, keywords)
        return node
