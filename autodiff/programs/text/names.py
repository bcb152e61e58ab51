"""What the steps of a program are called: as the user calls them, where that is known."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ...graph.value import Value
from ...primitives.registry import registry
from ...support.identifiers import identifier, normalized
from ...support.tree import leaves
from ..capture import Capture
from ..simplify import StepGraph
from ..steps import Step
from ..tracing.signature import name_of
from ..tracing.trace import TracedGenerator
from .checks import CHECKS, STEPS
from .floats import OF_FLOATS
from .language import Language

# How a workspace calls what it makes for itself, beside the variables of its program.
_INVENTED = ("buffer", "spare", "ones_", "full_", "block_of_", "captured_")


def _is_invented(name: str) -> bool:
    """Whether a workspace may call something so; also `_2` a number, and `x_` a block of `x`."""
    number = name[1:].removeprefix("minus_") if name.startswith("_") else ""
    return (
        name.startswith(_INVENTED)
        or (name.endswith("_") and len(name) > 1)
        or number[:1].isdigit()
        or name in ("Spare", "functools", "in_blocks")
    )


def reserved(language: Language) -> frozenset[str]:
    """The names that programs use themselves: no variable, parameter or program has them."""
    if not language.defines_helpers:
        return language.reserved
    return language.reserved.union(registry.helpers, OF_FLOATS, CHECKS, STEPS)


def program_name(f: Callable[..., Any], language: Language) -> str:
    """What the program of a function is called: like it, if a program can be called so."""
    name = name_of(f)
    return f"{name}_program" if name in reserved(language) else name


class Names:
    """A name for each step: the user's own where it is known, `d_x` for the cotangent of `x`.

    `program` is the function that they stand in, or with `beside` next to; `taken` are other
    names that are not to be had.
    """

    def __init__(
        self, capture: Capture, program: str, language: Language, beside: bool = False,
        taken: Collection[str] = (),
    ) -> None:  # fmt: skip
        graph = capture.graph
        self._program = program
        self._taken = {*reserved(language), *taken, program}
        self.outside = {program}  # of these, those that stand beside the program
        self._beside, self._language = beside, language
        self._orders = graph.trace.orders
        self._counts: dict[str, int] = {}  # the number that a wanted name got last
        self._of: dict[Any, str] = {}
        self.made_up: set[Step] = set()
        # The parameters come first: no leaf of one may take the name of another.
        self.parameters = [self.fresh(name) for name in capture.parameters]
        for name, arg in zip(self.parameters, capture.args, strict=True):
            if isinstance(arg, (Value, TracedGenerator)):
                self._of[graph.of(arg)] = name
        given = {graph.of(node): name for node, name in graph.trace.names.items()}
        for arg in capture.args:
            self._name_leaves(graph, arg, given)
        for step in graph.steps:
            if step.captured is not None:
                self._of[step] = self.fresh(
                    identifier(step.captured.name or "") or "C1", outside=True
                )
        if not beside:
            self._taken.remove(program)  # a variable inside of it may be called like it
        self._result = graph.outputs[0] if graph.outputs else None
        primals: dict[Any, list[Step]] = {}
        for ct, node in graph.trace.cotangents:
            primal, made = graph.of(node), graph.of(ct)
            # Neither a constant, nor what the outputs do not need.
            if isinstance(primal, Step) and isinstance(made, Step):
                primals.setdefault(made, []).append(primal)
        # What is returned for an argument is its `d_x`, before what only goes into that.
        returned = [out for out in graph.outputs if isinstance(out, Step)]
        gradients = [
            out for out in returned if any(p.primitive is None for p in primals.get(out, []))
        ]
        forward = [step for step in graph.steps if not step.backward]
        for step in (*forward, *gradients, *graph.steps):
            if step not in self._of:
                self._name(step, given, primals.get(step, []))

    def _name_leaves(self, graph: StepGraph, arg: Any, given: dict[Any, str]) -> None:
        """The user's own names for what is in a list or dict, if each has one."""
        steps = [graph.of(o) for o in leaves(arg) if isinstance(o, (Value, TracedGenerator))]
        own = all(step in given for step in steps)
        for step, leaf in zip(steps, leaves(arg), strict=False):
            if step not in self._of:
                self._of[step] = self.fresh(given[step] if own else leaf.name or "x")

    def _name(self, step: Step, given: dict[Any, str], primals: list[Step]) -> None:
        pulled = [p for p in primals if p in self._of] if step.backward else []
        # The user's own names come first, and those of results before those of arguments.
        pulled.sort(key=lambda p: (p in self.made_up, p.primitive is None))
        if pulled:
            order = self._orders[step.backward]
            self._of[step] = self.fresh(self._language.cotangent(self._of[pulled[0]], order))
            if pulled[0] in self.made_up:
                self.made_up.add(step)
        elif step in given:
            self._of[step] = self.fresh(given[step])
        elif step is self._result:
            self._of[step] = self.fresh(self._language.value or self._program)
        elif not step.backward:
            self._of[step] = self.fresh("v1")
            self.made_up.add(step)

    def fresh(self, wanted: str, outside: bool = False) -> str:
        """`wanted` as Python reads it, or with the first number after it that makes it another."""
        wanted = normalized(wanted)
        if self._beside and _is_invented(wanted):
            wanted = f"own_{wanted.strip('_')}"
        name, stem = wanted, wanted.rstrip("0123456789")
        count = self._counts.get(wanted, int(wanted[len(stem) :] or 0))
        while name in self._taken:
            count += 1
            name = f"{stem}{count}"
        self._counts[wanted] = count
        self._taken.add(name)
        if outside:
            self.outside.add(name)
        return name

    def rename(self, step: Step, name: str) -> None:
        """Call a step what another is called, which is the same."""
        self._of[step] = name

    def known(self, step: Step) -> bool:
        """Whether a step has a name yet."""
        return step in self._of

    def __getitem__(self, step: Any) -> str:
        if step not in self._of:
            self._of[step] = self.fresh("t1")
        return self._of[step]
