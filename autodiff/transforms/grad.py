"""Functions of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph.tensor import Tensor, as_array
from ..graph.value import Value, checked_function, describe, plain, shape_of
from ..operations import joining, shapes
from ..support.tree import leaves, same_structure, unflatten
from .backward import pull_edges
from .recording import Level, Recording, between, constant, or_zeros


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives `(f(*args), gradient)`.

    The gradient has the structure of the argument that `argnums` names, a tuple of them where
    it is a tuple. With `has_aux`, f returns `(output, more)`, and so does the first part.
    Raises TypeError where the output is not one number.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    checked_function(f, "value_and_grad")

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        with Level((args, keywords)) as level:
            run = Recording(level, f, args, keywords, argnums, has_aux)
            out = run.scalar()
            gradient = run.structured(run.pull([_one_like(out)]))
            value = level.output(out)
            return ((value, run.aux), gradient) if has_aux else (value, gradient)

    return call


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of f; `grad(grad(f))` is its second derivative.

    Arguments are as in `value_and_grad`; with `has_aux` the answer is `(gradient, more)`.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [5.0]})
    {'a': 5.0, 'b': [2.0]}
    """
    both = value_and_grad(checked_function(f, "grad"), argnums, has_aux)

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return call


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`(output, pull)`, where `pull(ct)` gives one cotangent for each of `primals`.

    `ct` has the structure of the output. With `has_aux`, a third part is what f returned more.

    >>> out, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> out, pull(1.0)
    (6.0, (3.0, 2.0))
    """
    checked_function(f, "vjp")
    with Level(primals) as level:
        run = Recording(level, f, primals, {}, tuple(range(len(primals))), has_aux)

    def pull(ct: Any) -> Any:
        _check_like(ct, run.out, "cotangent", "output")
        with Level((primals, ct)) as now:
            run.level = now
            given = [_cast_like(c, o) for c, o in zip(leaves(ct), leaves(run.out), strict=True)]
            return run.structured(run.pull(given))

    out = level.output(run.out)
    return (out, pull, run.aux) if has_aux else (out, pull)


def _check_like(given: Any, like: Any, what: str, whose: str) -> None:
    if not same_structure(given, like):
        raise TypeError(
            f"A {what} has the structure of the {whose}, but it is {describe(given)} "
            f"where the {whose} is {describe(like)}."
        )
    for a, b in zip(leaves(given), leaves(like), strict=True):
        if shape_of(a) != shape_of(b):
            raise ValueError(
                f"A {what} has the shape of its {whose}, {shape_of(b)}, but it has {shape_of(a)}."
            )


def _checked_pair(
    name: str, f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The primals and their tangents as tuples, one entry for each argument of the function."""
    checked_function(f, name)
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"`{name}` takes its {what} as a tuple, one for each argument of the function, but "
                f"this is {describe(given)}.\nWrite `{name}(f, (x,), (v,))` for one argument."
            )
    _check_like(tuple(tangents), tuple(primals), "tangent", "primal")
    return tuple(primals), tuple(tangents)


def _cast_like(given: Any, like: Any, copy: bool = True) -> Any:
    """A cotangent or tangent as plain data of the kind and dtype of `like`, if it is no node."""
    if isinstance(given, Value):
        return given
    data = plain(like)
    if isinstance(data, np.ndarray):
        given = as_array(given, copy=copy, promote=True)
        return given.astype(data.dtype, copy=False) if data.dtype.kind == "f" else given
    return float(given)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """`(output, tangent of the output)`, as the primals move along the tangents.

    It is the vjp of the vjp: the pull-back is linear in its cotangent, and the pull-back of
    that linear map is the derivative forward. So no rule is written twice. Tangents have the
    structure and the shapes of the primals, and so has the answer's second part those of the
    output. With `has_aux`, f returns `(output, more)` and `more` is the answer's third part.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    primals, tangents = _checked_pair("jvp", f, primals, tangents)
    with Level((primals, tangents)) as level:
        inner = Level(primals)  # nested, as it is within another
        run = Recording(inner, f, primals, {}, tuple(range(len(primals))), has_aux)
        outputs = leaves(run.out)
        cotangents = [
            constant(np.ones_like(plain(o)) if isinstance(o, Tensor) else 1.0, o) for o in outputs
        ]
        pulled = run.pull(cotangents, postpone=not level.nested)
        pushed = _pulled_on(level, run, pulled, tangents, cotangents, outputs)
        out, tangent = level.output(run.out), unflatten(run.out, pushed)
        return (out, tangent, level.output(run.aux)) if has_aux else (out, tangent)


def _pulled_on(
    level: Level, run: Recording, pulled: Sequence[Any], tangents: Any,
    targets: Sequence[Value], originals: Sequence[Any],
) -> list[Any]:  # fmt: skip
    """The tangents, pulled back through the pull-back that `run` has recorded, to `targets`."""
    pairs = [
        (node, _cast_like(t, by, copy=level.nested))
        for node, by, t in zip(pulled, run.targets, leaves(tangents), strict=True)
        if isinstance(node, Value)
    ]
    found = level.pull(between([node for node, _ in pairs], targets), pairs)
    given = {id(tangent) for _, tangent in pairs}
    answers = []
    for target, original in zip(targets, originals, strict=True):
        answer = or_zeros(found.get(target), target)
        if isinstance(answer, np.ndarray) and (id(answer) in given or not answer.flags.owndata):
            answer = answer.copy()  # it is, or it sees, a tangent, and that is the caller's
        answers.append(level.answer(answer, original))
    return answers


def jacobian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives every derivative of every output, of shape `out.shape + in.shape`.

    Outputs and arguments may be nested: the answer has the structure of the output, with the
    structure of the argument in the place of each of its leaves. One row is pulled back at a
    time, so no more memory is used than the answer and one backward pass take.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    checked_function(f, "jacobian")

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        with Level((args, keywords)) as level:
            run = Recording(level, f, args, keywords, argnums, has_aux)
            blocks = [run.structured(_rows(run, out)) for out in leaves(run.out)]
            answer = unflatten(run.out, blocks)
            return (answer, run.aux) if has_aux else answer

    return call


def _rows(run: Recording, out: Any) -> list[Any]:
    """d out / d target for each target, one row of the output at a time."""
    shape = shape_of(out)
    count = int(np.prod(shape, dtype=int))
    rows = (_row(run, out, place) for place in range(count))
    if run.level.nested:
        found = list(rows)
        return [
            _stacked(run, [row[i] for row in found], shape + shape_of(target))
            for i, target in enumerate(run.targets)
        ]
    into = [shape_of(target) for target in run.targets]
    dtypes = [getattr(target._data, "dtype", None) for target in run.targets]
    blocks = [np.zeros(shape + i, dtype) for i, dtype in zip(into, dtypes, strict=True)]
    for place, row in enumerate(rows):
        for block, i, part in zip(blocks, into, row, strict=True):
            block.reshape(count, *i)[place] = part
    return [
        block if block.ndim or isinstance(target, Tensor) else block.item()
        for block, target in zip(blocks, run.targets, strict=True)
    ]


def _row(run: Recording, out: Any, place: int) -> list[Any]:
    """d out[place] / d target for each target."""
    if not isinstance(out, Value):
        return [or_zeros(None, target) for target in run.targets]
    unit: Any = 1.0
    if isinstance(out, Tensor):
        unit = np.zeros(out.shape, out.dtype)
        unit[np.unravel_index(place, out.shape)] = 1.0
    pulled = run.level.pull(run.order, [(out, unit)])
    return [or_zeros(pulled.get(target), target) for target in run.targets]


def _stacked(run: Recording, rows: list[Any], shape: tuple[int, ...]) -> Any:
    """The rows, some of which may be nodes, as one array."""
    if not shape:
        return run.level.answer(rows[0], None)
    if any(isinstance(row, Value) for row in rows):
        return shapes.reshape(joining.stack(rows), shape)
    return np.array(rows, None if rows else np.float64).reshape(shape)


def hessian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the second derivatives of f: the Jacobian of its gradient.

    >>> hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 3.0]))
    array([[0., 6.],
           [6., 2.]])
    """
    return jacobian(grad(checked_function(f, "hessian"), argnums, has_aux), argnums, has_aux)


def hvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """The Hessian of f times a vector, without the Hessian: one tangent for each primal.

    The answer is a tuple like `primals`; for one primal, just its part. It is the gradient of
    the gradient's product with the tangents, and so costs a few times f, however many
    parameters there are; least as one program, `compile(lambda x, v: hvp(f, (x,), (v,)))`.
    With `has_aux`, f returns `(output, more)` and the answer is a pair.
    Raises TypeError where the output is not one number or the tangents have another structure
    than the primals, ValueError where they have another shape.

    >>> hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    primals, tangents = _checked_pair("hvp", f, primals, tangents)
    with Level((primals, tangents)) as level:
        inner = Level(primals)  # nested, as it is within another
        run = Recording(inner, f, primals, {}, tuple(range(len(primals))), has_aux)
        gradient = run.pull([_one_like(run.scalar())], postpone=not level.nested)
        found = _pulled_on(level, run, gradient, tangents, run.targets, run.originals)
        answer = run.structured(found)
        answer = answer[0] if len(primals) == 1 else answer
        return (answer, level.output(run.aux)) if has_aux else answer


def local_gradients(node: Value) -> tuple[Any, ...]:
    """d node / d operand for each of `node.inputs`: what the picture shows on its edges.

    A local gradient is the vjp at cotangent 1; for `x * x` there are two, of the two edges.
    Each has the shape of its operand.

    >>> a, b = Value(2.0), Value(5.0)
    >>> local_gradients(a * b)
    (5.0, 2.0)
    """
    if not isinstance(node, Value):
        raise TypeError(f"Local gradients are of a Value or Tensor, but this is {describe(node)}.")
    if node._link is None:
        return ()
    return pull_edges(node, _one_like(node))


def _one_like(out: Any) -> Any:
    return np.ones(out.shape, out.dtype) if isinstance(out, Tensor) else 1.0
