"""Products of many entries: a zero cotangent stops at an infinity, and only there."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile, derive, grad, value_and_grad
from autodiff.extend import operation
from autodiff.operations.zeros import zero_may_meet

PRODUCTS = [
    (np.matmul, [(3,), (3,)]),
    (np.matmul, [(3,), (3, 2)]),
    (np.matmul, [(2, 3), (3,)]),
    (np.matmul, [(2, 3), (3, 4)]),
    (np.matmul, [(2, 2, 3), (2, 3, 4)]),
    (np.matmul, [(2, 2, 3), (3,)]),
    (np.matmul, [(3,), (2, 3, 4)]),
    (operation("matmul_transposed").call, [(2, 3), (4, 3)]),
    (operation("matmul_transposed").call, [(2, 2, 3), (2, 4, 3)]),
    (operation("matmul_transposed").call, [(3,), (4, 3)]),
    (operation("transposed_matmul").call, [(3, 2), (3, 4)]),
    (operation("transposed_matmul").call, [(2, 3, 2), (2, 3, 4)]),
    (operation("transposed_matmul").call, [(3, 2), (3,)]),
    (np.multiply, [(2, 3), (3,)]),
    (np.outer, [(2,), (3,)]),
    (lambda a, b: np.einsum("ij,jk->ik", a, b), [(2, 3), (3, 4)]),
    (lambda a, b: np.einsum("ij,ij->i", a, b), [(2, 3), (2, 3)]),
    (lambda a, b: np.einsum("i,j->ij", a, b), [(2,), (3,)]),
    (lambda a, b, c: np.einsum("ij,jk,k->ik", a, b, c), [(2, 3), (3, 4), (4,)]),
    (lambda a, b, c: np.einsum("i,ij,j->i", a, b, c), [(2,), (2, 3), (3,)]),
    (lambda a: np.cumprod(a, axis=1), [(2, 3)]),
    (lambda a: np.prod(a, axis=1), [(2, 3)]),
]
CASES = [(f, shapes, k) for f, shapes in PRODUCTS for k in range(len(shapes))]


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize(("f", "shapes", "spoiled"), CASES)
def test_outputs_of_no_weight_pull_nothing_back(f, shapes, spoiled, bad):
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(1.0, 2.0, size=shape) for shape in shapes]
    wild = [a.copy() for a in arrays]
    wild[spoiled].flat[-1] = bad
    with np.errstate(all="ignore"):
        weights = np.isfinite(f(*wild)) * 1.0

        def weighted(*operands):
            return np.sum(f(*operands) * weights)

        every = tuple(range(len(arrays)))
        right, found = grad(weighted, every)(*arrays), grad(weighted, every)(*wild)
        for i in every:
            if f is not np.multiply or i != spoiled:  # what it is multiplied with is not spoiled
                np.testing.assert_allclose(found[i], right[i], rtol=1e-14)

            def slope(x, i=i):
                operands = [*wild[:i], x, *wild[i + 1 :]]
                return grad(weighted, i)(*operands).sum()

            if len(arrays) > 1:
                np.testing.assert_allclose(
                    value_and_grad(slope)(wild[i])[0], right[i].sum(), rtol=1e-14
                )


def test_a_program_folds_its_constants_with_the_same_care():
    a, weights = np.array([[1.0, 2.0], [3.0, np.inf]]), np.array([1.0, 0.0])
    with np.errstate(all="ignore"):
        program = derive(lambda b: np.sum((a @ b) * weights), np.ones(2))
        np.testing.assert_array_equal(program(np.full(2, 5.0))[1], [1.0, 2.0])


def test_another_cotangent_meets_the_infinity():
    ends, matrix = {"i": np.array([np.inf, 2.0]), "j": np.array([1.0, 3.0])}, np.ones((2, 2))
    for order in ("i,ij,j", "j,ij,i"):
        first, _, last = order.split(",")
        seen = []

        def slope(m, order=order, first=first, last=last, seen=seen):
            g = grad(lambda x: np.einsum(f"{order}->", ends[first], x, ends[last]))(m)
            seen.append(g.data)
            return g[1].sum()

        assert value_and_grad(slope)(matrix)[0] == 8.0
        np.testing.assert_array_equal(seen[0], [[np.inf, np.inf], [2.0, 6.0]])


def test_a_cotangent_that_is_a_node_stops_as_well():
    a, b = np.array([[1.0, 1.0], [1.0, np.inf]]), np.ones(2)
    for product in (
        lambda x: a @ x,
        lambda x: x @ a.T,
        lambda x: a @ x[:, None] @ np.ones(1),
        lambda x: operation("transposed_matmul").call(x[:, None], a)[0],
        lambda x: operation("matmul_transposed").call(a, x[None])[:, 0],
    ):

        def total(weights, product=product):
            return grad(lambda x: (product(x) * weights).sum())(b).sum()

        with np.errstate(all="ignore"):
            assert value_and_grad(total)(np.array([1.0, 0.0]))[0] == 2.0


def test_one_number_among_others_stops_as_well():
    wild = np.array([1.0, np.inf])
    for product in (lambda x: x @ wild, lambda x: wild @ x):

        def total(x, product=product):
            chosen = np.stack([product(x), x.sum()]) * np.array([0.0, 1.0])
            return chosen.sum()

        with np.errstate(all="ignore"):
            slope = value_and_grad(lambda x, total=total: grad(total)(x).sum())
            assert slope(np.ones(2))[0] == 2.0


def test_a_recurrence_is_pulled_back_past_an_infinity():
    factor, x, weights = np.ones(4), np.array([1.0, np.inf, 2.0, 3.0]), np.array([0.0, 0, 1, 1])
    with np.errstate(all="ignore"):
        found = grad(lambda f: (ad.recurrence(f, x) * weights).sum())(factor)
    np.testing.assert_array_equal(found, [0.0, 0.0, 3.0, 0.0])


def test_the_smaller_of_the_two_is_looked_at_first():
    wild, tame = ad.Tensor([[1.0, np.inf], [2.0, 3.0]]), ad.Tensor(np.ones((2, 2)))
    row, stopped = ad.Tensor([1.0, np.nan]), ad.Tensor([1.0, 0.0])
    assert not zero_may_meet(row, wild)  # no zero of the cotangent is there to meet the infinity
    assert zero_may_meet(stopped, wild)
    assert not zero_may_meet(stopped, tame)
    assert zero_may_meet(tame, wild)  # of one size: a look at the factor says enough
    assert zero_may_meet(tame, ad.Tensor([1.0, np.inf]))
    assert not zero_may_meet(ad.Tensor(np.zeros((2, 2))), stopped)
    assert zero_may_meet(ad.Value(0.0), wild)
    assert not zero_may_meet(ad.Value(2.0), wild)
    assert zero_may_meet(ad.Value(2.0), ad.Value(np.inf))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_condition_that_multiplies_is_a_branch_too():
    def f(x):
        return ad.sum(ad.sqrt(x * (x > 0)))

    for x in (np.array([-1.0, 4.0]), np.array(-1.0), -1.0, np.array([-1.0], np.float32)):
        right = np.where(np.asarray(x) > 0, 0.25, 0.0)
        np.testing.assert_array_equal(grad(f)(x), right)
        np.testing.assert_array_equal(compile(grad(f))(x), right)
        np.testing.assert_array_equal(derive(f, x + 1.5)(x)[1], right)
        slope = grad(lambda x: ad.sum(grad(f)(x)))
        np.testing.assert_array_equal(slope(x), np.where(right, -1 / 32, 0.0))


# -- in programs -----------------------------------------------------------------------------


def test_the_second_derivative_of_a_number_with_a_safe_product():
    def f(x):
        return ad.stack([ad.sqrt(x), x * x])[1]

    for x in (0.7, 0.0):
        assert compile(grad(grad(f)))(x) == derive(grad(grad(f)), x, argnums=())(x) == 2.0


def test_zeros_of_the_first_example_alone_cost_no_look():
    def f(x):
        return ad.sum(ad.exp(-x * x) / (1 + x * x))

    for x in (np.zeros(3), np.ones(3)):
        assert "isfinite" not in derive(f, x).source
        assert "isfinite" not in derive(lambda x: ad.hvp(f, (x,), (x,)), x).source


@pytest.mark.parametrize("reading", [grad, lambda f: compile(grad(f))], ids=["eager", "compiled"])
def test_beside_an_infinity_that_a_branch_stops_a_tie_is_shared(reading):
    low, high = np.array([-1.0, 4.0]), np.array([0.0, 4.0])
    found = reading(lambda x: ad.sum(ad.sqrt(ad.maximum(x, high))))(low)
    np.testing.assert_array_equal(found, [0.0, 0.125])


def test_each_of_several_factors_may_be_the_one_that_a_cotangent_meets():
    ends = {"i": np.array([np.inf, 2.0]), "j": np.array([1.0, 3.0])}
    for order in ("i,ij,j", "j,ij,i"):
        first, _, last = order.split(",")
        found = grad(
            lambda x, o=order, a=first, b=last: ad.sum(
                np.einsum(f"{o}->j", ends[a], x, ends[b])[:1]
            )
        )(np.ones((2, 2)))
        np.testing.assert_array_equal(found, [[np.inf, 0.0], [2.0, 0.0]])
