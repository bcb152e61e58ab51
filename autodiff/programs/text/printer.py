"""Steps as text: the Python expression that each one is, and what it needs around it."""

from __future__ import annotations

import ast
import functools
import inspect
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ...operations.indexing import repeats
from ...primitives.namespaces import MATH_NAMES, SCALARS
from ...primitives.registry import registry
from ...support import syntax
from ..simplify import Graph
from ..steps import Step
from .helpers import definitions
from .names import MODULES, Names

_LONGEST = 48  # characters of an expression that is still put into another


class Writer:
    """The expression of each step, and what the program must define and import for it."""

    MODULE = "np"

    def __init__(self, graph: Graph, names: Names, arrays: Callable[[Any], ast.expr]) -> None:
        self.names = names
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.modules: set[str] = set()
        self._array = arrays
        self._inlined: dict[Step, ast.expr] = {}
        self._forms: dict[tuple[str, bool, bool], ast.expr] = {}
        self.uses = Counter(o for step in graph.steps for o in step.steps())
        self.uses.update(out for out in graph.outputs if isinstance(out, Step))

    def line(self, step: Step, anywhere: bool = False) -> ast.expr | None:
        """The expression of a step that gets a line; None for one that is put where it is used.

        That is what a backward pass uses once and no one has a name for, or whatever is used
        once, with `anywhere`.
        """
        expression = self.expression(step)
        unnamed = anywhere or (step.backward and not self.names.known(step))
        if unnamed and self.uses[step] == 1 and len(syntax.text_of(expression)) <= _LONGEST:
            self._inlined[step] = expression
            return None
        return expression

    def operand(self, thing: Any) -> ast.expr:
        """An operand: a name, an expression that stands only here, or a constant."""
        if isinstance(thing, Step):
            return self._inlined.get(thing) or syntax.name(self.names[thing])
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        return self.literal(thing)

    def expression(self, step: Step) -> ast.expr:
        """How a step is computed from its operands."""
        if step.draw is not None:
            return self._draw(step)
        primitive = step.primitive
        if primitive is None:
            raise ValueError("An argument is not computed.")
        texts = self._operands(step)
        on_floats = step.scalar and not any(isinstance(o.example, np.ndarray) for o in step.steps())
        if primitive.variadic:
            return self._put(step, {primitive.operands[0]: syntax.sequence(texts)}, on_floats)
        put = dict(zip(primitive.operands, texts, strict=True))
        if step.params or not all(isinstance(o, Step) for o in step.operands):
            return self._put(step, put, on_floats)
        # Of operands that are computed the form is always the same: it is made once.
        key = (primitive.name, on_floats, _of_stacks(step))
        if key not in self._forms:
            self._forms[key] = self._put(step, {n: syntax.name(n) for n in put}, on_floats)
        filled: ast.expr = syntax.filled(self._forms[key], put)
        return filled

    def _start(self, step: Step, first: Any) -> str:
        """A new array like the first part of a sum, or of zeros."""
        if first is None:
            self.modules.add(self.MODULE)
            size = str(step.shape[0] if len(step.shape) == 1 else step.shape)
            dtype = "" if step.dtype == np.float64 else f", {self.MODULE}.{step.dtype.name}"
            return f"{self.MODULE}.zeros({size}{dtype})"
        tree = self.operand(first)
        text = syntax.text_of(tree)
        new = isinstance(tree, ast.BinOp) or (isinstance(first, np.ndarray) and "(" in text)
        return text if new else f"{text}.copy()"

    def sum_of_scatters(self, step: Step, parts: list[Any]) -> list[str]:
        """Lines that add scatters up, by writing into what they are added to."""
        name, (first, *others) = self.names[step], parts
        lines = [f"{name} = {self._start(step, first)}  # {step.shape}"]
        for part in others:
            x, (index, _) = self.operand(part.operands[0]), part.params
            added = syntax.text_of(x)
            if repeats(index):
                places = syntax.text_of(syntax.outside_brackets(self.static(index)))
                lines.append(f"np.add.at({name}, {places}, {added})")
            else:
                place = ast.Subscript(syntax.name(name), self.static(index), ast.Load())
                lines.append(f"{ast.unparse(place)} += {added}")
        return lines

    def _operands(self, step: Step) -> list[ast.expr]:
        """The operands' syntax; beside a float, a whole number without its `.0`."""
        if all([isinstance(o, Step) for o in step.operands]):
            return [self.operand(o) for o in step.operands]
        operator = step.primitive is not None and step.primitive.formula.operator
        beside = operator and any(o.dtype.kind == "f" for o in step.steps())
        found: list[ast.expr] = []
        for o in step.operands:
            if isinstance(o, np.generic) and _widens(o, step):
                tree = self.literal(o)
                known = isinstance(o, np.longdouble)
                kind = self._of_arrays(o.dtype.name)
                found.append(tree if known else ast.Call(kind, [tree], []))
            else:
                found.append(self.operand(_whole(o) if beside else o))
        return found

    def _put(self, step: Step, put: dict[str, ast.expr], on_floats: bool) -> ast.expr:
        primitive: Any = step.primitive
        params = dict(zip(primitive.defaults, step.params, strict=True))
        qualified = self._of_floats if on_floats else self._of_arrays
        arrays: dict[str, ast.expr] = {}
        for name in self._asked(step):  # put in last: on floats, float(...) goes around calls
            place = f"{name} as an array"
            arrays[place] = ast.Call(self._of_arrays("float64"), [put[name]], [])
            put = {**put, name: syntax.name(place)}
        tree = primitive.formula.put(put, params, self.static, qualified, _of_stacks(step))
        tree = self._brief(tree, on_floats)
        if not arrays:
            return tree
        tree = syntax.filled(tree, arrays)
        return syntax.call("float", tree) if on_floats else tree

    def _asked(self, step: Step) -> list[str]:
        """The operands that are asked for what only arrays have, and may be Python's floats."""
        primitive: Any = step.primitive
        if not primitive.formula.asked:
            return []
        examples = [np.asarray(getattr(o, "example", o)) for o in step.operands]
        return [
            name
            for name, example in zip(primitive.operands, examples, strict=True)
            if name in primitive.formula.asked and not example.ndim and example.dtype == np.float64
        ]

    def _brief(self, tree: ast.expr, on_floats: bool) -> ast.expr:
        finished: ast.expr = (_OnFloats(self) if on_floats else OnArrays()).visit(tree)
        return finished

    def _draw(self, step: Step) -> ast.expr:
        draw: Any = step.draw
        generator = syntax.name(self.names[draw.generator])
        function = ast.Attribute(generator, draw.name, ast.Load())
        keywords = [ast.keyword(k, self.literal(v)) for k, v in draw.keywords.items()]
        return ast.Call(function, [self.literal(a) for a in draw.args], keywords)

    def _of_arrays(self, name: str) -> ast.expr:
        if name in registry.helpers:
            self.helpers[name] = registry.helpers[name].function
            return syntax.name(name)
        self.modules.add(self.MODULE)
        return ast.Attribute(syntax.name(self.MODULE), name, ast.Load())

    def _of_floats(self, name: str) -> ast.expr:
        if name in ("abs", "where", "logical_not"):
            return syntax.name(name)
        if name in MATH_NAMES:
            self.modules.add("math")
            return ast.Attribute(syntax.name("math"), MATH_NAMES[name], ast.Load())
        if name in SCALARS:
            self.helpers[f"{name}_of_floats"] = SCALARS[name]
            return syntax.name(f"{name}_of_floats")
        return self._of_arrays(name)

    def static(self, value: Any) -> ast.expr:
        """The syntax of a static parameter."""
        return self.literal(value)

    def literal(self, value: Any) -> ast.expr:
        """The syntax of a static value, its arrays as constants."""
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, (tuple, list)):
            items = [self.literal(v) for v in value]
            return ast.Tuple(items, ast.Load()) if isinstance(value, tuple) else ast.List(items)
        if isinstance(value, np.longdouble):  # of which no Python number has all digits
            return ast.Call(self._of_arrays("longdouble"), [ast.Constant(str(value))], [])
        if isinstance(value, (np.dtype, type)):
            return self._of_arrays(np.dtype(value).name)
        tree = syntax.literal(value)
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        if names & {"inf", "nan"}:
            return _Qualify(self._of_arrays).visit(tree)  # type: ignore[no-any-return]
        return tree


def _of_stacks(step: Step) -> bool:
    """Whether it matters that a matrix product is of stacks of matrices."""
    formula = step.primitive.formula.text  # type: ignore[union-attr]
    return ".mT" in formula and any(np.ndim(getattr(o, "example", o)) > 2 for o in step.operands)


def _widens(number: Any, step: Step) -> bool:
    """Whether a NumPy number makes the result wider than Python's own would."""
    others = [o.dtype for o in step.steps() if isinstance(o.example, np.ndarray)]
    return bool(others) and np.result_type(number, *others) != np.result_type(*others)


def _whole(operand: Any) -> Any:
    """2 for 2.0; anything else, and -0.0, as it is."""
    if isinstance(operand, float) and operand.is_integer() and abs(operand) < 1e6:
        return operand if operand == 0 and math.copysign(1, operand) < 0 else int(operand)
    return operand


def _number(tree: ast.expr) -> float | None:
    """The number that an expression is, if it is one."""
    match tree:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    return None


def _defaults(function: str) -> dict[str, Any]:
    """What a function of NumPy's or of ours does where its arguments are not said."""
    helper = registry.helpers.get(function)
    found: Any = np if helper is None else helper.function
    if helper is None:
        for part in function.split(".")[1:]:
            found = getattr(found, part, None)
    return _defaults_of(found)


@functools.cache
def _defaults_of(function: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: p.default for name, p in parameters.items()}


class _Qualify(ast.NodeTransformer):
    def __init__(self, qualified: Callable[[str], ast.expr]) -> None:
        self.qualified = qualified

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.qualified(node.id)


def _says(keyword: ast.keyword, defaults: dict[str, Any]) -> bool:
    """Whether a keyword says what would hold without it."""
    number = _number(keyword.value)
    default = defaults.get(keyword.arg or "")
    return number is not None and type(default) is type(number) and default == number


class OnArrays(ast.NodeTransformer):
    """What is written more briefly about arrays: `x.T`, and no keyword that is usual."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if node.keywords:
            usual = _defaults(ast.unparse(node.func))
            node.keywords = [k for k in node.keywords if not _says(k, usual)]
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="np" | "jnp"), attr="transpose"),
                args=[x, ast.Constant(value=None)],
            ):
                return ast.Attribute(x, "T", ast.Load())
        return node


class _OnFloats(ast.NodeTransformer):
    """What Python writes otherwise about floats than NumPy about arrays."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        exponent = _number(node.right)
        if isinstance(node.op, ast.Pow) and (exponent is None or exponent % 1):
            self.writer.modules.add("math")
            power = ast.Attribute(syntax.name("math"), "pow", ast.Load())
            return ast.Call(power, [node.left, node.right], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="where"), args=[condition, a, b]):
                return ast.IfExp(condition, a, b)
            case ast.Call(func=ast.Name(id="logical_not"), args=[x]):
                return ast.UnaryOp(ast.Not(), x)
            case ast.Call(func=ast.Name(id="maximum_of_floats"), args=[x, ast.Constant() as c]):
                return ast.IfExp(ast.Compare(x, [ast.Lt()], [c]), c, x)
            case ast.Call(func=ast.Name(id=name)) if name in registry.helpers:
                return syntax.call("float", node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"))):
                return syntax.call("float", node)
        return node


def preamble(writer: Writer) -> list[str]:
    """The imports and helper functions that the written steps need."""
    texts = definitions(writer.helpers, writer.MODULE)
    names = {
        node.id
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name)
    }
    imports = [line for name, line in MODULES.items() if name in {*names, *writer.modules}]
    return ["\n".join(imports), *texts] if imports else texts
