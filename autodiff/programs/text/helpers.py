"""The source of helper functions, to stand in a program that imports nothing of this project."""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import inspect
import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from ...primitives.registry import registry


def definitions(wanted: dict[str, Callable[..., Any]], module: str = "np") -> list[str]:
    """The functions, under these names, and all that they call, each before its first use.

    `module` is what they are written against: "np", or "jnp" for `jax.numpy`.
    """
    found: dict[Callable[..., Any], str] = {}
    for name, function in wanted.items():
        _define(name, inspect.unwrap(function), module, found)
    return list(found.values())


def _define(
    name: str, function: Callable[..., Any], module: str, found: dict[Callable[..., Any], str]
) -> None:
    if function in found:
        return
    tree, called = _bare(function) if module == "np" else _over_jax(name, function)
    for other_name, other in called.items():
        _define(other_name, other, module, found)
    tree.name = name
    text = ast.unparse(ast.fix_missing_locations(tree))
    found[function] = (module == "np" and _as_written(text, function)) or text


def _as_written(text: str, function: Callable[..., Any]) -> str | None:
    """A definition with the body as it stands in its file, if that is all on lines of its own."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.body[0].lineno == tree.lineno:
        return None
    if any(isinstance(node, ast.AnnAssign) for node in ast.walk(tree)):
        return None
    body = source.splitlines()[tree.body[0].lineno - 1 :]
    return "\n".join([text.splitlines()[0], *body]).replace("builtins.", "").rstrip()


@functools.cache
def _bare(function: Callable[..., Any]) -> tuple[ast.FunctionDef, dict[str, Callable[..., Any]]]:
    """A function's syntax without types and decorators, and those of ours that it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise TypeError(f"{function!r} is not a plain function, so it has no source to copy.")
    tree.decorator_list, tree.returns = [], None
    for argument in (*tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = None
    called = {}
    for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
        thing = function.__globals__.get(name)
        if thing is not None and thing not in (np, math, builtins, Any):
            called[name] = inspect.unwrap(thing)
    return _Plain().visit(tree), called


class _Plain(ast.NodeTransformer):
    """Types taken out, and `builtins.max` as `max`, since no operation has that name there."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign([node.target], node.value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "builtins":
            return ast.Name(node.attr, node.ctx)
        return node


# -- over jax.numpy ------------------------------------------------------------------------


@functools.cache
def _over_jax(
    name: str, function: Callable[..., Any]
) -> tuple[ast.FunctionDef, dict[str, Callable[..., Any]]]:
    """A function's syntax over `jax.numpy`: by the body declared for it, or by its own."""
    helper = registry.helpers.get(name)
    if helper is None or "jax" not in helper.bodies:
        tree, called = _bare(function)
        return _ToJax().visit(ast.parse(ast.unparse(tree)).body[0]), called
    body = ast.parse(textwrap.dedent(helper.bodies["jax"])).body
    *before, last = body
    if not isinstance(last, ast.Expr):
        raise TypeError(f"The last line of `{name}` over JAX is no expression.")
    names = {n.id for statement in body for n in ast.walk(statement) if isinstance(n, ast.Name)}
    tree = copy.deepcopy(_bare(function)[0])
    tree.body = [*before, ast.Return(last.value)]
    return tree, {n: inspect.unwrap(h.function) for n, h in registry.helpers.items() if n in names}


# NumPy's functions that read one triangle of a matrix; JAX's take the mean of both unless told.
_OF_ONE_TRIANGLE = ("jnp.linalg.eigh", "jnp.linalg.cholesky")


class OneTriangle(ast.NodeTransformer):
    """The calls that must tell JAX so."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not node.keywords and ast.unparse(node.func) in _OF_ONE_TRIANGLE:
            node.keywords.append(ast.keyword("symmetrize_input", ast.Constant(False)))
        return node


class _ToJax(OneTriangle):
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
