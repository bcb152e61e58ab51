"""Formulas: the one line of Python that computes an operation, names it and is its text.

A formula is parsed once, when its operation is declared. It is compiled in two
namespaces: NumPy's for arrays, and that of Python's floats for scalars. Its syntax
tree, with the operands' texts put in, is what pictures and programs show.
"""

from __future__ import annotations

import ast
import builtins
import functools
import math
import operator
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Function = Callable[..., Any]


def product(a: Any, b: Any) -> Any:
    """a @ b; for two matrices by `dot`, which reaches BLAS in less time."""
    if type(a) is np.ndarray is type(b) and a.ndim == 2 == b.ndim:
        return a.dot(b)
    return a @ b


# One thread at a time makes syntax: Python's parser counts its depth for all of them together.
COMPILING = threading.RLock()

# The syntax of an operator: how it is written, what computes it, Python's and NumPy's names.
OPERATORS: dict[type[ast.AST], tuple[str, Function, str, str]] = {
    ast.Add: ("+", operator.add, "add", "add"),
    ast.Sub: ("-", operator.sub, "sub", "subtract"),
    ast.Mult: ("*", operator.mul, "mul", "multiply"),
    ast.Div: ("/", operator.truediv, "truediv", "divide"),
    ast.Mod: ("%", operator.mod, "mod", "remainder"),
    ast.FloorDiv: ("//", operator.floordiv, "floordiv", "floor_divide"),
    ast.Pow: ("**", operator.pow, "pow", "power"),
    ast.MatMult: ("@", product, "matmul", "matmul"),
    ast.USub: ("-", operator.neg, "neg", "negative"),
    ast.UAdd: ("+", operator.pos, "pos", "positive"),
    ast.Gt: (">", operator.gt, "gt", "greater"),
    ast.GtE: (">=", operator.ge, "ge", "greater_equal"),
    ast.Lt: ("<", operator.lt, "lt", "less"),
    ast.LtE: ("<=", operator.le, "le", "less_equal"),
    ast.Eq: ("==", operator.eq, "eq", "equal"),
    ast.NotEq: ("!=", operator.ne, "ne", "not_equal"),
    ast.BitAnd: ("&", operator.and_, "and", "bitwise_and"),
    ast.BitOr: ("|", operator.or_, "or", "bitwise_or"),
}


def _maximum(a: float, b: float) -> float:
    return float(a if a >= b or a != a else b)


def _minimum(a: float, b: float) -> float:
    return float(a if a <= b or a != a else b)


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else x


def _where(condition: bool, a: float, b: float) -> float:
    return float(a if condition else b)


# NumPy's names for what Python's `math` computes on floats. (Not all that share a name agree:
# math.floor gives an int and math.remainder rounds the other way.)
MATH_NAMES = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{same: same for same in [
        "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos",
        "tan", "sinh", "cosh", "tanh", "hypot", "isfinite", "isinf", "isnan", "pi", "e", "inf",
        "nan", "erf", "erfc",
    ]},
}  # fmt: skip


def _chosen_product(ct: float, partial: float) -> float:
    return ct * partial if partial else 0.0


def _safe_product(ct: float, partial: float) -> float:
    return ct * partial if ct or math.isfinite(partial) else 0.0


SCALARS: dict[str, Function] = {
    "abs": builtins.abs,
    "maximum": _maximum,
    "minimum": _minimum,
    "sign": _sign,
    "where": _where,
    "logical_not": operator.not_,
    "pow": math.pow,
    "safe_product": _safe_product,
    "chosen_product": _chosen_product,
}
# Functions of ours that a formula may use beside NumPy's: `@helper` puts them here.
HELPERS: dict[str, Function] = {"matmul_by_dot": product}
# The body that some of them have over `jax.numpy`; the others' is their own, by its names.
JAX_BODIES: dict[str, str] = {}


def helper(name: str, jax: str | None = None) -> Callable[[Function], Function]:
    """Let formulas use this function of arrays by that name.

    `jax` is its body where JAX must write it otherwise, as for what writes into an array: the
    last line is an expression over the parameters, `jnp`, `jax` and other helpers.
    """

    def declare(function: Function) -> Function:
        HELPERS[name] = function
        if jax is not None:
            JAX_BODIES[name] = jax
        return function

    return declare


# What gives the results of two operations on the same operands in less time than both: a helper.
FUSED: dict[tuple[str, str], str] = {}


def fused(name: str, first: str, second: str) -> Callable[[Function], Function]:
    """Let programs that need both operations of the same operands use this function of arrays."""

    def declare(function: Function) -> Function:
        FUSED[first, second] = name
        return helper(name)(function)

    return declare


def numpy_function(name: str) -> Any:
    """What `name` means in a formula over arrays: NumPy's own, or a helper."""
    return HELPERS[name] if name in HELPERS else getattr(np, name)


def scalar_function(name: str) -> Any:
    """What `name` means in a formula over Python floats: `math`'s, else NumPy's on floats."""
    if name in SCALARS:
        return SCALARS[name]
    if name in MATH_NAMES:
        return getattr(math, MATH_NAMES[name])
    on_arrays = numpy_function(name)
    if not callable(on_arrays):
        return on_arrays

    def on_floats(*operands: Any, **keywords: Any) -> Any:
        with np.errstate(all="ignore"):
            result = on_arrays(*operands, **keywords)
        return float(result) if np.ndim(result) == 0 else result

    return on_floats


class _PowerByMath(ast.NodeTransformer):
    """`a ** b` on floats by math.pow, which never answers with a complex number."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return call("pow", node.left, node.right)
        return node


class _ProductByDot(ast.NodeTransformer):
    """`a @ b` by `product`, where it is a part of a formula."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return call("matmul_by_dot", node.left, node.right)
        return node


def powers_by_math(tree: Any) -> Any:
    """A formula's syntax with its powers by math.pow, as they are computed on floats."""
    return _PowerByMath().visit(tree)


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names, and folds what the static values decide."""

    def __init__(
        self, put: Mapping[str, ast.expr], qualified: Callable[[str], ast.expr], stacks: bool
    ) -> None:
        self.put = put
        self.qualified = qualified
        self.stacks = stacks

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.put[node.id] if node.id in self.put else self.qualified(node.id)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        try:
            decided = bool(eval_constant(test))
        except ValueError:
            return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))
        return self.visit(node.body if decided else node.orelse)  # type: ignore[no-any-return]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        node.keywords = [k for k in node.keywords if not _is_default(k.value)]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        attr = "T" if node.attr == "mT" and not self.stacks else node.attr
        return ast.Attribute(self.visit(node.value), attr, ast.Load())


class _OutsideBrackets(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return node

    def visit_Slice(self, node: ast.Slice) -> ast.expr:
        bounds = [b or ast.Constant(None) for b in (node.lower, node.upper, node.step)]
        return call("slice", *bounds)


def outside_brackets(tree: ast.expr) -> ast.expr:
    """The syntax of slices as `slice(1, 3, None)`, where they do not stand as `1:3` in brackets."""
    return _OutsideBrackets().visit(tree)  # type: ignore[no-any-return]


def _is_default(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


def eval_constant(test: ast.expr) -> Any:
    """The value of `<constant> is None` and of a constant; ValueError for anything else."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is):
        left, right = eval_constant(test.left), eval_constant(test.comparators[0])
        return left is right
    try:
        return ast.literal_eval(test)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("not a constant") from error


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """The syntax of `function(*arguments)`."""
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def name(identifier: str) -> ast.Name:
    """The syntax of a name."""
    return ast.Name(identifier, ast.Load())


def filled(form: Any, put: Mapping[str, ast.expr]) -> Any:
    """A copy of a form with expressions in the place of names."""
    if isinstance(form, ast.Name):
        return put.get(form.id, form)
    if isinstance(form, list):
        return [filled(part, put) for part in form]
    if not isinstance(form, ast.AST) or not form._fields:
        return form
    return type(form)(*[filled(getattr(form, field), put) for field in form._fields])


def text_of(tree: ast.expr) -> str:
    """What ast.unparse gives, in a fraction of its time for sums and products of names."""
    return _text_of(tree) or ast.unparse(tree)


# How closely the operators bind that stand in most lines.
_PRECEDENCE: dict[type[ast.AST], int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2}


def _text_of(tree: ast.expr, above: int = 0) -> str | None:
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, (ast.Attribute, ast.Call, ast.Constant)):
        return ast.unparse(tree)
    own = _PRECEDENCE.get(type(tree.op)) if isinstance(tree, ast.BinOp) else None
    if not isinstance(tree, ast.BinOp) or own is None:
        return None
    left, right = _text_of(tree.left, own), _text_of(tree.right, own + 1)
    if left is None or right is None:
        return None
    text = f"{left} {OPERATORS[type(tree.op)][0]} {right}"
    return f"({text})" if own < above else text


def sequence(items: Iterable[ast.expr]) -> ast.List:
    """The syntax of a list."""
    return ast.List(list(items), ast.Load())


def literal(value: Any) -> ast.expr:
    """The syntax of a static value: number, text, tuple, slice, dtype; `...` for an array."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (tuple, list)):
        items = [literal(item) for item in value]
        kind = ast.Tuple if isinstance(value, tuple) else ast.List
        return kind(items, ast.Load())
    if isinstance(value, slice):
        bounds = (value.start, value.stop, value.step)
        return ast.Slice(*(None if bound is None else literal(bound) for bound in bounds))
    if isinstance(value, float) and not math.isfinite(value):
        return name("nan") if value != value else _signed(value, "inf")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    if value is None or isinstance(value, (bool, int, float, str, type(...))):
        return ast.Constant(value)
    if isinstance(value, np.dtype):
        return name(value.name)
    return ast.Constant(...)


def _signed(value: float, text: str) -> ast.expr:
    return name(text) if value > 0 else ast.UnaryOp(ast.USub(), name(text))


def compile_function(
    function_name: str,
    parameters: Sequence[str],
    statements: Sequence[ast.stmt],
    result: ast.expr,
    look_up: Callable[[str], Any],
) -> Function:
    """A function out of syntax; each name that is not bound in it is looked up once, now.

    The syntax comes from the registry alone: formulas, and rules run on symbols.
    """
    module = ast.parse(f"def {function_name}({', '.join(parameters)}): pass")
    definition = module.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise ValueError(f"{function_name!r} is no name for a function.")
    definition.body = [*statements, ast.Return(result)]
    ast.fix_missing_locations(module)
    bound = {*parameters, *_assigned([*statements, result])}
    free = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)} - bound
    namespace: dict[str, Any] = {identifier: look_up(identifier) for identifier in free}
    exec(compile(module, f"<nabigrad {function_name}>", "exec"), namespace)
    return namespace[function_name]  # type: ignore[no-any-return]


def _assigned(code: Iterable[ast.AST]) -> set[str]:
    names = (n for c in code for n in ast.walk(c) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


class Formula:
    """One line of Python over operands and static parameters.

    `text` is the line, `operands` the names of what it is computed from.
    """

    def __init__(self, text: str, operands: Sequence[str], params: Sequence[str] = ()) -> None:
        self.text = text
        self.operands = tuple(operands)
        self.params = tuple(params)
        try:
            self.tree: ast.expr = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise ValueError(
                f"A formula is one Python expression, but {text!r} does not parse.\n"
                'Write it as you would in NumPy, as in "1 / (1 + exp(-x))".'
            ) from error
        known = {*self.operands, *self.params}
        free = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)} - known
        unknown = sorted(n for n in free if n not in HELPERS and not hasattr(np, n))
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
    def numpy(self) -> Function | None:
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

    def on_arrays(self) -> Function:
        """The formula as a function of arrays, then of its parameters."""
        tree = ast.parse(self.text, mode="eval").body
        return self._compiled(numpy_function, _ProductByDot().visit(tree))

    @functools.cached_property
    def asked(self) -> set[str]:
        """The operands that are asked for what only arrays have, as in `x[index]`."""
        whole = [n for n in ast.walk(self.tree) if isinstance(n, (ast.Attribute, ast.Subscript))]
        names = {n.value.id for n in whole if isinstance(n.value, ast.Name)}
        return names & set(self.operands)

    def on_floats(self) -> Function:
        """The formula as a function of Python floats.

        One that asks an operand for what only arrays have, as `x[index]`, is given NumPy's floats.
        """
        if self.asked:
            on_arrays = self.on_arrays()

            def on_numpys_floats(*operands: Any) -> Any:
                result = on_arrays(*[np.float64(o) if type(o) is float else o for o in operands])
                return float(result) if np.ndim(result) == 0 else result

            return on_numpys_floats
        tree = ast.parse(self.text, mode="eval").body
        return self._compiled(scalar_function, powers_by_math(tree))

    def _compiled(self, look_up: Callable[[str], Any], tree: ast.expr) -> Function:
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
        fresh = ast.parse(self.text, mode="eval").body
        tree = _Put(put, qualified, stacks).visit(fresh)
        return outside_brackets(tree) if params else tree
