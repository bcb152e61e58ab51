"""Threads that build and differentiate their own graphs do not disturb each other."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, elementwise, grad, hessian, hvp, jacobian, jvp, vjp
from autodiff.graph.modes import MODES
from autodiff.testing.scratch import temporary_operations


@pytest.fixture(autouse=True)
def _switch_often():
    """Threads take turns after a few instructions, so that what can collide does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
    assert not MODES


def in_threads(work, count=8):
    """work(i) in so many threads that start together; their answers, in order."""
    barrier = threading.Barrier(count)

    def start(i):
        barrier.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_each_thread_has_its_own_graph():
    def work(i):
        w, x = Value(float(i)), Tensor(np.arange(4.0) + i)
        for _ in range(50):
            loss = (ad.tanh(w * x) ** 2).sum()
            loss.backward()
        return w.grad, x.grad

    for i, (w, x) in enumerate(in_threads(work)):
        array = np.arange(4.0) + i
        slope = 2 * np.tanh(i * array) / np.cosh(i * array) ** 2
        assert w == pytest.approx(50 * np.sum(slope * array), abs=1e-9)
        np.testing.assert_allclose(x, 50 * slope * i, atol=1e-11)


def test_nested_transforms_in_every_thread():
    """Each has its own depth: answers are plain, and no node is taken for another's."""

    def f(x, scale):
        return np.sum(scale * np.sin(x) * x)

    def work(i):
        x, v, scale = np.arange(3.0) + i, np.ones(3), float(i + 1)
        found = []
        for _ in range(10):
            H = hessian(f)(x, scale)
            found = [
                H, hvp(lambda x: f(x, scale), (x,), (v,)), jacobian(grad(f))(x, scale),
                jvp(grad(lambda x: f(x, scale)), (x,), (v,))[1], vjp(grad(f), x, scale)[1](v)[0],
                grad(lambda x: grad(lambda s: f(x, s))(scale))(x),
                grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0),
            ]  # fmt: skip
        return x, scale, found

    for x, scale, (H, product, J, push, pull, mixed, one) in in_threads(work):
        diagonal = scale * (2 * np.cos(x) - x * np.sin(x))
        for found, expected in [
            (H, np.diag(diagonal)), (product, diagonal), (J, np.diag(diagonal)), (push, diagonal),
            (pull, diagonal), (mixed, np.sin(x) + x * np.cos(x)),
        ]:  # fmt: skip
            assert type(found) is np.ndarray
            np.testing.assert_allclose(found, expected, atol=1e-12)
        assert one == 1.0


def test_modes_are_of_one_thread():
    def work(i):
        x = Value(2.0)
        answers = []
        for _ in range(200):
            if i % 3 == 0:
                with ad.no_grad():
                    answers.append((x * x).inputs == ())
                answers.append((x * x).inputs == (x, x))
            elif i % 3 == 1:
                with ad.detect_anomaly():
                    with pytest.raises(FloatingPointError):
                        x / 0.0
                    answers.append((x * x).inputs == (x, x))
            else:
                answers.append((x * x).inputs == (x, x))
                answers.append((x / 0.0).data == np.inf)
                answers.append(grad(lambda v: v * v)(3.0) == 6.0)
        return all(answers)

    assert all(in_threads(work, 9))


def test_a_mode_is_not_inherited_by_a_thread_started_inside_it():
    x = Value(2.0)
    with ad.no_grad(), ThreadPoolExecutor(1) as pool:
        y = pool.submit(lambda: x * x).result()
    assert y.inputs == (x, x)


def test_the_first_use_of_an_operation_in_many_threads():
    """Rules are compiled when they are first wanted, here by all threads at once."""
    for _ in range(10):
        with temporary_operations():

            @elementwise("x * sin(x) + y")
            def wobble(z, x, y):
                return ad.sin(x) + x * ad.cos(x), 1

            def work(i, wobble=wobble):
                x, t = Value(float(i)), Tensor([float(i)])
                wobble(x, 1.0).backward()
                wobble(1.0, t).backward([1.0])
                return x.grad, t.grad, grad(grad(lambda v: wobble(v, v)))(float(i))

            for i, (x, t, second) in enumerate(in_threads(work)):
                assert x == pytest.approx(np.sin(i) + i * np.cos(i))
                np.testing.assert_array_equal(t, [1.0])
                assert second == pytest.approx(2 * np.cos(i) - i * np.sin(i))


def test_graphs_over_leaves_that_are_shared_are_read_together():
    """Building and reading are shared; only `.grad` of a common leaf is for one thread."""
    w = Tensor(np.arange(3.0))

    def work(i):
        return grad(lambda x: (w * x * x).sum())(np.full(3, float(i))), (w * i).sum().data

    for i, (gradient, total) in enumerate(in_threads(work)):
        np.testing.assert_array_equal(gradient, 2.0 * i * np.arange(3.0))
        assert total == 3.0 * i


def test_a_vjp_is_pulled_in_another_thread():
    _, pull = vjp(lambda x: x * x, np.arange(3.0))
    found = in_threads(lambda i: pull(np.full(3, float(i)))[0])
    for i, ct in enumerate(found):
        np.testing.assert_array_equal(ct, 2.0 * i * np.arange(3.0))
