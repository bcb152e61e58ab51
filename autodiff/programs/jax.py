"""Programs over jax.numpy, run by XLA: for GPUs, and for many machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..graph.node import data_of
from ..graph.value import Value
from ..support.cached import Cached
from ..support.tree import leaves, tree_map, unflatten
from .capture import Capture, checked_arguments
from .kinds import Array, Known, fitting, kind_of
from .program import Program, defined
from .steps import Step
from .text.jax import HOST, JAX
from .tracing.arguments import as_example
from .tracing.standins import TraceError


def the_jax() -> Any:
    """JAX, imported when it is first wanted. Raises ImportError that says how to have it."""
    try:
        import jax
    except ImportError as error:
        raise ImportError(
            'engine="jax" runs programs by JAX, which is not installed here.\n'
            "Install it: pip install 'jax>=0.8'."
        ) from error
    return jax


class JaxProgram(Program):
    """A `Program` whose source is over `jax.numpy`; called, it is compiled by XLA.

    It takes NumPy's arrays and JAX's, on whatever devices and however sharded, and gives JAX's.
    Called here it computes in the precision of its arguments; the source alone does so in 64
    bits where JAX is told to keep them (`jax_enable_x64`). It computes in the dtypes that NumPy
    does; but XLA takes numbers below 2.3e-308 for 0, and (a / b) / c for a / (b * c).
    """

    def __init__(
        self, capture: Capture, name: str, donated: tuple[str, ...] = (),
        as_arguments: bool = False,
    ) -> None:  # fmt: skip
        self._taken = _given_away(capture, donated)
        module = self._written(capture, name, JAX, as_arguments)
        again = capture.careful()
        if not as_arguments:
            self._keep(module, again)
        self._careful_one: JaxProgram | None = None
        if again is not capture:
            self._careful_one = JaxProgram(again, name, as_arguments=as_arguments)
        capture.forget()

    @Cached
    def _jitted(self) -> Callable[..., Any]:
        """The program from two lists of leaves (donated and others) to a list of them."""
        jax, taken, first = the_jax(), self._taken, self._on_leaves()
        second = self._careful_one and self._careful_one._on_leaves()

        def run(donated: list[Any], others: list[Any], *captured: dict[str, Any]) -> Any:
            sources = iter(donated), iter(others)
            given = [next(sources[not mine]) for mine in taken]
            found = first(given, captured[0])
            if not second:
                return found
            # A zero cotangent may have met an infinity: the careful program says what is right.
            odd = [jax.numpy.isnan(leaf).any() for leaf in found]
            return jax.lax.cond(
                jax.numpy.array(odd).any(), lambda: second(given, captured[1]), lambda: found
            )

        return jax.jit(run, donate_argnums=0)  # type: ignore[no-any-return]

    def _on_leaves(self) -> Callable[..., Any]:
        """The source's function, from the leaves of its arguments to those of its result."""
        jnp, capture = the_jax().numpy, self._capture
        function, names = defined(self.name, self.source), list(self._captured)

        def run(given: list[Any], captured: dict[str, Any]) -> list[Any]:
            remaining = iter(given)
            args = [
                arg if name in capture.static else tree_map(lambda _: next(remaining), arg)
                for name, arg in zip(capture.parameters, capture.args, strict=True)
            ]
            out = function(*args, **{name: captured[name] for name in names})
            return [jnp.asarray(leaf) for leaf in leaves(out)]

        return run

    def __call__(self, *args: Any) -> Any:
        with _in_full_precision(leaves(args)):  # in which whole numbers are made floats
            given = checked_arguments(self._capture, args, as_jax)
        return self.run(given)

    def run(self, given: list[Any]) -> Any:
        """The result for the leaves of arguments that are known to fit."""
        pairs = list(zip(given, self._taken, strict=True))
        donated, others = [g for g, mine in pairs if mine], [g for g, mine in pairs if not mine]
        captured = [
            {name: as_jax(node, name) for name, node in program._captured.items()}
            for program in (self, self._careful_one)
            if program is not None
        ]
        with _in_full_precision(given):
            found = self._jitted(donated, others, *captured)
        return unflatten(self._capture.out, found)


def _in_full_precision(given: list[Any]) -> AbstractContextManager[Any]:
    """Within it JAX keeps 64 bits, unless a trace of JAX's own around it decides that."""
    jax = the_jax()
    traced = any(isinstance(leaf, jax.core.Tracer) for leaf in given)
    return nullcontext() if traced else jax.enable_x64(True)


def _given_away(capture: Capture, donated: tuple[str, ...]) -> list[bool]:
    """Of each leaf of the arguments, whether its memory is given to a result that fits it."""
    wanted = Counter(kind_of(out.example) for out in capture.graph.outputs if isinstance(out, Step))
    taken = []
    for name, arg in zip(capture.parameters, capture.args, strict=True):
        for kind in [] if name in capture.static else map(kind_of, leaves(arg)):
            taken.append(name in donated and wanted[kind] > 0)
            wanted[kind] -= taken[-1]
    return taken


class JaxArray(Array):
    """An array of JAX's: one of NumPy's, or a node, is first to be made one."""

    def tests(self, new: str, it: str, known: Known) -> list[str]:
        numpys = known.name((np.ndarray, np.generic, Value))
        return [f"not isinstance(({new}), {numpys})", f"{known.name(self.like)}({it})"]


class JaxCall(JaxProgram):
    """The program of one function for one structure, and the shapes and dtypes in it.

    Unlike the program that `derive` prints, it takes Tensors of a closure as arguments, too, so
    that they are read anew at each call.
    """

    def __init__(self, capture: Capture, name: str, donated: tuple[str, ...] = ()) -> None:
        self.fits = fitting(capture.kinds(JaxArray))
        self.captures = bool(capture.graph.captured())
        super().__init__(capture, name, donated, as_arguments=True)

    def __call__(self, *args: Any) -> Any:
        static, names = self._capture.static, self._capture.parameters
        pairs = zip(names, args, strict=True)
        return self.run([leaf for name, arg in pairs if name not in static for leaf in leaves(arg)])


def example_of(leaf: Any) -> Any:
    """A leaf as NumPy's array; zeros for one whose numbers are not at hand."""
    jax = the_jax()
    if isinstance(leaf, jax.Array):
        here = not isinstance(leaf, jax.core.Tracer) and leaf.is_fully_addressable
        return np.asarray(leaf) if here else np.zeros(leaf.shape, leaf.dtype)
    return leaf


def as_jax(leaf: Any, name: str) -> Any:
    """A leaf of an argument as JAX takes it: its own arrays as they are, others copied.

    A copy, since JAX may still read an array when the caller writes into it again.
    """
    jax, leaf = the_jax(), data_of(leaf)
    if isinstance(leaf, jax.Array):
        return leaf
    if isinstance(leaf, np.random.Generator):
        raise TraceError(HOST)
    data = as_example(leaf, name)
    if isinstance(data, float):
        return data
    with jax.enable_x64(True):
        return jax.numpy.asarray(data.copy())
