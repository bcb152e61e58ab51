"""Rules where random operands do not come: equal values, zero cotangents, axes in the middle."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, grad, value_and_grad, vjp
from autodiff.extend import operation
from autodiff.graph.order import reverse_topological
from autodiff.primitives.primitive import REGISTRY
from autodiff.testing import finite_differences


def agrees(f, x):
    """Whether the gradient of a sum of weighted entries of f(x) is what differences say."""
    weights = np.random.default_rng(1).normal(size=np.shape(f(x)))

    def weighted(v):
        return np.sum(weights * f(v))

    right, _ = finite_differences(weighted, x)
    np.testing.assert_allclose(grad(weighted)(x), right, rtol=1e-7, atol=1e-8)


def test_an_axis_taken_out_of_the_middle():
    agrees(lambda x: np.squeeze(x, 1), np.arange(6.0).reshape(2, 1, 3))
    agrees(lambda x: np.squeeze(x), np.arange(3.0).reshape(1, 3, 1))
    agrees(lambda x: np.expand_dims(x, (1, 3)), np.arange(6.0).reshape(2, 3))


def test_entries_taken_of_all_in_a_row():
    x = np.arange(6.0).reshape(2, 3)
    agrees(lambda v: np.take_along_axis(v, np.array([5, 0, 5]), None), x)
    second = grad(
        lambda u: (
            grad(lambda v: (np.take_along_axis(v, np.array([5, 0, 5]), None) ** 3).sum())(u) ** 2
        ).sum()
    )(x)
    np.testing.assert_allclose(second[1, 2], 2 * (2 * 3 * 25.0) * (2 * 6 * 5.0))


@pytest.mark.parametrize("alpha", [0.5, 2.0, -0.5])
def test_elu_with_another_slope(alpha):
    x = np.array([-3.0, -0.25, 0.25, 0.75, 1.5])
    agrees(lambda v: ad.elu(v, alpha) if isinstance(v, Value) else _elu(v, alpha), x)


def _elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def test_hard_tanh_has_slope_1_at_its_bounds():
    x = np.array([-1.5, -1.0, 0.0, 1.0, 1.5])
    np.testing.assert_array_equal(grad(lambda v: ad.hard_tanh(v).sum())(x), [0, 1, 1, 1, 0])


def test_heaviside_moves_with_its_value_at_zero():
    for x, at_zero in [(0.0, 0.5), (0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (2.0, 0.5)]:
        assert grad(ad.heaviside, (0, 1))(x, at_zero) == (0.0, float(x == 0))


def test_zero_to_the_zero_changes_with_neither():
    assert grad(lambda a, b: a**b, (0, 1))(0.0, 0.0) == (0.0, 0.0)


def test_a_power_that_is_a_node_bends_at_zero():
    for power, second in [(2.0, 2.0), (3.0, 0.0), (1.0, 0.0), (0.0, 0.0)]:
        b = Value(power)
        first = float(power == 1.0)
        assert value_and_grad(grad(lambda a, b=b: a**b))(0.0) == (first, second)
        slope = grad(lambda t, b=b: (t**b).sum())
        found = value_and_grad(lambda t, slope=slope: slope(t).sum())(np.zeros(1))
        assert found == (first, second)


@pytest.mark.parametrize(("power", "left"), [(3, [2.0]), (0.5, [-0.5]), (2, []), (1, [0.0])])
def test_an_exponent_that_is_a_number_stays_one(power, left):
    """NumPy knows a number's fastest way; of an array of exponents it takes each by itself."""
    found = []

    def slope(x):
        node = grad(lambda u: (u**power).sum())(x)
        found.extend(n._y for n in reverse_topological([node]) if n.op == "pow")
        return node.sum()

    x = np.array([1.0, 4.0])
    np.testing.assert_allclose(grad(slope)(x), power * (power - 1) * x ** (power - 2.0))
    kept = [e for e in found if e != power]
    assert kept == left
    assert all(type(e) is float for e in kept)


@pytest.mark.parametrize("f", [ad.arcsec, ad.arccsc])
def test_inverses_of_secants_on_the_left(f):
    agrees(f, np.array([-3.0, -1.5, 1.5, 3.0]))


def test_a_logarithm_with_a_weight_falls_without_end_at_zero():
    with np.errstate(divide="ignore"):
        by_y = grad(lambda y: ad.xlogy(np.array([2.0, 0.0, 0.0]), y).sum())
        np.testing.assert_array_equal(by_y(np.array([0.0, 0.0, 3.0])), [np.inf, 0.0, 0.0])


@pytest.mark.parametrize("f", [ad.arcsin, ad.arccos, ad.arctanh])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_slopes_close_to_both_ends(f, side):
    x = side * (1 - 2.0**-40)
    gap = 2.0**-40 * (2 - 2.0**-40)  # 1 - x * x, without rounding
    expected = {ad.arcsin: gap**-0.5, ad.arccos: -(gap**-0.5), ad.arctanh: 1 / gap}[f]
    np.testing.assert_allclose(grad(f)(x), expected, rtol=4e-16)


def test_the_logarithm_of_an_empty_sum():
    np.testing.assert_array_equal(ad.logsumexp(np.zeros((2, 0)), 1), [-np.inf, -np.inf])
    kept = ad.logsumexp(np.zeros((2, 0, 3)), 1, keepdims=True)
    np.testing.assert_array_equal(kept, np.full((2, 1, 3), -np.inf))
    low = ad.logsumexp(np.float32([[-np.inf, -np.inf], [0.0, 0.0]]), 1)
    assert low.dtype == np.float32
    np.testing.assert_array_equal(low, np.float32([-np.inf, np.log(2.0)]))


def test_hypot_twice_where_one_side_is_zero():
    def by_both(a, b):
        slope_a = grad(lambda x: grad(ad.hypot, 0)(x, b))(a)
        slope_b = grad(lambda y: grad(ad.hypot, 1)(a, y))(b)
        return slope_a, slope_b

    assert by_both(2.0, 0.0) == (0.0, 0.5)
    assert by_both(0.0, 4.0) == (0.25, 0.0)


def test_equal_singular_values_and_eigenvalues_have_a_derivative():
    x = np.diag([2.0, 2.0, -2.0])
    signs = np.diag([1.0, 1.0, -1.0])
    np.testing.assert_allclose(grad(lambda v: np.linalg.norm(v, "nuc"))(x), signs, atol=1e-15)
    np.testing.assert_allclose(
        grad(lambda v: np.linalg.svdvals(v).sum())(np.eye(3)[:2]), np.eye(3)[:2], atol=1e-15
    )
    np.testing.assert_allclose(
        grad(lambda v: np.linalg.eigvalsh(v).sum())(np.eye(3)), np.eye(3), atol=1e-15
    )


def test_cross_entropy_of_stacked_rows():
    labels = np.array([[0, 3, 1], [2, 2, 0]])
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    found = grad(lambda z: ad.cross_entropy(z, labels))(logits)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found, (p - np.eye(4)[labels]) / 6, rtol=1e-13)


@pytest.mark.parametrize("f", [np.linalg.cholesky, np.linalg.eigvalsh])
def test_what_a_symmetric_matrix_gets_is_symmetric(f):
    x = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
    found = grad(lambda m: (f(m) * np.arange(1.0, np.size(f(x)) + 1).reshape(f(x).shape)).sum())(x)
    np.testing.assert_array_equal(found, found.T)
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("f", [np.linalg.det, np.linalg.inv, np.linalg.cholesky])
def test_matrices_of_float32_have_gradients_of_float32(f):
    t = Tensor(np.float32([[2.0, 0.5], [0.5, 1.0]]))
    out = f(t)
    assert out.dtype == np.float32
    out.sum().backward()
    assert t.grad.dtype == np.float32


def test_an_unselected_operation_that_cannot_be_pulled_back_does_no_harm():
    x, other = Tensor(np.zeros((2, 2))), Tensor([np.nan, 1.0])
    with np.errstate(all="ignore"):
        chosen = ad.where(False, operation("logabsdet").call(x), 3.0)
    (chosen + (other * other).sum()).backward()
    np.testing.assert_array_equal(x.grad, np.zeros((2, 2)))
    np.testing.assert_array_equal(other.grad, [np.nan, 2.0])
    assert not grad(lambda v: _quiet(lambda: ad.where(False, operation("logabsdet").call(v), 3.0)))(
        x.data
    ).any()


def _quiet(f):
    with np.errstate(all="ignore"):
        return f()


STEPS = [
    n for n, p in REGISTRY.items() if p.elementwise and len(p.operands) == 1 and not p.defaults
]


@pytest.mark.parametrize("name", STEPS)
def test_a_zero_cotangent_stops_at_every_special_value(name):
    """Also in the second derivative, and with a cotangent that is not zero beside it."""
    call, weights = REGISTRY[name].call, np.array([0.0, 1.0])

    def first(x):
        return grad(lambda v: (call(v) * weights).sum())(x)

    with np.errstate(all="ignore"):
        for special in (0.0, 1.0, -1.0, np.inf, -np.inf, np.nan):
            x, value = np.array([special, 0.4]), Value(special)
            assert first(x)[0] == 0.0
            assert grad(lambda v: (first(v) * weights).sum())(x)[0] == 0.0
            (call(value) * 0.0 + value * 2.0).backward()
            assert value.grad == 2.0


def test_a_branch_not_taken_has_slope_0_whatever_comes_back():
    x, endless = np.array([-1.0, 2.0]), np.full(2, np.inf)
    for f in (ad.relu, lambda v: ad.maximum(v, 0.0), lambda v: ad.clip(v, 0.0, 5.0)):
        _, pull = vjp(f, x)
        np.testing.assert_array_equal(pull(endless)[0], [0.0, np.inf])
        assert value_and_grad(lambda ct, pull=pull: pull(ct)[0][0])(endless)[0] == 0.0


def test_a_mean_of_nothing_pulls_back_nothing():
    t = Tensor(np.zeros((0, 3)))
    np.mean(t, axis=1).backward(np.zeros(0))
    assert t.grad.shape == (0, 3)


def test_steps_have_slope_0_whatever_comes_back():
    t = Tensor([1.5, 2.0])
    for step in (ad.floor, ad.ceil, ad.trunc, ad.rint, ad.sign):
        t.zero_grad()
        (step(t) * np.inf).sum().backward()
        np.testing.assert_array_equal(t.grad, [0.0, 0.0])


def test_polygamma_at_a_pole_with_a_zero_cotangent():
    x = np.array([-1.0, 2.0])
    for n in (1, 2):
        found = grad(lambda v, n=n: (ad.polygamma(v, n) * np.array([0.0, 1.0])).sum())
        with np.errstate(all="ignore"):
            assert found(x)[0] == 0.0


# -- matrices that are singular, or not finite ---------------------------------------------


@pytest.mark.parametrize(
    "x", [np.ones((2, 2)), np.zeros((3, 3)), np.diag([2, 0, 0]), np.outer([1, 2, 3], [1, 1, 2])]
)
def test_a_determinant_bends_where_the_matrix_is_singular(x):
    weights, x = np.random.default_rng(0).normal(size=x.shape), x.astype(float)
    slope = grad(lambda m: (grad(np.linalg.det)(m) * weights).sum())
    right, _ = finite_differences(lambda m: np.sum(grad(np.linalg.det)(m) * weights), x)
    np.testing.assert_allclose(slope(x), right, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ad.hvp(np.linalg.det, (x,), (weights,)), right, rtol=1e-7, atol=1e-9)


def test_a_determinant_to_the_third_order():
    x, u, v = np.random.default_rng(0).normal(size=(3, 4, 4))  # of 3 by 3 it is the same everywhere

    def bend(m):
        return (ad.hvp(np.linalg.det, (m,), (u,)) * v).sum()

    right, _ = finite_differences(bend, x)
    np.testing.assert_allclose(grad(bend)(x), right, rtol=1e-7, atol=1e-9)


OF_MATRICES = {
    "inv": (np.linalg.inv, np.full((2, 2), np.nan)),
    "solve": (lambda x: np.linalg.solve(x, np.ones((2, 1))), np.array([[1.0, np.nan], [1.0, 0.0]])),
    "det": (lambda x: np.linalg.det(x)[:, None, None], np.full((2, 2), np.nan)),
    "logabsdet": (lambda x: np.linalg.slogdet(x)[1][:, None, None], np.ones((2, 2))),
    "cholesky": (np.linalg.cholesky, np.full((2, 2), np.nan)),
    "eigh": (lambda x: np.linalg.eigh(x)[1], np.full((2, 2), np.nan)),
    "eigh of equal values": (lambda x: np.linalg.eigh(x)[1], np.eye(2)),
    "svd": (lambda x: np.linalg.svd(x)[0], np.eye(2)),
    "svd of a column": (
        lambda x: np.linalg.svd(x[..., :1] * [[1.0], [2.0]], full_matrices=False)[0],
        np.zeros((2, 2)),
    ),
    "svd of a row": (
        lambda x: np.linalg.svd(x[..., :1, :] * [[1.0, 2.0]], full_matrices=False)[2],
        np.zeros((2, 2)),
    ),
    "qr": (lambda x: np.linalg.qr(x)[0], np.array([[0.0, 1.0], [0.0, 2.0]])),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OF_MATRICES)
def test_a_matrix_of_a_stack_that_is_not_selected_does_no_harm(name):
    f, bad = OF_MATRICES[name]
    good = np.array([[2.0, 0.5], [0.5, 1.0]])

    def chosen(stack):
        return (f(stack)[0] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum()

    wild, tame = np.stack([good, bad]), np.stack([good, 2 * good])
    for slope in (grad(chosen), grad(lambda s: (grad(chosen)(s)[0] ** 2).sum())):
        np.testing.assert_allclose(slope(wild)[0], slope(tame)[0], rtol=1e-12)
        np.testing.assert_array_equal(slope(wild)[1], np.zeros((2, 2)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OF_MATRICES)
def test_beside_a_bad_matrix_a_cotangent_that_is_zero_by_chance_still_changes(name):
    f, bad = OF_MATRICES[name]
    good = np.array([[2.0, 0.5], [0.5, 1.0]])

    def total(stack):
        return (f(stack)[0] * (stack[0] - good)).sum()

    wild, tame = np.stack([good, bad]), np.stack([good, 2 * good])
    slope = grad(lambda s: (grad(total)(s)[0] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum())
    np.testing.assert_allclose(slope(wild)[0], slope(tame)[0], rtol=1e-12)
    assert np.abs(slope(tame)[0]).max() > 0.1


def test_stacks_of_stacks_are_spared_too():
    good = np.diag([2.0, 1.0, 0.5])
    stack = np.stack([good, np.full((3, 3), np.nan)])[None]
    found = grad(lambda s: np.linalg.inv(s)[0, 0].sum())(stack)
    np.testing.assert_array_equal(found[0, 1], np.zeros((3, 3)))
    np.testing.assert_allclose(found[0, 0], grad(lambda s: np.linalg.inv(s).sum())(good))


def test_a_program_looks_only_where_a_branch_is_chosen():
    x = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert "where" not in ad.derive(lambda x: (np.linalg.inv(x) ** 2).sum(), x).source
    chosen = ad.derive(lambda x: ad.where(x > 1, np.linalg.inv(x), 0.0).sum(), x)
    assert "isfinite" in chosen.source


@pytest.mark.parametrize("values", [np.linalg.eigvalsh, np.linalg.svdvals])
def test_the_slope_at_equal_values_is_there_within_another_derivative(values):
    f = lambda x: (values(x) ** 2).sum()  # noqa: E731
    found, _ = ad.jvp(grad(f), (np.eye(2),), (np.ones((2, 2)),))
    np.testing.assert_allclose(found, 2 * np.eye(2), atol=1e-15)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (3, 3)])
def test_singular_vectors_of_every_shape(shape):
    rng = np.random.default_rng(0)
    x, weights, direction = rng.normal(size=(3, *shape))

    def f(x):
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        return ((u * [1.0, 2.0, 4.0]) @ vh * weights).sum()

    right, _ = finite_differences(f, x)
    np.testing.assert_allclose(grad(f)(x), right, rtol=1e-7, atol=1e-9)
    right, _ = finite_differences(lambda x: (grad(f)(x) * direction).sum(), x)
    np.testing.assert_allclose(ad.hvp(f, (x,), (direction,)), right, rtol=1e-6, atol=1e-8)


def test_a_branch_with_a_singular_matrix_is_left_alone_to_second_order():
    def f(x):
        return ad.where(x[0, 0] > 5, np.linalg.slogdet(x)[1], (x * x).sum())

    x, right = np.ones((2, 2)), 2 * np.eye(4).reshape(2, 2, 2, 2)
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(ad.hessian(f)(x), right)
        np.testing.assert_array_equal(ad.derive(ad.hessian(f), x, argnums=())(x), right)
        np.testing.assert_array_equal(ad.compile(ad.hessian(f))(x), right)


def test_rows_that_are_masked_out_of_a_logsumexp_pull_nothing_back():
    x = np.array([[-np.inf, -np.inf], [np.log(3.0), 0.0]])
    slope = grad(lambda v: ad.logsumexp(v, axis=1).sum())
    np.testing.assert_allclose(slope(x), [[0.0, 0.0], [0.75, 0.25]], rtol=1e-15)
    np.testing.assert_allclose(
        grad(lambda v: slope(v)[:, 0].sum())(x), [[0.0, 0.0], [0.1875, -0.1875]], rtol=1e-15
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: np.linalg.inv(Tensor(np.ones((2, 3)))), r"`inv` takes square .* \(2, 3\)"),
        (lambda: np.linalg.det(Tensor(np.ones(3))), r"`det` takes square .* \(3,\)"),
        (lambda: np.linalg.solve(Tensor(np.eye(2)), np.ones(3)), r"as many rows, .* and \(3,\)"),
        (lambda: np.linalg.solve(Tensor(np.ones((2, 3))), np.ones(2)), r"\(2, 3\) and \(2,\)"),
    ],
)
def test_matrices_of_other_shapes_are_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_singular_matrix_has_no_inverse():
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        np.linalg.inv(Tensor(np.ones((2, 2))))


@pytest.mark.parametrize(
    "vectors",
    [
        lambda x: np.linalg.eigh(x + x.T)[1],
        lambda x: np.linalg.svd(x)[0],
        lambda x: np.linalg.inv(x),
        lambda x: np.linalg.qr(x)[0],
        lambda x: np.linalg.cholesky(x @ x.T),
        lambda x: np.linalg.det(x) + 0 * x,
    ],
)
def test_a_cotangent_that_is_zero_by_chance_still_changes(vectors):
    x = np.array([[2.0, 0.3, 0.1], [0.4, 1.0, 0.2], [0.5, 0.6, -1.5]])

    def f(v):  # at x, nothing is pulled back from the vectors, but close to it something is
        return (vectors(v) * (v - x) ** 2 + vectors(v) * (v - x)).sum()

    slope = lambda v: (grad(f)(v) * np.arange(9.0).reshape(3, 3)).sum()  # noqa: E731
    right, _ = finite_differences(slope, x)
    np.testing.assert_allclose(grad(slope)(x), right, rtol=1e-6, atol=1e-8)
    direction = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(ad.jvp(grad(f), (x,), (direction,))[1], right, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        ad.compile(lambda v: ad.hvp(f, (v,), (direction,)))(x), right, rtol=1e-6, atol=1e-8
    )


def test_the_third_order_of_det_keeps_the_digits_of_float32():
    x, y, weights = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    x[2] = x[0] + x[1] + np.float32([0, 0, 1e-3])  # close to singular
    slope = grad(lambda x, y: (operation("det_hvp").call(x, y) * weights).sum())
    found, exact = slope(x, y), slope(x.astype(np.float64), y.astype(np.float64))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6 * np.abs(exact).max())
