"""The checks find a gradient that is wrong, tell a kink from a fault, and know what is unclear."""

import math

import numpy as np
import pytest

from autodiff import Tensor, Value, sqrt
from viz.checks import check_entries


def verdict(f, x, gradient):
    """Of one leaf at x that is said to have this gradient."""
    leaf = Value(x, name="x")
    leaf.backward(gradient)
    (found,) = check_entries(f, {"x": leaf})
    assert found.passes == (found.verdict in ("agrees", "kink"))
    assert math.isnan(found.difference) == (found.verdict == "unclear")
    return found.verdict, found.note


def inverse(x):
    return 1 / x if x else math.inf


@pytest.mark.parametrize(
    ("f", "x", "gradient"),
    [
        (math.sin, 1.0, math.cos(1.0)),
        (math.exp, 300.0, math.exp(300.0)),
        (lambda x: 1e-300 * x * x, 2.0, 4e-300),
        (lambda x: 7.0, 2.0, 0.0),
        (lambda x: x * 1e200, 1e50, 1e200),
        (abs, 0.0, 0.0),
        (inverse, 1e-38, -1e76),  # where a usual step is far beyond
        (lambda x: 0.5 / (x * x), 1e-52, -1e156),
        (math.sin, 1e-200, 1.0),
    ],
)
def test_a_right_gradient_agrees_and_a_wrong_one_differs(f, x, gradient):
    assert verdict(f, x, gradient)[0] == "agrees"
    wrong = gradient * 1.001 if gradient else 2.0
    assert verdict(f, x, wrong)[0] == "differs"
    assert verdict(f, x, -gradient if gradient else -2.0)[0] == "differs"


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e9])
@pytest.mark.parametrize("gradient", [0.0, 1.0, 0.25])
def test_a_slope_between_both_sides_of_a_kink(gradient, scale):
    f = lambda x: scale * max(x, 0.0)  # noqa: E731
    kind, note = verdict(f, 0.0, scale * gradient)
    assert kind == "kink"
    assert note.startswith("a kink: 0 from the left, ")
    assert verdict(f, 0.0, 1.5 * scale)[0] == "differs"


def test_a_slope_of_one_side_may_be_rounded():
    f = lambda x: math.tanh(max(x, 0.0)) - math.tanh(x)  # noqa: E731
    assert verdict(f, 0.0, -1.0)[0] == "kink"


@pytest.mark.parametrize(
    ("f", "x", "gradient"),
    [
        (inverse, 0.0, -math.inf),
        (lambda x: math.sqrt(abs(x)), 0.0, math.inf),
        (lambda x: x, math.inf, 1.0),
        (lambda x: x, math.nan, 1.0),
        (lambda x: math.copysign(1.0, x), 0.0, 0.0),
        (lambda x: math.nan, 1.0, math.nan),
    ],
)
def test_where_there_is_no_difference_it_is_unclear(f, x, gradient):
    assert verdict(f, x, gradient) == ("unclear", "no finite difference holds here")


def test_what_is_left_of_paths_that_cancel_is_rounding():
    x = Value(5.436646313100669, name="x")
    one, other = sqrt(x) + x, sqrt(x) + x
    root = one - other
    root.backward()
    assert 0 < abs(x.grad) < 1e-15
    nodes = [x, one.inputs[0], one, other.inputs[0], other, root]
    zero = lambda x: 0.0  # noqa: E731
    assert [check.verdict for check in check_entries(zero, {"x": x}, nodes)] == ["agrees"]
    assert [check.verdict for check in check_entries(zero, {"x": x})] == ["differs"]


# -- arrays --------------------------------------------------------------------------------


def relu(x):
    return np.where(x > 0, x, 0.0 * x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_entry_of_an_array_has_its_own_verdict(dtype):
    x = Tensor(np.array([[1.5, 0.0], [2.0, 4.0]], dtype), name="x")
    x.backward(np.array([[2.0, 0.5], [1.0, 2.0]], dtype))  # of which [1, 0] is wrong
    found = [*check_entries(lambda x: 2 * relu(x), {"x": x}, [x])]
    assert [(check.name, check.verdict) for check in found] == [
        ("x[0, 0]", "agrees"), ("x[0, 1]", "kink"), ("x[1, 0]", "differs"), ("x[1, 1]", "agrees"),
    ]  # fmt: skip
    assert found[2].gradient == 1
    assert found[2].difference == pytest.approx(2, rel=1e-3)
    assert x.data[0, 0] == 1.5


def test_an_empty_array_has_no_entries_and_one_of_no_axes_has_one():
    assert [*check_entries(np.sum, {"x": Tensor(np.zeros((0, 3)))})] == []
    x = Tensor(3.0, name="x")
    (x * x).backward()
    assert [check.name for check in check_entries(np.square, {"x": x})] == ["x"]


# -- limits --------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [{"most": 4}, {"seconds": -1.0}])
def test_what_is_beyond_a_limit_is_one_check_that_is_unclear(limits):
    x, y = Tensor(np.ones(3), name="x"), Tensor(np.ones(3), name="y")
    (x * y).sum().backward()
    *found, rest = check_entries(lambda x, y: x * y, {"x": x, "y": y}, **limits)
    done = limits.get("most", 0)
    assert [check.verdict for check in found] == ["agrees"] * done
    assert (rest.name, rest.verdict, rest.note) == (f"{6 - done} more", "unclear", "not checked")
    assert rest.gradient is None
    assert not rest.passes


def test_no_more_than_the_limit_is_no_more():
    x = Tensor(np.ones(3), name="x")
    x.sum().backward()
    assert len([*check_entries(np.sum, {"x": x}, most=3)]) == 3
