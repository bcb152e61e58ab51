"""JavaScript's functions: its own, those that it lacks, and helpers of formulas written there."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import re
import textwrap
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

from ...primitives.registry import registry
from ...support import syntax
from ..tracing.standins import TraceError
from .helpers import Line, bare
from .javascript_syntax import expression_text, function_text
from .language import Qualify

# JavaScript's own functions and numbers, by NumPy's names and by those of `math` and Python.
_OWN = {
    **{name: f"Math.{name}" for name in [
        "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos",
        "cosh", "exp", "expm1", "floor", "hypot", "log", "log10", "log1p", "log2", "sin", "sinh",
        "sqrt", "tan", "tanh", "trunc",
    ]},
    **{f"arc{name}": f"Math.a{name}" for name in [
        "cos", "cosh", "sin", "sinh", "tan", "tan2", "tanh",
    ]},
    "fabs": "Math.abs", "maximum": "Math.max", "minimum": "Math.min", "max": "Math.max",
    "min": "Math.min", "isfinite": "Number.isFinite", "isnan": "Number.isNaN",
    "pi": "Math.PI", "e": "Math.E", "inf": "Infinity", "nan": "NaN",
}  # fmt: skip
# What is written by other syntax: see `Finish`.
_WRITTEN = ("where", "logical_and", "logical_or", "logical_xor", "logical_not", "invert", "divide")
# Of a number, these give that number.
_OF_ONE = ("sum", "mean", "prod", "amax", "amin", "squeeze", "asarray", "float64", "positive")
FIX = "Write the function of numbers, or derive it without an engine, by NumPy."


class Written(NamedTuple):
    """A function whose text is JavaScript already."""

    text: str


@functools.cache
def written() -> dict[str, Written]:
    """The functions of `numpy.js`, by name."""
    text = resources.files(__package__).joinpath("numpy.js").read_text(encoding="utf-8")
    found = re.finditer(r"^function (\w+).*?^}", text, re.MULTILINE | re.DOTALL)
    return {function[1]: Written(function[0]) for function in found}


def qualified(name: str) -> str:
    """A name of a formula as it is called there. Raises TraceError for one that there is not."""
    if name in _OWN or name in _WRITTEN or name in _OF_ONE:
        return _OWN.get(name, name)
    if function_of(name) is None:
        raise TraceError(
            f"A program in JavaScript is of numbers, and there is no `{name}` of these.\n{FIX}"
        )
    return name


def function_of(name: str) -> Any:
    """What a program defines by this name: a function of `numpy.js`, or a helper of formulas."""
    if name in written():
        return written()[name]
    known = registry.helpers.get(name)
    return None if known is None else known.function


def _names_of(function: Any) -> list[str]:
    """The parameters of a function that a program defines, in their order."""
    if isinstance(function, Written):
        inside = function.text[function.text.index("(") + 1 : function.text.index(")")]
        return [p.partition("=")[0].strip() for p in inside.split(",")]
    return list(inspect.signature(function).parameters)


class Finish(ast.NodeTransformer):
    """What JavaScript writes otherwise of numbers than NumPy of arrays."""

    def __init__(self, qualified: Qualify) -> None:
        self.qualified = qualified

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node.op:
            case ast.Mod():
                name = "remainder"
            case ast.FloorDiv():
                name = "floor_divide"
            case ast.Pow() if syntax.number_of(node.right) is None:
                name = "pow"
            case _:
                return node
        return ast.Call(self.qualified(name), [node.left, node.right], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=x, attr="astype")):
                return x  # numbers are of one kind
            case ast.Call(func=ast.Attribute(attr="max" | "min"), args=[x]):
                return x
            case ast.Call(func=ast.Name(id=name), args=[x, *_]) if name in _OF_ONE:
                return x
            case ast.Call(func=ast.Name(id="logical_not" | "invert"), args=[x]):
                return ast.UnaryOp(ast.Not(), x)
            case ast.Call(func=ast.Name(id="logical_and" | "logical_or" as name), args=sides):
                return ast.BoolOp(ast.And() if name == "logical_and" else ast.Or(), sides)
            case ast.Call(func=ast.Name(id="logical_xor"), args=[a, b]):
                first, second = (ast.Compare(o, [ast.NotEq()], [ast.Constant(0)]) for o in (a, b))
                return ast.Compare(first, [ast.NotEq()], [second])
            case ast.Call(func=ast.Name(id="divide"), args=[a, b]):
                return ast.BinOp(a, ast.Div(), b)
            case ast.Call(func=ast.Name(id=name), keywords=[_, *_]) if function_of(name):
                return ast.Call(node.func, _in_order(node, _names_of(function_of(name))), [])
        return node


def _in_order(node: ast.Call, names: Sequence[str]) -> list[ast.expr]:
    """A call's arguments, those by keyword in the places that they have."""
    given = list(node.args)
    if not {k.arg for k in node.keywords} <= {*names}:
        return [*given, *node.keywords]  # type: ignore[list-item]  # which cannot be written
    for place, keyword in sorted((names.index(k.arg or ""), k.value) for k in node.keywords):
        given += [syntax.name("undefined")] * (place - len(given))
        given.append(keyword)
    return given


# -- helpers -------------------------------------------------------------------------------


class _OfNumbers(ast.NodeTransformer):
    """A helper's body over NumPy's arrays, as one over numbers."""

    def __init__(self, qualified: Qualify, pythons: set[str]) -> None:
        self.qualified, self.pythons = qualified, pythons

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if ast.unparse(node.value) in ("np", "math", "builtins"):
            return self.qualified(_ALIASES.get(node.attr, node.attr))
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.pythons and isinstance(node.ctx, ast.Load):
            return self.qualified(_ALIASES.get(node.id, node.id))
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        """A loop over a range is one that counts."""
        match node.iter:
            case ast.Call(func=ast.Name(id="range")):
                node.iter.args = [self.visit(a) for a in node.iter.args]
            case over:
                node.iter = self.visit(over)
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_With(self, node: ast.With) -> Any:
        """What silences a warning, which there is none of here."""
        return [self.visit(statement) for statement in node.body]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node.func:
            case ast.Attribute(attr="zeros_like" | "ones_like" as name):
                return ast.Constant(0.0 if name == "zeros_like" else 1.0)
            case ast.Attribute(attr="astype", value=x):
                return self.visit(x)  # type: ignore[no-any-return]
        self.generic_visit(node)
        node.keywords = [k for k in node.keywords if k.arg != "strict"]  # of `zip`
        return node


# What Python and `math` call otherwise than NumPy; and Python's own that helpers call.
_ALIASES = {"float": "float64", "lgamma": "gammaln", "prod": "product", "round": "rint"}
_PYTHONS = ("abs", "enumerate", "float", "len", "max", "min", "range", "reversed", "round", "zip")


@functools.cache
def define(name: str, function: Any) -> tuple[str, dict[str, Any]]:
    """A helper as JavaScript: as it is declared or stands in `numpy.js`, or by its own body."""
    if isinstance(function, Line):
        return _constant_line(name, function), {}
    if isinstance(function, Written):
        return function.text, _called_in(function.text, name, {})
    known = {inspect.unwrap(h.function): n for n, h in registry.helpers.items()}
    helper = registry.helpers.get(known.get(function, ""))
    if helper is not None and "javascript" in helper.bodies:
        body = textwrap.indent(textwrap.dedent(helper.bodies["javascript"]).strip(), "    ")
        text = f"function {name}({', '.join(_names_of(function))}) {{\n{body}\n}}"
        return text, _called_in(text, name, function.__globals__)
    try:
        return _of_numbers(name, function, known)
    except TraceError as error:
        raise TraceError(
            f"`{name}` has no text in JavaScript: {str(error).splitlines()[0]}\n{FIX}"
        ) from None


def _of_numbers(name: str, function: Any, known: dict[Any, str]) -> tuple[str, dict[str, Any]]:
    """A helper by its own body, as one of numbers; `known` are the names of formulas' helpers."""
    tree, others = bare(function)
    called: dict[str, Any] = {}

    def named(wanted: str) -> ast.expr:
        path = qualified(wanted)
        if function_of(path) is not None:
            called[path] = function_of(path)
        return syntax.dotted(path)

    local = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not _is_read(n)}
    tree = _OfNumbers(named, set(_PYTHONS) - {*others} - local).visit(copy.deepcopy(tree))
    tree = Finish(named).visit(tree)
    # A helper of formulas has one name, whatever it is called in the file that it stands in.
    names = {other: known.get(thing, other) for other, thing in others.items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            called[names[node.id]], node.id = others[node.id], names[node.id]
    tree.name = name
    return function_text(ast.fix_missing_locations(tree)), called


def _is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


def _constant_line(name: str, line: Line) -> str:
    """A number that a helper reads."""
    (statement,) = syntax.parse(line.named(name)).body
    if not isinstance(statement, ast.Assign):
        raise TraceError(
            f"A program in JavaScript imports nothing of Python's, but needs `{line.named(name)}`."
        )
    return f"const {name} = {expression_text(statement.value)};"


def _called_in(text: str, name: str, around: dict[str, Any]) -> dict[str, Any]:
    """The functions that a text calls, of those that a program defines or that stand around it."""
    found = {}
    for called in dict.fromkeys(re.findall(r"(?<![\w.])(\w+)\(", text)):
        thing = function_of(called) or around.get(called)
        if called != name and (inspect.isfunction(thing) or isinstance(thing, Written)):
            found[called] = thing if isinstance(thing, Written) else inspect.unwrap(thing)
    return found


def renamed(text: str, others: Any) -> str:
    """A definition in which functions are called by other names."""
    names = "|".join(map(re.escape, others))
    return re.sub(rf"(?<![\w.])({names})\b", lambda m: others[m[1]], text)
