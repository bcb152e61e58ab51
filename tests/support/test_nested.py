"""Nested states come back exactly as they were: structure, types, every bit of a number."""

import collections
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autodiff import Tensor, Value
from autodiff.support.nested import packed, unpacked

DTYPES = ["?", "i1", "<i8", ">i4", "u8", "f2", "<f4", ">f4", "f8", "g", "c8", "c16"]
numbers = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
names = st.text(max_size=5) | st.sampled_from(["$array", "$dict", "", "w", "w.w", "array 0"])
plain = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**130), 2**130) | st.floats() | names
)
keys = names | st.integers(-2, 2) | st.booleans() | st.none() | st.tuples(names, st.floats(0, 1))
states = st.recursive(
    plain | numbers | numbers.filter(lambda a: a.size).map(lambda a: a.ravel()[0]),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(names, parts, max_size=4)
        | st.dictionaries(keys, parts, max_size=4)
    ),
    max_leaves=12,
)


def assert_equal(found, state):
    """Equal in type and in every bit, but for which NaN one is."""
    assert type(found) is type(state)
    if isinstance(state, (np.ndarray, np.generic)):
        assert (found.dtype.str, found.shape) == (state.dtype.str, state.shape)
        assert found.tobytes() == state.tobytes() or state.dtype.char == "g"  # which has padding
        np.testing.assert_array_equal(found, state)
    elif isinstance(state, (list, tuple)):
        assert len(found) == len(state)
        for a, b in zip(found, state, strict=True):
            assert_equal(a, b)
    elif isinstance(state, dict):
        assert_equal(list(found), list(state))
        for key in state:
            assert_equal(found[key], state[key])
    else:
        assert repr(found) == repr(state)


@given(states)
def test_what_is_packed_is_unpacked_exactly(state):
    tree, found = packed(state)
    assert_equal(unpacked(json.loads(json.dumps(tree)), found), state)


def test_an_array_is_called_by_the_path_to_it():
    state = {"model": {"w": np.ones(1), "layers.0.b": np.ones(2)}, "histories": [[np.ones(3)]]}
    assert list(packed(state)[1]) == ["model.w", "model.layers.0.b", "histories.0.0"]
    clash = {"a.b": np.ones(1), "a": {"b": np.ones(2)}, "a\\b": np.ones(3), "나" * 300: np.ones(4)}
    assert list(packed(clash)[1]) == ["a.b", "array 1", "array 2", "array 3"]
    assert list(packed({"array 1": np.ones(1), "\0": np.ones(2)})[1]) == ["array 1", "array 1'"]


def test_subclasses_stand_for_what_they_are():
    class Point(collections.namedtuple("Point", "x y")):
        pass

    held = Tensor([1.0]).data
    state = {"a": collections.OrderedDict(x=1), "b": Point(1, 2), "c": held}
    found = unpacked(*packed(state))
    assert_equal(found["a"], {"x": 1})
    assert_equal(found["b"], (1, 2))
    assert_equal(found["c"], np.ones(1))


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (Value(1.0), "there is a Value"),
        (Tensor([1.0]), "there is a Tensor"),
        (1j, "there is a complex"),
        (b"bytes", "there is a bytes"),
        ({1, 2}, "there is a set"),
        (object(), "there is a object"),
        (np.random.default_rng(0), "there is a Generator"),
        (np.array([None]), "there is an array of dtype object"),
        (np.array(["text"]), "there is an array of dtype <U4"),
        (np.str_("text"), "there is an array of dtype <U4"),
        (np.zeros(2, "f8,f8"), "there is an array of dtype "),
        (np.zeros(2, "M8[s]"), "there is an array of dtype datetime64"),
        (np.ma.masked_array([1.0], [True]), "there is a masked array"),
    ],
)
def test_what_is_no_state(thing, message):
    with pytest.raises(TypeError, match=rf"numbers, but at model\.1\.w {message}"):
        packed({"model": [None, {"w": thing}]})
    with pytest.raises(TypeError, match=f"numbers, but {message}"):
        packed(thing)


def test_a_state_that_holds_itself():
    state = {}
    state["again"] = [state]
    with pytest.raises(ValueError, match="too deep, or holds itself"):
        packed(state)


@pytest.mark.parametrize(
    "tree",
    [
        None, {"$array": "w"}, [{"$array": "v"}, {"$array": "w"}], [{"$array": "v"}] * 2,
        {"$new": "v"}, {"$array": ["v"]}, {"$array": "v", "more": 1}, {"$tuple": 1},
        {"$dict": [1]}, {"$dict": [[{"$array": "v"}, 1]]}, {"$dict": 3},
    ],
)  # fmt: skip
def test_trees_that_are_not_of_these_arrays(tree):
    with pytest.raises(ValueError, match=r"its header does not"):
        unpacked(tree, {"v": np.ones(1)})
