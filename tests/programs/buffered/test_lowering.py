"""Steps as single calls: what is written twice is computed once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autodiff import compile, grad
from autodiff.support.tree import leaves

STEPS = {
    "turned": lambda a, b: a.T,
    "flat": lambda a, b: a.reshape(-1)[::-1].reshape(3, 3),
    "turned and flat": lambda a, b: a.T.reshape(-1).reshape(3, 3),
    "parts": lambda a, b: np.concatenate([a[1:], b[:1]]),
    "repeated": lambda a, b: np.broadcast_to(a[0], (3, 3)),
    "sorted": lambda a, b: np.sort(a, axis=0)[::-1],
    "cumulated": lambda a, b: np.cumsum(a, axis=1) * 0.3,
    "inverted": lambda a, b: np.linalg.inv(3 * np.eye(3) + np.tanh(a)),
    "bent": lambda a, b: np.tanh(a),
    "added": lambda a, b: a + b,
    "multiplied": lambda a, b: a * b * 0.5,
    "product": lambda a, b: (a @ b) * 0.3,
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0), st.integers(0)), min_size=2),
    st.sampled_from("CF"),
)
def test_what_is_written_twice_is_computed_once_and_right(steps, order):
    def computed(x):
        made = [x]
        for name, i, j in steps:
            made.append(STEPS[name](made[i % len(made)], made[j % len(made)]))
        return made[-3:]

    def f(x):
        return [a.T * 2 + b for a, b in zip(computed(x), computed(x)[::-1], strict=True)]

    weights = np.cos(np.arange(9.0)).reshape(3, 3)
    slope = grad(lambda x: sum((out * weights).sum() for out in f(x)))
    x, other = (np.array(weights + shift, order=order) for shift in (0.3, 0.9))
    for g in (f, computed, slope):
        compiled = compile(g)
        found, expected = leaves(compiled(x)), leaves(g(x))
        kept = [out.copy() for out in found]
        compiled(other)
        for out, before, right in zip(found, kept, expected, strict=True):
            np.testing.assert_array_equal(out, before)
            np.testing.assert_allclose(out, right, rtol=1e-9, atol=1e-12)
