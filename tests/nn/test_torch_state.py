"""from_torch and to_torch on arrays by hand: names, layouts, and what is refused."""

import numpy as np
import pytest

import nn
from autodiff import Tensor, Value
from nn import Linear, Module, Sequential, Tanh, from_torch, to_torch

rng = np.random.default_rng(0)


def same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name])


def turned(array):
    """A transpose, entry by entry."""
    return [[row[i] for row in array.tolist()] for i in range(array.shape[1])]


@pytest.mark.parametrize("sizes", [(2, 3), (3, 3)])
def test_a_linears_weight_is_transposed_for_what_it_is(sizes):
    model, weight = Linear(*sizes), rng.normal(size=sizes[::-1])
    bias = rng.normal(size=sizes[1])
    assert from_torch(model, {"weight": weight, "bias": bias}) == ([], [])
    assert model.weight.data.tolist() == turned(weight)
    np.testing.assert_array_equal(model.bias.data, bias)
    x = rng.normal(size=(5, sizes[0]))
    expected = [[sum(w * v for w, v in zip(row, one, strict=True)) for row in weight] for one in x]
    np.testing.assert_allclose(model(x).data - bias, expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"(?s)weight has shape \(\d, \d\).*, not \(3, 2\)"):
        from_torch(Linear(2, 3), {"weight": weight.T[:2], "bias": bias})


def test_square_weights_that_are_no_linears_stay():
    table = rng.normal(size=(3, 3))
    for model in (nn.Embedding(3, 3), nn.LayerNorm((3, 3), bias=False)):
        from_torch(model, {"weight": table})
        np.testing.assert_array_equal(model.weight.data, table)


def test_norms_and_their_statistics():
    model = nn.BatchNorm1d(3)
    state = {name: rng.normal(size=3) for name in ("weight", "bias", "running_mean", "running_var")}
    from_torch(model, state | {"num_batches_tracked": np.array(5)})
    same(model.state_dict(), state | {"num_batches_tracked": 5})
    assert model.num_batches_tracked.dtype == np.int64


def test_recurrent_layers():
    model = nn.GRU(2, 2, num_layers=2, bidirectional=True)
    state = {name: rng.normal(size=p.shape[::-1]) for name, p in model.named_parameters()}
    from_torch(model, state)
    same(model.state_dict(), {n: np.transpose(a) for n, a in state.items()})
    same(to_torch(model), state)


def test_attention_is_one_projection_there():
    model, whole, bias = nn.MultiHeadAttention(2, 1), rng.normal(size=(6, 2)), rng.normal(size=6)
    out = {"out_proj.weight": rng.normal(size=(2, 2)), "out_proj.bias": rng.normal(size=2)}
    state = {"in_proj_weight": whole, "in_proj_bias": bias, **out}
    from_torch(model, state)
    for i, part in enumerate((model.q_proj, model.k_proj, model.v_proj)):
        assert part.weight.data.tolist() == turned(whole[2 * i : 2 * i + 2])
        np.testing.assert_array_equal(part.bias.data, bias[2 * i : 2 * i + 2])
    same(to_torch(model), state)
    other = nn.MultiHeadAttention(2, 1, kdim=3, bias=False)
    shapes = {name: array.shape for name, array in to_torch(other).items()}
    assert shapes == {
        "q_proj_weight": (2, 2), "k_proj_weight": (2, 3), "v_proj_weight": (2, 2),
        "out_proj.weight": (2, 2),
    }  # fmt: skip


class Deep(Module):
    """Layers at several depths, in every container, one frozen and one used twice."""

    def __init__(self):
        self.blocks = [Sequential(Linear(2, 2), Tanh(), Sequential(Linear(2, 3))), Linear(3, 2)]
        self.named = {"again": self.blocks[1], "other": nn.Residual(Linear(2, 2).freeze())}
        self.scale, self.dropout = Value(1.0), nn.Dropout(0.5)
        self.register_buffer("seen", np.array(2**40))


def test_names_are_matched_by_path():
    model = Deep()
    state = {
        "blocks.0.0.weight": (2, 2), "blocks.0.0.bias": (2,), "blocks.0.2.0.weight": (3, 2),
        "blocks.0.2.0.bias": (3,), "blocks.1.weight": (2, 3), "blocks.1.bias": (2,),
        "named.other.module.weight": (2, 2), "named.other.module.bias": (2,), "scale": (),
    }  # fmt: skip
    state = {name: rng.normal(size=shape) for name, shape in state.items()}
    state["seen"] = np.array(2**40 + 1)
    generator = model.dropout.generator.bit_generator.state
    assert from_torch(model, state) == ([], [])
    again = {f"named.again.{n}": state[f"blocks.1.{n}"] for n in ("weight", "bias")}
    same(to_torch(model), state | again)
    assert from_torch(model, state | again) == ([], [])
    assert model.blocks[0][2][0].weight.data.tolist() == turned(state["blocks.0.2.0.weight"])
    frozen = model.named["other"].module.weight
    assert type(frozen) is np.ndarray
    assert frozen.tolist() == turned(state["named.other.module.weight"])
    assert model.scale.data == state["scale"]
    assert model.dropout.generator.bit_generator.state == generator


class Turned(Module):
    """A layer of one's own that says its layout."""

    def __init__(self):
        self.kernel = Tensor(np.zeros((2, 3, 4)))

    def torch_layout(self, state):
        return {"weight": np.moveaxis(state["kernel"], 0, 2)}


def test_a_layer_of_ones_own_says_its_layout_once():
    model, weight = Sequential(Turned()), rng.normal(size=(3, 4, 2))
    from_torch(model, {"0.weight": weight})
    np.testing.assert_array_equal(model[0].kernel.data, np.moveaxis(weight, 2, 0))
    same(to_torch(model), {"0.weight": weight})


class Shared(Module):
    """A weight, a module of one's own layout, and running statistics, in two places each."""

    def __init__(self):
        self.a, self.b = Linear(2, 2, seed=0), Linear(2, 2, seed=1)
        self.b.weight = self.a.weight
        self.c = Turned()
        self.d = [self.c, nn.BatchNorm1d(2)]
        self.e = self.d[1]


SHARED = {"b.weight": "a.weight", "d.0.weight": "c.weight"} | {
    f"e.{n}": f"d.1.{n}"
    for n in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
}


def test_what_stands_in_two_places_is_named_in_both():
    model = Shared()
    state = {n: a + 1 for n, a in to_torch(model).items()}
    assert SHARED.keys() < state.keys()
    assert from_torch(model, state) == ([], [])
    same(to_torch(model), state)
    assert model.a.weight.data.tolist() == turned(state["b.weight"])
    assert model.b.weight is model.a.weight
    assert model.e.running_mean.tolist() == state["d.1.running_mean"].tolist()
    assert not SHARED.keys() & model.state_dict().keys()
    once = {n: a + 1 for n, a in state.items() if n not in SHARED}  # as some files have it
    assert from_torch(model, once) == ([], [])
    same({n: a for n, a in to_torch(model).items() if n in once}, once)
    assert from_torch(model, {"b.bias": np.zeros(2)}, strict=False).missing_keys == [
        n for n in once if n != "b.bias"
    ]


@pytest.mark.parametrize("name", SHARED)
def test_two_numbers_for_one_are_refused(name):
    model = Shared()
    before, state = model.state_dict(), to_torch(model)
    state = {n: a + 1 for n, a in state.items()}
    state[name] = state[name] + 1
    with pytest.raises(ValueError, match="are one and the same in this Shared, but") as caught:
        from_torch(model, state)
    assert "numbers in each" in str(caught.value)
    same(model.state_dict(), before)


def test_dtypes():
    weight, bias = rng.normal(size=(3, 2)).astype(np.float32), [1.0, 2.0, 3.0]
    wide = Linear(2, 3)
    from_torch(wide, {"weight": Tensor(weight), "bias": bias})  # nodes and lists as well
    assert wide.weight.dtype == np.float64
    np.testing.assert_array_equal(wide.weight.data.T, weight)
    narrow = Linear(2, 3, dtype=np.float32)
    from_torch(narrow, {"weight": weight, "bias": np.float32(bias)})
    assert narrow.weight.dtype == np.float32
    with pytest.raises(ValueError, match=r"bias has shape .* float64, not .* float32"):
        from_torch(narrow, {"weight": weight, "bias": np.array(bias)})
    found = to_torch(narrow)
    assert found["weight"].dtype == np.float32
    found["weight"][:] = 0  # it is a copy
    np.testing.assert_array_equal(narrow.weight.data.T, weight)


def test_not_strict():
    model = Sequential(Linear(2, 2), nn.MultiHeadAttention(2, 1))
    before = to_torch(model)
    state = {"0.weight": np.ones((2, 2)), "1.in_proj_bias": np.arange(6.0), "head": np.ones(1)}
    keys = from_torch(model, state, strict=False)
    assert set(keys.missing_keys) == {
        "0.bias", "1.in_proj_weight", "1.out_proj.weight", "1.out_proj.bias",
    }  # fmt: skip
    assert keys.unexpected_keys == ["head"]
    del state["head"]
    same(to_torch(model), before | state)
    with pytest.raises(ValueError, match=r"0\.bias is missing"):
        from_torch(model, {"head": np.ones(1)}, strict=False)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"2.weight": np.ones(2)}, ValueError, "2.weight is not in this module"),
        ({"layers.0.weight": np.ones((2, 2))}, ValueError, "layers.0.weight is not in"),
        ({"0.bias": None}, ValueError, "0.bias is missing"),
        ({"0.bias": np.ones(3)}, ValueError, r"0.bias has shape \(3,\) .* not \(2,\)"),
        ({"1.in_proj_weight": np.ones((2, 6))}, ValueError, r"in_proj_weight .* not \(6, 2\)"),
        ({"0.bias": [1, 2]}, ValueError, "0.bias has shape .* int64, not"),
        ({"0.bias": [[1], [1, 2]]}, TypeError, "`0.bias` cannot be read as one: .*on the CPU"),
        ({"0.bias": "ab"}, ValueError, "0.bias has shape"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_does_not_fit_changes_nothing(change, error, message, strict):
    model = Sequential(Linear(2, 2), nn.MultiHeadAttention(2, 1))
    state = {name: array + 1 for name, array in to_torch(model).items()} | change
    state = {name: array for name, array in state.items() if array is not None}
    before = model.state_dict()
    if not strict and ("missing" in message or "not in" in message):
        from_torch(model, state, strict=False)
        return
    with pytest.raises(error, match=f"(?s){message}"):
        from_torch(model, state, strict)
    same(model.state_dict(), before)


def test_load_state_dict_takes_no_tensors_of_pytorchs():
    """A square weight would be loaded as it is, and so the wrong way round."""
    tensor = type("Tensor", (), {"__module__": "torch", "__array__": lambda self: np.ones((2, 2))})
    with pytest.raises(TypeError, match=r"PyTorch's, .*\n.*nn.from_torch\(model, state\)"):
        Linear(2, 2, bias=False).load_state_dict({"weight": tensor()})


def test_what_is_no_mapping():
    with pytest.raises(TypeError, match=r"dict of tensors by name, .* \[\]"):
        from_torch(Linear(2, 2), [])


def test_nothing_in_a_model_and_nothing_in_its_state():
    assert from_torch(Sequential(Tanh(), nn.Dropout(0.5)), {}) == ([], [])
    assert to_torch(Sequential(Tanh(), nn.Dropout(0.5))) == {}
