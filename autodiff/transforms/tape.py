"""What every transform starts from: its level, and the tape of one call of a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ..graph.messages import describe
from ..graph.modes import DEPTH, transforming
from ..graph.node import as_target, data_of, new_node, shape_of
from ..graph.order import between
from ..graph.tensor import Tensor, as_array
from ..graph.value import Value
from ..operations.choices import identity
from ..operations.shapes import cast
from ..support.numbers import as_numpys
from ..support.tree import (
    checked_argnums,
    difference,
    leaves,
    leaves_in_order_of,
    tree_map,
    unflatten,
)  # fmt: skip
from ..support.wrapping import Wrapping
from .backward import pull_back, pull_back_recorded

R = TypeVar("R")


def at_level(body: Callable[..., R], *given: Any) -> R:
    """body(level, *given), inside the transform whose level these arguments ask for."""
    return transforming(body, Level(given), *given)


class Level:
    """One transform at work; they nest. Its answers are nodes if one around it may want them."""

    def __init__(self, args: Any) -> None:
        self.nested = DEPTH.get() > 0 or any(isinstance(a, Value) for a in leaves(args))

    def target(self, where: str, argument: Any) -> Value:
        """A fresh node for an argument, which no other transform's node is taken for."""
        if isinstance(argument, Value):
            floats: Value = as_float(argument)
            return identity(argument) if floats is argument else floats
        argument = as_numpys(argument)
        if isinstance(argument, np.ndarray):
            return as_target(new_node(Tensor, as_array(argument, copy=True, promote=True)))
        try:
            return as_target(Value(argument))
        except TypeError as error:
            raise TypeError(
                f"{where} is what to differentiate by: numbers, arrays, or lists, tuples and dicts "
                f"of them, but in it is {describe(argument)}.\nChoose others with `argnums`."
            ) from error

    def answer(self, found: Any, like: Any) -> Any:
        """A result in the kind of `like`: plain for plain, a node for a node."""
        if not self.nested:
            return found
        if isinstance(like, Value) and not isinstance(found, Value):
            return constant(found, like)
        return found

    def output(self, found: Any) -> Any:
        """What a function returned: the caller's own data, or nodes for a transform around."""
        return found if self.nested else tree_map(_copied, found)

    def pull(
        self,
        order: Sequence[Value],
        seeds: Sequence[tuple[Value, Any]],
        lazy: Collection[Value] = frozenset(),
    ) -> dict[Value, Any]:
        """The cotangents of the nodes of `order`: nodes if a transform around may want them."""
        if not self.nested:
            return pull_back(order, seeds, inner=False)
        with np.errstate(all="ignore"):  # a backward pass does not warn
            return pull_back_recorded(order, seeds, lazy)


def _copied(thing: Any) -> Any:
    data = data_of(thing)
    return data.copy() if isinstance(data, np.ndarray) else data


def as_float(node: Value) -> Any:
    """A node of floats, with what a trace has in whole numbers promoted as plain data is."""
    if isinstance(node, Tensor):
        return node if node.dtype.kind == "f" else cast(node, np.float64)
    return node if type(node._data) is float else node * 1.0


def constant(data: Any, like: Any) -> Value:
    """A leaf of the kind of `like`: NumPy makes scalars of arrays without axes."""
    array = isinstance(data_of(like), np.ndarray)
    return new_node(Tensor, np.asarray(data)) if array else Value(data)


def owned(found: Sequence[Any], held: Iterable[Any]) -> list[Any]:
    """The same with arrays that are the caller's: writable, none twice or a view or one of `held`.

    A rule may hand on the cotangent that it is given, and what it is given is the caller's, too.
    """
    seen, mine = {id(data) for data in held}, []
    for data in found:
        if isinstance(data, np.generic):  # NumPy makes a number of an array without axes
            data = np.asarray(data)
        if isinstance(data, np.ndarray):
            flags = data.flags
            if not (flags.owndata and flags.writeable) or id(data) in seen:
                data = data.copy()
            seen.add(id(data))
        mine.append(data)
    return mine


class Tape:
    """One call of a function on fresh targets, and the nodes from them to its output.

    It is differentiated by the arguments that `argnums` counts, all of them for `...`.
    """

    def __init__(
        self, level: Level, f: Callable[..., Any], args: tuple[Any, ...], has_aux: bool,
        argnums: Any = ..., keywords: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.level, self.f, self.has_aux = level, f, has_aux
        numbers = range(len(args)) if argnums is ... else checked_argnums(argnums, args)
        self.by = tuple(args[n] for n in numbers)
        self.single = argnums is not ... and not isinstance(argnums, tuple)
        given = list(args)
        for n in numbers:
            given[n] = tree_map(functools.partial(level.target, f"Argument {n}"), args[n])
        self.targets: list[Value] = leaves([given[n] for n in numbers])
        self.originals = leaves(self.by)
        self.out = f(*given, **(keywords or {}))
        self.aux = None
        if has_aux:
            if not isinstance(self.out, tuple) or len(self.out) != 2:
                raise TypeError(
                    "With has_aux=True the function returns a pair (output, more), but this one "
                    f"returned {describe(self.out)}."
                )
            self.out, self.aux = self.out
            self.aux = level.output(self.aux)
        for leaf in leaves(self.out) or [self.out]:
            _check_output(f, leaf)
        self.order = between(self.nodes, self.targets)

    @property
    def nodes(self) -> list[Value]:
        return [leaf for leaf in leaves(self.out) if isinstance(leaf, Value)]

    def pull(
        self, cotangents: Sequence[Any], lazy: bool = False, held: Iterable[Any] = ()
    ) -> list[Any]:
        """One cotangent for each target, from one for each leaf of the output.

        With `lazy` they are for pulling back further only, and may be computed when asked for.
        None is one of the arrays `held`.
        """
        pairs = zip(leaves(self.out), cotangents, strict=True)
        seeds = [(node, ct) for node, ct in pairs if isinstance(node, Value)]
        pulled = self.level.pull(self.order, seeds, frozenset(self.targets if lazy else ()))
        found = [or_zeros(pulled.get(target), target) for target in self.targets]
        if not self.level.nested:
            return owned(found, held)
        return [
            self.level.answer(part, original)
            for part, original in zip(found, self.originals, strict=True)
        ]

    def structured(self, found: Sequence[Any]) -> Any:
        """What was found for the targets, in the structure of what was differentiated by."""
        answer = unflatten(self.by, found)
        return answer[0] if self.single else answer

    def scalar(self) -> Any:
        """The output, if it is one number."""
        if isinstance(self.out, (list, tuple, dict)) or shape_of(self.out) not in ((), (1,)):
            shape = describe(self.out) if isinstance(self.out, (list, tuple, dict)) else ""
            raise TypeError(
                "A gradient is of a function whose output is one number, but "
                f"`{getattr(self.f, '__name__', self.f)}` returned "
                f"{shape or f'shape {shape_of(self.out)}'}.\n"
                "Reduce it first, as in `t.sum()`, or use `jacobian` or `vjp`."
            )
        if getattr(data_of(self.out), "dtype", type(self.out)) in (bool, np.bool_):
            raise TypeError(
                f"A gradient is of a number, but `{getattr(self.f, '__name__', self.f)}` returned "
                "a truth value, which no small step changes.\n"
                "Choose between numbers by it, as in `where(condition, a, b)`."
            )
        return self.out


class Transformed(Wrapping):
    """A transform of f: called like f, it gives what `read` finds in the tape of that call."""

    def __init__(
        self, read: Callable[[Tape], Any], f: Callable[..., Any], argnums: Any, has_aux: bool
    ) -> None:
        super().__init__(f, (read, f, argnums, has_aux))
        self._read, self._f, self._argnums, self._has_aux = read, f, argnums, has_aux

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return at_level(self._at, args, keywords)

    def _at(self, level: Level, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        return self._read(Tape(level, self._f, args, self._has_aux, self._argnums, keywords))

    def __repr__(self) -> str:
        what = self._read.__name__.strip("_").replace("_", " ")
        return f"<{what} of {getattr(self._f, '__name__', self._f)}>"


def _check_output(f: Callable[..., Any], leaf: Any) -> None:
    if not isinstance(leaf, (Value, np.ndarray, float, int, np.number, np.bool_)):
        raise TypeError(
            f"A function to differentiate returns numbers, but `{getattr(f, '__name__', f)}` "
            f"returned {describe(leaf)}.\nReturn more than the output with has_aux=True."
        )


def or_zeros(found: Any, target: Value) -> Any:
    """What was found, or zeros of the target's shape and dtype where nothing was."""
    if found is not None:
        return found
    return np.zeros_like(target._data) if isinstance(target, Tensor) else 0.0


def leaves_like(given: Any, like: Any, what: str, whose: str) -> tuple[list[Any], int | None]:
    """The leaves of tangents or cotangents in the order of those of `like`, dicts by their keys.

    The second part is None, or how many rows each is a stack of, along one more axis in front.
    Raises TypeError for another structure than that of `like`, ValueError for another shape.
    """
    differs = difference(given, like)
    if differs is not None:
        path, found, wanted = differs
        raise TypeError(
            f"A {what} has the structure of the {whose}, but `{what}{path}` is {found} where the "
            f"{whose} has {wanted}.\nGive it the same lists, tuples and keys."
        )
    found_leaves = leaves_in_order_of(given, like)
    shapes = [(shape_of(a), shape_of(b)) for a, b in zip(found_leaves, leaves(like), strict=True)]
    fronts = {a[: max(0, len(a) - len(b))] for a, b in shapes}
    front = fronts.pop() if len(fronts) == 1 else ()
    for has, needed in shapes:
        if has != (*front, *needed) or len(front) > 1:
            raise ValueError(
                f"A {what} has the shape of its {whose}, {needed}, or is a stack of such, with as "
                f"many as the others along one more axis in front, but it has {has}."
            )
    return found_leaves, front[0] if front else None


def cast_like(given: Any, like: Any, copy: bool = True) -> Any:
    """A cotangent or tangent as plain data of the kind and dtype of `like`; a node of floats."""
    if isinstance(given, Value):
        return as_float(given)
    data = data_of(like)
    if isinstance(data, np.ndarray) or shape_of(given):  # a stack of cotangents of a number
        given = as_array(given, copy=copy, promote=True)
        dtype = getattr(data, "dtype", np.dtype(float))
        return given.astype(dtype, copy=False) if dtype.kind == "f" else given
    return float(given)


def one_like(out: Any) -> Any:
    """The cotangent 1 of an output: ones in the shape of an array, and its dtype if of floats."""
    data = data_of(out)
    if not isinstance(data, np.ndarray):
        return 1.0
    return np.ones(data.shape, data.dtype if data.dtype.kind == "f" else np.float64)
