"""A function, traced on example arguments: its graph, and the structures around it."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from ..graph.tensor import as_array
from ..graph.value import Value, describe, plain, shape_of
from ..support.tree import checked_argnums, leaves, same_structure, tree_map
from ..transforms.grad import value_and_grad
from .simplify import Graph
from .tracing.guards import drawing_nothing, explaining
from .tracing.trace import Trace, TracedGenerator, tracing


class _NoGradientError(Exception):
    """Carries the output of a function that has no gradient."""

    def __init__(self, out: Any) -> None:
        self.out = out


class Recorded:
    """A function traced on example arguments: its inputs and outputs in their structures."""

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any = (),
        careful: bool = False, static: Collection[str] = (), names: list[str] | None = None,
    ) -> None:  # fmt: skip
        self.f, self.trace, self.static = f, Trace(careful), static
        self.parameters = Parameters(f).names(args, by_keyword=False) if names is None else names
        self.argnums = _argnums(argnums, args)
        self.args = [
            self._traced_argument(name, arg, argnums is not None and i in self.argnums)
            for i, (name, arg) in enumerate(zip(self.parameters, args, strict=True))
        ]
        with tracing(self.trace), drawing_nothing(f), explaining(f):
            self.out = self._run(optional=argnums is None)
        self.inputs = [
            leaf
            for name, arg in zip(self.parameters, self.args, strict=True)
            for leaf in (() if name in static else leaves(arg))
            if isinstance(leaf, Value)
        ]
        for leaf in leaves(self.out) or [self.out]:
            if not isinstance(leaf, (Value, np.ndarray, np.generic, float, int)):
                raise TypeError(
                    f"A program computes numbers, but `{name_of(f)}` returned {describe(leaf)}."
                )
        self.graph = Graph(self.trace, self.inputs, leaves(self.out))

    def forget(self) -> None:
        """Let go of all that was computed: of the arguments only shapes and dtypes stay."""
        for node in self.inputs:
            if isinstance(node._data, np.ndarray):
                node._data = np.broadcast_to(np.zeros((), node._data.dtype), node._data.shape)
        self.trace.forget()
        self.out = tree_map(lambda _: 0, self.out)
        del self.graph

    def _run(self, optional: bool) -> Any:
        """The value and the gradients; the value alone where there are none to be had."""
        if not self.argnums:
            return self.f(*self.args)

        def noted(*args: Any) -> Any:
            out = self.f(*args)
            if optional and (isinstance(out, (list, tuple, dict)) or shape_of(out)):
                raise _NoGradientError(out)
            return out

        noted.__name__ = name_of(self.f)
        by = self.argnums[0] if len(self.argnums) == 1 else self.argnums
        try:
            return value_and_grad(noted, by)(*self.args)
        except _NoGradientError as found:
            self.argnums = ()
            return found.out

    def _traced_argument(self, name: str, arg: Any, differentiated: bool) -> Any:
        if name in self.static:
            return arg
        names = _leaf_names(name, arg)
        return tree_map(lambda leaf: self._traced(next(names), leaf, differentiated), arg)

    def _traced(self, name: str, leaf: Any, differentiated: bool) -> Any:
        if isinstance(leaf, np.random.Generator):
            return TracedGenerator(self.trace, name, leaf)
        return self.trace.leaf(as_example(leaf, name, differentiated), name)


def as_example(leaf: Any, name: str, promote: bool) -> Any:
    """A leaf of an argument as an engine's float or array; itself where it is one."""
    leaf = plain(leaf)
    if isinstance(leaf, np.ndarray):
        array = as_array(leaf, copy=False, promote=promote)
        usual = np.dtype(array.dtype.name)  # of which there is one object, to be known again by
        return array if array.dtype is usual else array.view(usual)
    if isinstance(leaf, np.random.Generator):
        return leaf
    if isinstance(leaf, (float, int, np.number)):
        return float(leaf)
    raise TypeError(
        f"An argument of a traced function is numbers, arrays, or lists, tuples and dicts of "
        f"them, but in `{name}` is {describe(leaf)}.\n"
        "Fix it beforehand, as in `lambda x: f(x, option)`, or use `compile(f, static=...)`."
    )


def _argnums(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments to differentiate by; None stands for all that hold floats."""
    if argnums is None:
        return tuple(i for i, arg in enumerate(args) if any(map(_is_float, leaves(arg))))
    return checked_argnums(argnums, args)


def _is_float(leaf: Any) -> bool:
    leaf = plain(leaf)
    return isinstance(leaf, (float, int)) or getattr(leaf, "dtype", np.dtype(int)).kind == "f"


def name_of(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() and not keyword.iskeyword(name) else "f"


def is_hashable(thing: Any) -> bool:
    """Whether a value can be told from others, and does not change."""
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _signature_of(f: Callable[..., Any]) -> inspect.Signature:
    """What f takes; of a ufunc the operands alone, as `out` and the like are not of a Tensor."""
    if isinstance(f, np.ufunc):
        kind = inspect.Parameter.POSITIONAL_ONLY
        names = ["x"] if f.nin == 1 else [f"x{i + 1}" for i in range(f.nin)]
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return inspect.signature(f)


class Parameters:
    """What a function calls its arguments, and these in one order, those by keyword last."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        try:
            self._signature = _signature_of(f)
        except (TypeError, ValueError):  # a function that is not written in Python
            anything = inspect.Parameter("x", inspect.Parameter.VAR_POSITIONAL)
            self._signature = inspect.Signature([anything])
        kinds: dict[Any, list[str]] = {}
        for name, parameter in self._signature.parameters.items():
            kinds.setdefault(parameter.kind, []).append(name)
        self._several = kinds.get(inspect.Parameter.VAR_POSITIONAL, [""])[0]
        self._by_keyword = kinds.get(inspect.Parameter.KEYWORD_ONLY, [])
        self._others = kinds.get(inspect.Parameter.VAR_KEYWORD, [])
        self._last = len(self._by_keyword) + len(self._others)
        self.by_position = self._from_order() if self._last else f
        # How many arguments are in order as they come; -1 if none need be.
        self.arity = -1 if self._several or self._last else len(self._signature.parameters)

    def _from_order(self) -> Callable[..., Any]:
        """The function, called with all of its arguments in order."""

        def call(*args: Any) -> Any:
            first = len(args) - self._last
            last = dict(zip((*self._by_keyword, *self._others), args[first:], strict=True))
            others = last.pop(self._others[0]) if self._others else {}
            return self.f(*args[:first], **last, **others)

        call.__name__ = name_of(self.f)
        return call

    def check(self, *options: tuple[str, ...]) -> None:
        """Raises ValueError where an option names no parameter."""
        for name in (name for option in options for name in option):
            if name not in self._signature.parameters:
                raise ValueError(
                    "`static` and `donate` name parameters of the function, which has "
                    f"{', '.join(self._signature.parameters)}, but not {name!r}."
                )

    def in_order(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call with its defaults. Raises TypeError as the call would."""
        try:
            bound = self._signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"`{name_of(self.f)}()`: {error}") from None
        bound.apply_defaults()
        last = [bound.arguments[name] for name in (*self._by_keyword, *self._others)]
        return (*bound.args, *last)

    def is_default(self, name: str, arg: Any) -> bool:
        """Whether an argument is what the function itself says where none is given.

        Such a one is fixed, as in Python's own code, unless it is an array or can change.
        """
        parameter = self._signature.parameters.get(name)
        return parameter is not None and arg is parameter.default and is_hashable(arg)

    def names(self, args: tuple[Any, ...], by_keyword: bool = True) -> list[str]:
        """A name for each of the arguments in order, those by keyword among them or not."""
        last = [*self._by_keyword, *self._others] if by_keyword else []
        first = len(args) - len(last)
        try:
            bound = self._signature.bind_partial(*args[:first])
        except TypeError:
            raise TypeError(
                f"`{name_of(self.f)}` takes {', '.join(self._signature.parameters)}, but was given "
                f"{first} arguments."
            ) from None
        names = [
            each
            for name, given in bound.arguments.items()
            for each in (
                [f"{name}{i}" for i in range(len(given))] if name == self._several else [name]
            )
        ]
        return [*names, *last]


def _leaf_names(name: str, tree: Any) -> Iterator[str]:
    """`w0`, `w1` for the list `w`; a dict's own keys."""
    if isinstance(tree, (list, tuple)):
        for i, branch in enumerate(tree):
            yield from _leaf_names(f"{name}{'_' * name[-1].isdigit()}{i}", branch)
    elif isinstance(tree, dict):
        for key, branch in tree.items():
            own = isinstance(key, str) and key.isidentifier()
            yield from _leaf_names(key if own else f"{name}_{len(str(key))}", branch)
    elif tree is not None:
        yield name


def checked_arguments(
    recorded: Recorded, args: tuple[Any, ...], converted: Callable[..., Any] = as_example
) -> list[Any]:
    """The leaves of `args` as the program takes them, each `converted(leaf, name, promote)`.

    Raises TypeError for another structure, ValueError for another shape or dtype.
    """
    name = name_of(recorded.f)
    if len(args) != len(recorded.args):
        raise TypeError(
            f"`{name}` was derived for {len(recorded.args)} arguments, not {len(args)}."
        )
    found: list[Any] = []
    for parameter, given, traced in zip(recorded.parameters, args, recorded.args, strict=True):
        if parameter in recorded.static:
            found += leaves(given)
            continue
        if not same_structure(given, traced):
            raise TypeError(
                f"`{name}` was derived for `{parameter}` of another structure: it now is "
                f"{describe(given)}.\nDerive it again with such arguments."
            )
        for leaf, node in zip(leaves(given), leaves(traced), strict=True):
            found.append(_checked_leaf(leaf, node, converted))
    return found


def _checked_leaf(leaf: Any, node: Any, converted: Callable[..., Any]) -> Any:
    if isinstance(node, TracedGenerator):
        return leaf
    data = converted(leaf, node.name, False)
    expected = node._data
    if isinstance(data, float):
        data = data if isinstance(expected, float) else np.asarray(data)
    elif not isinstance(expected, float):
        if data.dtype.kind in "biu" and expected.dtype.kind == "f":
            data = data.astype(expected.dtype)
    elif isinstance(data, np.ndarray) and data.ndim == 0:
        data = float(data)
    if np.shape(data) != np.shape(expected) or (
        isinstance(expected, np.ndarray) and data.dtype != expected.dtype
    ):
        raise ValueError(
            f"This program was derived for `{node.name}` as {describe(expected)}, but it is "
            f"{describe(leaf)}.\nDerive it again with such an argument, or use `compile`, "
            "which does so by itself."
        )
    return data
