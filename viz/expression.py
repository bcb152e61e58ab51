"""Expressions that a user typed: parsed, checked against what is allowed, and computed.

Nothing typed is ever executed: the syntax tree is walked, and only numbers, names, operators,
comparisons and the registry's functions have a meaning. `pi` and `e` are constants, unless they
are given other values; `f = sin(x)` gives the result a name.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import autodiff as ad
from autodiff.extend import OPERATORS, data_of, operations

from .slips import slip_in

LONGEST = 10_000  # characters
_ALLOWED = "use numbers, names, + - * / **, comparisons and functions"
_CHOICES = ("where", "clip")  # they take numbers too, though not each operand has a partial
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SHOWN = 60
# How a person calls what Python's syntax tree calls by another name.
_WORDS = {
    "IfExp": "if … else", "BoolOp": "and, or", "Lambda": "lambda", "NamedExpr": ":=",
    "Attribute": "a dot after a name", "Subscript": "an index in brackets", "Tuple": "a tuple",
    "List": "a list", "Set": "a set", "Dict": "a dict", "JoinedStr": "text", "ListComp": "a loop",
    "SetComp": "a loop", "DictComp": "a loop", "GeneratorExp": "a loop", "Await": "await",
    "Yield": "yield", "YieldFrom": "yield", "Call": "a call of what is no name", "BitXor": "^",
    "FloorDiv": "//", "Mod": "%", "LShift": "<<", "RShift": ">>", "Not": "not", "Invert": "~",
    "Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in",
}  # fmt: skip
_FIXES = {
    "IfExp": "write `where(condition, a, b)`", "Tuple": "a decimal is written with a point, 2.5",
    "List": "group with round brackets", "Set": "group with round brackets",
}  # fmt: skip
# What functions are called elsewhere.
_ELSEWHERE = {"ln": "log", "sgn": "sign", "tg": "tan"}
# Words of Python's that may be meant as a name: all but those of its operators and numbers.
_NO_NAMES = {*keyword.kwlist} - {"and", "or", "not", "is", "in", "if", "else", "for"} - {
    "True", "False", "None"}  # fmt: skip
_RESULT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")


class ExpressionError(ValueError):
    """What was typed has no meaning here; the message is one line that points at the place.

    `reason` is the message without the place, `text` what was typed, and the slice from `offset`
    to `end` of it what is wrong: empty where something is missing, None where there is no place.
    """

    def __init__(
        self, reason: str, text: str = "", offset: int | None = None, end: int | None = None
    ) -> None:
        self.reason, self.text, self.offset = one_line(reason), text, offset
        self.end = offset if end is None else end
        super().__init__(self.reason + ("" if offset is None else _place(text, offset)))


# Names that have a value though none is given.
CONSTANTS = {"pi": math.pi, "e": math.e}


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
    """The names that an expression is of, `pi` and `e` among them, in order of appearance."""
    tree = _parse(_typed(text))
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in calls]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in names))


def checked_name(text: str) -> str:
    """A name as Python reads it; ExpressionError for what is none."""
    name = unicodedata.normalize("NFKC", text.strip())
    if not name.isidentifier():
        raise ExpressionError(f"{one_line(text[:_SHOWN])!r} is not a name: write one such as x0")
    if keyword.iskeyword(name):
        raise ExpressionError(_of_the_language(name))
    return name


def _of_the_language(word: str) -> str:
    return f"{word!r} is a word of Python's, and no name: write {word}_"


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The expression computed on `values`, recorded where these are Values.

    The result of `f = …` is a Value of that name, unless it is a leaf or a comparison. Raises
    ExpressionError for syntax that is not allowed, an unknown function, a name without a value,
    and text that is too long or too deeply nested.
    """
    typed = _typed(text)
    result = _Evaluation(typed, values).result(_parse(typed))
    if typed.name is None or isinstance(result, bool):
        return result
    if not isinstance(result, ad.Value):
        return ad.Value(result, name=typed.name)
    if result.op is not None:
        result.name = typed.name
    return result


def node_of(text: str, values: Mapping[str, Any]) -> ad.Value:
    """The node that an expression computes; ExpressionError for a comparison as well."""
    result = evaluate(text, values)
    if isinstance(result, bool):
        reason = "this is a comparison, not a number: it has no derivative"
        raise ExpressionError(reason, text, 0, len(text))
    return result if isinstance(result, ad.Value) else ad.Value(result)


def as_function(text: str, names: Iterable[str]) -> Callable[..., float]:
    """An expression as a function of the numbers that these names have, in their order.

    >>> as_function("x / y", "xy")(3.0, 2.0)
    1.5
    """
    names = list(names)
    return lambda *numbers: float(data_of(evaluate(text, dict(zip(names, numbers, strict=True)))))


class _Typed(NamedTuple):
    """What was typed: all of it, the name before an equals sign, and the expression at `start`."""

    whole: str
    name: str | None
    start: int
    text: str

    def error(self, message: str, start: int, end: int | None = None) -> ExpressionError:
        """The error `message` about a part of the expression."""
        end = start if end is None else end
        return ExpressionError(message, self.whole, self.start + start, self.start + end)

    def character(self, lineno: int, column: int, of_bytes: bool = True) -> int:
        """Where a line's column, from 0, lies in the expression; the parser counts in bytes."""
        begins = [0, *(end.end() for end in re.finditer("\r\n|\r|\n", self.text))]
        begin = begins[min(lineno, len(begins)) - 1]
        if of_bytes:
            column = len(self.text[begin:].encode()[:column].decode(errors="replace"))
        return min(begin + max(column, 0), len(self.text))


def _typed(text: str) -> _Typed:
    """The parts of what was typed, that is not too long and has some text."""
    length = len(text.strip())
    if length > LONGEST:
        message = f"an expression has at most {LONGEST} characters, but this has {length}"
        raise ExpressionError(message, text, LONGEST + len(text) - len(text.lstrip()))
    if not text.strip():
        raise ExpressionError("the expression is empty: write one, as in 'x * x'", text)
    named = _RESULT.match(text)
    name = unicodedata.normalize("NFKC", named[1]) if named else ""
    if named is None or not name.isidentifier() or keyword.iskeyword(name):
        named, name = None, ""
    if named and name in functions():
        message = f"{one_line(name)!r} is a function: give the result another name"
        raise ExpressionError(message, text, named.start(1), named.end(1))
    rest = text[named.end() :] if named else text
    start = len(text) - len(rest.lstrip())
    return _Typed(text, name or None, start, rest.strip())


def _parse(typed: _Typed) -> ast.expr:
    """The syntax tree; ExpressionError for what is no expression, and for the slips of paper."""
    if slip := slip_in(typed.text, functions()):
        raise typed.error(slip.message, slip.start, slip.end)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(typed.text, mode="eval").body
    except SyntaxError as error:
        raise _unparsed(typed, error) from None
    except (RecursionError, MemoryError):
        raise typed.error("this is nested too deeply from here on", 0) from None
    except ValueError as error:
        shown = one_line(typed.text[:_SHOWN])
        message = f"this is no text to parse ({error}): {shown}"
        odd = re.search("[\0\ud800-\udfff]", typed.text)
        place = (0, len(typed.text)) if odd is None else odd.span()
        raise typed.error(message, *place) from None


def _unparsed(typed: _Typed, error: SyntaxError) -> ExpressionError:
    """What Python's parser says, in words for an expression."""
    if word := _taken_word(typed.text):
        return typed.error(_of_the_language(word[0]), word.start(), word.end())
    message = error.msg.removeprefix("invalid syntax. ").split(";")[0]
    if error.msg == "invalid syntax" and not error.offset:  # so Python says of an early end
        return typed.error("the expression ends too soon", len(typed.text))
    start = typed.character(error.lineno or 1, (error.offset or 1) - 1, of_bytes=False)
    there = typed.text[start : start + 1]
    if message.endswith("was never closed"):
        message += ": close it where it ends"
    elif message.startswith("unmatched"):
        message += ": no bracket is open here"
    elif message == "invalid syntax" and there == "=":
        message = "= names the result, once and in front, as in f = x*x"
    elif message == "invalid syntax" and there in ("\r", "\n"):
        message = "an expression of several lines stands in brackets"
    elif message == "invalid syntax" and there in tuple("*/)+-,<>"):
        message = f"a number, a name or a bracket is missing before {there}"
    elif message == "invalid syntax":
        message = f"this cannot be read here: {_ALLOWED}"
    return typed.error(message, start, start + len(there))


def _taken_word(text: str) -> re.Match[str] | None:
    """The first word of Python's that no expression here can have, where a name may be meant."""
    words = re.finditer(r"(?<![\w.])[^\W\d]\w*", text)
    return next((word for word in words if word[0] in _NO_NAMES), None)


class _Evaluation:
    """One expression on its way to a number."""

    def __init__(self, typed: _Typed, values: Mapping[str, Any]) -> None:
        self.typed, self.values = typed, values
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
                    raise self.at(node.func, self._unknown(name))
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
        if isinstance(node, ast.Tuple) and not node.elts:
            raise self.at(node, "there is nothing in these brackets")
        fix = _FIXES.get(type(node).__name__, _ALLOWED)
        raise self.at(node, f"{what} is not allowed: {fix}")

    def _unknown(self, name: str) -> str:
        """What to say of a function that there is not."""
        if name in self.values:
            return f"{one_line(name)!r} is a number, no function: for a product write {name}*(…)"
        meant = [_ELSEWHERE.get(name, ""), f"arc{name[1:]}"]
        longer = [known for known in self.functions if known.startswith(name)]
        close = [n for n in meant if n in self.functions] or longer
        close = close or difflib.get_close_matches(name, self.functions, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"there is no function {one_line(name)!r}{hint}"

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
                return self._named(node, name)
            case ast.UnaryOp(op=operator):
                return operands[0] if isinstance(operator, ast.UAdd) else ad.neg(operands[0])
            case ast.BinOp(op=operator):
                return self.operators[self._symbol(operator)](*operands)
            case ast.Compare(ops=[operator]):
                return OPERATORS[type(operator)][1](*operands)
            case ast.Call(func=ast.Name(id=name)):
                return self.functions[name](*operands)
        raise AssertionError(f"{type(node).__name__} has passed the check")

    def _named(self, node: ast.expr, name: str) -> Any:
        if name == self.typed.name:
            raise self.at(node, f"{one_line(name)!r} names the result, so it has no value here")
        if name in self.values:
            return self.values[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        hint = f"give {name}=…"
        if name in self.functions:
            hint = f"it is a function, {name}(...)"
        elif name == "π":
            hint = "the constant is written pi"
        elif "·" in name:
            hint = "a product is written *"
        raise self.at(node, f"{one_line(name)!r} has no value: {hint}")

    def at(self, node: ast.expr, message: str) -> ExpressionError:
        """The error `message` about `node`, with its place."""
        start = self.typed.character(node.lineno, node.col_offset)
        end = self.typed.character(node.end_lineno or 1, node.end_col_offset or 0)
        return self.typed.error(message, start, end)


def _place(text: str, offset: int) -> str:
    """The line and column of a place, from 1, and the text around it."""
    lead = len(text) - len(text.lstrip())
    before = _lines(text[lead:offset])
    line, column = _lines(text.strip())[len(before) - 1 :], len(before[-1])
    row = f"line {len(before)}, " if len(_lines(text.strip())) > 1 else ""
    left, right = before[-1], line[0][column:] if line else ""
    dots = ("…" if column > 20 else "", "…" if len(right) > 30 else "")
    place = f"{dots[0]}{left[-20:]}▸{right[:30]}{dots[1]}"
    return f", at {row}column {column + 1}: {one_line(place)}"


def _lines(text: str) -> list[str]:
    """The lines that Python's parser counts."""
    return re.split("\r\n|\r|\n", text)


def one_line(text: str) -> str:
    """Text on one line, whatever it holds."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
