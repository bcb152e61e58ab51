"""The optimisers against their published algorithms, written here entry by entry, and PyTorch's."""

import math

import numpy as np
import pytest

import optim
from autodiff import Tensor, Value

# -- the algorithms, for one entry: each a function of the settings that gives `step(w, g)` --------


def sgd(lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    """I. Sutskever et al., "On the importance of initialization and momentum", ICML 2013, in the
    form of PyTorch's documentation of `torch.optim.SGD`."""
    b = None

    def step(w, g):
        nonlocal b
        g = g + weight_decay * w
        b = g if b is None else momentum * b + (1 - dampening) * g
        return w - lr * (g + momentum * b if nesterov else b)

    return step


def rmsprop(lr, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False):
    """G. Hinton, "Lecture 6.5", 2012; centred as in A. Graves, arXiv:1308.0850, equations 38-45,
    but with eps beside the root, as PyTorch's documentation of `torch.optim.RMSprop` has it."""
    v = mean = b = 0.0

    def step(w, g):
        nonlocal v, mean, b
        g = g + weight_decay * w
        v = alpha * v + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        spread = math.sqrt(abs(v - mean**2) if centered else v)
        b = momentum * b + g / (spread + eps)
        return w - lr * b

    return step


def adagrad(lr, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
    """J. Duchi et al., JMLR 12 (2011), figure 1 (diagonal), with the decay of `lr` of PyTorch's
    documentation of `torch.optim.Adagrad`."""
    total, t = initial_accumulator_value, 0

    def step(w, g):
        nonlocal total, t
        t += 1
        g = g + weight_decay * w
        total += g**2
        return w - lr / (1 + (t - 1) * lr_decay) * g / (math.sqrt(total) + eps)

    return step


def adam(lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, decoupled=False):
    """D. Kingma, J. Ba, ICLR 2015, algorithm 1; decoupled: I. Loshchilov, F. Hutter, ICLR 2019,
    algorithm 2; amsgrad: S. Reddi et al., ICLR 2018, algorithm 2, with the bias correction of
    PyTorch's documentation of `torch.optim.Adam`."""
    m = v = greatest = 0.0
    t = 0

    def step(w, g):
        nonlocal m, v, greatest, t
        t += 1
        if decoupled:
            w = w - lr * weight_decay * w
        else:
            g = g + weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        greatest = max(greatest, v)
        m_hat = m / (1 - betas[0] ** t)
        v_hat = (greatest if amsgrad else v) / (1 - betas[1] ** t)
        return w - lr * m_hat / (math.sqrt(v_hat) + eps)

    return step


def adamw(lr=0.001, weight_decay=0.01, **settings):
    return adam(lr, weight_decay=weight_decay, decoupled=True, **settings)


PUBLISHED = {"SGD": sgd, "RMSprop": rmsprop, "Adagrad": adagrad, "Adam": adam, "AdamW": adamw}
SETTINGS = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "centered": True}),
    # A centred mean square is a difference that loses its digits as the gradients become equal.
    ("RMSprop", {"lr": 0.01, "eps": 0.1, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "eps": 1e-3, "initial_accumulator_value": 0.5}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.3, "betas": (0.5, 0.6), "amsgrad": True}),
    ("Adam", {"lr": 0.01, "betas": (0.0, 0.0)}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5, "amsgrad": True, "betas": (0.5, 0.6)}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0}),
]
IDS = [f"{name} {settings}" for name, settings in SETTINGS]
STEPS = 100
RNG = np.random.default_rng(0)
STARTS = [1.5, RNG.normal(size=()), RNG.normal(size=3), RNG.normal(size=(2, 3)), np.empty(0)]
SCALES = [2.0, *(RNG.uniform(0.1, 3, np.shape(start)) for start in STARTS[1:])]


def loss_of(params):
    """Of each entry scale (w - 1)² / 2 + w⁴ / 4, whose gradient is scale (w - 1) + w³."""
    return sum(
        (scale * (p - 1) ** 2 / 2 + p**4 / 4).sum() for scale, p in zip(SCALES, params, strict=True)
    )


def nodes(dtype=np.float64):
    """Parameters at STARTS: a Value, and Tensors of every kind of shape."""
    return [Value(STARTS[0]), *(Tensor(np.asarray(start, dtype)) for start in STARTS[1:])]


def path_of(params, optimizer, steps=STEPS):
    """The parameters after each step, all entries in one array."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(params).backward()
        optimizer.step()
        path.append(np.concatenate([np.ravel(p.data) for p in params]))
    return np.array(path)


def published_path(name, settings, steps=STEPS):
    entries, scales = (np.concatenate([np.ravel(x) for x in xs]) for xs in (STARTS, SCALES))
    columns = []
    for w, scale in zip(map(float, entries), map(float, scales), strict=True):
        step, column = PUBLISHED[name](**settings), []
        for _ in range(steps):
            w = step(w, scale * (w - 1) + w**3)
            column.append(w)
        columns.append(column)
    return np.array(columns).T


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=IDS)
def test_a_hundred_steps_are_those_of_the_published_algorithm(name, settings):
    params = nodes()
    path = path_of(params, getattr(optim, name)(params, **settings))
    assert np.ptp(path, axis=0).min() > 1e-3  # every entry has moved
    np.testing.assert_allclose(path, published_path(name, settings), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=IDS)
def test_single_precision_stays_single(name, settings):
    params = nodes(np.float32)
    path = path_of(params, getattr(optim, name)(params, **settings), steps=10)
    for p, start in zip(params[1:], STARTS[1:], strict=True):
        assert isinstance(p.data, np.ndarray)
        assert (p.data.dtype, p.data.shape) == (np.float32, np.shape(start))
    expected = published_path(name, settings, steps=10)
    np.testing.assert_allclose(path, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=IDS)
def test_no_array_that_was_given_out_is_written_into(name, settings):
    params = nodes()
    optimizer = getattr(optim, name)(params, **settings)
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(params).backward()
        given = [(p.data, p.grad) for p in params]
        copies = [(np.copy(data), np.copy(grad)) for data, grad in given]
        optimizer.step()
        for pair, copy in zip(given, copies, strict=True):
            np.testing.assert_array_equal(pair[0], copy[0])
            np.testing.assert_array_equal(pair[1], copy[1])


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=IDS)
def test_a_hundred_steps_are_pytorchs(name, settings):
    torch = pytest.importorskip("torch")
    params, theirs = nodes(), [torch.tensor(start, dtype=torch.float64) for start in STARTS]
    for p in theirs:
        p.requires_grad_()
    scales = [torch.tensor(scale, dtype=torch.float64) for scale in SCALES]
    optimizer, path = getattr(torch.optim, name)(theirs, **settings), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        parts = zip(scales, theirs, strict=True)
        sum((s * (p - 1) ** 2 / 2 + p**4 / 4).sum() for s, p in parts).backward()
        optimizer.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in theirs]))
    ours = path_of(params, getattr(optim, name)(params, **settings))
    np.testing.assert_allclose(ours, np.array(path), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", PUBLISHED)
def test_gradients_are_added_up_until_they_are_cleared(name):
    """Two halves of a loss, pulled back one after the other, are a step along the whole."""
    apart, whole = nodes(), nodes()
    for params, halves in ((apart, (0.5, 0.5)), (whole, (1.0,))):
        optimizer = getattr(optim, name)(params, lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            for half in halves:
                (half * loss_of(params)).backward()
            optimizer.step()
    for p, q in zip(apart, whole, strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "settings", "rule"),
    [
        ("SGD", {"dampening": -0.1}, "Dampening is a finite number from 0 up"),
        ("SGD", {"weight_decay": -1}, "A weight decay is a finite number from 0 up"),
        ("SGD", {"nesterov": 1}, "`nesterov` is True or False"),
        ("SGD", {"nesterov": True}, "Nesterov's step looks along a momentum"),
        (
            "SGD",
            {"momentum": 0.9, "dampening": 0.1, "nesterov": True},
            "Nesterov's step .* without dampening",
        ),
        ("RMSprop", {"alpha": 1.0}, "Alpha is from 0 to below 1"),
        ("RMSprop", {"eps": 0.0}, "Eps is a finite number above 0"),
        ("RMSprop", {"momentum": "0.9"}, "Momentum is from 0 to below 1"),
        ("RMSprop", {"centered": None}, "`centered` is True or False"),
        ("Adagrad", {"lr_decay": math.nan}, "A decay of the learning rate is a finite number"),
        ("Adagrad", {"initial_accumulator_value": -1}, "An initial sum of squares is a finite"),
        ("Adam", {"betas": 0.9}, "The betas are two numbers from 0 to below 1"),
        ("Adam", {"betas": (0.9, 1.0)}, "The betas are two numbers from 0 to below 1"),
        ("Adam", {"betas": (0.9,)}, "The betas are two numbers from 0 to below 1"),
        ("Adam", {"lr": -1}, "A learning rate is a finite number from 0 up"),
        ("AdamW", {"weight_decay": math.inf}, "A weight decay is a finite number from 0 up"),
    ],
)
def test_settings_that_are_refused(name, settings, rule):
    make = getattr(optim, name)
    with pytest.raises(ValueError, match=f"{rule}.*, but th"):
        make([Value(1.0)], **settings)
    optimizer = make([Value(1.0)])
    *others, (last, value) = settings.items()
    optimizer.param_groups[0].update(others)
    before = dict(optimizer.param_groups[0])
    with pytest.raises(ValueError, match=rule):
        setattr(optimizer, last, value)
    with pytest.raises(ValueError, match=rule):
        optimizer.param_groups[0][last] = value
    assert dict(optimizer.param_groups[0]) == before
