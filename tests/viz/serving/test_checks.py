"""The checks of the bench find a gradient that is wrong, and tell a kink from a fault."""

import math

import pytest

import viz.serving.checks
from autodiff import Value, maximum, sin, sqrt
from viz.serving.checks import MOST_LEAVES, of_gradients, of_program


def verdict(f, x, gradient):
    """Of one leaf at x that is said to have this gradient."""
    leaf = Value(x, name="x")
    leaf.backward(gradient)
    (found,) = of_gradients(f, {"x": leaf})
    return found["verdict"], found["note"]


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


@pytest.mark.parametrize("gradient", [0.0, 1.0, 0.25])
def test_a_slope_between_both_sides_of_a_kink(gradient):
    f = lambda x: max(x, 0.0)  # noqa: E731
    assert verdict(f, 0.0, gradient) == ("kink", "a kink: 0 from the left, 1 from the right")
    assert verdict(f, 0.0, 1.5)[0] == "differs"


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
    assert [c["verdict"] for c in of_gradients(lambda x: 0.0, {"x": x}, nodes)] == ["agrees"]
    assert [c["verdict"] for c in of_gradients(lambda x: 0.0, {"x": x})] == ["differs"]


def test_of_many_leaves_the_first_are_checked():
    leaves = {f"x{i}": Value(1.0, name=f"x{i}") for i in range(MOST_LEAVES + 3)}
    sum(leaves.values(), Value(0.0)).backward()
    *found, more = of_gradients(lambda *xs: sum(xs), leaves)
    assert [check["verdict"] for check in found] == ["agrees"] * MOST_LEAVES
    assert more["what"] == "3 more"


def test_so_long_as_there_is_time(monkeypatch):
    monkeypatch.setattr(viz.serving.checks, "MOST_SECONDS", -1.0)
    leaves = {f"x{i}": Value(1.0, name=f"x{i}") for i in range(3)}
    (only,) = of_gradients(lambda *xs: sum(xs), leaves)
    assert (only["what"], only["note"]) == ("3 more", "not checked")


def test_the_program_is_run_and_compared():
    x, y = Value(1.5, name="x"), Value(-2.0, name="y")
    root = maximum(sin(x * y), x)
    root.backward()
    nodes = [x, y, root.inputs[0].inputs[0], root.inputs[0], root]
    (found,) = of_program(nodes)
    assert found["verdict"] == "agrees"
    x.backward()  # adds 1 to what the program knows nothing of
    (found,) = of_program(nodes)
    assert found["verdict"] == "differs"
