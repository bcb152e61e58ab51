"""What every optimiser keeps to; steps of gradient descent against closed forms."""

import copy
import gc
import math
import pickle
import weakref
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Tensor, Value, no_grad
from nn import Linear, Module, mse
from optim import GD, SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

PLAIN = [GD, SGD]  # of which a step is lr times the gradient
OPTIMIZERS = [*PLAIN, RMSprop, Adagrad, Adam, AdamW]


@pytest.mark.parametrize("make", PLAIN)
@given(st.floats(-100, 100), st.floats(0.001, 0.9))
def test_the_path_down_a_parabola(make, start, lr):
    """On w², a step multiplies w by 1 - 2 lr."""
    w = Value(start)
    optimizer = make([w], lr=lr)
    for _ in range(5):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    assert w.data == pytest.approx(start * (1 - 2 * lr) ** 5, rel=1e-9, abs=1e-12)


@given(st.floats(0.01, 0.5), st.floats(0, 0.99))
def test_momentum(lr, momentum):
    """v = m v + gradient; w = w - lr v, in exact arithmetic."""
    w = Tensor([2.0, -1.0])
    optimizer = SGD([w], lr=lr, momentum=momentum)
    exact, v = [Fraction(2), Fraction(-1)], [Fraction(0), Fraction(0)]
    for _ in range(4):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        v = [Fraction(momentum) * vi + 2 * wi for vi, wi in zip(v, exact, strict=True)]
        exact = [wi - Fraction(lr) * vi for vi, wi in zip(v, exact, strict=True)]
    np.testing.assert_allclose(w.data, [float(x) for x in exact], rtol=1e-9, atol=1e-12)


def test_each_parameter_has_a_momentum_of_its_own():
    a, b = Value(1.0), Value(1.0)
    optimizer = SGD([a, b], lr=0.1, momentum=0.5)
    for loss in (lambda: a * 1.0, lambda: a * 1.0 + b * 10.0):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert a.data == pytest.approx(1 - 0.1 - 0.15)
    assert b.data == pytest.approx(1 - 1.0)


def test_least_squares():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    model = Linear(3, 2, seed=0)
    optimizer = GD(model.parameters(), lr=0.3)
    for _ in range(400):
        optimizer.zero_grad()
        mse(model(X), y).backward()
        optimizer.step()
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y, rcond=None)[0]
    np.testing.assert_allclose(model.weight.data, expected[:3], rtol=1e-9)
    np.testing.assert_allclose(model.bias.data, expected[3], rtol=1e-9)


# -- what a step leaves alone --------------------------------------------------------------


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_what_no_backward_pass_has_reached_stays(make):
    w, untouched = Value(1.0), Tensor([1.0, 2.0])
    optimizer = make([w, untouched], lr=0.5)
    before = untouched.data
    (w * w).backward()
    optimizer.step()
    assert w.data < 1.0
    assert np.shares_memory(untouched.data, before)


def test_zero_grad_is_of_all_parameters():
    a, b = Value(1.0), Tensor([1.0])
    (a * b).sum().backward()
    GD([a, b]).zero_grad()
    assert (a.grad, b.grad.tolist()) == (0.0, [0.0])


def test_gradients_add_up_until_they_are_cleared():
    w = Value(1.0)
    optimizer = GD([w], lr=0.1)
    (w * 3.0).backward()
    (w * 4.0).backward()
    optimizer.step()
    assert w.data == pytest.approx(1 - 0.7)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_writes_into_no_array_that_was_given_out(momentum):
    w = Tensor([1.0, 2.0])
    optimizer = SGD([w], lr=0.1, momentum=momentum)
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).sum().backward()
        data, grad = w.data, w.grad
        copies = data.copy(), grad.copy()
        optimizer.step()
        np.testing.assert_array_equal((data, grad), copies)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_arrays_keep_shape_and_dtype(shape, dtype, momentum):
    w = Tensor(np.ones(shape, dtype))
    optimizer = SGD([w], lr=0.25, momentum=momentum)
    for _ in range(2):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    for array in (w.data, w.grad):
        assert isinstance(array, np.ndarray)
        assert (array.shape, array.dtype) == (shape, dtype)
    assert np.all(w.data < 1)


def test_a_graph_from_before_a_step_is_known_to_be_stale():
    w = Value(1.0, name="w")
    loss = w * w
    loss.backward()
    GD([w], lr=0.1).step()
    with pytest.raises(ValueError, match=r"`w` was changed .*was 1\.0, now it is 0\.8"):
        loss.backward()


# -- what is checked -----------------------------------------------------------------------


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize(
    "lr", [-0.1, -5e-324, math.inf, math.nan, "0.1", None, True, 1j, np.ones(2)]
)
def test_learning_rates_that_are_refused(make, lr):
    with pytest.raises(ValueError, match="A learning rate is a finite number from 0 up, but"):
        make([Value(1.0)], lr=lr)
    optimizer = make([Value(1.0)], lr=0.5)
    with pytest.raises(ValueError, match="learning rate"):
        optimizer.lr = lr
    assert optimizer.lr == 0.5


@pytest.mark.parametrize(
    "lr", [1, 0.5, np.float32(0.5), np.float64(0.5), np.int64(2), Fraction(1, 2)]
)
def test_learning_rates_that_are_taken(lr):
    w, t = Value(0.0), Tensor(np.zeros(2, np.float32))
    optimizer = GD([w, t], lr=lr)
    (w * 1.0 + t.sum()).backward()
    optimizer.step()
    assert (w.data, type(w.data)) == (-float(lr), float)
    assert (t.data.tolist(), t.dtype) == ([-float(lr)] * 2, np.float32)


def test_the_learning_rate_can_be_changed():
    w = Value(0.0)
    optimizer = GD([w], lr=1.0)
    optimizer.lr = 0.5
    (w * 1.0).backward()
    optimizer.step()
    assert w.data == -0.5


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("given", [True, False])
def test_at_a_learning_rate_of_0_nothing_moves(make, given):
    w, t = Value(1.0), Tensor(np.float32([1.0, -2.0]))
    optimizer = make([w, t], lr=0) if given else make([w, t], lr=0.5)
    optimizer.lr = 0.0
    for _ in range(2):
        optimizer.zero_grad()
        (w * w + (t * t).sum()).backward()
        optimizer.step()
    assert (w.data, t.data.tolist(), t.dtype) == (1.0, [1.0, -2.0], np.float32)
    optimizer.lr = 0.1
    optimizer.step()
    assert w.data < 1.0


@pytest.mark.parametrize("momentum", [-0.1, 1, 1.5, math.nan, "0.9", None, True])
def test_momenta_that_are_refused(momentum):
    with pytest.raises(ValueError, match="Momentum is from 0 to below 1, but this is"):
        SGD([Value(1.0)], momentum=momentum)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "needs parameters to move"),
        (Value(1.0), TypeError, r"write `\[w\]` for one"),
        ([1.0], TypeError, "you made, but this is 1.0"),
        ([Value(1.0) * 2], TypeError, "the result of `mul`"),
        ([W := Value(1.0), Value(2.0), W], ValueError, "has one twice"),
    ],
)
def test_parameters_that_are_refused(params, error, message):
    for make in (Optimizer, *OPTIMIZERS):
        with pytest.raises(error, match=message):
            make(params)


def test_parameters_may_come_from_a_generator():
    model = Linear(2, 1, seed=0)
    assert len(GD(p for p in model.parameters()).params) == 2


@pytest.mark.parametrize(
    ("params", "what"),
    [
        (Linear(2, 3), "this is a Linear"),
        (Linear(2, 3).parameters, "a method that is not called"),
        (3, "int 3"),
        (None, "None"),
    ],
)
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_what_is_no_list_of_parameters(make, params, what):
    with pytest.raises(TypeError, match=rf"list of parameters, .*{what}.*\nPass `model.param"):
        make(params)


def test_a_parameter_added_later_moves_too():
    first, second = Value(1.0), Tensor(np.float32([2.0]))
    optimizer = SGD([first], lr=0.5)
    optimizer.params.append(second)
    (first + second.sum()).backward()
    optimizer.step()
    assert (first.data, second.data.tolist(), second.dtype) == (0.5, [1.5], np.float32)


# -- what would be silently nothing ----------------------------------------------------------


class Net(Module):
    def __init__(self):
        self.first, self.spare = Linear(2, 2, seed=0), None
        self.more, self.named = [Linear(2, 2, seed=1)], {"a": Linear(2, 2, seed=2)}

    def forward(self, x):
        for layer in (self.first, *self.more, *self.named.values()):
            x = self.hidden = layer(x)
        return x if self.spare is None else x * self.spare


def add_to_dict(net):
    net.named["b"] = Linear(2, 2, seed=3)


def put_in_place(net):
    net.more[0] = Linear(2, 2, seed=3)


GIVEN = {
    "in place of None": (lambda net: setattr(net, "spare", Value(1.0)), "spare"),
    "in place of another": (lambda net: setattr(net, "first", Linear(2, 2)), "first.weight, first"),
    "of a part": (lambda net: setattr(net.first, "scale", Value(1.0)), "first.scale"),
    "to a list": (lambda net: net.more.append(Linear(2, 2)), "more.1.weight, more.1.bias"),
    "to a dict": (add_to_dict, "named.b.weight, named.b.bias"),
    "in a list": (put_in_place, "more.0.weight, more.0.bias"),
}


@pytest.mark.parametrize("give", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_parameter_that_the_module_was_given_since(make, give):
    net = Net()
    optimizer = make(net.parameters(), lr=0.1)

    def step(optimizer):
        optimizer.zero_grad()
        net(np.ones((3, 2))).sum().backward()
        optimizer.step()

    for _ in range(2):
        step(optimizer)
    change, names = give
    change(net)
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"has got others since: {names}"):
            step(optimizer)
    known = set(optimizer.params)
    optimizer.params += [p for p in net.parameters() if p not in known]
    before = [p.data for p in net.parameters()]
    step(optimizer)
    step(make(net.parameters(), lr=0.1))
    moved = [p.data is not b for p, b in zip(net.parameters(), before, strict=True)]
    assert all(moved) or give is GIVEN["of a part"]  # which `forward` does not use


# Ways to write down the parameters of a module, each of them all.
LISTS = {
    "list": lambda net: list(net.parameters()),
    "tuple": lambda net: tuple(net.parameters()),
    "keys of a dict": lambda net: dict.fromkeys(net.parameters()).keys(),
    "sum": lambda net: net.parameters()[:2] + net.parameters()[2:],
    "in other order": lambda net: sorted(net.parameters(), key=lambda p: p.size),
    "comprehension": lambda net: [p for p in net.parameters() if p.size],
    "generator": lambda net: (p for p in net.parameters()),
    "by name": lambda net: dict(net.named_parameters()).values(),
    "of the parts": lambda net: (
        net.first.parameters()
        + [p for part in (*net.more, *net.named.values()) for p in part.parameters()]
    ),
    "in its own list first": lambda net: [net.first.weight, *net.parameters()[1:]],
    "asked again": lambda net: (net.parameters(), repr(net), net.zero_grad())[0],
}


@pytest.mark.parametrize("write", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("early", [False, True])
def test_what_a_module_was_given_since_is_noticed_however_the_list_is_written(write, early):
    net = Net()
    params = write(net)

    def give():
        net.first.scale = Value(1.0)

    if early:  # before there is an optimiser
        give()
    optimizer = SGD(params, lr=0.1)
    for _ in range(2):
        net.zero_grad()
        net(np.ones((3, 2))).sum().backward()
        if not early:
            optimizer.step()
    if not early:
        give()
    for _ in range(2):
        with pytest.raises(ValueError, match=r"has got others since: (first\.)?scale"):
            optimizer.step()
    optimizer.params.append(net.first.scale)
    optimizer.step()


def test_modules_that_are_trained_in_part_may_be_given_others():
    net = Net()
    biases = SGD([p for name, p in net.named_parameters() if name.endswith("bias")], lr=0.1)
    first = SGD(list(net.first.parameters()), lr=0.1)
    net.spare = Value(1.0)
    net(np.ones((3, 2))).sum().backward()
    biases.step()
    first.step()
    net.first.scale = Value(1.0)
    biases.step()
    with pytest.raises(ValueError, match="has got others since: scale"):
        first.step()


def test_a_list_of_several_modules_parameters_is_of_each():
    nets = [Net(), Net()]
    optimizer = SGD(nets[0].parameters() + nets[1].parameters(), lr=0.1)
    nets[1].spare = Value(1.0)
    for net in nets:
        net(np.ones((3, 2))).sum().backward()
    with pytest.raises(ValueError, match="has got others since: spare"):
        optimizer.step()


def test_a_shared_parameter_is_of_both():
    nets = [Net(), Net()]
    nets[1].first.weight = nets[0].first.weight
    optimizer = SGD(dict.fromkeys(p for net in nets for p in net.parameters()), lr=0.1)
    for net in nets:
        net(np.ones((3, 2))).sum().backward()
    optimizer.step()
    for net in nets:
        net.spare = Value(1.0)
        with pytest.raises(ValueError, match="has got others since: spare"):
            optimizer.step()
        optimizer.params.append(net.spare)
    optimizer.step()


def test_a_module_goes_with_its_last_reference():
    net = Net()
    gone = weakref.ref(net)
    params = list(net.parameters())
    gc.disable()
    try:
        del net
        assert gone() is None
    finally:
        gc.enable()
    optimizer = SGD(params, lr=0.1)
    sum(p.sum() for p in params).backward()
    optimizer.step()


def test_what_was_computed_within_no_grad_is_no_parameter():
    net = Net()
    optimizer = SGD(net.parameters(), lr=0.1)
    with no_grad():
        net(np.ones((3, 2)))  # which `forward` keeps as an attribute
        result = net.first.weight * 2
    assert len(net.parameters()) == 6
    net(np.ones((3, 2))).sum().backward()
    optimizer.step()
    with pytest.raises(TypeError, match="this is a result of `no_grad`"):
        SGD([result])


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_step_without_any_gradient_is_refused(make):
    w, t = Value(1.0), Tensor([1.0])
    optimizer = make([w, t], lr=0.5)
    with pytest.raises(ValueError, match=r"none of these has one.\nCall `backward\(\)`"):
        optimizer.step()
    (w * 2.0).backward()
    optimizer.step()
    assert w.data < 1.0 == t.data


@pytest.mark.parametrize("make", [*OPTIMIZERS, lambda params: SGD(params, momentum=0.9)])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_an_optimiser_is_copied_and_pickled_with_its_parameters(make, copied):
    params = [Value(2.0), Tensor([1.0, 3.0])]
    optimiser = make(params)

    def steps(params, optimiser, count):
        for _ in range(count):
            optimiser.zero_grad()
            (params[0] * params[1] ** 2).sum().backward()
            optimiser.step()
        return [np.array(p.data) for p in params]

    steps(params, optimiser, 2)
    again = copied((params, optimiser))
    assert again[1].params[0] is again[0][0]
    for found, expected in zip(steps(*again, 2), steps(params, optimiser, 2), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (GD, "momentum"), (GD, "learning_rate"), (SGD, "betas"), (SGD, "nestorov"), (Adam, "beta1"),
        (Adam, "momentum"), (Adam, "epsilon"), (RMSprop, "betas"),
    ],
)  # fmt: skip
def test_a_setting_that_it_has_not_is_not_set(kind, name):
    optimizer = kind([Value(1.0)])
    if name == "nestorov":  # whatever is no setting of any may be an attribute
        optimizer.nestorov = 1
        return
    with pytest.raises(AttributeError, match=f"has the settings lr.*, but no `{name}`, which w"):
        setattr(optimizer, name, 0.9)
    assert not hasattr(optimizer, name)


def test_an_optimiser_of_ones_own_may_have_any_attribute():
    class Mine(Optimizer):
        def __init__(self, params):
            super().__init__(params)
            self.momentum = 0.9

    assert Mine([Value(1.0)]).momentum == 0.9


@pytest.mark.parametrize("empty", [lambda o: o.params.clear(), lambda o: setattr(o, "params", [])])
def test_an_optimiser_whose_parameters_are_gone(empty):
    w = Value(1.0)
    sgd = SGD([w])
    empty(sgd)
    w.backward()
    with pytest.raises(ValueError, match="needs parameters to move, but its groups have none any"):
        sgd.step()


def test_an_update_of_another_shape_or_dtype():
    class Wide(Optimizer):
        def update(self, parameter, gradient, state, group):
            return self.step_of(gradient)

    w = Tensor(np.ones(2, np.float32))
    w.sum().backward()
    optimizer = Wide([w])
    optimizer.step_of = lambda gradient: gradient[:, None]
    with pytest.raises(ValueError, match="A step has a number for each of a parameter's"):
        optimizer.step()
    optimizer.step_of = lambda gradient: np.float64(0.5) * gradient
    optimizer.step()
    assert (w.dtype, w.data.tolist()) == (np.float32, [0.5, 0.5])
