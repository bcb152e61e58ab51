"""Python's syntax as JavaScript's: expressions over numbers, and functions made of them."""

from __future__ import annotations

import ast
import json
import math
import types
from collections import Counter
from collections.abc import Iterable, Sequence

from ...support import syntax
from ..tracing.standins import TraceError

# How tightly JavaScript binds, from loose to tight.
_ARROW, _CHOICE, _OR, _AND, _EQUAL, _LESS, _SUM, _PRODUCT, _POWER, _SIGN, _MEMBER, _ATOM = range(12)
_OPERATORS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", _SUM), ast.Sub: ("-", _SUM), ast.Mult: ("*", _PRODUCT),
    ast.Div: ("/", _PRODUCT), ast.Pow: ("**", _POWER),
    # Of conditions, which in NumPy are joined so.
    ast.BitAnd: ("&&", _AND), ast.BitOr: ("||", _OR), ast.BitXor: ("!=", _EQUAL),
    # Between numbers and conditions, which count as 0 and 1: so it is not `===`.
    ast.Lt: ("<", _LESS), ast.LtE: ("<=", _LESS), ast.Gt: (">", _LESS), ast.GtE: (">=", _LESS),
    ast.Eq: ("==", _EQUAL), ast.NotEq: ("!=", _EQUAL),
}  # fmt: skip
# The functions that answer yes or no.
_ASKS = ("Number.isFinite", "Number.isNaN", "isinf", "isposinf", "isneginf", "signbit")
_WIDTH = 96


def expression_text(tree: ast.AST, least: int = _ARROW) -> str:
    """An expression as JavaScript, in brackets if it binds less tightly than asked.

    Raises TraceError for what has no like there.
    """
    write = getattr(_Expressions, type(tree).__name__, None)
    if write is None:
        raise _unwritable(tree)
    text, binds = write(tree)
    return f"({text})" if binds < least else text


def function_text(tree: ast.FunctionDef) -> str:
    """A function of numbers as JavaScript. Raises TraceError for what has no like there."""
    return "\n".join(_Statements(tree).lines)


def _unwritable(tree: ast.AST) -> TraceError:
    return TraceError(
        f"A program in JavaScript is of numbers, and `{ast.unparse(tree)}` cannot be written "
        "there.\nDerive it without an engine, by NumPy."
    )


def _many(trees: Iterable[ast.AST]) -> str:
    return ", ".join(map(expression_text, trees))


def _truth(tree: ast.AST, least: int) -> str:
    """A condition; what is no comparison is compared with 0, since NaN is true to Python alone."""
    if not _is_condition(tree):
        tree = ast.Compare(tree, [ast.NotEq()], [ast.Constant(0)])  # type: ignore[arg-type]
    return expression_text(tree, least)


def _is_condition(tree: ast.AST) -> bool:
    match tree:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor()):
            return True
        case ast.Call(func=function):
            return ast.unparse(function) in _ASKS
    return False


def _choice(condition: str, a: ast.AST, b: ast.AST) -> tuple[str, int]:
    yes, no = expression_text(a, _CHOICE), expression_text(b, _CHOICE)
    return f"{condition} ? {yes} : {no}", _CHOICE


class _Expressions:
    """Each kind of expression: its text, and how tightly that binds."""

    @staticmethod
    def Name(tree: ast.Name) -> tuple[str, int]:
        return tree.id, _ATOM

    @staticmethod
    def Constant(tree: ast.Constant) -> tuple[str, int]:
        value = tree.value
        if isinstance(value, (bool, str)) or value is None:
            return json.dumps(value), _ATOM
        if not isinstance(value, (int, float)):
            raise _unwritable(tree)
        if value != value:
            return "NaN", _ATOM
        text = "Infinity" if math.isinf(value) else repr(abs(value))
        return (f"-{text}", _SIGN) if math.copysign(1, value) < 0 else (text, _ATOM)

    @staticmethod
    def BinOp(tree: ast.BinOp) -> tuple[str, int]:
        if type(tree.op) not in _OPERATORS:
            raise _unwritable(tree)
        sign, binds = _OPERATORS[type(tree.op)]
        # A sum within a sum keeps its brackets, as their order rounds; a power's base has no sign.
        left, right = (_MEMBER, _POWER) if sign == "**" else (binds, binds + 1)
        sides = expression_text(tree.left, left), expression_text(tree.right, right)
        return f" {sign} ".join(sides), binds

    @staticmethod
    def UnaryOp(tree: ast.UnaryOp) -> tuple[str, int]:
        if isinstance(tree.op, (ast.Not, ast.Invert)):
            return f"!{_truth(tree.operand, _SIGN)}", _SIGN
        inner = expression_text(tree.operand, _SIGN)
        if isinstance(tree.op, ast.UAdd):
            return inner, _SIGN
        return (f"-({inner})" if inner.startswith("-") else f"-{inner}"), _SIGN

    @staticmethod
    def Compare(tree: ast.Compare) -> tuple[str, int]:
        sides, texts, binds = [tree.left, *tree.comparators], [], _AND
        for left, op, right in zip(sides, tree.ops, tree.comparators, strict=False):
            if type(op) not in _OPERATORS:
                raise _unwritable(tree)
            sign, binds = _OPERATORS[type(op)]
            texts.append(f"{expression_text(left, _SUM)} {sign} {expression_text(right, _SUM)}")
        return " && ".join(texts), binds if len(texts) == 1 else _AND

    @staticmethod
    def BoolOp(tree: ast.BoolOp) -> tuple[str, int]:
        sign, binds = ("&&", _AND) if isinstance(tree.op, ast.And) else ("||", _OR)
        return f" {sign} ".join(_truth(value, binds + 1) for value in tree.values), binds

    @staticmethod
    def IfExp(tree: ast.IfExp) -> tuple[str, int]:
        return _choice(_truth(tree.test, _OR), tree.body, tree.orelse)

    @staticmethod
    def Lambda(tree: ast.Lambda) -> tuple[str, int]:
        names = ", ".join(a.arg for a in tree.args.args)
        return f"({names}) => {expression_text(tree.body, _CHOICE)}", _ARROW

    @staticmethod
    def Attribute(tree: ast.Attribute) -> tuple[str, int]:
        return f"{expression_text(tree.value, _MEMBER)}.{tree.attr}", _MEMBER

    @staticmethod
    def Subscript(tree: ast.Subscript) -> tuple[str, int]:
        match tree.slice:
            case ast.Tuple(elts=[]) | ast.Constant(value=types.EllipsisType()):
                return expression_text(tree.value, _MEMBER), _MEMBER  # of a number: itself
            case ast.Slice(lower=ast.Constant(value=int() as start), upper=None, step=None):
                return f"{expression_text(tree.value, _MEMBER)}.slice({start})", _MEMBER
        raise _unwritable(tree)

    @staticmethod
    def List(tree: ast.List | ast.Tuple) -> tuple[str, int]:
        return f"[{_many(tree.elts)}]", _ATOM

    Tuple = List

    @staticmethod
    def Starred(tree: ast.Starred) -> tuple[str, int]:
        return f"...{expression_text(tree.value, _CHOICE)}", _ATOM

    @staticmethod
    def ListComp(tree: ast.ListComp | ast.GeneratorExp) -> tuple[str, int]:
        (loop,) = tree.generators
        over, each = expression_text(loop.iter, _MEMBER), expression_text(loop.target)
        for test in loop.ifs:
            over += f".filter(({each}) => {_truth(test, _CHOICE)})"
        if expression_text(tree.elt) == each:
            return over, _MEMBER
        return f"{over}.map(({each}) => {expression_text(tree.elt, _CHOICE)})", _MEMBER

    GeneratorExp = ListComp

    @staticmethod
    def Call(tree: ast.Call) -> tuple[str, int]:
        match tree:
            case ast.Call(func=ast.Name(id="where"), args=[condition, a, b]):
                return _choice(expression_text(condition, _OR), a, b)
            case ast.Call(keywords=[]):
                return f"{expression_text(tree.func, _MEMBER)}({_many(tree.args)})", _MEMBER
        raise _unwritable(tree)


class _Statements:
    """A function of Python's as lines of JavaScript."""

    def __init__(self, tree: ast.FunctionDef) -> None:
        names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
        self._written = Counter(n.id for n in names if isinstance(n.ctx, ast.Store))
        self._uses = self._here = Counter(n.id for n in names)  # in all, and in the block
        self._known = {a.arg for a in tree.args.args}
        self.lines = [f"function {tree.name}({', '.join(_parameters(tree))}) {{"]
        self._block(tree.body)
        self.lines.append("}")

    def _block(self, body: Sequence[ast.stmt], indent: str = "    ") -> None:
        for statement in body:
            write = getattr(self, f"_{type(statement).__name__}", None)
            if write is None:
                raise _unwritable(statement)
            write(statement, indent)

    def _inner(self, head: str, body: Sequence[ast.stmt], indent: str) -> None:
        self.lines.append(f"{indent}{head} {{")
        around = self._here
        self._here = Counter(n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name))
        self._block(body, indent + "    ")
        self._here = around
        self.lines.append(f"{indent}}}")

    def _Expr(self, statement: ast.Expr, indent: str) -> None:
        """A docstring, as a comment; nothing else stands alone in a function of numbers."""
        if not isinstance(statement.value, ast.Constant):
            raise _unwritable(statement)
        lines = str(statement.value.value).strip().splitlines()
        self.lines += [f"{indent}// {line.strip()}".rstrip() for line in lines]

    def _With(self, statement: ast.With, indent: str) -> None:
        """What silences a warning, which there is none of here."""
        self._block(statement.body, indent)

    def _Return(self, statement: ast.Return, indent: str) -> None:
        self.lines += _folded(f"{indent}return ", statement.value)

    def _Assign(self, statement: ast.Assign, indent: str) -> None:
        names = [n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        new = [name for name in names if name not in self._known]
        if any(self._here[name] < self._uses[name] for name in new):
            raise _unwritable(statement)  # what is declared in a block is not known beyond it
        self._known.update(new)
        once = all(self._written[name] == 1 for name in names)
        word = ("const " if once else "let ") if new else ""
        *others, last = [expression_text(t) for t in statement.targets]
        if last == expression_text(statement.value):  # as what made an array of it
            return
        self.lines += _folded(f"{indent}{word}{last} = ", statement.value)
        self.lines += [f"{indent}{word}{other} = {last};" for other in others]

    def _AugAssign(self, statement: ast.AugAssign, indent: str) -> None:
        name = expression_text(statement.target)
        tree = ast.BinOp(syntax.name(name), statement.op, statement.value)
        self.lines += _folded(f"{indent}{name} = ", tree)

    def _If(self, statement: ast.If, indent: str) -> None:
        self._inner(f"if ({_truth(statement.test, _ARROW)})", statement.body, indent)
        if statement.orelse:
            self.lines.pop()
            self._inner("} else", statement.orelse, indent)

    def _For(self, statement: ast.For, indent: str) -> None:
        each = expression_text(statement.target)
        names = {n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)}
        self._known |= names
        match statement.iter:
            case ast.Call(func=ast.Name(id="range"), args=args):
                down = len(args) == 3 and syntax.number_of(args[2]) == -1
                first, last = args[:2] if len(args) > 1 else (ast.Constant(0), args[0])
                start, stop = expression_text(first), expression_text(last, _SUM)
                move = f"{each}--" if down else f"{each}++"
                head = f"let {each} = {start}; {each} {'>' if down else '<'} {stop}; {move}"
            case over:
                head = f"const {each} of {expression_text(over, _CHOICE)}"
        self._inner(f"for ({head})", statement.body, indent)


def _parameters(tree: ast.FunctionDef) -> list[str]:
    """The parameters' texts, with their defaults."""
    names, defaults = [a.arg for a in tree.args.args], tree.args.defaults
    first = len(names) - len(defaults)
    given = [""] * first + [f" = {expression_text(d)}" for d in defaults]
    return [name + default for name, default in zip(names, given, strict=True)]


def _folded(start: str, tree: ast.expr | None) -> list[str]:
    """A statement on one line, or with an item of a list, or a branch of a choice, on each."""
    line = start + ("" if tree is None else expression_text(tree)) + ";"
    inner = " " * (len(start) - len(start.lstrip()) + 4)
    match tree:
        case _ if len(line) <= _WIDTH:
            return [line.replace(" ;", ";")]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [
                f"{start}[",
                *(f"{inner}{expression_text(i)}," for i in items),
                f"{inner[4:]}];",
            ]
        case ast.Call(func=ast.Name(id="where"), args=[condition, a, b]):
            yes, no = (expression_text(branch, _CHOICE) for branch in (a, b))
            test = expression_text(condition, _OR)
            return [f"{start}{test}", f"{inner}? {yes}", f"{inner}: {no};"]
    return [line]
