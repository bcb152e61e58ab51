"""`einsum`: sums of products over named axes."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import composite, internal, primitive
from ..primitives.namespaces import helper
from .choices import where
from .indexing import getitem
from .predicates import isfinite, logical_not
from .shapes import expand_dims
from .zeros import zero_may_meet


@helper("einsum_of")
def _einsum_of(operands: Any, subscripts: str) -> Any:
    return np.einsum(subscripts, *operands)


@internal
@primitive("einsum_of(operands, subscripts)")
def einsum_of(ct, z, *operands, subscripts=""):
    """`einsum` of operands whose subscripts are spelled out, with `->`."""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    return tuple(
        _einsum_back(ct, i, terms, output, operands) for i in range(len(operands))
    )  # fmt: skip


def _einsum_back(ct: Any, i: int, terms: list[str], output: str, operands: Any) -> Any:
    def pull() -> Any:
        letters, shape = terms[i], shape_of(operands[i])
        others = [operands[k] for k in range(len(terms)) if k != i]
        given = [terms[k] for k in range(len(terms)) if k != i] + [output]
        # A letter that only this operand has was summed over: its cotangent is repeated along
        # it. A letter twice in one operand is a diagonal: only its entries were used.
        known = "".join(given)
        once = "".join(dict.fromkeys(letters))
        shared = "".join(c for c in once if c in known)
        pulled = _safe_einsum(others, ct, ",".join(given) + "->" + shared)
        gone = tuple(i for i, c in enumerate(once) if c not in shared)
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
        return getitem(pulled, tuple(aligned)) * eye

    return pull


def _safe_einsum(others: list[Any], ct: Any, subscripts: str) -> Any:
    """Their sum of products with ct, of which zeros stop at what is not finite."""
    pulled = einsum_of([*others, ct], subscripts)
    if not any([zero_may_meet(ct, x) for x in others]):
        return pulled
    finite = [isfinite(x) for x in others]
    met: Any = 0.0  # how often a part of ct that is not 0 meets what is not finite
    for k, mask in enumerate(finite):
        marks = [np.ones(shape_of(x)) for x in others]
        marks[k] = logical_not(mask) * 1.0
        met = met + einsum_of([*marks, (ct != 0) * 1.0], subscripts)
    finite_parts = [where(mask, x, 0.0) for mask, x in zip(finite, others, strict=True)]
    return where(met > 0, pulled, einsum_of([*finite_parts, ct], subscripts))


@composite(np.einsum)
def einsum(subscripts: str, *operands: Any, **keywords: Any) -> Any:
    """Einstein's sum over named axes, as `numpy.einsum` in both its forms.

    >>> import autodiff as ad
    >>> ad.einsum("ij,j->i", ad.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0]).data
    array([3., 7.])
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _from_numbers((subscripts, *operands))
    for name in keywords:
        if name not in ("optimize", "out") or keywords[name] not in (None, False, True):
            raise TypeError(f"`einsum` of a Tensor has no argument `{name}`.")
    return einsum_of(operands, _spelled_out(subscripts.replace(" ", ""), operands))


def _from_numbers(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The form with a string, of that with a list of numbers after each operand."""

    def letters(axes: Any) -> str:
        return "".join("..." if a is Ellipsis else string.ascii_letters[a] for a in axes)

    operands = given[: len(given) // 2 * 2 : 2]
    text = ",".join(letters(axes) for axes in given[1::2])
    return (f"{text}->{letters(given[-1])}" if len(given) % 2 else text), operands


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
    terms = [t.replace("...", dots[len(dots) - n :]) for t, n in zip(terms, hidden, strict=True)]
    if not arrow:
        every = "".join(terms)
        output = dots + "".join(
            sorted(c for c in set(every) if every.count(c) == 1 and c not in dots)
        )
    return ",".join(terms) + "->" + output.replace("...", dots)
