"""`einsum`: sums of products over named axes."""

from __future__ import annotations

import math
import operator
import string
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import composite, internal, primitive
from ..primitives.namespaces import helper
from .choices import where
from .indexing import getitem
from .leading import index_behind
from .predicates import isfinite, logical_not
from .shapes import expand_dims
from .zeros import zero_may_meet

# From so many multiplications on, an order of contraction is worth the time to find it, and
# a product of two is worth its way to BLAS.
_WORTH = 20_000


@helper("einsum_of")
def _einsum_of(operands: Any, subscripts: str, optimize: bool) -> Any:
    return np.einsum(subscripts, *operands, optimize=optimize)


@internal
@primitive("einsum_of(operands, subscripts, optimize)")
def einsum_of(ct, z, *operands, subscripts="", optimize=False):
    """`einsum` of operands whose subscripts are spelled out, with `->`."""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    return tuple(
        _einsum_back(ct, i, terms, output, operands) for i in range(len(operands))
    )  # fmt: skip


def _size(subscripts: str, operands: Any) -> int:
    """How many products of numbers there are, if each is of all operands."""
    terms = subscripts.split("->")[0].split(",")
    lengths: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, length in zip(term, shape_of(operand), strict=True):
            lengths[letter] = max(length, lengths.get(letter, 1))
    return math.prod(lengths.values())


def _contracted(operands: list[Any], subscripts: str) -> Any:
    """Their sum of products: two by two, where that takes less time."""
    if len(operands) < 3 or _size(subscripts, operands) < _WORTH:
        return _summed(operands, subscripts)
    return _along(_path(operands, subscripts, "greedy"), operands, subscripts)


def _summed(operands: list[Any], subscripts: str) -> Any:
    """The same in one step."""
    optimize = len(operands) == 2 and _size(subscripts, operands) >= _WORTH
    return einsum_of(operands, subscripts, optimize)


def _path(operands: Any, subscripts: str, optimize: Any) -> list[tuple[int, ...]]:
    """Which operands NumPy contracts at each step; each result comes after those that are left."""
    outlines = [np.broadcast_to(0.0, shape_of(o)) for o in operands]
    _, *steps = np.einsum_path(subscripts, *outlines, optimize=optimize)[0]
    return steps


def _along(path: list[tuple[int, ...]], operands: Any, subscripts: str) -> Any:
    """The sum of products, step by step."""
    inputs, output = subscripts.split("->")
    left = list(zip(inputs.split(","), operands, strict=True))
    for step in path:
        taken = [left.pop(place) for place in sorted(step, reverse=True)]
        wanted = output + "".join(term for term, _ in left)
        terms = ",".join(term for term, _ in taken)
        kept = "".join(c for c in dict.fromkeys(terms) if c in wanted) if left else output
        left.append((kept, _summed([operand for _, operand in taken], f"{terms}->{kept}")))
    return left[0][1]


def _einsum_back(ct: Any, i: int, terms: list[str], output: str, operands: Any) -> Any:
    def pull() -> Any:
        letters, shape = terms[i], shape_of(operands[i])
        count = max(0, len(shape_of(ct)) - len(output))  # of axes in front: see `leading.py`
        free = [c for c in string.ascii_letters if not any(c in term for term in terms)]
        front = "".join(free[:count])
        others = [operands[k] for k in range(len(terms)) if k != i]
        given = [terms[k] for k in range(len(terms)) if k != i] + [front + output]
        # A letter that only this operand has was summed over: its cotangent is repeated along
        # it. A letter twice in one operand is a diagonal: only its entries were used.
        known = "".join(given)
        once = "".join(dict.fromkeys(letters))
        shared = "".join(c for c in once if c in known)
        pulled = _safe_einsum(others, ct, ",".join(given) + "->" + front + shared)
        gone = tuple(count + i for i, c in enumerate(once) if c not in shared)
        pulled = expand_dims(pulled, gone) if gone else pulled
        if once == letters:
            return pulled
        eye = np.ones(())
        for place, c in enumerate(letters):
            first = letters.index(c)
            if first != place:
                grid = np.ogrid[tuple(slice(n) for n in shape)]
                eye = eye * (grid[first] == grid[place])
        aligned = [slice(None) if letters.index(c) == p else None for p, c in enumerate(letters)]
        return getitem(pulled, index_behind(tuple(aligned), count)) * eye

    return pull


def _safe_einsum(others: list[Any], ct: Any, subscripts: str) -> Any:
    """Their sum of products with ct, of which zeros stop at what is not finite."""
    pulled = _contracted([*others, ct], subscripts)
    if not any([zero_may_meet(ct, x) for x in others]):
        return pulled
    finite = [isfinite(x) for x in others]
    met: Any = 0.0  # how often a part of ct that is not 0 meets what is not finite
    for k, mask in enumerate(finite):
        marks = [np.ones(shape_of(x)) for x in others]
        marks[k] = logical_not(mask) * 1.0
        met = met + _contracted([*marks, (ct != 0) * 1.0], subscripts)
    finite_parts = [where(mask, x, 0.0) for mask, x in zip(finite, others, strict=True)]
    return where(met > 0, pulled, _contracted([*finite_parts, ct], subscripts))


@composite(np.einsum)
def einsum(subscripts: str, *operands: Any, optimize: Any = False, **keywords: Any) -> Any:
    """Einstein's sum over named axes, as `numpy.einsum` in both its forms.

    With `optimize`, in the order of NumPy's `einsum_path`, forward and backward.

    >>> import autodiff as ad
    >>> ad.einsum("ij,j->i", ad.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0]).data
    array([3., 7.])
    """
    if not isinstance(subscripts, str):
        if not operands:
            raise ValueError("`einsum` takes subscripts and operands, but was given one argument.")
        subscripts, operands = _from_numbers((subscripts, *operands))
    for name, value in keywords.items():
        if value is not None and name not in ("casting", "order"):
            raise TypeError(f"`einsum` of a Tensor has no argument `{name}`.")
    spelled = _spelled_out(subscripts.replace(" ", ""), operands)
    if optimize is None or optimize is False:
        return einsum_of(operands, spelled)
    return _along(_path(operands, spelled, optimize), operands, spelled)


def _from_numbers(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The form with a string, of that with a list of numbers after each operand."""

    def letter(axis: Any) -> str:
        if axis is Ellipsis:
            return "..."
        axis = operator.index(axis)
        if not 0 <= axis < len(string.ascii_letters):
            raise ValueError(f"`einsum` numbers its axes from 0 to 51, but one is {axis!r}.")
        return string.ascii_letters[axis]

    operands = given[: len(given) // 2 * 2 : 2]
    text = ",".join("".join(map(letter, axes)) for axes in given[1::2])
    return (f"{text}->{''.join(map(letter, given[-1]))}" if len(given) % 2 else text), operands


def _spelled_out(subscripts: str, operands: Any) -> str:
    """Subscripts with the letters that an ellipsis stands for, and with their output."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ValueError(
            f"`einsum` has subscripts for {len(terms)} operands in {subscripts!r}, but was given "
            f"{len(operands)}."
        )
    free = [c for c in string.ascii_letters if c not in subscripts]
    hidden = [
        len(shape_of(o)) - len(t.replace("...", "")) if "..." in t else 0
        for t, o in zip(terms, operands, strict=True)
    ]
    dots = "".join(free[: max(hidden, default=0)])
    if arrow and dots and "..." not in output:
        raise ValueError(
            f"`einsum` keeps the axes of an ellipsis, but {subscripts!r} has none in its output.\n"
            "Write `...` there, or letters in the place of the ellipsis to sum over its axes."
        )
    terms = [t.replace("...", dots[len(dots) - n :]) for t, n in zip(terms, hidden, strict=True)]
    if not arrow:
        every = "".join(terms)
        output = dots + "".join(
            sorted(c for c in set(every) if every.count(c) == 1 and c not in dots)
        )
    return ",".join(terms) + "->" + output.replace("...", dots)
