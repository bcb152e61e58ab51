"""Layers and losses against PyTorch's on random data: outputs, gradients, buffers.

All is skipped without it.
"""

import itertools

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import Tensor
from nn import from_torch, to_torch
from nn.habits import NAMES
from nn.torch_state import in_torch
from optim import habits

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
    **{
        f"Conv2d, {name}": (
            lambda args=args, named=named: nn.Conv2d(*args, **named),
            lambda args=args, named=named: TORCH.Conv2d(*args, **named),
            [(3, 4, 7, 8), (4, 7, 8)],
        )
        for name, args, named in [
            ("plain", (4, 6, 3), {}),
            ("strides", (4, 6, (3, 2), (2, 3), (1, 0)), {}),
            ("same", (4, 6, (4, 2)), {"padding": "same", "dilation": (1, 3)}),
            ("valid", (4, 6, (2, 3)), {"padding": "valid", "dilation": 2}),
            ("groups", (4, 6, 3, 1, 1), {"groups": 2, "bias": False}),
            ("one channel each", (4, 8, 3), {"groups": 4, "padding": (2, 1)}),
        ]
    },
    **{
        f"{kind}, {args}, {named}": (
            lambda kind=kind, args=args, named=named: getattr(nn, kind)(*args, **named),
            lambda kind=kind, args=args, named=named: getattr(TORCH, kind)(*args, **named),
            [(3, 2, 7, 8), (2, 6, 5)],
        )
        for kind, args, named in [
            ("MaxPool2d", (2,), {}),
            ("MaxPool2d", ((3, 2), 1, (1, 0)), {"dilation": (1, 2)}),
            ("MaxPool2d", (3, 2, 1), {"ceil_mode": True}),
            ("MaxPool2d", (2, 3, 1), {"ceil_mode": True}),
            ("AvgPool2d", ((2, 3),), {}),
            ("AvgPool2d", (3, (1, 2), 1), {}),
            ("AvgPool2d", (3, 2, 1, True), {}),
            ("AvgPool2d", (2, 3, 1, True), {"count_include_pad": False}),
            ("AvgPool2d", (3, 2, 1), {"count_include_pad": False}),
        ]
    },
    **{
        f"BatchNorm2d of momentum {m}": (
            lambda m=m: nn.BatchNorm2d(4, momentum=m),
            lambda m=m: TORCH.BatchNorm2d(4, momentum=m),
            [(5, 4, 3, 2), (1, 4, 2, 2)],
        )
        for m in (0.1, None)
    },
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
    """The two, in double precision, of the same random numbers, as `from_torch` loads them."""
    theirs = theirs.double()
    for q in theirs.parameters():
        q.data = torch.tensor(rng.normal(size=q.shape))
    assert from_torch(ours, theirs.state_dict()) == ([], [])
    close_by_name(to_torch(ours), theirs.state_dict())
    return ours, theirs


def close_by_name(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        close(ours[name], tensor)


def close_gradients(ours, theirs):
    """Those of all parameters, by PyTorch's names and in its layouts."""
    gradients = in_torch(ours, {name: p.grad for name, p in ours.named_parameters()})
    close_by_name(gradients, {name: q.grad for name, q in theirs.named_parameters()})


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
    close_gradients(ours, theirs)
    close_by_name(dict(ours.named_buffers()), dict(theirs.named_buffers()))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # of PyTorch's own
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
        assert list(ours.state_dict()) == list(theirs.state_dict())
        with pytest.raises(TypeError, match=r"PyTorch's, .*\n.*nn.from_torch\(model, state\)"):
            make().load_state_dict(theirs.state_dict() or {"weight": torch.ones(1)})


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
    close_gradients(ours, theirs)


def flat(answer):
    """The output, and each part of the state."""
    output, state = answer
    return [output, *(state if isinstance(state, tuple) else (state,))]


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
    ours, theirs = with_equal_parameters(
        nn.MultiHeadAttention(6, 2, **settings),
        TORCH.MultiheadAttention(6, 2, batch_first=True, **settings),
        rng,
    )
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
    close_gradients(ours, theirs)


def model_of(kinds, model):
    """The same model of layers of ours or of PyTorch's."""
    return model(
        [kinds.Embedding(7, 6), kinds.LSTM(6, 3, 2, batch_first=True, bidirectional=True)],
        kinds.Sequential(kinds.Linear(6, 6), kinds.Sequential(kinds.GELU(), kinds.LayerNorm(6))),
        kinds.BatchNorm1d(6),
    )


class Ours(nn.Module):
    def __init__(self, parts, body, norm):
        self.parts, self.body, self.norm = parts, body, norm
        self.attention = nn.MultiHeadAttention(6, 3)

    def forward(self, indices):
        x, _ = self.parts[1](self.parts[0](indices))
        x = self.attention(self.body(x), causal=True)
        return self.norm(x.mean(axis=1))


class Theirs(TORCH.Module):
    def __init__(self, parts, body, norm):
        super().__init__()
        self.parts, self.body, self.norm = TORCH.ModuleList(parts), body, norm
        self.attention = TORCH.MultiheadAttention(6, 3, batch_first=True)

    def forward(self, indices):
        x, _ = self.parts[1](self.parts[0](indices))
        x = self.body(x)
        later = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        x, _ = self.attention(x, x, x, attn_mask=later)
        return self.norm(x.mean(dim=1))


def test_a_whole_model_with_what_it_has_learnt():
    ours, theirs = model_of(nn, Ours), model_of(TORCH, Theirs)
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 7, (8, 5))
    for _ in range(3):
        theirs(torch.tensor(indices))  # in training: its running statistics move
    assert from_torch(ours, theirs.state_dict()) == ([], [])
    close_by_name(to_torch(ours), theirs.double().state_dict())
    agree(ours.eval(), theirs.eval(), indices, rng)
    assert ours.norm.num_batches_tracked == 3
    other = model_of(TORCH, Theirs).double()
    other.load_state_dict({name: torch.tensor(a) for name, a in to_torch(ours).items()})
    close(ours(indices).data, other.eval()(torch.tensor(indices)))


def test_tensors_that_are_taken_and_those_that_are_none():
    ours, theirs = nn.Linear(2, 3), TORCH.Linear(2, 3)
    from_torch(ours, dict(theirs.named_parameters()))  # with gradients to come
    before = ours.state_dict()
    theirs.weight.data.zero_()
    np.testing.assert_array_equal(ours.weight.data, before["weight"])
    with pytest.raises(TypeError, match=r"(?s)`weight` cannot be read .*BFloat16.*float\(\)"):
        from_torch(ours, theirs.bfloat16().state_dict())
    with pytest.raises(TypeError, match=r"dict of tensors .*\n.*torch_model.state_dict\(\)"):
        from_torch(ours, theirs)


def test_dropout_in_the_mode_of_eval_and_at_its_ends():
    rng = np.random.default_rng(0)
    for p in (0.0, 0.5, 1.0):
        ours, theirs = nn.Dropout(p), TORCH.Dropout(p)
        x = rng.normal(size=(5, 4))
        if p != 0.5:
            close(ours(x), theirs(torch.tensor(x)))
        close(ours.eval()(x), theirs.eval()(torch.tensor(x)))


# -- losses --------------------------------------------------------------------------------

F = TORCH.functional
REDUCTIONS = ["mean", "sum", "none"]


def agree_in_loss(ours, theirs, x, target, **settings):
    """Hold a loss of x, and its gradient pulled back from random numbers, to PyTorch's."""
    a, b = Tensor(x), torch.tensor(x, requires_grad=True)
    y, z = (
        ours(a, target, **settings),
        theirs(b, torch.tensor(target), **settings_for_torch(settings)),
    )
    close(y.data, z)
    ct = np.random.default_rng(1).normal(size=y.shape)
    y.backward(ct)
    z.backward(torch.tensor(ct))
    close(a.grad, b.grad)


def settings_for_torch(settings):
    """The same settings for PyTorch."""
    settings = {name: x for name, x in settings.items() if x is not None}
    if "weight" in settings:
        settings["weight"] = torch.tensor(settings["weight"], dtype=torch.float64)
    return settings


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (7,), (5, 1), (2, 3, 4)])
def test_losses_of_numbers(shape, reduction):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=shape) * 2, rng.normal(size=shape)
    p, q = rng.uniform(0.01, 0.99, shape), rng.uniform(0, 1, shape)
    with_logits = "binary_cross_entropy_with_logits"
    for ours, theirs, at, target, settings in [
        ("mse", "mse_loss", x, t, {}),
        ("l1", "l1_loss", x, t, {}),
        ("huber", "huber_loss", x, t, {}),
        ("huber", "huber_loss", x, t, {"delta": 0.3}),
        ("binary_cross_entropy", "binary_cross_entropy", p, q, {}),
        ("binary_cross_entropy", "binary_cross_entropy", p, np.round(q), {}),
        (with_logits, with_logits, x * 20, q, {}),
    ]:
        settings = {"reduction": reduction, **settings}
        agree_in_loss(getattr(nn, ours), getattr(F, theirs), at, target, **settings)


LABELLED = [
    {"weight": weight, "ignore_index": ignored, "label_smoothing": smoothing, "reduction": how}
    for weight, ignored, smoothing, how in itertools.product(
        [None, [0.5, 2.0, 0.0, 1.0]], [None, 1, -100], [0.0, 0.3, 1.0], REDUCTIONS
    )
]


def classes_second(x):
    """Their classes stand along the second axis, ours along the last."""
    return torch.movedim(x, -1, 1) if x.ndim > 1 else x


@pytest.mark.parametrize("shape", [(9, 4), (4,), (5, 3, 4)])
@pytest.mark.parametrize("settings", LABELLED)
def test_cross_entropy_and_nll_of_labels(settings, shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape) * 3
    labels = rng.choice([0, 1, 3], size=shape[:-1])
    if settings["ignore_index"] == -100:
        labels = np.where(rng.random(labels.shape) < 0.4, -100, labels)
    agree_in_loss(
        nn.cross_entropy,
        lambda b, t, **s: F.cross_entropy(classes_second(b), t, **s),
        x,
        labels,
        **settings,
    )
    if not settings["label_smoothing"]:
        agree_in_loss(
            lambda a, t, **s: nn.nll(ad.log_softmax(a), t, **s),
            lambda b, t, **s: F.nll_loss(classes_second(torch.log_softmax(b, -1)), t, **s),
            x,
            labels,
            **{name: value for name, value in settings.items() if name != "label_smoothing"},
        )


@pytest.mark.parametrize("shape", [(9, 4), (4,), (5, 3, 4)])
@pytest.mark.parametrize("settings", [s for s in LABELLED if s["ignore_index"] is None])
def test_cross_entropy_of_probabilities(settings, shape):
    rng = np.random.default_rng(0)
    for target in (rng.dirichlet(np.ones(4), shape[:-1]), np.eye(4)[rng.choice(4, shape[:-1])]):
        agree_in_loss(
            nn.cross_entropy,
            lambda b, t, **s: F.cross_entropy(classes_second(b), classes_second(t), **s),
            rng.normal(size=shape) * 3,
            target,
            **settings,
        )


def test_weights_that_two_layers_share():
    def made(of):
        layers = of.Linear(3, 3), of.Linear(3, 3)
        layers[1].weight = layers[0].weight
        return of.Sequential(*layers, layers[0])

    ours, theirs, x = made(nn), made(TORCH), np.random.default_rng(0).normal(size=(4, 3))
    assert from_torch(ours, theirs.state_dict()) == ([], [])
    close(ours(x).data, theirs.double()(torch.tensor(x)))
    ours[0].weight.data = x[:3]
    theirs.load_state_dict({name: torch.tensor(a) for name, a in to_torch(ours).items()})
    close(ours(x).data, theirs(torch.tensor(x)))


def test_the_names_that_are_answered_are_theirs():
    assert [n for n in NAMES if not (hasattr(TORCH, n) or hasattr(F, n))] == []
    theirs = (torch.optim, torch.optim.lr_scheduler, TORCH.utils, torch.utils.data)
    names = [*habits.NAMES, *habits.SCHEDULES]
    assert [n for n in names if not any(hasattr(module, n) for module in theirs)] == []
