"""Which functions are changed: those that derivatives are made of, as the registry has them."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from .mutations import CONSTANT, Mutant, Rule, mutants_of
from .running import in_a_fork

ROOT = Path(__file__).resolve().parents[2]
# Beside the registry: what walks the graph, what compiles and calls a rule, what makes a program
# of a trace, the losses, and what steps along a gradient.
ENGINE = [
    "autodiff/backprop.py", "autodiff/transforms.py", "autodiff/link.py", "autodiff/symbol.py",
    "autodiff/simplify.py", "nn/losses.py", "optim/optimizers.py",
]  # fmt: skip


def every_mutant() -> list[Mutant]:
    """The mutants of the registry's rules and what they call, then those of the engine."""
    found: list[Mutant] = []
    for path, functions in in_a_fork(_of_the_registry, seconds=60).items():
        found += mutants_of(path, (ROOT / path).read_text(), functions)
    for path in ENGINE:
        # The numbers there are places and counts of axes, many of them of ways that are only quick.
        made = mutants_of(path, (ROOT / path).read_text())
        found += [mutant for mutant in made if mutant.kind != CONSTANT]
    return found


def _of_the_registry() -> dict[str, dict[str, Rule | None]]:
    """By file, the rules and all functions beside them that they call, directly or not."""
    sys.path.insert(0, str(ROOT))
    from autodiff.formula import FUSED, HELPERS
    from autodiff.primitive import REGISTRY

    scope: dict[str, dict[str, Rule | None]] = {}
    for primitive in REGISTRY.values():
        output = primitive.lead[0 if primitive.elementwise else 1]
        rules = scope.setdefault(_file(primitive.rule), {})
        rules[primitive.rule.__name__] = Rule(output, primitive.operands)

    def helpers(operation: Any) -> list[Callable[..., Any]]:
        """What the formula of an operation calls, or what gives it together with another's."""
        used = {n.id for n in ast.walk(operation.formula.tree) if isinstance(n, ast.Name)}
        used |= {joint for pair, joint in FUSED.items() if operation.name in pair}
        return [HELPERS[name] for name in used & HELPERS.keys()]

    todo, seen = [primitive.rule for primitive in REGISTRY.values()], set()
    for primitive in REGISTRY.values():
        if primitive.keeps:
            todo += helpers(primitive.kept_beside)
    while todo:
        function = inspect.unwrap(todo.pop())
        if function in seen or _file(function) not in scope:
            continue
        seen.add(function)
        scope[_file(function)].setdefault(function.__name__, None)
        for name in _names(function.__code__):
            called = function.__globals__.get(name)
            operation = getattr(called, "primitive", None)
            if operation is not None:
                todo += helpers(operation)
            elif isinstance(called, FunctionType):
                todo.append(called)
    return scope


def _names(code: CodeType) -> Iterator[str]:
    """The globals that a function uses, and those within it."""
    yield from (i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _file(function: Callable[..., Any]) -> str:
    """The file of a function, from the root; empty for one of elsewhere."""
    file = Path(inspect.unwrap(function).__code__.co_filename)
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
