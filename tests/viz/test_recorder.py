"""calls: what is noted of the calls of modules, and that a model draws what it computes."""

import copy
import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import autodiff as ad
import nn
import viz
from autodiff import Tensor, Value
from autodiff.extend import note_of, topological
from nn import MLP, Linear, Module, Residual, Sequential, Tanh


def paths(node):
    """Of each operation, operands first, the paths of the calls around it."""
    found = []
    for inner in topological(node):
        if inner.op is None:
            continue
        call, around = note_of(inner).call, []
        while call is not None:
            around.insert(0, call.path or call.kind.partition("(")[0])
            call = call.within
        found.append((inner.op, *around))
    return found


def test_each_node_knows_the_calls_that_it_is_made_in():
    model = Sequential(Linear(2, 3, seed=0), Tanh(), Residual(Linear(3, 3, seed=1)))
    with viz.calls():
        y = model(np.ones((1, 2))) * 2.0
    assert paths(y) == [
        ("matmul", "Sequential", "layers.0"), ("add", "Sequential", "layers.0"),
        ("tanh", "Sequential", "layers.1"),
        ("matmul", "Sequential", "layers.2", "layers.2.module"),
        ("add", "Sequential", "layers.2", "layers.2.module"), ("add", "Sequential", "layers.2"),
        ("mul",),
    ]  # fmt: skip
    assert model.layers[0].weight.name == "layers.0.weight"


def test_two_calls_of_one_module_are_two():
    cell = Linear(2, 2, seed=0)

    class Twice(Module):
        def __init__(self):
            self.cell = cell

        def forward(self, x):
            for _ in range(2):
                x = self.cell(x)
            return x

    with viz.calls():
        y = Twice()(np.ones((1, 2)))
        z = cell(y)
    calls = [note_of(n).call for n in topological(z) if n.op]
    assert [c.path for c in calls] == ["cell"] * 4 + [""] * 2
    assert len(set(map(id, calls))) == 3
    assert calls[0].within is calls[2].within is not None
    assert calls[4].within is None


def test_a_module_that_calls_itself_or_its_parent_class_is_in_one_call():
    class Base(Module):
        def forward(self, x):
            return -x

    class Deep(Base):
        def forward(self, x, depth=2):
            return self.forward(x, depth - 1) * 2.0 if depth else super().forward(x)

    with viz.calls():
        y = Deep()(Value(1.0))
    assert paths(y) == [("neg", "Deep"), ("mul", "Deep"), ("mul", "Deep")]
    assert len({id(note_of(n).call) for n in topological(y) if n.op}) == 1


def test_modules_that_are_no_attributes_and_functions_between():
    class Inner(Module):
        def forward(self, x):
            return ad.exp(x)

    class Outer(Module):
        def helper(self, x):
            return sum(Inner()(-x) for _ in range(1))

        def __call__(self, x):
            return self.helper(x) + 1.0

    with viz.calls():
        y = Outer()(Value(1.0))
    made = [("neg", "Outer"), ("exp", "Outer", "Inner"), ("add", "Outer"), ("add", "Outer")]
    assert paths(y) == made


def test_the_line_is_the_users_and_not_of_nn():
    model = Linear(2, 1, seed=0)
    with viz.calls():
        y = model(np.ones((1, 2)))
        z = ad.exp(y)
    lines = {n.op: note_of(n) for n in topological(z) if n.op}
    assert lines["matmul"].file == lines["exp"].file == __file__
    assert lines["exp"].line == lines["matmul"].line + 1 == lines["add"].line + 1


def test_after_an_error_and_in_another_thread():
    class Failing(Module):
        def forward(self, x):
            raise RuntimeError(str(-x))

    found = []
    with viz.calls():
        with pytest.raises(RuntimeError):
            Failing()(Value(1.0))
        y = -Value(1.0)
        other = threading.Thread(target=lambda: found.append(-Value(1.0)))
        other.start()
        other.join()
    assert note_of(y).call is None
    assert note_of(found[0]) is None
    assert note_of(-Value(1.0)) is None


def test_a_function_may_be_decorated():
    @viz.calls()
    def f(x):
        return -x

    assert (
        note_of(f(Value(1.0))).line == test_a_function_may_be_decorated.__code__.co_firstlineno + 3
    )


def test_frames_are_let_go():
    class Thing:
        pass

    def f():
        thing = Thing()
        seen.append(weakref.ref(thing))
        return -Value(1.0)

    seen = []
    with viz.calls():
        f()
    gc.collect()
    assert seen[0]() is None


# -- a model draws ---------------------------------------------------------------------------


def test_a_model_draws_what_it_computes():
    model = MLP(2, [16, 16, 1], activation=ad.tanh, seed=0)
    x = [Value(-0.5, name="x0"), Value(0.1, name="x1")]
    picture = model.draw(x)
    assert picture.alt.startswith("Graph of an unnamed output = ")
    assert "5 cards, 4 edges" in picture.alt
    assert [picture.source.count(f"layers.{i}<") for i in range(4)] == [1, 1, 1, 0]
    assert "35 cards" in model.draw(x, depth=2).alt
    assert "rankdir=TB" in model.draw(x, direction="TB").source
    assert not any(np.any(p.grad) for p in model.parameters())


def test_a_models_own_arguments_are_its_own():
    class Scaled(Module):
        def forward(self, x, *, factor, style="plain"):
            return {"y": [x * factor], "n": 3}

    source = Scaled().draw(Value(2.0, name="x"), factor=5.0, direction="BT").source
    assert "*5" in source
    assert "rankdir=BT" in source
    with pytest.raises(TypeError, match="factor"):
        Scaled().draw(Value(2.0))
    with pytest.raises(ValueError, match="`style` is"):
        Scaled().draw(Value(2.0), factor=5.0, style="plain")


def test_a_model_that_computes_no_node_has_no_picture():
    class Plain(Module):
        def forward(self, x):
            return 3.0

    with pytest.raises(TypeError, match="here is none: this Plain gave float"):
        Plain().draw(1.0)
    for layer in (Tanh(), nn.Flatten(), nn.MaxPool2d(2), nn.Softmax()):
        with pytest.raises(TypeError, match=r"pass `Tensor\(x, name='x'\)`"):
            layer.draw(np.ones((1, 1, 4, 4)))
        assert layer.draw(Tensor(np.ones((1, 1, 4, 4)), name="x")).alt


class Noisy(Module):
    """Two parts with one generator, as a module of a user has it."""

    def __init__(self):
        self.first = nn.Dropout(0.5, seed=3)
        self.second = self.first
        self.scale = nn.BatchNorm1d(4)

    def forward(self, x):
        return self.second(self.scale(self.first(x)))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.BatchNorm1d(4), (5, 4)),
        (lambda: nn.BatchNorm2d(4), (5, 4, 2, 2)),
        (lambda: nn.Dropout(0.5, seed=0), (5, 4)),
        (lambda: Sequential(Linear(4, 4, seed=0), nn.BatchNorm1d(4), nn.Dropout(0.5)), (5, 4)),
        (Noisy, (5, 4)),
    ],
)
def test_a_model_is_after_its_picture_as_it_was(layer, shape):
    model, twin = layer(), None
    x = Tensor(np.random.default_rng(1).normal(size=shape), name="x")
    twin = copy.deepcopy(model)
    before = [(name, id(buffer)) for name, buffer in model.named_buffers()]
    first = model.draw(x).source
    assert model.draw(x).source == first
    assert [(name, id(buffer)) for name, buffer in model.named_buffers()] == before
    assert str(model.state_dict()) == str(twin.state_dict())
    np.testing.assert_array_equal(model(x).data, twin(x).data)
    assert str(model.state_dict()) == str(twin.state_dict()) != str(layer().state_dict())


def test_without_viz_a_model_says_where_pictures_are():
    code = "import nn\ntry: nn.Linear(1, 1).draw()\nexcept AttributeError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Write `import viz` first" in done.stdout


def test_a_layer_of_tensors_is_drawn_by_its_calls():
    model = Sequential(*[layer for i in range(12) for layer in (Linear(4, 4, seed=i), Tanh())])
    picture = model.draw(Tensor(np.ones((3, 4)), name="X"))
    assert "layers.22" in picture.source
    assert "Linear(4, 4)" in picture.source
    whole = nn.Sequential(Linear(2, 2)).draw(np.ones((1, 2)), depth=0)
    assert whole.source.count("Sequential<") == 1
