"""What faults can be planted in a file: found in its syntax, so that no list of them is kept.

A mutant is a file with one small change. Its kind says what sort of fault that is; its key (the
function and the statement before and after) says which mutant it is, whatever its line.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A function of the registry: the names of its cotangent, its output and its operands."""

    output: str
    operands: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    path: str
    function: str
    kind: str
    lines: range  # of the statement
    before: str
    after: str
    source: str  # of the whole file, with the fault

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.path, self.function, self.before, self.after

    def __str__(self) -> str:
        where = f"{self.path}:{self.lines.start} in {self.function}: {self.kind}"
        return f"{where}\n    - {self.before}\n    + {self.after}"


SIGN = "sign flipped"
FACTOR = "factor of 2"
SWAPPED = "operand swapped"
OUTPUT = "output used for operand, or operand for output"
DROPPED = "call dropped, as of sum_to"
OVERWRITTEN = "term overwritten instead of added"
FACTOR_LOST = "factor dropped"
ZERO = "gradient dropped"
ORDER = "order broken"
CONDITION = "condition changed"
CONSTANT = "constant changed"
STATEMENT = "statement dropped"


def mutants_of(
    path: str, source: str, functions: dict[str, Rule | None] | None = None
) -> list[Mutant]:
    """Every mutant of these functions (or of all) of a file; for a rule, what it is a rule of."""
    file = _File(path, source)
    tree = ast.parse(source)
    modules = _modules(tree)
    found: dict[tuple[str, ...], Mutant] = {}
    for name, function in _functions(tree):
        if functions is not None and name not in functions:
            continue
        rule = functions[name] if functions else None
        for statement in _statements(function.body):
            changes = [*_statement_changes(statement)]
            for node in _expressions(statement):
                changes += _expression_changes(node, modules)
                if rule is not None and isinstance(node, ast.Name):
                    changes += _name_changes(node, rule)
            if rule is not None and isinstance(statement, ast.Return):
                changes += _cotangent_changes(statement)
            for kind, node, new in changes:
                mutant = file.mutant(name, kind, statement, node, new)
                if mutant is not None:
                    found.setdefault(mutant.key, mutant)
    return list(found.values())


class _File:
    """A source, and what it becomes when the text of one node is replaced."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source.encode()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands in the source; for a statement with a body, where its head does."""
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        if isinstance(node, ast.Match):
            end = self.starts[node.cases[0].pattern.lineno - 1]
        elif isinstance(node, ast.stmt) and hasattr(node, "body"):
            end = self.starts[node.body[0].lineno - 1]
        return self.starts[node.lineno - 1] + node.col_offset, end

    def mutant(
        self, function: str, kind: str, statement: ast.stmt, node: ast.AST, new: ast.AST
    ) -> Mutant | None:
        """None where the change says the same, or is no Python."""
        (first, last), (start, end) = self._span(statement), self._span(node)
        text = ast.unparse(new)
        around = self.source[start - 1 : start] + self.source[end : end + 1]
        if isinstance(new, _LOOSE) and around != b"()":
            text = f"({text})"
        changed = text.encode()
        before = self.source[first:last].decode()
        after = (self.source[first:start] + changed + self.source[end:last]).decode()
        if _syntax(after) in (None, _syntax(before)):
            return None
        lines = range(statement.lineno, self.source[:last].rstrip().count(b"\n") + 2)
        return Mutant(
            self.path, function, kind, lines, _one_line(before), _one_line(after),
            (self.source[:start] + changed + self.source[end:]).decode(),
        )  # fmt: skip


def _syntax(statement: str) -> str | None:
    """What a statement, or the head of one, says; None for what is no Python."""
    statement = statement.strip().removeprefix("el")
    form = "{} pass" if statement.endswith(":") else "{}"
    form = "{}\n case _: pass" if statement.startswith("match ") else form
    try:
        return ast.dump(ast.parse(form.format(statement)))
    except SyntaxError:
        return None


# What needs parentheses around it, if it has none.
_LOOSE = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _modules(tree: ast.Module) -> set[str]:
    """The names of modules that a file imports."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.module):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for thing in tree.body:
        if isinstance(thing, ast.FunctionDef):
            yield thing.name, thing
        elif isinstance(thing, ast.ClassDef):
            for method in thing.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{thing.name}.{method.name}", method


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that compute: not those that only refuse what is wrong, or say what."""
    for statement in body:
        raises = isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Raise)
        says = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if says or isinstance(statement, (ast.Raise, ast.Assert, ast.ImportFrom)):
            continue
        if not raises and not isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Try)):
            yield statement
        if not raises:
            yield from _statements(getattr(statement, "body", []))
        yield from _statements(getattr(statement, "orelse", []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)
        for case in getattr(statement, "cases", []):
            yield from _statements(case.body)


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, without those of the statements in its body."""
    for field, value in ast.iter_fields(statement):
        if field in ("body", "orelse", "handlers", "finalbody", "annotation", "cases"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _inside(part)


def _inside(node: ast.AST) -> Iterator[ast.expr]:
    """An expression and its parts, but for the words of an f-string, what zip is told, and -1.

    (An axis or a length counted from the end loses its sign, which is enough.)
    """
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    if isinstance(node, ast.expr):
        yield node
    match node:
        case ast.UnaryOp(ast.USub(), ast.Constant(int())):
            return
    for child in ast.iter_child_nodes(node):
        yield from _inside(child)


Change = tuple[str, ast.AST, ast.AST]  # its kind, what is replaced, and by what


def _statement_changes(statement: ast.stmt) -> Iterator[Change]:
    match statement:
        case ast.AugAssign(target, operator, value):
            yield OVERWRITTEN, statement, ast.Assign([target], value, lineno=0)
            yield STATEMENT, statement, ast.Pass()
            other = {ast.Add: ast.Sub(), ast.Sub: ast.Add()}.get(type(operator))
            if other is not None:
                yield SIGN, statement, ast.AugAssign(target, other, value)
        case ast.Assign([ast.Subscript() | ast.Attribute()]) | ast.Continue() | ast.Break():
            yield STATEMENT, statement, ast.Pass()
        case ast.Expr(ast.Call()):
            yield STATEMENT, statement, ast.Pass()
        case ast.If(test) | ast.While(test):
            yield CONDITION, test, ast.UnaryOp(ast.Not(), test)
        case ast.For(_, ast.Name() | ast.Attribute() as iterated):
            every = _call("list", iterated)
            yield ORDER, iterated, _call("reversed", every)


def _expression_changes(node: ast.expr, modules: set[str]) -> Iterator[Change]:
    match node:
        case ast.BinOp():
            yield from _binary_changes(node)
        case ast.UnaryOp(ast.USub(), operand):
            yield SIGN, node, operand
        case ast.UnaryOp(ast.Not(), operand):
            yield CONDITION, node, operand
        case ast.Compare(left, [operator], [right]):
            yield CONDITION, node, ast.Compare(left, [_OTHER[type(operator)]()], [right])
            if isinstance(operator, _ORDERED):
                yield SWAPPED, node, ast.Compare(right, [operator], [left])
        case ast.BoolOp(operator, values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield CONDITION, node, ast.BoolOp(other, values)
        case ast.IfExp(test, body, orelse):
            yield CONDITION, node, ast.IfExp(test, orelse, body)
        case ast.Constant(bool() as value):
            yield CONSTANT, node, ast.Constant(not value)
        case ast.Constant(int() as value):
            yield CONSTANT, node, ast.Constant(value + 1)
        case ast.Constant(float() as value):
            yield CONSTANT, node, ast.Constant(2 * value if value else 1.0)
        case ast.Call():
            yield from _call_changes(node, modules)


_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn,
    ast.Lt: ast.LtE, ast.Gt: ast.GtE,
}  # fmt: skip
_OTHER |= {after: before for before, after in _OTHER.items()}
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.Pow, ast.MatMult, ast.FloorDiv, ast.Mod)


def _binary_changes(node: ast.BinOp) -> Iterator[Change]:
    left, right = node.left, node.right
    match node.op:
        case ast.Add():
            yield SIGN, node, ast.BinOp(left, ast.Sub(), right)
            yield OVERWRITTEN, node, left
            yield OVERWRITTEN, node, right
        case ast.Sub():
            yield SIGN, node, ast.BinOp(left, ast.Add(), right)
            yield OVERWRITTEN, node, left
        case ast.Mult():
            yield FACTOR_LOST, node, left
            yield FACTOR_LOST, node, right
        case ast.Div():
            yield FACTOR_LOST, node, left
        case ast.BitAnd() | ast.BitOr():
            yield CONDITION, node, left
            yield CONDITION, node, right
    if isinstance(node.op, _NOT_COMMUTATIVE):
        yield SWAPPED, node, ast.BinOp(right, node.op, left)


def _call_changes(node: ast.Call, modules: set[str]) -> Iterator[Change]:
    function, args = node.func, node.args
    if any(isinstance(a, ast.Starred) for a in args):
        return
    if isinstance(function, ast.Name) and function.id in _BUILTINS:
        if function.id == "reversed":
            yield ORDER, node, args[0]
        return
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if isinstance(function, ast.Attribute) and _root(function) not in modules:
        if name not in _METHODS:
            yield DROPPED, node, function.value
    elif args and not isinstance(args[0], ast.Constant) and name != "asarray":
        yield DROPPED, node, args[0]
    words = any(isinstance(a, ast.Constant) and isinstance(a.value, str) for a in args)
    if len(args) in (2, 3) and not words and name not in _COMMUTATIVE:
        yield SWAPPED, node, ast.Call(function, [*args[:-2], args[-1], args[-2]], node.keywords)


# Python's own, where a call dropped is a mistake of type, which teaches nothing; `sum` and the
# like are the registry's in a rule.
_BUILTINS = set(dir(builtins)) - {"sum", "max", "min", "abs", "pow", "round"}
_METHODS = {name for kind in (dict, list, set, str) for name in dir(kind)} | {"tolist", "item"}
_COMMUTATIVE = {
    "maximum", "minimum", "max", "min", "hypot", "logaddexp", "swapaxes", "broadcast_shapes",
}  # fmt: skip


def _root(node: ast.expr) -> str:
    """The name that a dotted name begins with: `np` of `np.linalg.norm`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _name_changes(node: ast.Name, rule: Rule) -> Iterator[Change]:
    if node.id == rule.output:
        for operand in rule.operands:
            yield OUTPUT, node, _name(operand)
    elif node.id in rule.operands:
        yield OUTPUT, node, _name(rule.output)
        for other in rule.operands:
            if other != node.id:
                yield SWAPPED, node, _name(other)


def _cotangent_changes(statement: ast.Return) -> Iterator[Change]:
    """Each cotangent or partial that a rule returns: negated, doubled, dropped, exchanged."""
    value = statement.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    if isinstance(value, ast.Call) and isinstance(value.args[0], ast.GeneratorExp):
        parts = [value.args[0].elt]
    for part in parts:
        inner = part.body if isinstance(part, ast.Lambda) else part
        if isinstance(inner, ast.Constant) and not inner.value:
            continue
        yield SIGN, inner, ast.UnaryOp(ast.USub(), inner)
        yield FACTOR, inner, ast.BinOp(ast.Constant(2), ast.Mult(), inner)
        yield ZERO, inner, ast.BinOp(ast.Constant(0), ast.Mult(), inner)
    if isinstance(value, ast.Tuple) and len(parts) == 2:
        yield SWAPPED, value, ast.Tuple(parts[::-1], ast.Load())


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _call(function: str, argument: ast.expr) -> ast.Call:
    return ast.Call(_name(function), [argument], [])
