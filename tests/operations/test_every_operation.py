"""Every operation of the registry against the oracles: shapes, dtypes, orders, modes, readings.

Operands are found by trying, so that an operation declared tomorrow is tested today.
"""

import ast
import warnings

import numpy as np
import pytest
from agreement import agree, by_numpy, close, slope_of

import autodiff as ad
import viz
from autodiff import Tensor, compile, derive, grad, jvp, value_and_grad, vjp
from autodiff.extend import operations
from autodiff.graph.order import topological
from autodiff.primitives.labels import edge_texts, formula_text, operation_text
from autodiff.support.tree import leaves
from autodiff.testing import check_gradients, complex_step
from autodiff.testing.expression import Choice, build, weights, well_defined
from autodiff.testing.uses import call, uses

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def in_dtype(use, dtype):
    return [np.asarray(x, dtype) for x in use.args]


def weighted(use):
    """The use as a function that gives one number."""

    def f(*args):
        z = use(*args)
        shape = getattr(z, "shape", ())
        return ad.sum(z * weights(shape).astype(z.dtype)) if shape else z

    return f


@pytest.mark.parametrize("name", operations())
def test_derivatives_in_both_modes_to_second_order(name):
    checked = 0
    for use in uses(name, 14):
        report = check_gradients(use, *use.args)
        assert not report.kinks, f"{use!r}: {report}"
        checked += report.checked
    assert checked, f"`{name}` has no operands at which its derivative was compared"


@pytest.mark.parametrize("name", operations())
def test_float32_stays_and_agrees_with_float64(name):
    for use in uses(name, 6):
        single = in_dtype(use, np.float32)
        double = [x.astype(np.float64) for x in single]
        f, by = weighted(use), tuple(range(len(single)))
        for g in (f, slope_of(f, by)):
            value, slopes = value_and_grad(g, by)(*single)
            expected = value_and_grad(g, by)(*double)[1]
            assert np.asarray(value).dtype == (
                np.float32 if g is not f else np.asarray(f(*single)).dtype
            )
            for found, right in zip(slopes, expected, strict=True):
                assert found.dtype == np.float32
                assert found.shape == right.shape
                scale = 1 + np.abs(right).max()
                np.testing.assert_allclose(found / scale, right / scale, rtol=0.02, atol=2e-3)
        out, tangent = jvp(use, single, single)
        assert np.asarray(tangent).dtype == np.asarray(out).dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", [name for name in operations() if name != "cast"])
def test_few_bits_stay_few_in_every_reading(name, dtype):
    for use in uses(name, 3):
        args, by = in_dtype(use, dtype), tuple(range(len(use.args)))
        try:
            use(*args)
        except TypeError:  # LAPACK has no float16
            assert dtype is np.float16
            continue
        assert np.asarray(use(*args)).dtype == use(*map(ad.Tensor, args)).dtype == dtype
        f = weighted(use)
        both = value_and_grad(f, by)
        for program in (both, derive(f, *args, argnums=by), compile(both)):
            value, slopes = program(*args)
            assert {np.asarray(a).dtype for a in (value, *leaves(slopes))} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", operations())
def test_scalars_are_as_arrays_without_axes(name):
    for use in uses(name):
        if any(np.ndim(o) for o in use.operands):
            continue
        floats = [float(x) for x in use.args]
        arrays = [np.asarray(x) for x in use.args]
        by = tuple(range(len(floats)))
        value, slopes = value_and_grad(weighted(use), by)(*floats)
        expected, right = value_and_grad(weighted(use), by)(*arrays)
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        np.testing.assert_allclose(slopes, right, rtol=1e-14)
        assert all(type(s) is float for s in slopes)


@pytest.mark.parametrize("name", operations())
def test_the_complex_step_agrees_where_it_can_be_taken(name):
    for use in uses(name, 4):
        primitive = operations()[name]

        def plain(*args, use=use, primitive=primitive):
            given = use.with_args(args)
            full = {**primitive.defaults, **use.params}.values()
            with np.errstate(all="ignore"):
                z = primitive.on_arrays(*([given] if primitive.variadic else given), *full)
            return np.sum(z * weights(np.shape(z)))

        by = tuple(range(len(use.args)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                exact = complex_step(plain, *use.args, argnums=by)
        except (TypeError, ValueError, np.exceptions.ComplexWarning):
            continue  # the operation does not take complex numbers, or is not analytic
        found = grad(weighted(use), by)(*use.args)
        for mine, right in zip(found, exact, strict=True):
            scale = 1 + np.max(np.abs(right))
            np.testing.assert_allclose(mine / scale, right / scale, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", operations())
def test_numpys_own_function_is_the_operation(name):
    for use in uses(name, 4):
        tensors = [ad.Tensor(x) for x in use.args]
        by_us = call(name, use.with_args(tensors), use.params)
        by_them = by_numpy(name, use.with_args(tensors), use.params)
        np.testing.assert_array_equal(by_us.data, by_them.data)
        ct = np.ones(by_us.shape)
        for found, expected in zip(
            *(_pulled(z, tensors, ct) for z in (by_them, by_us)), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def _pulled(z, tensors, ct):
    for tensor in tensors:
        tensor.zero_grad()
    z.backward(ct)
    return [tensor.grad for tensor in tensors]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", operations())
def test_programs_agree_in_both_dtypes(name, dtype):
    for use in uses(name, 2):
        args, by = in_dtype(use, dtype), tuple(range(len(use.args)))
        for f in (weighted(use), slope_of(weighted(use), by)):
            agree(derive(f, *args, argnums=by), f, *args, argnums=by)
            compiled = compile(value_and_grad(f, by))
            agree(compiled, f, *args, argnums=by)
            agree(compiled, f, *args, argnums=by)  # in buffers that were used before


@pytest.mark.parametrize("name", operations())
def test_every_operation_can_be_drawn_and_printed(name):
    for use in uses(name, 3):
        nodes = [ad.Tensor(x, name=f"x{i}") for i, x in enumerate(use.args)]
        root = ad.sum(use(*nodes))
        root.backward()
        made = [node for node in topological(root) if node.op is not None]
        assert name in {node.op for node in made}
        for node in made:
            text = formula_text(node, lambda o: getattr(o, "name", None) or "v")
            assert isinstance(ast.parse(text, mode="eval"), ast.Expression)
            texts = edge_texts(node)
            assert len(texts) == len(node.inputs)
            for text in texts:
                ast.parse(text, mode="eval")
            assert operation_text(node)
        assert viz.draw(root).source.count("->") + viz.draw(root).source.count("--") > 0
        program = derive(use, *use.args, argnums=())
        ast.parse(program.source)
        close(program(*use.args), use(*use.args))


@pytest.mark.parametrize("name", operations())
def test_every_operation_is_found_in_random_expressions(name):
    shapes = [(3, 3), (2, 3), (3,), (2, 3, 3), (), (3, 3, 3)]
    for shape, turn in ((shape, turn) for shape in shapes for turn in range(5)):
        args = [np.random.default_rng(turn).normal(size=shape), 0.7]
        found = build(args, [Choice(name, (1, 1, 0), 3 * turn, turn)])
        if name in found.operations and well_defined(found):
            check_gradients(found, *found.args)
            return
    pytest.fail(f"no expression was found that uses `{name}`")


@pytest.mark.parametrize("name", operations())
def test_no_gradient_flows_to_what_has_none(name):
    for use in uses(name, 2):
        out, pull = vjp(use, *use.args)
        for ct in pull(np.zeros(np.shape(out))):
            np.testing.assert_array_equal(ct, 0.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda t: ad.sum(t, dim=1), r"`sum` is called as sum\(x, axis=None.*unexpected.*'dim'"),
        (lambda t: t.sum(dim=1), r"no argument `dim=` here.*\n.* axis"),
        (lambda t: ad.sum(t, 0, axis=1), "`sum` is called as .* multiple values"),
        (lambda t: ad.isclose(t), r"`isclose` is called as .* missing .* 'b'"),
    ],
)
def test_other_arguments_are_refused_by_name(call, said):
    with pytest.raises(TypeError, match=said):
        call(ad.Tensor([1.0, 2.0]))


def test_arguments_by_name_are_those_by_position():
    t = ad.Tensor(np.arange(6.0).reshape(2, 3))
    for found in (ad.sum(x=t, axis=0), ad.sum(t, axis=0), t.sum(keepdims=False, axis=0)):
        np.testing.assert_array_equal(found.data, [3.0, 5.0, 7.0])
    assert ad.sum(t, 1, keepdims=True).shape == (2, 1)
    assert ad.concatenate([t, t], axis=1).shape == (2, 6)


WITH_AXIS = [
    name
    for name, operation in operations().items()
    if "axis" in operation.defaults and len(operation.operands) == 1 and hasattr(ad, name)
]
# Of these axes are places in the result, or may be named twice.
AXES_OF_THEIR_OWN = {"expand_dims", "roll"}


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (3,), (2, 3)])
@pytest.mark.parametrize("name", WITH_AXIS)
def test_axes_that_there_are_not_are_refused_of_empty_arrays_as_well(name, shape):
    x = np.zeros(shape)
    axes = [5, -7, (0, 5)]
    axes += [] if name in AXES_OF_THEIR_OWN else [(0, 0), (0, -len(shape))]
    for axis in axes:
        for argument in (x, Tensor(x)):
            with pytest.raises((ValueError, TypeError)):
                getattr(ad, name)(argument, axis=axis)
