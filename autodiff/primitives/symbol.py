"""Symbols: nodes that stand for text, on which a rule is run once to learn what it says.

From a rule's expressions come the text on an edge of a picture and, compiled, the
functions that multiply a cotangent by a partial at the speed of hand-written code.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ..graph.value import Value, describe
from ..support import syntax
from .formula import powers_by_math, scalar_function


class Symbol(Value):
    """An expression over the names of a rule's parameters.

    `data` is what the expression stands for where that is known (in a picture of a graph)
    and None where only the form is wanted.
    """

    __slots__ = ("expression",)

    def __init__(self, expression: ast.expr, data: Any = None) -> None:
        self._data = data
        self._grad = self._link = self._x = self._y = self.name = None
        self._clock = 0
        self.expression = expression

    @property
    def shape(self) -> tuple[int, ...]:
        return () if self._data is None else getattr(self._data, "shape", ())

    @property
    def T(self) -> Symbol:
        """The transpose, as it is written."""
        data = None if self._data is None else self._data.T
        return Symbol(ast.Attribute(self.expression, "T", ast.Load()), data)

    def __getitem__(self, index: Any) -> Symbol:
        data = None if self._data is None else self._data[index]
        return Symbol(ast.Subscript(self.expression, syntax.literal(index), ast.Load()), data)

    def _compare(self, operator: ast.cmpop, other: Any) -> Symbol:
        return Symbol(ast.Compare(self.expression, [operator], [expression_of(other)]))

    def __eq__(self, other: object) -> Any:
        return self._compare(ast.Eq(), other)

    def __ne__(self, other: object) -> Any:
        return self._compare(ast.NotEq(), other)

    def __lt__(self, other: Any) -> Any:
        return self._compare(ast.Lt(), other)

    def __le__(self, other: Any) -> Any:
        return self._compare(ast.LtE(), other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(ast.Gt(), other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(ast.GtE(), other)

    def __and__(self, other: Any) -> Any:
        return Symbol(ast.BinOp(self.expression, ast.BitAnd(), expression_of(other)))

    def __or__(self, other: Any) -> Any:
        return Symbol(ast.BinOp(self.expression, ast.BitOr(), expression_of(other)))

    def __invert__(self) -> Any:
        return Symbol(ast.UnaryOp(ast.Invert(), self.expression))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(
            "A rule is one expression for every value of its operands, but this one branches on "
            f"`{ast.unparse(self.expression)}`.\nUse `where(condition, a, b)`."
        )

    def __float__(self) -> float:
        raise TypeError(
            f"A rule is run on symbols, and `{ast.unparse(self.expression)}` is not a number yet.\n"
            "Use this project's functions in a rule (`autodiff.exp`), not those of `math`."
        )

    def __repr__(self) -> str:
        return f"Symbol({ast.unparse(self.expression)})"


def expression_of(thing: Any) -> ast.expr:
    """The syntax of a Symbol, or of a constant in a rule."""
    return thing.expression if isinstance(thing, Symbol) else syntax.literal(thing)


def trace_partials(
    rule: Callable[..., Any], names: Sequence[str], operands: int, label: str
) -> list[ast.expr]:
    """The partials, one for each operand, that an elementwise rule says when run on `names`.

    Raises TypeError where the rule returns another number of them, or what is not one.
    """
    said = rule(*(Symbol(syntax.name(n)) for n in names))
    partials = said if isinstance(said, tuple) else (said,)
    if len(partials) != operands:
        raise TypeError(
            f"The rule of `{label}` must return one partial for each operand, {operands} in all, "
            f"but it returned {len(partials)}.\nReturn `0` where the derivative is zero."
        )
    partials = tuple(p() if callable(p) and not isinstance(p, Symbol) else p for p in partials)
    for partial in partials:
        if not isinstance(partial, (Symbol, int, float)):
            raise TypeError(
                f"The rule of `{label}` must return numbers and expressions of its parameters "
                f"{', '.join(names)}, but one partial is {describe(partial)}."
            )
    return [expression_of(partial) for partial in partials]


def pull_function(
    label: str,
    places: Mapping[str, str],
    operands: Sequence[str],
    partials: Sequence[ast.expr],
    look_up: Callable[[str], Any],
    careful: bool = False,
    choices: Sequence[bool] = (),
) -> Callable[..., Any]:
    """`(ct, node) -> ((operand, ct * partial), ...)`; what stands twice is computed once.

    `places` says where in the node each name's data stands, `operands` where the nodes do that
    have these partials. `careful` stops a zero cotangent at a partial that is not finite, and
    an infinite one at a 0 of those that are `choices`.
    """
    product = _careful_product if careful else _product
    looks = careful or look_up is scalar_function
    products = [_chosen_product if choice and looks else product for choice in choices]
    shared, partials = _share(partials)
    written = powers_by_math if look_up is scalar_function else _WithFloats().visit
    shared, partials = ([written(e) for e in es] for es in (shared, partials))
    used = {n.id for e in [*shared, *partials] for n in ast.walk(e) if isinstance(n, ast.Name)}
    read = [ast.parse(f"{n} = {place}").body[0] for n, place in places.items() if n in used]
    pulled = pairs(operands, [p(e) for p, e in zip(products, partials, strict=True)])
    return syntax.compile_function(label, ["ct", "node"], [*read, *shared], pulled, look_up)


class _WithFloats(ast.NodeTransformer):
    """Whole numbers in sums and products as floats: NumPy multiplies by these in less time."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            for side in (node.left, node.right):
                if isinstance(side, ast.Constant) and type(side.value) is int:
                    side.value = float(side.value)
        return node


def pairs(operands: Iterable[str], pulled: Iterable[ast.expr]) -> ast.expr:
    """The syntax of a tuple of pairs: an operand, by its place, and its cotangent."""
    both = zip(operands, pulled, strict=True)
    rows: list[ast.expr] = [
        ast.Tuple([ast.parse(place, mode="eval").body, part], ast.Load()) for place, part in both
    ]
    return ast.Tuple(rows, ast.Load())


def _product(partial: ast.expr) -> ast.expr:
    ct = syntax.name("ct")
    match ast.unparse(partial):
        case "0" | "0.0":
            return ast.Constant(None)
        case "1" | "1.0":
            return ct
        case "-1" | "-1.0":
            return ast.UnaryOp(ast.USub(), ct)
    return ast.BinOp(ct, ast.Mult(), partial)


def _careful_product(partial: ast.expr) -> ast.expr:
    if isinstance(_product(partial), ast.BinOp):
        return syntax.call("safe_product", syntax.name("ct"), partial)
    return _product(partial)


def _chosen_product(partial: ast.expr) -> ast.expr:
    ct = syntax.name("ct")
    if isinstance(partial, ast.Compare):
        return syntax.call("where", partial, ct, ast.Constant(0.0))
    return syntax.call("chosen_product", ct, partial)


def is_choice(partial: ast.expr, varying: Collection[str]) -> bool:
    """Whether a partial depends on these names by comparisons alone, as where a branch is taken.

    Then its 0 says that nothing flows there, not even an infinite cotangent.
    """
    names = {n.id for n in ast.walk(partial) if isinstance(n, ast.Name)} & set(varying)
    return bool(names) and not _used_as_number(partial, names)


def _used_as_number(node: ast.AST, names: Collection[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in names
        case ast.Compare() | ast.Call(func=ast.Name(id="isfinite" | "isnan" | "isinf")):
            return False
    return any(_used_as_number(child, names) for child in ast.iter_child_nodes(node))


def _share(expressions: Sequence[ast.expr]) -> tuple[list[ast.stmt], list[ast.expr]]:
    """The statements that name what stands more than once, and the expressions that use them."""
    composite = (ast.Call, ast.BinOp)
    texts = Counter(
        ast.unparse(e) for whole in expressions for e in ast.walk(whole) if isinstance(e, composite)
    )
    names: dict[str, str] = {}
    statements: list[ast.stmt] = []

    class Share(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            text = ast.unparse(node) if isinstance(node, composite) else ""
            if texts[text] < 2:
                return self.generic_visit(node)
            if text not in names:
                value = self.generic_visit(node)
                names[text] = f"shared_{len(names)}"
                target = ast.Name(names[text], ast.Store())
                statements.append(ast.Assign([target], value))  # type: ignore[arg-type]
            return syntax.name(names[text])

    fresh = [ast.parse(ast.unparse(e), mode="eval").body for e in expressions]
    return statements, [Share().visit(e) for e in fresh]
