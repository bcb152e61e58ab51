"""Steps as single NumPy calls, each of which can be told where to put its result."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...primitives.registry import registry
from ...support import syntax
from ..simplify import StepGraph
from ..steps import Step, key_of
from ..text.names import Names
from ..text.numpy import NUMPY
from ..text.printer import Printer
from .orders import Order, common, order_of
from .ufuncs import all_ufuncs, as_ufunc, reduced_by_ufuncs
from .views import Views


@dataclass(eq=False, slots=True, repr=False)
class Variable:
    """What a line of a program computes: an array, or a number where `shape` is None.

    `base` is the variable that it is a view of; `ours` says that its memory is the program's,
    to be written into again; `order` is that of its axes in memory.
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: Any = None
    base: Variable | None = None
    ours: bool = False
    order: Order = None

    @property
    def root(self) -> Variable:
        """The variable whose memory this is."""
        return self if self.base is None else self.base.root

    def like(self, other: Variable) -> bool:
        """Whether one can take the place of the other in memory."""
        same = self.shape == other.shape and self.dtype == other.dtype
        return same and self.order == other.order


@dataclass(eq=False, slots=True, repr=False)
class Call:
    """One line: `kind` is "ufunc", "dot", "view" or "free" (any expression, a new result).

    `operands` are Variables and the syntax of constants; `function` is a ufunc's name, or the
    whole expression of a view or of what is free.
    """

    kind: str
    target: Variable
    function: Any
    operands: list[Any]
    out: Variable | None = None
    second: Variable | None = None  # what an expression gives beside its target
    # Of a run of elementwise calls made one: these, what is read of it later, its sums, and what
    # it reads that is read again after it.
    inside: list[Call] = field(default_factory=list)
    results: list[Variable] = field(default_factory=list)
    sums: list[Variable] = field(default_factory=list)
    spared: list[Variable] = field(default_factory=list)

    def reads(self) -> list[Variable]:
        return [o for o in self.operands if isinstance(o, Variable)]


class Lowered:
    """The calls of a graph, in order, and the variables of its inputs and outputs."""

    def __init__(self, graph: StepGraph, names: Names) -> None:
        self.calls: list[Call] = []
        self.captured: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        self.made: dict[str, str] = {}  # what a workspace makes once, and how it is written
        self.printer = Printer(graph, names, NUMPY, self._constant)
        self._names = names
        self._results = {o for o in graph.outputs if isinstance(o, Step)}
        self._of: dict[Step, Variable] = {}
        self._by_name: dict[str, Variable] = {}
        self._same: dict[Any, Variable] = {}
        self._in_order: set[Variable] = set()  # what is computed into memory in C's order
        self.views = Views(self._is_in_order)
        for step in graph.inputs:
            self._declare(step)
        for step in graph.steps:
            if step in self._of:
                continue
            if step.captured is not None:
                self._declare(step)
                self.captured[names[step]] = step.captured
            elif not self._fuse(step, graph.steps):
                self._lower(step)
        self.outputs = [self._of[o] if isinstance(o, Step) else o for o in graph.outputs]
        self._drop_dead()

    def variable(self, step: Step) -> Variable:
        """The variable of a step."""
        return self._of[step]

    def variables(self, steps: Iterable[Step]) -> set[Variable]:
        """The variables of those steps that are not put into another's expression."""
        return {self._of[step] for step in steps if step in self._of}

    def _is_in_order(self, step: Step) -> bool:
        """Whether a result has C's order; one that is put into another's expression is no array."""
        return step not in self._of or self._of[step].root in self._in_order

    def _declare(self, step: Step, base: Variable | None = None) -> Variable:
        array = isinstance(step.example, np.ndarray) and step.shape != ()
        shape = step.shape if array else None
        made = Variable(self._names[step], shape, step.dtype if array else None, base)
        self._of[step] = self._by_name[made.name] = made
        return made

    def _lower(self, step: Step) -> None:
        array = isinstance(step.example, np.ndarray) and bool(step.shape)
        base = self.views.base(step)
        if base not in self._of:  # it is put into this expression, and no one else sees it
            base = None
        whole = array or base is not None or step in self._results
        tree = self.printer.expression(step) if whole else self.printer.line(step, anywhere=True)
        if tree is None:
            return None
        if base is not None:
            return self._view(step, base, tree)
        if array and step.primitive is not None:
            found = self._dot(tree) or self._row_sum(tree, step)
            if found is None and all_ufuncs(tree):
                found = self._ufunc(tree)
            if found is not None:
                self._finish(step, *found)
                return None
        if any(isinstance(o.example, np.ndarray) for o in step.steps()):
            tree = reduced_by_ufuncs(tree)
        target = self._declare(step)
        target.order = order_of(step.example)
        flags = getattr(step.example, "flags", None)
        target.ours = bool(flags and flags.owndata and flags.c_contiguous and flags.writeable)
        self.calls.append(Call("free", target, tree, self._read(tree)))
        return None

    def _fuse(self, step: Step, steps: Sequence[Step]) -> bool:
        """Both of two operations by one call, where there is a function for the two."""
        own = step.primitive.name if step.primitive else ""
        for (first, second), name in registry.fused.items():
            if own not in (first, second):
                continue
            found = {
                s.primitive.name: s
                for s in steps
                if s.primitive and key_of(s.operands) == key_of(step.operands)
            }
            if first not in found or second not in found or not step.operands[0].shape:
                return False
            pair = [self._declare(found[first]), self._declare(found[second])]
            for variable, made in zip(pair, (found[first], found[second]), strict=True):
                variable.ours = isinstance(made.example, np.ndarray)
            self.printer.helpers[name] = registry.helpers[name].function
            tree = syntax.call(name, *map(self.printer.operand, step.operands))
            self.calls.append(Call("free", pair[0], tree, self._read(tree), second=pair[1]))
            return True
        return False

    def _finish(self, step: Step, kind: str, function: Any, operands: list[Any]) -> None:
        key = (kind, function, *map(_key, operands))
        if key in self._same:
            self._of[step] = self._same[key]
            self._names.rename(step, self._same[key].name)
            return
        target = self._declare(step)
        target.ours = True
        target.order = _order(kind, operands, target.shape)
        if target.order is None:
            self._in_order.add(target)
        self._same[key] = target
        self.calls.append(Call(kind, target, function, operands))

    def _constant(self, array: Any) -> ast.expr:
        """The name of a constant array, the same for the same array."""
        key = ("constant", array.shape, array.dtype, array.tobytes())
        if key not in self._same:
            name = self._names.fresh("C1")
            self._same[key] = self._by_name[name] = Variable(name, array.shape or None, array.dtype)
            self.constants[name] = array
        return syntax.name(self._same[key].name)

    def _drop_dead(self) -> None:
        used = {v for v in self.outputs if isinstance(v, Variable)}
        needed = []
        for call in reversed(self.calls):
            if call.target in used or call.second in used:
                used.update(call.reads())
                needed.append(call)
        self.calls = needed[::-1]

    def _view(self, step: Step, base: Step, tree: ast.expr) -> None:
        target = self._declare(step, self._of[base])
        self.calls.append(Call("view", target, tree, self._read(tree)))

    # -- products and sums -------------------------------------------------------------------

    def _dot(self, tree: ast.expr) -> tuple[str, Any, list[Any]] | None:
        if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.MatMult)):
            return None
        pair = [self._factor(tree.left), self._factor(tree.right)]
        shapes = [p.shape or () for p in pair if isinstance(p, Variable)]
        if len(shapes) == 2 and all(1 <= len(s) <= 2 for s in shapes):
            same = pair[0].dtype == pair[1].dtype
            return ("dot", "dot", pair) if same and pair[0].dtype.kind == "f" else None
        return None

    def _factor(self, tree: ast.expr) -> Any:
        """A variable, or the transpose of one as a view; None for another expression."""
        match tree:
            case ast.Attribute(value=ast.Name(id=name), attr="T"):
                base = self._by_name[name]
            case _:
                return self._operand(tree)
        if base.shape is None:
            return None
        key = ("view", "T", base)
        if key not in self._same:
            view = Variable(self._names.fresh("t1"), base.shape[::-1], base.dtype, base)
            self._by_name[view.name] = self._same[key] = view
            self.calls.append(Call("view", view, tree, [base]))
        return self._same[key]

    def _row_sum(self, tree: ast.expr, step: Step) -> tuple[str, Any, list[Any]] | None:
        """The sum along the first axis as a product with ones, which BLAS does faster."""
        match tree:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="np"), attr="sum"),
                args=[ast.Name(id=name)],
                keywords=[ast.keyword(arg="axis", value=ast.Constant(value=0))],
            ):
                x = self._by_name[name]
                if x.shape is not None and len(x.shape) == 2 and x.dtype.char in "fd":
                    if x.dtype != step.dtype:
                        return None
                    return "dot", "dot", [self._ones(x.shape[0], x.dtype), x]
        return None

    def _ones(self, count: int, dtype: Any) -> Variable:
        return self._made(f"ones_{count}", (count,), dtype, f"np.ones({count}")

    def number(self, number: float, dtype: Any) -> Variable:
        """The array without axes that a number is."""
        text = repr(number).replace("-", "minus_").replace(".", "_").replace("+", "")
        return self._made(f"_{text}", (), dtype, f"np.array({float(number)!r}")

    def _made(self, name: str, shape: tuple[int, ...], dtype: Any, text: str) -> Variable:
        """What a workspace makes once."""
        of = "" if dtype == np.float64 else f", np.{dtype.name}"
        name += of.replace(", np.", "_")
        if name not in self.made:
            self.made[name] = f"{text}{of})"
            self._by_name[name] = Variable(name, shape, dtype)
        return self._by_name[name]

    def extra(self, wanted: str, shape: tuple[int, ...], dtype: Any) -> Variable:
        """A variable of the program's own, beside those of the steps."""
        while wanted in self._by_name:
            wanted += "_"
        self._by_name[wanted] = made = Variable(wanted, shape, dtype, ours=True)
        return made

    # -- elementwise -------------------------------------------------------------------------

    def _ufunc(self, tree: ast.expr) -> tuple[str, Any, list[Any]] | None:
        """A tree of ufuncs as calls, the outermost left to the caller; None if over numbers."""
        function, arguments = as_ufunc(tree)
        operands: list[Any] = []
        for argument in arguments:
            operand = self._operand(argument)
            if operand is None:
                inner = self._ufunc(argument)
                if inner is None:
                    return None
                operand = self._intermediate(*inner)
            operands.append(operand)
        arrays = [o for o in operands if isinstance(o, Variable) and o.shape is not None]
        if function == "exp" and arrays:
            shared = self._reciprocal_of(arrays[0])
            if shared is not None:
                return "ufunc", "divide", [ast.Constant(1.0), shared]
        return ("ufunc", function, operands) if arrays else None

    def _reciprocal_of(self, x: Variable) -> Variable | None:
        """exp(-x), if it is known already: then exp(x) is one division."""
        negated = self._same.get(("ufunc", "negative", _key(x)))
        return None if negated is None else self._same.get(("ufunc", "exp", _key(negated)))

    def _intermediate(self, kind: str, function: Any, operands: list[Any]) -> Variable:
        key = (kind, function, *map(_key, operands))
        if key not in self._same:
            shapes = [o.shape or () for o in operands if isinstance(o, Variable)]
            target = Variable(
                self._names.fresh("t1"), np.broadcast_shapes(*shapes), _dtype(function, operands)
            )
            target.ours = True
            target.order = _order(kind, operands, target.shape)
            self._by_name[target.name] = self._same[key] = target
            self.calls.append(Call(kind, target, function, operands))
        return self._same[key]

    def _operand(self, tree: ast.expr) -> Any:
        """A variable or a constant; None for an expression."""
        if isinstance(tree, ast.Name):
            return self._by_name.get(tree.id)
        if isinstance(tree, ast.Constant):
            return tree
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.operand, ast.Constant):
            return tree
        return None

    def _read(self, tree: ast.expr) -> list[Any]:
        names = dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
        return [self._by_name[n] for n in names if n in self._by_name]


def _key(operand: Any) -> Any:
    return operand if isinstance(operand, Variable) else ast.unparse(operand)


def _order(kind: str, operands: list[Any], shape: Any) -> Order:
    """The order of what is computed entry by entry: that of all that are not repeated for it."""
    whole = [o.order for o in operands if isinstance(o, Variable) and o.shape == shape]
    return common(whole) if kind == "ufunc" else None


def _dtype(function: str, operands: list[Any]) -> np.dtype[Any]:
    """The dtype of a ufunc's result, Python's numbers being weak."""
    kinds = [_kind(o) for o in operands]
    ufunc: np.ufunc = getattr(np, function)
    return ufunc.resolve_dtypes((*kinds, None))[-1]


def _kind(operand: Any) -> Any:
    if not isinstance(operand, Variable):
        kind = type(ast.literal_eval(operand))
        return np.dtype(bool) if kind is bool else kind
    return float if operand.shape is None else operand.dtype
