"""Functions that run as programs: traced at the first call, kept for calls of the same kind."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..graph.messages import checked_function, describe
from ..graph.modes import in_transform
from ..graph.value import Value
from ..support.notebook import mimebundle
from ..support.tree import leaves, tree_map
from ..support.wrapping import Wrapping
from .buffered.workspace import BufferedProgram
from .cache import Cache
from .capture import Capture
from .derive import checked_engine
from .jax import JaxCall, as_jax, example_of
from .text.jax import JAX
from .text.names import program_name
from .tracing.arguments import as_example
from .tracing.signature import Parameters, is_hashable, name_of


class Compiled(Wrapping):
    """What `compile` makes of a function: called like it, and as fast as hand-written NumPy.

    Called with nodes, or inside of another transform or trace, it is the function itself, which
    records: so gradients go through it.
    `source` is the program that was compiled last.
    """

    _repr_mimebundle_ = mimebundle

    def __init__(
        self, f: Callable[..., Any], static: tuple[str, ...], donate: tuple[str, ...],
        cache_size: int,
    ) -> None:  # fmt: skip
        super().__init__(f, (f, static, donate, cache_size))
        self._f, self._static, self._donate = f, static, donate
        self._parameters = Parameters(f)
        self._arity = self._parameters.arity
        self._parameters.check(static, donate)
        self._programs = Cache(cache_size, self._parameters.places(static))

    @property
    def source(self) -> str:
        """The program that was compiled last. Raises ValueError before the first call."""
        if self._programs.made is None:
            raise ValueError(
                "Nothing is compiled before the first call: its arguments say for what."
            )
        return self._programs.made.source  # type: ignore[no-any-return]

    def cache_clear(self) -> None:
        """Let go of all programs: calls that come are traced anew."""
        self._programs.clear()

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if keywords or len(args) != self._arity:
            args = self._parameters.in_order(args, keywords)
        program = self._programs.used
        if program is None or not program.fits(args):
            program = self._programs.find(args)
            if program is None:
                return self._slowly(args)
        if program.captures and in_transform():
            return self._parameters.by_position(*args)
        return program(*args)

    def _slowly(self, args: tuple[Any, ...]) -> Any:
        """A call whose arguments fit no program as they are."""
        if in_transform() or any(isinstance(leaf, Value) for leaf in leaves(args)):
            return self._parameters.by_position(*args)
        names = self._parameters.names(args)
        static = {
            name: arg
            for name, arg in zip(names, args, strict=True)
            if name in self._static or self._parameters.is_default(name, arg)
        }
        _check_hashable(static)
        args = tuple(
            arg if name in static else tree_map(functools.partial(self._leaf, name=name), arg)
            for name, arg in zip(names, args, strict=True)
        )
        program = self._programs.find(args)
        if program is None:
            program = self._program(names, args, static)
            self._programs.add(args, program)
        return program(*args)

    def _leaf(self, leaf: Any, name: str) -> Any:
        """A leaf of an argument, as programs take it."""
        return as_example(leaf, name)

    def _program(self, names: list[str], args: tuple[Any, ...], static: dict[str, Any]) -> Any:
        """The program for arguments like these."""
        capture = Capture(self._parameters.by_position, args, static=static, names=names)
        return BufferedProgram(capture, self._donate)

    def __repr__(self) -> str:
        return f"<compiled {name_of(self._f)}, for {len(self._programs)} kinds of arguments>"


def _check_hashable(static: dict[str, Any]) -> None:
    for name, value in static.items():
        if not is_hashable(value):
            raise TypeError(
                f"A static argument is compared from call to call and must not change meanwhile, "
                f"but `{name}` is {describe(value)}.\nPass a tuple, a number, a text or a function."
            )


class CompiledByJax(Compiled):
    """What `compile` makes of a function with engine="jax": its program, compiled by XLA."""

    def _leaf(self, leaf: Any, name: str) -> Any:
        return as_jax(leaf, name)

    def _program(self, names: list[str], args: tuple[Any, ...], static: dict[str, Any]) -> Any:
        examples = tuple(
            arg if name in static else tree_map(example_of, arg)
            for name, arg in zip(names, args, strict=True)
        )
        f, name = self._parameters.by_position, program_name(self._f, JAX)
        return JaxCall(Capture(f, examples, static=static, names=names), name, self._donate)


def compile(
    f: Callable[..., Any] | None = None,
    *,
    static: str | tuple[str, ...] = (),
    donate: str | tuple[str, ...] = (),
    engine: str = "numpy",
    cache_size: int = 4096,
) -> Any:
    """f as a program that is traced at the first call and runs at the speed of hand-written NumPy.

    A function, a decorator, or with options a maker of decorators. Transforms compose with it:
    `compile(value_and_grad(f))`; a whole training step can be one program. It is traced again
    for arguments of another structure, shape or dtype, or other values of the `static`
    parameters. The programs for the `cache_size` kinds of arguments that were used last are kept,
    and none from before `cache_clear()`, a method of what is returned. What it returns is safe to
    keep, and arguments are not written to. Of those that `donate` names, the memory is used again:
    a result like one is put into an array that was donated a call before and that no one holds any
    more, as in `w = step(w)`, where two arrays take turns and no memory is asked for.

    Tensors of a closure are read anew at each call, arrays and numbers of a closure are
    constants from the first call on; side effects happen when it is traced, and a random
    generator is an argument. Called with nodes, or inside of another transform, the function is
    f itself, and gradients go through it. `source` is the program that was compiled last.
    With engine="jax" the same program is compiled by XLA, and gives JAX's arrays; JAX deletes those
    of its arrays that are donated.
    Raises TraceError where f decides something by the value of an argument or draws from a
    generator around it, ImportError where JAX is wanted and not installed.

    >>> import numpy as np
    >>> from autodiff import value_and_grad
    >>> @compile(donate="w")
    ... def step(w, x, y):
    ...     loss, slope = value_and_grad(lambda w: np.mean((x @ w - y) ** 2))(w)
    ...     return loss, w - 0.1 * slope
    >>> w, x = np.zeros(2), np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> for _ in range(200):
    ...     loss, w = step(w, x, np.array([1.0, 2.0]))
    >>> w.round(3)
    array([1., 1.])
    """
    names = [(o,) if isinstance(o, str) else tuple(o) for o in (static, donate)]
    options: Any = (*names, cache_size)
    kind = CompiledByJax if checked_engine(engine, ("numpy", "jax")) == "jax" else Compiled
    if f is None:
        return lambda function: kind(checked_function(function, "compile"), *options)
    return kind(checked_function(f, "compile"), *options)
