"""`jax.numpy`: how programs for XLA are written, where every number is an array."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import textwrap
from typing import Any, NoReturn

import numpy as np

from ...primitives.registry import registry
from ...support import syntax
from ..steps import Step
from ..tracing.standins import TraceError
from .checks import CHECKS
from .helpers import Line, bare
from .language import Language, Spelling, over
from .numpy import Brief
from .printer import Printer

HOST = (
    "A NumPy generator draws on the host, so a program of JAX's cannot draw from one.\n"
    "Draw outside the function, and pass the numbers as an argument."
)
# NumPy's functions that read one triangle of a matrix; JAX's take the mean of both unless told.
_OF_ONE_TRIANGLE = ("jnp.linalg.eigh", "jnp.linalg.cholesky")


class _AsNumPy(ast.NodeTransformer):
    """The calls that JAX must be told, or made otherwise, to give what NumPy's do."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = ast.unparse(node.func)
        if not node.keywords and function in _OF_ONE_TRIANGLE:
            node.keywords.append(ast.keyword("symmetrize_input", ast.Constant(False)))
        if function == "jnp.argpartition":  # which takes NaN for small: all are put in order
            return ast.Call(syntax.dotted("jnp.argsort"), node.args[:1], node.keywords)
        return node


class _ToJax(_AsNumPy):
    """NumPy's names as those of `jax.numpy`, and what a program of JAX's cannot do left out.

    That is to silence a warning, and to check: the checks were made when it was traced.
    """

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name("jnp", node.ctx) if node.id == "np" else node

    def visit_With(self, node: ast.With) -> Any:
        self.generic_visit(node)
        return node.body if ast.unparse(node.items[0]).startswith("jnp.errstate") else node

    def visit_If(self, node: ast.If) -> ast.stmt | None:
        self.generic_visit(node)
        return None if isinstance(node.body[0], ast.Raise) else node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Attribute(attr="put_along_axis"), args=[ast.Name() as x, *_]):
                node.value.keywords.append(ast.keyword("inplace", ast.Constant(False)))
                return ast.Assign([ast.Name(x.id, ast.Store())], node.value)
        return node


@functools.cache
def _define(name: str, function: Any) -> tuple[str, dict[str, Any]]:
    """A helper by the body declared for JAX, or by its own over `jax.numpy`."""
    if isinstance(function, Line):
        numpy = function.form == "import numpy as {}"
        return (f"import jax.numpy as {name}" if numpy else function.named(name)), {}
    tree, called = bare(function)
    # One that another helper calls has its name in that one's file.
    known = [h for h in registry.helpers.values() if inspect.unwrap(h.function) is function]
    helper = known[0] if known else CHECKS.get(name)
    if helper is None or "jax" not in helper.bodies:
        tree = _ToJax().visit(syntax.parse(ast.unparse(tree)).body[0])
    else:
        *before, last = body = syntax.parse(textwrap.dedent(helper.bodies["jax"])).body
        if not isinstance(last, ast.Expr):
            raise TypeError(f"The last line of `{name}` over JAX is no expression.")
        names = {n.id for statement in body for n in ast.walk(statement) if isinstance(n, ast.Name)}
        called = {n: inspect.unwrap(h.function) for n, h in registry.helpers.items() if n in names}
        tree = copy.deepcopy(tree)
        tree.body = [*before, ast.Return(last.value)]
    tree.name = name
    return ast.unparse(ast.fix_missing_locations(tree)), called


def _draw(printer: Printer, step: Step) -> NoReturn:
    raise TraceError(HOST)


def _sum_of_scatters(printer: Printer, step: Step, parts: list[Any]) -> list[str]:
    """A line that adds scatters up, each to a new array."""
    first, *others = parts
    tree = None if first is None else printer.operand(first)
    text = printer.zeros(step) if tree is None else ast.unparse(tree)
    if isinstance(first, np.ndarray):
        printer.modules.add("jnp")
        text = f"jnp.asarray({text})"
    elif not isinstance(tree, (ast.Name, type(None))):
        text = f"({text})"
    for part in others:
        index = printer.literal(_static(part.params[0]))
        place = ast.Subscript(syntax.name("at"), index, ast.Load())
        text += f".{ast.unparse(place)}.add({ast.unparse(printer.operand(part.operands[0]))})"
    return [f"{printer.names[step]} = {text}  # {step.shape}"]


def _static(value: Any) -> Any:
    """A static parameter: JAX takes no list where NumPy takes it for an array."""
    if isinstance(value, tuple):
        return tuple(map(_static, value))
    return np.asarray(value) if isinstance(value, list) else value


def _note(capture: Any) -> str:
    wide = any(step.dtype.itemsize == 8 for step in capture.graph.inputs)
    return (
        "\n\nIts numbers are of 64 bits, which JAX keeps where it is told to, as by\n"
        '`jax.config.update("jax_enable_x64", True)`.\n' * wide
    )


_SPELLING = Spelling(over("jnp"), finished=lambda tree, _: _AsNumPy().visit(Brief().visit(tree)))
JAX = Language(
    arrays=_SPELLING,
    floats=_SPELLING,  # numbers are arrays here
    define=_define,
    draw=_draw,
    sum_of_scatters=_sum_of_scatters,
    static=_static,
    copy="",  # JAX's arrays do not change
    note=_note,
)
