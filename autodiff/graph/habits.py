"""The words of PyTorch, micrograd and JAX that are not ours: each is answered by our own.

Words that do work (`clone`, `clamp`, `numel`, ...) stand in operations/methods.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

from .messages import describe

# Attributes and methods of their tensors.
ATTRIBUTES = {
    "_backward": "the derivative is declared with the operation, see `elementwise`",
    "_children": "its operands are `.inputs`",
    "_op": "it is `.op` here",
    "_prev": "its operands are `.inputs`",
    "add_": "a node is not written in place; write `x = x + y`",
    "bmm": "it is `a @ b` here",
    "contiguous": "leave it out, since arrays need not be",
    "copy_": "assign `.data` on a leaf; nothing else is written in place",
    "cpu": "leave it out, since arrays are in this machine's memory",
    "cuda": "a program runs on one by `compile(f, engine='jax')`",
    "detach": "it is `stop_gradient(x)`, or `.data` for the plain numbers",
    "detach_": "it is `stop_gradient(x)`, or `.data` for the plain numbers",
    "dim": "it is `.ndim` here",
    "double": "it is `.astype(np.float64)` here",
    "expand": "it is `broadcast_to(x, shape)` here",
    "fill_": "a node is not written in place; assign `.data` on a leaf",
    "float": "it is `.astype(np.float32)` here",
    "gather": "it is `take_along_axis(x, index, axis)` here",
    "grad_fn": "it is `.op` here, None for a leaf",
    "half": "it is `.astype(np.float16)` here",
    "is_leaf": "a leaf is a node whose `.op` is None",
    "masked_fill": "it is `where(mask, value, x)` here",
    "matmul": "it is `a @ b` here",
    "mm": "it is `a @ b` here",
    "mul_": "a node is not written in place; write `x = x * y`",
    "norm": "it is `np.linalg.norm(t)` here",
    "numpy": "`.numpy()` is `.data` here",
    "permute": "`.permute(...)` is `.transpose(...)` here",
    "requires_grad": "every Value and Tensor has a gradient, and a plain array has none",
    "requires_grad_": "every Value and Tensor has a gradient, and a plain array has none",
    "retain_grad": "leave it out, since every node keeps its gradient",
    "sub_": "a node is not written in place; write `x = x - y`",
    "t": "it is `.T` here",
    "to": "it is `.astype(dtype)` here; for a device see `compile(f, engine='jax')`",
    "unsqueeze": "`.unsqueeze(axis)` is `np.expand_dims(t, axis)` here",
    "view": "`.view(...)` is `.reshape(...)` here",
    "zero_": "a node is not written in place; `.zero_grad()` clears its gradient",
}

# Arguments by name.
KEYWORDS = {
    "create_graph": "For a derivative of the gradient, take `grad` of a function.",
    "device": "Arrays are in this machine's memory; see `compile(f, engine='jax')`.",
    "dim": "`dim` is `axis` here.",
    "dims": "`dims` is `axis` here.",
    "dtype": "Convert it before or afterwards: `np.asarray(data, dtype)`, `t.astype(dtype)`.",
    "gradient": "`gradient` is `cotangent` here.",
    "keepdim": "`keepdim` is `keepdims` here.",
    "label": "`label` is `name` here.",
    "requires_grad": "Every Value and Tensor has a gradient: leave `requires_grad` out.",
    "retain_graph": "A graph is kept for as long as its nodes are: leave `retain_graph` out.",
    "_children": "A node is made by its operation; your own is declared by `elementwise`.",
    "_op": "A node is made by its operation; your own is declared by `elementwise`.",
}


# Arguments by place, in which others take what is here known by its name alone.
PLACES: tuple[tuple[Any, str], ...] = (
    ((tuple, set, list), "_children"),
    (bool, "requires_grad"),
    ((type, np.dtype), "dtype"),
)


def advice_on(keywords: Iterable[str]) -> str:
    """What to write for those of these arguments that others know, in lines of a message."""
    advice = dict.fromkeys(KEYWORDS[name] for name in keywords if name in KEYWORDS)
    return "".join(f"\n{line}" for line in advice)


def refuse_keywords(call: str, keywords: Iterable[str]) -> NoReturn:
    """Raise TypeError for arguments by name that `call` does not have."""
    names = ", ".join(f"`{name}=`" for name in keywords)
    raise TypeError(f"This is called as {call}, but it was given {names}.{advice_on(keywords)}")


def refuse_places(call: str, given: tuple[Any, ...]) -> NoReturn:
    """Raise TypeError for arguments after the first, which `call` takes no more of than a name."""
    words = [word for value in given for kinds, word in PLACES if isinstance(value, kinds)]
    raise TypeError(
        f"This is called as {call}, where the name is a string, but it was given "
        f"{', '.join(map(describe, given))}.{advice_on(words)}"
    )


# Of an array that is the data or the gradient of a node: PyTorch's are Tensors themselves.
OF_ARRAYS = {
    "add_": "write `p.data += step`",
    "clamp_": "write `p.grad = np.clip(p.grad, low, high)`",
    "clone": "it is `.copy()` here",
    "copy_": "write `p.data = array`",
    "detach": "leave it out, since this is a plain array",
    "fill_": "write `p.data = array`",
    "mul_": "write `p.data *= factor`",
    "sub_": "write `p.data -= step`",
    "zero_": "it is `p.zero_grad()` here",
}


class NotHere:
    """An attribute of other libraries' tensors: the AttributeError says what to use."""

    __slots__ = ("advice", "name")

    def __init__(self, name: str, advice: str) -> None:
        self.name, self.advice = name, advice

    def __get__(self, node: Any, owner: type) -> NoReturn:
        kind = "node's array" if owner.__name__ == "Held" else owner.__name__
        raise AttributeError(f"A {kind} has no `{self.name}`: {self.advice}.")

    def __set__(self, node: Any, _: Any) -> NoReturn:
        self.__get__(node, type(node))


def answering(module: str, names: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module that answers other libraries' names by what to write here."""

    def refuse(name: str) -> NoReturn:
        text = f"module {module!r} has no attribute {name!r}"
        if name in names:
            text = f"`{module}` has no `{name}` here: {names[name]}."
        raise AttributeError(text, name=name, obj=sys.modules[module])

    return refuse
