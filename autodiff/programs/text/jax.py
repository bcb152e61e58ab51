"""`jax.numpy`: how programs for XLA are written, where every number is an array."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import itertools
import textwrap
from typing import Any, NoReturn

import numpy as np

from ...primitives.operands import has_room
from ...primitives.primitive import Primitive
from ...primitives.registry import registry
from ...support import syntax
from ..steps import Step, is_a, operand_shape
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
        if function == "jnp.exp2":  # by `exp` of another number, which has fewer digits
            return ast.Call(syntax.dotted("jnp.power"), [ast.Constant(2.0), *node.args], [])
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


# -- dtypes --------------------------------------------------------------------------------

# Where whole numbers meet floats NumPy and JAX compute in different dtypes: int32 beside float32 is
# float64 to NumPy, and float32 to JAX. And a product with a condition is a choice to XLA, in which
# False * nan is 0. So the operands of a step are made numbers of the dtype that NumPy computes in.

_OF_ANOTHER_DTYPE = ("reciprocal", "matrix_rank", "searchsorted", "digitize")  # of whole numbers


def _as_numpys_kinds(printer: Printer, step: Step, trees: list[ast.expr]) -> list[ast.expr]:
    """A step's operands, with those made numbers or cast of which JAX would make another dtype."""
    kinds = list(map(_kind_of, step.operands))
    numbers = [kind for kind in kinds if kind is not None and kind.kind != "b"]
    wanted = _computed_in(step, numbers)
    if wanted is None:
        return trees
    primitive: Any = step.primitive
    one_function = primitive.formula.numpy is not None  # of which JAX knows the operands' dtypes
    settled = is_a(step, "cast") or (one_function and _by_jax(numbers) == wanted)
    counts = not primitive.elementwise and wanted.kind != "f"  # of truths, as in sum(x > 0)

    def given(i: int, tree: ast.expr) -> ast.expr:
        operand, kind = step.operands[i], kinds[i]
        if kind == wanted or i in _no_numbers(primitive):
            return tree
        if kind is None:  # a Python number, which what is computed in JAX may not be
            computed = isinstance(operand, Step) and operand.primitive is not None
            return _cast(printer, wanted, tree) if computed and wanted.itemsize < 8 else tree
        if kind.kind != "b":
            fits = settled or not np.can_cast(kind, wanted)
            return tree if fits else _cast(printer, wanted, tree)
        if counts:
            return tree
        one, zero = (ast.Constant(wanted.type(truth).item()) for truth in (True, False))
        tree = ast.Call(printer.of_arrays("where"), [tree, one, zero], [])
        weakly = settled or (one_function and wanted.itemsize == 8)
        return tree if weakly else _cast(printer, wanted, tree)

    return list(itertools.starmap(given, enumerate(trees)))


def _operands(printer: Printer, step: Step, trees: list[ast.expr]) -> list[ast.expr]:
    """A step's operands as JAX must be given them to compute what NumPy does."""
    trees = _as_numpys_kinds(printer, step, trees)
    triangle = is_a(step, "tril") or is_a(step, "triu")
    if not triangle or operand_shape(step.operands[0]) == step.shape:
        return trees
    rows = printer.of_arrays("broadcast_to")  # of a vector, which NumPy makes a matrix of
    return [ast.Call(rows, [*trees, printer.literal(step.shape)], [])]


def _as_numpys_result(printer: Printer, step: Step, tree: ast.expr) -> ast.expr:
    """What a step gives, made whole numbers where they are not, and 0 where one is divided by 0."""
    name = getattr(step.primitive, "name", "")
    if step.dtype.kind not in "iu":
        return tree
    if name in _OF_ANOTHER_DTYPE:
        return _cast(printer, step.dtype, tree)
    match tree:
        case ast.BinOp(op=ast.FloorDiv(), right=divisor):
            by_zero = ast.Compare(divisor, [ast.Eq()], [ast.Constant(0)])
            return ast.Call(printer.of_arrays("where"), [by_zero, ast.Constant(0), tree], [])
    return tree


def _cast(printer: Printer, dtype: np.dtype[Any], tree: ast.expr) -> ast.expr:
    return ast.Call(printer.of_arrays(dtype.name), [tree], [])


def _kind_of(operand: Any) -> np.dtype[Any] | None:
    """The dtype of an operand; None for Python's floats and ints, which take that of others."""
    example = getattr(operand, "example", operand)
    if isinstance(example, (np.ndarray, np.generic, bool)):
        return np.asarray(example).dtype
    return None


def _computed_in(step: Step, numbers: list[np.dtype[Any]]) -> np.dtype[Any] | None:
    """The dtype that NumPy computes a step in; None where it is no number."""
    if step.primitive is not None and step.primitive.differentiable:
        return step.dtype if step.dtype.kind in "fiu" else None
    wide = np.result_type(*numbers) if numbers else np.dtype(bool)
    if not all([has_room(wide, o) for o in step.operands if type(o) is int]):
        return np.dtype(np.float64)  # where JAX compares with what is left of the number
    return wide if len(numbers) > 1 else None


def _by_jax(numbers: list[np.dtype[Any]]) -> np.dtype[Any] | None:
    """The dtype that JAX computes in, of numbers of these; None if they do not say."""
    kinds = [kind for kind in numbers if kind.kind == "f"] or numbers
    return np.result_type(*kinds) if kinds else None


@functools.cache
def _no_numbers(primitive: Primitive) -> frozenset[int]:
    """The places of operands that are computed with as they are: conditions of `where`, indices."""
    calls = [node for node in ast.walk(primitive.formula.tree) if isinstance(node, ast.Call)]
    names = {ast.unparse(c.args[0]) for c in calls if ast.unparse(c.func) == "where"}
    names |= {"indices", "labels"}
    return frozenset(i for i, name in enumerate(primitive.operands) if name in names)


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
        add = "max" if step.dtype == bool else "add"  # to which JAX adds no truths
        text += f".{ast.unparse(place)}.{add}({ast.unparse(printer.operand(part.operands[0]))})"
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
    operands=_operands,
    result=_as_numpys_result,
    static=_static,
    copy="",  # JAX's arrays do not change
    note=_note,
)
