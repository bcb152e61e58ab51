"""Python source of what the tests draw: calls of operations, arrays, indices."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitives.primitive import operation
from ..support import syntax


def text_of(value: Any) -> str:
    """The source of a number, an array, an index or a dtype; `np` stands for NumPy."""
    if isinstance(value, np.ndarray):
        return ast.unparse(syntax.array_literal(value, lambda name: syntax.dotted(f"np.{name}")))
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(text_of, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, np.generic):
        number = value.item()
        return (
            repr(number)
            if value.dtype in (np.float64, np.bool_)
            else f"np.{value.dtype}({number!r})"
        )
    if isinstance(value, type(...)):
        return "..."
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    return repr(value)


def call_text(name: str, operands: Sequence[Any], params: dict[str, Any]) -> str:
    """The source of a call, as `ad.sum(x, axis=0)` or `x * y`; a string is an operand's name."""
    primitive = operation(name)
    texts = [o if isinstance(o, str) else text_of(o) for o in operands]
    operator = primitive.formula.operator
    if operator is not None and name != "positive":  # which Python has return a node itself
        signed = [f"({t})" if t.startswith("-") else t for t in texts]
        return f"{operator[0]}{signed[0]}" if len(signed) == 1 else f" {operator[0]} ".join(signed)
    given = [f"[{', '.join(texts)}]"] if primitive.variadic else texts
    given += [f"{key}={text_of(value)}" for key, value in params.items()]
    return f"{_function(name)}({', '.join(given)})"


def _function(name: str) -> str:
    """How a call of an operation begins: those of which others are made have no public name."""
    return f"ad.{name}" if operation(name).public else f'operation("{name}").call'
