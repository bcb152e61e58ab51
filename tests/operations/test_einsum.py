"""Sums of products over named axes: two by two, where that takes less time, in every reading."""

import ast

import numpy as np
import pytest
from agreement import every_reading_agrees

from autodiff import Tensor, derive, grad
from autodiff.graph.order import topological

RNG = np.random.default_rng(0)
CHAIN = "ij,jk,kl->il"
PATHS = [
    True, "greedy", "optimal", ("greedy", 1e9), ["einsum_path", (0, 1), (0, 1)],
    ["einsum_path", (1, 2), (0, 1)], ["einsum_path", (0, 1, 2)], False, None,
]  # fmt: skip
SUMS = [
    (CHAIN, [(3, 4), (4, 2), (2, 3)]),
    ("ij,jk,ik->", [(3, 4), (4, 2), (3, 2)]),
    ("i,j,k->kij", [(2,), (3,), (4,)]),
    ("ii,ij,j->j", [(3, 3), (3, 2), (2,)]),
    ("bij,bjk,bk->bi", [(2, 3, 4), (2, 4, 2), (2, 2)]),
    ("ij,ij,ij->i", [(2, 3), (2, 1), (1, 3)]),
    ("...i,ij,j...->...", [(2, 3), (3, 4), (4, 2)]),
    ("ij,kl->", [(2, 3), (3, 2)]),
    ("i,i", [(3,), (3,)]),
    ("ij,,j->i", [(2, 3), (), (3,)]),
]


def arrays(shapes):
    return [RNG.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("optimize", PATHS, ids=repr)
def test_a_path_is_taken_as_numpy_takes_it(optimize):
    a, b, c = arrays([(3, 4), (4, 2), (2, 3)])
    found = np.einsum(CHAIN, a, Tensor(b), c, optimize=optimize)
    np.testing.assert_allclose(found.data, a @ b @ c, rtol=1e-13)
    slope = grad(lambda b: np.sum(np.einsum(CHAIN, a, b, c, optimize=optimize)))(b)
    np.testing.assert_allclose(slope, np.outer(a.sum(0), c.sum(1)), atol=1e-14)


@pytest.mark.parametrize(
    ("optimize", "error"),
    [("fast", KeyError), (["einsum_path", (0, 5), (0, 1)], IndexError), (1.5, TypeError)],
)
def test_a_path_that_numpy_refuses_is_refused(optimize, error):
    a, b, c = arrays([(3, 4), (4, 2), (2, 3)])
    for given in (a, Tensor(a)):
        with pytest.raises(error):
            np.einsum(CHAIN, given, b, c, optimize=optimize)


@pytest.mark.parametrize(("optimize", "worth"), [(True, 0), (False, 0), (False, 1e9)])
@pytest.mark.parametrize(("subscripts", "shapes"), SUMS, ids=[s for s, _ in SUMS])
def test_the_order_changes_no_derivative(subscripts, shapes, optimize, worth, monkeypatch):
    monkeypatch.setattr("autodiff.operations.einsum._WORTH", worth)

    def f(*given):
        return np.sum(np.sin(np.einsum(subscripts, *given, optimize=optimize)))

    every_reading_agrees(f, *arrays(shapes))


def counts(source):
    """How many operands each sum of a program's text has."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [len(c.args[0].elts) for c in calls if getattr(c.func, "id", "") == "einsum_of"]


def test_no_step_forward_or_backward_is_of_more_than_two_large_operands():
    given = arrays([(40, 40)] * 4)

    def f(*given):
        return np.sum(np.einsum("ij,jk,kl,lm->im", *given, optimize=True))

    source = derive(f, *given, argnums=(0, 1, 2, 3)).source
    assert set(counts(source)) == {2}
    root = f(*map(Tensor, given))
    sums = [node for node in topological(root) if node.op == "einsum_of"]
    assert [len(node.inputs) for node in sums] == [2, 2, 2]


def test_without_a_path_the_value_is_numpys_to_the_last_bit_and_the_gradient_goes_two_by_two():
    a, b, c = arrays([(30, 30)] * 3)
    found = np.einsum(CHAIN, Tensor(a), b, c)
    np.testing.assert_array_equal(found.data, np.einsum(CHAIN, a, b, c))
    source = derive(lambda *given: np.sum(np.einsum(CHAIN, *given)), a, b, c).source
    assert sorted(counts(source)) == [2] * 6 + [3]


@pytest.mark.parametrize("x", [np.inf, np.nan])
def test_zeros_of_the_cotangent_stop_on_a_path(x):
    a, b, c = np.ones((2, 3)), np.ones((3, 3)), np.ones((3, 2))
    c[0, 0] = x
    slope = grad(lambda a: np.einsum(CHAIN, a, b, c, optimize=True)[0, 1])(a)
    np.testing.assert_array_equal(slope, [[3.0] * 3, [0.0] * 3])
