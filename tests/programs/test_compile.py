"""Compiled programs: equal to the engine, safe to keep, traced again where they must be."""

import copy
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from agreement import agree, close, slope_of, weighted
from hypothesis import given
from hypothesis import strategies as st
from registry_cases import calls

import autodiff as ad
from autodiff import compile, derive, grad, hessian, hvp, value_and_grad
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


def test_arguments_are_written_to_only_where_donated():
    params, X, labels = network()
    before = tree_map(np.copy, (params, X, labels))
    compile(sgd_step)(params, X, labels)
    for now, then in zip(leaves((params, X, labels)), leaves(before), strict=True):
        np.testing.assert_array_equal(now, then)
    _, moved = compile(sgd_step, donate="params")(params, X, labels)
    assert all(any(m is p for p in leaves(params)) for m in leaves(moved))
    np.testing.assert_array_equal(X, before[1])


def test_a_donated_array_that_cannot_be_written_is_left_alone():
    w = np.ones(3)
    w.setflags(write=False)
    step = compile(lambda w: w - 0.1 * w, donate="w")
    close(step(w), 0.9 * w)
    close(step(np.ones(3)), 0.9 * w)
    close(step(np.ones((3, 2)).T[0]), 0.9 * w)


def test_results_are_safe_to_keep():
    f = compile(value_and_grad(lambda x: np.sum(ad.tanh(x) * x[::-1])))
    x = np.arange(4.0)
    kept = [f(x + i) for i in range(3)]
    for i, (value, slope) in enumerate(kept):
        expected, eager = value_and_grad(lambda x: np.sum(ad.tanh(x) * x[::-1]))(x + i)
        close(value, expected)
        close(slope, eager)
    passed = compile(lambda x: (x, x.T, x + 0, x))
    given = np.ones((2, 2))
    for part in passed(given):
        part += 1
    np.testing.assert_array_equal(given, 1.0)


def test_two_outputs_are_two_arrays():
    first, second = compile(lambda x: (ad.exp(x), ad.exp(x)))(np.zeros(3))
    first += 1
    np.testing.assert_array_equal(second, 1.0)


def test_it_is_traced_again_for_other_arguments():
    traced = []

    @compile(static="power")
    def f(x, power=2):
        traced.append(np.shape(x))
        return ad.sum(x**power)

    close(f(np.ones(3)), 3.0)
    close(f(np.full(3, 2.0)), 12.0)
    close(f(np.ones(4)), 4.0)
    close(f(np.full(3, 2.0, np.float32)), 12.0)
    close(f(np.full(3, 2.0), power=3), 24.0)
    close(f(np.full(3, 2.0), 2), 12.0)
    assert len(traced) == 4


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


@pytest.mark.parametrize("size", [30, 200])
def test_what_a_chain_reads_is_whole_after_it(size):
    def f(x, a):
        y = a @ x
        turned = y.T
        z = ad.tanh(y) * ad.exp(y) * y + y * y
        return ad.sum(z @ a), y @ a, turned @ a, z * 2.0

    rng = np.random.default_rng(0)
    x, a = rng.normal(size=(size, size)) / size, rng.normal(size=(size, size))
    for found, expected in zip(compile(f)(x, a), f(x, a), strict=True):
        close(found, expected)


@pytest.mark.parametrize("donate", [(), "x"])
@pytest.mark.parametrize("size", [30, 200])
def test_two_results_of_one_chain(size, donate):
    def f(x, a):
        y = a @ x
        first = ad.tanh(y) * 2.0
        second = ad.exp(y) * first
        third = ad.tanh(x) + x
        return first @ a, second @ a, third, third * ad.exp(x)

    rng = np.random.default_rng(0)
    x, a = rng.normal(size=(size, size)) / size, rng.normal(size=(size, size))
    expected = f(x, a)
    for found, right in zip(compile(f, donate=donate)(x.copy(), a), expected, strict=True):
        close(found, right)


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


VIEWS = {
    # The second inverse is the first: what is seen of it is seen of the first.
    "one step for two": lambda x: np.linalg.inv(x) * 3 + np.exp(np.linalg.inv(x).T),
    "seen before, used after": lambda x: (
        x @ np.linalg.inv(x).T * np.tanh(np.linalg.inv(x)) + np.linalg.inv(x).T @ x
    ),
    # What NumPy computes of a transposed array is transposed, and what stands in a buffer is not.
    "another layout": lambda x: np.tanh(np.tanh(x.T).T.reshape(-1)) * 2,
    "an argument's layout": lambda x: np.exp(np.sin(x.reshape(-1)) * 2) + x.ravel(),
    "of a sum": lambda x: np.sort((x.T + 1).T.reshape(-1))[::-1] * (x.T + 1).reshape(-1),
    "of a copy in its order": lambda x: (
        np.sort(x, 0).T.reshape(-1) + np.cumsum((np.sort(x, 0) - np.sum(x, 0)).ravel())
    ),
    "two results": lambda x: np.stack([np.sort(x) * 2, np.sort(x)[:, ::-1] + 1]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_a_view_is_known(name):
    f, compiled = VIEWS[name], compile(VIEWS[name])
    rng = np.random.default_rng(0)
    for order in ("C", "F", "C", "F"):
        x = np.array(rng.normal(size=(3, 3)), order=order)
        before = x.copy()
        close(compiled(x), f(x))
        np.testing.assert_array_equal(x, before)
        slope = grad(lambda x: (f(x) * np.cos(np.arange(f(x).size)).reshape(f(x).shape)).sum())
        close(compile(slope)(x), slope(x))


STEPS = {
    "turned": lambda a, b: a.T,
    "flat": lambda a, b: a.reshape(-1)[::-1].reshape(3, 3),
    "turned and flat": lambda a, b: a.T.reshape(-1).reshape(3, 3),
    "parts": lambda a, b: np.concatenate([a[1:], b[:1]]),
    "repeated": lambda a, b: np.broadcast_to(a[0], (3, 3)),
    "sorted": lambda a, b: np.sort(a, axis=0)[::-1],
    "cumulated": lambda a, b: np.cumsum(a, axis=1) * 0.3,
    "inverted": lambda a, b: np.linalg.inv(3 * np.eye(3) + np.tanh(a)),
    "bent": lambda a, b: np.tanh(a),
    "added": lambda a, b: a + b,
    "multiplied": lambda a, b: a * b * 0.5,
    "product": lambda a, b: (a @ b) * 0.3,
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0), st.integers(0)), min_size=2),
    st.sampled_from("CF"),
)
def test_what_is_written_twice_is_computed_once_and_right(steps, order):
    def computed(x):
        made = [x]
        for name, i, j in steps:
            made.append(STEPS[name](made[i % len(made)], made[j % len(made)]))
        return made[-3:]

    def f(x):
        return [a.T * 2 + b for a, b in zip(computed(x), computed(x)[::-1], strict=True)]

    weights = np.cos(np.arange(9.0)).reshape(3, 3)
    slope = grad(lambda x: sum((out * weights).sum() for out in f(x)))
    x, other = (np.array(weights + shift, order=order) for shift in (0.3, 0.9))
    for g in (f, computed, slope):
        compiled = compile(g)
        found, expected = leaves(compiled(x)), leaves(g(x))
        kept = [out.copy() for out in found]
        compiled(other)
        for out, before, right in zip(found, kept, expected, strict=True):
            np.testing.assert_array_equal(out, before)
            np.testing.assert_allclose(out, right, rtol=1e-9, atol=1e-12)


def test_results_do_not_see_each_other():
    def pair(x):
        return np.linalg.inv(x), np.linalg.inv(x).T, np.tanh(x)[0], np.tanh(x)

    outs = compile(pair)(np.array([[2.0, 1.0], [0.0, 1.0]]))
    for i, out in enumerate(outs):
        assert not any(np.shares_memory(out, other) for other in outs[:i])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_and_repeated_rows_are_hoisted(dtype):
    rng = np.random.default_rng(0)
    x, row = rng.normal(size=(16, 32)).astype(dtype), rng.normal(size=32).astype(dtype)
    column = rng.normal(size=(16, 1)).astype(dtype)

    def f(x, row, column):
        for _ in range(3):
            x = np.tanh((1 - x) * -0.5 + row) * column
        return x

    compiled = compile(f)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, row, column), f(x, row, column), strict=True)
    text = "" if dtype == np.float64 else ", np.float32"
    name = "" if dtype == np.float64 else "_float32"
    assert f"_1{name} = np.array(1.0{text})\n" in compiled.source
    assert f"_minus_0_5{name} = np.array(-0.5{text})\n" in compiled.source
    assert compiled.source.count("full_row = np.positive(row, out=") == 1
    assert compiled.source.count("full_column = np.positive(column, out=") == 1
    assert compiled.source.count(", full_row, out=") == 3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("number", [1e-5, 1e5, 1e16, 1e-16, 1e300, np.inf, np.nan, 3, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_hoisted_number_is_that_number(number, dtype):
    x = np.array([0.5, 3.0, -2.0], dtype)

    def f(x):
        return x * number + (x + 1e-16) * (x > 2.5), np.hypot(x, 1e16)

    for found, right in zip(compile(f)(x), f(x), strict=True):
        np.testing.assert_array_equal(found, right, strict=True)


def test_a_parameter_may_be_called_like_what_is_hoisted():
    def f(_1, full_b, ones_2):
        for _ in range(3):
            _1 = (1 - _1) + ones_2 * full_b
        return _1

    args = np.ones((2, 2)), np.array([1.0, 2.0]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(compile(f)(*args), f(*args), strict=True)


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


def test_names_of_the_user_do_not_meet_those_of_a_program():
    def f(np1, slice):
        buffer1 = np.tanh(np1)
        f = buffer1.T
        return np.sum(f @ buffer1) * slice

    def mixed(w, w0, np):
        return np * (w[0] * 2 + w[1] * 3 + w0 * 5)

    x = np.arange(4.0).reshape(2, 2)
    close(compile(f)(x, 2.0), f(x, 2.0))
    close(derive(f, x, 2.0, argnums=())(x, 2.0), f(x, 2.0))
    for program in (compile(mixed), derive(mixed, [1.0, 2.0], 3.0, 4.0, argnums=())):
        close(program([1.0, 2.0], 3.0, 4.0), 92.0)
    close(compile(ad.softmax)(x), ad.softmax(x))
    close(derive(ad.softmax, x, argnums=())(x), ad.softmax(x))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    script = (
        "import os, numpy as np, autodiff as ad\n"
        "f, x = ad.compile(ad.grad(lambda x: np.sum(np.tanh(x) * x))), np.ones(200_000)\n"
        "expected = f(x)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(not np.array_equal(f(x), expected))\n"
        "os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)


# -- one array in two places ---------------------------------------------------------------


def test_an_array_is_not_written_over_while_another_argument_sees_it():
    one = compile(lambda a, b: (a + 1, b * 2, a * b), donate="a")
    both = compile(lambda a, b: (a + 1, b * 2), donate=("a", "b"))
    for _ in range(2):
        x, like = np.arange(4.0), np.arange(4.0)
        for found, right in zip(one(x, x), (like + 1, like * 2, like * like), strict=True):
            close(found, right)
        x = np.arange(4.0)
        for found, right in zip(both(x, x), (like + 1, like * 2), strict=True):
            close(found, right)
        x, like = np.arange(10.0), np.arange(10.0)
        for found, right in zip(one(x[:8], x[2:]), one(like[:8], like[2:].copy()), strict=True):
            close(found, right)
        x = np.arange(4.0)
        close(one(x, x[::-1])[2], [0.0, 2.0, 2.0, 0.0])


def test_donated_arrays_that_are_results_themselves():
    kept, doubled = compile(lambda a: (a, a * 2), donate="a")(np.ones(3))
    close(kept, np.ones(3))
    close(doubled, np.full(3, 2.0))
    first, second = compile(lambda a, b: (b + 0 * a, a + 0 * b), donate=("a", "b"))(
        np.zeros(3), np.ones(3)
    )
    close(first, np.ones(3))
    close(second, np.zeros(3))
    close(compile(lambda x: (np.ones(3), 2.0, x))(np.zeros(2))[0], np.ones(3))


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


def test_a_donated_array_that_is_read_later_is_not_written_into_before():
    f = compile(lambda w, x: (w - 0.1 * np.tanh(x), np.sum(x.T @ w)), donate="w")
    w, x = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    moved, total = f(w.copy(), x)
    np.testing.assert_allclose(moved, w - 0.1 * np.tanh(x))
    assert total == np.sum(x.T @ w)


# -- what memory a result is in ------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [lambda A: ad.reshape(A, ()), lambda A: A[0, 0, ...], lambda A: np.squeeze(A)]
)
def test_a_view_without_axes_keeps_its_buffer(number):
    def f(x):
        A = x.reshape(1, 3) @ x.reshape(3, 1)
        B = ad.broadcast_to(number(A), (1, 1))
        C = x.reshape(1, 3) @ ad.sin(x).reshape(3, 1)
        return B @ (C @ C)

    compiled = compile(f)
    for x in (np.array([0.1, 0.2, 0.3]), np.array([1.1, 1.2, 1.3])):
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12)


def test_the_curvature_of_an_inner_product():
    found = compile(hessian(lambda y: ad.sum(ad.cumprod(np.inner(y, y)) - y)))(np.ones(3) / 5)
    np.testing.assert_allclose(found, 6 * np.eye(3), rtol=1e-12)


@pytest.mark.parametrize(
    "wide",
    [
        lambda x: np.squeeze(ad.exp(x[:1]))[None] * x,
        lambda x: ad.exp(x[:1])[0, ...][..., None] * x,
        lambda x: ad.concatenate([np.squeeze(ad.exp(x[:1]))[None], x]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_view_without_axes_can_be_given_some(wide, dtype):
    compiled, slope = compile(wide), compile(grad(lambda x: ad.sum(wide(x) ** 2)))
    for x in (np.array([0.1, 0.2, 0.3], dtype), np.array([1.1, 1.2, 1.3], dtype)):
        np.testing.assert_allclose(compiled(x), wide(x), rtol=1e-6)
        np.testing.assert_allclose(slope(x), grad(lambda x: ad.sum(wide(x) ** 2))(x), rtol=1e-5)


# -- what is equal, and not the same -------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), ((1,), (True,)), ((1,), (1.0,)), (((0.0,),), ((-0.0,),))]
)
def test_static_values_that_are_equal_have_a_program_each(one, other):
    seen = []
    f = compile(lambda x, s: (seen.append(s), x)[1], static="s")
    for s in (one, other, one, other):
        f(np.ones(2), s)
    assert list(map(repr, seen)) == [repr(one), repr(other)]


def test_a_static_nan_has_one_program():
    seen = []
    f = compile(lambda x, s: (seen.append(s), x)[1], static="s")
    for _ in range(3):
        f(np.ones(2), np.nan)
    assert len(seen) == 1


def test_keys_that_are_equal_stay_as_they_are():
    f = compile(lambda p: {k: v * 2.0 for k, v in p.items()})
    for key in (1, True, 1.0, 1):
        assert list(map(repr, f({key: np.ones(2)}))) == [repr(key)]


@pytest.mark.parametrize("call", [lambda x: np.argsort(x, axis=None), lambda x: ad.sort(x, None)])
def test_none_is_written_where_it_is_not_usual(call):
    x = np.array([[0.5, -0.3, 1.2], [0.9, 0.4, -0.7]])
    for program in (
        compile(lambda x: call(x) * 1.0),
        derive(lambda x: call(x) * 1.0, x, argnums=()),
    ):
        np.testing.assert_array_equal(program(x), call(x))
