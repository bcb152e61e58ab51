"""JavaScript: how programs over numbers are written, which a browser runs."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from ...graph.messages import describe
from ...primitives.primitive import Primitive
from ..steps import Step, is_a
from ..tracing.standins import TraceError
from .checks import STEPS
from .javascript_helpers import FIX, Finish, define, function_of, qualified, renamed, written
from .javascript_syntax import expression_text
from .language import Language, Qualify, Spelling
from .module import Module
from .printer import Printer, needed

_RESERVED = """
    Array Infinity Math NaN Number Object arguments await break case catch class const continue
    debugger default delete do else enum eval export extends false finally for function if
    implements import in instanceof interface let new null package private protected public return
    static super switch this throw true try typeof undefined var void while with yield
"""


def refuse_arrays(steps: Sequence[Step]) -> None:
    """Raises TraceError for a program in which something is no number."""
    for step in steps:
        if not step.scalar:
            made = f"`{step.primitive.name}` gives" if step.primitive else "there is"
            raise TraceError(
                f"A program in JavaScript is of numbers, but here {made} "
                f"{describe(step.example)}.\n{FIX}"
            )


def _operands(printer: Printer, step: Step, trees: list[ast.expr]) -> list[ast.expr]:
    """A step's operands; a number that decides is compared with 0, since NaN does as 1 does."""
    primitive: Primitive = step.primitive  # type: ignore[assignment]
    if primitive.variadic:
        raise TraceError(
            f"A program in JavaScript is of numbers, but `{primitive.name}` joins arrays.\n{FIX}"
        )
    if is_a(step, "where") and isinstance(getattr(step.operands[0], "example", 0.0), float):
        trees[0] = ast.Compare(trees[0], [ast.NotEq()], [ast.Constant(0)])
    return trees


def _draw(printer: Printer, step: Step) -> NoReturn:
    raise TraceError(
        "A NumPy generator draws in Python, so a program in JavaScript cannot draw from one.\n"
        "Draw outside the function, and pass the numbers as an argument."
    )


def _sum_of_scatters(printer: Printer, step: Step, parts: list[Any]) -> NoReturn:
    refuse_arrays([step])
    raise TraceError("A program in JavaScript is of numbers, and has no entries to add to.")


def _finished(tree: ast.expr, qualified: Qualify) -> ast.expr:
    return Finish(qualified).visit(tree)  # type: ignore[no-any-return]


def _assignment(name: str, expression: str, comment: str = "") -> str:
    return f"const {name} = {expression};"


def _key(key: Any) -> str:
    """An object's key. Raises TypeError for what is none there."""
    if isinstance(key, str) or type(key) is int:
        return json.dumps(key)
    raise TypeError(
        f"In JavaScript the keys of an object are texts and whole numbers, but one is {key!r}."
    )


def _branches(tree: Any) -> Iterator[tuple[Any, Any]]:
    return iter(tree.items() if isinstance(tree, dict) else enumerate(tree))


def _unpacking(expression: str, tree: Any, named: Callable[[Any], str | None]) -> list[str]:
    """Lines that name the leaves of an argument which the program uses."""
    if isinstance(tree, (dict, list, tuple)):
        return [
            line
            for key, branch in _branches(tree)
            for line in _unpacking(f"{expression}[{_key(key)}]", branch, named)
        ]
    name = None if tree is None else named(tree)
    return [] if name in (None, expression) else [_assignment(name, expression)]


def _lines_of(start: str, tree: Any, end: str, width: int = 88) -> list[str]:
    """A tree of texts as arrays and objects, on one line or with a branch on each."""
    line = f"{start}{_tree_text(tree)}{end}"
    if len(line) <= width or not isinstance(tree, (dict, list, tuple)) or not tree:
        return [line]
    opening, closing = "{}" if isinstance(tree, dict) else "[]"
    lines = [f"{start}{opening}"]
    for key, branch in _branches(tree):
        label = f"{_key(key)}: " if isinstance(tree, dict) else ""
        lines += [f"    {inner}" for inner in _lines_of(label, branch, ",", width - 4)]
    return [*lines, f"{closing}{end}"]


def _tree_text(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{_key(k)}: {_tree_text(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, (list, tuple)):
        return f"[{', '.join(map(_tree_text, tree))}]"
    return "null" if tree is None else str(tree)


def _module(
    title: str, imports: Sequence[str], definitions: Sequence[str], constants: Sequence[str],
    name: str, parameters: Sequence[str], body: Sequence[str],
) -> str:  # fmt: skip
    """The text of a script: a function, above it what it needs."""
    top = "\n".join(f"// {line}".rstrip() for line in title.splitlines())
    above = ["\n".join(constants)] if constants else []
    return "\n\n".join([top, *definitions, *above, _function(name, parameters, body)]) + "\n"


def _function(name: str, parameters: Sequence[str], body: Sequence[str]) -> str:
    return "\n".join([f"function {name}({', '.join(parameters)}) {{", *body, "}"])


_SPELLING = Spelling(qualified, function_of, _finished)
JAVASCRIPT = Language(
    arrays=_SPELLING,
    floats=_SPELLING,
    define=define,
    draw=_draw,
    sum_of_scatters=_sum_of_scatters,
    operands=_operands,
    copy="",
    modules={},
    reserved=frozenset([*_RESERVED.split(), *written()]),
    expression=expression_text,
    assignment=_assignment,
    comment="// ",
    unpacking=_unpacking,
    returned=lambda tree: _lines_of("return ", tree, ";"),
    module=_module,
    renamed=renamed,
)


def careful_script(plain: Module, second: Module) -> str:
    """The steps of a program, and where a NaN comes of them those of a `second` one, with care."""
    language, parameters = plain.language, plain.names.parameters
    helpers = {**plain.printer.helpers, **second.printer.helpers, "has_nan": function_of("has_nan")}
    _, definitions = needed(language, helpers, (), plain.names.outside | second.names.outside)
    functions = [
        _function(name, module.names.parameters, module.body)
        for name, module in zip(STEPS, (plain, second), strict=True)
    ]
    plainly, carefully = (f"{name}({', '.join(parameters)})" for name in STEPS)
    body = [
        f"    const found = {plainly};",
        f"    return has_nan(found) ? {carefully} : found;",
    ]
    constants = list(dict.fromkeys([*plain.constant_lines, *second.constant_lines]))
    above = [*definitions, *functions]
    return _module(plain.title, [], above, constants, plain.name, parameters, body)
