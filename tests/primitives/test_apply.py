"""An operation applied again, to other inputs."""

import numpy as np
import pytest
from hypothesis import given, settings

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import recomputed, topological
from autodiff.testing import expressions

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@settings(max_examples=max(settings.default.max_examples // 2, 1))
@given(expressions())
def test_of_the_same_inputs_it_gives_the_same(f):
    root = f(*[Tensor(a) if isinstance(a, np.ndarray) else Value(a) for a in f.args])
    for node in topological(root):
        if node.op is not None:
            again = recomputed(node, node.inputs)
            assert again is not node
            assert again.op == node.op
            np.testing.assert_array_equal(again.data, node.data)


def test_constants_and_parameters_stay():
    x = Value(2.0)
    assert recomputed(x - 3.0, [5.0]) == 2.0
    assert recomputed(3.0 - x, [5.0]) == -2.0
    assert recomputed(ad.leaky_relu(x, 0.5), [-4.0]) == -2.0
    rows = ad.stack([Tensor([1.0]), Tensor([2.0])], axis=1)
    np.testing.assert_array_equal(recomputed(rows, [np.zeros(1), np.ones(1)]), [[0.0, 1.0]])


def test_what_is_given_is_recorded():
    x, y = Value(2.0), Value(5.0)
    z = recomputed(x * x, [x, y])
    z.backward()
    assert (x.grad, y.grad) == (5.0, 2.0)


def test_as_many_inputs_are_given_as_it_has():
    with pytest.raises(ValueError, match="zip"):
        recomputed(Value(2.0) * 3.0, [1.0, 2.0])
