"""What stands for an argument refuses what its program could not do."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import derive
from autodiff.primitives.registry import registry
from autodiff.programs.tracing.standins import TraceError


def test_while_and_assert_are_branches():
    def halved(x):
        while x > 1:
            x = x / 2
        return x

    def checked(x):
        assert x > 0
        return x

    for f in (halved, checked):
        with pytest.raises(TraceError, match="a branch"):
            derive(f, 4.0)


def test_what_is_kept_from_a_trace_is_refused_outside():
    kept = []

    def f(x):
        kept.append(x * 2)
        return x

    derive(f, 1.0)
    with pytest.raises(TypeError, match="while it was traced"):
        kept[0] + 1.0


ASKED = ["x.data", "bool(x)", "float(x[0])", "np.asarray(x)", "x.item()", "x.tolist()", "x.grad"]


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("by_numpy", [False, True])
def test_what_the_engine_asks_is_told_in_the_users_words(question, by_numpy, monkeypatch):
    scope = {"np": np}
    exec(compile(f"def median(x):\n    return {question}", ad.__file__, "exec"), scope)
    monkeypatch.setitem(registry.numpy, np.median, scope["median"])
    called, name = (np.median, "numpy.median") if by_numpy else (scope["median"], "median")
    with pytest.raises(TraceError, match=f"what `{name}` does depends on") as error:
        derive(lambda x: called(x), np.ones(2))
    assert "test_standins.py" in str(error.value)
    assert f"Call `{name}` outside" in str(error.value)
