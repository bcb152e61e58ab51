"""The trace of a function: what it computed from its arguments, recorded to be run again."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from ...graph.modes import Interpreter, current_mode, in_mode
from ...graph.tensor import new_node
from ...graph.value import Value
from ...primitives.primitive import Primitive
from ...primitives.pullback import link_of
from ...support.frames import is_numpys, is_ours
from .infinities import chooses, dtype_of, settled, wild_itself
from .standins import Traced, TracedTensor, TracedValue, TraceError, refuse

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
        self.unchecked = False
        self.frames: dict[FrameType, int] = {}  # the calls that led to operations, and how deep
        self._pulls: list[int] = []
        self._begun = 0
        self._wild: dict[Any, bool] = {}
        self._masked: dict[Value, bool] = {}

    def forget(self) -> None:
        """Let go of the nodes."""
        for kept in (self.nodes, self.passes, self.names, self.draws, self._wild, self._masked):
            kept.clear()
        self.cotangents.clear()

    def leaf(self, data: Any, name: str | None) -> Value:
        """A node for an argument, by an example of its data."""
        array = isinstance(data, np.ndarray)
        node = new_node(TracedTensor if array else TracedValue, data)
        node.name = name
        self.nodes.append(node)
        return node

    def record(
        self, primitive: Primitive, operands: list[Any], params: tuple[Any, ...], result: Any
    ) -> Value:
        """The node of an operation on these operands."""
        if primitive.plain and not _settles_shape(primitive):
            node = next(operand for operand in operands if isinstance(operand, Value))
            refuse(node, f"the shape of `{primitive.name}`", "`where(mask, x, 0.0)`")
        scalar = type(result) in (float, int, bool)
        node = new_node(TracedValue if scalar else TracedTensor, result)
        if not scalar:
            node._data = np.asarray(result)
        by = () if primitive.plain or not current_mode().records else tuple(range(len(operands)))
        node._link = link_of(primitive, tuple([i for i in by if _differentiable(operands[i])]))
        if primitive.general:
            node._x, node._y = tuple(operands), params
        else:
            node._x, node._y = operands[0], operands[-1]
        self.nodes.append(node)
        if self._pulls:
            self.passes[node] = self._pulls[-1]
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
        """What the user's functions called their local variables in the end, callers last."""
        for frame in sorted(self.frames, key=self.frames.__getitem__, reverse=True):
            depth = self.frames[frame]
            ours = is_ours(frame) or is_numpys(frame)
            if depth and not ours and frame.f_code.co_name not in _ANONYMOUS:
                for name, thing in frame.f_locals.items():
                    if isinstance(thing, Traced):
                        self.names[thing] = name
        self.frames.clear()

    @contextmanager
    def pulling(self) -> Iterator[None]:
        """Within it, what is recorded belongs to a backward pass."""
        self._begun += 1
        self._pulls.append(self._begun)
        try:
            yield
        finally:
            self._pulls.pop()

    def pulled(self, cotangents: dict[Value, Any]) -> None:
        """Note what the pass that has ended gave."""
        self.cotangents += [(ct, node) for node, ct in cotangents.items() if isinstance(ct, Value)]
        orders = (self.orders[self.passes.get(node, 0)] for node in cotangents)
        self.orders[self._begun] = 1 + max(orders, default=0)

    # -- where a zero cotangent may meet a partial that is not finite ----------------------

    def zero_may_meet(self, ct: Any, partial: Any) -> bool:
        """Whether the product must look: ct is masked, and the partial can be infinite.

        Where ct could be 0 only by chance, the product is plain, and the program is known to
        be `unchecked`: a NaN in its result asks for the careful one.
        """
        if not self.wild(partial) or not isinstance(ct, Value):
            return False
        if self.may_stop(ct):
            return True
        self.unchecked = True
        return False

    def may_stop(self, ct: Any) -> bool:
        """Whether a cotangent may be 0 by a choice between branches, as far as one looks."""
        return self.careful or self.masked(ct)

    def infinity_may_meet(self, ct: Any) -> bool:
        """Whether a cotangent may be infinite where a branch that is not taken must stop it."""
        if not self.wild(ct):
            return False
        self.unchecked = self.unchecked or not self.careful
        return self.careful

    def wild(self, thing: Any) -> bool:
        """Whether a value can be infinite or NaN though the function's arguments are finite."""
        return isinstance(thing, Value) and settled(thing, self._wild, wild_itself)

    def masked(self, node: Value) -> bool:
        """Whether a cotangent is 0 by a choice between branches."""
        return settled(node, self._masked, chooses)


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
    return type(operand._data) is float or dtype_of(operand).kind == "f"


@contextmanager
def tracing(trace: Trace) -> Iterator[None]:
    """Within it, operations on traced nodes are recorded in `trace`."""
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
        with in_mode(current_mode()._replace(interpreter=trace, lines=None, records=True)):
            yield
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
        self._example = np.random.Generator(type(example.bit_generator)(0))

    def __getattr__(self, method: str) -> Callable[..., Any]:
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
        drawn = getattr(self._example, method)(*args, **keywords)
        node = self._trace.leaf(drawn, None)
        self._trace.draws[node] = Draw(method, self, args, keywords)
        return node
