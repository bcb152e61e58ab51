"""Any form of argument that NumPy takes works on a Tensor, and what NumPy refuses is refused.

Every function that has a rule is called in every form of the grid, tests/support/argument_forms.py,
on an array, where NumPy says what is right, and on a Tensor: the values, shapes, dtypes, refusals
are NumPy's, and the derivative is that of what NumPy computes.
"""

import functools
import re
import warnings

import numpy as np
import pytest
from argument_forms import SUBJECTS, forms_of, forms_of_method

from autodiff import Tensor, Value, compile, derive, value_and_grad
from autodiff.operations.methods import IN_PLACE
from autodiff.primitives.registry import registry

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.skipif(
        np.lib.NumpyVersion(np.__version__) < "2.4.0",
        reason="NumPy takes other forms in other versions: ours are those of the newest",
    ),
]

# What is refused on purpose, though NumPy takes it: results that are not of real numbers, writing,
# entries that are left undefined, nodes in a list that NumPy does not look into.
ON_PURPOSE = "real numbers|cannot write into|leaves entries undefined|asked for the plain array"
# How NumPy happens to fail where there are no entries, and we need not.
OF_NO_ENTRIES = "division by zero|cannot reshape array of size 0|an integer is required"
# Of a symmetric matrix NumPy reads one triangle alone, and the derivative here is of the whole.
OF_SYMMETRIC = {"cholesky", "eigh", "eigvalsh"}
METHODS = [f for f in registry.numpy if callable(getattr(np.ndarray, f.__name__, None))]
METHODS = [f for f in METHODS if f.__name__ not in IN_PLACE and not isinstance(f, np.ufunc)]
METHODS = [f for f in METHODS if hasattr(Tensor, f.__name__) and f.__module__ == "numpy"]
METHODS.remove(np.choose)  # whose array counts, as no array of floats does
SLOPED = ("vector", "matrix", "stack", "with nan")  # of which the derivatives are compared
# Functions whose parameters are written in other operations, or are an operation's own.
OF_REDUCTIONS = [
    np.sum, np.mean, np.var, np.std, np.max, np.prod, np.cumsum, np.cumprod, np.ptp, np.nansum,
    np.nanmean, np.nanstd, np.nanmin, np.average, np.median, np.quantile, np.nanquantile, np.cov,
    np.corrcoef, np.clip, np.nan_to_num, np.select, np.piecewise, np.choose, np.linalg.norm,
    np.linalg.vector_norm, np.linalg.matrix_norm,
]  # fmt: skip


def name_of(function):
    module = getattr(function, "__module__", "numpy")  # which ufuncs do not say before NumPy 2.4
    return f"{module}.{function.__name__}".removeprefix("numpy.")


@functools.cache
def numbers(shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def quietly(form, x):
    """The arrays of a result, each of a tuple's, or the exception that is raised."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DeprecationWarning)
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            result = form(x.copy() if isinstance(x, np.ndarray) else x)  # it may write into it
        except Exception as error:
            return error
    return parts_of(result)


def parts_of(result):
    return [*result] if isinstance(result, (tuple, list)) else [result]


def plain(part):
    return np.asarray(part.data if isinstance(part, Value) else part)


def fault(form, x, sloped):
    """What is wrong with a form on an array, in words; None where nothing is."""
    theirs = quietly(form, x)
    if isinstance(theirs, DeprecationWarning) or re.match(OF_NO_ENTRIES, str(theirs)):
        return None
    t = Tensor(x)
    ours = quietly(form, t)
    if isinstance(ours, Exception):
        return fault_of_refusal(theirs, ours)
    if isinstance(theirs, Exception):
        return f"NumPy raises {type(theirs).__name__}: {theirs}, but here it gives a result"
    near = 1e-9 if x.dtype == float else 1e-3
    found = fault_of_result(theirs, ours, near, np.isnan(x).any())
    return found or (fault_of_slope(form, x, t, ours) if sloped else None)


def fault_of_refusal(theirs, ours):
    """Refused here: as by NumPy, by an exception that is caught by the same name."""
    said = f"but here {type(ours).__name__}: {ours}"
    if re.search(ON_PURPOSE, str(ours)):
        return None
    if isinstance(theirs, Exception):
        kinds = (RuntimeError, ZeroDivisionError, TypeError, ValueError, IndexError, AttributeError)
        alike = any(isinstance(theirs, kind) and isinstance(ours, kind) for kind in kinds)
        return None if alike else f"NumPy raises {type(theirs).__name__}: {theirs}, {said}"
    if any(np.asarray(a).dtype.kind not in "biuf" for a in theirs):
        return None
    return f"NumPy takes it, {said}"


def fault_of_result(theirs, ours, near, of_nan):
    if len(theirs) != len(ours):
        return f"NumPy gives {len(theirs)} arrays, but here there are {len(ours)}"
    for right, found in zip(map(np.asarray, theirs), map(plain, ours), strict=True):
        if found.shape != right.shape:
            return f"of shape {found.shape}, but NumPy's is {right.shape}"
        if found.dtype != right.dtype:
            return f"of {found.dtype}, but NumPy's is {right.dtype}"
        if of_nan and right.dtype.kind in "iu":
            continue  # a NaN as a whole number is any number
        near = 1e-3 if right.dtype == np.float32 else near
        if not np.allclose(found, right, near, near, equal_nan=True):
            return f"{found.tolist()}, but NumPy gives {right.tolist()}"
    return None


def fault_of_slope(form, x, t, ours):
    """The derivative along a direction, against differences of what NumPy computes."""
    dtypes = {plain(part).dtype for part in ours}
    if all(dtype.kind in "biu" for dtype in dtypes) or form.function.__name__ in OF_SYMMETRIC:
        return None
    along, weights = numbers(x.shape, 1), [numbers(np.shape(part), 2) for part in ours]
    slopes = [differences(form, x, along, weights, h) for h in (1e-4, 5e-5)]
    near = 1e-4 * (1 + abs(slopes[0])) if dtypes | {x.dtype} == {np.dtype(float)} else 0.3
    if not (np.isfinite(slopes).all() and abs(slopes[0] - slopes[1]) < near):
        return None  # no derivative there, or none that differences tell
    with np.errstate(all="ignore"):
        for part, weight in zip(ours, weights, strict=True):
            if isinstance(part, Value):
                if not part.inputs and part is not t:
                    return "there is no graph behind it"
                try:
                    part.backward(weight.astype(part.dtype))
                except Exception as error:
                    return f"backward raises {type(error).__name__}: {error}"
    found = np.sum(t.grad * along)
    return None if abs(found - slopes[1]) < 2 * near else f"slope {found}, but it is {slopes[1]}"


def differences(form, x, along, weights, h):
    """The central difference of what NumPy computes, at a distance of h; NaN where it refuses."""
    ends = [quietly(form, x + step * along) for step in (h, -h)]
    if any(isinstance(end, Exception) for end in ends):
        return np.nan
    if any(np.shape(p) != w.shape for end in ends for p, w in zip(end, weights, strict=True)):
        return np.nan
    sums = [sum(np.sum(p * w) for p, w in zip(end, weights, strict=True)) for end in ends]
    return float(sums[0] - sums[1]) / (2 * h)


def faults(forms):
    for form in forms:
        for kind, x in SUBJECTS.items():
            found = fault(form, x, kind in SLOPED)
            if found is not None:
                yield f"{form!r} of x a {kind}: {found}"


def check(forms):
    found = list(faults(forms))
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("function", registry.numpy, ids=name_of)
def test_every_form_of_a_function_works_as_numpys_or_is_refused_as_by_numpy(function):
    check(forms_of(function))


@pytest.mark.parametrize("function", METHODS, ids=name_of)
def test_every_form_of_a_method_works_as_an_arrays_or_is_refused_as_by_an_array(function):
    check(forms_of_method(function))


def weighted(form):
    """A form as a function that gives one number."""

    def f(x):
        parts = [part for part in parts_of(form(x)) if isinstance(part, Value)]
        return sum(
            np.sum(part * numbers(np.shape(part), i).astype(part.dtype))
            for i, part in enumerate(parts)
        )

    return f


def is_differentiated(form, x):
    ours = quietly(form, Tensor(x))
    return not isinstance(ours, Exception) and any(isinstance(part, Value) for part in ours)


def one_of_each_parameter(function):
    """A form to each optional parameter of a function: its last that can be differentiated."""
    x, found = SUBJECTS["matrix"], {}
    for form in forms_of(function):
        if len(form.named) == 1 and form.leading and is_differentiated(form, x):
            found[next(iter(form.named))] = form
    return found.values()


@pytest.mark.parametrize("function", OF_REDUCTIONS, ids=name_of)
def test_every_reading_has_the_arguments(function):
    x = SUBJECTS["matrix"]
    for form in one_of_each_parameter(function):
        f = weighted(form)
        expected = value_and_grad(f)(x)
        program = derive(f, x)
        for found in (program(x), run(program.source)(x), compile(value_and_grad(f))(x)):
            for mine, right in zip(found, expected, strict=True):
                np.testing.assert_allclose(mine, right, 1e-6, 1e-6, err_msg=repr(form))


def run(source):
    """What a program's text defines last."""
    names = {}
    exec(source, names)
    return [*names.values()][-1]
