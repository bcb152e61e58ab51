"""What --check prints and its exit code: right, wrong, at kinks, and where nothing can be told."""

import numpy as np
import pytest

from autodiff import Tensor, elementwise
from autodiff.testing import temporary_operations
from viz.__main__ import main
from viz.checks import Check
from viz.command.checks import checked, report
from viz.command.source import Source
from viz.expression import ExpressionError


def test_right_gradients(capsys):
    assert main(["sin(x) * exp(y) / z", "x=1.2", "y=-0.3", "z=4", "--check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "3 of 3 agree"
    assert [line.split()[-1] for line in lines[-4:-1]] == ["yes"] * 3


def test_a_wrong_gradient_is_told_and_fails(capsys):
    with temporary_operations():

        @elementwise("x * x")
        def wrong_square(z, x):
            """A square with a wrong derivative."""
            return 3 * x

        assert main(["wrong_square(x) + y", "x=2", "y=1", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 of 2 agree"
    assert lines[-3].split()[:4] == ["x", "6", "4", "NO:"]


@pytest.mark.parametrize("expression", ["relu(x)", "abs(x)", "maximum(x, 0)", "abs(x) + x"])
def test_a_kink_is_no_false_alarm(expression, capsys):
    assert main([expression, "x=0", "--check"]) == 0
    assert "1 of 1 agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("expression", "x"),
    [("x - x*(1 + 1e-16) + sqrt(x) - sqrt(x)", "5.436646313100669"), ("1/x", "1e-38")],
)
def test_neither_rounding_nor_a_small_number_is_a_false_alarm(expression, x, capsys):
    assert main([expression, f"x={x}", "--check"]) == 0
    assert "1 of 1 agree" in capsys.readouterr().out


@pytest.mark.parametrize(("expression", "x"), [("1/x", "0"), ("log(x)", "-1"), ("floor(x)", "1")])
def test_what_cannot_be_told_is_not_said_to_agree(expression, x, capsys):
    assert main([expression, f"x={x}", "--check"]) == 1
    assert "cannot be told" in capsys.readouterr().out


def test_nothing_to_check_is_no_success(capsys):
    assert main(["3 * 4", "--check"]) == 1
    assert "Nothing was checked" in capsys.readouterr().out


def test_too_many_entries_are_refused():
    leaf = Tensor(np.ones(1_001), name="x")
    with pytest.raises(ExpressionError, match="at most 1000 entries, but here are 1001"):
        checked(Source(leaf.sum(), {"x": leaf}, np.sum))


def test_of_many_entries_those_that_differ_are_told():
    entries = [Check(f"x{i}", 0.0, 2.0, "differs", "2e+00 apart") for i in range(30)]
    assert report(entries).count("NO: 2e+00 apart") == 20
    assert report([entry._replace(verdict="agrees") for entry in entries]) == "30 of 30 agree"
