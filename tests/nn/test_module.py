"""Modules: the parameters they find, and what they are loaded from."""

import collections
import copy
import dataclasses
import functools
import io
import os
import pickle
import types
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodiff import Tensor, Value, compile, no_grad, value_and_grad
from nn import (
    MLP,
    BatchNorm1d,
    Dropout,
    LeakyReLU,
    Linear,
    Module,
    Neuron,
    ReLU,
    Sequential,
    cross_entropy,
)  # fmt: skip
from nn.habits import ATTRIBUTES
from optim import SGD


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


def test_a_deque_is_as_a_list():
    module = Holder(ws=collections.deque([Value(1.0), [Value(2.0)]]))
    assert [n for n, _ in module.named_parameters()] == ["ws.0", "ws.1.0"]


class Plain:
    def __init__(self, w):
        self.w = w

    def method(self):
        return self.w


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w


def in_an_array(w):
    array = np.empty(2, object)
    array[1] = w
    return array


def keyword_of(w):
    def f(x, *, w=w):
        return x

    return f


ELSEWHERE = {
    "set": lambda w: {w},
    "frozenset": lambda w: frozenset([w]),
    "namespace": lambda w: types.SimpleNamespace(w=w),
    "dataclass": lambda w: dataclasses.make_dataclass("Data", ["w"])(w),
    "object": Plain,
    "slots": Slotted,
    "list in an object": lambda w: Plain([w]),
    "module in an object": lambda w: Plain(Holder(w=w)),
    "module's method": lambda w: Holder(w=w).forward,
    "dict of another class": lambda w: collections.UserDict({"w": w}),
    "list of another class": lambda w: collections.UserList([w]),
    "read-only dict": lambda w: types.MappingProxyType({"w": w}),
    "array of objects": in_an_array,
    "partial": lambda w: functools.partial(max, w),
    "partial of a module": lambda w: functools.partial(Holder(w=w).forward, scale=Holder(w=w)),
    "keyword of a partial": lambda w: functools.partial(max, key=w),
    "closure": lambda w: lambda x: x * w,
    "closure of a list": lambda w: (lambda parts: lambda x: parts)([Holder(w=w)]),
    "default": lambda w: lambda x, w=w: x,
    "default by name": lambda w: keyword_of(w),
}
IN = {
    "attribute": lambda thing: {"part": thing},
    "list": lambda thing: {"part": [thing]},
    "module": lambda thing: {"part": Holder(inner=thing)},
}


@pytest.mark.parametrize("place", IN.values(), ids=IN)
@pytest.mark.parametrize("hide", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("make", [lambda: Value(1.0, name="w"), lambda: Tensor([1.0], name="w")])
def test_a_parameter_where_none_is_found_is_refused(make, hide, place, tmp_path):
    w = make()
    module = Holder(first=Value(0.0), **place(hide(w)))
    for ask in (
        module.parameters, module.named_parameters, lambda: module.save(tmp_path / "m.npz"),
        lambda: module.load(tmp_path / "m.npz"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"but `part[^`]*` of this Holder is a .*holds `w`"):
            ask()
    assert not list(tmp_path.iterdir())
    assert "1 parameters" in repr(module)
    module.zero_grad()
    module.own = w  # where it is found: then it may be anywhere else, too
    assert {*module.parameters()} == {module.first, w}


@pytest.mark.parametrize("hide", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_no_parameter_may_be_anywhere(hide):
    w = Value(1.0)
    with no_grad():
        unrecorded = w * 2
    for thing in (1.0, (1.0, 2.0), "w", w * 2, unrecorded, abs, Holder):
        module = Holder(w=w, part=hide(thing))
        assert module.parameters() == [w]


def test_an_optimiser_learns_of_what_is_assigned_where_none_is_found():
    module = Holder(w=Value(1.0))
    optimizer = SGD(module.parameters())
    module.w.backward()
    optimizer.step()
    module.extra = {Value(2.0)}
    with pytest.raises(TypeError, match="`extra` of this Holder is a set"):
        optimizer.step()


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


def test_a_call_is_of_the_forward_that_there_is():
    """One that is assigned to a module or a class, or comes from the class that stands first."""

    class Old(Linear):
        def forward(self, x):
            return "old"

    class Inner(Old):
        pass

    class Mixed:
        def forward(self, x):
            return "mixed"

    class Both(Mixed, Old):
        pass

    one, other = Old(1, 1), Old(1, 1)
    one.forward = lambda x: "its own"
    assert (one(1.0), other(1.0), Inner(1, 1)(1.0), Both(1, 1)(1.0)) == (
        "its own", "old", "old", "mixed",
    )  # fmt: skip
    Old.forward = lambda self, x: "new"
    assert (one(1.0), other(1.0), Inner(1, 1)(1.0), Both(1, 1)(1.0)) == (
        "its own", "new", "new", "mixed",
    )  # fmt: skip
    assert Sequential(one, lambda x: [x])(1.0) == ["its own"]


def test_an_attribute_error_within_a_property_names_what_is_missing():
    class Asking(Module):
        @property
        def ratio(self):
            return self.missing / 2

    with pytest.raises(AttributeError, match="'Asking' object has no attribute 'missing'"):
        Asking().ratio  # noqa: B018


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


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_what_pytorch_calls_otherwise(name):
    for module in (Linear(2, 3), Sequential()):
        with pytest.raises(AttributeError, match=f"has no `{name}`: "):
            getattr(module, name)
        setattr(module, name, 3.0)  # one may have it
        assert getattr(module, name) == 3.0
        delattr(module, name)


def test_what_a_module_does_not_have():
    layer = Linear(2, 3)
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'weigth'") as caught:
        layer.weigth  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("weigth", layer)  # for `Did you mean`
    assert not hasattr(layer, "__wrapped__")


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
    refused(path, "is not a whole file of a saved state")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(trap))
    assert (tmp_path / "sprung").exists()  # the trap does work


def test_files_of_another_kind(tmp_path):
    path = tmp_path / "model.npz"
    for content in (b"", b"PK", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00", b"\x80\x04."):
        path.write_bytes(content)
        refused(path, "is not a whole file of a saved state")
    np.save(path.with_suffix(".npy"), np.ones(3))
    refused(path.with_suffix(".npy"), "is not a whole file of a saved state")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("neuron.b", "not an array")
    refused(path, "is not a whole file of a saved state")


def test_a_header_that_promises_too_much(tmp_path):
    header = io.BytesIO()
    form = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    np.lib.format.write_array_header_1_0(header, form)
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        archive.writestr("neuron.b.npy", header.getvalue() + b"\0" * 8)
    refused(tmp_path / "model.npz", "is not a whole file of a saved state")


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
    with pytest.raises(ValueError, match=r"it is no \.npz archive\.\n.*save") as caught:
        Linear(2, 3).load(path)
    assert "pickle" not in str(caught.value)


def model_of(seed):
    return Sequential(Linear(2, 3, seed=seed), LeakyReLU(0.3), Linear(3, 1, seed=1))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("make", [lambda: MLP(2, [3, 1], seed=0), lambda: model_of(0)])
def test_a_module_is_copied_and_pickled(make, copied):
    model, x = make(), np.ones(2)
    again = copied(model)
    assert repr(again) == repr(model)
    names = [name for name, _ in model.named_parameters()]
    assert [name for name, _ in again.named_parameters()] == names
    before = value_of(model(x))
    np.testing.assert_array_equal(value_of(again(x)), before)
    for p in again.parameters():
        p.data = p.data + 1.0
    assert value_of(again(x)) != before
    assert value_of(model(x)) == before


def value_of(out):
    return out[0].data if isinstance(out, list) else out.data


def test_parameters_that_are_shared_are_so_in_a_copy():
    model = Sequential(Linear(2, 2, seed=0), Linear(2, 2, seed=1))
    model.tied = model.parameters()[0]
    again = pickle.loads(pickle.dumps(model))
    assert len(again.parameters()) == len(model.parameters())
    assert again.tied is again.parameters()[0]


def _in_training():
    return Sequential(
        Linear(4, 8, seed=0), BatchNorm1d(8), ReLU(), Dropout(0.3, seed=1),
        BatchNorm1d(8, momentum=None), Linear(8, 3, seed=2),
    )  # fmt: skip


def test_a_program_has_all_that_changes_as_arguments_and_as_results():
    model, twin = _in_training(), _in_training()

    @compile
    def step(parameters, buffers, x, y):
        def loss(parameters):
            output, changed = model.functional_call({**parameters, **buffers}, x)
            return cross_entropy(output, y), changed

        (value, changed), slopes = value_and_grad(loss, has_aux=True)(parameters)
        return value, changed, slopes

    rng = np.random.default_rng(3)
    for _ in range(3):  # of which the last two are not traced
        x, y = rng.normal(size=(16, 4)), rng.integers(0, 3, 16)
        parameters = {name: p.data for name, p in model.named_parameters()}
        value, changed, slopes = step(parameters, dict(model.named_buffers()), x, y)
        modules = dict(model.named_modules())
        for name, buffer in changed.items():
            path, _, attribute = name.rpartition(".")
            setattr(modules[path], attribute, buffer)
        twin.zero_grad()
        loss = cross_entropy(twin(x), y)
        loss.backward()
        assert value == pytest.approx(loss.item(), rel=1e-14)
        for name, p in twin.named_parameters():
            np.testing.assert_allclose(slopes[name], p.grad, rtol=1e-12, atol=1e-15)
        ours, theirs = model.state_dict(), twin.state_dict()
        for name in theirs:  # the generator as well
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-13)
    assert set(changed) == {n for n, b in twin.named_buffers() if isinstance(b, np.ndarray)}


def test_a_functional_call_leaves_the_module_as_it_was():
    class Pair(Module):
        def __init__(self):
            self.both = (Tensor([1.0]), {"second": [Tensor([2.0])]})
            self.shared = self.both[0]
            self.register_buffer("seen", np.zeros(1))

        def forward(self, x):
            self.seen = self.seen + x
            if x > 1:
                raise ZeroDivisionError
            return self.both[0] + self.both[1]["second"][0] + self.shared

    pair = Pair()
    parameters, buffer = pair.parameters(), pair.seen
    state = {"both.0": 10.0, "both.1.second.0": 20.0, "seen": np.full(1, 5.0)}
    assert pair.functional_call(state, 1.0) == (40.0, {"seen": np.full(1, 6.0)})
    with pytest.raises(ZeroDivisionError):
        pair.functional_call(state, 2.0)
    for found, before in zip(pair.parameters(), parameters, strict=True):
        assert found is before
    assert pair.seen is buffer
    assert pair.shared is pair.both[0]
    assert pair.functional_call({"both.0": 10.0}, 0.5)[1] == {}
    assert pair.seen == 0.5  # a buffer of its own goes on as in any call
    with pytest.raises(ValueError, match=r"it has no 'both\.2'"):
        pair.functional_call({"both.2": 1.0}, 1.0)
