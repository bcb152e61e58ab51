"""The trace of a function: what it computed from its arguments, recorded to be run again.

A traced node is a Value or Tensor whose data is an example only. Whatever would make a
decision by it (a branch, a conversion to a number, an index) is refused, since the program
made from the trace would keep that decision for other arguments.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from .declare import PLAIN
from .modes import current_mode, in_mode, is_numpys, is_ours, user_line
from .primitive import Primitive, new_node
from .tensor import Tensor
from .value import Value

Function = Callable[..., Any]

if TYPE_CHECKING:
    from types import FrameType


class TraceError(TypeError):
    """A function does something that its trace cannot record."""


class _Traced(Value):
    """What a traced Value and a traced Tensor do otherwise than one that has a value."""

    __slots__ = ()

    traced = True

    @property
    def data(self) -> Any:
        _refuse(self, "`.data`")

    @data.setter
    def data(self, data: Any) -> None:
        _refuse(self, "an assignment to `.data`")

    def __bool__(self) -> bool:
        _refuse(self, "a branch", "`where(condition, a, b)` for `if`")

    def __float__(self) -> float:
        _refuse(self, "`float()`")

    def __int__(self) -> int:
        _refuse(self, "`int()`")

    def __index__(self) -> int:
        _refuse(self, "an index or a count")

    def refuse_as_index(self) -> NoReturn:
        """Raises TraceError: the program would always take the same entries."""
        if self._data.dtype == bool if isinstance(self, Tensor) else isinstance(self._data, bool):
            _refuse(self, "a mask as an index, and so the shape", "`where(mask, x, 0.0)`")
        _refuse(self, "an index", "`take_along_axis`, whose indices may be computed")

    def __format__(self, form: str) -> str:
        if form:
            _refuse(self, "a text")
        return str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        _refuse(
            self,
            "a plain array of it (as NumPy wants for an index or a fill value)",
            "`autodiff.stack` to join nodes, `take_along_axis` to index by them",
        )

    def backward(self, cotangent: Any = None) -> None:
        _refuse(self, "`backward()`", "`autodiff.grad` or `autodiff.vjp`")

    def item(self) -> float:
        _refuse(self, "`.item()`")

    @property
    def grad(self) -> Any:
        _refuse(self, "`.grad`", "`autodiff.grad` or `autodiff.vjp`")

    @grad.setter
    def grad(self, grad: Any) -> None:
        _refuse(self, "an assignment to `.grad`", "`autodiff.grad` or `autodiff.vjp`")

    def __copy__(self) -> Any:
        return self  # it does not change

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __eq__(self, other: object) -> Any:
        return False if _is_no_number(other) else PLAIN["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return True if _is_no_number(other) else PLAIN["not_equal"](self, other)

    def __lt__(self, other: Any) -> Any:
        return PLAIN["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return PLAIN["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return PLAIN["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return PLAIN["greater_equal"](self, other)

    def __and__(self, other: Any) -> Any:
        return PLAIN["both"](self, other)

    def __rand__(self, other: Any) -> Any:
        return PLAIN["both"](other, self)

    def __or__(self, other: Any) -> Any:
        return PLAIN["either"](self, other)

    def __ror__(self, other: Any) -> Any:
        return PLAIN["either"](other, self)

    def __xor__(self, other: Any) -> Any:
        return PLAIN["logical_xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return PLAIN["logical_xor"](other, self)

    def __invert__(self) -> Any:
        return PLAIN["logical_not"](self)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        kind = "Tensor" if isinstance(self, Tensor) else "Value"
        shape = f", shape {self.shape}" if isinstance(self, Tensor) else ""
        return f"<traced {kind}{'' if self.name is None else ' ' + self.name}{shape}>"


class TracedValue(_Traced):
    """A number that changes from call to call."""

    __slots__ = ()


class TracedTensor(_Traced, Tensor):
    """An array that changes from call to call; its shape and dtype do not."""

    __slots__ = ()


def _is_no_number(thing: Any) -> bool:
    return thing is None or isinstance(thing, (str, bytes))


def _refuse(node: Value, what: str, instead: str = "") -> NoReturn:
    kind = "array" if isinstance(node, Tensor) else "number"
    name = f"the {kind}" if node.name is None else f"`{node.name}`"
    raise TraceError(
        f"A traced function computes the same steps for every argument, but here {what} depends "
        f"on the value of {name}: {user_line()}\n"
        f"Use {instead or '`where`'}, or make what decides a static argument."
    )


class _Draw(NamedTuple):
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

    def __getattr__(self, method: str) -> Function:
        if method not in self.METHODS:
            raise TraceError(
                f"A traced generator draws by {', '.join(self.METHODS)}, but not by `{method}`.\n"
                "Draw outside the function, and pass the numbers as an argument."
            )
        return functools.partial(self._draw, method)

    def _draw(self, method: str, *args: Any, **keywords: Any) -> Any:
        for given in (*args, *keywords.values()):
            if isinstance(given, Value):
                _refuse(given, "a random draw", "a draw of fixed parameters, scaled afterwards")
        drawn = getattr(self._example, method)(*args, **keywords)
        node = self._trace.leaf(drawn, None)
        self._trace.draws[node] = _Draw(method, self, args, keywords)
        return node


# Whose variables are only passing names.
_ANONYMOUS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")


class Trace:
    """The nodes that a function made, in their order, and what is known about each.

    `passes` numbers the backward pass that made a node, `names` are the user's own for local
    variables.
    """

    def __init__(self, careful: bool = False) -> None:
        self.careful = careful
        self.nodes: list[Value] = []
        self.passes: dict[Value, int] = {}
        self.cotangents: list[tuple[Value, Value]] = []  # and what each is of
        self.orders: dict[int, int] = {0: 0}  # of the derivative that each pass computes
        self.names: dict[Value, str] = {}
        self.draws: dict[Value, _Draw] = {}
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
            _refuse(node, f"the shape of `{primitive.name}`", "`where(mask, x, 0.0)`")
        scalar = type(result) in (float, int, bool)
        node = new_node(TracedValue if scalar else TracedTensor, result)
        if not scalar:
            node._data = np.asarray(result)
        by = () if primitive.plain or not current_mode().records else tuple(range(len(operands)))
        node._link = primitive.link(tuple([i for i in by if _differentiable(operands[i])]))
        if primitive.general:
            node._x, node._y = tuple(operands), params
        else:
            node._x, node._y = operands[0], operands[-1]
        self.nodes.append(node)
        if self._pulls:
            self.passes[node] = self._pulls[-1]
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
                    if isinstance(thing, _Traced):
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

    def needs_care(self, ct: Any, partial: Any) -> bool:
        """Whether the product must look: ct is masked, and the partial can be infinite.

        Where ct could be 0 only by chance, the product is plain, and the program is known to
        be `unchecked`: a NaN in its result asks for the careful one.
        """
        if not self.wild(partial) or not isinstance(ct, Value):
            return False
        if self.careful or self.masked(ct):
            return True
        self.unchecked = True
        return False

    def wild_choice(self, ct: Any) -> bool:
        """Whether a cotangent may be infinite where a branch that is not taken must stop it."""
        if not self.wild(ct):
            return False
        self.unchecked = self.unchecked or not self.careful
        return self.careful

    def wild(self, thing: Any) -> bool:
        """Whether a value can be infinite or NaN though the function's arguments are finite."""
        return isinstance(thing, Value) and _settled(thing, self._wild, _wild_itself)

    def masked(self, node: Value) -> bool:
        """Whether a cotangent is 0 by a choice between branches."""
        return _settled(node, self._masked, _chooses)


def _settled(
    node: Value, known: dict[Any, bool], itself: Callable[[Primitive, list[Any]], bool | None]
) -> bool:
    """Whether `itself`, or that of an operand (where it is None), holds: without recursion."""
    stack = [node]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        link = node._link
        if link is None:
            known[node] = False
            continue
        operands = [o for o in link.operands(node) if isinstance(o, Value)]
        answer = itself(link.primitive, operands)
        if answer is None:
            waiting = [o for o in operands if o not in known]
            if waiting:
                stack.extend(waiting)
                continue
            answer = any([known[o] for o in operands])
        known[node] = answer
    return known[node]


def _wild_itself(primitive: Primitive, operands: list[Any]) -> bool | None:
    return reach(primitive.name) if primitive.elementwise else None


@functools.cache
def reach(name: str) -> bool | None:
    """Whether an operation makes infinities of finite operands; None if it passes them on.

    Found by trying: the operation is computed at zero, at small and at large numbers.
    """
    from .primitive import REGISTRY

    primitive = REGISTRY[name]
    count = len(primitive.operands)
    params = tuple(primitive.defaults.values())
    finite = np.array([-1e3, -1.0, -0.5, 0.0, 0.5, 1.0, 1e3])
    with np.errstate(all="ignore"):
        grid = np.meshgrid(*[finite] * count) if count > 1 else [finite]
        if not np.isfinite(primitive.on_arrays(*grid, *params)).all():
            return True
        ends = [np.array([-np.inf, np.inf])] * count
        grid = np.meshgrid(*ends) if count > 1 else ends
        return False if np.isfinite(primitive.on_arrays(*grid, *params)).all() else None


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


def _chooses(primitive: Primitive, operands: list[Any]) -> bool | None:
    return True if any([_dtype(o) == np.bool_ for o in operands]) else None


def _dtype(operand: Any) -> np.dtype[Any]:
    return np.asarray(operand._data if isinstance(operand, Value) else operand).dtype


def _differentiable(operand: Any) -> bool:
    return isinstance(operand, Value) and _dtype(operand).kind == "f"


# -- tracing -------------------------------------------------------------------------------


@contextmanager
def tracing(trace: Trace) -> Iterator[None]:
    """Within it, operations on traced nodes are recorded in `trace`."""
    if current_mode().trace is not None:
        raise TraceError(
            "A function is traced already, and in it another would be traced.\n"
            "Derive or compile the outer one alone: `grad` and its like do compose."
        )
    frame: FrameType | None = sys._getframe()
    while frame is not None:  # those outside the traced function are no concern
        trace.frames[frame] = 0
        frame = frame.f_back
    try:
        with in_mode(current_mode()._replace(trace=trace, lines=None, records=True)):
            yield
    finally:
        trace.note_names()
