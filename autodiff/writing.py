"""Steps as text: the names they are given, and the Python expression that each one is."""

from __future__ import annotations

import ast
import functools
import keyword
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from . import formula as syntax
from .recorded import Recorded, name_of
from .simplify import Graph, Step
from .standalone import definitions
from .tracing import TracedGenerator
from .tree import leaves
from .value import Value

# What a program may import, by what it is called there.
_MODULES = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "math": "import math",
    "np": "import numpy as np",
}

_LONGEST = 72  # characters of an expression that is still put into another


# What a workspace calls things besides the variables of its program.
_OF_WORKSPACES = re.compile(
    r"(buffer|ones_|piece_of_|captured_|static_|u?int\d|float\d|bool).*|.+_|functools|in_pieces"
)


@functools.cache
def reserved() -> frozenset[str]:
    """The names that programs use themselves: no variable, parameter or program has them."""
    of_floats = (f"{name}_of_floats" for name in syntax.SCALARS)
    builtins = ("abs", "float", "slice")
    return frozenset([*keyword.kwlist, *builtins, *_MODULES, *syntax.HELPERS, *of_floats])


def program_name(f: Callable[..., Any]) -> str:
    """What the program of a function is called: like it, if a program can be called so."""
    name = name_of(f)
    return f"{name}_program" if name in reserved() else name


class Names:
    """A name for each step: the user's own where it is known, `d_x` for the cotangent of `x`.

    `program` is the function that they stand in, or with `beside` next to.
    """

    def __init__(self, recorded: Recorded, program: str, beside: bool = False) -> None:
        graph = recorded.graph
        self._taken = {*reserved(), program}
        self._beside = beside
        self._counts: dict[str, int] = {}  # the number that a wanted name got last
        self._of: dict[Any, str] = {}
        self.made_up: set[Step] = set()
        # The parameters come first: no leaf of one may take the name of another.
        self.parameters = [self.fresh(name) for name in recorded.parameters]
        for name, arg in zip(self.parameters, recorded.args, strict=True):
            if isinstance(arg, (Value, TracedGenerator)):
                self._of[graph.of(arg)] = name
        for leaf in leaves(recorded.args):
            if isinstance(leaf, (Value, TracedGenerator)) and graph.of(leaf) not in self._of:
                self._of[graph.of(leaf)] = self.fresh(leaf.name or "x")
        for step in graph.steps:
            if step.captured is not None:
                self._of[step] = self.fresh(_identifier(step.captured.name) or "C1")
        if not beside:
            self._taken.remove(program)  # a variable inside of it may be called like it
        self._result = graph.outputs[0] if graph.outputs else None
        given = {graph.of(node): name for node, name in graph.trace.names.items()}
        primals: dict[Any, list[Step]] = {}
        for ct, node in graph.trace.cotangents:
            primals.setdefault(graph.of(ct), []).append(graph.of(node))
        for step in graph.steps:
            if step not in self._of:
                self._name(step, given, primals.get(step, []))

    def _name(self, step: Step, given: dict[Any, str], primals: list[Step]) -> None:
        pulled = [p for p in primals if p in self._of] if step.backward else []
        # The user's own names come first, and those of results before those of arguments.
        pulled.sort(key=lambda p: (p in self.made_up, p.primitive is None))
        if pulled:
            self._of[step] = self.fresh(f"d_{self._of[pulled[0]]}")
            if pulled[0] in self.made_up:
                self.made_up.add(step)
        elif step in given:
            self._of[step] = self.fresh(given[step])
        elif step is self._result:
            self._of[step] = self.fresh("value")
        elif not step.backward:
            self._of[step] = self.fresh("v1")
            self.made_up.add(step)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or with the first number after it that makes it another."""
        if self._beside and _OF_WORKSPACES.fullmatch(wanted):
            wanted = f"own_{wanted.strip('_')}"
        name, stem = wanted, wanted.rstrip("0123456789")
        count = self._counts.get(wanted, int(wanted[len(stem) :] or 0))
        while name in self._taken:
            count += 1
            name = f"{stem}{count}"
        self._counts[wanted] = count
        self._taken.add(name)
        return name

    def rename(self, step: Step, name: str) -> None:
        """Call a step what another is called, which is the same."""
        self._of[step] = name

    def known(self, step: Step) -> bool:
        """Whether a step has a name yet."""
        return step in self._of

    def __getitem__(self, step: Any) -> str:
        if step not in self._of:
            self._of[step] = self.fresh("t1")
        return self._of[step]


def _identifier(name: str | None) -> str | None:
    return name if name and name.isidentifier() else None


class Writer:
    """The expression of each step, and what the program must define and import for it."""

    MODULE = "np"

    def __init__(self, graph: Graph, names: Names, arrays: Callable[[Any], ast.expr]) -> None:
        self.names = names
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.modules: set[str] = set()
        self._array = arrays
        self._inlined: dict[Step, ast.expr] = {}
        self._forms: dict[tuple[str, bool], ast.expr] = {}
        self._uses = Counter(o for step in graph.steps for o in step.steps())
        self._uses.update(out for out in graph.outputs if isinstance(out, Step))

    def line(self, step: Step, anywhere: bool = False) -> ast.expr | None:
        """The expression of a step that gets a line; None for one that is put where it is used.

        That is what a backward pass uses once and no one has a name for, or whatever is used
        once, with `anywhere`.
        """
        expression = self.expression(step)
        unnamed = anywhere or (step.backward and not self.names.known(step))
        if unnamed and self._uses[step] == 1 and len(syntax.text_of(expression)) <= _LONGEST:
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
        texts = [self.operand(o) for o in step.operands]
        on_floats = step.scalar and not any(isinstance(o.example, np.ndarray) for o in step.steps())
        if primitive.variadic:
            return self._put(step, {primitive.operands[0]: syntax.sequence(texts)}, on_floats)
        put = dict(zip(primitive.operands, texts, strict=True))
        if step.params or not all(isinstance(o, Step) for o in step.operands):
            return self._put(step, put, on_floats)
        # Of operands that are computed the form is always the same: it is made once.
        key = (primitive.name, on_floats)
        if key not in self._forms:
            self._forms[key] = self._put(step, {n: syntax.name(n) for n in put}, on_floats)
        filled: ast.expr = syntax.filled(self._forms[key], put)
        return filled

    def _put(self, step: Step, put: dict[str, ast.expr], on_floats: bool) -> ast.expr:
        primitive: Any = step.primitive
        params = dict(zip(primitive.defaults, step.params, strict=True))
        qualified = self._of_floats if on_floats else self._of_arrays
        tree = primitive.formula.put(put, params, self.static, qualified)
        return self._brief(tree, on_floats)

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
        if name in syntax.HELPERS:
            self.helpers[name] = syntax.HELPERS[name]
            return syntax.name(name)
        self.modules.add(self.MODULE)
        return ast.Attribute(syntax.name(self.MODULE), name, ast.Load())

    def _of_floats(self, name: str) -> ast.expr:
        if name in ("abs", "where", "logical_not"):
            return syntax.name(name)
        if name in syntax.MATH_NAMES:
            self.modules.add("math")
            return ast.Attribute(syntax.name("math"), syntax.MATH_NAMES[name], ast.Load())
        if name in syntax.SCALARS:
            self.helpers[f"{name}_of_floats"] = syntax.SCALARS[name]
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
        if isinstance(value, (np.dtype, type)):
            return self._of_arrays(np.dtype(value).name)
        tree = syntax.literal(value)
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        if names & {"inf", "nan"}:
            return _Qualify(self._of_arrays).visit(tree)  # type: ignore[no-any-return]
        return tree


class _Qualify(ast.NodeTransformer):
    def __init__(self, qualified: Callable[[str], ast.expr]) -> None:
        self.qualified = qualified

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.qualified(node.id)


class OnArrays(ast.NodeTransformer):
    """What is written more briefly about arrays: `x.T`, and indices outside of brackets."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="np" | "jnp"), attr="transpose"),
                args=[x, ast.Constant(value=None)],
            ):
                return ast.Attribute(x, "T", ast.Load())
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return node  # an index may hold slices as they are written

    def visit_Slice(self, node: ast.Slice) -> ast.expr:
        bounds = [b or ast.Constant(None) for b in (node.lower, node.upper, node.step)]
        return syntax.call("slice", *bounds)


class _OnFloats(ast.NodeTransformer):
    """What Python writes otherwise about floats than NumPy about arrays."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
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
            case ast.Call(func=ast.Name(id=name)) if name in syntax.HELPERS:
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
    imports = [line for name, line in _MODULES.items() if name in {*names, *writer.modules}]
    return ["\n".join(imports), *texts] if imports else texts
