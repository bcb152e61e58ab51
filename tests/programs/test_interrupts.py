"""An interrupt leaves nothing behind, at whatever instruction it comes: no mode, and no lock."""

import random
import threading

import numpy as np
import pytest
from hypothesis import settings
from interrupts import Interrupter

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.graph.modes import DEPTH, MODES, current_mode
from autodiff.programs.buffered import blocks
from autodiff.testing.scratch import temporary_operations

X = np.linspace(0.5, 1.5, 4)
LARGE = np.linspace(0.5, 1.5, 200_000)


def f(x):
    return (ad.tanh(x) * x / (1 + x)).sum()


def vector(x):
    return ad.exp(x) * x[0]


def with_pull():
    out, pull = ad.vjp(vector, X)
    pull(out)


def freshly_declared():
    """An operation whose rule is compiled in this call."""
    with temporary_operations():

        @ad.elementwise("x * sin(x) + y")
        def wobble(z, x, y):
            return ad.sin(x) + x * ad.cos(x), 1

        ad.grad(ad.grad(lambda x: wobble(x, 1.0)))(2.0)
        wobble(Tensor(X), 2.0).sum().backward()


def compiled_anew():
    ad.compile(ad.value_and_grad(f))(X)


def in_block(make):
    def work():
        with make():
            y = f(Tensor(X))
            with make():
                y = y * 2
            y = y + 1

    return work


def decorated():
    @ad.no_grad()
    def numbers():
        for x in X:
            yield Value(x) * 2

    list(numbers())


def infinite():
    (ad.sqrt(Tensor([0.0, 1.0])) * [0.0, 1.0]).sum().backward()  # its pull-back is done with care


def of_large(x):
    return np.sum(np.exp(np.sin(x)) * np.tanh(x) + np.cos(x) ** 2 / (1 + x))


small_program, large_program = ad.compile(ad.grad(f)), ad.compile(of_large)
derived = ad.derive(f, X)
several = ad.compile(lambda x: np.sum(x * x), cache_size=2)


def of_several_shapes():
    for n in (1, 2, 3):
        several(np.ones(n))


WORKS = {
    "backward": lambda: f(Tensor(X)).backward(),
    "with care": infinite,
    "grad": lambda: ad.grad(f)(X),
    "value_and_grad": lambda: ad.value_and_grad(f)(X),
    "grad of grad": lambda: ad.grad(ad.grad(lambda x: x * ad.sin(x)))(2.0),
    "vjp": with_pull,
    "jvp": lambda: ad.jvp(vector, (X,), (X,)),
    "hvp": lambda: ad.hvp(f, (X,), (X,)),
    "jacobian": lambda: ad.jacobian(vector)(X),
    "hessian": lambda: ad.hessian(f)(X),
    "derive": lambda: ad.derive(f, X),
    "a derived program": lambda: derived(X),
    "compile": compiled_anew,
    "a compiled program": lambda: small_program(X),
    "one of a large array": lambda: large_program(LARGE),
    "compile of many shapes": of_several_shapes,
    "no_grad": in_block(ad.no_grad),
    "detect_anomaly": in_block(ad.detect_anomaly),
    "no_grad around a generator": decorated,
    "a derivative inside of no_grad": ad.no_grad()(lambda: ad.grad(f)(X)),
    "a new operation": freshly_declared,
}


def check_nothing_is_left(errors, expected):
    assert DEPTH.get() == 0
    assert current_mode() == type(current_mode())()
    assert not MODES
    assert np.geterr() == errors
    assert (Value(2.0) * 3).op == "mul"
    found = ad.grad(f)(X)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, expected)


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch):
    monkeypatch.setattr(blocks, "_cores", lambda: 2)
    blocks._helpers.cache_clear()
    yield
    blocks._helpers.cache_clear()


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_interrupt_leaves_nothing_behind(name):
    times = settings.default.max_examples // 8
    work = WORKS[name]
    work()
    errors, expected = np.geterr(), ad.grad(f)(X)
    interrupter = Interrupter(work)
    draw = random.Random(name)
    came = 0
    for _ in range(times):
        came += interrupter.interrupted_at(draw.randrange(interrupter.length))
        check_nothing_is_left(errors, expected)
    assert came > times // 2
    # No lock is held that another thread, or the same call again, would wait for.
    others = [threading.Thread(target=w, daemon=True) for w in (work, WORKS["a new operation"])]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
        assert not other.is_alive()
    work()
