"""Every operation of the registry against oracles that share no code with it."""

import warnings

import numpy as np
import pytest
from registry_cases import calls

import autodiff as ad
from autodiff.primitive import REGISTRY
from autodiff.testing import complex_step, finite_differences

SYMMETRIC = ("cholesky", "eigh_stacked")  # they read one triangle and stand for both


def differentiable(name, arguments):
    return [i for i, a in enumerate(arguments) if a.dtype.kind == "f"]


def contraction(name, operands, params, which, weights):
    """The operation as a function of one operand that gives one number."""
    primitive = REGISTRY[name]

    def f(x):
        if name in SYMMETRIC:
            x = (x + np.swapaxes(x, -1, -2)) / 2
        given = [x if i == which else o for i, o in enumerate(operands)]
        arguments = [given] if primitive.variadic else given
        full = {**primitive.defaults, **params}
        with np.errstate(all="ignore"):
            return np.sum(weights * primitive.on_arrays(*arguments, *full.values()))

    return f


def analytic(name, operands, params, which, weights, dtype):
    call = getattr(ad, name)
    x = ad.Tensor(operands[which].astype(dtype))
    given = [
        x if i == which else (o.astype(dtype) if o.dtype.kind == "f" else o)
        for i, o in enumerate(operands)
    ]
    with np.errstate(all="ignore"):
        z = call(given, **params) if REGISTRY[name].variadic else call(*given, **params)
    z.backward(weights)
    assert x.grad.shape == x.shape
    assert x.grad.dtype == dtype
    return x.grad


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", REGISTRY)
def test_gradient(name, dtype):
    cases = calls(name)
    assert cases, f"no operands were found on which `{name}` can be computed"
    checked = 0
    for operands, params in cases:
        primitive = REGISTRY[name]
        if name in SYMMETRIC:
            operands = [(o + np.swapaxes(o, -1, -2)) / 2 for o in operands]
        full = {**primitive.defaults, **params}
        with np.errstate(all="ignore"):
            z = primitive.on_arrays(
                *([operands] if primitive.variadic else operands), *full.values()
            )
        weights = np.random.default_rng(0).normal(size=np.shape(z))
        for which in differentiable(name, operands):
            f = contraction(name, operands, params, which, weights)
            value, error = map(np.asarray, finite_differences(f, operands[which]))
            trusted = np.isfinite(error) & (error < 1e-5 * (1 + np.abs(value)))
            found = analytic(name, operands, params, which, weights, dtype)
            tolerance = 1e-6 if dtype == np.float64 else 2e-3
            np.testing.assert_allclose(
                found[trusted],
                value[trusted],
                rtol=tolerance,
                atol=tolerance * (1 + np.max(np.abs(value[trusted]), initial=0)),
                err_msg=f"{name} by operand {which} of {list(map(np.shape, operands))}, {params}",
            )
            checked += trusted.sum()
            if dtype == np.float64:
                compare_complex_step(f, operands[which], found, value)
    assert checked, f"`{name}` has no entry at which finite differences can be trusted"


def compare_complex_step(f, x, found, value):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            exact = np.asarray(complex_step(f, x))
    except (TypeError, ValueError, np.exceptions.ComplexWarning):
        return  # the operation does not take complex numbers
    analytic_there = np.isclose(exact, value, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        np.where(analytic_there, found, 0),
        np.where(analytic_there, exact, 0),
        rtol=1e-9,
        atol=1e-9 * (1 + np.max(np.abs(exact))),
    )
