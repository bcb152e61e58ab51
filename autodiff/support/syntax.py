"""Python's syntax, built and written: what formulas, rules and programs are made of."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def matmul_by_dot(a: Any, b: Any) -> Any:
    """a @ b; for two matrices by `dot`, which reaches BLAS in less time."""
    if type(a) is np.ndarray is type(b) and a.ndim == 2 == b.ndim:
        return a.dot(b)
    return a @ b


# The syntax of an operator: how it is written, what computes it, Python's and NumPy's names.
OPERATORS: dict[type[ast.AST], tuple[str, Callable[..., Any], str, str]] = {
    ast.Add: ("+", operator.add, "add", "add"),
    ast.Sub: ("-", operator.sub, "sub", "subtract"),
    ast.Mult: ("*", operator.mul, "mul", "multiply"),
    ast.Div: ("/", operator.truediv, "truediv", "divide"),
    ast.Mod: ("%", operator.mod, "mod", "remainder"),
    ast.FloorDiv: ("//", operator.floordiv, "floordiv", "floor_divide"),
    ast.Pow: ("**", operator.pow, "pow", "power"),
    ast.MatMult: ("@", matmul_by_dot, "matmul", "matmul"),
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
    ast.BitXor: ("^", operator.xor, "xor", "bitwise_xor"),
}


def parse(text: str, mode: str = "exec") -> Any:
    """`ast.parse`, again where it fails because it counts the depth of all threads together.

    That is so before Python 3.11.8 and 3.12.2, and a lock would outlive an interrupt.
    """
    try:
        return ast.parse(text, mode=mode)
    except SystemError:
        return parse(text, mode)


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


def sequence(items: Iterable[ast.expr]) -> ast.List:
    """The syntax of a list."""
    return ast.List(list(items), ast.Load())


def literal(
    value: Any,
    array: Callable[[Any], ast.expr] = lambda _: ast.Constant(...),
    named: Callable[[str], ast.expr] = name,
) -> ast.expr:
    """The syntax of a static value: number, text, tuple, slice, dtype, and what `array` writes.

    `named` is the syntax of NumPy's names, as `inf` and `float32`. Raises TypeError for any other.
    """
    if isinstance(value, np.ndarray):
        return array(value)
    if isinstance(value, (tuple, list)):
        items = [literal(item, array, named) for item in value]
        kind = ast.Tuple if isinstance(value, tuple) else ast.List
        return kind(items, ast.Load())
    if isinstance(value, np.longdouble):  # of which no Python number has all digits
        return ast.Call(named("longdouble"), [ast.Constant(str(value))], [])
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, slice):
        bounds = (value.start, value.stop, value.step)
        return ast.Slice(*[None if b is None else literal(b, array, named) for b in bounds])
    if isinstance(value, float) and not math.isfinite(value):
        size = named("nan" if value != value else "inf")
        return ast.UnaryOp(ast.USub(), size) if value < 0 else size
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    if value is None or isinstance(value, (bool, int, float, str, type(...))):
        return ast.Constant(value)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, _NUMBERS)):
        return named(np.dtype(value).name)
    raise TypeError(
        "What is written in a program is numbers, texts, dtypes, arrays, and tuples of them, but "
        f"this is {type(value).__name__} {value!r}."
    )


_NUMBERS = (np.generic, float, int)


def array_literal(array: Any, named: Callable[[str], ast.expr], uniform: bool = False) -> ast.expr:
    """The syntax that makes an array: `np.array([1.0, 2.0])`, or `np.full((3,), 1.0)`."""
    full = uniform or not array.size
    args = [array.shape, array.flat[0] if array.size else 0.0] if full else [array.tolist()]
    made = ast.Call(named("full" if full else "array"), [literal(a, named=named) for a in args], [])
    if array.dtype not in (np.float64, np.int64, np.bool_) or not array.size:
        made.keywords.append(ast.keyword("dtype", named(array.dtype.name)))
    return made


def number_of(tree: ast.expr) -> float | None:
    """The number that an expression is, if it is one."""
    match tree:
        case ast.Constant(value=bool() | int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    return None


def dotted(path: str) -> ast.expr:
    """The syntax of `np.linalg.norm`."""
    first, *others = path.split(".")
    tree: ast.expr = name(first)
    for attr in others:
        tree = ast.Attribute(tree, attr, ast.Load())
    return tree


def compile_function(
    function_name: str,
    parameters: Sequence[str],
    statements: Sequence[ast.stmt],
    result: ast.expr,
    look_up: Callable[[str], Any],
) -> Callable[..., Any]:
    """A function out of syntax; each name that is not bound in it is looked up once, now.

    The syntax comes from the registry alone: formulas, and rules run on symbols.
    """
    module = parse(f"def {function_name}({', '.join(parameters)}): pass")
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
