"""Programs that `derive` writes: equal to the engine, readable, and alone in the world."""

import ast
import cProfile
import math
import subprocess
import sys

import numpy as np
import pytest
from agreement import agree, close, slope_of, weighted
from registry_cases import calls

import autodiff as ad
from autodiff import derive, grad, hvp, jacobian
from autodiff.extend import operations
from autodiff.programs.tracing.standins import TraceError
from autodiff.support.syntax import filled


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", operations())
def test_every_operation_as_a_program(name):
    for operands, params in calls(name)[:6]:
        f, floats = weighted(name, operands, params)
        every = tuple(range(len(floats)))
        for g in (f, slope_of(f, every)) if floats else ():
            agree(derive(g, *floats, argnums=every), g, *floats, argnums=every)


# -- what it reads like --------------------------------------------------------------------


def neuron(w, x):
    w0, w1, w2 = w
    x0, x1 = x
    dot = w0 * x0 + w1 * x1 + w2
    f = ad.sigmoid(dot)
    return f


NEURON = [2.0, -3.0, -3.0], [-1.0, -2.0]


def test_the_neuron_reads_like_a_textbook():
    assert (
        derive(neuron, *NEURON).source
        == '''"""The value of neuron and its gradient by w, x."""

import math


def neuron(w, x):
    w0, w1, w2 = w
    x0, x1 = x

    # forward
    v1 = w0 * x0
    v2 = w1 * x1
    v3 = v1 + v2
    dot = v3 + w2
    f = 1 / (1 + math.exp(-dot))

    # backward
    d_dot = f / (1 + math.exp(dot))
    d_w1 = d_dot * x1
    d_x1 = d_dot * w1
    d_w0 = d_dot * x0
    d_x0 = d_dot * w0

    return f, ([d_w0, d_w1, d_dot], [d_x0, d_x1])
'''
    )


def test_the_neuron_has_the_numbers_of_the_engine():
    value, (dw, dx) = derive(neuron, *NEURON)(*NEURON)
    assert math.isclose(value, 1 / (1 + math.exp(-1)))
    slope = value * (1 - value)
    np.testing.assert_allclose(dw, [-slope, -2 * slope, slope], rtol=1e-12)
    np.testing.assert_allclose(dx, [2 * slope, -3 * slope], rtol=1e-12)


def test_a_saved_program_needs_nothing_of_this_project(tmp_path):
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(4, 3)), "b": np.zeros(3)}
    X, labels = rng.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0])

    def loss(params, X, labels):
        return ad.cross_entropy(ad.tanh(X) @ params["W"] + params["b"], labels)

    program = derive(loss, params, X, labels, argnums=0, name="loss_grad")
    program.save(tmp_path / "loss_grad.py")
    np.savez(tmp_path / "data.npz", X=X, labels=labels, **params)
    script = (
        "import numpy as np, sys, loss_grad\n"
        "d = np.load('data.npz')\n"
        "value, g = loss_grad.loss_grad({'W': d['W'], 'b': d['b']}, d['X'], d['labels'])\n"
        "assert 'autodiff' not in sys.modules\n"
        "print(repr(float(value)), repr(float(g['W'].sum())), sorted(g))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    value, gradient = program(params, X, labels)
    assert done.stdout.split()[:2] == [repr(float(value)), repr(float(gradient["W"].sum()))]


def test_no_line_is_dead_and_no_sum_is_made_twice():
    def f(x):
        unused = ad.cos(x)  # noqa: F841
        return ad.exp(x) * ad.exp(x) * 1.0 + 0.0

    source = derive(f, 0.5).source
    assert source.count("exp") == 1
    assert "cos" not in source
    assert "* 1.0" not in source


def test_constants_are_folded_and_defaults_left_out():
    def f(x):
        doubled = x + x
        return np.sum(np.var(doubled, axis=0) * 4.0 * 0.5)

    source = derive(f, np.ones((2, 3))).source
    assert "doubled = 2 * x  # (2, 3)" in source
    assert "np.var(doubled, axis=0)  #" in source
    assert "2 * v1" in source


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_constant_of_one_number_is_written_by_its_shape(dtype):
    x = np.ones((300, 500), dtype)
    program = derive(np.mean, x)
    assert "np.full((300, 500), " in program.source
    np.testing.assert_array_equal(program(x)[1], grad(np.mean)(x), strict=True)
    masked = derive(lambda x: x * np.zeros(5, bool) + np.full(5, 3), np.ones(5), argnums=())
    np.testing.assert_array_equal(masked(np.ones(5)), np.full(5, 3.0))


def test_names_are_the_users():
    def neuron(weights, inputs):
        w0, w1 = weights
        dot = w0 * inputs["x"] + w1
        return dot * dot

    source = derive(neuron, [1.0, 2.0], {"x": 3.0, "unused": 1.0}).source
    assert '    w0, w1 = weights\n    x = inputs["x"]\n\n    # forward' in source
    second = derive(grad(lambda x: x**3), 2.0).source
    assert "# backward, order 2" in second
    assert "    d_x = 3 * x ** 2\n" in second
    assert second.count("d2_x") == 2
    assert "==" not in second


def test_shapes_stand_as_comments():
    source = derive(lambda x, y: (x * y).sum(), np.ones((3, 1)), np.ones(2)).source
    assert "v1 = x * y  # (3, 2)" in source


# -- orders, structures, kinds -------------------------------------------------------------


def test_transforms_compose():
    def f(x):
        return np.sum(np.tanh(x) * x[::-1] ** 2)

    x, v = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])
    close(derive(grad(f), x)(x), grad(f)(x))
    close(derive(jacobian(grad(f)), x)(x), jacobian(grad(f))(x))
    product = derive(lambda x, v: hvp(f, (x,), (v,)), x, v)
    close(product(2 * x, v), hvp(f, (2 * x,), (v,)))
    third = derive(grad(grad(lambda x: ad.tanh(x) ** 3)), 0.4)
    close(third(0.7)[1], grad(grad(grad(lambda x: ad.tanh(x) ** 3)))(0.7))


def test_structures_are_the_functions_own():
    def f(p, k):
        return p["a"][0] * p["b"] * k

    program = derive(f, {"a": [2.0], "b": 3.0}, 5.0)
    assert program({"a": [2.0], "b": 3.0}, 5.0) == (30.0, ({"a": [15.0], "b": 10.0}, 6.0))


def test_float32_stays():
    x = np.ones(3, np.float32)
    value, gradient = derive(lambda x: (x * x).mean(), x)(x)
    assert gradient.dtype == np.float32
    assert value.dtype == np.float32


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("point", [np.array([-4.0, 0.0, 4.0]), 0.0, -4.0])
def test_a_zero_cotangent_stops_at_a_singularity(point):
    def masked(x):
        return np.sum(ad.where(x >= 0, x, ad.sqrt(-x)))

    def by_chance(x):
        return np.sum(ad.sqrt(x * x) * (x * 0.0))

    for f in (masked, by_chance):
        agree(derive(f, point), f, point, argnums=0)
        agree(derive(slope_of(masked, 0), point), slope_of(masked, 0), point, argnums=0)


# -- what cannot be recorded ---------------------------------------------------------------


VECTOR = np.array([1.0, -2.0, 3.0])


@pytest.mark.parametrize(
    ("f", "x", "said"),
    [
        (lambda x: x if x > 0 else -x, 1.0, "a branch"),
        (lambda x: x * (0 < x < 2), 1.0, "a branch"),
        (lambda x: x if np.all(x > 0) else -x, VECTOR, "a branch"),
        (lambda x: x if not x > 0 else -x, 1.0, "a branch"),
        (lambda x: max([x, 2.0]), 1.0, "a branch"),
        (lambda x: sorted(x)[0], VECTOR, "a branch"),
        (lambda x: x * (x in [1.0, 2.0]), 1.0, "a branch"),
        (lambda x: sum(e for e, m in zip(x, x > 0, strict=True) if m), VECTOR, "a branch"),
        (lambda x: math.sin(x), 1.0, "`float\\(\\)`"),
        (lambda x: x * len(f"{x:.2f}"), 1.0, "a text"),
        (lambda x: int(x) * x, 1.0, "`int\\(\\)`"),
        (lambda x: [1, 2][x] * x, 1.0, "an index or a count"),
        (lambda x: sum(x for _ in range(x)), 1.0, "an index or a count"),
        (lambda x: ad.sum(np.ones(4) * x, axis=x), 1.0, "an index or a count"),
        (lambda x: np.zeros(x) * x, 1.0, "a plain number is wanted"),
        (lambda x: np.ones(3)[x] * x, 1.0, "a plain array"),
        (lambda x: x * np.full(3, x), 1.0, "a plain array"),
        (lambda x: x[ad.argmax(x)], VECTOR, "an index"),
        (lambda x: np.sum(x[x > 0]), VECTOR, "a mask as an index"),
        (lambda x: x.at[x > 0].set(0.0), VECTOR, "a mask as an index"),
        (lambda x: x * np.nonzero(x)[0].size, VECTOR, "the shape of `nonzero`"),
        (lambda x: x * len(np.argwhere(x)), VECTOR, "the shape of `argwhere`"),
        (lambda x: np.unique(x), VECTOR, "what `numpy.unique` does"),
        (lambda x: x.data * x, 1.0, "`.data`"),
        (lambda x: x.grad * x, 1.0, "`.grad`"),
        (lambda x: x * np.asarray(x), 1.0, "a plain array"),
        (lambda x: (x * x).backward(), 1.0, "`backward\\(\\)`"),
    ],
)
def test_a_decision_by_a_value_is_refused_with_its_line(f, x, said):
    with pytest.raises(TraceError, match=said) as error:
        derive(f, x)
    assert "test_derive.py" in str(error.value)
    assert "static argument" in str(error.value)


def test_questions_about_values_are_steps():
    def f(x):
        mask = ~((x > 0) ^ (x < 2)) | (x != x)
        assert x is not None
        return np.sum(ad.where(mask, x, 2 * x)) * np.any(x > 0) + np.count_nonzero(mask)

    program = derive(f, VECTOR)
    for x in (VECTOR, -VECTOR, np.zeros(3)):
        agree(program, f, x, argnums=0)
    assert derive(lambda x: x * (x == None or x == "text" or 2), 3.0)(3.0) == (6.0, 2.0)  # noqa: E711


def test_side_effects_happen_once_and_what_is_around_is_as_it_was_then(capsys):
    scale = np.ones(3)

    def f(x):
        print("traced", x)
        return np.sum(scale * x)

    program = derive(f, VECTOR)
    before = program(VECTOR)[0]
    scale[:] = 5.0
    assert program(VECTOR)[0] == before
    assert capsys.readouterr().out == "traced <traced Tensor, shape (3,)>\n"


def test_other_arguments_are_refused():
    program = derive(lambda x: x.sum(), np.ones(3))
    with pytest.raises(ValueError, match="Derive it again"):
        program(np.ones(4))
    with pytest.raises(TypeError, match="1 arguments"):
        program(np.ones(3), 1.0)
    with pytest.raises(TypeError, match="another structure"):
        program([np.ones(3)])


def test_results_are_safe_to_keep():
    x, y = np.ones(3), np.full(3, 2.0)
    dx = derive(lambda x, y: np.sum(x * y), x, y)(x, y)[1][0]
    dx += 1
    np.testing.assert_array_equal(y, 2.0)


def test_a_profiler_may_watch():
    with cProfile.Profile() as profiler:
        program = derive(neuron, *NEURON)
    assert profiler.getstats()
    assert program.source == derive(neuron, *NEURON).source


def test_a_form_is_filled_in_a_copy():
    form = ast.parse("f(a, k=b)[a:1] + a", mode="eval").body
    before = ast.dump(form)
    put = {"a": ast.parse("p + q", mode="eval").body, "b": ast.Constant(2)}
    assert ast.unparse(filled(form, put)) == "f(p + q, k=2)[p + q:1] + (p + q)"
    assert ast.dump(form) == before


def test_messages_name_what_there_is():
    with pytest.raises(TypeError, match=r"`compile\(f, static=...\)`"):
        derive(lambda x: x, "a")

    def nothing(x):
        return None

    with pytest.raises(TypeError, match="`nothing` returned None"):
        derive(nothing, 2.0)


def test_no_product_of_second_order_is_transposed_afterwards():
    def loss(w, u):
        return np.sum(np.tanh(x @ w) @ u)

    rng = np.random.default_rng(0)
    x, w, u = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=(5, 2))
    product = lambda w, u, *tangents: hvp(loss, (w, u), tangents)  # noqa: E731
    program = derive(product, w, u, w + 1, u + 1, argnums=())
    products = [line for line in program.source.splitlines() if " @ " in line]
    assert "d2_u = d2_d_v2.T @ C2  # (5, 2)" in program.source
    assert len(products) == 6
    assert not any(").T" in line or "swapaxes" in line for line in products)
