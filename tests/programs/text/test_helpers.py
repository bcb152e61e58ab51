"""The helpers that a program carries: their text is whole, whatever else it has."""

import builtins
import dis
import functools
import importlib.util
import itertools
import math
import types

import numpy as np
import pytest

import autodiff as ad
from autodiff import derive
from autodiff.primitives.registry import registry
from autodiff.programs.text.helpers import copied, definitions
from autodiff.programs.text.jax import JAX

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
