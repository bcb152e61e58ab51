"""Layers against PyTorch's on random data: outputs, gradients and buffers; skipped without it."""

import numpy as np
import pytest

import nn
from autodiff import Tensor

torch = pytest.importorskip("torch")

TORCH = torch.nn
# Ours, PyTorch's, and the shapes of what they are given.
PAIRS = {
    "Linear": (lambda: nn.Linear(4, 3), lambda: TORCH.Linear(4, 3), [(5, 4), (2, 3, 4)]),
    "LayerNorm": (lambda: nn.LayerNorm(4), lambda: TORCH.LayerNorm(4), [(5, 4), (2, 3, 4)]),
    "LayerNorm of two axes": (
        lambda: nn.LayerNorm((3, 4), eps=0.1),
        lambda: TORCH.LayerNorm((3, 4), eps=0.1),
        [(5, 3, 4)],
    ),
    "LayerNorm without bias": (
        lambda: nn.LayerNorm(4, bias=False),
        lambda: TORCH.LayerNorm(4, bias=False),
        [(5, 4)],
    ),
    "LayerNorm alone": (
        lambda: nn.LayerNorm(4, elementwise_affine=False),
        lambda: TORCH.LayerNorm(4, elementwise_affine=False),
        [(5, 4)],
    ),
    **{
        f"BatchNorm1d of momentum {m}": (
            lambda m=m: nn.BatchNorm1d(4, momentum=m),
            lambda m=m: TORCH.BatchNorm1d(4, momentum=m),
            [(5, 4), (3, 4, 7), (2, 4)],
        )
        for m in (0.1, 0.0, 1.0, None)
    },
    "BatchNorm1d alone": (
        lambda: nn.BatchNorm1d(4, affine=False),
        lambda: TORCH.BatchNorm1d(4, affine=False),
        [(5, 4)],
    ),
    "Flatten": (nn.Flatten, TORCH.Flatten, [(2, 3, 4), (2, 4)]),
    "Flatten of some": (
        lambda: nn.Flatten(0, -2),
        lambda: TORCH.Flatten(0, -2),
        [(2, 3, 4)],
    ),
    "GELU by tanh": (lambda: nn.GELU("tanh"), lambda: TORCH.GELU("tanh"), [(5, 4)]),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.3), lambda: TORCH.LeakyReLU(0.3), [(5, 4)]),
    "Softmax": (lambda: nn.Softmax(axis=0), lambda: TORCH.Softmax(dim=0), [(5, 4)]),
    **{
        name: (getattr(nn, name), getattr(TORCH, name), [(5, 4)])
        for name in ("Sigmoid", "Tanh", "ReLU", "GELU", "SiLU", "Softplus", "ELU")
    },
}


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


def with_equal_parameters(ours, theirs, rng):
    """The two, in double precision, of the same random numbers: a Linear's weight is turned."""
    theirs = theirs.double()
    for (name, p), (their_name, q) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == their_name
        p.data = rng.normal(size=p.shape)
        q.data = torch.tensor(turned(p.data, theirs))
    return ours, theirs


def turned(array, theirs):
    linear = isinstance(theirs, (TORCH.Linear, TORCH.RNNBase)) and array.ndim == 2
    return np.array(array.T if linear else array)


def agree(ours, theirs, x, rng):
    """Hold a call, its gradients, and the buffers that it leaves to PyTorch's."""
    a, b = (x, torch.tensor(x)) if x.dtype.kind == "i" else (Tensor(x), torch.tensor(x))
    if x.dtype.kind == "f":
        b.requires_grad_()
    ours.zero_grad()
    theirs.zero_grad()
    y, z = ours(a), theirs(b)
    close(y.data, z)
    ct = rng.normal(size=y.shape)
    y.backward(ct)
    z.backward(torch.tensor(ct))
    if x.dtype.kind == "f":
        close(a.grad, b.grad)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(turned(p.grad, theirs), q.grad.numpy(), rtol=1e-10, atol=1e-12)
    buffers, their_buffers = dict(ours.named_buffers()), dict(theirs.named_buffers())
    assert buffers.keys() == their_buffers.keys()
    for name, buffer in buffers.items():
        close(buffer, their_buffers[name])


@pytest.mark.parametrize("name", PAIRS)
def test_layers(name):
    make, make_theirs, shapes = PAIRS[name]
    rng = np.random.default_rng(0)
    for shape in shapes:
        ours, theirs = with_equal_parameters(make(), make_theirs(), rng)
        for training in (True, True, True, False, False):
            ours.train(training)
            theirs.train(training)
            agree(ours, theirs, rng.normal(0.5, 2.0, shape), rng)
        if not isinstance(theirs, TORCH.Linear):  # whose layout is another
            assert list(ours.state_dict()) == list(theirs.state_dict())
            make().load_state_dict({n: t.numpy() for n, t in theirs.state_dict().items()})


def test_embedding():
    rng = np.random.default_rng(0)
    ours, theirs = with_equal_parameters(nn.Embedding(6, 3), TORCH.Embedding(6, 3), rng)
    agree(ours, theirs, np.array([[1, 2, 1], [5, 0, 1]]), rng)


RECURRENT = [
    *({"bias": bias, "batch_first": first} for bias in (True, False) for first in (True, False)),
    {"num_layers": 3},
    {"num_layers": 2, "bidirectional": True},
]


@pytest.mark.parametrize("settings", RECURRENT, ids=repr)
@pytest.mark.parametrize("name", ["RNN", "RNN of relu", "LSTM", "GRU"])
@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 3)])
@pytest.mark.parametrize("with_state", [True, False])
def test_recurrent(name, settings, shape, with_state):
    rng = np.random.default_rng(0)
    kind, *relu = name.split(" of ")
    settings = settings | {"nonlinearity": "relu"} if relu else settings
    ours, theirs = with_equal_parameters(
        getattr(nn, kind)(3, 4, **settings), getattr(TORCH, kind)(3, 4, **settings), rng
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    arrays = [rng.normal(size=shape)]
    if with_state:
        layers = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
        batch = [shape[0 if settings.get("batch_first") else 1]] if len(shape) == 3 else []
        arrays += [rng.normal(size=(layers, *batch, 4)) for _ in range(1 + (kind == "LSTM"))]
    given = [Tensor(a) for a in arrays]
    given_theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    answers = [
        flat(model(x, *([tuple(hx) if len(hx) > 1 else hx[0]] if hx else [])))
        for model, (x, *hx) in ((ours, given), (theirs, given_theirs))
    ]
    cts = [rng.normal(size=part.shape) for part in answers[0]]
    sum((part * ct).sum() for part, ct in zip(answers[0], cts, strict=True)).backward()
    torch.autograd.backward(answers[1], list(map(torch.tensor, cts)))
    for a, b in zip(*answers, strict=True):
        close(a.data, b)
    for a, b in zip(given, given_theirs, strict=True):
        close(a.grad, b.grad)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(turned(p.grad, theirs), q.grad.numpy(), rtol=1e-10, atol=1e-12)


def flat(answer):
    """The output, and each part of the state."""
    output, state = answer
    return [output, *(state if isinstance(state, tuple) else (state,))]


def attentions(rng, **settings):
    """Ours and PyTorch's of the same numbers."""
    ours, theirs = (
        nn.MultiHeadAttention(6, 2, **settings),
        TORCH.MultiheadAttention(6, 2, batch_first=True, **settings).double(),
    )
    for p in ours.parameters():
        p.data = rng.normal(size=p.shape)
    parts = [ours.q_proj, ours.k_proj, ours.v_proj]
    state = {"out_proj.weight": ours.out_proj.weight.data.T}
    if theirs.in_proj_weight is None:
        state |= {f"{n}_proj_weight": p.weight.data.T for n, p in zip("qkv", parts, strict=True)}
    else:
        state["in_proj_weight"] = np.concatenate([p.weight.data.T for p in parts])
    if ours.out_proj.bias is not None:
        state["in_proj_bias"] = np.concatenate([p.bias.data for p in parts])
        state["out_proj.bias"] = ours.out_proj.bias.data
    theirs.load_state_dict({name: torch.tensor(np.array(a)) for name, a in state.items()})
    return ours, theirs


MASKS = {
    "none": lambda rng: {},
    "boolean": lambda rng: {"mask": leaving_some(rng.random((4, 3)) < 0.4)},
    "of each head": lambda rng: {"mask": leaving_some(rng.random((4, 4, 3)) < 0.4)},
    "of floats": lambda rng: {"mask": rng.normal(size=(4, 3))},
    "of keys": lambda rng: {"key_padding_mask": leaving_some(rng.random((2, 3)) < 0.4)},
    "both": lambda rng: {
        "mask": rng.normal(size=(4, 3)),
        "key_padding_mask": np.where(leaving_some(rng.random((2, 3)) < 0.4), -np.inf, 0.0),
    },
    "causal": lambda rng: {"causal": True},
}


def leaving_some(mask):
    mask[..., 0] = False
    return mask


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"kdim": 5, "vdim": 3}], ids=repr)
def test_attention(masks, settings):
    rng = np.random.default_rng(0)
    ours, theirs = attentions(rng, **settings)
    masks = masks(rng)
    theirs_of = {"mask": "attn_mask", "key_padding_mask": "key_padding_mask"}
    their_masks = {theirs_of[n]: torch.tensor(m) for n, m in masks.items() if n != "causal"}
    if "causal" in masks:
        later = np.arange(3) > np.arange(4)[:, None]
        their_masks = {"attn_mask": torch.tensor(later), "is_causal": True}
    sizes = settings.get("kdim", 6), settings.get("vdim", 6)
    arrays = [rng.normal(size=s) for s in ((2, 4, 6), (2, 3, sizes[0]), (2, 3, sizes[1]))]
    given = [Tensor(a) for a in arrays]
    given_theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = ours(*given, **masks)
    z, weights = theirs(*given_theirs, **their_masks, average_attn_weights=False)
    close(y.data, z)
    close(ours.weights(*given[:2], **masks).data, weights)
    ct = rng.normal(size=y.shape)
    y.backward(ct)
    z.backward(torch.tensor(ct))
    for a, b in zip(given, given_theirs, strict=True):
        close(a.grad, b.grad)
    close(ours.out_proj.weight.grad.T, theirs.out_proj.weight.grad)
    own = [ours.q_proj.weight.grad.T, ours.k_proj.weight.grad.T, ours.v_proj.weight.grad.T]
    if theirs.in_proj_weight is None:
        whole = [theirs.q_proj_weight, theirs.k_proj_weight, theirs.v_proj_weight]
        for a, b in zip(own, whole, strict=True):
            close(a, b.grad)
    else:
        close(np.concatenate(own), theirs.in_proj_weight.grad)
    if ours.out_proj.bias is not None:
        biases = [p.bias.grad for p in (ours.q_proj, ours.k_proj, ours.v_proj)]
        close(np.concatenate(biases), theirs.in_proj_bias.grad)


def test_dropout_in_the_mode_of_eval_and_at_its_ends():
    rng = np.random.default_rng(0)
    for p in (0.0, 0.5, 1.0):
        ours, theirs = nn.Dropout(p), TORCH.Dropout(p)
        x = rng.normal(size=(5, 4))
        if p != 0.5:
            close(ours(x), theirs(torch.tensor(x)))
        close(ours.eval()(x), theirs.eval()(torch.tensor(x)))
