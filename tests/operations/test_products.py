"""Products of arrays of every pair of ranks."""

import itertools
import warnings

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import Tensor, grad
from autodiff.graph.order import topological

MATRICES = [
    (3,),
    (2, 3),
    (3, 3),
    (2, 2, 3),
    (2, 3, 3),
    (1, 3, 3),
    (2, 2, 3, 3),
    (2, 1, 2, 3),
    (3, 2),
    (3, 1, 2),
    (3, 2, 1, 2),
]


@pytest.mark.parametrize(
    "product", [np.matmul, np.dot, np.inner, lambda a, b: np.tensordot(a, b, 1)]
)
def test_products_of_every_pair_of_ranks(product):
    rng, seen = np.random.default_rng(0), set()
    for left in MATRICES:
        for right in MATRICES:
            a, b = rng.normal(size=left), rng.normal(size=right)
            try:
                expected = product(a, b)
            except ValueError:
                continue
            np.testing.assert_allclose(product(Tensor(a), b).data, expected, rtol=1e-12)
            weights, along = rng.normal(size=np.shape(expected)), rng.normal(size=left)
            by_a, by_b = grad(lambda x, y, w=weights: np.sum(w * product(x, y)), (0, 1))(a, b)
            # It is linear in each: what the weights give is what the gradients give.
            np.testing.assert_allclose(np.sum(by_a * along), np.sum(weights * product(along, b)))
            along = rng.normal(size=right)
            np.testing.assert_allclose(np.sum(by_b * along), np.sum(weights * product(a, along)))
            seen.add((a.ndim, b.ndim))
    assert len(seen) == 16


def orders(count):
    """Every way to put brackets around a product of so many matrices, as nested pairs."""

    def stretch(first, last):
        if last - first == 1:
            return [first]
        cuts = range(first + 1, last)
        return [(a, b) for cut in cuts for a in stretch(first, cut) for b in stretch(cut, last)]

    return stretch(0, count)


def cost(order, shapes):
    """The multiplications of a product in this order, and its shape."""
    if isinstance(order, int):
        return 0, shapes[order]
    (left, (rows, inside)), (right, (_, columns)) = (cost(part, shapes) for part in order)
    return left + right + rows * inside * columns, (rows, columns)


@pytest.mark.parametrize("seed", range(20))
def test_a_chain_of_matrices_is_multiplied_in_the_cheapest_order(seed):
    rng = np.random.default_rng(seed)
    count = rng.integers(2, 7)
    lengths = rng.integers(1, 9, size=count + 1)
    shapes = [*itertools.pairwise(lengths)]
    matrices = [rng.normal(size=shape) for shape in shapes]
    root = np.linalg.multi_dot([Tensor(m) for m in matrices])
    np.testing.assert_allclose(root.data, np.linalg.multi_dot(matrices), rtol=1e-10, atol=1e-12)
    products = [node for node in topological(root) if node.op == "matmul"]
    found = sum(n.inputs[0].shape[0] * n.inputs[0].shape[1] * n.shape[1] for n in products)
    assert found == min(cost(order, shapes)[0] for order in orders(count))


@pytest.mark.parametrize(
    "chain",
    [
        [(3,), (3, 4), (4, 2)],
        [(2, 3), (3, 4), (4,)],
        [(3,), (3, 4), (4, 2), (2,)],
        [(3,), (3,)],
        [(2, 3), (3, 2), (2, 4), (4, 1)],
    ],
    ids=repr,
)
def test_a_chain_in_every_reading(chain):
    rng = np.random.default_rng(0)
    given = [rng.normal(size=shape) for shape in chain]
    every_reading_agrees(lambda *given: np.sum(np.sin(np.linalg.multi_dot(given))), *given)


@pytest.mark.parametrize(
    ("shapes", "error"),
    [
        ([(2, 2)], ValueError),
        ([], ValueError),
        ([(2, 2), (2, 2), (2, 2, 2)], np.linalg.LinAlgError),
        ([(2, 2), (2,), (2, 2)], np.linalg.LinAlgError),
        ([(), (2, 2), (2, 2)], np.linalg.LinAlgError),
        ([(2, 2), (3, 2), (2, 2)], ValueError),
    ],
    ids=repr,
)
def test_a_chain_that_numpy_refuses_is_refused(shapes, error):
    for kind in (Tensor, np.asarray):
        with pytest.raises(error):
            ad.multi_dot([kind(np.ones(shape)) for shape in shapes])
        with pytest.raises(error):
            np.linalg.multi_dot([kind(np.ones(shape)) for shape in shapes])


@pytest.mark.parametrize(
    ("axes", "a", "b"),
    [
        (2, (2, 3), (3, 2)),
        (([1, 2], [0, 1]), (2, 3, 4), (4, 3, 5)),
        ((1, 0), (2, 3), (2, 3)),
        (((0, 0), (0, 0)), (3, 3), (3, 3)),
        (((0,), (0, 1)), (3, 3), (3, 3)),
        (3, (2, 3), (3, 2)),
        (((0,), (7,)), (3, 3), (3, 3)),
    ],
)
def test_axes_of_other_lengths_are_not_summed_over(axes, a, b):
    a, b = np.ones(a), np.ones(b)
    for given in (a, Tensor(a)):
        with pytest.raises((ValueError, IndexError)):
            np.tensordot(given, b, axes)
    with pytest.raises(ValueError, match=r"same lengths.*\n.*Name each pair"):
        np.tensordot(Tensor(np.ones((2, 3))), np.ones((3, 2)), 2)


@pytest.mark.parametrize("axis", [0, 1, -1, -2, np.int64(0)])
def test_vecdot_along_an_axis(axis):
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4))[:, :, :3]
    np.testing.assert_allclose(np.vecdot(Tensor(a), b, axis=axis).data, np.vecdot(a, b, axis=axis))
    every_reading_agrees(lambda a, b: np.sum(np.sin(np.vecdot(a, b, axis=axis))), a, b)


@pytest.mark.parametrize(("a", "b"), [((2,), (2,)), ((4, 3), (2,)), ((2,), (4, 3)), ((5, 2), (2,))])
def test_cross_of_vectors_in_a_plane(a, b):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=a), rng.normal(size=b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's, of its own
        np.testing.assert_array_equal(np.cross(Tensor(a), b).data, np.cross(a, b))
    weights = rng.normal(size=np.shape(ad.cross(a, b)))
    every_reading_agrees(lambda a, b: np.sum(weights * ad.cross(a, b)), a, b)
