"""Trees are matched by their keys, not by the order of these; another structure is refused."""

import importlib.util
from typing import Any, NamedTuple

import numpy as np
import pytest

from autodiff import compile, derive, grad, hvp, jvp, value_and_grad, vjp
from autodiff.support.tree import difference, leaves, leaves_in_order_of, same_structure, tree_map
from autodiff.testing import check_gradients


class Layer(NamedTuple):
    weight: Any
    bias: Any


class Turned(NamedTuple):
    bias: Any
    weight: Any


def reordered(tree):
    """The same tree, every dict in it with its keys in the opposite order."""
    if isinstance(tree, dict):
        return {key: reordered(branch) for key, branch in reversed(tree.items())}
    if isinstance(tree, (list, tuple)):
        branches = [reordered(branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
    return tree


A, B, C = np.array([2.0, 3.0]), np.array([5.0, 7.0]), np.array([0.5, 1.5])
# Each with leaves of one shape, so that a mistaken order would pass unnoticed.
TREES = {
    "a dict": {"a": A, "b": B, "c": C},
    "of dicts": {"x": {"a": A, "b": B}, "c": C},
    "in a list": [{"a": A, "b": B}, C],
    "in a tuple": (A, {"b": B, "c": C}),
    "in a named tuple": Layer({"a": A, "b": B}, C),
    "of named tuples": {"a": Layer(A, B), "c": C},
    "with None": {"a": A, "none": None, "b": B, "c": C},
    "keys of numbers": {3: A, 1: B, (0, "x"): C},
    "of lists": {"a": [A, B], "c": [C]},
}


def f(p):
    """A function in which no two leaves play the same part."""
    a, b, c = leaves_in_order_of(p, TREES[structure_of(p)])
    return np.sum(a**2 * b + c**3)


def structure_of(p):
    return next(name for name, tree in TREES.items() if same_structure(p, tree))


each_tree = pytest.mark.parametrize("name", TREES)


def same(found, expected):
    assert same_structure(found, expected)
    for a, b in zip(leaves_in_order_of(found, expected), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def tangent(p):
    draw = np.random.default_rng(0)
    return tree_map(lambda leaf: draw.normal(size=2), p)


PUSHES = {
    "jvp": lambda p, v: jvp(f, (p,), (v,))[1],
    "hvp": lambda p, v: hvp(f, (p,), (v,)),
    "vjp": lambda p, v: vjp(lambda p: tree_map(np.sin, p), p)[1](v)[0],
    "vjp of a gradient": lambda p, v: vjp(grad(f), p)[1](v)[0],
    "jvp of a gradient": lambda p, v: jvp(grad(f), (p,), (v,))[1],
}
READINGS = {
    "eager": lambda push: push,
    "recorded": lambda push: lambda p, v: vjp(lambda w: push(p, w), v)[0],
    "compile": compile,
    "compile by JAX": lambda push: compile(push, engine="jax"),
    "derive": lambda push: lambda p, v: derive(push, p, v, argnums=())(p, v),
}


@each_tree
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("push", PUSHES)
def test_tangents_and_cotangents_are_matched_by_key(push, reading, name):
    if "JAX" in reading and not importlib.util.find_spec("jax"):
        pytest.skip("JAX is not installed")
    p = TREES[name]
    v = tangent(p)
    expected = PUSHES[push](p, v)
    run = READINGS[reading](PUSHES[push])
    same(run(p, v), expected)
    same(run(p, reordered(v)), expected)
    same(run(reordered(p), v), expected)


@each_tree
def test_programs_take_dicts_in_any_order(name):
    p = TREES[name]
    expected = value_and_grad(f)(p)
    program = derive(f, p)
    runs = [value_and_grad(f), compile(value_and_grad(f)), program]
    namespace = {}
    exec(str(program), namespace)  # the text itself, as it is saved
    runs.append(namespace[program.name])
    for run in runs:
        for given in (p, reordered(p)):
            value, gradient = run(given)
            np.testing.assert_allclose(value, expected[0])
            for a, b in zip(leaves_in_order_of(gradient, p), leaves(expected[1]), strict=True):
                np.testing.assert_allclose(a, b)


@pytest.mark.parametrize("name", ["a dict", "of dicts", "in a list"])
def test_programs_of_jax_take_dicts_in_any_order(name):
    pytest.importorskip("jax")
    p = TREES[name]
    program, compiled = derive(f, p, engine="jax"), compile(value_and_grad(f), engine="jax")
    for run in (program, compiled):
        for given in (p, reordered(p)):
            same(run(given)[1], grad(f)(p))


@each_tree
def test_the_derivative_is_what_differences_say(name):
    check_gradients(f, reordered(TREES[name]), order=2)


def test_a_gradient_of_ones_own_may_have_its_keys_in_any_order():
    def slope(p):
        return {"b": p["a"] ** 2, "a": 2 * p["a"] * p["b"]}

    p = {"a": A, "b": B}
    check_gradients(lambda p: np.sum(p["a"] ** 2 * p["b"]), p, gradient=slope)
    with pytest.raises(AssertionError):
        check_gradients(
            lambda p: np.sum(p["a"] ** 2 * p["b"]), p,
            gradient=lambda p: {"a": slope(p)["b"], "b": slope(p)["a"]},
        )  # fmt: skip


OTHERS = {
    "a key is missing": ({"x": {"a": A}, "c": C}, r"\['x'\]` .* a dict of 'a'", "of 'a', 'b'"),
    "a key too many": ({"x": {"a": A, "b": B, "z": B}, "c": C}, r"\['x'\]` .*'z'", "of 'a', 'b'"),
    "another key": ({"x": {"a": A, "b": B}, "d": C}, "a dict of 'x', 'd'", "'x', 'c'"),
    "a list": ({"x": [A, B], "c": C}, r"\['x'\]` .* a list of 2", "a dict of"),
    "None": ({"x": {"a": A, "b": None}, "c": C}, r"\['x'\]\['b'\]` .* None", "a number"),
    "a leaf": ({"x": A, "c": C}, r"\['x'\]` .* a number or an array", "a dict of"),
    "a branch": ({"x": {"a": A, "b": B}, "c": [C]}, r"\['c'\]` .* a list of 1", "a number or"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_structure_is_refused_and_its_place_is_named(kind):
    other, there, here = OTHERS[kind]
    p = TREES["of dicts"]
    match = f"(?s){there}.*{here}.*\n"
    refused = [
        lambda: jvp(f, (p,), (other,)),
        lambda: hvp(f, (p,), (other,)),
        lambda: vjp(lambda p: tree_map(np.sin, p), p)[1](other),
        lambda: compile(lambda p, v: hvp(f, (p,), (v,)))(p, other),
        lambda: derive(f, p)(other),
    ]
    for call in refused:
        with pytest.raises(TypeError, match=match):
            call()


def test_a_list_may_stand_for_a_tuple_but_not_a_named_tuple_for_one_of_other_names():
    p = Layer(A, B)

    def g(p):
        return np.sum(p[0] ** 2 * p[1])

    expected = hvp(g, (p,), (p,))
    same(hvp(g, (p,), ([A, B],)), expected)
    same(hvp(g, ((A, B),), ([A, B],)), expected)
    with pytest.raises(TypeError, match=r"`tangent\[0\]` is a named tuple of bias, weight where"):
        hvp(g, (p,), (Turned(A, B),))
    with pytest.raises(
        TypeError, match="`tangent` is a tuple of 2 where the primal has a tuple of 1"
    ):
        hvp(g, (p,), (p, p))


def test_where_trees_differ():
    assert difference([1, {"a": None}], (2, {"a": None})) is None
    assert difference([1, {"a": 1}], (2, {"a": None})) == (
        "[1]['a']", "a number or an array", "None",
    )  # fmt: skip
    assert difference({}, {"a": 1}) == ("", "a dict of nothing", "a dict of 'a'")


@pytest.mark.parametrize("number", [np.int64(1), np.uint8(1), np.array(1)])
def test_argnums_is_any_whole_number(number):
    for argnums, expected in ((number, 4.0), ((0, number), (3.0, 4.0))):
        assert grad(lambda x, y: x * y + y, argnums)(3.0, 3.0) == expected
        assert derive(lambda x, y: x * y + y, 3.0, 3.0, argnums=argnums)(3.0, 3.0)[1] == expected
