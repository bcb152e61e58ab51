"""What a walk finds in a module: the modules inside, buffers, and the names of parameters."""

import numpy as np
import pytest

import nn
from autodiff import Tensor, Value, stop_gradient
from nn import MLP, Linear, Module, Sequential, Tanh


class Holder(Module):
    def __init__(self, **attributes):
        vars(self).update(attributes)


class Counter(Module):
    """Counts its calls, in a buffer."""

    def __init__(self):
        self.register_buffer("calls", np.zeros((), int))

    def forward(self, x):
        self.calls = self.calls + 1
        return x


# -- names ---------------------------------------------------------------------------------


def test_a_parameter_is_called_by_its_path():
    model = Sequential(Linear(2, 3), Holder(w=Tensor(1.0), rest=[Value(1.0)]))
    assert [p.name for p in (model.layers[0].weight, model.layers[1].w)] == ["weight", None]
    names = [name for name, _ in model.named_parameters()]
    assert [p.name for p in model.parameters()] == names
    assert model.layers[0].weight.label() == "`layers.0.weight`"
    model.layers[0].parameters()  # asked by itself, it keeps the longer name
    assert model.layers[0].weight.name == "layers.0.weight"
    outer = Holder(net=model)
    outer.parameters()
    assert model.layers[0].weight.name == "net.layers.0.weight"


@pytest.mark.parametrize("name", ["w0", "eight", "t", "0.weight.", ""])
def test_a_name_of_ones_own_is_kept(name):
    model = Sequential(Holder(weight=Tensor([1.0], name=name)))
    assert [n for n, _ in model.named_parameters()] == ["layers.0.weight"]
    assert model.parameters()[0].name == name


def test_a_parameter_that_is_called_after_its_place_in_a_list_gets_the_way_to_it():
    model = MLP(2, [2, 1], seed=0)
    assert model.layers[1].neurons[0].w[1].name == "w1"
    paths = [name for name, _ in model.named_parameters()]
    assert paths[-2:] == ["layers.1.neurons.0.w.1", "layers.1.neurons.0.b"]
    for _ in range(2):
        assert [p.name for p in model.parameters()] == [path.replace(".w.", ".w") for path in paths]


def test_messages_say_which_parameter():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    (weight, *_) = [p for n, p in model.named_parameters() if n == "layers.1.weight"]
    loss = model(np.ones(2)).sum()
    weight.data = weight.data + 1.0
    with pytest.raises(ValueError, match=r"`layers\.1\.weight` was changed"):
        loss.backward()


# -- what was meant to be a parameter ------------------------------------------------------


@pytest.mark.parametrize(
    "thing",
    [Value(1.0), Tensor([1.0]), Linear(1, 1), [Tanh()], {"a": (Tensor([1.0]),)}, Tensor([1.0]) * 2],
)
def test_a_class_that_has_a_parameter_or_a_module_of_its_own(thing):
    with pytest.raises(TypeError, match=r"`w` of the class Shared is one of all its modul"):
        type("Shared", (Module,), {"w": thing})
    for plain in (1.0, np.ones(2), [1.0], len, lambda self: self, property(len)):
        assert type("Plain", (Module,), {"w": plain})().parameters() == []


@pytest.mark.parametrize("make", [iter, None, lambda layers: map(abs, layers), zip, enumerate])
def test_what_gives_its_items_once(make):
    layers = (layer for layer in [Linear(1, 1)]) if make is None else make([Linear(1, 1)])
    if make in (iter, enumerate):  # of which there are others that hold no parameters
        assert Holder(layers=layers).parameters() == []
        return
    for ask in (Holder(layers=layers).parameters, Holder(deep={"a": [layers]}).state_dict):
        with pytest.raises(TypeError, match=r"gives its items a single time.\nMake it a list"):
            ask()


def test_a_result_that_was_meant_to_be_a_parameter():
    class Scaled(Module):
        def __init__(self):
            self.w = [Tensor(np.ones((2, 1))) * 0.01]
            self.b = Tensor([0.0])

        def forward(self, x):
            return x @ self.w[0] + self.b

    message = (
        r"`model\.w\.0` of this Holder is the result of `mul`.*\n.*`Tensor\(0\.01 \* numbers\)`"
    )
    for ask in ("parameters", "state_dict", "named_parameters", "eval"):
        with pytest.raises(TypeError, match=message):
            getattr(Holder(model=Scaled()), ask)()


def test_results_that_a_module_keeps():
    class Keeping(Module):
        def __init__(self, inner):
            self.inner = inner

        def forward(self, x):
            self.input, self.output = x, self.inner(x)
            return self.output

    first, second = Keeping(Linear(2, 2)), Keeping(Tanh())
    model = Sequential(first, second)
    assert len(model.parameters()) == 2
    model(np.ones((3, 2)))
    assert len(model.parameters()) == 2
    assert second.parameters() == []  # whose input came from parameters of another
    first.constant = stop_gradient(Tensor([2.0]))
    assert len(first.parameters()) == 2


def test_functions_that_hold_what_is_found():
    layer = Linear(2, 2, seed=0)
    model = Sequential(layer, lambda x: x @ layer.weight)
    model.again = lambda x: model(x)
    assert model.parameters() == layer.parameters()
    assert Sequential(layer, lambda x, scale=2.0: scale * x).parameters() == layer.parameters()


# -- modules -------------------------------------------------------------------------------


def test_the_modules_inside():
    inner, shared = Tanh(), Linear(2, 2)
    model = Holder(a=Sequential(shared, inner), table={"x": (shared, Counter())}, f=abs)
    found = dict(model.named_modules())
    assert list(found) == ["", "a", "a.layers.0", "a.layers.1", "table.x.1"]
    assert model.modules() == list(found.values())
    assert (found[""], found["a.layers.1"]) == (model, inner)


def test_train_and_eval_reach_all():
    model = Sequential(Linear(2, 2), Holder(parts=[{"x": Tanh()}]))
    assert all(m.training for m in model.modules())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train() is model
    assert all(m.training for m in model.modules())
    model.train(False)
    assert not any(m.training for m in model.modules())
    assert Linear(2, 2).training  # of no other


def test_predict_gives_plain_numbers_in_the_mode_of_eval():
    class Several(Module):
        def __init__(self, first, second):
            self.parts = [first, second]

        def forward(self, x, scale=1.0):
            assert not self.training
            y = self.parts[0](x) * scale
            assert not y.inputs
            return {"y": y, "x": x, "count": 3, "each": [Value(2.0), None]}

    model = Several(Linear(2, 2, seed=0), Tanh().eval())
    modes = [m.training for m in model.modules()]
    assert modes == [True, True, False]
    x = np.ones((1, 2))
    out = model.predict(x, scale=2.0)
    assert [type(out[k]) for k in out] == [np.ndarray, np.ndarray, int, list]
    np.testing.assert_array_equal(out["y"], 2.0 * (x @ model.parts[0].weight.data))
    assert (out["count"], out["each"]) == (3, [2.0, None])
    assert type(out["each"][0]) is float
    out["y"][0, 0] = out["x"][0, 0] = 7.0  # it is the caller's own
    assert x[0, 0] == 1.0
    assert [m.training for m in model.modules()] == modes
    with pytest.raises(ValueError, match=r"Linear takes .*\(\.\.\., 2\), .* shape \(5,\)"):
        model.predict(np.ones(5))
    assert [m.training for m in model.modules()] == modes
    assert MLP(2, [3, 2], seed=0).predict([1.0, 2.0]) == [
        o.data for o in MLP(2, [3, 2], seed=0)([1.0, 2.0])
    ]


# -- buffers -------------------------------------------------------------------------------


def test_buffers_are_found_by_their_paths():
    model = Holder(a=Counter(), rest=[Counter(), Linear(2, 2)], b=np.ones(2))
    model.register_buffer("rng", np.random.default_rng(0))
    found = dict(model.named_buffers())
    assert list(found) == ["a.calls", "rest.0.calls", "rng"]
    assert found["rng"] is model.rng is model.buffers()[-1]
    assert [n for n, _ in model.named_parameters()] == ["rest.1.weight", "rest.1.bias"]
    model.a(1.0)
    assert [int(c) for c in model.buffers()[:-1]] == [1, 0]
    assert Counter().buffers_at == (("calls",),)
    assert Holder().buffers() == []


def test_a_buffer_is_a_copy_and_is_registered_anew():
    array, module = np.zeros(2), Module()
    module.register_buffer("b", array)
    array[0] = 1.0
    assert module.b.tolist() == [0.0, 0.0]
    module.register_buffer("b", [1, 2])
    assert [(n, b.tolist()) for n, b in module.named_buffers()] == [("b", [1, 2])]


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("a.b", 1.0, ValueError, "no name"),
        (3, 1.0, ValueError, "no name"),
        ("forward", 1.0, ValueError, "this Linear has `forward`"),
        ("weight", 1.0, ValueError, "this Linear has `weight`"),
        ("b", Tensor([1.0]), TypeError, r"`b` is a Tensor.\n.*`\.data`"),
        ("b", Tensor([1.0]) * 2, TypeError, "`b` is the result of `mul`"),
        ("b", "text", TypeError, "`b` has dtype <U4"),
        ("b", None, TypeError, "`b` has dtype object"),
        ("b", np.random.Generator(np.random.MT19937(0)), TypeError, "is a MT19937"),
    ],
)
def test_what_is_no_buffer(name, value, error, message):
    layer = Linear(2, 2)
    with pytest.raises(error, match=message):
        layer.register_buffer(name, value)
    assert layer.buffers() == []
    assert len(layer.parameters()) == 2


@pytest.mark.parametrize("hide", [lambda m: {m}, lambda m: m.forward, lambda m: np.array([m, 1])])
def test_a_module_with_buffers_where_it_would_be_missed_is_refused(hide):
    model = Holder(part=hide(Counter()))
    for ask in (model.parameters, model.named_buffers, model.eval, model.state_dict):
        with pytest.raises(TypeError, match=r"Buffers are found .*\n.*`part` of this Holder"):
            ask()
    model = Holder(part=hide(Tanh()))  # which has none
    assert model.state_dict() == {}
    assert nn.Module().eval().training is False
