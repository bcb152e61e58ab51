"""Ties: the derivative of a decomposition where two of its values are equal, or nearly so.

What is pulled back from eigenvectors is a sum of quotients: a numerator, which is how the loss
grows as two of the vectors turn into each other, over the gap between their values. At a tie the
vectors are any basis of a plane. A loss that does not depend on which (V f(w) V', a projector on
the whole group, eigvalsh) has a numerator of gap * limit, with a smooth limit; what is left of it
in floating point is 0 / 0, or the quotient of two roundings.

The limit is the slope of the numerator by the gap. It is not in the cotangent, but in how that
changes with the output: since second derivatives are symmetric, the slopes of all numerators by
a value w[k] are the numerators of what the cotangent of w[k] pulls back to the vectors. So a rule
that meets a tie on plain data raises `GraphWantedError`, the walk is done again recorded, and one
more pass for each tied value gives the limit. Those are recorded, too: so it is differentiated.

It is the limit if the numerator is gap * limit to rounding, and so again in another basis of the
tied vectors (in the given one that may be by chance: LAPACK's basis for the identity is the axes).
Where it is not, the quotient itself is right if the gap is more than rounding. Else there is no
derivative: NaN, and a warning that names the tie. A program cannot go back over what it computed:
its quotient is NaN at a tie, and where the function is at hand that is called instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..graph.modes import current_mode
from ..graph.node import data_of, new_node, operands_of, parameters_of, shape_of
from ..graph.order import between
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..primitives.apply import apply
from ..primitives.declare import internal, nondifferentiable
from ..primitives.namespaces import helper
from ..primitives.primitive import Primitive
from ..support.frames import warn_user
from .arithmetic import abs
from .choices import where
from .predicates import any as any_of
from .predicates import both
from .shapes import expand_dims
from .zeros import times

# -- what a rule asks of the walk that calls it ----------------------------------------------


class GraphWantedError(Exception):
    """Raised by a rule on plain data that has to know how its cotangent changes."""


class Walk(NamedTuple):
    """A recorded walk: how it pulls back (None for a stack), and the cotangents it was given."""

    pull: Any
    given: list[Value]


_WALK: ContextVar[Walk] = ContextVar("walk")
_TO_VECTORS: ContextVar[Any] = ContextVar(
    "to_vectors", default=None
)  # the output whose values do not matter


@contextmanager
def recorded_by(
    pull: Callable[..., Any] | None, seeds: Sequence[tuple[Value, Any]]
) -> Iterator[None]:
    """Within it, a rule may pull back its cotangent."""
    token = _WALK.set(Walk(pull, [ct for _, ct in seeds if isinstance(ct, Value)]))
    try:
        yield
    finally:
        _WALK.reset(token)


# -- quotients -------------------------------------------------------------------------------


class Quotient(NamedTuple):
    """One sort of quotients in a pull-back, at (i, j): a numerator over row * w[i] + column * w[j].

    `numerator(ct, z)` is linear in the cotangent; where `row` is not 0, the diagonal is left out.
    """

    numerator: Callable[[Any, Any], Any]
    row: int
    column: int
    tie: str  # what it means for the gap to be 0

    def over(self, values: Any) -> Any:
        """The gaps between values."""
        across = self.column * expand_dims(values, -2)
        return across + self.row * expand_dims(values, -1) if self.row else across

    def share(self, one: Any) -> Any:
        """How much of a slope by the gap is that by a value, which is 1 among zeros."""
        return np.where(self.off(one), 0, self.over(one)) / (self.row**2 + self.column**2)

    def off(self, values: Any) -> Any:
        """Which entries are left out."""
        count = shape_of(values)[-1]
        return np.eye(count, dtype=bool) if self.row else np.zeros((1, count), bool)


VALUES = (Ellipsis, 0, slice(None))  # the index of the values in the output of a decomposition


def of_values(ct: Any) -> bool:
    """Whether a recorded cotangent came through the values alone, whatever its numbers are."""
    if not isinstance(ct, Value):
        return False
    if ct.op == "add":
        return all([of_values(part) for part in operands_of(ct)])
    return ct.op == "scatter" and parameters_of(ct)[0] == VALUES


Turn = Callable[[Any, list[Any], np.random.Generator], Any]


def quotients(ct: Any, z: Any, kinds: Sequence[Quotient], turn: Turn) -> list[Any]:
    """The quotients of each kind, at the cotangent of a decomposition z, values in its first row.

    `turn(z, angles, rng)` is the same decomposition with the tied vectors turned into each other,
    by an array of angles for each kind.
    """
    values = z[..., 0, :]
    unit = power_of_two(values)
    values = values / unit
    gaps = [where(kind.off(values), 1.0, kind.over(values)) for kind in kinds]
    close = float(np.sqrt(np.finfo(data_of(values).dtype).eps))
    trace: Any = current_mode().interpreter
    if trace.traces:
        trace.note_ties()
        wanted = any_of(ct != 0, (-1, -2), True)
        found = [
            where(both(abs(gap) <= close, wanted), np.nan, times(kind.numerator(ct, z), 1 / gap))
            for kind, gap in zip(kinds, gaps, strict=True)
        ]
    else:
        near = [np.abs(data_of(gap)) <= close for gap in gaps]
        if any([n.any() for n in near]):
            found = _at_ties(ct, z, kinds, gaps, near, turn, data_of(unit))
        else:
            found = [
                times(kind.numerator(ct, z), 1 / gap) for kind, gap in zip(kinds, gaps, strict=True)
            ]
    return [quotient / expand_dims(unit, -1) for quotient in found]


@helper("power_of_two")
def _power_of_two(x: Any) -> Any:
    largest = np.max(np.abs(x), axis=-1, keepdims=True, initial=0)
    usual = np.isfinite(largest) & (largest > 0)
    exponent = np.where(usual, np.frexp(largest)[1] - 1, 0)
    return np.ldexp(np.ones_like(largest), exponent)


@internal
@nondifferentiable("power_of_two(x)")
def power_of_two(x):
    """The power of two below the largest entry of the last axis: in its unit nothing overflows."""


# -- at a tie --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tie:
    """Where quotients of one kind are limits."""

    kind: Quotient
    near: Any
    unit: Any  # that the values are measured in
    held: list[Any]  # beside the decomposition: cotangents that do not change with it


def _at_ties(
    ct: Any, z: Any, kinds: Sequence[Quotient], gaps: list[Any], near: list[Any], turn: Turn,
    unit: Any,
) -> list[Any]:  # fmt: skip
    """The quotients of each kind, of which those `near` a tie are limits, if there are any."""
    walk = _WALK.get(None)
    if not isinstance(z, Value) or not current_mode().records or not (walk and walk.pull):
        raise GraphWantedError
    held = [z, *walk.given]
    changes = list(_changes(ct, z, _tied_values(kinds, near, z._data.shape), held))
    rng = np.random.default_rng(0)
    other_z = turn(z._data, [n * rng.uniform(0.05, 0.15, n.shape) for n in near], rng)
    other_ct = _evaluated(ct, z, other_z)
    spoiled = np.isnan(data_of(ct)[..., None, 0, :])  # as of the third order
    noise = 64 * z._data.shape[-2] * np.finfo(z._data.dtype).eps
    size = noise * np.abs(data_of(ct)[..., 1:, :]).max((-1, -2), keepdims=True, initial=0)
    found = []
    for kind, gap, n in zip(kinds, gaps, near, strict=True):
        top, limit = kind.numerator(ct, z), _limit(kind, z, unit, changes)
        g, here = data_of(gap), data_of(top)
        slope = np.broadcast_to(data_of(limit), here.shape)
        most = 4 * np.max(np.abs(g), where=n, initial=0) * np.max(np.abs(slope), initial=0)
        there = np.abs(kind.numerator(other_ct, other_z))
        equal = n & (np.abs(g) <= noise)
        rounding = size + noise * equal * np.abs(slope)
        holds = n & (np.abs(here - g * slope) <= rounding) & (there <= rounding + most)
        lost = equal & ~holds
        if np.any(told := (lost & np.isfinite(here)) | (n & spoiled)):
            _warn_of(kind, told, z._data[..., 0, :])
        if isinstance(limit, Value):
            limit = _bent(limit, gap, z, Tie(kind, holds, unit, held))
        plain = times(top, 1 / where(holds | lost, 1.0, gap))
        found.append(where(holds, limit, where(lost, np.nan, plain)))
    return found


def _tied_values(kinds: Sequence[Quotient], near: list[Any], shape: tuple[int, ...]) -> Any:
    """Which values of a decomposition of this shape are in a tie."""
    tied = np.zeros(shape[:-2] + shape[-1:], bool)
    for kind, n in zip(kinds, near, strict=True):
        tied |= n.any(-2) | (n.any(-1) if kind.row else False)
    return tied


def _changes(ct: Any, z: Any, tied: Any, held: list[Any]) -> Iterator[tuple[Any, Any]]:
    """What the cotangent of each tied value pulls back to z, and where that value stands."""
    order = between([ct], held) if isinstance(ct, Value) else []
    for place in np.argwhere(tied) if order else ():
        *matrix, k = place.tolist()
        one = _one_at(ct, (*matrix, 0, k))
        token = _TO_VECTORS.set(z)
        try:
            change = _WALK.get().pull(order, [(ct, one)]).get(z)
        finally:
            _TO_VECTORS.reset(token)
        if change is not None:
            yield change, one[..., 0, :]


def _one_at(like: Any, place: tuple[int, ...]) -> Any:
    one = np.zeros_like(like._data)
    one[place] = 1
    return one


def _limit(kind: Quotient, z: Any, unit: Any, changes: list[tuple[Any, Any]]) -> Any:
    """The slopes of the numerators by their gaps."""
    total: Any = 0.0
    for change, one in changes:
        total = total + kind.numerator(change, z) * (kind.share(one) * unit[..., None])
    return total


def _pulled_along(ct, _, limit, gap, z, tie=None, order=1):
    """A limit, as a function of its gap, too.

    With N the numerator and N1, N2, ... its slopes by the gap d, Taylor's series at the tie, where
    N is 0, says N / d = N1 - d N2 / 2 + ...: of the second term d is 0 but not its slope. It is
    found when it is asked for. The slopes of the third term would be of the third order: NaN.
    """

    def by_gap() -> Any:
        if z is _TO_VECTORS.get():
            return None
        if order == 2:
            return ct * np.nan
        if not isinstance(z, Value) or not current_mode().records:
            raise GraphWantedError
        along = _along_gap(limit, z, tie)
        return -0.5 * ct * _bent(along, gap, z, tie, 2) if isinstance(along, Value) else None

    return ct if order == 2 else lambda: _bent(ct, gap, z, tie, 2), by_gap, None


# It has no name in the registry: no program has it, and no user.
_PULLED_ALONG = Primitive(_pulled_along, "where(True, limit, gap)")


def _bent(limit: Any, gap: Any, z: Any, tie: Tie, order: int = 1) -> Any:
    return apply(_PULLED_ALONG, (limit, gap, z), (tie, order))


def _along_gap(limit: Any, z: Any, tie: Tie) -> Any:
    """The slopes of limits by their gaps: for each value, of all limits at once.

    What is pulled back is linear in its cotangent, and its pull-back the derivative forward.
    """
    pull, kind = _WALK.get().pull, tie.kind
    start = new_node(Tensor, np.ones_like(limit._data))
    pulled = pull(between([limit], tie.held), [(limit, start)]).get(z)
    order = between([pulled], [start]) if isinstance(pulled, Value) else []
    total: Any = 0.0
    tied = _tied_values([kind], [tie.near], z._data.shape)
    for place in np.argwhere(tied) if order else ():
        *matrix, k = place.tolist()
        one = _one_at(pulled, (*matrix, 0, k))
        slope = pull(order, [(pulled, one)]).get(start)
        if slope is not None:
            total = total + slope * (kind.share(one[..., 0, :]) * tie.unit[..., None])
    return total


def _evaluated(ct: Any, z: Any, data: Any) -> Any:
    """The data of a node ct if that of the node z behind it were another; NaN if there is none."""
    if not isinstance(ct, Value):
        return ct
    found: dict[Any, Any] = {z: data}
    for node in reversed(between([ct], [z])):
        primitive: Any = node._pullback.primitive
        operands = [found.get(o, o._data) if isinstance(o, Value) else o for o in operands_of(node)]
        arguments = primitive.arguments(operands, parameters_of(node))
        try:
            found[node] = primitive.on_arrays(*arguments)
        except np.linalg.LinAlgError:
            return np.full_like(ct._data, np.nan)
    return found.get(ct, ct._data)


def _warn_of(kind: Quotient, lost: Any, values: Any) -> None:
    """Warn of the first tie that has no derivative."""
    *matrix, i, j = np.argwhere(lost)[0].tolist()
    pair = sorted({i, j}) if kind.row else [j]
    numbers = " and ".join(f"{values[(*matrix, k)]:.6g}" for k in pair)
    places = " and ".join(map(str, pair))
    inside = f" of matrix {tuple(matrix)}" if matrix else ""
    warn_user(
        f"{kind.tie}: {numbers}, number {places}{inside}. What is differentiated depends on which "
        "vectors are taken for them, or is a second derivative: that has none there, it is NaN.\n"
        "Use the values alone, or what is the same for any basis of these vectors, as V f(w) V.T; "
        "or split the tie by a small change of the matrix."
    )
