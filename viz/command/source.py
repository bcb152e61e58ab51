"""Source: what a command is about, an expression or a function of a file, as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from autodiff import Value


class Source(NamedTuple):
    """A graph; the leaves that were given by name, and the function that it is of their data."""

    root: Value
    leaves: Mapping[str, Value]
    function: Callable[..., Any]
