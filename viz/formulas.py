"""latex: the expression behind a node, and its gradient, as mathematics."""

from __future__ import annotations

from typing import Any

from autodiff import Value, derive
from autodiff.extend import describe, topological

from .interactive.program import MOST_NODES, derived
from .written import Written


class Formula(Written):
    """LaTeX, which a notebook shows as mathematics. `save` writes it as a formula for a paper."""

    def _repr_latex_(self) -> str:
        return f"$$\n{self}\n$$"


def latex(f: Any, *args: Any) -> Formula:
    r"""The expression behind a node and its gradient, in LaTeX (with amsmath).

    It is a text, which prints itself, and which a notebook shows as mathematics. The value comes
    first, then its derivative by each leaf, by the chain rule: what is used more than once, or has
    a name of yours, has a line of its own. f may be a function, too, of the `args` that follow.

    Raises TypeError for what is no Value, Tensor or function, TraceError where something cannot be
    written, as a random number, and ValueError for a graph of more than 500 nodes.

    >>> from autodiff import Value, sigmoid
    >>> w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    >>> latex(sigmoid(w * x))
    \begin{aligned}
    v_{1} &= w \, x \\
    f &= \frac{1}{1 + e^{-v_{1}}} \\
    \frac{\partial f}{\partial v_{1}} &= \frac{f}{1 + e^{v_{1}}} \\
    \frac{\partial f}{\partial w} &= \frac{\partial f}{\partial v_{1}} \, x \\
    \frac{\partial f}{\partial x} &= \frac{\partial f}{\partial v_{1}} \, w
    \end{aligned}
    """
    if isinstance(f, Value) and not args:
        return Formula(mathematics(f).source.strip())
    if isinstance(f, Value) or not callable(f):
        raise TypeError(
            f"`latex` takes a Value or Tensor alone, or a function and its arguments, but this is "
            f"{describe(f)} and {len(args)} arguments."
        )
    return Formula(derive(f, *args, engine="latex").source.strip())


def mathematics(f: Value) -> Any:
    """The program in LaTeX of the expression behind a node; ValueError where that is too large."""
    nodes = list(topological(f))
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"A formula is of at most {MOST_NODES} nodes, but this graph has {len(nodes)}.\n"
            "Write an inner node, or draw it: `viz.draw` shows what is repeated once."
        )
    return derived(nodes, engine="latex")
