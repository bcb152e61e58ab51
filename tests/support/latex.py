r"""LaTeX read as mathematics: what a program's lines say, computed from their text alone.

A reader of its own, of what mathematicians write: `\frac{a}{b}`, `x_{0} \, y`, `e^{x}`, `\ln(x)`,
choices in `cases`. It knows nothing of how the text was made.
"""

import math
import re

from autodiff.primitives.namespaces import scalar_function

TOKEN = re.compile(
    r"""
    (?P<space>\s+|\\[ ;!]|&)
  | (?P<number>\d+(\.\d+)?)
  | (?P<begin>\\begin\{cases\}) | (?P<end>\\end\{cases\}) | (?P<row>\\\\)
  | (?P<text>\\text\{[^}]*\})
  | (?P<name>\\frac\{\\partial\ [^=]*?\}\{\\partial\ (?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}
      | (?:\\bar\{(?:[^{}]|\{[^{}]*\})*\}|\\mathrm\{(?:[^{}\\]|\\.)*\}
      | \\(?:alpha|beta|gamma|delta|theta|lambda|mu|pi|infty)(?![a-zA-Z])
      | [A-Za-z])(?:_\{(?:[^{}]|\{(?:[^{}\\]|\\.)*\})*\})?)
  | (?P<function>\\operatorname\{(?:[^{}\\]|\\.)*\}|\\log_\{\d+\}|\\[A-Z]?[a-z]+)
  | (?P<sign>\\,|\\[lr]floor|[-+<>=()|^{}\[\],])
    """,
    re.VERBOSE,
)
CONSTANTS = {r"\pi": math.pi, r"\infty": math.inf, r"\mathrm{NaN}": math.nan}
CONSTANTS |= {r"\mathrm{True}": True, r"\mathrm{False}": False, r"\mathrm{None}": None}
CALLED = {
    r"\ln": "log", r"\log_{2}": "log2", r"\log_{10}": "log10", r"\max": "maximum",
    r"\min": "minimum", r"\Gamma": "gamma", r"\mathrm{B}": "beta", "arsinh": "arcsinh",
    "arcosh": "arccosh", "artanh": "arctanh",
}  # fmt: skip
COMPARED = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "=": lambda a, b: a == b,
    r"\leq": lambda a, b: a <= b, r"\geq": lambda a, b: a >= b, r"\neq": lambda a, b: a != b,
}  # fmt: skip


def lines_of(text):
    """The equations of `aligned`, each as what stands left and right."""
    assert text.startswith("\\begin{aligned}\n")
    assert text.rstrip("\n").endswith("\n\\end{aligned}")
    rows = text.rstrip("\n").split("\n")[1:-1]
    assert all(row.endswith(r" \\") for row in rows[:-1])
    assert not rows[-1].endswith(r"\\")
    return [tuple(row.removesuffix(r" \\").split(" &", 1)) for row in rows]


def computed(text, values):
    """What each left side is, for these values of names."""
    known = {**CONSTANTS, **values}
    for left, right in lines_of(text):
        known[left] = read(right.removeprefix("= "), known)
    return known


def in_mathtext(text):
    """A program as lines that matplotlib can show, which has no tables."""
    for left, right in lines_of(text):
        line = f"{left} {right}".replace(r"\bmod", r"\operatorname{mod}")
        line = line.replace(r"\mathrel{+}", "+").replace("&", ";")
        for table in ("cases", "pmatrix"):
            line = line.replace(rf"\begin{{{table}}}", "(").replace(rf"\end{{{table}}}", ")")
        yield f"${line.replace(chr(92) * 2, ',')}$"


def read(text, known):
    reader = Reader(text, known)
    result = reader.either()
    assert reader.peek() is None, (text, reader.tokens[reader.at :])
    return result


class Reader:
    """A recursive descent, a method to a level of binding."""

    def __init__(self, text, known):
        self.known, self.tokens, self.at = known, [], 0
        place = 0
        while place < len(text):
            found = TOKEN.match(text, place)
            assert found, text[place:]
            kind, word = found.lastgroup, found[0]
            if word in (r"\left", r"\right"):
                pass
            elif kind != "space":
                self.tokens.append((kind, word))
            place = found.end()

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def kind(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def take(self, *words):
        word = self.peek()
        if word is None or (words and word not in words):
            return None
        self.at += 1
        return word

    def must(self, word):
        assert self.take(word), (word, self.tokens[self.at :])

    def either(self):
        a = self.both()
        while sign := self.take(r"\vee", r"\oplus"):
            b = self.both()
            a = bool(a) or bool(b) if sign == r"\vee" else bool(a) != bool(b)
        return a

    def both(self):
        a = self.compared()
        while self.take(r"\wedge"):
            b = self.compared()
            a = bool(a) and bool(b)
        return a

    def compared(self):
        a = self.sum()
        if sign := self.take(*COMPARED):
            return COMPARED[sign](a, self.sum())
        return a

    def sum(self):
        total = -self.product() if self.take("-") else self.product()
        while sign := self.take("+", "-"):
            b = self.product()
            total = total + b if sign == "+" else total - b
        return total

    def product(self):
        total = self.power()
        while sign := self.take(r"\cdot", r"\,", r"\odot", r"\bmod"):
            b = self.power()
            total = scalar_function("remainder")(total, b) if sign == r"\bmod" else total * b
        return total

    def power(self):
        base = self.atom()
        if self.take("^"):
            return scalar_function("power")(float(base), float(self.braced()))
        return base

    def braced(self):
        self.must("{")
        inside = self.either()
        self.must("}")
        return inside

    def atom(self):
        kind, word = self.kind(), self.take()
        if word == "e" and self.peek() == "^":
            self.take()
            return scalar_function("exp")(float(self.braced()))
        if kind == "number":
            return float(word)
        if kind == "name" and word in self.known:
            return self.known[word]
        if kind == "begin":
            return self.cases()
        if word == "(":
            inside = self.either()
            self.must(")")
            return inside
        if word == "|":
            inside = self.either()
            self.must("|")
            return abs(inside)
        if word in (r"\lfloor", r"\lceil"):
            inside = self.either()
            self.take()
            return float((math.floor if word == r"\lfloor" else math.ceil)(inside))
        if word == r"\neg":
            return not self.atom()
        if word == r"\frac":
            return scalar_function("divide")(self.braced(), self.braced())
        if word == r"\sqrt":
            cubic = self.take("[")
            if cubic:
                self.take()
                self.must("]")
            return scalar_function("cbrt" if cubic else "sqrt")(self.braced())
        return self.called(word)

    def called(self, word):
        name = word.removeprefix(r"\operatorname{").removesuffix("}").replace("\\", "")
        function = scalar_function(CALLED.get(word) or CALLED.get(name) or name)
        self.must("(")
        arguments, keywords = [], {}
        while not self.take(")"):
            key = self.peek()
            if self.kind() == "name" and self.tokens[self.at + 1][1] == "=":
                self.at += 2
                keywords[key[8:-1].replace("\\", "")] = self.either()
            else:
                arguments.append(self.either())
            self.take(",")
        try:
            return function(*arguments, **keywords)
        except TypeError:  # an order is a whole number, which is not told from a float here
            whole = [int(a) if float(a).is_integer() else a for a in arguments]
            return function(*whole, **keywords)

    def cases(self):
        found = None
        while not self.take(r"\end{cases}"):
            value = self.either()
            holds = self.take(r"\text{otherwise}") or (
                self.take(r"\text{if }") and bool(self.either())
            )
            if found is None and holds:
                found = (value,)
            self.take("\\\\")
        return found[0]
