"""Compiled programs: equal to the engine, safe to keep, traced again where they must be."""

import copy
import pickle
import threading

import numpy as np
import pytest
from agreement import agree, close, slope_of, weighted
from registry_cases import calls

import autodiff as ad
from autodiff import compile, derive, grad, hvp, value_and_grad
from autodiff.extend import operations
from autodiff.programs.tracing.standins import TraceError
from autodiff.support.tree import leaves, tree_map


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", operations())
def test_every_operation_compiled(name):
    for operands, params in calls(name)[:6]:
        f, floats = weighted(name, operands, params)
        every = tuple(range(len(floats)))
        for g in (f, slope_of(f, every)) if floats else ():
            compiled = compile(value_and_grad(g, every))
            agree(compiled, g, *floats, argnums=every)
            agree(compiled, g, *floats, argnums=every)  # in buffers that were used before


def mlp_loss(params, X, labels):
    h = X
    for W, b in params[:-1]:
        h = np.tanh(h @ W + b)
    W, b = params[-1]
    return ad.cross_entropy(h @ W + b, labels)


def sgd_step(params, X, labels):
    loss, slopes = value_and_grad(mlp_loss)(params, X, labels)
    moved = [
        tuple(p - 0.5 * g for p, g in zip(layer, slope, strict=True))
        for layer, slope in zip(params, slopes, strict=True)
    ]
    return loss, moved


def network(dtype=np.float64):
    rng = np.random.default_rng(0)
    sizes = [(6, 5), (5, 5), (5, 3)]
    params = [(rng.normal(size=s).astype(dtype), np.zeros(s[1], dtype)) for s in sizes]
    return params, rng.normal(size=(7, 6)).astype(dtype), rng.integers(0, 3, 7)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("donate", [(), "params"])
def test_training_is_the_same(dtype, donate):
    params, X, labels = network(dtype)
    step = compile(sgd_step, donate=donate)
    mine, right = tree_map(np.copy, params), params
    for _ in range(20):
        loss, mine = step(mine, X, labels)
        expected, right = sgd_step(right, X, labels)
        np.testing.assert_allclose(loss, expected, rtol=1e-4 if dtype == np.float32 else 1e-11)
    for found, like in zip(leaves(mine), leaves(params), strict=True):
        assert found.dtype == like.dtype


@pytest.mark.parametrize("donate", [(), "params", ("params", "X")])
def test_what_a_caller_holds_is_not_written_into_be_it_donated(donate):
    params, X, labels = network()
    step = compile(sgd_step, donate=donate)
    held = [params]
    before = [tree_map(np.copy, params)]
    for _ in range(4):
        held.append(step(held[-1], X, labels)[1])
        before.append(tree_map(np.copy, held[-1]))
    again = step(held[0], X, labels)[1]  # an argument that was donated, once more
    for now, then in zip(leaves([*held, again]), leaves([*before, before[1]]), strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_array_equal(X, network()[1])


def test_integers_and_lists_are_converted():
    f = compile(lambda x, y: x * y)
    assert f(2, 3) == 6.0
    assert f(np.float64(2), np.int32(3)) == 6.0
    g = compile(lambda p: p[0] * p[1])
    for args in ([2, 3], [np.float32(2), True + 2], (2.0, 3.0), [2.0, 3.0]):
        assert g(args) == 6.0
    assert "for 2 kinds" in repr(g)
    swapped = np.arange(3.0).astype(">f8")
    h = compile(lambda x: 2 * x)
    for _ in range(2):
        close(h(swapped), [0.0, 2.0, 4.0])
    assert "for 1 kinds" in repr(h)


def test_a_tensor_of_a_closure_is_read_anew():
    w = ad.Tensor([1.0, 2.0], name="w")
    f = compile(lambda x: (w * x).sum())
    close(f(np.ones(2)), 3.0)
    w.data = [5.0, 5.0]
    close(f(np.ones(2)), 10.0)


def test_transforms_compose():
    def f(x):
        return np.sum(np.tanh(x) * x**3)

    x, v = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])
    close(compile(grad(f))(x), grad(f)(x))
    close(compile(lambda x, v: hvp(f, (x,), (v,)))(x, v), hvp(f, (x,), (v,)))


@pytest.mark.parametrize("x", [-800.0, 800.0, 0.0, 0.5])
def test_floats_are_ieee_754(x):
    def f(x):
        return ad.exp(x) / (1.0 + ad.exp(x)) + 1 / x

    np.testing.assert_array_equal(compile(value_and_grad(f))(x), value_and_grad(f)(x))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_zero_cotangent_stops_at_a_singularity():
    x = np.array([-4.0, 0.0, 4.0])
    for f in (
        lambda x: np.sum(ad.where(x >= 0, x, ad.sqrt(-x))),
        lambda x: np.sum(ad.sqrt(x * x) * (x * 0.0)),
    ):
        agree(compile(value_and_grad(f)), f, x, argnums=0)


def test_a_branch_is_refused():
    with pytest.raises(TraceError, match="a branch"):
        compile(lambda x: x if x > 0 else -x)(1.0)


def test_threads_do_not_meet_in_a_buffer():
    f = compile(value_and_grad(lambda x: np.sum(np.tanh(x) ** 2 * x)))
    x = np.random.default_rng(0).normal(size=20_000)
    expected = f(x)[1], f(2 * x)[1]
    wrong = []

    def work(scale):
        slopes = (f(scale * x)[1] for _ in range(50))
        wrong.extend(scale for s in slopes if not np.array_equal(s, expected[scale - 1]))

    threads = [threading.Thread(target=work, args=(s,)) for s in (1, 2, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_source_is_to_be_read():
    params, X, labels = network()
    step = compile(sgd_step, donate="params")
    with pytest.raises(ValueError, match="before the first call"):
        _ = step.source
    step(params, X, labels)
    assert "h = np.tanh(" in step.source
    assert step.__name__ == "sgd_step"


def test_names_of_options_are_checked():
    with pytest.raises(ValueError, match="but not 'w'"):
        compile(lambda x: x, donate="w")


def test_bad_labels_are_refused_as_ever():
    params, X, labels = network()
    step = compile(sgd_step)
    step(params, X, labels)
    with pytest.raises(ValueError, match="Labels count"):
        step(params, X, labels + 3)
    close(step(params, X, labels)[0], sgd_step(params, X, labels)[0])


@pytest.mark.parametrize("shape", [(6, 6), (300, 400)])
def test_arrays_of_any_layout(shape):
    def f(x):
        return np.sum(np.tanh(x) * x + np.exp(-x * x) * x[::-1])

    fast = compile(value_and_grad(f))
    x = np.random.default_rng(0).normal(size=shape)
    frozen = x.copy()
    frozen.setflags(write=False)
    wide = np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)
    for array in (x, np.asfortranarray(x), x[:, ::-1], frozen, wide[::2, ::3], wide[1::2, 2::3]):
        agree(fast, f, array, argnums=0)
    for empty in (np.zeros(0), np.zeros((3, 0))):
        value, slope = fast(empty)
        assert value == 0
        assert slope.shape == empty.shape


@pytest.mark.parametrize(
    "dtype", [np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_, np.longdouble]
)
def test_every_dtype_is_kept_as_numpy_keeps_it(dtype):
    def f(x):
        return x * 2, np.sum(x * 1.5), np.exp(x), x / np.float64(3), x + np.ones(3, np.float32)

    x = np.array([1, 0, 1], dtype)
    for program in (compile(f), derive(f, x, argnums=())):
        for found, right in zip(program(x), f(x), strict=True):
            assert np.asarray(found).dtype == np.asarray(right).dtype
            np.testing.assert_allclose(found, right, rtol=1e-3 if dtype == np.float16 else 1e-7)


# -- called as a function is called --------------------------------------------------------


def test_arguments_are_passed_as_to_any_function():
    @compile
    def f(x, y=2.0, *, z, w=1.0):
        return x * y + z * w

    assert f(3.0, z=1.0) == 7.0
    assert f(3.0, 5.0, z=1.0, w=2.0) == 17.0
    assert f(x=1.0, y=1.0, z=0.0) == 1.0
    several = compile(lambda *xs: sum(x * i for i, x in enumerate(xs)))
    assert [several(1.0, 2.0), several(1.0, 2.0, 3.0), several(1.0)] == [2.0, 8.0, 0.0]
    options = compile(lambda x, **o: x * o["a"] + o.get("b", 0.0))
    assert [options(2.0, a=3.0), options(2.0, a=3.0, b=1.0)] == [6.0, 7.0]
    for wrong in ((), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match="`f\\(\\)`"):
            f(*wrong, z=1.0)


def test_statics_are_told_apart_and_may_not_change():
    f = compile(lambda x, k: x * 2 if k is True else x, static="k")
    assert (f(1.0, 1), f(1.0, True)) == (1.0, 2.0)
    with pytest.raises(TypeError, match="must not change"):
        f(1.0, [1])
    reciprocal = compile(lambda x, *, k: 1 / x * k, static="k")
    assert (reciprocal(1.0, k=2), reciprocal(0.0, k=2)) == (2.0, np.inf)


class Model:
    def __init__(self):
        self.scale = 3.0

    @compile(static="self")
    def __call__(self, x):
        return x * self.scale


@compile
def doubled_sum(x):
    return np.sum(2 * x)


def test_methods_copies_and_pickles():
    assert Model()(2.0) == 6.0
    assert pickle.loads(pickle.dumps(doubled_sum)) is doubled_sum
    f = compile(lambda x: np.sum(2 * x))
    for g in (f, copy.copy(f), copy.deepcopy(f)):
        assert g(np.ones(2)) == 4.0


def test_a_generator_is_an_argument():
    f = compile(lambda x, rng: x * rng.normal(size=3))
    rng = np.random.default_rng(1)
    first, second = f(np.ones(3), rng), f(np.ones(3), rng)
    expected = np.random.default_rng(1).normal(size=(2, 3))
    close([first, second], expected)
    nested = compile(lambda o: o["rngs"][0].uniform(size=2) * o["x"])
    close(
        nested({"rngs": [np.random.default_rng(3)], "x": 1.0}), np.random.default_rng(3).random(2)
    )


def test_gradients_go_through_a_compiled_function():
    inner = compile(lambda x: np.sum(np.tanh(x)))
    x = np.array([0.5, -1.0])
    inner(x)
    slope = 1 - np.tanh(x) ** 2
    close(grad(inner)(x), slope)
    close(compile(grad(lambda x: 2 * inner(x)))(x), 2 * slope)
    t = ad.Tensor(x)
    inner(t).backward()
    close(t.grad, slope)
    around = grad(lambda w: compile(lambda x: w * x)(3.0))
    assert around(2.0) == 3.0

    @compile(static="n")
    def power(x, n):
        return x if n == 0 else 2 * power(x, n - 1)

    assert power(1.0, 3) == 8.0


def test_an_error_in_the_middle_leaves_everything_as_it_was():
    f = compile(lambda x, y: ad.cross_entropy(np.tanh(x) * 2, y))
    x, y = np.ones((2, 3)), np.array([0, 1])
    before = f(x, y)
    for _ in range(3):
        with pytest.raises(ValueError, match="Labels count"):
            f(x, np.array([0, 9]))
    assert f(x, y) == before
    close(x, np.ones((2, 3)))


@pytest.mark.parametrize("call", [lambda x: np.argsort(x, axis=None), lambda x: ad.sort(x, None)])
def test_none_is_written_where_it_is_not_usual(call):
    x = np.array([[0.5, -0.3, 1.2], [0.9, 0.4, -0.7]])
    for program in (
        compile(lambda x: call(x) * 1.0),
        derive(lambda x: call(x) * 1.0, x, argnums=()),
    ):
        np.testing.assert_array_equal(program(x), call(x))


def test_an_object_that_is_called_is_a_function_like_any_other():
    class Squares:
        def __call__(self, x):
            return ad.sum(x * x)

    class Noisy:
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def __call__(self, x):
            return ad.sum(x * self.rng.normal())

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(ad.compile(ad.grad(Squares()))(x), 2 * x)
    with pytest.raises(TraceError, match="draws random numbers"):
        ad.compile(ad.grad(Noisy()))(x)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_node_of_a_closure_is_read_anew_where_a_call_needs_care():
    v = ad.Value(2.0, name="v")
    w = ad.Tensor([1.0, 2.0], name="w")
    by_number = compile(lambda x: v / x)
    slope = compile(grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x) * w, x * 0.0))))
    hidden = np.array([4.0, np.nan])
    for number, weights in ((2.0, [1.0, 2.0]), (-3.0, [8.0, 2.0]), (5.0, [4.0, 1.0])):
        v.data, w.data = number, weights
        assert by_number(0.5) == 2 * number
        assert by_number(0.0) == np.copysign(np.inf, number)
        np.testing.assert_array_equal(slope(hidden), [weights[0] / 4, 0.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * (x > 0),
        lambda x: x * np.isfinite(x) + x * np.isfinite(x + 1),
        lambda x: x * np.isnan(x),
    ],
)
def test_the_derivative_of_a_number_is_a_float(f):
    expected = grad(f)(2.0)
    found = [compile(grad(f))(2.0), derive(f, 2.0)(2.0)[1], ad.jvp(f, (2.0,), (1.0,))[1]]
    found.append(compile(lambda x: ad.jvp(f, (x,), (1.0,))[1])(2.0))
    assert all(type(slope) is float and slope == expected for slope in found)


@pytest.mark.parametrize("f", [np.sin, np.exp])
def test_numpys_own_functions_are_compiled_through_their_transforms(f):
    assert compile(grad(f))(1.0) == grad(f)(1.0)
    assert compile(grad(grad(f)))(1.0) == grad(grad(f))(1.0)
