"""Random programs over the registry: checked by differences, and equal in every reading."""

import ast
import textwrap

import numpy as np
import pytest
from agreement import by_numpy, close, size_of, slope_of
from hypothesis import Phase, find, given, settings

import autodiff as ad
import viz
from autodiff import compile, derive, value_and_grad
from autodiff.extend import operation
from autodiff.graph.order import topological
from autodiff.primitives.labels import edge_texts, formula_text
from autodiff.support.tree import leaves
from autodiff.testing import GradientError, check_gradients, expressions, temporary_operations
from autodiff.testing.expression import Expression, Ref, Step

LESS = max(settings.default.max_examples // 2, 1)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_differences_and_the_engine_agree_to_second_order():
    @given(expressions())
    def agree(f):
        assert not check_gradients(f, *f.args).kinks

    agree()


def test_third_order_too():
    @settings(max_examples=LESS)
    @given(expressions(max_nodes=3, scalars=1, tensors=1))
    def agree(f):
        check_gradients(f, *f.args, order=3)

    agree()


@given(expressions())
def test_what_is_printed_is_what_was_drawn(f):
    namespace = {}
    exec(repr(f), namespace)
    close(namespace["f"](*namespace["args"]), f(*f.args))
    found = value_and_grad(namespace["f"], tuple(range(len(f.args))))(*namespace["args"])
    expected = value_and_grad(f, tuple(range(len(f.args))))(*f.args)
    for mine, right in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_array_equal(mine, right)


def same(found, expected, dtype=np.float64):
    scale = max(size_of(np.asarray(right)) for right in leaves(expected))
    for mine, right in zip(leaves(found), leaves(expected), strict=True):
        close(mine, right, dtype, scale)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", [1, 2])
def test_every_reading_agrees(order, dtype):
    @settings(max_examples=LESS)
    @given(expressions(dtype=dtype))
    def agree(f):
        by = tuple(range(len(f.args)))

        def through_numpy(*args):
            return f.run(args, by_numpy)

        g, h = (f, through_numpy) if order == 1 else (slope_of(f, by), slope_of(through_numpy, by))
        expected = value_and_grad(g, by)(*f.args)
        same(value_and_grad(h, by)(*f.args), expected, dtype)
        same(derive(g, *f.args, argnums=by)(*f.args), expected, dtype)
        compiled = compile(value_and_grad(g, by))
        same(compiled(*f.args), expected, dtype)
        same(compiled(*f.args), expected, dtype)  # in buffers that were used before

    agree()


@settings(max_examples=LESS)
@given(expressions())
def test_every_graph_is_drawn_and_printed(f):
    root = f(*(ad.Tensor(a) if isinstance(a, np.ndarray) else ad.Value(a) for a in f.args))
    root.backward()
    assert viz.draw(root).source.startswith(("graph", "digraph", "strict"))
    for node in topological(root):
        text = formula_text(node, lambda o: getattr(o, "name", None) or "v")
        for part in (text, *edge_texts(node)) if node.op is not None else ():
            ast.parse(part, mode="eval")


# -- what they are ----------------------------------------------------------------------------


@given(expressions(max_nodes=4, scalars=1, tensors=0, operations=["add", "tanh"]))
def test_they_are_of_what_was_asked_for(f):
    assert set(f.operations) <= {"add", "tanh"}
    assert len(f.steps) <= 4
    assert all(type(a) is float for a in f.args)
    assert type(f(*f.args)) is float


@pytest.mark.parametrize(
    "wanted",
    [
        lambda f: any(sum(o == r for s in f.steps for o in s.operands) > 1 for r in refs(f)),
        lambda f: "matmul" in f.operations and "getitem" in f.operations,
        lambda f: any(len(set(broadcast(f, s))) > 1 for s in f.steps if s.name == "mul"),
        lambda f: {"sum", "exp"} <= set(f.operations),
    ],
    ids=["reuse", "indexing", "broadcasting", "reduction"],
)
def test_they_have_reuse_broadcasting_reductions_and_indexing(wanted):
    names = ["add", "mul", "matmul", "getitem", "sum", "exp"]
    quick = settings(max_examples=2000, phases=[Phase.generate])
    assert find(expressions(operations=names), wanted, settings=quick)


def refs(f):
    return {o for s in f.steps for o in s.operands if isinstance(o, Ref)}


def broadcast(f, step):
    shapes = f.shapes()
    return [shapes[o.node] if isinstance(o, Ref) else np.shape(o) for o in step.operands]


def test_a_fault_shrinks_to_the_shortest_program_that_has_it():
    def fails(f):
        try:
            check_gradients(f, *f.args, order=1, modes=("vjp",))
        except GradientError:
            return True
        return False

    with temporary_operations():

        @ad.elementwise("x * x * x")
        def wrong_cube(z, x):
            return 2 * x * x

        drawn = expressions(max_nodes=3, tensors=0, operations=["wrong_cube", "add", "exp"])
        found = find(drawn, fails, settings=settings(max_examples=200))
        assert found.operations == ["wrong_cube"]
        assert len(found.args) == 1
        assert "    v1 = ad.wrong_cube(" in found.source


def test_the_source_is_python_as_one_writes_it():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    steps = [
        Step("matmul", (Ref(1), Ref(1)), {}),
        Step("getitem", (Ref(3),), {"index": (slice(None), np.array([0, 0]))}),
        Step("sum", (Ref(4),), {"axis": -1}),
        Step("mul", (Ref(0), -2.0), {}),
    ]
    f = Expression([0.5, x, 7.0], steps)
    assert f.source == textwrap.dedent("""\
        import numpy as np

        import autodiff as ad
        from autodiff.extend import operation


        def f(a, x):
            v1 = x @ x
            v2 = operation("getitem").call(v1, index=(slice(None, None, None), np.array([0, 0])))
            v3 = ad.sum(v2, axis=-1)
            v4 = a * (-2.0)
            return ad.sum(v3 * np.cos(np.arange(2.0)).reshape((2,))) + v4


        args = (0.5, np.array([[1.0, 2.0], [3.0, 4.0]]))""")
    assert f(*f.args) == pytest.approx(14 + 30 * np.cos(1.0) - 1)
    with pytest.raises(TypeError, match="takes 2 arguments"):
        f(1.0)


# -- faults that random programs have found -----------------------------------------------------


def test_a_number_that_is_a_view_of_a_buffer_keeps_its_value():
    f = slope_of(lambda a: ad.sum(ad.cumprod(a**2.0)), (0,))
    same(compile(value_and_grad(f))(1.825), value_and_grad(f)(1.825))


@pytest.mark.parametrize("bounds", [{"low": 0.0}, {"high": 0.8}, {}, {"low": 0.0, "high": 0.8}])
def test_a_clip_with_one_bound_is_traced_and_drawn(bounds):
    def f(a):
        return ad.clip(ad.softplus(a), **bounds)

    same(derive(f, 0.325)(0.325), value_and_grad(f)(0.325))
    assert "ct" in edge_texts(f(ad.Value(0.3)))[0]


def test_a_negative_base_has_no_complex_derivative():
    for f in (lambda x: x**0.5, lambda x: ad.grad(lambda x: x**1.5)(x)):
        assert np.isnan(value_and_grad(f)(-2.0)).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda a: operation("pad_constant").call(a * a) * a,
        lambda a: operation("scatter").call(a) * a,
        lambda a: operation("at_set").call(a, a * a) * a,
        lambda a: operation("at_add").call(a, a) * a,
        lambda a: operation("getitem").call(a * a, ()) * a,
        lambda a: ad.sum(np.pad(ad.reshape(a, ()), 0)) * a,
        lambda a: ad.astype(a * a, np.float64) * a,
    ],
)
def test_what_indexes_arrays_takes_numbers(f):
    check_gradients(f, 1.5)
    check_gradients(f, np.array(1.5))


def test_a_cotangent_of_float32_that_is_summed_to_a_number_stays_float32():
    def f(x, y):
        return np.sum(ad.maximum(x, y))

    args = np.array(0.5, np.float32), np.ones((2, 2), np.float32)
    assert value_and_grad(slope_of(f, (0, 1)), (0, 1))(*args)[0].dtype == np.float32


@pytest.mark.parametrize(
    "f",
    [
        lambda a: operation("at_add").call(a, a) * a,
        lambda a: operation("at_set").call(a, a * a) * a,
        lambda a: operation("getitem").call(a * a, ()) * a,
        lambda a: ad.sum(operation("getitem").call(a, (None, ...))) * a,
        lambda a: operation("pad_constant").call(a * a) * a,
        lambda a: operation("cast").call(a * a, np.float64) * a,
    ],
)
def test_programs_on_numbers_ask_them_for_what_arrays_have(f):
    expected = value_and_grad(f)(1.5)
    same(derive(f, 1.5)(1.5), expected)
    same(compile(value_and_grad(f))(1.5), expected)
    same(compile(f)(1.5), expected[0])


def test_a_number_beside_arrays_of_float32_has_a_gradient_of_float64():
    def f(a, x):
        return np.sum(((1 / a + x) * a) ** (1 / a))  # whose terms cancel in the derivative by a

    args = 0.325, np.array([[0.157], [0.061]], np.float32)
    expected = value_and_grad(f, (0, 1))(*args)
    for found in (derive(f, *args, argnums=(0, 1)), compile(value_and_grad(f, (0, 1)))):
        value, (slope, slopes) = found(*args)
        assert isinstance(slope, float)
        assert slopes.dtype == np.float32
        same((value, (slope, slopes)), expected, np.float32)


def test_a_number_is_cast_in_programs():
    f = slope_of(lambda a, x: ad.xlogy(x, a), (0, 1))
    args = 0.325, np.array(0.5, np.float32)
    same(derive(f, *args, argnums=(0, 1))(*args), value_and_grad(f, (0, 1))(*args), np.float32)


def test_a_cotangent_that_is_constant_has_no_name():
    f = slope_of(lambda x: np.sum((y := ad.nan_to_num(x + x)) - y), (0,))
    x = np.array([0.075, 0.23, 0.134])
    same(derive(f, x)(x), value_and_grad(f)(x))


def test_a_slice_outside_of_brackets_is_drawn_as_python_writes_it():
    z = operation("scatter").call(ad.Value(0.075), index=slice(None, None, -2), shape=(2, 3, 3))
    assert formula_text(z, lambda o: "v") == "scatter(v, slice(None, None, -2), (2, 3, 3))"
    z = operation("scatter").call(ad.Value(0.075), index=(slice(1, 3), 0), shape=(4, 2))
    assert formula_text(z, lambda o: "v") == "scatter(v, (slice(1, 3, None), 0), (4, 2))"
    z = ad.Tensor(np.ones((4, 2)))[1:3, 0]
    assert formula_text(z, lambda o: "v") == "v[1:3, 0]"


def test_windows_along_one_axis_twice_pull_back():
    check_gradients(
        lambda x: operation("windows").call(x, (2, 2), (0, -1)), np.array([1.0, 2.0, 4.0])
    )


def test_what_takes_no_place_along_an_axis_is_refused():
    with pytest.raises(ValueError, match=r"place no x of shape \(2, 3\)"):
        operation("add_along_axis").call(np.ones((2, 3)), np.zeros((2, 3), int), -1, (3, 3))
    with pytest.raises(ValueError, match="last axis of one length"):
        ad.recurrence(2.0, np.ones((2, 1)))
