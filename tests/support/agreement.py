"""The ways in which the graph is read, and what makes their answers agree."""

import importlib.util
import tempfile
from pathlib import Path

import numpy as np

import autodiff as ad
from autodiff import compile, derive, grad, value_and_grad
from autodiff.extend import operations
from autodiff.support.tree import leaves
from autodiff.testing import finite_differences
from autodiff.testing.uses import call


def size_of(array):
    """The size of the largest entry that is finite."""
    return np.max(np.abs(array[np.isfinite(array)]), initial=0.0)


def close(found, expected, dtype=np.float64, scale=0.0):
    """Bit for bit, but for four units in the last place of the largest entry, or of `scale`.

    `dtype` is that of what they were computed from, which may be less precise than they are.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    scale = max(scale, size_of(expected))
    kinds = [np.dtype(dtype), *(a.dtype for a in (found, expected) if a.dtype.kind == "f")]
    eps = max(np.finfo(kind).eps for kind in kinds)
    np.testing.assert_allclose(found, expected, rtol=4 * eps, atol=4 * eps * scale)


def by_numpy(name, operands, params):
    """An operation by NumPy's own function or operator for it, where it has one."""
    primitive = operations()[name]
    function, given = primitive.formula.numpy, [operands] if primitive.variadic else operands
    if function is None or not any(isinstance(o, ad.Tensor) for o in operands):
        return call(name, operands, params)
    return primitive.formula.on_arrays()(*given, *{**primitive.defaults, **params}.values())


def weighted(name, operands, params):
    """The operation as a function of its float operands that gives one number, and these."""
    primitive, call = operations()[name], operations()[name].call
    places = [i for i, o in enumerate(operands) if o.dtype.kind == "f"]

    def f(*floats):
        given = list(operands)
        for place, x in zip(places, floats, strict=True):
            given[place] = x
        z = call(given, **params) if primitive.variadic else call(*given, **params)
        return np.sum(z * np.random.default_rng(0).normal(size=np.shape(z)))

    return f, [np.asarray(operands[p]) for p in places]


def slope_of(f, argnums):
    """The squared length of the gradient: what the second order is tested on."""

    def slope(*args):
        return sum(np.sum(g * g) for g in leaves(grad(f, argnums)(*args)))

    return slope


def agree(program, f, *args, argnums):
    """Whether the program's value and gradients are the engine's."""
    value, gradients = program(*args)
    expected, eager = value_and_grad(f, argnums)(*args)
    close(value, expected)
    for found, right in zip(leaves(gradients), leaves(eager), strict=True):
        close(found, right)


def differences_agree(f, x):
    """Whether the gradient of a sum of weighted entries of f(x) is what differences say."""
    weights = np.random.default_rng(1).normal(size=np.shape(f(x)))

    def weighted(v):
        return np.sum(weights * f(v))

    right, _ = finite_differences(weighted, x)
    np.testing.assert_allclose(grad(weighted)(x), right, rtol=1e-7, atol=1e-8)


def every_reading_agrees(f, *args):
    """Whether the value is NumPy's, and what each reading says of f and of its slope is right.

    `f` gives one number. The readings are the walk, programs, their saved text and compiled ones,
    each of the slope, too, and JAX; the oracle is differences of what NumPy computes.
    """
    by = tuple(range(len(args)))
    value, slopes = value_and_grad(f, by)(*args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-12)
    _are(slopes, finite_differences(f, *args, argnums=by).value, 1e-7)
    slope = slope_of(f, by)
    _are(grad(slope, by)(*args), finite_differences(slope, *args, argnums=by).value, 1e-6)
    for g in (f, slope):
        value, slopes = value_and_grad(g, by)(*args)
        for found, gradients in _by_programs(g, by, args, jax=g is f):
            np.testing.assert_allclose(found, value, rtol=1e-12)
            _are(gradients, slopes, 1e-11)


def _by_programs(f, by, args, jax):
    program = derive(f, *args, argnums=by)
    found = [program, saved(program), compile(value_and_grad(f, by))]
    if jax and importlib.util.find_spec("jax") is not None:
        found.append(compile(value_and_grad(f, by), engine="jax"))
    for program in found:
        value, gradients = program(*args)
        yield value, gradients if isinstance(gradients, (tuple, list)) else (gradients,)


def _are(found, expected, near):
    for mine, right in zip(leaves(found), leaves(expected), strict=True):
        scale = np.max(np.abs(right), initial=1.0)
        np.testing.assert_allclose(np.asarray(mine) / scale, right / scale, rtol=near, atol=near)


def saved(program):
    """The function in the module that a program saves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.py"
        program.save(path)
        text = path.read_text(encoding="utf-8")
    namespace = {}
    exec(text, namespace)
    return namespace[program.name]
