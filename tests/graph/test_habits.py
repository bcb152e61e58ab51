"""The words of PyTorch, micrograd and JAX work, or the error says what they are called here."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.graph.habits import ATTRIBUTES, KEYWORDS, OF_ARRAYS

NODES = [Value(2.0), Tensor([1.0, 2.0])]


@pytest.mark.parametrize("node", NODES, ids=["Value", "Tensor"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_of_other_libraries(node, name):
    for use in (lambda: getattr(node, name), lambda: setattr(node, name, True)):
        with pytest.raises(AttributeError) as caught:
            use()
        assert ATTRIBUTES[name] in str(caught.value)
    assert not hasattr(node, name)
    assert not hasattr(type(node), name)
    assert name not in dir(node)


@pytest.mark.parametrize(
    ("call", "keyword"),
    [
        (lambda: Tensor([1.0], requires_grad=True), "requires_grad"),
        (lambda: ad.tensor([1.0], dtype=np.float32), "dtype"),
        (lambda: ad.tensor([1.0], device="cpu"), "device"),
        (lambda: Value(1.0, label="w"), "label"),
        (lambda: Value(1.0, _children=(), _op="+"), "_op"),
        (lambda: Tensor(np.ones((2, 2))).sum(dim=0), "dim"),
        (lambda: Tensor(np.ones((2, 2))).max(dim=0), "dim"),
        (lambda: Tensor(np.ones((2, 2))).argmax(dim=0), "dim"),
        (lambda: Tensor(np.ones((2, 2))).repeat(2, dim=0), "dim"),
        (lambda: ad.softmax(Tensor([1.0]), dim=-1), "dim"),
        (lambda: ad.sum(np.ones((2, 2)), axis=0, keepdim=True), "keepdim"),
        (lambda: Value(1.0).backward(retain_graph=True), "retain_graph"),
        (lambda: Value(1.0).backward(gradient=1.0), "gradient"),
    ],
)
def test_arguments_of_other_libraries(call, keyword):
    with pytest.raises(TypeError) as caught:
        call()
    assert KEYWORDS[keyword] in str(caught.value)


A = Value(1.0)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize(
    ("given", "keyword"),
    [
        (((A, A), "+"), "_children"),  # micrograd's, and its video's with a label
        (((A,),), "_children"),
        (({A}, "*"), "_children"),
        (((), "", "w"), "_children"),
        ((np.float32,), "dtype"),
        ((np.dtype("f4"), True), "dtype"),
        ((True,), "requires_grad"),
        ((None, True), "requires_grad"),
    ],
)
def test_arguments_by_place_of_other_libraries(kind, given, keyword):
    called = rf"called as {kind.__name__}\(data, name=None\), where the name is a string"
    with pytest.raises(TypeError, match=called) as caught:
        kind(3.0, *given)
    assert KEYWORDS[keyword] in str(caught.value)


def test_an_argument_that_no_one_has_is_refused_all_the_same():
    with pytest.raises(TypeError, match=r"called as Value\(data, name=None\), .* `colour=`"):
        Value(1.0, colour="red")


@pytest.mark.parametrize("node", NODES, ids=["Value", "Tensor"])
def test_pytorchs_words_that_work(node):
    data = node.data
    for found, expected in [
        (node.clone(), data),
        (node.pow(2), data**2),
        (node.clamp(0.0, 1.5), np.clip(data, 0.0, 1.5)),
        (node.clamp(min=1.5), np.maximum(data, 1.5)),
        (node.clamp(max=1.5), np.minimum(data, 1.5)),
    ]:
        assert type(found) is type(node)
        np.testing.assert_array_equal(found.data, expected)
    assert node.numel() == np.size(data)


def test_a_clone_is_another_node_through_which_the_gradient_goes():
    t = Tensor([1.0, 2.0])
    copy = t.clone()
    (copy * copy).sum().backward()
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])
    assert copy.inputs == (t,)


def test_item_is_the_number_but_not_of_what_is_differentiated():
    assert Value(2.0).item() == 2.0
    assert type(Value(2.0).item()) is float
    for f in (lambda x: x.item() * x, lambda x: np.sum(x).item() * np.sum(x)):
        with pytest.raises(TypeError, match=r"item\(\) takes the number out"):
            ad.grad(f)(2.0)
    with pytest.raises(TypeError, match=r"item\(\) takes the number out"):
        ad.grad(lambda x: np.sum(x).item() * np.sum(x))(np.ones(2))


def test_tensor_is_pytorchs_word_for_it():
    assert ad.tensor is Tensor


def test_losses_are_noted_as_numbers():
    losses = np.zeros(2)
    losses[0] = Value(2.0).item()
    losses[1] = Tensor([3.0]).sum().item()
    assert losses.tolist() == [2.0, 3.0]


class OfAnotherLibrary:
    """What a tensor of PyTorch's, an array of JAX's and a series of pandas' have in common."""

    def __init__(self, data, refuses=False):
        self.data, self.refuses = np.array(data), refuses

    def __array__(self, dtype=None, copy=None):
        if self.refuses:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return np.asarray(self.data, dtype)


def cubes(x):
    return np.sum(x**3)


X = np.array([1.0, 2.0])
READINGS = {
    "grad": lambda x: ad.grad(cubes)(x),
    "vjp": lambda x: ad.vjp(lambda x: x**3, x)[1](OfAnotherLibrary([1.0, 1.0]))[0],
    "jvp": lambda x: ad.jvp(lambda x: x**3, (x,), (OfAnotherLibrary([1.0, 1.0]),))[1],
    "hvp": lambda x: ad.hvp(cubes, (x,), (OfAnotherLibrary(X / 2),)),
    "hessian": lambda x: np.diag(ad.hessian(cubes)(x)) * X / 2,
    "derive": lambda x: ad.derive(cubes, x)(x)[1],
    "derived for NumPy's": lambda x: ad.derive(cubes, X)(x)[1],
    "compile": lambda x: ad.compile(ad.grad(cubes))(x),
    "Tensor": lambda x: 3 * Tensor(x).data ** 2,
}


@pytest.mark.parametrize("reading", READINGS)
def test_arrays_of_other_libraries_are_arguments(reading):
    np.testing.assert_array_equal(READINGS[reading](OfAnotherLibrary(X)), 3 * X**2)


def test_numbers_of_other_libraries():
    assert Value(OfAnotherLibrary(2.0)).data == 2.0
    assert ad.grad(lambda x: x * x)(OfAnotherLibrary(2.0)) == 4.0
    assert (Value(2.0) * OfAnotherLibrary(3.0)).data == 6.0


def test_a_tensor_in_the_graph_of_another_library_is_refused():
    refuses = OfAnotherLibrary(X, refuses=True)
    for use in (ad.grad(cubes), ad.compile(ad.grad(cubes)), Value):
        with pytest.raises(TypeError, match=r"(?s)requires grad.*detach"):
            use(refuses)


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_pytorchs_words_on_data_and_gradients(name):
    p = Tensor([1.0, 2.0])
    for array in (p.data, p.grad):
        with pytest.raises(AttributeError) as caught:
            getattr(array, name)(2.0)
        assert OF_ARRAYS[name] in str(caught.value)


def test_filling_data_is_refused_with_the_fix():
    p = Tensor([1.0, 2.0])
    for array in (p.data, p.grad):
        with pytest.raises(ValueError, match="Assign a new one"):
            array.fill(0.0)


def test_no_grad_decorates_without_brackets():
    @ad.no_grad
    def f(x):
        return x * x

    assert f(Value(2.0)).inputs == ()
    assert f.__name__ == "f"


def test_one_word_of_advice_is_enough():
    with pytest.raises(TypeError) as caught:
        Value(1.0, _children=(), _op="+")
    assert str(caught.value).count("by its operation") == 1
