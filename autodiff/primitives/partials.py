"""Partial derivatives as functions: what a rule says, compiled."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ..support import syntax
from .formula import powers_by_math
from .laws import OfSyntax, product
from .namespaces import numpy_function, scalar_function


def pull_function(
    label: str,
    places: Mapping[str, str],
    operands: Sequence[str],
    partials: Sequence[ast.expr],
    choices: Sequence[bool],
    on_floats: bool,
) -> Callable[..., Any]:
    """`(ct, node) -> ((operand, ct * partial), ...)`; what stands twice is computed once.

    `places` says where in the node the data of each name stands, `operands` where the operand of
    each partial does. On floats a 0 of those that are `choices` stops an infinite cotangent; what
    arrays make of it is seen in the result: see `operations/zeros.py`.
    """
    look_up = scalar_function if on_floats else numpy_function
    products = [_chosen_product if choice and on_floats else _product for choice in choices]
    shared, partials = _share(partials)
    written = powers_by_math if on_floats else _WithFloats().visit
    shared, partials = ([written(e) for e in es] for es in (shared, partials))
    used = {n.id for e in [*shared, *partials] for n in ast.walk(e) if isinstance(n, ast.Name)}
    read = [syntax.parse(f"{n} = {place}").body[0] for n, place in places.items() if n in used]
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
        ast.Tuple([syntax.parse(place, mode="eval").body, part], ast.Load()) for place, part in both
    ]
    return ast.Tuple(rows, ast.Load())


def _product(partial: ast.expr) -> ast.expr:
    if syntax.number_of(partial) == 0:
        return ast.Constant(None)
    return product(syntax.name("ct"), partial, OfSyntax())  # type: ignore[no-any-return]


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

    fresh = [syntax.parse(ast.unparse(e), mode="eval").body for e in expressions]
    return statements, [Share().visit(e) for e in fresh]
