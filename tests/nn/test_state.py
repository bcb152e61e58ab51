"""The state of a module: what it has, what it takes, and that it changes nothing on error."""

import copy
import pickle

import numpy as np
import pytest

from autodiff import Tensor, Value
from autodiff.extend import write_archive
from nn import Linear, Module, Sequential, Tanh


class Noisy(Module):
    """Every kind of what is in a state."""

    def __init__(self, seed=0):
        self.scale = Value(float(seed))
        self.net = Sequential(Linear(2, 3, seed=seed), Tanh(), Linear(3, 1, seed=seed, dtype="f4"))
        self.register_buffer("mean", np.full(3, float(seed), np.float32))
        self.register_buffer("count", seed)
        self.register_buffer("rng", np.random.default_rng(seed))


NAMES = [
    "scale", "net.layers.0.weight", "net.layers.0.bias", "net.layers.2.weight",
    "net.layers.2.bias", "mean", "count", "rng",
]  # fmt: skip


def assert_same(state, expected):
    assert list(state) == list(expected)
    for name, array in state.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


def test_a_state_has_all_as_arrays_of_its_own():
    model = Noisy(1)
    state = model.state_dict()
    assert list(state) == NAMES
    assert {type(array) for array in state.values()} == {np.ndarray}
    for array in state.values():
        array[...] = 0
    assert_same(model.state_dict(), Noisy(1).state_dict())


@pytest.mark.parametrize("save", [True, False])
def test_what_is_loaded_is_what_was(save, tmp_path):
    model, other = Noisy(1), Noisy(2)
    drawn = model.rng.random(7, np.float32)  # half of a word is left
    assert len(drawn) == 7
    state = model.state_dict()
    if save:
        model.save(tmp_path / "state.npz")
        other.load(tmp_path / "state.npz")
    else:
        assert other.load_state_dict(state) == ([], [])
    assert_same(other.state_dict(), state)
    assert type(other.scale.data) is float
    assert other.rng.random(3, np.float32).tolist() == model.rng.random(3, np.float32).tolist()
    assert other.rng.normal(size=3).tolist() == model.rng.normal(size=3).tolist()
    state["mean"][:] = 7.0  # it took copies
    assert other.mean.tolist() == [1.0] * 3


def test_a_generators_state_is_that_of_any_number_of_draws():
    for draws in range(5):
        model, other = Noisy(3), Noisy(4)
        model.rng.integers(10, size=draws, dtype=np.uint32)
        other.load_state_dict(model.state_dict())
        assert other.rng.bit_generator.state == model.rng.bit_generator.state


def test_a_state_of_nodes_lists_and_narrower_numbers():
    model = Linear(2, 1)
    model.load_state_dict({"weight": Tensor([[1.0], [2.0]]), "bias": np.ones(1, np.float32)})
    assert (model.weight.data.tolist(), model.bias.data.tolist()) == ([[1.0], [2.0]], [1.0])
    assert model.bias.dtype == np.float64
    model.load_state_dict({"weight": [[3.0], [4.0]], "bias": [5.0]})
    assert (model.weight.data.tolist(), model.bias.data.tolist()) == ([[3.0], [4.0]], [5.0])


@pytest.mark.parametrize("count", [3, 3.5, np.int64(3)])
def test_a_buffer_that_became_a_number_is_loaded(count):
    model, other = Noisy(1), Noisy(2)
    model.count = other.count = count
    assert type(model.count) is np.ndarray
    assert other.load_state_dict(model.state_dict()) == ([], [])
    assert other.count.tolist() == count


def test_all_problems_are_named_at_once_and_nothing_is_changed():
    model, state = Noisy(1), Noisy(2).state_dict()
    del state["scale"], state["rng"]
    state |= {"extra": np.ones(1), "mean": np.ones(2, np.float32)}
    state["net.layers.2.bias"] = np.ones(1)  # float64 for float32
    state |= {"net.layers.0.bias": object(), "net.layers.0.weight": [[1.0], [1.0, 2.0]]}
    with pytest.raises(ValueError, match="This state does not fit this Noisy") as caught:
        model.load_state_dict(state)
    for words in (
        "scale is missing", "rng is missing", "extra is not in this module",
        "mean has shape (2,) and dtype float32, not (3,) and float32",
        "net.layers.2.bias has shape (1,) and dtype float64, not (1,) and float32",
        "net.layers.0.bias has shape () and dtype object, not (3,) and float64",
        "net.layers.0.weight is list [[1.0], [1.0, 2.0]], and no array",
    ):  # fmt: skip
        assert words in str(caught.value)
    assert_same(model.state_dict(), Noisy(1).state_dict())
    with pytest.raises(ValueError, match="mean has shape") as caught:
        model.load_state_dict(state, strict=False)
    assert "missing" not in str(caught.value)
    assert_same(model.state_dict(), Noisy(1).state_dict())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change", [lambda a: a[None], lambda a: a.astype(complex), lambda a: a.astype(str), None]
)
def test_each_part_is_checked(name, change):
    model, state = Noisy(1), Noisy(2).state_dict()
    state[name] = None if change is None else change(state[name])
    with pytest.raises(ValueError, match=f"{name} has shape"):
        model.load_state_dict(state)
    assert_same(model.state_dict(), Noisy(1).state_dict())


def test_not_strict_it_takes_what_there_is():
    model, state = Noisy(1), Noisy(2).state_dict()
    keys = model.load_state_dict({"mean": state["mean"], "more": [1.0]}, strict=False)
    assert keys.missing_keys == [n for n in NAMES if n != "mean"]
    assert keys.unexpected_keys == ["more"]
    assert model.mean.tolist() == [2.0] * 3
    assert model.scale.data == 1.0


def test_a_state_of_which_nothing_would_be_taken_is_refused():
    for state in ({}, {"more": [1.0]}, {"module.scale": 1.0}):
        with pytest.raises(ValueError, match="scale is missing"):
            Noisy().load_state_dict(state, strict=False)
    assert Tanh().load_state_dict({"more": [1.0]}, strict=False) == ([], ["more"])
    assert Tanh().load_state_dict({}) == ([], [])


@pytest.mark.parametrize("thing", [None, "model.npz", [("scale", 1.0)], Noisy()])
def test_what_is_no_state(thing):
    with pytest.raises(TypeError, match="A state is a dict of arrays by name"):
        Noisy().load_state_dict(thing)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_buffers_and_modes_are_copied(copied):
    model = Noisy(1).eval()
    again = copied(model)
    assert_same(again.state_dict(), model.state_dict())
    assert not any(m.training for m in again.modules())
    again.rng.random()
    assert_same(model.state_dict(), Noisy(1).state_dict())


def test_a_module_without_a_state_has_a_file(tmp_path):
    Tanh().save(tmp_path / "nothing.npz")
    Tanh().load(tmp_path / "nothing.npz")
    np.savez(tmp_path / "nothing.npz")
    Tanh().load(tmp_path / "nothing.npz")
    with pytest.raises(ValueError, match="weight is missing"):
        Linear(1, 1).load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("state", [[1.0], 3, None, {"weight": {"deep": np.ones(1)}}])
def test_a_file_of_something_else(state, tmp_path):
    write_archive(tmp_path / "other.npz", state)
    layer = Linear(1, 1, seed=0)
    with pytest.raises(ValueError, match=r"other\.npz does not fit this Linear: "):
        layer.load(tmp_path / "other.npz")
    assert_same(layer.state_dict(), Linear(1, 1, seed=0).state_dict())
