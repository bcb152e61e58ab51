"""Value and Tensor: what they hold, how they show themselves, and the classic neuron."""

import copy
import gc
import math
import pickle
import weakref

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, local_gradients


def classic_neuron():
    w = [Value(v, name=f"w{i}") for i, v in enumerate((2.0, -3.0, -3.0))]
    x = [Value(v, name=f"x{i}") for i, v in enumerate((-1.0, -2.0))]
    return w, x, w[0] * x[0] + w[1] * x[1] + w[2]


@pytest.mark.parametrize(
    "activation", [ad.sigmoid, lambda d: 1 / (1 + ad.exp(-d))], ids=["sigmoid", "spelled out"]
)
def test_the_classic_neuron(activation):
    w, x, dot = classic_neuron()
    f = activation(dot)
    f.backward()
    value = 1 / (1 + math.exp(-1))
    slope = (1 - value) * value
    exact = {"abs": 1e-12, "rel": 0}
    assert dot.data == 1.0
    assert f.data == pytest.approx(value, **exact)
    assert dot.grad == pytest.approx(slope, **exact)
    assert [v.grad for v in w] == pytest.approx([-slope, -2 * slope, slope], **exact)
    assert [v.grad for v in x] == pytest.approx([2 * slope, -3 * slope], **exact)


def test_the_local_gradient_of_the_sigmoid():
    dot = Value(1.0)
    f = ad.sigmoid(dot)
    assert local_gradients(f) == pytest.approx(((1 - f.data) * f.data,), abs=1e-15)
    assert f.data == pytest.approx(0.7311, abs=5e-5)
    assert local_gradients(f)[0] == pytest.approx(0.1966, abs=5e-5)


def test_attributes_of_a_node():
    a, b = Value(2.0, name="a"), Value(5.0)
    product = a * b
    assert (product.data, product.op, product.inputs, product.name) == (10.0, "mul", (a, b), None)
    assert (a.data, a.op, a.inputs, a.name) == (2.0, None, (), "a")
    assert type(product.data) is float
    product.name = "p"
    assert "p" in repr(product)


def test_a_square_by_product_keeps_two_edges():
    x = Value(3.0)
    square = x * x
    assert square.inputs == (x, x)
    assert local_gradients(square) == (3.0, 3.0)
    square.backward()
    assert x.grad == 6.0


def test_constants_are_not_inputs():
    x = Value(3.0)
    y = 2 * x + 1 - 4 / x
    y.backward()
    assert x.grad == pytest.approx(2 + 4 / 9)
    assert all(isinstance(node, Value) for node in y.inputs)
    assert len((x + 1).inputs) == 1


def test_local_gradients_of_tensors_have_the_shape_of_their_operands():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.arange(3.0))
    first, second = local_gradients(a * b)
    np.testing.assert_array_equal(first, np.broadcast_to([0.0, 1.0, 2.0], (2, 3)))
    np.testing.assert_array_equal(second, [2.0, 2.0, 2.0])
    assert local_gradients(a) == ()


@pytest.mark.parametrize("make", [lambda: Value(2.0), lambda: Tensor(np.ones((2, 2)))])
def test_nodes_form_no_reference_cycle(make):
    gc.collect()
    gc.disable()
    try:
        x = make()
        y = ad.tanh(x * x + 1.0) * x
        y = y if isinstance(y, Value) and not isinstance(y, Tensor) else y.sum()
        y.backward()
        dead = [weakref.ref(y), weakref.ref(y.inputs[0])]
        del y
        assert [ref() for ref in dead] == [None, None]
    finally:
        gc.enable()


def test_comparisons_are_of_data_and_hash_is_of_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert a <= 1
    assert not a < b
    assert len({a, b}) == 2
    t = Tensor([1.0, 3.0])
    np.testing.assert_array_equal(t > 2, [False, True])
    np.testing.assert_array_equal(t == np.array([1.0, 2.0]), [True, False])


def test_ieee_754_on_values_as_on_arrays():
    with np.errstate(all="ignore"):
        for name in ("exp", "log", "sqrt", "arcsin", "arctanh", "sin", "reciprocal", "tanh"):
            for x in (0.0, -0.0, -1.0, 1000.0, -1000.0, np.inf, -np.inf, np.nan):
                scalar = getattr(ad, name)(Value(x)).data
                array = getattr(np, name)(np.array([x]))[0]
                np.testing.assert_allclose(scalar, array, rtol=5e-16)
        assert math.isnan((Value(0.0) / 0.0).data)
        assert (Value(1.0) / 0.0).data == math.inf
        assert (Value(1.0) / -0.0).data == -math.inf
        assert (Value(0.0) ** -1.0).data == math.inf
        assert math.isnan((Value(-8.0) ** (1 / 3)).data)
        assert (Value(10.0) ** 400).data == math.inf


def test_kinds_of_results():
    assert type(ad.sin(0.5)) is float
    assert type(ad.sin(np.ones(2))) is np.ndarray
    assert type(ad.sin(Value(0.5))) is Value
    assert type(ad.sin(Tensor([0.5]))) is Tensor
    assert type(Value(2.0) * Tensor([1.0])) is Tensor
    assert type(Value(2.0) * np.ones(2)) is Tensor
    assert type(Tensor([1.0, 2.0]).sum()) is Tensor


def test_a_value_in_a_tensor_expression_gets_a_float_gradient():
    v, t = Value(2.0), Tensor([1.0, 2.0, 3.0])
    (v * t + v).sum().backward()
    assert v.grad == 9.0
    assert type(v.grad) is float
    np.testing.assert_array_equal(t.grad, [2.0, 2.0, 2.0])


def test_data_can_be_assigned_on_a_leaf_only():
    x = Value(1.0)
    x.data = 4
    assert x.data == 4.0
    with pytest.raises(AttributeError, match="computed by `mul`"):
        (x * x).data = 3.0
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        t.data = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(t.data, [1.0, 2.0])


def test_setting_items_shows_the_fix():
    with pytest.raises(TypeError, match=r"t\.at\[index\]\.set"):
        Tensor([1.0, 2.0])[0] = 3.0


@pytest.mark.parametrize("make", [Value, Tensor])
def test_python_s_own_functions_of_a_number(make):
    x = make(-2.5)
    for found, expected in [
        (abs(x), 2.5), (-x, 2.5), (+x, -2.5), (round(x), -2.0), (math.floor(x), -3.0),
        (math.ceil(x), -2.0), (math.trunc(x), -2.0), (x // 2, -2.0), (2 // x, -1.0), (x % 2, 1.5),
        (2 % x, -0.5), (sum([x, x]), -5.0), (max([x, 2 * x]), -2.5), (min([x, x + 1]), -2.5),
        (x**2, 6.25), (round(make(0.126), 2), 0.13),
    ]:  # fmt: skip
        assert type(found) is make
        assert found.data == expected
    assert tuple(part.data for part in divmod(x, 2)) == (-2.0, 1.5)
    assert tuple(part.data for part in divmod(2, x)) == (-1.0, -0.5)
    assert (float(x), int(x), bool(x), bool(make(0.0))) == (-2.5, -2, True, False)
    assert x in [x]
    assert sorted([x + 1, x])[0] is x


def test_a_remainder_has_its_slopes():
    a, b = Value(7.5), Value(2.0)
    (a % b).backward()
    assert (a.grad, b.grad) == (1.0, -3.0)
    assert ad.grad(lambda x: x // 2)(7.5) == 0.0


def test_a_number_is_formatted_as_a_float_is():
    x = Value(2.5)
    assert f"{x:.2f} {x:>8.1e} {x:g}" == "2.50  2.5e+00 2.5"
    assert f"{x}" == str(x) == repr(x)
    assert f"{Tensor(2.5):.3f}" == "2.500"
    with pytest.raises(TypeError):
        f"{Tensor([1.0, 2.0]):.2f}"


@pytest.mark.parametrize("function", [math.sqrt, math.exp, float, int])
def test_a_number_does_not_leave_a_derivative_unseen(function):
    with pytest.raises(TypeError, match=r"gradient would be 0.\nUse the functions of `autodiff`"):
        ad.grad(lambda x: x * function(x))(2.0)
    seen = []

    def f(x):
        seen.append(x.data)
        with ad.no_grad():
            seen.append(float(x))
        return x * x

    assert ad.grad(f)(3.0) == 6.0
    assert seen == [3.0, 3.0]


def test_a_value_is_no_container_and_no_index():
    for attempt in (iter, len, lambda x: x[0], lambda x: 1 in x, range, lambda x: [1, 2][x]):
        with pytest.raises(TypeError):
            attempt(Value(1.0))
    for attempt in (len, list, lambda t: 1.0 in t):
        with pytest.raises(TypeError):
            attempt(Tensor(1.0))
    assert [t.data for t in Tensor([1.0, 2.0])] == [1.0, 2.0]
    assert 2.0 in Tensor([1.0, 2.0])
    assert 3.0 not in Tensor([1.0, 2.0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Value(2.0, name="w"), lambda: Tensor([2.0], name="w"), lambda: Tensor(2.0, "w"),
        lambda: Tensor(np.array([2.0], np.float16), name="w"),
    ],
)  # fmt: skip
def test_leaves_are_copied_and_pickled(make):
    leaf = make()
    untouched = copy.deepcopy(leaf)
    (leaf * leaf).sum().backward()
    for copied in (
        copy.copy(leaf), copy.deepcopy(leaf), copy.deepcopy({"w": leaf})["w"],
        *(pickle.loads(pickle.dumps(leaf, protocol)) for protocol in range(6)),
    ):  # fmt: skip
        assert copied is not leaf
        assert type(copied) is type(leaf)
        assert (copied.name, copied.data, copied.grad) == ("w", leaf.data, leaf.grad)
        assert getattr(copied, "dtype", None) == getattr(leaf, "dtype", None)
        (copied * 3).sum().backward()
        copied.data = copied.data + 3.0
        assert (leaf.data, leaf.grad, copied.data, copied.grad) == (2.0, 4.0, 5.0, 7.0)
    assert untouched.grad == 0.0
    one, two = pickle.loads(pickle.dumps([leaf, leaf]))
    assert one is two


@pytest.mark.parametrize("make", [lambda: Value(2.0, name="w"), lambda: Tensor([2.0], name="w")])
def test_results_inside_a_graph_are_neither_copied_nor_pickled(make):
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"result inside a graph.\n.*`\.data`"):
            attempt(make() * 2)
    with ad.no_grad():
        assert copy.deepcopy(make() * 2).data == 4.0


def test_a_gradient_is_taken_away_by_none_and_never_is_none():
    x, t = Value(2.0), Tensor([1.0, 2.0])
    (x * t).sum().backward()
    x.grad = t.grad = None
    assert x.grad == 0.0
    np.testing.assert_array_equal(t.grad, [0.0, 0.0])


# -- what is asked of one number, and of other libraries' tensors ----------------------------


@pytest.mark.parametrize("data", [[[1.0, 2.0], [3.0, 4.0]], []])
@pytest.mark.parametrize("ask", [Tensor.item, float, int, bool, "{:.2f}".format])
def test_one_number_of_several(ask, data):
    t = Tensor(data)
    error = ValueError if ask in (Tensor.item, bool) else TypeError
    with pytest.raises(error, match=r"is of one number, but this Tensor has shape \("):
        ask(t)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_number_of_one(shape):
    t = Tensor(np.full(shape, 2.5))
    assert (t.item(), float(t), int(t), bool(t), f"{t:.2f}") == (2.5, 2.5, 2, True, "2.50")
    assert not Tensor(np.zeros(shape))


def test_tolist():
    assert Tensor([[1.0, 2.0]]).tolist() == [[1.0, 2.0]]
    with pytest.raises(TypeError, match="takes the number out"):
        ad.grad(lambda x: x.tolist()[0] * x.sum())(np.ones(2))
    with pytest.raises(TypeError, match="tolist"):
        ad.derive(lambda x: x.tolist()[0] * x.sum(), np.ones(2))
