"""What indices pull back, added up: against sums by hand, in every reading."""

import numpy as np
import pytest
from agreement import agree
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Tensor, compile, derive, grad

SHAPE = (4, 3)
INDICES = [
    0, -1, 2, np.int64(1), ..., (..., 1), (slice(None), 2), slice(1, 3), slice(0, 2),
    slice(2, None), slice(None, None, 2), slice(None, None, -1), (slice(None), slice(0, 1)),
    (1, 2), (slice(2), 0), [0, 0, 3], ([1, 1], [2, 2]), np.arange(12).reshape(4, 3) % 2 == 0,
    (None, 1), slice(2, 2), (),
]  # fmt: skip


def by_hand(indices, cts, rest):
    """The gradient of sum(ct * x[index]) + sum(rest * x)."""
    found = np.zeros(SHAPE) if rest is None else np.array(rest)
    for index, ct in zip(indices, cts, strict=True):
        np.add.at(found, index, ct)
    return found


@given(
    st.lists(st.sampled_from(range(len(INDICES))), min_size=1, max_size=12),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(0, 99),
)
def test_any_of_them_in_any_order(chosen, dense, seed):
    rng = np.random.default_rng(seed)
    x, rest = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
    indices = [INDICES[i] for i in chosen]
    cts = [rng.normal(size=x[index].shape) for index in indices]

    def f(x):
        terms = [ad.sum(ct * x[index]) for index, ct in zip(indices, cts, strict=True)]
        if dense is not None:
            terms.insert(dense % len(terms), ad.sum(rest * x))
        return sum(terms)

    expected = by_hand(indices, cts, None if dense is None else rest)
    for slope in (grad(f), compile(grad(f)), lambda x: derive(f, x, argnums=0)(x)[1]):
        np.testing.assert_allclose(slope(x), expected, rtol=1e-12, atol=1e-12)
    rows = ad.jacobian(lambda x: f(x) * np.array([1.0, 2.0, 3.0, 4.0, 5.0]))(x)
    np.testing.assert_allclose(rows[4], 5 * expected, rtol=1e-12, atol=1e-12)
    curved = grad(lambda x: ad.sum(grad(lambda x: f(x**3))(x) * rest))(x)
    np.testing.assert_allclose(curved, 6 * x * expected * rest, rtol=1e-11, atol=1e-11)


def test_what_was_pulled_back_is_not_written_into():
    x = Tensor(np.arange(6.0).reshape(3, 2))
    y = x * 1.0
    kept = y + 0.0
    z = ad.sum(y[0]) + ad.sum(kept * [[1.0, 2.0]]) + ad.sum(y[1] * 3.0)
    z.backward()
    assert kept.grad.tolist() == [[1.0, 2.0]] * 3
    assert y.grad.tolist() == x.grad.tolist() == [[2.0, 3.0], [4.0, 5.0], [1.0, 2.0]]
    assert not np.shares_memory(x.grad, kept.grad)


def test_single_precision_stays():
    x = Tensor(np.ones((4, 2), np.float32))
    y = ad.sum(ad.stack([ad.sin(row) for row in ad.unstack(x)]) * np.float32(2))
    y.backward()
    assert x.grad.dtype == np.float32
    f = grad(lambda x: ad.sum(ad.concatenate(ad.split(x, 2)[::-1]) ** 2))
    assert compile(f)(x.data).dtype == f(x.data).dtype == np.float32


X = np.cos(np.arange(24.0)).reshape(4, 6)
JOINED = {
    "rows": (lambda x: [ad.sin(x[i]) * (i + 1) for i in (2, 0, 3, 1)], "np.stack([d_"),
    "unstack": (
        lambda x: [ad.sin(c) * (i + 1) for i, c in enumerate(ad.unstack(x, 1))],
        "np.stack([d_",
    ),
    "split": (
        lambda x: [ad.sin(p) * (i + 1) for i, p in enumerate(ad.split(x, [1, 3], -1))],
        "np.concatenate([d_",
    ),
}


@pytest.mark.parametrize(("parts", "text"), JOINED.values(), ids=JOINED)
def test_a_program_joins_what_fills_the_whole(parts, text):
    def f(x):
        return sum(ad.sum(part) for part in parts(x))

    program = derive(f, X, argnums=0)
    assert text in program.source
    assert "zeros" not in program.source
    agree(program, f, X, argnums=0)
    assert "scatter" not in _compiled(grad(f), X).source


def _compiled(f, *args):
    program = compile(f)
    np.testing.assert_allclose(program(*args), f(*args), rtol=1e-12)
    return program


def test_a_program_of_many_steps_has_one_array_for_them():
    """Also where the last step is left out: none is made for each of so many."""

    def f(x):
        h = x[0] * 0.0
        for t in range(1, 19):
            h = ad.tanh(h + x[t])
        return ad.sum(h)

    source = _compiled(grad(f), np.ones((20, 3))).source
    assert source.count("scatter") == 0
    assert source.count("np.stack") == 1


def test_in_a_recurrence_no_product_is_taken_with_care():
    """The zeros around the entries of an index do not last in the sum."""

    def f(W, x):
        h = np.zeros(3)
        for t in range(4):
            a, b = ad.split(x[t] + h @ W, 2)
            h = ad.sigmoid(a) * ad.tanh(b)
        return ad.sum(h)

    program = compile(ad.value_and_grad(f))
    W, x = np.cos(np.arange(18.0)).reshape(3, 6), np.sin(np.arange(24.0)).reshape(4, 6)
    value, slope = program(W, x)
    expected = ad.value_and_grad(f)(W, x)
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)
    np.testing.assert_allclose(slope, expected[1], rtol=1e-12)
    assert "safe_product" not in program.source
