"""Function: a loss of plain numbers or arrays, asked as often as a picture needs it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from autodiff import Tensor, Value, no_grad, value_and_grad
from autodiff.extend import data_of, describe, leaves, unflatten

Array = np.ndarray[Any, Any]
_CHECKED = 24  # points at which many at once are compared with one by one


class Function:
    """A function of weights, which it takes as `like` has them; here they are a vector.

    A function of several arguments takes each weight by itself. `labels` says how each weight is
    called in it.

    >>> f = Function(lambda x: x[0] * x[1], np.zeros(2))
    >>> f.labels, f.with_gradient(np.array([2.0, 3.0]))
    (['x[0]', 'x[1]'], (6.0, array([3., 2.])))
    """

    def __init__(self, f: Callable[..., Any], like: Any) -> None:
        if not callable(f):
            raise TypeError(
                f"A descent is drawn on a function of the weights, but this is {describe(f)}.\n"
                "Pass the function first, then the path: `descent(lambda w: w * w, path)`."
            )
        names, spread = _arguments(f)
        sizes = [np.size(leaf) for leaf in leaves(like)]
        count = sum(sizes)
        if spread and len(names) not in (0, count):
            raise ValueError(
                f"A function of several arguments takes each weight by itself, but this one takes "
                f"{len(names)}, and a point of the path has {count}."
            )
        self._f: Callable[[Any], Any] = (lambda point: f(*point)) if spread else f
        self._like = tuple([0.0] * count) if spread else like
        self._shapes = [np.shape(leaf) for leaf in leaves(self._like)]
        self._pulled = value_and_grad(self._f)
        one = names[0] if names else "w"
        self.labels = names if spread and names else list(_labels(self._like, one))

    def __call__(self, x: Array) -> float:
        """The loss at one point."""
        with no_grad(), np.errstate(all="ignore"):
            return float(_number(self._f(self._structured(x, _node))))

    def with_gradient(self, x: Array) -> tuple[float, Array]:
        """The loss at one point, and its gradient there, by autodiff."""
        with np.errstate(all="ignore"):
            value, gradient = self._pulled(self._structured(x, _plain))
        parts = [np.ravel(np.asarray(data_of(part), float)) for part in leaves(gradient)]
        return float(_number(value)), np.concatenate(parts)

    def each(self, points: Array) -> Array:
        """The losses at points, of shape (points, weights)."""
        return np.array([self(x) for x in points])

    def at_once(self, points: Array) -> Array | None:
        """The same by one call, for a function that works so; None for any other."""
        some = np.unique(np.linspace(0, len(points) - 1, _CHECKED).astype(int))
        try:
            with no_grad(), np.errstate(all="ignore"):
                found = self._f(self._columns(points))
            losses = np.asarray(data_of(found), float)
        except (TypeError, ValueError, IndexError, AttributeError):
            return None
        alike = losses.shape == (len(points),) and np.allclose(
            losses[some], self.each(points[some]), rtol=1e-9, atol=0, equal_nan=True
        )
        return losses if alike else None

    def _structured(self, x: Array, made: Callable[[Array], Any]) -> Any:
        return unflatten(self._like, [made(part) for part in self._parts(x)])

    def _columns(self, points: Array) -> Any:
        """Many points as one: each weight is a row of all of them."""
        return unflatten(self._like, [Tensor(part) for part in self._parts(points.T)])

    def _parts(self, x: Array) -> Iterator[Array]:
        """The entries of a vector, or of its many columns, in the shapes of the weights."""
        place = 0
        for shape in self._shapes:
            size = int(np.prod(shape))
            yield np.reshape(x[place : place + size], shape + x.shape[1:])
            place += size


def _plain(part: Array) -> Any:
    return float(part) if part.ndim == 0 else np.array(part)


def _node(part: Array) -> Any:
    return Value(float(part)) if part.ndim == 0 else Tensor(part)


def _number(found: Any) -> Any:
    data = data_of(found)
    is_number = not isinstance(data, (tuple, list)) and np.size(data) == 1
    if not is_number or np.asarray(data).dtype.kind not in "fiu":
        raise TypeError(
            f"A loss is one number, but the function gives {describe(data)}.\n"
            "Reduce it first, as in `t.sum()`."
        )
    return np.reshape(data, ())


def _arguments(f: Callable[..., Any]) -> tuple[list[str], bool]:
    """The names of the arguments that f needs, and whether each is a weight by itself."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # of a function written in C
        return [], False
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in by_place if p.default is p.empty]
    any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return needed or [p.name for p in by_place[:1]], len(needed) > 1 or (any_number and not needed)


def _labels(like: Any, name: str) -> Iterator[str]:
    """How each entry of a structure is called: `x[0]`, `p['bias']`."""
    parts: Any = None
    if isinstance(like, Mapping):
        parts = like.items()
    elif isinstance(like, (list, tuple)):
        parts = enumerate(like)
    if parts is not None:
        for key, part in parts:
            yield from _labels(part, f"{name}[{key!r}]")
    elif np.ndim(like) == 0:
        yield name
    else:
        for place in np.ndindex(np.shape(like)):
            yield f"{name}[{', '.join(map(str, place))}]"
