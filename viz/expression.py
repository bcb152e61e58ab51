"""Expressions that a user typed: parsed, checked against what is allowed, and computed.

Nothing typed is ever executed: the syntax tree is walked, and only numbers, names, operators,
comparisons and the registry's functions have a meaning.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Mapping
from typing import Any

import autodiff as ad
from autodiff.formula import OPERATORS
from autodiff.primitive import REGISTRY

LONGEST = 10_000  # characters
_SHOWN = 60


class ExpressionError(ValueError):
    """What was typed has no meaning here; the message is one line that points at the place."""


def functions() -> dict[str, Any]:
    """The functions of numbers that an expression may call: the registry's, by name."""
    return {
        name: getattr(ad, name)
        for name, primitive in REGISTRY.items()
        if hasattr(ad, name) and (primitive.elementwise or name in ("where", "clip"))
    }


def names_in(text: str) -> list[str]:
    """The names that an expression needs values for, in order of appearance."""
    tree = _parse(text)
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in calls]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in names))


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The expression computed on `values`, recorded where these are Values.

    Raises ExpressionError for syntax that is not allowed, an unknown function, a name without
    a value, and text that is too long or too deeply nested.
    """
    tree = _parse(text)
    known = functions()
    # Operands first, without recursion: a long sum is as deep as it has terms.
    computed: dict[int, Any] = {}
    stack: list[tuple[ast.expr, bool]] = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        if not ready:
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(_operands(text, node, known)))
            continue
        operands = [computed[id(operand)] for operand in _operands(text, node, known)]
        try:
            computed[id(node)] = _compute(text, node, operands, values, known)
        except (TypeError, ValueError, ArithmeticError) as error:
            if isinstance(error, ExpressionError):
                raise
            raise _at(text, node, str(error).splitlines()[0]) from error
    return computed[id(tree)]


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ExpressionError(
            f"an expression has at most {LONGEST} characters, but this has {len(text)}: "
            f"{_line(text[:_SHOWN])}…"
        )
    if not text.strip():
        raise ExpressionError("the expression is empty: write one, as in 'x * x'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        message = error.msg.removeprefix("invalid syntax. ")
        raise _at_column(text.strip(), (error.offset or 1) - 1, message) from None
    except (RecursionError, MemoryError):
        raise ExpressionError(f"this is nested too deeply: {_line(text[:_SHOWN])}…") from None
    except ValueError as error:
        raise ExpressionError(
            f"this is no text to parse ({error}): {_line(text[:_SHOWN])}"
        ) from None


def _operands(text: str, node: ast.expr, known: Mapping[str, Any]) -> list[ast.expr]:
    match node:
        case ast.Constant() | ast.Name():
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return [node.operand]
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
            return [node.left, node.right]
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            return [node.left, *node.comparators]
        case ast.Call(func=ast.Name(id=name)):
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise _at(text, node, f"there is no function {_line(name)!r}{hint}")
            if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
                raise _at(text, node, f"{name!r} takes plain arguments")
            return node.args
    raise _at(
        text,
        node,
        f"{type(node).__name__} is not allowed: use numbers, names, + - * / ** and functions",
    )


def _compute(
    text: str,
    node: ast.expr,
    operands: list[Any],
    values: Mapping[str, Any],
    known: Mapping[str, Any],
) -> Any:
    match node:
        case ast.Constant(value=value):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise _at(text, node, f"{_line(repr(value))[:_SHOWN]} is not a number")
            return float(value)
        case ast.Name(id=name):
            if name in values:
                return values[name]
            hint = f": it is a function, {name}(...)" if name in known else f": give {name}=…"
            raise _at(text, node, f"{_line(name)!r} has no value{hint}")
        case ast.UnaryOp(op=operator):
            return operands[0] if isinstance(operator, ast.UAdd) else ad.neg(operands[0])
        case ast.BinOp(op=operator):
            functions_of = {
                "add": ad.add,
                "sub": ad.sub,
                "mul": ad.mul,
                "truediv": ad.div,
                "pow": ad.pow,
            }
            return functions_of[OPERATORS[type(operator)][2]](*operands)
        case ast.Compare(ops=[operator]):
            return OPERATORS[type(operator)][1](*operands)
        case ast.Call(func=ast.Name(id=name)):
            return known[name](*operands)
    raise _at(text, node, f"{type(node).__name__} is not allowed")


def _at(text: str, node: ast.expr, message: str) -> ExpressionError:
    line = text.strip().encode().splitlines()[node.lineno - 1]
    column = len(line[: node.col_offset].decode(errors="replace"))
    return _at_column(text.strip().splitlines()[node.lineno - 1], column, message)


def _at_column(text: str, column: int, message: str) -> ExpressionError:
    """One line with the message, the column and the text from there on."""
    column = min(max(column, 0), len(text))
    before, after = text[max(0, column - 20) : column], text[column : column + 30]
    dots = ("…" if column > 20 else "", "…" if len(text) > column + 30 else "")
    place = f"{dots[0]}{before}▸{after}{dots[1]}"
    return ExpressionError(f"{_line(message)}, at column {column + 1}: {_line(place)}")


def _line(text: str) -> str:
    """Text on one line, whatever it holds."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
