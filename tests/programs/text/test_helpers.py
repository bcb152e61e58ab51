"""The helpers that a program carries: their text is whole, whatever else it has."""

import builtins
import dis
import functools
import importlib.util
import itertools
import math
import types

import numpy
import numpy as np
import pytest
from agreement import saved

import autodiff as ad
from autodiff import TraceError, derive
from autodiff.primitives.registry import registry
from autodiff.programs.text.helpers import copied, definitions
from autodiff.programs.text.jax import JAX
from autodiff.testing import temporary_operations

HELPERS = {name: helper.function for name, helper in registry.helpers.items()}


def unknown_names(texts, **known):
    """The names that a module of these definitions reads and nobody defines."""
    namespace = dict(known)
    code = compile("\n\n".join(texts), "<definitions>", "exec")
    exec(code, namespace)
    functions = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    read = set()
    while functions:
        function = functions.pop()
        read |= {i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL"}
        functions += [c for c in function.co_consts if isinstance(c, types.CodeType)]
    return {name for name in read if name not in namespace and not hasattr(builtins, name)}


@pytest.mark.parametrize("define", [copied, JAX.define], ids=["numpy", "jax"])
def test_every_pair_of_helpers_is_whole(define):
    define = functools.cache(define)
    known = {"np": np, "math": math, "jnp": None, "jax": None}
    for pair in itertools.combinations(HELPERS, 2):
        texts = definitions({name: HELPERS[name] for name in pair}, define)
        assert not unknown_names(texts, **known), pair
        assert not any(text.startswith(("import ", "from ")) for text in texts), pair
        assert len({text.partition("(")[0] for text in texts}) == len(texts)


def test_a_helper_that_another_calls_by_its_own_name():
    x = np.array([0.1, -0.4])

    def f(x):
        return np.sum(ad.erf(x) + ad.erfinv(x))

    value, slope = derive(f, x)(x)
    assert (value, slope.tolist()) == (f(x), ad.grad(f)(x).tolist())


MODULE = """
def inner(x, depth=0):
    return inner(x, 1) if depth == 0 else x + {number}

def {name}(x):
    return inner(x)
"""


def test_functions_of_one_name_stay_apart(tmp_path):
    functions = {}
    for number, name in enumerate("fg"):
        path = tmp_path / f"module_of_{name}.py"
        path.write_text(MODULE.format(number=number, name=name))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        functions[name] = getattr(module, name)
    found = {}
    exec("\n\n".join(definitions(functions, copied, taken=["inner1"])), found)
    assert (found["f"](0), found["g"](0)) == (0, 1)
    assert "inner2" in found
    assert "inner1" not in found


@pytest.mark.parametrize("name", ["_erf", "_by_entry", "_float_of"])
def test_what_a_helper_calls_is_not_the_program_or_a_constant(name):
    around = ad.Value(2.0, name=name)

    def f(x):
        return np.sum(ad.erfinv(x)) * around

    x = np.array([0.1, -0.4])
    right = 2 * np.sum(ad.erfinv(x))
    assert derive(f, x)(x)[0] == right
    f.__name__ = name
    assert derive(f, x)(x)[0] == right


# -- helpers of a user's own --------------------------------------------------------------------

SCALE = 2.0


def halved(x):
    return x / SCALE


def waves(x):
    total = halved(numpy.sin(x))  # NumPy by another name, a function and a number of the module
    return total + RATE * np.cos(x)


RATE = -0.5


@pytest.fixture
def wave():
    with temporary_operations():

        @ad.elementwise("waves(x)")
        def wave(z, x):
            return ad.cos(x) / 2 + 0.5 * ad.sin(x)

        yield wave


X = np.array([0.5, 0.7])


def readings(f, x):
    return [derive(f, x)(x)[1], saved(derive(f, x))(x)[1], ad.compile(ad.grad(f))(x)]


def test_what_a_helper_reads_goes_with_it(wave):
    def f(x):
        return np.sum(wave(x))

    for found in readings(f, X):
        np.testing.assert_allclose(found, ad.grad(f)(X), rtol=1e-15)
    assert derive(wave, 0.5)(0.5) == (waves(0.5), ad.grad(wave)(0.5))
    assert "import numpy\n" in derive(f, X).source
    assert "SCALE = 2.0" in derive(f, X).source
    pytest.importorskip("jax")
    program = ad.compile(ad.grad(f), engine="jax")
    np.testing.assert_allclose(program(X), ad.grad(f)(X), rtol=1e-14)


def test_a_function_of_another_language_is_imported():
    from scipy.special import spence

    with temporary_operations():

        @ad.elementwise("spence(x)")
        def dilogarithm(z, x):
            return ad.log(x) / (1 - x)

        def f(x):
            return np.sum(dilogarithm(x))

        assert dilogarithm(0.5) == spence(0.5)
        for found in readings(f, X):
            np.testing.assert_allclose(found, np.log(X) / (1 - X), rtol=1e-14)
        assert "from scipy.special import spence\n" in derive(f, X).source


@pytest.mark.parametrize("kept", [np.ones(2), {"a": 1}, "lambda"])
def test_what_cannot_be_written_down_is_refused_in_words(kept):
    if isinstance(kept, str):
        own = lambda x: 2 * x  # noqa: E731
    else:

        def own(x):
            return 2 * x if len(kept) else x

    with temporary_operations():

        @ad.elementwise("own(x)")
        def doubled(z, x):
            return 2.0

        assert ad.grad(doubled)(3.0) == 2.0
        for make in (lambda: derive(doubled, 3.0), lambda: ad.compile(doubled)(X)):
            with pytest.raises(TraceError, match="text that stands alone"):
                make()
