"""The checks as the bench sends them: of each gradient, and of the derived program."""

import json
import math

import viz.serving.checks
from autodiff import Value, maximum, sin
from viz.serving.checks import MOST_LEAVES, of_gradients, of_program


def checks_at(f, x, gradient):
    """Of one leaf at x that is said to have this gradient."""
    leaf = Value(x, name="x")
    leaf.backward(gradient)
    (found,) = of_gradients(f, {"x": leaf})
    json.dumps(found, allow_nan=False)
    return found


def test_a_check_has_both_numbers_and_the_verdict():
    assert checks_at(lambda x: 7.0, 2.0, 0.0) == {
        "what": "d/dx", "backward": "0", "oracle": "0", "verdict": "agrees", "note": "the same",
    }  # fmt: skip
    kink = checks_at(lambda x: max(x, 0.0), 0.0, 0.25)
    assert (kink["verdict"], kink["note"]) == ("kink", "a kink: 0 from the left, 1 from the right")
    differs = checks_at(lambda x: x * x, 3.0, 5.0)
    assert (differs["verdict"], differs["note"]) == ("differs", "1e+00 apart")


def test_where_there_is_no_difference_none_is_shown():
    unclear = checks_at(lambda x: math.nan, 1.0, math.nan)
    assert unclear == {
        "what": "d/dx", "backward": "NaN", "oracle": "—", "verdict": "unclear",
        "note": "no finite difference holds here",
    }  # fmt: skip


def test_of_many_leaves_the_first_are_checked():
    leaves = {f"x{i}": Value(1.0, name=f"x{i}") for i in range(MOST_LEAVES + 3)}
    sum(leaves.values(), Value(0.0)).backward()
    *found, more = of_gradients(lambda *xs: sum(xs), leaves)
    assert [check["verdict"] for check in found] == ["agrees"] * MOST_LEAVES
    assert more == {"what": "3 more", "verdict": "unclear", "note": "not checked"}


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
