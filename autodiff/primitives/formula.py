"""Formulas: the one line of Python that computes an operation, names it and is its text.

A formula is parsed once, when its operation is declared. It is compiled in two
namespaces: NumPy's for arrays, and that of Python's floats for scalars. Its syntax
tree, with the operands' texts put in, is what pictures and programs show.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..support.cached import Cached
from ..support.syntax import (
    OPERATORS,
    call,
    compile_function,
    literal,
    name,
    outside_brackets,
    parse,
)
from .namespaces import defaults_of, numpy_function, scalar_function
from .registry import registry


class _ByCall(ast.NodeTransformer):
    """An operator written as the call of a function: `a ** b` as `pow(a, b)`."""

    def __init__(self, operator: type[ast.operator], function: str) -> None:
        self.operator, self.function = operator, function

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, self.operator):
            return call(self.function, node.left, node.right)
        return node


def powers_by_math(tree: Any) -> Any:
    """A formula's syntax for floats: math.pow never answers with a complex number."""
    return _ByCall(ast.Pow, "pow").visit(tree)


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names, and leaves out keywords that are usual."""

    def __init__(
        self, put: Mapping[str, ast.expr], qualified: Callable[[str], ast.expr], stacks: bool
    ) -> None:
        self.put = put
        self.qualified = qualified
        self.stacks = stacks

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.put[node.id] if node.id in self.put else self.qualified(node.id)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        usual = defaults_of(ast.unparse(node.func))
        self.generic_visit(node)
        node.keywords = [k for k in node.keywords if not _is_default(k, usual)]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        attr = "T" if node.attr == "mT" and not self.stacks else node.attr
        return ast.Attribute(self.visit(node.value), attr, ast.Load())


def _is_default(keyword: ast.keyword, defaults: Mapping[str, Any]) -> bool:
    """Whether a keyword is the None or False that holds without it."""
    if not isinstance(keyword.value, ast.Constant) or keyword.value.value not in (None, False):
        return False
    default = defaults.get(keyword.arg or "", 0)
    return default is np._NoValue or default is keyword.value.value


class Formula:
    """One line of Python over operands and static parameters.

    `text` is the line, `operands` the names of what it is computed from.
    """

    def __init__(self, text: str, operands: Sequence[str], params: Sequence[str] = ()) -> None:
        self.text = text
        self.operands = tuple(operands)
        self.params = tuple(params)
        try:
            self.tree: ast.expr = parse(text, mode="eval").body
        except SyntaxError as error:
            raise ValueError(
                f"A formula is one Python expression, but {text!r} does not parse.\n"
                'Write it as you would in NumPy, as in "1 / (1 + exp(-x))".'
            ) from error
        known = {*self.operands, *self.params}
        free = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)} - known
        unknown = sorted(n for n in free if n not in registry.helpers and not hasattr(np, n))
        if unknown:
            raise ValueError(
                f"A formula uses its operands, its parameters and NumPy's names; {text!r} also "
                f"has {', '.join(unknown)}.\nName it as the rule does: {', '.join(sorted(known))}."
            )

    @property
    def operator(self) -> tuple[str, str] | None:
        """`("*", "mul")` for the formula `a * b`: the operator that it is, and Python's method."""
        form = self._operator(self.tree)
        return None if form is None else (OPERATORS[type(form)][0], OPERATORS[type(form)][2])

    @property
    def numpy(self) -> Callable[..., Any] | None:
        """NumPy's function that the formula is: np.multiply for `a * b`, np.tanh for `tanh(x)`."""
        form = self._operator(self.tree)
        if form is not None:
            return getattr(np, OPERATORS[type(form)][3])  # type: ignore[no-any-return]
        if not isinstance(self.tree, ast.Call):
            return None
        names = [a.id for a in self.tree.args if isinstance(a, ast.Name)]
        if len(names) != len(self.tree.args) or tuple(names[: len(self.operands)]) != self.operands:
            return None
        match self.tree.func:
            case ast.Name(id=name):
                return getattr(np, name, None)
            case ast.Attribute(value=ast.Name(id="linalg"), attr=name):
                return getattr(np.linalg, name, None)
        return None

    @Cached
    def is_ours(self) -> bool:
        """Whether it is no single function of NumPy's, which sees to all dtypes, nor `x` itself."""
        return self.numpy is None and not isinstance(self.tree, ast.Name)

    def _operator(self, tree: ast.expr) -> ast.AST | None:
        if isinstance(tree, ast.BinOp) and self._are_operands([tree.left, tree.right]):
            return tree.op
        if isinstance(tree, ast.UnaryOp) and self._are_operands([tree.operand]):
            return tree.op
        if isinstance(tree, ast.Compare) and self._are_operands([tree.left, *tree.comparators]):
            return tree.ops[0]
        return None

    def _are_operands(self, nodes: Sequence[ast.expr]) -> bool:
        return tuple(getattr(n, "id", None) for n in nodes) == self.operands

    def on_arrays(self) -> Callable[..., Any]:
        """The formula as a function of arrays, then of its parameters."""
        tree = parse(self.text, mode="eval").body
        return self._compiled(numpy_function, _ByCall(ast.MatMult, "matmul_by_dot").visit(tree))

    @Cached
    def asked(self) -> set[str]:
        """The operands that are asked for what only arrays have, as in `x[index]`."""
        whole = [n for n in ast.walk(self.tree) if isinstance(n, (ast.Attribute, ast.Subscript))]
        names = {n.value.id for n in whole if isinstance(n.value, ast.Name)}
        return names & set(self.operands)

    def on_floats(self) -> Callable[..., Any]:
        """The formula as a function of Python floats.

        One that asks an operand for what only arrays have, as `x[index]`, is given NumPy's floats.
        """
        if self.asked:
            on_arrays = self.on_arrays()

            def on_numpys_floats(*operands: Any) -> Any:
                result = on_arrays(*[np.float64(o) if type(o) is float else o for o in operands])
                return float(result) if np.ndim(result) == 0 else result

            return on_numpys_floats
        tree = parse(self.text, mode="eval").body
        return self._compiled(scalar_function, powers_by_math(tree))

    def _compiled(self, look_up: Callable[[str], Any], tree: ast.expr) -> Callable[..., Any]:
        form = self._operator(tree)
        if form is not None:
            return OPERATORS[type(form)][1]
        match tree:
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                if self._are_operands(tree.args) and not self.params:
                    return look_up(name)  # type: ignore[no-any-return]
        return compile_function("formula", [*self.operands, *self.params], [], tree, look_up)

    def put(
        self,
        operands: Mapping[str, ast.expr],
        params: Mapping[str, Any],
        written: Callable[[Any], ast.expr] = literal,
        qualified: Callable[[str], ast.expr] = name,
        stacks: bool = False,
    ) -> ast.expr:
        """The formula's syntax with these operands and static values in their places.

        `written` is the syntax of a static value, `qualified` that of a name which is the
        formula's own, such as `exp`. What is `x.mT` of `stacks` of matrices is `x.T` of others.
        """
        put = {**operands, **{key: written(value) for key, value in params.items()}}
        fresh = parse(self.text, mode="eval").body
        tree = _Put(put, qualified, stacks).visit(fresh)
        return outside_brackets(tree) if params else tree
