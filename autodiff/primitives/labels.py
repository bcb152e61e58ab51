"""What a graph says as text: how a node is computed, and what each edge pulls back."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..graph.node import data_of, operands_of, parameters_of
from ..graph.value import Value
from ..support import syntax
from .laws import PRODUCTS, UNITS, OfSyntax, laws_of, parts_of, product, simpler
from .primitive import Primitive, forced
from .pullback import apply_rule
from .symbol import Symbol


def formula_text(node: Value, name_of: Callable[[Any], str]) -> str:
    """How a node was computed, as `w0 * x0`, with `name_of` naming operands."""
    if node._pullback is None:
        return ""
    primitive = node._pullback.primitive
    operands = operands_of(node)
    texts = [_parsed(_constant(o) or name_of(o)) for o in operands]
    tree = primitive.written(texts, list(map(data_of, operands)), parameters_of(node))
    return ast.unparse(ast.fix_missing_locations(tree))


def _parsed(text: str) -> ast.expr:
    try:
        return syntax.parse(text, mode="eval").body  # type: ignore[no-any-return]
    except (SyntaxError, ValueError):
        return syntax.name(text)


def number_text(number: float) -> str:
    """A number as briefly as it can be written exactly: 2 for 2.0."""
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return repr(float(number))


Numbers = Callable[[float], str]  # how numbers are written


def _constant(operand: Any, number: Numbers = number_text) -> str | None:
    """A number as it is written; None for a node and for an array, which need a name."""
    if isinstance(operand, np.ndarray) and operand.ndim == 0:
        operand = operand[()]
    if isinstance(operand, (bool, np.bool_)):
        return str(bool(operand))
    if isinstance(operand, (float, int, np.number)):
        return number(float(operand))
    return None


def operation_text(node: Value, number: Numbers = number_text) -> str:
    """A node's operation with its constant number: `*`, `+1`, `1/x`, `**2`, `exp`.

    `number` says how that is written: exactly, if nothing is said.
    """
    if node._pullback is None:
        return ""
    primitive: Primitive = node._pullback.primitive
    operands = operands_of(node)
    if len(operands) == 2 and primitive.formula.operator is not None:
        left, right = [_constant(operand, number) for operand in operands]
        if right is not None:
            return f"{primitive.symbol}{right}"
        if left is not None:
            commutes = primitive.name in ("add", "mul")
            return f"{primitive.symbol}{left}" if commutes else f"{left}{primitive.symbol}x"
    return primitive.symbol


def settings_text(node: Value, number: Numbers = number_text) -> str:
    """What an operation was given beside nodes and arrays, and its title does not say: `axis=0`.

    `number` says how constants are written: exactly, if nothing is said.
    """
    if node._pullback is None:
        return ""
    primitive, operands = node._pullback.primitive, operands_of(node)
    settings: dict[str, str] = {}
    if not primitive.variadic and primitive.formula.operator is None:
        given = zip(primitive.operands, operands, strict=True)
        texts = {name: _constant(operand, number) for name, operand in given}
        settings = {name: text for name, text in texts.items() if text is not None}
    for (name, default), value in zip(primitive.defaults.items(), parameters_of(node), strict=True):
        tree, usual = syntax.literal(value), syntax.literal(default)
        if ast.unparse(tree) != ast.unparse(usual):
            settings[name] = ast.unparse(_Written(number).visit(tree))
    return ", ".join(f"{name}={text}" for name, text in settings.items())


Summed = Callable[[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]], str]


def edge_texts(
    node: Value, names: Sequence[str | None] = (), output: str | None = None,
    number: Numbers = number_text, summed: Summed | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """For each of `node.inputs`, what its cotangent is: `ct * (1 - z * z)`, `ct @ b.T`.

    It is what the operation's rule says when run on symbols: `ct` is the cotangent of the node,
    the node itself is called `output`, and its operands as `names` has them; None, and what is left
    out, is called as in the rule. `number` says how constants are written, and `summed(text, axes,
    before, after)` what is added where an operand was repeated along these axes, by the shapes of
    what the rule gives and of the operand: Python, if nothing is said.
    """
    pullback = node._pullback
    if pullback is None:
        return ()
    cotangents = _of_partials if pullback.primitive.elementwise else _of_rule
    texts = []
    pairs = zip(cotangents(node, pullback, tuple(names), output), node.inputs, strict=True)
    for (tree, before), operand in pairs:
        if number is not number_text:
            tree = _Written(number).visit(tree)
        text, after = ast.unparse(ast.fix_missing_locations(tree)), np.shape(operand._data)
        if "ct" in text and (axes := _repeated(before, after)):
            text = (summed or _as_python)(text, axes, before, after)
        texts.append(text)
    return tuple(texts)


def _repeated(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which what has the shape `after` was repeated to have the shape `before`."""
    extra = len(before) - len(after)
    if extra < 0:
        return ()
    return tuple(i for i, n in enumerate(before) if i < extra or after[i - extra] == 1 != n)


def _as_python(
    text: str, axes: tuple[int, ...], before: tuple[int, ...], after: tuple[int, ...]
) -> str:
    """What the engine does where an operand was repeated along these axes."""
    shown = axes[0] if len(axes) == 1 else axes
    if len(before) == len(after):
        return f"sum({text}, {shown}, keepdims=True)"
    whole = len(axes) == len(before) - len(after)
    return f"sum({text}, {shown})" if whole else f"reshape(sum({text}, {shown}), {after})"


Cotangent = tuple[ast.expr, tuple[int, ...]]  # how it is written, and its shape


def _of_partials(
    node: Value, pullback: Any, names: Sequence[str | None], output: str | None
) -> list[Cotangent]:
    """The cotangents of the operands of an elementwise operation: its partials, times ct."""
    primitive, operands = pullback.primitive, operands_of(node)
    known = {
        name: syntax.literal(value)
        for name, value in zip(primitive.defaults, parameters_of(node), strict=True)
    }
    if output is not None:
        known[primitive.lead[0]] = syntax.name(output)
    for i, (name, operand) in enumerate(zip(primitive.operands, operands, strict=True)):
        if (text := _constant(operand)) is not None:
            known[name] = _parsed(text)
        elif i < len(names) and names[i] is not None:
            known[name] = syntax.name(str(names[i]))
    partials = [primitive.partials()[i] for i in pullback.positions]
    folded = [_Fold(known).visit(_parsed(ast.unparse(p))) for p in partials]
    shape = np.shape(node._data)
    return [(product(syntax.name("ct"), p, OfSyntax()), shape) for p in folded]


def _of_rule(
    node: Value, pullback: Any, names: Sequence[str | None], output: str | None
) -> list[Cotangent]:
    """The cotangents of the operands as another rule gives them."""
    primitive, operands = pullback.primitive, operands_of(node)
    own = list(primitive.operands)
    if primitive.variadic:
        own = [f"{own[0]}[{i}]" for i in range(len(operands))]
    named = [*names, *[None] * len(own)]
    texts = [_constant(o) if isinstance(o, float) else None for o in operands]  # no labels
    called = [
        _parsed(text or name) if text or given is None else syntax.name(str(given))
        for name, given, text in zip(own, named, texts)
    ]
    symbols = [
        Symbol(name, o._data if isinstance(o, Value) else o)
        for name, o in zip(called, operands, strict=True)
    ]
    ct = Symbol(syntax.name("ct"), np.ones_like(node._data))
    z = Symbol(syntax.name(primitive.lead[1] if output is None else output), node._data)
    pulled = apply_rule(primitive, ct, z, symbols, node)
    parts = [forced(pulled[i]) for i in pullback.positions]
    return [_with_shape(part, np.shape(node._data)) for part in parts]


def _with_shape(part: Any, shape: tuple[int, ...]) -> Cotangent:
    """What a rule gives for an operand; where its shape is not known, it is the output's."""
    if not isinstance(part, Symbol):
        return ast.Constant(0), ()
    return part.expression, shape if part._data is None else np.shape(part._data)


class _Written(ast.NodeTransformer):
    """Writes an expression for readers: its floats in their way, and indices as in brackets."""

    def __init__(self, number: Numbers) -> None:
        self.number = number

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return syntax.name(self.number(node.value)) if type(node.value) is float else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`slice(1, 3, None)` as `1:3`, and no None at the end, for that says nothing."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "slice":
            ends = [None if _is_none(a) else a for a in node.args]
            return cast(ast.expr, ast.Slice(*ends))
        while node.args and not node.keywords and _is_none(node.args[-1]):
            node.args.pop()
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """`ct[0,]` as `ct[0]`."""
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 1:
            node.slice = node.slice.elts[0]
        return node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


# Texts say what the numbers are; a sign stays where the rule has it.
_LAWS = laws_of(PRODUCTS[:2], UNITS, [("a ** 0", "1", "")])


class _Fold(ast.NodeTransformer):
    """Puts constants in the place of operands, and computes what then is constant."""

    def __init__(self, known: dict[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        sides = [syntax.number_of(node.left), syntax.number_of(node.comparators[0])]
        if None in sides:
            return node
        return ast.Constant(bool(syntax.OPERATORS[type(node.ops[0])][1](*sides)))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = syntax.number_of(node.left), syntax.number_of(node.right)
        if left is not None and right is not None:
            with np.errstate(all="ignore"):
                folded = syntax.OPERATORS[type(node.op)][1](np.float64(left), right)
            return _parsed(number_text(float(folded)))
        parts: Any = parts_of(node)
        simple: ast.expr | None = simpler(_LAWS, parts[0], parts[1], OfSyntax())
        return node if simple is None else simple
