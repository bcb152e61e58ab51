"""The hypothesis strategies: what they draw is what they say, and a new operation is found."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from autodiff.extend import operation, operations
from autodiff.support.tree import leaves
from autodiff.testing import (
    GradientError,
    arrays_for,
    check_gradients,
    expressions,
    gradient_property,
    points,
    shapes_that_broadcast,
    smooth_points,
    temporary_operations,
)
from autodiff.testing.uses import uses

BASE = settings.default.max_examples
QUICK = settings(phases=[Phase.generate])


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), shapes_that_broadcast(n))))
def test_shapes_broadcast(drawn):
    n, shapes = drawn
    assert len(shapes) == n
    assert len(np.broadcast_shapes(*shapes)) <= 3


@settings(max_examples=4 * BASE)
@given(st.sampled_from(sorted(operations())), st.data())
def test_operands_are_in_the_domain_and_print_as_source(name, data):
    use = data.draw(arrays_for(name))
    z = np.asarray(use(*use.args))
    assert np.isfinite(z).all()
    if not use.symmetric:
        np.testing.assert_array_equal(
            eval(repr(use), {"np": np, "ad": ad, "operation": operation}), z
        )
    assert not check_gradients(use, *use.args, order=1).kinks


@given(arrays_for(ad.matmul, dtype=np.float32))
def test_a_function_stands_for_its_operation(use):
    assert use.name == "matmul"
    assert all(o.dtype == np.float32 for o in use.operands)
    assert use(*use.args).shape == np.matmul(*use.operands).shape


@given(points({"w": [np.zeros((2, 3), np.float32), 0.0], "n": 3, "x": st.just("drawn")}))
def test_points_have_the_structure_of_their_example(drawn):
    w, b = drawn["w"]
    assert (w.shape, w.dtype, type(b)) == ((2, 3), np.float32, float)
    assert (drawn["n"], drawn["x"]) == (3, "drawn")
    numbers = np.append(w.ravel(), b)
    assert len(np.unique(numbers)) == 7
    assert (numbers != np.rint(numbers)).all()


@given(smooth_points(lambda x, c: np.sum(np.sqrt(x)) + np.abs(c), np.zeros(2), st.floats(-1, 1)))
def test_smooth_points_are_smooth(args):
    x, c = args
    assert (x > 0).all()
    assert c != 0


def test_what_is_no_operation_is_refused():
    for wrong in ("nonsense", np.tanh, 3, ad.grad):
        with pytest.raises(ValueError, match="one of the registry"):
            arrays_for(wrong)
    with pytest.raises(ValueError, match="that `dot` is written in"):
        arrays_for("dot")
    with pytest.raises(TypeError, match="list of names"):
        expressions(operations="tanh")
    with pytest.raises(ValueError, match="max_nodes is 0"):
        expressions(max_nodes=0)
    with pytest.raises(ValueError, match="scalars and tensors is 0"):
        expressions(scalars=0, tensors=0)


def test_an_operation_declared_just_now_is_found():
    with temporary_operations():

        @ad.elementwise("x * log(x) + y")
        def entropy_of(z, x, y):
            return 1 + ad.log(x), 1

        @ad.primitive("k * sum(x) * mean(eye(4)[labels, 0])")
        def labelled(ct, z, x, labels, k=2):
            """Takes whole numbers beside an array, and a static parameter of a known name."""
            return lambda: ct * k * np.mean(np.eye(4)[labels, 0]), None

        for use in (*uses(entropy_of), *uses(labelled)):
            check_gradients(use, *use.args)
        assert {use.params.get("k") for use in uses(labelled)} == {None, 1, -1}
        assert uses(labelled)[0].operands[1].dtype.kind == "i"
        assert find(arrays_for("entropy_of"), lambda use: use.operands[0].ndim == 2, settings=QUICK)
        found = find(expressions(operations=[entropy_of]), lambda e: True, settings=QUICK)
        assert found.operations[-1] == "entropy_of"
        assert (uses("entropy_of")[0].operands[0] > 0).all()


def test_an_operation_without_operands_says_so():
    with temporary_operations():

        @ad.primitive("sum(x) + strange.real")
        def odd(ct, z, x, strange=None):
            return ct

        with pytest.raises(ValueError, match=r"No operands were found[\s\S]*`odd`|`odd`"):
            uses("odd")


# -- the property ------------------------------------------------------------------------------


def test_a_right_function_has_the_property():
    @gradient_property(np.zeros(3), 0.0)
    def right(x, a):
        """Says what it is."""
        return a * np.sum(np.tanh(x) ** 2)

    right()
    assert (right.__name__, right.__doc__) == ("right", "Says what it is.")


def test_a_wrong_function_fails_with_the_smallest_point():
    def half(x):
        return np.sum(x * ad.Tensor(x.data) if isinstance(x, ad.Tensor) else x * x)

    with pytest.raises(GradientError, match="half the right one"):
        gradient_property(np.zeros(2), order=1)(half)()


def test_points_where_it_is_not_defined_are_passed_over():
    seen = []

    @gradient_property(arrays(np.float64, 2, elements=st.floats(-1, 1)), order=1)
    def logarithm(x):
        seen.append(np.min(x if isinstance(x, np.ndarray) else x.data))
        return np.sum(np.log(x))

    logarithm()
    assert min(seen) < 0 < max(seen)


def test_a_kink_is_no_failure():
    gradient_property(st.sampled_from([0.0, 1.0, -1.0]))(lambda x: ad.relu(x))()


def test_a_property_needs_arguments():
    with pytest.raises(TypeError, match=r"@gradient_property\(np\.zeros\(3\)\)"):
        gradient_property()
    with pytest.raises(TypeError, match="decorates a function"):
        gradient_property(1.0)(2.0)


def test_a_property_of_a_function_that_returns_nothing_is_none():
    with pytest.raises(ValueError, match="returned no numbers"):
        gradient_property(np.zeros(3))(lambda x: None)()


# -- without hypothesis ------------------------------------------------------------------------


def run(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kit_works_without_hypothesis_and_names_the_extra():
    said = run(
        "import sys; sys.modules['hypothesis'] = None\n"
        "import autodiff.testing as kit\n"
        "print(kit.check_gradients(lambda x: x**3, 2.0))\n"
        "try: kit.expressions\n"
        "except ImportError as error: print(error)\n"
        "try: from autodiff.testing import gradient_property\n"
        "except ImportError as error: print(error)\n"
    )
    assert said.count("pip install 'hypothesis>=6.100'") == 2
    assert "derivatives agree" in said


def test_neither_the_engine_nor_the_kit_imports_hypothesis_by_itself():
    said = run("import sys, autodiff.testing; print('hypothesis' in sys.modules)")
    assert said.strip() == "False"


def test_the_kit_says_what_it_has():
    import autodiff.testing as kit

    assert {"expressions", "check_gradients", "gradient_property"} <= set(dir(kit))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = kit.nonsense


# -- ranges and values of one's own -------------------------------------------------------------


def wrong_above_two(x):
    """A function of one's own whose derivative is wrong for x > 2 alone."""
    return ad.where(x > 2, ad.stop_gradient(x * x), x * x)


def test_a_fault_outside_of_the_usual_range_is_found_in_ones_own():
    gradient_property(0.0, order=1)(wrong_above_two)()
    for own in ({"high": 10.0}, {"values": (3.5,)}, {"low": 100.0, "high": 101.0}):
        with pytest.raises(GradientError):
            gradient_property(0.0, order=1, **own)(wrong_above_two)()


@given(points({"a": np.zeros((2, 2)), "b": [0.0]}, low=1000.0, high=5000.0))
def test_points_of_a_range(tree):
    numbers = np.array(leaves(tree["a"])[0].ravel().tolist() + tree["b"])
    assert ((numbers >= 1000) & (numbers <= 5000)).all()
    assert len(set(numbers)) == len(numbers)


def test_values_occur():
    drawn = find(points(np.zeros(2), values=(0.0, 7.5)), lambda x: x[0] == 7.5 and x[1] == 0.0)
    assert drawn.tolist() == [7.5, 0.0]
    assert find(points(0.0, values=np.array([7.5])), lambda x: x == 7.5) == 7.5


@pytest.mark.parametrize(
    "values",
    [3.0, None, [], (), np.zeros(0), [np.inf], (0.0, np.nan), "1", ["1"], [[1.0]], {"a": 1.0}, abs],
)
def test_values_that_are_no_list_of_finite_numbers_are_refused(values):
    if values is None:
        points(0.0, values=None)  # there are none
        return
    with pytest.raises(ValueError, match=r"list of the finite numbers.*\nWrite `values=\[0.5\]`"):
        gradient_property(0.0, values=values)(lambda x: x)


@pytest.mark.parametrize("like", [np.zeros(0), np.zeros((2, 0)), [], {}, 2, "a", [np.arange(3)]])
def test_a_property_without_a_number_to_draw_is_refused(like):
    with pytest.raises(ValueError, match=r"no float among the arguments\.\nWrite 2\.0 for 2"):
        gradient_property(like)
    gradient_property(like, 1.0, argnums=1)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (-np.inf, 0.0), (-np.inf, np.inf), (np.nan, 1.0),
        ("0", "1"), (None, 1.0), (0.0, np.ones(2)), (False, True),
    ],
)  # fmt: skip
def test_a_range_that_holds_nothing_is_refused(low, high):
    with pytest.raises(ValueError, match="two finite numbers"):
        gradient_property(0.0, low=low, high=high)(lambda x: x)


def test_a_slow_check_has_no_deadline_and_settings_may_stand_above():
    before = settings.get_current_profile_name()
    settings.register_profile("impatient", deadline=1, max_examples=1)
    settings.load_profile("impatient")
    try:
        gradient_property(0.0, order=1)(slow_square)()
        settings(max_examples=2, deadline=None)(gradient_property(0.0, order=1)(slow_square))()
    finally:
        settings.load_profile(before)


def slow_square(x):
    time.sleep(0.001)
    return x * x
