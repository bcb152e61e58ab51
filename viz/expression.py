"""Expressions that a user typed: parsed, checked against what is allowed, and computed.

Nothing typed is ever executed: the syntax tree is walked, and only numbers, names, operators,
comparisons and the registry's functions have a meaning.
"""

from __future__ import annotations

import ast
import difflib
import re
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

import autodiff as ad
from autodiff.extend import OPERATORS, operations

LONGEST = 10_000  # characters
_ALLOWED = "use numbers, names, + - * / **, comparisons and functions"
_CHOICES = ("where", "clip")  # they take numbers too, though not each operand has a partial
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SHOWN = 60
# How a person calls what Python's syntax tree calls by another name.
_WORDS = {
    "IfExp": "if … else (write `where(condition, a, b)`)", "BoolOp": "and, or", "Lambda": "lambda",
    "Attribute": "a dot after a name", "Subscript": "an index in brackets", "Tuple": "a tuple",
    "List": "a list", "Set": "a set", "Dict": "a dict", "NamedExpr": ":=", "JoinedStr": "text",
    "Starred": "*", "ListComp": "a loop", "SetComp": "a loop", "DictComp": "a loop",
    "GeneratorExp": "a loop", "Await": "await", "Yield": "yield", "YieldFrom": "yield",
    "Call": "a call of what is no name", "BitXor": "^ (a power is written **)", "FloorDiv": "//",
    "Mod": "%", "LShift": "<<", "RShift": ">>", "Not": "not", "Invert": "~", "Is": "is",
    "IsNot": "is not", "In": "in", "NotIn": "not in",
}  # fmt: skip


class ExpressionError(ValueError):
    """What was typed has no meaning here; the message is one line that points at the place."""


def functions() -> dict[str, Any]:
    """The functions of numbers that an expression may call: the registry's, by name."""
    known = operations()
    elementwise = [name for name, primitive in known.items() if primitive.elementwise]
    return {name: known[name].call for name in elementwise} | {n: getattr(ad, n) for n in _CHOICES}


def operators() -> dict[str, Any]:
    """The operators between two numbers, as they are written: the registry's."""
    return {
        primitive.symbol: primitive.call
        for primitive in operations().values()
        if primitive.elementwise and primitive.formula.operator and len(primitive.operands) == 2
    }


def names_in(text: str) -> list[str]:
    """The names that an expression needs values for, in order of appearance."""
    tree = _parse(text.strip())
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in calls]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in names))


def checked_name(text: str) -> str:
    """A name as Python reads it; ExpressionError for what is none."""
    name = unicodedata.normalize("NFKC", text.strip())
    if not name.isidentifier():
        raise ExpressionError(f"{one_line(text[:_SHOWN])!r} is not a name: write one such as x0")
    return name


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The expression computed on `values`, recorded where these are Values.

    Raises ExpressionError for syntax that is not allowed, an unknown function, a name without
    a value, and text that is too long or too deeply nested.
    """
    text = text.strip()
    return _Evaluation(text, values).result(_parse(text))


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        message = f"an expression has at most {LONGEST} characters, but this has {len(text)}"
        raise _at_character(text, LONGEST, message)
    if not text:
        raise ExpressionError("the expression is empty: write one, as in 'x * x'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        if error.msg == "invalid syntax" and not error.offset:  # so Python says of an early end
            raise _at_character(text, len(text), "the expression ends too soon") from None
        message = error.msg.removeprefix("invalid syntax. ").split(";")[0]
        raise _at_place(text, error.lineno or 1, (error.offset or 1) - 1, message) from None
    except (RecursionError, MemoryError):
        raise _at_character(text, 0, "this is nested too deeply from here on") from None
    except ValueError as error:
        raise ExpressionError(
            f"this is no text to parse ({error}): {one_line(text[:_SHOWN])}"
        ) from None


class _Evaluation:
    """One expression on its way to a number."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.text, self.values = text, values
        self.functions, self.operators = functions(), operators()

    def result(self, tree: ast.expr) -> Any:
        """Operands first, without recursion: a long sum is as deep as it has terms."""
        computed: dict[ast.expr, Any] = {}
        stack: list[tuple[ast.expr, list[ast.expr] | None]] = [(tree, None)]
        while stack:
            node, operands = stack.pop()
            if operands is None:
                operands = self.operands(node)
                stack.append((node, operands))
                stack.extend((operand, None) for operand in reversed(operands))
                continue
            try:
                computed[node] = self.computed(node, [computed[o] for o in operands])
            except ExpressionError:
                raise
            except (TypeError, ValueError, ArithmeticError) as error:
                raise self.at(node, str(error).splitlines()[0].rstrip(".")) from error
        return computed[tree]

    def operands(self, node: ast.expr) -> list[ast.expr]:
        """What must be computed before `node`; ExpressionError where it is not allowed."""
        match node:
            case ast.Constant() | ast.Name():
                return []
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return [node.operand]
            case ast.BinOp() if self._symbol(node.op) in self.operators:
                return [node.left, node.right]
            case ast.Compare(ops=[operator]) if isinstance(operator, _COMPARISONS):
                return [node.left, *node.comparators]
            case ast.Call(func=ast.Name(id=name)):
                if name not in self.functions:
                    longer = [known for known in self.functions if known.startswith(name)]
                    close = longer or difflib.get_close_matches(name, self.functions, 1)
                    hint = f"; did you mean {close[0]!r}?" if close else ""
                    raise self.at(node, f"there is no function {one_line(name)!r}{hint}")
                if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
                    raise self.at(node, f"{name!r} takes plain arguments")
                return node.args
            case ast.BinOp() | ast.UnaryOp():
                what = self._symbol(node.op)
            case ast.Compare(ops=[operator]):
                what = self._symbol(operator)
            case ast.Compare():
                what = "a chain of comparisons"
            case _:
                what = self._symbol(node)
        raise self.at(node, f"{what} is not allowed: {_ALLOWED}")

    @staticmethod
    def _symbol(syntax: ast.AST) -> str:
        name = type(syntax).__name__
        written = OPERATORS[type(syntax)][0] if type(syntax) in OPERATORS else name
        return _WORDS.get(name, written)

    def computed(self, node: ast.expr, operands: list[Any]) -> Any:
        """The value of an allowed node, of the values of its operands."""
        match node:
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise self.at(node, f"{one_line(repr(value))[:_SHOWN]} is not a number")
                return float(value)
            case ast.Name(id=name):
                if name in self.values:
                    return self.values[name]
                a_function = name in self.functions
                hint = f"it is a function, {name}(...)" if a_function else f"give {name}=…"
                raise self.at(node, f"{one_line(name)!r} has no value: {one_line(hint)}")
            case ast.UnaryOp(op=operator):
                return operands[0] if isinstance(operator, ast.UAdd) else ad.neg(operands[0])
            case ast.BinOp(op=operator):
                return self.operators[self._symbol(operator)](*operands)
            case ast.Compare(ops=[operator]):
                return OPERATORS[type(operator)][1](*operands)
            case ast.Call(func=ast.Name(id=name)):
                return self.functions[name](*operands)
        raise AssertionError(f"{type(node).__name__} has passed the check")

    def at(self, node: ast.expr, message: str) -> ExpressionError:
        """The error `message` about `node`, with its place."""
        line = _lines(self.text)[node.lineno - 1]
        column = len(line.encode()[: node.col_offset].decode(errors="replace"))
        return _at_place(self.text, node.lineno, column, message)


def _at_place(text: str, lineno: int, column: int, message: str) -> ExpressionError:
    """One line with the message, the column and the text around it."""
    lines = _lines(text)
    line = lines[min(lineno, len(lines)) - 1]
    column = min(max(column, 0), len(line))
    before, after = line[max(0, column - 20) : column], line[column : column + 30]
    dots = ("…" if column > 20 else "", "…" if len(line) > column + 30 else "")
    row = f"line {lineno}, " if len(lines) > 1 else ""
    place = f"{dots[0]}{before}▸{after}{dots[1]}"
    return ExpressionError(f"{one_line(message)}, at {row}column {column + 1}: {one_line(place)}")


def _at_character(text: str, count: int, message: str) -> ExpressionError:
    """The same, for the place behind so many characters."""
    before = _lines(text[:count])
    return _at_place(text, len(before), len(before[-1]), message)


def _lines(text: str) -> list[str]:
    """The lines that Python's parser counts."""
    return re.split("\r\n|\r|\n", text)


def one_line(text: str) -> str:
    """Text on one line, whatever it holds."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
