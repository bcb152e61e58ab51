"""Functions that run as programs: traced at the first call, kept for calls of the same kind."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .fast import Fast
from .recorded import Recorded, as_example, name_of, parameter_names
from .tree import leaves, tree_map

Function = Callable[..., Any]


class Compiled:
    """What `compile` makes of a function: called like it, and as fast as hand-written NumPy."""

    def __init__(self, f: Function, static: tuple[str, ...], donate: tuple[str, ...]) -> None:
        functools.update_wrapper(self, f)
        self._f, self._static, self._donate = f, static, donate
        self._signature = inspect.signature(f)
        self._arity = len(self._signature.parameters)
        for name in (*static, *donate):
            if name not in self._signature.parameters:
                raise ValueError(
                    f"`static` and `donate` name parameters of the function, which has "
                    f"{', '.join(self._signature.parameters)}, but not {name!r}."
                )
        self._programs: list[Fast] = []

    @property
    def source(self) -> str:
        """The program that ran last. Raises ValueError before the first call."""
        if not self._programs:
            raise ValueError(
                "Nothing is compiled before the first call: its arguments say for what."
            )
        return self._programs[0].source

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if keywords:
            bound = self._signature.bind(*args, **keywords)
            bound.apply_defaults()
            args = bound.args
        elif len(args) < self._arity:
            args = self._with_defaults(args)
        for program in self._programs:
            if program.fits(*args):
                return program(*args)
        return self._slowly(args)

    def _with_defaults(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        bound = self._signature.bind(*args)
        bound.apply_defaults()
        return bound.args

    def _slowly(self, args: tuple[Any, ...]) -> Any:
        """A call whose arguments fit no program as they are."""
        names = parameter_names(self._f, args)
        args = tuple(
            arg
            if name in self._static
            else tree_map(functools.partial(as_example, name=name, promote=False), arg)
            for name, arg in zip(names, args, strict=True)
        )
        for program in self._programs:
            if program.fits(*args):
                return program(*args)
        static = {name: arg for name, arg in zip(names, args, strict=True) if name in self._static}
        given = [a for n, arg in zip(names, args) if n in self._donate for a in leaves(arg)]
        donated = self._donate if all(a.flags.carray for a in given) else ()
        program = Fast(Recorded(self._f, args, static=self._static), donated, static)
        self._programs.insert(0, program)
        return program(*args)

    def __repr__(self) -> str:
        return f"<compiled {name_of(self._f)}, for {len(self._programs)} kinds of arguments>"


def compile(
    f: Function | None = None,
    *,
    static: str | tuple[str, ...] = (),
    donate: str | tuple[str, ...] = (),
) -> Any:
    """f as a program that is traced at the first call and runs at the speed of hand-written NumPy.

    A function, a decorator, or with options a maker of decorators. Transforms compose with it:
    `compile(value_and_grad(f))`; a whole training step can be one program. It is traced again
    for arguments of another structure, shape or dtype, or other values of the `static`
    parameters. What it returns is safe to keep. Arguments are not written to, but for those
    named in `donate`: they are the caller's no longer, and results of their shape are put there.

    Tensors of a closure are read anew at each call, arrays and numbers of a closure are
    constants from the first call on; side effects happen when it is traced, and a random
    generator is an argument. `source` is the program that was compiled last.
    Raises TraceError where f decides something by the value of an argument.

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
    options = [(o,) if isinstance(o, str) else tuple(o) for o in (static, donate)]
    if f is None:
        return lambda function: Compiled(function, *options)
    return Compiled(f, *options)
