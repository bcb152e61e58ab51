"""SciPy's special functions on nodes: each is SciPy's in value, or is refused in SciPy's name."""

import inspect
import itertools
import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from processes import path_with

import autodiff as ad
from autodiff import Tensor, Value, compile, derive, grad
from autodiff.extend import operations
from autodiff.operations.scipy_special import UFUNCS
from autodiff.testing import finite_differences

sp = pytest.importorskip("scipy.special")
linalg = pytest.importorskip("scipy.linalg")

NAMES = sorted({f.__name__ for f in vars(sp).values() if isinstance(f, np.ufunc)})
POINTS = np.array([-2.3, -0.6, 0.35, 0.45, 0.8, 1.7, 6.2])

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def operands(name):
    """Arrays on which the function is finite, and smooth so near that differences can be taken."""
    ufunc = getattr(sp, name)
    grid = np.array(list(itertools.product(POINTS, repeat=ufunc.nin)))
    grid = grid[[len({*row}) == len(row) for row in grid]]
    near = [ufunc(*(grid + h).T) for h in (-1e-3, 0.0, 1e-3)]
    return list(grid[np.isfinite(near).all(axis=0)].T)


@pytest.mark.parametrize("name", NAMES)
def test_each_ufunc_is_scipys_or_refused_in_its_name(name):
    ufunc = getattr(sp, name)
    if name not in UFUNCS:
        for x in (Tensor(POINTS), Value(0.3)):
            with pytest.raises(TypeError, match=rf"SciPy's `scipy.special.{name}` has no"):
                ufunc(*[x] * ufunc.nin)
        return
    args = operands(name)
    assert len(args[0])
    found = ufunc(*map(Tensor, args))
    np.testing.assert_allclose(found.data, ufunc(*args), 2e-14, 1e-14)
    first = [float(x[-1]) for x in args]
    np.testing.assert_allclose(ufunc(Value(first[0]), *first[1:]).data, ufunc(*first), 2e-14)
    for i in range(ufunc.nin):
        f = lambda x, i=i: np.sum(ufunc(*args[:i], x, *args[i + 1 :]))  # noqa: E731
        right, _ = finite_differences(f, args[i])
        slopes = grad(f)(args[i])
        np.testing.assert_allclose(slopes, right, 1e-6, 1e-7)
        np.testing.assert_allclose(derive(f, args[i])(args[i])[1], slopes, 1e-13)
        np.testing.assert_allclose(compile(grad(f))(args[i]), slopes, 1e-13)
        second = grad(lambda x, f=f: np.sum(grad(f)(x)))(args[i])
        bend, _ = finite_differences(lambda x, f=f: np.sum(grad(f)(x)), args[i])
        np.testing.assert_allclose(second, bend, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("logsumexp", sp.logsumexp),
        ("softmax", sp.softmax),
        ("log_softmax", lambda x: sp.log_softmax(x, axis=0)),
        ("polygamma", lambda x: sp.polygamma(1, x)),
    ],
)
def test_a_plain_function_is_refused_with_ours(name, call):
    said = rf"SciPy's `scipy.special.{name}` takes plain arrays[^\n]*\nUse `autodiff.{name}`"
    for run in (grad(lambda x: np.sum(call(x))), lambda x: derive(call, x), compile(call)):
        with pytest.raises(TypeError, match=said):
            run(np.array([0.3, 0.4]))
    assert hasattr(ad, name)


def plain_functions(package):
    """SciPy's functions that are no ufuncs, each with as many operands as it needs."""
    for name in package.__all__:
        f = getattr(package, name)
        if callable(f) and not isinstance(f, (type, np.ufunc)):
            kinds = inspect.signature(f).parameters.values()
            needed = sum(p.default is p.empty and p.kind in (0, 1) for p in kinds)
            yield name, f, needed or 1


# They take counts, or lists of arrays, or look at the array by other ways than by asking for it.
OTHERWISE = {
    "circulant", "convolution_matrix", "cossin", "fiedler_companion", "find_best_blas_type",
    "get_blas_funcs", "get_lapack_funcs", "hadamard", "helmert", "invhilbert", "invpascal",
    "pascal", "solve_circulant", "solve_lyapunov",
}  # fmt: skip


@pytest.mark.parametrize(("name", "f", "needed"), [*plain_functions(linalg)])
def test_a_function_of_linear_algebra_is_refused_in_its_name_and_with_ours(name, f, needed):
    said = rf"SciPy's `scipy\.linalg\.{name}` takes plain arrays"
    if name in OTHERWISE:
        said = "."
    elif name in operations():
        said += rf"[^\n]*\nUse `autodiff\.{name}`, which has one, and NumPy's arguments\."
    with pytest.raises((TypeError, ValueError, AttributeError), match=said):
        f(*[Tensor([[2.0, 1.0], [1.0, 3.0]])] * needed)


def calls_of_other_packages():
    """Names, and calls on a Tensor of two entries: of functions, classes and methods."""
    stats = pytest.importorskip("scipy.stats")
    interpolate = pytest.importorskip("scipy.interpolate")
    matrix = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(2))
    return {
        "stats.rv_continuous.logpdf": stats.norm.logpdf,
        "stats.rv_continuous.pdf": lambda x: stats.norm(0.0, 1.0).pdf(x),
        "interpolate.CubicSpline": lambda x: interpolate.CubicSpline([0.0, 1.0], x),
        "sparse.csr_matrix.__matmul__": lambda x: matrix @ x,
        "signal.convolve": lambda x: pytest.importorskip("scipy.signal").convolve(x, np.ones(2)),
        "fft.rfft": pytest.importorskip("scipy.fft").rfft,
        "ndimage.gaussian_filter": lambda x: pytest.importorskip("scipy.ndimage").gaussian_filter(
            x, 1.0
        ),
        "integrate.trapezoid": pytest.importorskip("scipy.integrate").trapezoid,
    }


@pytest.mark.parametrize("name", calls_of_other_packages())
def test_other_packages_refuse_in_their_names(name):
    call = calls_of_other_packages()[name]
    said = rf"SciPy's `scipy\.{re.escape(name)}` takes plain arrays .* so a Tensor cannot"
    for run in (lambda x: call(Tensor(x)), grad(lambda x: np.sum(call(x))), compile(call)):
        with pytest.raises(TypeError, match=said):
            run(np.array([1.0, 2.0]))


def test_what_has_no_name_of_ours_is_refused_by_the_name_that_was_called():
    calls = [("zeta", sp.zeta), ("comb", lambda x: sp.comb(x, 2))]
    if hasattr(sp, "legendre_p"):
        calls.append(("legendre_p", lambda x: sp.legendre_p(2, x)))
    for name, call in calls:
        with pytest.raises(TypeError, match=rf"scipy\.special\.{name}`"):
            call(Tensor(POINTS))
    with pytest.raises(TypeError, match=re.escape("`scipy.special.erf` of a Tensor gives a new")):
        sp.erf(Tensor(POINTS), out=np.empty(7))


def test_outer_is_of_both():
    x = Tensor([1.0, 2.0])
    np.testing.assert_array_equal(
        sp.xlogy.outer(x, POINTS + 3).data, sp.xlogy.outer(x.data, POINTS + 3)
    )


def test_scipy_is_never_imported():
    script = """
    import sys
    import autodiff as ad, nn, optim, viz
    from autodiff.extend import operations
    from autodiff.testing.uses import uses
    for name in operations():
        use = uses(name, 1)[0]
        ad.sum(use(*map(ad.Tensor, use.args))).backward()
    assert not [name for name in sys.modules if name.partition(".")[0] == "scipy"]
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": path_with(__file__)})
