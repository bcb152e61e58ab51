"""A function's arguments as one vector, through which the oracles move, and its outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of
from ..operations import reductions
from ..support.tree import (
    checked_argnums,
    leaves,
    leaves_in_order_of,
    same_structure,
    unflatten,
)  # fmt: skip
from ..transforms.forward import jvp
from ..transforms.grad import grad, vjp

Vector = np.ndarray[Any, np.dtype[Any]]


class Place(NamedTuple):
    """Where one number stands: in which argument, on which path in it, at which index."""

    argument: int
    path: str
    entry: tuple[int, ...]

    def __str__(self) -> str:
        entry = f", entry {list(self.entry)}" if self.entry else ""
        return f"argument {self.argument}{self.path}{entry}"


class Leaf(NamedTuple):
    """A number or array among the arguments, and where its entries stand in the vector."""

    argument: int
    path: str
    data: Any
    start: int

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.data)

    @property
    def entries(self) -> slice:
        return slice(self.start, self.start + int(np.size(self.data)))

    def filled(self, vector: Vector) -> Any:
        """This leaf with its numbers taken from `vector`: of its own kind and dtype."""
        part = vector[self.entries].reshape(self.shape)
        if part.dtype.kind != "c":
            part = part.astype(dtype_of(self.data))
        if isinstance(self.data, np.ndarray):
            return part
        return part[()] if isinstance(self.data, np.generic) else part.item()


class Point:
    """Arguments of a function, and the vector of those numbers that it is differentiated by.

    `argnums` is as in `grad`; None stands for every argument that holds floats.
    """

    def __init__(self, args: tuple[Any, ...], argnums: int | tuple[int, ...] | None) -> None:
        self.args = tuple(unflatten(arg, map(data_of, leaves(arg))) for arg in args)
        self.single = argnums is not None and not isinstance(argnums, tuple)
        self.numbers = _numbers(self.args, argnums)
        self.by = tuple(self.args[n] for n in self.numbers)
        self.leaves: list[Leaf] = []
        size = 0
        for n in self.numbers:
            for path, data in _paths(self.args[n], ""):
                if np.asarray(data).dtype.kind not in "biuf":
                    raise TypeError(
                        f"A derivative is by real numbers, but argument {n}{path} is "
                        f"{describe(data)}.\nChoose others with `argnums`."
                    )
                self.leaves.append(Leaf(n, path, data, size))
                size += int(np.size(data))
        parts = [np.ravel(np.asarray(leaf.data, np.float64)) for leaf in self.leaves]
        self.vector: Vector = np.concatenate([np.zeros(0), *parts])
        self.eps = max([float(np.finfo(dtype_of(leaf.data)).eps) for leaf in self.leaves] or [0.0])

    def targets(self, vector: Vector) -> tuple[Any, ...]:
        """The arguments that are differentiated by, at `vector`."""
        return tuple(unflatten(self.by, [leaf.filled(vector) for leaf in self.leaves]))

    def with_targets(self, targets: tuple[Any, ...]) -> list[Any]:
        """All arguments, with `targets` in the places of those that are differentiated by."""
        given = list(self.args)
        for n, target in zip(self.numbers, targets, strict=True):
            given[n] = target
        return given

    def structured(self, vector: Vector) -> Any:
        """Numbers in the structure of what is differentiated by: floats and float64 arrays."""
        parts = [vector[leaf.entries].reshape(leaf.shape) for leaf in self.leaves]
        tree = unflatten(self.by, [p if p.ndim else p.item() for p in parts])
        return tree[0] if self.single else tree

    def place(self, entry: int) -> Place:
        """Where entry `entry` of the vector stands."""
        leaf = next(x for x in self.leaves if x.entries.start <= entry < x.entries.stop)
        index = np.unravel_index(entry - leaf.start, leaf.shape)
        return Place(leaf.argument, leaf.path, tuple(int(i) for i in index))

    @property
    def scales(self) -> Vector:
        """How far each entry is moved, at most, in units of a step: its size, at least 1."""
        return np.maximum(np.abs(self.vector), 1.0)


def dtype_of(data: Any) -> np.dtype[Any]:
    """The float dtype in which a leaf is differentiated: its own, float64 for integers."""
    dtype = np.asarray(data).dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _numbers(args: tuple[Any, ...], argnums: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if argnums is None:
        found = tuple(
            n
            for n, arg in enumerate(args)
            if leaves(arg) and all(np.asarray(leaf).dtype.kind == "f" for leaf in leaves(arg))
        )
        if not found:
            raise ValueError(
                f"A derivative is by floats, but none of the {len(args)} arguments holds them.\n"
                "Write 2.0 for 2, or say which argument it is by with `argnums`."
            )
        return found
    return checked_argnums(argnums, args)


def _paths(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each leaf with its path, as `['W'][1]`, in the order of `leaves`."""
    if isinstance(tree, (list, tuple)):
        for i, branch in enumerate(tree):
            yield from _paths(branch, f"{path}[{i}]")
    elif isinstance(tree, dict):
        for key, branch in tree.items():
            yield from _paths(branch, f"{path}[{key!r}]")
    elif tree is not None:
        yield path, tree


def flattened(tree: Any) -> Vector:
    """All numbers of a tree, in order, as one vector: float64, or complex where one is."""
    parts = [np.ravel(np.asarray(data_of(leaf))) for leaf in leaves(tree)]
    if not parts:
        return np.zeros(0)
    vector = np.concatenate(parts)
    return vector if vector.dtype.kind == "c" else vector.astype(np.float64)


class Problem:
    """A function at a point: its outputs as a vector, and what the engine says of them.

    `gradient` or `backward`, where one is given, is what f's author says instead of the engine.
    """

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any = None,
        keywords: Mapping[str, Any] | None = None, has_aux: bool = False,
        gradient: Callable[..., Any] | None = None, backward: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        self.f, self.gradient, self.backward, self.has_aux = f, gradient, backward, has_aux
        self.keywords = dict(keywords or {})
        self.point = Point(args, argnums)
        self.out = self.targeted(*self.point.targets(self.point.vector))
        self.value = flattened(self.out)
        kinds = [np.asarray(data_of(leaf)).dtype for leaf in leaves(self.out)]
        for kind in kinds:
            if kind.kind not in "biuf":
                raise TypeError(
                    f"A function to differentiate returns numbers, but {self.name} returned "
                    f"{describe(self.out)}.\nReturn more than the output with has_aux=True."
                )
        floats = [float(np.finfo(kind).eps) for kind in kinds if kind.kind == "f"]
        self.eps = max([self.point.eps, float(np.finfo(np.float64).eps), *floats])

    @property
    def name(self) -> str:
        """What messages call the function."""
        return f"`{getattr(self.f, '__name__', 'f')}`"

    def targeted(self, *targets: Any) -> Any:
        """f as a function of just what it is differentiated by."""
        out = self.f(*self.point.with_targets(targets), **self.keywords)
        return out[0] if self.has_aux else out

    def outputs(self, vector: Vector) -> Vector:
        """The outputs at another point; NaN where f cannot be computed there."""
        try:
            with np.errstate(all="ignore"):
                out = flattened(self.targeted(*self.point.targets(vector)))
                return np.where(out.imag == 0, out.real, np.nan)  # (-1.0) ** 0.5 is complex
        except (ArithmeticError, ValueError):
            return np.full(self.value.shape, np.nan)

    def pull(self, weights: Vector, at: Vector | None = None) -> list[Any]:
        """The leaves of the gradient of <weights, outputs>, as they were given, here or `at`."""
        targets = self.point.targets(self.point.vector if at is None else at)
        given = self.point.with_targets(targets)
        if self.gradient is not None:
            return self._by_hand(self.gradient(*given, **self.keywords))
        if self.backward is not None:
            ct = unflatten_like(self.out, weights)
            return self._by_hand(self.backward(ct, *given, **self.keywords))
        pull = vjp(self.targeted, *targets)[1]
        return [data_of(leaf) for leaf in leaves(pull(unflatten_like(self.out, weights)))]

    def _by_hand(self, found: Any) -> list[Any]:
        """The leaves of a gradient that f's author has written."""
        like = self.point.by
        if len(like) == 1 and (self.point.single or not same_structure(found, like)):
            found = (found,)
        if not same_structure(found, like):
            raise TypeError(
                f"A gradient has the structure of the arguments {self.point.numbers}, but "
                f"this one is {describe(found)}.\nReturn one part for each, in a tuple."
            )
        return [data_of(leaf) for leaf in leaves_in_order_of(found, like)]

    @property
    def by_hand(self) -> bool:
        """Whether f may be any function at all: its author says the gradient."""
        return self.gradient is not None or self.backward is not None

    def push(self, direction: Vector, at: Vector | None = None) -> Vector:
        """The tangent of the outputs, as the point (this, or `at`) moves along `direction`."""
        targets = self.point.targets(self.point.vector if at is None else at)
        return flattened(jvp(self.targeted, targets, self.point.targets(direction))[1])

    def scalar(self, weights: Vector) -> Callable[..., Any]:
        """<weights, outputs> as a function of the targets, in the engine's own operations."""
        return lambda *targets: dot(self.targeted(*targets), weights)

    def slope(self, scalar: Callable[..., Any]) -> Callable[..., Any]:
        """The gradient of a scalar function of the targets."""
        return grad(scalar, tuple(range(len(self.point.by))))


def dot(tree: Any, weights: Vector) -> Any:
    """The sum of a tree's numbers times `weights`, in the engine's own operations."""
    found: Any = 0.0
    for leaf, part in _parts(tree, weights):
        found = found + (reductions.sum(leaf * part) if part.ndim else leaf * part.item())
    return found


def unflatten_like(tree: Any, vector: Vector) -> Any:
    """The numbers of a vector in the structure of `tree`, each leaf in its dtype."""
    parts = _parts(tree, vector)
    arrays = (p if isinstance(data_of(leaf), np.ndarray) else p.item() for leaf, p in parts)
    return unflatten(tree, arrays)


def _parts(tree: Any, vector: Vector) -> Iterator[tuple[Any, Vector]]:
    """Each leaf of a tree with its part of the vector, in its shape and dtype."""
    start = 0
    for leaf in leaves(tree):
        data = np.asarray(data_of(leaf))
        yield leaf, vector[start : start + data.size].reshape(data.shape).astype(dtype_of(data))
        start += data.size
