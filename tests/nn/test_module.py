"""Modules: the parameters they find, what they compute, and what they are loaded from."""

import io
import math
import os
import pickle
import zipfile

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autodiff as ad
import nn
from autodiff import Tensor, Value
from nn import MLP, Layer, LeakyReLU, Linear, Module, Neuron, Sequential, Sigmoid, Softmax, Tanh
from nn.layers import Activation


class Holder(Module):
    def __init__(self, **attributes):
        vars(self).update(attributes)


# -- finding parameters --------------------------------------------------------------------


def test_parameters_are_found_in_order_wherever_they_stand():
    a, b, c, d, e, f = (Value(float(i)) for i in range(6))
    module = Holder(
        first=a, rest=[b, (c, {"x": d})], count=3, text="w", nothing=None, array=np.ones(3),
        inner=Holder(e=e), table={"f": f, 0: Tensor([1.0])},
    )  # fmt: skip
    names = ["first", "rest.0", "rest.1.0", "rest.1.1.x", "inner.e", "table.f", "table.0"]
    found = dict(module.named_parameters())
    assert list(found) == names
    assert [found[n] is p for n, p in zip(names[:6], (a, b, c, d, e, f), strict=True)] == [True] * 6
    assert [p is q for p, q in zip(module.parameters(), found.values(), strict=True)] == [True] * 7


def test_what_is_shared_is_found_once():
    w, layer = Value(1.0), Linear(2, 2, seed=0)
    module = Holder(w=w, again=[w, w], layers=[layer, layer], table={"deep": {"w": w}})
    assert [n for n, _ in module.named_parameters()] == ["w", "layers.0.weight", "layers.0.bias"]


def test_a_module_inside_itself():
    module = Holder(w=Value(1.0))
    module.again, module.list = module, [module]
    module.list.append(module.list)
    assert [n for n, _ in module.named_parameters()] == ["w"]


def test_a_result_is_no_parameter():
    w = Value(2.0)
    assert Holder(w=w, square=w * w).parameters() == [w]


def test_zero_grad():
    model = MLP(2, [2, 1], seed=0)
    model([1.0, -1.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 9


def test_a_module_must_say_what_it_computes():
    with pytest.raises(NotImplementedError, match="Holder does not say in `forward`"):
        Holder()(1.0)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.ones((2, 3)), "an array of shape"),
        (Tensor(np.ones((2, 3))) * 2, "the result of `mul`"),
        (3.0, "float 3.0"),
        ([], "list"),
    ],
)
def test_a_parameter_is_not_overwritten_by_what_is_none(value, what):
    layer = Linear(2, 3, seed=0)
    weight = layer.weight
    with pytest.raises(TypeError, match=f"`weight` is a parameter of this Linear.*{what}"):
        layer.weight = value
    assert layer.weight is weight
    assert len(layer.parameters()) == 2


def test_what_a_parameter_may_be_replaced_by():
    layer = Linear(2, 3, seed=0)
    layer.weight = Tensor(np.ones((2, 3)))
    layer.bias = None
    assert layer.parameters() == [layer.weight]
    layer.weight = [Value(1.0), Value(2.0)]
    assert len(layer.parameters()) == 2
    layer.last = layer.weight[0] * 2  # a result is no parameter: anything may follow it
    layer.last = 3.0
    del layer.weight
    layer.weight = 1.0
    assert layer.parameters() == []


def test_calling_is_forward_also_where_it_is_inherited():
    class Doubled(Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    class Same(Doubled):
        pass

    plain, same = Linear(2, 3, seed=0), Same(2, 3, seed=0)
    np.testing.assert_array_equal(same(np.eye(2)).data, 2 * plain(np.eye(2)).data)


def test_keywords_go_to_forward_however_it_was_put_there():
    class Scaled(Module):
        def forward(self, x, scale=1.0):
            return scale * x

    plain = Module()
    plain.forward = lambda x, scale=1.0: scale * x
    assert Scaled()(3.0, scale=2.0) == plain(3.0, scale=2.0) == 6.0


def test_a_call_may_do_more_than_forward():
    class Counting(Module):
        calls = 0

        def forward(self, x):
            return x

        def __call__(self, x):
            self.calls += 1
            return self.forward(x)

    module = Counting()
    assert module(module(3.0)) == 3.0
    assert module.calls == 2


# -- scalars -------------------------------------------------------------------------------


def sigmoid(x):
    return float(1 / (1 + mpmath.exp(-mpmath.mpf(x))))


def test_the_neuron_is_a_sigmoid_by_default():
    neuron = Neuron(2, seed=0)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0
    out = neuron([-1.0, -2.0])
    assert out.data == pytest.approx(sigmoid(1), rel=1e-15)
    out.backward()
    slope = sigmoid(1) * (1 - sigmoid(1))
    assert [w.grad for w in neuron.w] == pytest.approx([-slope, -2 * slope], rel=1e-12)
    assert neuron.b.grad == pytest.approx(slope, rel=1e-12)


def test_a_neuron_with_another_activation():
    for activation, f in ((ad.tanh, math.tanh), (None, lambda x: x)):
        neuron = Neuron(3, activation=activation, seed=1)
        x = [0.5, -1.0, 2.0]
        total = sum(w.data * xi for w, xi in zip(neuron.w, x, strict=True)) + neuron.b.data
        assert neuron(x).data == pytest.approx(f(total), rel=1e-14)


def test_a_layer_is_its_neurons():
    layer = Layer(2, 3, seed=0)
    assert [o.data for o in layer([1.0, 2.0])] == [n([1.0, 2.0]).data for n in layer.neurons]
    assert len(layer.parameters()) == 9


def test_a_network_is_its_layers():
    model = MLP(2, [3, 2], seed=0)
    x = [0.3, -0.7]
    hidden = [o.data for o in model.layers[0](x)]
    assert [o.data for o in model(x)] == [o.data for o in model.layers[1](hidden)]
    assert [f.op for f in model(x)] == ["sigmoid", "sigmoid"]
    assert MLP(2, [3, 1], seed=0)(x).op == "sigmoid"  # one output is no list
    assert MLP(2, [3, 1], last=None, seed=0)(x).op == "add"
    assert MLP(2, [3, 1], activation=ad.relu, last=ad.tanh, seed=0)(x).op == "tanh"


def test_the_network_takes_and_differentiates_values():
    model, x = MLP(2, [3, 1], seed=3), [Value(0.3), Value(-0.7)]
    model(x).backward()
    step = 1e-6
    ahead, behind = model([0.3 + step, -0.7]).data, model([0.3 - step, -0.7]).data
    assert x[0].grad == pytest.approx((ahead - behind) / (2 * step), rel=1e-7)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Neuron(0), ValueError, "`inputs` is a whole number from 1 up, but this is 0"),
        (lambda: Neuron(2.0), ValueError, "`inputs` is a whole number"),
        (lambda: Neuron(True), ValueError, "`inputs` is a whole number"),
        (lambda: Layer(2, -1), ValueError, "`outputs` is a whole number"),
        (lambda: MLP(2, []), ValueError, "at least one layer"),
        (lambda: MLP(2, [3, "1"]), ValueError, "`outputs` is a whole number"),
        (lambda: Neuron(2, activation="relu"), TypeError, "is a function, .* but this is 'relu'"),
        (lambda: MLP(2, [1], last="relu"), TypeError, "is a function, .* but this is 'relu'"),
        (lambda: Linear(2, 3, dtype=int), ValueError, "`dtype` is a float type, .* is int"),
        (lambda: Linear(2, 3, dtype=complex), ValueError, "a float type, .* is complex128"),
        (lambda: Linear(2, 0), ValueError, "`outputs` is a whole number"),
        (lambda: Sequential(Sigmoid(), 3), TypeError, "takes modules, but this is 3"),
        (lambda: Sequential(Linear(2, 3), Tanh), TypeError, r"class Tanh.\n.* write `Tanh\(\)`"),
        (lambda: Sequential([Linear(2, 3)]), TypeError, r"Sequential\(\*modules\)"),
        (lambda: Neuron(2, activation=Tanh), TypeError, r"write `Tanh\(\)`"),
        (lambda: MLP(2, 3), TypeError, r"list of layer sizes, .*\n.*MLP\(2, \[16, 1\]\)"),
        (lambda: LeakyReLU(0.1, 0.2), TypeError, "has the settings slope, but: too many"),
        (lambda: Tanh(np.ones(2)), TypeError, r"no settings, but: too many .*\n.*`Tanh\(\)\(x\)`"),
        (lambda: Softmax(dim=0), TypeError, "has the settings axis, but: .* 'dim'"),
        (lambda: Neuron(2)([[1.0, 2.0], [Value(3.0)]]), ValueError, "this is a list of lists"),
        (lambda: Neuron(2)(1.0), ValueError, "one sample at a time, .* this is float 1.0"),
        (lambda: MLP(2, [3, 1])(np.ones((2, 5))), ValueError, r"this has shape \(2, 5\)"),
        (
            lambda: MLP(2, [3, 1])(Tensor(np.ones((5, 2)))),
            ValueError,
            r"shape \(5, 2\).\n.* for row",
        ),
        (lambda: Neuron(2)(Tensor(1.0)), ValueError, r"this has shape \(\)"),
        (lambda: Neuron(2)(np.ones(3)), ValueError, "takes 2 inputs, but was given 3"),
        (lambda: Neuron(2)([1.0]), ValueError, "takes 2 inputs, but was given 1"),
        (lambda: Linear(2, 3)(np.ones(4)), ValueError, "(?s)."),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_settings_of_activations():
    x = np.array([[-1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(LeakyReLU(0.5)(x), [[-0.5, 2.0], [3.0, -2.0]])
    np.testing.assert_array_equal(LeakyReLU(slope=0.5)(x), LeakyReLU(0.5)(x))
    np.testing.assert_allclose(Softmax(axis=0)(x).sum(axis=0), 1.0)
    assert repr(Softmax(axis=0)) == "Softmax(axis=0) of 0 parameters"
    assert LeakyReLU()(-1.0) == -0.01


# -- chance --------------------------------------------------------------------------------


MAKERS = {
    "Neuron": lambda seed: Neuron(3, seed=seed),
    "Layer": lambda seed: Layer(3, 2, seed=seed),
    "MLP": lambda seed: MLP(3, [2, 1], seed=seed),
    "Linear": lambda seed: Linear(3, 2, seed=seed),
}


def weights(module):
    return np.concatenate([np.ravel(p.data) for p in module.parameters()])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_random_choice_takes_a_seed_or_a_generator(make):
    np.testing.assert_array_equal(weights(make(7)), weights(make(7)))
    generator = np.random.default_rng
    np.testing.assert_array_equal(weights(make(7)), weights(make(generator(7))))
    rng = generator(7)
    assert not np.array_equal(weights(make(rng)), weights(make(rng)))
    assert not np.array_equal(weights(make(None)), weights(make(None)))
    before = np.random.get_state()[1].copy()  # NumPy's own, which others may rely on
    make(None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_spread_of_weights():
    assert np.std([w.data for w in Neuron(10_000, seed=0).w]) == pytest.approx(0.01, rel=0.05)
    weight = Linear(300, 200, seed=0).weight.data
    assert np.abs(weight).max() <= math.sqrt(6 / 500)
    assert np.var(weight) == pytest.approx(2 / 500, rel=0.05)


# -- arrays --------------------------------------------------------------------------------


def test_linear():
    layer = Linear(3, 2, seed=0)
    x = np.random.default_rng(1).normal(size=(4, 5, 3))
    layer.bias.data = np.array([1.0, -1.0])
    expected = np.einsum("abi,io->abo", x, layer.weight.data) + np.array([1.0, -1.0])
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-13)
    layer(x).sum().backward()
    np.testing.assert_allclose(layer.weight.grad, np.outer(x.sum((0, 1)), [1, 1]), rtol=1e-12)
    np.testing.assert_allclose(layer.bias.grad, [20.0, 20.0], rtol=1e-12)
    assert [n for n, _ in Linear(3, 2, bias=False).named_parameters()] == ["weight"]


def test_single_precision_stays():
    model = Sequential(Linear(3, 4, dtype=np.float32, seed=0), Tanh(), Linear(4, 1, dtype="f4"))
    out = model(np.ones((2, 3), np.float32)).sum()
    out.backward()
    assert {p.dtype for p in (out, *model.parameters())} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


FORMULAS = {
    "Sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "Tanh": mpmath.tanh,
    "ReLU": lambda x: max(x, 0),
    "Softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "GELU": lambda x: x * mpmath.ncdf(x),
    "SiLU": lambda x: x / (1 + mpmath.exp(-x)),
    "ELU": lambda x: x if x > 0 else mpmath.expm1(x),
    "LeakyReLU": lambda x: x if x > 0 else x * mpmath.mpf(0.01),
}


@pytest.mark.parametrize("kind", Activation.__subclasses__(), ids=lambda kind: kind.__name__)
def test_activations(kind):
    assert getattr(nn, kind.__name__) is kind
    x = np.array([[-1000.0, -30.0, -1.0, -1e-8], [1e-8, 0.5, 30.0, 700.0]])
    if kind is nn.Softmax:
        rows = [[mpmath.exp(mpmath.mpf(v) - row.max()) for v in row] for row in x]
        expected = [[float(v / mpmath.fsum(row)) for v in row] for row in rows]
    else:
        formula = FORMULAS[kind.__name__]
        expected = [[float(formula(mpmath.mpf(float(v)))) for v in row] for row in x]
    np.testing.assert_allclose(kind()(Tensor(x)).data, expected, rtol=1e-12)
    assert kind().parameters() == []


def test_sequential():
    first, second = Linear(3, 2, seed=0), Linear(2, 1, seed=1)
    model = Sequential(first, Sigmoid(), ad.sin, second)
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model(x).data, second(ad.sin(ad.sigmoid(first(x)))).data)
    assert [n for n, _ in model.named_parameters()] == [
        "layers.0.weight", "layers.0.bias", "layers.3.weight", "layers.3.bias",
    ]  # fmt: skip


def test_how_modules_show_themselves():
    assert repr(Neuron(2)) == "Neuron(2) of 3 parameters"
    assert repr(Layer(2, 3)) == "Layer(2, 3) of 9 parameters"
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2, [16, 16, 1]) of 337 parameters"
    assert repr(Linear(64, 32)) == "Linear(64, 32) of 2,080 parameters"
    assert repr(Sequential(Linear(2, 3), Tanh())) == "Sequential(Linear, Tanh) of 9 parameters"
    assert repr(Tanh()) == "Tanh() of 0 parameters"


# -- saving and loading --------------------------------------------------------------------


def model(seed=0):
    return Holder(
        net=Sequential(Linear(2, 3, seed=seed), Linear(3, 1, seed=seed, dtype=np.float32)),
        neuron=Neuron(2, seed=seed), file=Value(float(seed)), empty=Tensor(np.zeros((0, 2))),
        point=Tensor(float(seed)),
    )  # fmt: skip


def state(module):
    return [(n, np.array(p.data), type(p)) for n, p in module.named_parameters()]


def assert_same(found, expected):
    for (name, data, kind), (expected_name, expected_data, expected_kind) in zip(
        found, expected, strict=True
    ):
        assert (name, kind, data.dtype) == (expected_name, expected_kind, expected_data.dtype)
        np.testing.assert_array_equal(data, expected_data)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = tmp_path / "model.npz"
    model(1).save(path)
    other = model(2)
    other.load(str(path))
    assert_same(state(other), state(model(1)))
    with np.load(path) as file:  # a plain file of NumPy's
        np.testing.assert_array_equal(
            file["net.layers.0.weight"], model(1).net.layers[0].weight.data
        )


def test_a_loaded_model_trains_and_its_arrays_are_its_own(tmp_path):
    model(1).save(tmp_path / "model.npz")
    loaded = model(2)
    loaded.load(tmp_path / "model.npz")
    loaded.net(np.ones((1, 2))).sum().backward()
    assert loaded.net.layers[0].weight.grad.any()


def test_two_parameters_of_one_name_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match=r"two of this Holder are called 'table\.1'"):
        Holder(table={1: Value(1.0), "1": Value(2.0)}).save(tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_saving_where_nothing_can_be_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        model().save(tmp_path / "missing" / "model.npz")
    path = tmp_path / "model.npz"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        model().save(path)
    assert path.read_bytes() == b"old"


def refused(path, message):
    """Loading this file is refused; the module and the file stay as they were."""
    module, content = model(3), path.read_bytes()
    with pytest.raises(ValueError, match=message):
        module.load(path)
    assert_same(state(module), state(model(3)))
    assert path.read_bytes() == content


def arrays():
    return {name: data for name, data, _ in state(model(1))}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neuron.b": None}, r"does not fit this Holder: neuron\.b is missing"),
        ({"extra": np.ones(2)}, "extra is not in this module"),
        ({"neuron.b": np.ones(1)}, r"neuron\.b has shape \(1,\) and dtype float64, not \(\)"),
        ({"net.layers.0.weight": np.ones((3, 2))}, r"has shape \(3, 2\)"),
        ({"neuron.b": np.array(1)}, "dtype int64"),
        ({"neuron.b": np.array(1j)}, "dtype complex128"),
        ({"neuron.b": np.array("1")}, "dtype <U1"),
        ({"neuron.b": np.array(True)}, "dtype bool"),
    ],
)
def test_files_that_do_not_fit(tmp_path, change, message):
    changed = {k: v for k, v in (arrays() | change).items() if v is not None}
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        for key, array in changed.items():
            with archive.open(f"{key}.npy", "w") as member:
                np.lib.format.write_array(member, array)
    refused(tmp_path / "model.npz", message)


class Trap:
    """What, unpickled, makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("form", ["npz", "npy", "pickle", "member"])
def test_nothing_in_a_file_is_executed(tmp_path, form):
    path, trap = tmp_path / "model.npz", Trap(tmp_path / "sprung")
    objects = np.empty((), object)
    objects[()] = trap
    if form == "npz":
        with path.open("wb") as file:
            np.savez(file, **{k: v for k, v in arrays().items() if k != "file"}, other=objects)
    elif form == "npy":
        with path.open("wb") as file:
            np.save(file, objects)
    elif form == "pickle":
        path.write_bytes(pickle.dumps(trap))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("neuron.b.npy", pickle.dumps(trap))
    refused(path, "is not a whole file of parameters")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(trap))
    assert (tmp_path / "sprung").exists()  # the trap does work


def test_files_of_another_kind(tmp_path):
    path = tmp_path / "model.npz"
    for content in (b"", b"PK", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00", b"\x80\x04."):
        path.write_bytes(content)
        refused(path, "is not a whole file of parameters")
    np.save(path.with_suffix(".npy"), np.ones(3))
    refused(path.with_suffix(".npy"), "is not a whole file of parameters")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("neuron.b", "not an array")
    refused(path, "is not a whole file of parameters")


def test_a_header_that_promises_too_much(tmp_path):
    header = io.BytesIO()
    form = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    np.lib.format.write_array_header_1_0(header, form)
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        archive.writestr("neuron.b.npy", header.getvalue() + b"\0" * 8)
    refused(tmp_path / "model.npz", "is not a whole file of parameters")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        model().load(tmp_path / "missing.npz")
    with pytest.raises(IsADirectoryError):
        model().load(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.npz"
    model(1).save(path)
    return path.read_bytes()


slips = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=3
)


@given(slips, st.floats(0, 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_or_right(saved, tmp_path, slips, rest):
    content = bytearray(saved)
    for place, length, put in slips:
        at = int(place * len(content))
        content[at : at + length] = put
    content = bytes(content[: len(content) - int((1 - rest) ** 8 * len(content))])
    path, module = tmp_path / "model.npz", model(2)
    path.write_bytes(content)
    message = loaded(module, path)
    # What is loaded is what was saved: the slips were where nothing is read.
    assert_same(state(module), state(model(2 if message else 1)))
    assert message is None or message.startswith(str(path))
    assert path.read_bytes() == content


def loaded(module, path):
    """Load it, and give the message where that is refused."""
    try:
        module.load(path)
    except ValueError as error:
        return str(error)
    return None


def test_a_text_is_no_archive_and_nothing_unsafe_is_advised(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("weight = 1.0")
    with pytest.raises(ValueError, match=r"it is no \.npz archive\.\n.*module\.save") as caught:
        Linear(2, 3).load(path)
    assert "pickle" not in str(caught.value)
