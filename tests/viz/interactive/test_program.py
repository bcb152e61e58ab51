"""The programs of a graph: as Python its value and gradient, as JavaScript all of its numbers."""

import numpy as np
import pytest
from graphs import arrays, diamond, neuron, nodes_of
from hypothesis import assume, given, settings
from javascript import javascript

import autodiff as ad
from autodiff import Value, local_gradients
from autodiff.extend import operations
from autodiff.testing import expressions
from viz.interactive.program import MOST_NODES, Unlive, javascript_program, python_program

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_the_derived_program_is_in_the_names_of_the_graph():
    source = python_program(nodes_of(neuron()))
    assert "def f(w0, x0, w1, x1, w2):" in source
    assert "    n1 = w0 * x0\n" in source
    assert "    d_w0 = d_n4 * x0\n" in source
    assert "    n1 = X @ W  # (4, 2)\n" in python_program(nodes_of(arrays()))


def test_a_program_gives_the_gradients():
    f = diamond()
    namespace = {}
    exec(python_program(nodes_of(f)), namespace)
    f.backward()
    value, slope = namespace["z"](1.5)
    assert value == pytest.approx(f.data)
    assert slope == pytest.approx(nodes_of(f)[0].grad)


NUMERIC = [n for n, o in operations().items() if o.elementwise]


@settings(max_examples=max(settings.default.max_examples // 2, 1))
@given(expressions(tensors=0, scalars=3, operations=NUMERIC))
def test_all_numbers_in_javascript_are_those_of_the_graph(f):
    assume(all(isinstance(a, float) for a in f.args))
    nodes = nodes_of(f(*map(Value, f.args)))
    script = javascript_program(nodes)
    leaves = [n for n in nodes if n.op is None]
    ((values, partials),) = javascript()(script, "compute", [[leaf.data for leaf in leaves]])
    inner = [n for n in nodes if n.op is not None]
    np.testing.assert_allclose(values, [n.data for n in inner], rtol=1e-9, atol=1e-12)
    expected = [float(p) for n in inner for p in local_gradients(n)]
    scale = max(map(abs, expected), default=1)
    np.testing.assert_allclose(partials, expected, rtol=1e-9, atol=1e-9 * scale)


def test_what_is_not_live_says_why():
    assert "Here are arrays" in javascript_program(nodes_of(arrays())).why
    x = Value(0.5, name="x")
    chain = x
    for _ in range(MOST_NODES):
        chain = ad.sin(chain)
    assert "501" in javascript_program(nodes_of(chain)).why
    assert not isinstance(javascript_program(nodes_of(chain.inputs[0])), Unlive)


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_a_choice_by_a_comparison_is_not_live_for_the_graph_has_it_no_more(flip):
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    f = ad.where(flip * x < y, x, y * y) * 3
    found = javascript_program(nodes_of(f))
    assert isinstance(found, Unlive)
    assert "A comparison has chosen" in found.why
    source = python_program(nodes_of(f))
    assert source.startswith("# A comparison has chosen")
    exec(source, namespace := {})
    assert namespace["f"](1.0, 2.0)[0] == f.data


def test_a_choice_by_a_node_is_live():
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    script = javascript_program(nodes_of(ad.where(x, x + y, y * y)))
    for numbers in ([1.0, 2.0], [0.0, 2.0], [np.nan, 2.0]):
        ((values, _),) = javascript()(script, "compute", [numbers])
        assert values[-1] == pytest.approx(float(np.where(*[numbers[0]], sum(numbers), 4.0)),
                                           nan_ok=True)  # fmt: skip


def test_an_operation_that_cannot_be_written_says_so():
    from autodiff.testing import temporary_operations

    with temporary_operations():

        @ad.elementwise("real(x)")
        def real_part(z, x):
            return 1

        found = javascript_program(nodes_of(real_part(Value(2.0)) * 3))
    assert isinstance(found, Unlive)
    assert "`real`" in found.why


def test_names_that_are_no_words_of_a_program():
    w, other = Value(2.0, name="w[0]"), Value(3.0, name="w 0")
    f = w * other
    assert "def f(w_0, w_0_):" in python_program(nodes_of(f))
    script = javascript_program(nodes_of(f))
    assert javascript()(script, "compute", [[2, 3]]) == [[[6], [3, 2]]]


def test_a_graph_without_a_program_says_why():
    big = ad.sum(ad.Tensor(np.ones(2), name="x") * np.arange(20_001.0)[:2])
    assert "def f(x):" in python_program(nodes_of(big))
    huge = ad.sum(ad.Tensor(np.ones(20_000), name="x") * np.arange(20_000.0))
    assert python_program(nodes_of(huge)).startswith("# A program spells its constants out")
