"""Hypothesis strategies: points, shapes and operands to differentiate at, and whole expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

try:
    from hypothesis import given, reject, settings
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hypothesis_numpy
except ImportError as error:
    raise ImportError(
        "The strategies of `autodiff.testing` draw by hypothesis, which is not installed.\n"
        "Install it: pip install 'hypothesis>=6.100'."
    ) from error

from ..graph.messages import describe
from ..graph.node import data_of
from ..primitives.primitive import operation
from ..support.settings import is_number
from ..support.tree import leaves, unflatten
from .check import check_gradients
from .differences import central
from .expression import Choice, Expression, build, named, well_defined
from .oracles import along, direction
from .problem import Problem
from .report import UncheckableError
from .uses import DOMAINS, Use, attempt, kinds_of, primitive_of, symmetric, uses

Strategy = st.SearchStrategy[Any]


def shapes_that_broadcast(
    n: int, max_dims: int = 3, max_side: int = 3
) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """n shapes that broadcast against each other, axes of length 1 and missing ones included."""
    drawn = hypothesis_numpy.mutually_broadcastable_shapes(
        num_shapes=n, max_dims=max_dims, min_side=1, max_side=max_side
    )
    return drawn.map(lambda shapes: shapes.input_shapes)


def points(
    like: Any, first: int = 0, *, low: float = -2.0, high: float = 2.0,
    values: Sequence[float] | None = None,
) -> Strategy:  # fmt: skip
    """Numbers in the structure, shapes and dtypes of `like`, from `low` to `high`.

    A strategy in the place of a leaf is drawn from; what is no float stays as it is. No two
    entries are equal, and of the usual range none is 0 or a whole number, so that common kinks and
    ties are missed; but an entry may also be one of `values`, those of your own that matter. Raises
    ValueError for a range that holds nothing, and for values that are no list of finite numbers.
    """
    if not (is_number(low) and is_number(high) and low < high and math.isfinite(high - low)):
        raise ValueError(
            f"Points lie between two finite numbers, but low={low!r} and high={high!r}.\n"
            "Write the smaller one as `low`."
        )
    _check_values(values)
    if isinstance(like, st.SearchStrategy):
        return like
    if isinstance(like, (list, tuple, dict)):
        within = partial(points, low=low, high=high, values=values)
        parts = st.tuples(*(within(leaf, 7 * i) for i, leaf in enumerate(leaves(like), first)))
        return parts.map(lambda drawn: unflatten(like, drawn))
    data = data_of(like)
    if np.asarray(data).dtype.kind != "f":
        return st.just(like)
    count = int(np.size(data))
    # Of sixteen parts, each entry has a place of its own: the golden ratio's multiples never meet.
    part = (high - low) / 16
    places = (np.arange(first, first + count) * 0.6180339887498949 + 0.3) % 1
    digits = max(1, 2 - math.floor(math.log10(part)))

    def entries(drawn: list[Any]) -> Any:
        numbers = [
            d if isinstance(d, float) else round((low + high) / 2 + part * (d + place), digits)
            for d, place in zip(drawn, places, strict=True)
        ]
        return _like(data, np.array(numbers, float))

    entry: Strategy = st.integers(-8, 7)
    if values is not None:
        entry = st.one_of(entry, st.sampled_from([float(v) for v in values]))
    return st.lists(entry, min_size=count, max_size=count).map(entries)


def _check_values(values: Any) -> None:
    if values is None:
        return
    listed = isinstance(values, Sequence) or (isinstance(values, np.ndarray) and values.ndim)
    if not (listed and len(values) and all(is_number(v) and math.isfinite(v) for v in values)):
        raise ValueError(
            "`values` is a list of the finite numbers that are to occur, but this is "
            f"{describe(values)}.\nWrite `values=[0.5]` for one, and leave it out for none."
        )


def _like(data: Any, flat: Any) -> Any:
    array = flat.reshape(np.shape(data)).astype(np.asarray(data).dtype)
    return array if isinstance(data, np.ndarray) else type(data)(array)


def smooth_points(f: Callable[..., Any], *like: Any) -> Strategy:
    """Arguments for f, as a tuple, at which it is finite and has a derivative.

    `like` says what the arguments are: each is a strategy, or an example (a number, an array,
    or a nested list, tuple or dict) whose structure, shapes and dtypes are taken.

    >>> import numpy as np
    >>> strategy = smooth_points(lambda x, y: np.sum(np.sqrt(x) * y), np.zeros(3), 0.0)
    """
    return points(tuple(like)).filter(lambda args: is_smooth(f, args))


def is_smooth(f: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether f is finite at `args`, and differences along a random line tell its derivative."""
    with np.errstate(all="ignore"):
        try:
            problem = Problem(f, args)
        except ArithmeticError:
            return False
        if not np.isfinite(problem.value).all():
            return False
        v = direction(problem, np.random.default_rng(0))
        return bool(central(along(problem, v), problem.value, 1.0, problem.eps).smooth.all())


def arrays_for(
    operation: str | Callable[..., Any], dtype: Any = np.float64
) -> st.SearchStrategy[Use]:
    """Uses of an operation: operands on which it is defined and smooth, and static parameters.

    The operation is named, or given as its function: any of the registry, one declared just
    now included. What is drawn is called on its `args` (or nodes in their place), has all
    `operands` and `params`, and prints as source. Raises ValueError where no operands are found.

    >>> use = arrays_for("matmul").example()  # doctest: +SKIP
    >>> use.args, use(*use.args)  # doctest: +SKIP
    """
    primitive = primitive_of(operation)
    found = uses(operation)
    forms = [(use.params, [np.shape(o) for o in use.operands], use) for use in found]
    if not primitive.elementwise:
        chosen = st.sampled_from(forms)
    else:
        broadcast = shapes_that_broadcast(len(primitive.operands))
        chosen = st.tuples(st.sampled_from(forms), broadcast).map(
            lambda drawn: (drawn[0][0], list(drawn[1]), drawn[0][2])
        )
    kinds = kinds_of(primitive)

    def drawn(form: Any) -> Strategy:
        params, shapes, example = form
        like = [
            np.zeros(shape, dtype) if kind == "f" else operand
            for kind, shape, operand in zip(kinds, shapes, example.operands, strict=True)
        ]
        return points(like).map(lambda raw: _in_domain(primitive.name, kinds, raw, params, example))

    return chosen.flatmap(drawn).filter(lambda use: use is not None and is_smooth(use, use.args))


def _in_domain(
    name: str, kinds: Sequence[str], raw: Any, params: dict[str, Any], example: Use
) -> Use | None:
    """The use of an operation in the first domain that brings the operands where it is finite."""
    for domain in DOMAINS:
        operands = [
            np.asarray(domain(o), o.dtype) if kind == "f" else o
            for kind, o in zip(kinds, raw, strict=True)
        ]
        if example.symmetric:
            operands = [symmetric(o) for o in operands]
        if attempt(name, operands, params) is not None:
            return Use(name, tuple(operands), params, example.symmetric)
    return None


# -- expressions -----------------------------------------------------------------------------

_SHAPES = ((3,), (2, 3), (3, 3), (1, 3), (2, 1), (), (3, 2), (2, 2, 3))


def expressions(
    max_nodes: int = 6, scalars: int = 2, tensors: int = 2,
    operations: Sequence[str | Callable[..., Any]] | None = None, dtype: Any = np.float64,
) -> st.SearchStrategy[Expression]:  # fmt: skip
    """Random programs over the registry, defined and smooth at the inputs they come with.

    There are up to `max_nodes` operations (beside those that bring an operand where the next is
    defined) of `operations` (all, if not given), on up to so many `scalars` and `tensors`; nodes
    are used several times, shapes broadcast, parts are summed, indexed, multiplied. What is
    drawn is called on its `args`, gives one number, prints as Python source, and shrinks to the
    shortest program that still fails.

    >>> from hypothesis import given
    >>> from autodiff.testing import check_gradients
    >>> @given(expressions(max_nodes=3))
    ... def test_engine(f):
    ...     check_gradients(f, *f.args)
    """
    for count, what in ((max_nodes, "max_nodes"), (scalars + tensors, "scalars and tensors")):
        if count < 1:
            raise ValueError(f"An expression has a node and an input, but {what} is {count}.")
    named(operations)  # which says what is no operation
    drawn = _expression(max_nodes, scalars, tensors, operations, np.dtype(dtype))
    return drawn.filter(well_defined)


@st.composite
def _expression(
    draw: Any, max_nodes: int, scalars: int, tensors: int, operations: Any, dtype: Any
) -> Expression:
    names = named(operations)
    operators = [name for name in names if operation(name).formula.operator is not None]
    which = st.sampled_from(names)
    if operators:
        which = st.one_of(st.sampled_from(operators), which, which)
    back = st.integers(0, max_nodes)
    choices = st.builds(
        Choice, which, st.tuples(back, back, back), st.integers(0, 200), st.integers(0, 31)
    )
    count = draw(st.integers(0 if tensors else 1, scalars))
    arrays = draw(st.lists(st.sampled_from(_SHAPES), min_size=not count, max_size=tensors))
    inputs = draw(points([*[0.0] * count, *[np.zeros(shape, dtype) for shape in arrays]]))
    return build(inputs, draw(st.lists(choices, min_size=1, max_size=max_nodes)))


def gradient_property(
    *like: Any, low: float = -2.0, high: float = 2.0, values: Sequence[float] | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Make a test of a function: its derivatives are checked wherever it is defined.

    `like` says what its arguments are: each is a strategy, or an example whose structure,
    shapes and dtypes are taken, with numbers from `low` to `high`, and now and then one of
    `values`. `options` are those of `check_gradients`. Points at which the function is not finite
    are passed over; on a kink, a subgradient passes. It has no deadline: how long a check takes
    is no property of the derivative. Hypothesis' `@settings` may stand above it.

    >>> import numpy as np
    >>> @gradient_property(np.zeros(3))
    ... def test_f(x):
    ...     return np.sum(np.tanh(x) * np.exp(-(x**2)))
    >>> test_f()
    """
    if not like:
        raise TypeError(
            "A property is tested on arguments, but @gradient_property has been given none.\n"
            "Say what they are, by a strategy or an example: @gradient_property(np.zeros(3))."
        )
    if not any(map(_is_drawn, leaves(like))):
        raise ValueError(
            "A property is tested at numbers that are drawn, but there is no float among the "
            "arguments.\n"
            "Write 2.0 for 2, or an array with entries: @gradient_property(np.zeros(3))."
        )

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(f):
            raise TypeError(f"@gradient_property decorates a function, but this is {describe(f)}.")

        @given(points(tuple(like), low=low, high=high, values=values))
        @settings(deadline=None)
        def test(args: tuple[Any, ...]) -> None:
            try:
                check_gradients(f, *args, **options)
            except UncheckableError:
                reject()

        # So that settings of the user's may stand above it: they are not the second ones.
        vars(test).pop("_hypothesis_internal_settings_applied", None)
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(test, name, getattr(f, name, None))
        return test

    return decorate


def _is_drawn(leaf: Any) -> bool:
    """Whether there is something to draw for a leaf of the arguments."""
    if isinstance(leaf, st.SearchStrategy):
        return True
    data = np.asarray(data_of(leaf))
    return data.dtype.kind == "f" and data.size > 0
