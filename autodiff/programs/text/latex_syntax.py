r"""Python's syntax as LaTeX's mathematics: `1 / (1 + exp(-x))` as `\frac{1}{1 + e^{-x}}`."""

from __future__ import annotations

import ast
import math
import re
import types
from collections.abc import Iterable
from typing import Any

from ...support import syntax
from ..tracing.standins import TraceError

COTANGENT = "∂"  # before the name of a primal

# How tightly mathematics binds, from loose to tight.
# A remainder is in brackets wherever it is a part, and so is a product of vectors in a product.
_CHOICE, _OR, _AND, _LESS, _REMAINDER, _SUM, _INNER, _PRODUCT, _POWER, _ATOM = range(10)
_OPERATORS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", _SUM), ast.Sub: ("-", _SUM), ast.Mod: (r"\bmod", _REMAINDER),
    ast.BitAnd: (r"\wedge", _AND), ast.BitOr: (r"\vee", _OR), ast.BitXor: (r"\oplus", _OR),
    ast.Lt: ("<", _LESS), ast.LtE: (r"\leq", _LESS), ast.Gt: (">", _LESS),
    ast.GtE: (r"\geq", _LESS), ast.Eq: ("=", _LESS), ast.NotEq: (r"\neq", _LESS),
}  # fmt: skip
# NumPy's functions by what they are in other words of its own: a mathematician has no `log1p`.
_REWRITTEN = {
    name: ast.parse(text, mode="eval").body
    for name, text in {
        "log1p": "log(1 + a)", "expm1": "exp(a) - 1", "exp2": "2 ** a", "square": "a ** 2",
        "reciprocal": "1 / a", "hypot": "sqrt(a ** 2 + b ** 2)", "power": "a ** b",
        "pow": "a ** b", "fabs": "abs(a)", "logaddexp": "log(exp(a) + exp(b))",
        "divide": "a / b", "multiply": "a * b", "add": "a + b", "subtract": "a - b",
        "logical_and": "a & b", "logical_or": "a | b", "logical_not": "~a",
        "logical_xor": "a ^ b", "safe_product": "a * b",
    }.items()
}  # fmt: skip
# Those with a sign of their own around what they are of.
_AROUND = {
    "exp": "e^{%s}", "sqrt": r"\sqrt{%s}", "cbrt": r"\sqrt[3]{%s}",
    "abs": r"\left|%s\right|", "floor": r"\left\lfloor %s \right\rfloor",
    "ceil": r"\left\lceil %s \right\rceil",
}  # fmt: skip
_NAMED = {
    **{name: rf"\{name}" for name in [
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "det",
    ]},
    "log": r"\ln", "log2": r"\log_{2}", "log10": r"\log_{10}", "arcsinh": r"\operatorname{arsinh}",
    "arccosh": r"\operatorname{arcosh}", "arctanh": r"\operatorname{artanh}",
    "maximum": r"\max", "minimum": r"\min", "gamma": r"\Gamma", "beta": r"\mathrm{B}",
}  # fmt: skip
_REALS = r"\mathbb{R}"
_CONSTANTS = {"inf": r"\infty", "nan": r"\mathrm{NaN}", "pi": r"\pi"}
_LETTERS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi",
    "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_GREEK = frozenset(_LETTERS.values())
_TALL = re.compile(r"\\(frac|begin|sqrt|left)|\^")


class Latex:
    """Expressions as LaTeX; each name of a program has one text, and no two have the same.

    `known` are the names that a reader knows, `differentiated` is what derivatives are of.
    """

    def __init__(self) -> None:
        self._symbols: dict[str, str] = {}
        self.known: set[str] = set()
        self.differentiated = ""
        self._deltas = 0

    # -- names -------------------------------------------------------------------------------

    def name(self, name: str) -> str:
        r"""A program's name: `w_{0}` for w0 and w_0 (`\mathrm{w\_0}`, if both are there)."""
        if name not in self._symbols:
            taken = set(self._symbols.values())
            text = self._derivative(name) if name.startswith(COTANGENT) else _symbol(name)
            self._symbols[name] = _verbatim(name) if text in taken else text
        return self._symbols[name]

    def defined(self, name: str, expression: str) -> str:
        """The line that says what a name is."""
        self.known.add(name)
        sign = r"\in" if expression.startswith(_REALS) else "="
        return f"{self.name(name)} &{sign} {expression}"

    def slope(self, of: str, by: str) -> str:
        """The derivative of one name by another."""
        return rf"\frac{{\partial {self.name(of)}}}{{\partial {self.name(by)}}}"

    def _derivative(self, name: str) -> str:
        """By what is known; anything else has no name in the text that the reader sees."""
        primal = name[len(COTANGENT) :]
        if primal.startswith(COTANGENT) or not self.differentiated:
            base, brace, below = self.name(primal).partition("_{")
            return rf"\bar{{{base}}}{brace}{below}"
        if primal in self.known:
            return self.slope(self.differentiated, primal)
        self._deltas += 1
        return rf"\delta_{{{self._deltas}}}"

    # -- expressions -------------------------------------------------------------------------

    def text(self, tree: ast.AST, least: int = _CHOICE) -> str:
        """An expression, in brackets if it binds less tightly than asked.

        Raises TraceError for syntax that has no like.
        """
        write = getattr(self, f"_{type(tree).__name__}", None)
        if write is None:
            raise _unwritable(tree)
        text, binds = write(tree)
        return bracketed(text) if binds < least else text

    def many(self, trees: Iterable[ast.AST]) -> str:
        """Expressions with commas between."""
        return ", ".join(map(self.text, trees))

    def _Name(self, tree: ast.Name) -> tuple[str, int]:
        return _CONSTANTS.get(tree.id) or self.name(tree.id), _ATOM

    def _Constant(self, tree: ast.Constant) -> tuple[str, int]:
        value = tree.value
        if isinstance(value, types.EllipsisType):
            return r"\ldots", _ATOM
        if isinstance(value, (bool, str)) or value is None:
            return _verbatim(str(value)), _ATOM
        if not isinstance(value, (int, float)):
            raise _unwritable(tree)
        return number(value)

    def _BinOp(self, tree: ast.BinOp) -> tuple[str, int]:
        match tree.op:
            case ast.Div():
                return rf"\frac{{{self.text(tree.left)}}}{{{self.text(tree.right)}}}", _POWER
            case ast.FloorDiv():
                inner = ast.BinOp(tree.left, ast.Div(), tree.right)
                return _AROUND["floor"] % self.text(inner), _ATOM
            case ast.Pow():
                return f"{self.text(tree.left, _ATOM)}^{{{self.text(tree.right)}}}", _POWER
            case ast.Mult() | ast.MatMult():
                left, binds = self._first_factor(tree.left)
                right = self.text(tree.right, _PRODUCT)
                return left + _times(left, right) + right, binds
        return self._operator(type(tree.op), tree.left, tree.right, tree)

    def _first_factor(self, tree: ast.expr) -> tuple[str, int]:
        r"""The factor in front, and how tightly the product binds: `-2 \, x` has no brackets."""
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
            return self._BinOp(tree)
        number = syntax.number_of(tree)
        if number is not None and math.copysign(1, number) < 0:
            return self.text(tree), _SUM
        return self.text(tree, _PRODUCT), _PRODUCT

    def _operator(
        self, kind: type[ast.AST], a: ast.AST, b: ast.AST, tree: ast.AST
    ) -> tuple[str, int]:
        if kind not in _OPERATORS:
            raise _unwritable(tree)
        sign, binds = _OPERATORS[kind]
        # A sum of sums keeps its brackets, and a comparison of comparisons.
        left = self.text(a, binds + (binds in (_LESS, _REMAINDER)))
        return f"{left} {sign} {self.text(b, binds + 1)}", binds

    def _UnaryOp(self, tree: ast.UnaryOp) -> tuple[str, int]:
        if isinstance(tree.op, ast.UAdd):
            return self.text(tree.operand, _ATOM), _ATOM
        if isinstance(tree.op, ast.USub):
            return f"-{self.text(tree.operand, _PRODUCT)}", _SUM
        return rf"\neg {self.text(tree.operand, _ATOM)}", _POWER

    def _Compare(self, tree: ast.Compare) -> tuple[str, int]:
        if len(tree.ops) > 1:
            raise _unwritable(tree)
        return self._operator(type(tree.ops[0]), tree.left, tree.comparators[0], tree)

    def _Attribute(self, tree: ast.Attribute) -> tuple[str, int]:
        if tree.attr in ("T", "mT"):
            return rf"{self.text(tree.value, _ATOM)}^{{\top}}", _POWER
        return f"{_operator_name(tree.attr)}({self.text(tree.value)})", _ATOM

    def _Subscript(self, tree: ast.Subscript) -> tuple[str, int]:
        items = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        return f"{self.text(tree.value, _ATOM)}[{self.many(items)}]", _ATOM

    def _Slice(self, tree: ast.Slice) -> tuple[str, int]:
        parts = [tree.lower, tree.upper, *([tree.step] if tree.step else [])]
        return "{:}".join("" if part is None else self.text(part) for part in parts), _ATOM

    def _List(self, tree: ast.List | ast.Tuple) -> tuple[str, int]:
        return bracketed(self.many(tree.elts)), _ATOM

    _Tuple = _List

    def _Starred(self, tree: ast.Starred) -> tuple[str, int]:
        return rf"{self.text(tree.value, _ATOM)}, \ldots", _ATOM

    # -- functions ---------------------------------------------------------------------------

    def _Call(self, tree: ast.Call) -> tuple[str, int]:
        match tree.func:
            case ast.Name(id=name):
                own = None
            case ast.Attribute(value=ast.Name(id="linalg" | "np"), attr=name):
                own = None
            case ast.Attribute(value=own, attr=name):  # a method
                pass
            case _:
                raise _unwritable(tree)
        args = tree.args if own is None else [own, *tree.args]
        return self._called(name, args, tree.keywords)

    def _called(
        self, name: str, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> tuple[str, int]:
        match name, args:
            case "where", [condition, a, b] if not keywords:
                return self._choice(condition, a, b), _CHOICE
            case "exp", [x]:
                return f"e^{{{self.text(x)}}}", _POWER
            case "inv", [x]:
                return f"{self.text(x, _ATOM)}^{{-1}}", _POWER
            case "transpose", [x] | [x, ast.Constant(value=None)]:
                return rf"{self.text(x, _ATOM)}^{{\top}}", _POWER
            case "hadamard" | "inner", [a, b]:
                sign = r"\odot" if name == "hadamard" else r"\cdot"
                binds = _INNER if name == "inner" else _PRODUCT
                return rf"{self.text(a, _PRODUCT)} {sign} {self.text(b, _PRODUCT)}", binds
            case "reals", [shape]:
                sizes = r" \times ".join(self.text(size) for size in getattr(shape, "elts", ()))
                return f"{_REALS}^{{{sizes}}}", _POWER
            case "array", [ast.List() as rows]:
                return self._matrix(rows), _ATOM
            case _ if name in _AROUND and len(args) == 1:
                return _AROUND[name] % self.text(args[0]), _ATOM
            case _ if name in _REWRITTEN and not keywords:
                put = dict(zip("ab", args, strict=False))
                tree = syntax.filled(_REWRITTEN[name], put)
                text = self.text(tree)
                return text, _ATOM if isinstance(tree, ast.Call) else _binds(self, tree)
        inside = [*map(self.text, args), *map(self._keyword, keywords)]
        return _operator_name(name) + bracketed(", ".join(inside)), _ATOM

    def _keyword(self, keyword: ast.keyword) -> str:
        return f"{_verbatim(keyword.arg or '')} = {self.text(keyword.value)}"

    def _choice(self, condition: ast.expr, a: ast.expr, b: ast.expr) -> str:
        yes = rf"{self.text(a)} & \text{{if }} {self.text(condition)}"
        return rf"\begin{{cases}} {yes} \\ {self.text(b)} & \text{{otherwise}} \end{{cases}}"

    def _matrix(self, rows: ast.List) -> str:
        """A small array: a row, or rows; what has more axes is written as lists in lists."""
        lines = [row.elts if isinstance(row, ast.List) else None for row in rows.elts]
        if any(line is None for line in lines):
            lines = [rows.elts]
        if any(isinstance(x, ast.List) for line in lines for x in line or ()):
            return bracketed(self.many(rows.elts))
        text = r" \\ ".join(" & ".join(map(self.text, line or ())) for line in lines)
        return rf"\begin{{pmatrix}} {text} \end{{pmatrix}}"


def _binds(latex: Latex, tree: ast.expr) -> int:
    return int(getattr(latex, f"_{type(tree).__name__}")(tree)[1])


def _unwritable(tree: ast.AST) -> TraceError:
    return TraceError(
        f"`{ast.unparse(tree)}` cannot be written in LaTeX.\nDerive it without an engine, by NumPy."
    )


def number(value: float) -> tuple[str, int]:
    """A number with all its digits, and how tightly it binds."""
    if not math.isfinite(value):
        text = _CONSTANTS["nan" if value != value else "inf"]
        return (f"-{text}", _SUM) if value < 0 else (text, _ATOM)
    mantissa, _, exponent = repr(abs(value)).removesuffix(".0").partition("e")
    sign = "-" if math.copysign(1, value) < 0 else ""
    if not exponent:
        return sign + mantissa, _SUM if sign else _ATOM
    return rf"{sign}{mantissa} \cdot 10^{{{int(exponent)}}}", _SUM if sign else _PRODUCT


def bracketed(text: str) -> str:
    """A text in brackets, as high as it is."""
    return rf"\left({text}\right)" if _TALL.search(text) else f"({text})"


def _times(left: str, right: str) -> str:
    """What stands between two factors: a dot where they would read as one thing, or as a call."""
    if not re.match(r"[A-Za-z\\]", right) or right.startswith(_NO_FACTORS):
        return r" \cdot "
    return r" \, "


_NO_FACTORS = (r"\frac", r"\left", r"\begin", r"\infty", r"\neg")


# -- names ---------------------------------------------------------------------------------


def _symbol(name: str) -> str:
    r"""A name as mathematics has it: a letter with what is below it, or a word.

    Underscores at its end tell it from others of that name: `b_` is the second, `b_{(2)}`.
    """
    bare = name.rstrip("_")
    head, *below = bare.lstrip("_").split("_")
    found = re.fullmatch(r"(.*?\D)(\d+)", head)
    if found:
        head, below = found[1], [found[2], *below]
    if not head or "" in below:
        return _verbatim(name)
    text, words = _word(head), list(map(_word, below))
    words += [f"({len(name) - len(bare) + 1})"] if name != bare else []
    return f"{text}_{{{', '.join(words)}}}" if words else text


def _word(word: str) -> str:
    if (word.isascii() and len(word) == 1) or word.isdecimal():
        return word
    greek = _LETTERS.get(word, word)
    return rf"\{greek}" if greek in _GREEK else _verbatim(word)


def _verbatim(text: str) -> str:
    """A text upright, in which nothing is LaTeX's to read."""
    return rf"\mathrm{{{_escaped(text)}}}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)


_ESCAPES: dict[str, Any] = {
    **{c: rf"\{c}" for c in "_#$%&{}"},
    "\\": r"\backslash ", "^": r"\hat{ }", "~": r"\sim ", " ": r"\ ",
}  # fmt: skip


def _operator_name(name: str) -> str:
    return _NAMED.get(name) or rf"\operatorname{{{_escaped(name)}}}"
