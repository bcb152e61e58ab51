"""Large graphs: no recursion anywhere, and every graph is freed with its last reference."""

import copy
import gc
import math
import sys
import weakref

import numpy as np
import pytest

import autodiff as ad
import viz
from autodiff import Tensor, Value, grad, hessian, hvp, jacobian, jvp, vjp
from autodiff.graph.order import topological

DEEP = 1_000_000


@pytest.fixture(autouse=True)
def _shallow_stack():
    """A stack that is far too small for anything that recurses over a graph."""
    before, depth, frame = sys.getrecursionlimit(), 0, sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 300)
    yield
    sys.setrecursionlimit(before)


@pytest.fixture(autouse=True)
def _no_collector():
    """No graph needs one to be freed; it would look at each of a million nodes again and again."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, length=DEEP):
    for _ in range(length):
        x = x + 1e-6
    return x


@pytest.mark.parametrize("make", [Value, Tensor])
def test_a_chain_of_a_million_nodes(make):
    x = make(1.0)
    y = chain(x)
    y.backward()
    assert x.grad == 1.0
    assert y.data == pytest.approx(2.0)
    assert len(repr(y)) < 60
    assert ad.local_gradients(y) == (1.0,)
    with pytest.raises(TypeError, match="inside a graph"):
        copy.deepcopy(y)
    first = weakref.ref(y)
    del y  # and a million nodes with it, one in the other
    assert first() is None


@pytest.mark.parametrize("make", [Value, Tensor])
def test_a_fan_out_of_a_million_edges(make):
    x = make(0.5)
    total = ad.stack([x * 2.0 for _ in range(DEEP)]).sum()
    total.backward()
    assert x.grad == 2.0 * DEEP
    assert total.data == DEEP


def test_a_million_leaves():
    leaves = [Value(1.0) for _ in range(DEEP)]
    sum(leaves).backward()
    assert all(leaf.grad == 1.0 for leaf in leaves)


def test_the_gradient_of_a_million_steps():
    assert grad(chain)(1.0) == 1.0
    assert grad(lambda xs: sum(xs))([1.0] * 100_000) == [1.0] * 100_000


def iterated_sine(x, length=100_000):
    for _ in range(length):
        x = ad.sin(x)
    return x


def test_second_order_of_a_hundred_thousand_steps():
    y, slope, bend = 1.0, 1.0, 0.0
    for _ in range(100_000):
        c, s = math.cos(y), math.sin(y)
        y, slope, bend = s, c * slope, c * bend - s * slope * slope
    near = {"rel": 1e-9}
    assert grad(grad(iterated_sine))(1.0) == pytest.approx(bend, **near)
    assert hvp(iterated_sine, (1.0,), (2.0,)) == pytest.approx(2 * bend, **near)
    assert jvp(iterated_sine, (1.0,), (1.0,)) == pytest.approx((y, slope), **near)


def test_higher_orders_and_tensors_of_a_deep_chain():
    def f(x):
        return iterated_sine(x, 5_000)

    third = grad(grad(grad(f)))(1.0)
    step = 1e-4
    expected = (grad(grad(f))(1 + step) - grad(grad(f))(1 - step)) / (2 * step)
    assert third == pytest.approx(expected, rel=1e-5)
    H = hessian(lambda x: f(x).sum())(np.array([1.0, 2.0]))
    assert H[0, 0] == pytest.approx(grad(grad(f))(1.0))
    assert H[0, 1] == 0.0


def test_a_deep_chain_is_drawn_and_watched():
    y = chain(Value(1.0, name="x"), 3_000)
    assert len(topological(y)) == 3_001
    assert viz.draw(y, depth=math.inf).source.count("->") == 3_000
    with ad.detect_anomaly():
        chain(Value(1.0), 3_000).backward()


# -- what is freed, and when ---------------------------------------------------------------


def alive(work):
    """How many of the nodes that `work` made are alive after it, with no collector at work.

    `work` is given a function that watches a node.
    """
    watched = []

    def watch(node):
        watched.append(weakref.ref(node))
        return node

    work(watch)
    assert watched
    return sum(ref() is not None for ref in watched)


def bent(watch):
    """A function of a float or an array, each node of which is watched."""

    def f(x):
        y = watch(ad.tanh(watch(x * x)))
        return watch(y * x).sum()

    return f


ARRAY = np.array([0.5, 1.5])


V = np.ones(2)


@pytest.mark.parametrize("x", [0.5, ARRAY], ids=["float", "array"])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: grad(f)(x),
        lambda f, x: ad.value_and_grad(f)(x),
        lambda f, x: vjp(f, x)[1](1.0),
        lambda f, x: jvp(f, (x,), (np.ones_like(x),)),
        lambda f, x: hvp(f, (x,), (np.ones_like(x),)),
        lambda f, x: jacobian(f)(x),
        lambda f, x: hessian(f)(x),
        lambda f, x: grad(lambda x: ad.sum(grad(f)(x)))(x),
    ],
    ids=["grad", "value_and_grad", "vjp", "jvp", "hvp", "jacobian", "hessian", "grad of grad"],
)
def test_a_transform_leaves_nothing_behind(transform, x):
    assert alive(lambda watch: transform(bent(watch), x)) == 0


@pytest.mark.parametrize("make", [lambda: Value(0.5), lambda: Tensor(ARRAY)])
def test_an_eager_graph_goes_with_its_root(make):
    def work(watch):
        y = bent(watch)(make())
        y.backward()
        y.backward()

    assert alive(work) == 0


@pytest.mark.parametrize("make", [lambda: Value(0.5), lambda: Tensor(ARRAY)])
def test_operations_of_many_kinds_form_no_cycle(make):
    def work(watch):
        x = make()
        parts = watch(ad.stack([watch(x), watch(2.0 * x)]))
        chosen = watch(ad.where(parts.data > 0.7, watch(ad.exp(parts)), 0.0))
        y = watch(ad.sum(watch(chosen[0]) * 1.0) + watch(ad.logsumexp(chosen)))
        y.backward()

    assert alive(work) == 0


def test_a_graph_goes_after_an_error():
    def broken(watch):
        def f(x):
            watch(x * x)
            raise KeyError("in the middle")

        for transform in (grad(f), jacobian(f), hessian(f)):
            with pytest.raises(KeyError):
                transform(0.5)

    assert alive(broken) == 0


def test_a_graph_goes_after_a_refused_backward():
    def work(watch):
        w = Value(2.0)
        y = watch(watch(w * w) * 3.0)
        w.data = 5.0
        try:
            y.backward()
        except ValueError:
            pass
        else:
            pytest.fail("a changed leaf was not refused")

    assert alive(work) == 0


def test_detect_anomaly_keeps_nothing_alive():
    def work(watch):
        with ad.detect_anomaly():
            y = bent(watch)(Value(0.5))
            y.backward()
            del y
            assert work.alive() == 0

    refs = []
    work.alive = lambda: sum(r() is not None for r in refs)
    assert alive(lambda watch: work(lambda n: (refs.append(weakref.ref(n)), watch(n))[1])) == 0


def test_a_pull_keeps_its_graph_and_no_longer():
    refs = []

    def f(x):
        y = x * x
        refs.append(weakref.ref(y))
        return ad.sin(y)

    _, pull = vjp(f, 0.5)
    assert refs[0]() is not None
    assert pull(1.0)[0] == pull(1.0)[0]
    del pull
    assert refs[0]() is None
