"""Operands on which an operation is defined, found by trying, from its registry entry alone.

An operation says by its errors, and by results that are not finite, what it does not take. Only
what static parameters of a name can be, such as `axis`, is written down here.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import shape_of
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..primitives.apply import apply
from ..primitives.primitive import Primitive, operations
from ..primitives.primitive import operation as registered
from ..primitives.pullback import apply_rule
from ..primitives.registry import registry
from .source import call_text

Array = np.ndarray[Any, np.dtype[Any]]

SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (2, 3), (3, 3), (2, 3, 3), (1, 3), (3, 2))
BROADCAST: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((2, 3), (2, 3)),
)  # fmt: skip

# What a static parameter of a name can be, beside its default.
PARAMETERS: dict[str, tuple[Any, ...]] = {
    "alpha": (0.5,),
    "axes": ((1, 0), (2, 0, 1)),
    "axis": (None, 0, -1, (0, -1), (0, 2)),
    "axis1": (0,),
    "axis2": (1,),
    "ddof": (1,),
    "ceil": (True,),
    "decimals": (1,),
    "destination": (0, 1),
    "dilation": (2,),
    "high": (0.8,),
    "index": (
        0, -1, slice(None, None, -2), (Ellipsis, 0), (None, 1), np.array([0, 2, 0]),
        ([0, 1], slice(1, None)), np.array([True, False, True]), (np.array([[0, 1], [1, 1]]), None),
        (slice(1, 3), 0), (Ellipsis, slice(0, 2)),
    ),
    "k": (1, -1),
    "keepdims": (True,),
    "low": (-0.7,),
    "n": (0, 2, 3),
    "padding": (1,),
    "shape": ((-1,), (3, -1), (2, 3, 3), (4,), (4, 2), (3,), 2, 3, (2, 2)),
    "shift": ((1, -1), -1),
    "size": ((1,), (3,), (2, 2)),
    "slope": (0.2,),
    "source": (1,),
    "stride": (1, 2),
    "subscripts": (
        "ij,jk->ik", "i,i->", "ij,j->i", "ii,ij->j", "ij,kj->ik", "aij,ajk->aik", "ij,ij->",
        "ij,i->i", "ij,kl->", "ii,jj->ij",
    ),
    "value": (3.0,),
    "whole": ((4,), (2, 5)),
    "window": ((2,), (3,)),
    "width": (((1, 2),), ((0, 1), (2, 0))),
}  # fmt: skip


# -- domains: what makes any numbers fit, written in operations so that a graph can hold it --


def anything(x: Any) -> Any:
    return x


def positive(x: Any) -> Any:
    return x * x + 0.1


def small(x: Any) -> Any:
    return 0.9 * call("tanh", [x], {})


def between(x: Any) -> Any:
    """Between 0 and 1."""
    return 0.5 + 0.4 * call("tanh", [x], {})


def above_one(x: Any) -> Any:
    return x * x + 1.1


def symmetric(x: Any) -> Any:
    return 0.5 * (x + call("swapaxes", [x], {})) if _square(x) else x


def definite(x: Any) -> Any:
    if not _square(x):
        return x
    return call("matmul", [x, call("swapaxes", [x], {})], {}) + np.eye(shape_of(x)[-1])


DOMAINS = (anything, positive, small, above_one, between, definite)


def _square(x: Any) -> bool:
    shape = shape_of(x)
    return len(shape) > 1 and shape[-1] == shape[-2]


# -- one use of an operation -----------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """An operation with operands and static parameters: call it on other operands of their kind.

    `args` are the operands that are differentiated by; the others (conditions, whole numbers)
    stay. Calling it on `args`, or on nodes in their place, computes the operation; a `symmetric`
    one is that of a symmetric matrix, and takes the symmetric part of what it is given. It
    prints as the source of the call.
    """

    name: str
    operands: tuple[Any, ...]
    params: dict[str, Any]
    symmetric: bool = False

    @property
    def places(self) -> tuple[int, ...]:
        """Which of the operands are floats."""
        return tuple(i for i, o in enumerate(self.operands) if np.asarray(o).dtype.kind == "f")

    @property
    def args(self) -> tuple[Any, ...]:
        """The operands to differentiate by."""
        return tuple(self.operands[i] for i in self.places)

    def with_args(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """All operands, with `args` in the places of those that are floats."""
        given = list(self.operands)
        for place, arg in zip(self.places, args, strict=True):
            given[place] = symmetric(arg) if self.symmetric else arg
        return tuple(given)

    def __call__(self, *args: Any) -> Any:
        return call(self.name, self.with_args(args), self.params)

    def __repr__(self) -> str:
        return call_text(self.name, self.operands, self.params)


def primitive_of(operation: str | Callable[..., Any]) -> Primitive:
    """The registry's entry of an operation, by its name or by its function."""
    found = getattr(operation, "primitive", None)
    if isinstance(found, Primitive):
        return found
    if isinstance(operation, str) and operation in operations():
        return registered(operation)
    raise ValueError(
        f"An operation is one of the registry, but this is {describe(operation)}.\n"
        f"Name one of `autodiff.extend.operations()`{_instead(operation)}, or declare it with "
        "`@primitive`."
    )


def _instead(operation: Any) -> str:
    name = getattr(operation, "__name__", operation)
    found = registry.operations.get(name)
    return f" that `{name}` is written in" if found and found.kind == "composite" else ""


def call(name: str, operands: Sequence[Any], params: dict[str, Any]) -> Any:
    """The operation on operands of any kind, recorded where one is a node."""
    primitive = registered(name)
    return apply(primitive, tuple(operands), tuple({**primitive.defaults, **params}.values()))


def attempt(name: str, operands: Sequence[Any], params: dict[str, Any]) -> Array | None:
    """The result on plain operands, if there is one and it is finite."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # degrees of freedom
            found = np.asarray(call(name, operands, params))
    except (ValueError, IndexError, TypeError, AttributeError):
        return None
    ok = found.size and found.dtype.kind == "f" and np.isfinite(found).all()
    return found if ok else None


# -- the search ------------------------------------------------------------------------------


def arity_of(primitive: Primitive) -> int:
    """How many operands to try: two where there may be any number."""
    return 2 if primitive.variadic else len(primitive.operands)


def parameter_sets(primitive: Primitive) -> list[dict[str, Any]]:
    """What to try for the static parameters: every choice of those whose names are known."""
    known = [name for name in primitive.defaults if name in PARAMETERS]
    choices = [[None, *range(len(PARAMETERS[name]))] for name in known]
    return [
        {n: PARAMETERS[n][i] for n, i in zip(known, chosen, strict=True) if i is not None}
        for chosen in itertools.product(*choices)
    ]


def sample(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """An operand to try: floats, whole numbers below 2 or 3, or conditions."""
    if kind == "f":
        return rng.normal(size=shape)
    count = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
    return count % 2 == 0 if kind == "b" else count % int(kind)


def shape_sets(primitive: Primitive) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The shapes to try."""
    arity = arity_of(primitive)
    if primitive.elementwise and arity == 2:
        yield from BROADCAST
    elif arity > 2:  # those that broadcast, and those of one shape
        for a, b in BROADCAST:
            for rest in itertools.product((a, b), repeat=arity - 2):
                yield (*rest, a, b)
        yield from ((shape,) * arity for shape in SHAPES if shape not in ((), (3,), (2, 3)))
    else:
        yield from itertools.product(SHAPES, repeat=arity)


@functools.lru_cache(maxsize=1024)
def kinds_of(primitive: Primitive) -> tuple[str, ...]:
    """What each operand is: "f" for floats, "b" for conditions, "2" or "3" for indices below it.

    Floats where they can be and the rule gives them a derivative; else whole numbers, which are
    conditions where it only matters whether they are 0.
    """
    arity = arity_of(primitive)
    found = _first_that_computes(primitive, ["f32" for _ in range(arity)])
    if found is None:
        raise ValueError(
            f"No operands were found on which `{primitive.name}` can be computed.\n"
            "Give its static parameters defaults that fit an array, or names that are known: "
            f"{', '.join(sorted(PARAMETERS))}."
        )
    kinds, use = found
    nodes = [Tensor(o) if k == "f" else o for o, k in zip(use.operands, kinds, strict=True)]
    z = call(use.name, nodes, use.params)
    if primitive.elementwise or not isinstance(z, Value) or z._pullback is None:
        return kinds
    cotangents = apply_rule(primitive, np.ones_like(z._data), z._data, use.operands, z)
    fixed = [i for i, part in enumerate(cotangents) if part is None]
    found = _first_that_computes(primitive, ["32f" if i in fixed else "f" for i in range(arity)])
    kinds, use = found or (kinds, use)
    return tuple(
        "b" if kind in "23" and _is_condition(use, i) else kind for i, kind in enumerate(kinds)
    )


def _is_condition(use: Use, i: int) -> bool:
    """Whether it only matters of this operand where it is 0."""
    operands = list(use.operands)
    operands[i] = operands[i] != 0
    found = attempt(use.name, operands, use.params)
    return found is not None and np.array_equal(found, use(*use.args))


def _first_that_computes(
    primitive: Primitive, choices: Sequence[str]
) -> tuple[tuple[str, ...], Use] | None:
    for kinds in itertools.product(*choices):
        for use in _tried(primitive, kinds):
            return kinds, use
    return None


def _tried(primitive: Primitive, kinds: tuple[str, ...]) -> Iterator[Use]:
    """Every use that computes something finite, for each shapes and parameters the first."""
    rng = np.random.default_rng(len(primitive.name))
    for sizes, params in itertools.product(shape_sets(primitive), parameter_sets(primitive)):
        raw = [sample(k, s, rng) for k, s in zip(kinds, sizes, strict=True)]
        for domain in DOMAINS:
            operands = [domain(o) if k == "f" else o for o, k in zip(raw, kinds, strict=True)]
            if attempt(primitive.name, operands, params) is not None:
                yield Use(primitive.name, tuple(operands), params)
                break


@functools.lru_cache(maxsize=1024)
def _all_uses(primitive: Primitive) -> tuple[Use, ...]:
    found = tuple(_tried(primitive, kinds_of(primitive)))
    if not any(_reads_one_triangle(use) for use in found):
        return found
    return tuple(
        Use(u.name, tuple(symmetric(o) for o in u.operands), u.params, True)
        for u in found
        if attempt(u.name, [symmetric(o) for o in u.operands], u.params) is not None
    )


def _reads_one_triangle(use: Use) -> bool:
    """Whether it takes a matrix for symmetric: one triangle is not read, but has a derivative."""
    if len(use.operands) != 1 or not _square(x := use.operands[0]):
        return False
    same = attempt(use.name, [x], use.params)
    changed = attempt(use.name, [x + np.triu(np.ones_like(x), 1)], use.params)
    if same is None or changed is None or not np.array_equal(changed, same):
        return False
    node = Tensor(x)
    call(use.name, [node], use.params).backward(np.ones_like(changed))
    return bool(np.triu(node.grad, 1).any())


def uses(operation: str | Callable[..., Any], most: int | None = None) -> list[Use]:
    """Uses of an operation that can be computed, at most so many.

    First come those that show a shape or a value of a static parameter which none before has.
    Raises ValueError where none is found.
    """
    first: list[Use] = []
    rest: list[Use] = []
    seen: set[str] = set()
    for use in _all_uses(primitive_of(operation)):
        features = {repr(list(map(np.shape, use.operands)))}
        features |= {f"{name}={value!r}" for name, value in use.params.items()}
        (rest if features <= seen else first).append(use)
        seen |= features
    return [*first, *rest][:most]
