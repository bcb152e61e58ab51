"""A program as a module that stands alone: as safe as the one in memory, wherever it is called."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...support.tree import tree_map
from ..capture import Capture
from .checks import CHECKS, STEPS, wanted_of
from .floats import IEEE_FLOATS, RAISING
from .language import function_text
from .module import Module
from .printer import needed
from .trees import wrapped


def saved_source(plain: Module, second: Module | None) -> str:
    """A program behind a check of its arguments, which its docstring names.

    On Python's numbers a step may raise where IEEE 754 has an infinity, and in a doubtful program
    a zero cotangent may meet one: then the steps stand there a `second` time, with care.
    """
    language, parameters = plain.language, plain.names.parameters
    of_floats = _is_of_floats(plain)
    capture = plain.capture
    wanted = {
        name: wanted_of(arg, of_floats, promoted=i in capture.argnums)
        for i, (name, arg) in enumerate(zip(parameters, capture.args, strict=True))
        if capture.parameters[i] not in capture.static
    }
    body = [line for name, kind in wanted.items() for line in _check(name, kind)]
    helpers = {**plain.printer.helpers, "_checked": CHECKS["_checked"].function}
    functions: list[str] = []
    modules, constants, taken = plain.printer.modules, plain.constant_lines, plain.names.outside
    if second is None:
        body += ["", *plain.body]
    else:
        helpers |= {**second.printer.helpers, "_with_care": CHECKS["_with_care"].function}
        modules, taken = modules | second.printer.modules, taken | second.names.outside
        constants = list(dict.fromkeys([*constants, *second.constant_lines]))
        for name, module in zip(STEPS, (plain, second), strict=True):
            functions.append(function_text(name, module.names.parameters, module.body))
        body.append(f"    return _with_care({', '.join([*STEPS, *parameters])})")
    imports, definitions = needed(language, helpers, modules, taken)
    return language.module(
        _title(plain, wanted), imports, [*definitions, *functions], constants, plain.name,
        parameters, body,
    )  # fmt: skip


def steps_with_care(plain: Module, careful: Capture) -> Module | None:
    """The steps of a capture with care, beside those of a plain one; None where these do."""
    language, doubtful = plain.language, careful is not plain.capture
    if _is_of_floats(plain):
        language = dataclasses.replace(language, floats=IEEE_FLOATS)
    # Of one capture the two have the same constants, by the same names.
    beside = plain.names.outside if doubtful else ()
    second = Module(careful, plain.name, language, taken=beside)
    return second if doubtful or not RAISING.isdisjoint(second.printer.helpers) else None


def _is_of_floats(plain: Module) -> bool:
    """Whether its language writes what is computed of Python's numbers otherwise than arrays."""
    return plain.language.floats is not plain.language.arrays


def _check(name: str, wanted: Any) -> list[str]:
    """The lines that check an argument, each of whose leaves is to be of such a kind."""
    quoted = tree_map(lambda kind: f'"{kind}"', wanted)
    *lines, last = wrapped(f'{name} = _checked("{name}", {name}, ', quoted)
    return [f"    {line}" for line in [*lines, f"{last})"]]


def _title(plain: Module, wanted: dict[str, Any]) -> str:
    """What the program computes, and of which arguments."""
    lines = [line for name, kind in wanted.items() for line in wrapped(f"{name}: ", kind)]
    note = plain.note.rstrip()
    title = "\n".join([plain.title + note, "", *lines, ""])
    return title.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
