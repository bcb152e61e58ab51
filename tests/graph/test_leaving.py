"""Numbers that leave the graph: those that say so go, those that only seem to stay are refused."""

import array
import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value

W = Tensor([2.0, 3.0])
NODES = {
    "a Value": Value(2.0),
    "a result, a Value": Value(2.0) * 3.0,
    "without axes": Tensor(2.0),
    "an entry": W[0] ** 2,
    "with an axis": (W * W)[:1],
}
BUFFERS = {
    "float64": np.zeros(2),
    "float32": np.zeros(2, np.float32),
    "int": np.zeros(2, int),
    "fields": np.zeros(2, [("a", float)]),
    "a view": np.zeros(4)[::2],
    "array.array": array.array("d", [0.0, 0.0]),
}


def put(into, index, node):
    into[index] = node


def refused(f, match):
    with pytest.raises((TypeError, ValueError)) as caught:
        f()
    text = f"{caught.value}\n{caught.value.__cause__}"  # NumPy puts its own words before ours
    assert all(word in text for word in match), text


@pytest.mark.parametrize("into", BUFFERS.values(), ids=BUFFERS)
@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_node_is_no_entry_of_an_array(node, into):
    before = repr(into)
    refused(
        lambda: put(
            into, 0, (node,) if getattr(into, "dtype", None) and into.dtype.names else node
        ),
        ["gradient would be lost", "autodiff.stack", "t.at[index].set"],
    )
    assert repr(into) == before


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_node_is_no_part_of_an_array(node):
    buffer = np.zeros(2)
    for attempt in (
        lambda: np.asarray(node),
        lambda: np.array(node),
        lambda: np.array([node, node]),
        lambda: np.array([[node], [1.0]], np.float32),
        lambda: np.full(2, node),
        lambda: put(buffer, slice(None), node),
        lambda: put(buffer, [0, 1], node),
        lambda: put(buffer, buffer == 0, node),
        lambda: put(buffer, ..., [node, node]),
        lambda: buffer.put(0, node),
    ):
        refused(attempt, ["gradient would be lost", "autodiff.stack", "t.at[index].set"])
    refused(lambda: np.full(2, node, float), ["t.at[index].set", "broadcast_to"])
    assert buffer.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_a_number_that_is_asked_for_is_given(node):
    number = float(
        node.data if isinstance(node, Value) and not np.ndim(node.data) else node.data[0]
    )
    assert float(node) == number == node.item() if isinstance(node, Tensor) else float(node)
    assert int(node) == int(number)
    assert math.sin(node) == math.sin(number)
    assert f"{node:.3f}" == f"{number:.3f}"
    assert "%.3f" % node == f"{number:.3f}"  # noqa: UP031
    kept, history, by_name = np.zeros(2), [None], {}
    kept[0], kept[1] = float(node), np.ravel(node.data)[0]
    assert kept.tolist() == [number, number]
    history[0] = by_name["node"] = node
    assert history[0] is by_name["node"] is node


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_what_has_no_graph_is_a_number_in_an_array(node):
    buffer = np.zeros(2)
    with ad.no_grad():
        result = node * 1.0
        buffer[0] = node
    buffer[1] = result
    assert buffer.tolist() == [float(node)] * 2


@pytest.mark.parametrize("node", [Value(2.0), Tensor(2.0), Value(1.0) * 2.0])
def test_a_node_among_the_arguments_of_numpys_own_code(node):
    """To which it comes beside plain arrays, by which NumPy does not ask whose function it is."""
    x = np.array([0.5, 3.0])
    for name, call in {
        "sum": lambda n: np.sum(x, initial=n),
        "prod": lambda n: np.prod(x, initial=n),
        "max": lambda n: np.max(x, initial=n),
        "interp": lambda n: np.interp(-1.0, x, x, left=n),
    }.items():
        refused(lambda call=call: call(node), [f"NumPy's `{name}` asked", "gradient would be lost"])
        with ad.no_grad():
            assert call(node) == call(2.0)
