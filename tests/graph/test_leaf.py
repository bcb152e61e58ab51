"""A leaf that is moved keeps its shape and dtype."""

import numpy as np
import pytest

from autodiff import Tensor, Value
from autodiff.graph.leaf import descend


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "step", [0.5, np.float64(0.5), np.float32([0.5, 0.5]), np.array([0.5, 0.5]), np.array(0.5)]
)
def test_a_step_keeps_the_dtype(dtype, step):
    w = Tensor(np.ones(2, dtype))
    descend(w, step)
    assert (w.dtype, w.data.tolist()) == (dtype, [0.5, 0.5])
    x = Tensor(np.ones((), dtype))
    descend(x, np.mean(step))
    assert (x.dtype, x.shape, x.item()) == (dtype, (), 0.5)


def test_a_step_of_a_value():
    w = Value(1.0)
    for step in (0.5, np.float32(0.25), np.array(0.25)):
        descend(w, step)
        assert type(w.data) is float
    assert w.data == 0.0


@pytest.mark.parametrize("step", [np.ones((3, 2)), np.ones((1, 2)), [[1.0], [2.0]]])
def test_a_step_of_another_shape_is_refused(step):
    w = Tensor([1.0, 2.0])
    y = w * w
    with pytest.raises(ValueError, match=r"this has shape \(\d, \d\), and the parameter \(2,\)"):
        descend(w, np.asarray(step))
    y.sum().backward()  # nothing has been changed
    assert w.grad.tolist() == [2.0, 4.0]
