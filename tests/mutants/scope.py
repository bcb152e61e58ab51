"""Which functions are changed: those that derivatives are made of, as the registry has them."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from . import mutations as kinds
from .mutations import Mutant, Rule, mutants_of
from .running import in_a_fork

ROOT = Path(__file__).resolve().parents[2]
# Beside the registry: what walks the graph, what compiles and calls a rule, what a zero cotangent
# does, what simplifies a trace, the losses (one with a gradient of its own), and what steps along
# a gradient.
ENGINE = [
    "autodiff/graph/order.py", "autodiff/primitives/laws.py", "autodiff/primitives/partials.py",
    "autodiff/primitives/pullback.py", "autodiff/primitives/symbol.py",
    "autodiff/operations/softmax.py", "autodiff/operations/zeros.py",
    "autodiff/transforms/backward.py", "autodiff/transforms/forward.py",
    "autodiff/transforms/grad.py", "autodiff/transforms/jacobian.py",
    "autodiff/transforms/tape.py", "autodiff/transforms/unbroadcast.py",
    "autodiff/programs/step_laws.py", "autodiff/programs/simplify.py", "nn/losses.py",
    "optim/optimizer.py", "optim/optimizers.py",
]  # fmt: skip


def every_mutant() -> list[Mutant]:
    """The mutants of the registry's rules and what they call, then those of the engine."""
    found: list[Mutant] = []
    for path, functions in in_a_fork(_of_the_registry, seconds=60).items():
        made = mutants_of(path, (ROOT / path).read_text(), functions)
        found += [m for m in made if functions[m.function] is not None or m.kind in WRONG]
    for path in ENGINE:
        found += [m for m in mutants_of(path, (ROOT / path).read_text()) if m.kind in WRONG]
    return list({mutant.key: mutant for mutant in found}.values())


# Outside of a rule, conditions and numbers choose between ways to the same result, many of them:
# there the faults are those that make another one.
WRONG = {
    kinds.SIGN, kinds.FACTOR_LOST, kinds.SWAPPED, kinds.DROPPED, kinds.OVERWRITTEN, kinds.ORDER,
    kinds.STATEMENT,
}  # fmt: skip


def _of_the_registry() -> dict[str, dict[str, Rule | None]]:
    """By file, the rules and all functions beside them that they call, directly or not."""
    sys.path.insert(0, str(ROOT))
    from autodiff.extend import operations

    scope: dict[str, dict[str, Rule | None]] = {}
    for primitive in operations().values():
        output = primitive.lead[0 if primitive.elementwise else 1]
        rules = scope.setdefault(_file(primitive.rule), {})
        rules[primitive.rule.__name__] = Rule(output, primitive.operands)
    todo, seen = [primitive.rule for primitive in operations().values()], set()
    while todo:
        function = inspect.unwrap(todo.pop())
        if function in seen or _file(function) not in scope:
            continue
        seen.add(function)
        scope[_file(function)].setdefault(function.__name__, None)
        for name in _names(function.__code__):
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and not hasattr(called, "primitive"):
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
