"""What stands for an argument refuses what its program could not do."""

import pytest

from autodiff import derive
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
