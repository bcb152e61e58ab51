"""Products of arrays of every pair of ranks."""

import numpy as np
import pytest

from autodiff import Tensor, grad

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
