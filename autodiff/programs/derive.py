"""derive: the derivative of a function as a program."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from ..graph.messages import checked_function
from ..support.identifiers import identifier
from .capture import Capture
from .javascript import JavaScriptProgram
from .jax import JaxProgram
from .latex import LatexProgram
from .program import Program
from .text.javascript import JAVASCRIPT
from .text.jax import JAX
from .text.language import Language
from .text.latex import latex
from .text.names import program_name, reserved
from .text.numpy import NUMPY
from .tracing.arguments import hold_floats

# What runs a program, by name: its language, and the kind of program. JavaScript runs elsewhere,
# and LaTeX is read.
ENGINES: dict[str, tuple[Language, type[Program]]] = {
    "numpy": (NUMPY, Program),
    "javascript": (JAVASCRIPT, JavaScriptProgram),
    "latex": (latex(), LatexProgram),
    "jax": (JAX, JaxProgram),
}


def derive(
    f: Callable[..., Any], *example_args: Any, argnums: int | tuple[int, ...] | None = None,
    name: str | None = None, engine: str = "numpy",
) -> Program:  # fmt: skip
    """The derivative of f as a program that can be read, run and saved: a `Program`.

    f is traced once on the example arguments, whose shapes and dtypes the program is for;
    `argnums` are the arguments to differentiate by, none for `()`. If not given, these are all
    that hold floats, or where there are none, whole numbers that f can take as floats. Where f
    gives one number, the program gives its value and the gradient (a tuple for several
    arguments); else its value, as for `derive(grad(f), x)`. With engine="jax" the same program
    is over `jax.numpy`; with engine="javascript" it is one of numbers alone, for a browser, and
    with engine="latex" it is mathematics, for people.

    What f has from around it (numbers, arrays, Tensors) is a constant of the program, as it was
    when f was traced; side effects happen then, and a random generator is an argument. Raises
    TraceError where f decides something by the value of an argument or draws from a generator
    around it.

    >>> from autodiff import sigmoid
    >>> def neuron(w, x, b):
    ...     dot = w * x + b
    ...     return sigmoid(dot)
    >>> program = derive(neuron, 2.0, -1.0, 0.5)
    >>> print(program.source[program.source.index("def") :])
    def neuron(w, x, b):
        # forward
        v1 = w * x
        dot = v1 + b
        value = 1 / (1 + math.exp(-dot))
    <BLANKLINE>
        # backward
        d_dot = value / (1 + math.exp(dot))
        d_w = d_dot * x
        d_x = d_dot * w
    <BLANKLINE>
        return value, (d_w, d_x, d_dot)
    <BLANKLINE>
    >>> value, gradients = program(2.0, -1.0, 0.5)
    """
    checked_function(f, "derive")
    language, kind = ENGINES[checked_engine(engine)]
    name = program_name(f, language) if name is None else _checked_name(name, language)
    return kind(_captured(f, example_args, argnums), name)


def _captured(f: Callable[..., Any], args: tuple[Any, ...], argnums: Any) -> Capture:
    """The capture of f, which is taken for one of floats where it is only given whole numbers."""
    if argnums is None and not hold_floats(args):
        with suppress(TypeError, IndexError):  # of what needs whole numbers, as an index does
            capture = Capture(f, args, argnums)
            if capture.argnums:
                return capture
        argnums = ()
    return Capture(f, args, argnums)


def checked_engine(engine: str, known: Collection[str] = tuple(ENGINES)) -> str:
    """The name of an engine. Raises ValueError for one that is not among those that are known."""
    if engine not in known:
        known = " or ".join(f'engine="{name}"' for name in known)
        raise ValueError(f"Programs run by {known}, but this is {engine!r}.")
    return engine


def _checked_name(name: str, language: Language) -> str:
    known = identifier(name) if isinstance(name, str) else None
    if known is None:
        raise ValueError(
            f"A program's name is the name of its function, but {name!r} is no Python name."
        )
    if known in reserved(language):
        raise ValueError(f"Programs use the name `{known}` themselves.\nChoose another `name`.")
    return known
