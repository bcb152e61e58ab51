"""detect_anomaly: the first NaN or infinity is located, forward and backward."""

import linecache
import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, detect_anomaly, grad, hessian, hvp, jacobian, jvp, vjp
from autodiff.graph.modes import MODES

HERE = __file__


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of the same thing
        yield
    assert not MODES


def located(work, *texts, line):
    """The message of the error that `work` raises, which names the line that has this comment."""
    with pytest.raises(FloatingPointError) as caught:
        work()
    message = str(caught.value)
    for text in texts:
        assert text in message, message
    number = next(
        n for n, t in enumerate(linecache.getlines(HERE), 1) if t.rstrip().endswith(f"# {line}")
    )
    assert f"{HERE}:{number}:" in message, message
    assert f"# {line}" in message
    return message


def logarithm(x):
    return ad.log(x)  # in a function that others call


def mean_of(f, x):
    return f(x).mean()


@pytest.mark.parametrize(
    ("make", "shown"), [(Value, "0.0"), (lambda x, name: Tensor([x], name), "[0.]")]
)
def test_forward(make, shown):
    def work():
        x = make(0.0, name="x")
        with detect_anomaly():
            y = x * 1.0
            return logarithm(y) + 1.0

    located(work, "`log` gave", "-inf", shown, line="in a function that others call")


def test_forward_through_other_functions():
    def work():
        with detect_anomaly():
            return mean_of(lambda t: np.sqrt(t) * logarithm(t), Tensor([1.0, 0.0], name="data"))

    located(work, "`log` gave [ 0. -inf]", "data = [1. 0.]", line="in a function that others call")


def test_both_operands_are_shown():
    def work():
        a, b = Tensor([1.0, 2.0], name="a"), Tensor([4.0, 0.0])
        with detect_anomaly():
            return a / b  # a division

    located(work, "`/` gave", "a = [1. 2.]", "b = [4. 0.]", line="a division")


def test_what_came_in_not_finite_was_not_born_there():
    with detect_anomaly():
        assert (Value(float("inf")) * 2.0).data == np.inf
        assert np.isnan((Tensor([np.nan]) + 1.0).data).all()


def test_an_overflow():
    def work():
        with detect_anomaly():
            return ad.exp(Value(1000.0))  # too large

    located(work, "`exp` gave inf from x = 1000.0", line="too large")


def test_backward_of_a_value():
    def work():
        x = Value(0.0, name="x")
        with detect_anomaly():
            y = ad.sqrt(x)  # its slope is infinite
            (3.0 * y).backward()

    message = located(work, "pull-back of `sqrt` gave inf for `x`", line="its slope is infinite")
    assert "from the cotangent 3.0" in message


def test_backward_of_a_tensor():
    def work():
        x = Tensor([4.0, 0.0], name="x")
        with detect_anomaly():
            y = ad.sqrt(x) * 2.0 + 1.0  # its slope is infinite at one entry
            y.sum().backward()

    located(
        work,
        "pull-back of `sqrt` gave [0.5 inf] for `x`",
        line="its slope is infinite at one entry",
    )


def test_backward_of_what_was_recorded_before():
    x = Value(0.0, name="x")
    y = ad.sqrt(x)
    with detect_anomaly(), pytest.raises(FloatingPointError, match="before detect_anomaly"):
        y.backward()
    assert x.grad == 0.0


def steep(x):
    return ad.sqrt(x).sum()  # steep at zero


@pytest.mark.parametrize("x", [0.0, np.array([1.0, 0.0])])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: grad(f)(x),
        lambda f, x: ad.value_and_grad(f)(x),
        lambda f, x: vjp(f, x)[1](1.0),
        lambda f, x: jacobian(f)(x),
    ],
    ids=["grad", "value_and_grad", "vjp", "jacobian"],
)
def test_inside_a_transform(transform, x):
    def work():
        with detect_anomaly():
            transform(steep, x)

    located(work, "`sqrt`", line="steep at zero")


@pytest.mark.parametrize("x", [0.0, np.array([1.0, 0.0])])
@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: hessian(f)(x),
        lambda f, x: hvp(f, (x,), (np.ones_like(x),)),
        lambda f, x: jvp(f, (x,), (np.ones_like(x),)),
        lambda f, x: grad(lambda x: ad.sum(grad(f)(x)))(x),
    ],
    ids=["hessian", "hvp", "jvp", "grad of grad"],
)
def test_inside_a_transform_of_a_higher_order(transform, x):
    """Where the derivative itself is computed by recorded operations, that is where it is born."""

    def work():
        with detect_anomaly():
            transform(steep, x)

    located(work, line="steep at zero")


def test_second_order_alone():
    """x ** 1.5 has a slope at 0, but its second derivative is infinite there."""

    def f(x):
        return x**1.5  # bends sharply

    with detect_anomaly():
        assert grad(f)(0.0) == 0.0
    with pytest.raises(FloatingPointError), detect_anomaly():
        grad(grad(f))(0.0)


def test_what_is_masked_is_no_anomaly_backward():
    """A zero cotangent stops at a singularity, and nothing is born."""
    x = Tensor([4.0, 0.0])
    with detect_anomaly():
        (ad.sqrt(x) * [1.0, 0.0]).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.25, 0.0])


def test_it_changes_no_answer():
    x = np.array([0.5, 1.5])

    def f(x):
        return ad.logsumexp(np.sin(x) * x) / np.sum(x * x)

    with detect_anomaly():
        watched = f(x), grad(f)(x), hessian(f)(x)
    np.testing.assert_array_equal(watched[1], grad(f)(x))
    np.testing.assert_array_equal(watched[2], hessian(f)(x))
    assert watched[0] == f(x)


def test_it_is_over_after_the_block_and_after_an_error():
    with pytest.raises(KeyError), detect_anomaly():
        raise KeyError
    assert (Value(1.0) / 0.0).data == np.inf


def test_it_decorates_and_nests():
    @detect_anomaly()
    def inner(x):
        with detect_anomaly():
            _ = x * x
        return 1 / x

    with pytest.raises(FloatingPointError, match="`/` gave inf"):
        inner(Value(0.0))


def test_a_forward_anomaly_is_named_with_its_operands_and_line():
    x, y = Value(0.0, name="x"), Value(3.0)
    with ad.detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y / x
    message = str(caught.value)
    assert message.startswith("`/` gave inf from a = 3.0, x = 0.0.")
    assert f"{__file__}:{caught.tb.tb_lineno}: y / x" in message


def test_the_first_operation_that_pulls_back_no_number_is_named():
    x = Tensor([4.0, 0.0], name="x")
    with ad.detect_anomaly():
        root = ad.sqrt(x)
        total = (root * 2.0 + x).sum()
        with pytest.raises(FloatingPointError) as caught:
            total.backward()
    message = str(caught.value)
    assert message.startswith(
        "The pull-back of `sqrt` gave [0.5 inf] for `x`, from the cotangent [2. 2.] at [4. 0.].\n"
    )
    assert f"It was recorded here: {__file__}:" in message
    assert "root = ad.sqrt(x)" in message
    assert not x.grad.any()


def test_an_anomaly_is_named_where_it_begins_not_where_it_ends():
    x = Value(0.0, name="x")
    with ad.detect_anomaly():
        y = ad.sqrt(x * 3.0) * 5.0
        with pytest.raises(FloatingPointError, match="The pull-back of `sqrt` gave inf for the"):
            y.backward()


def test_of_two_the_one_that_was_made_last_is_named():
    x, y = Value(0.0, name="x"), Value(0.0, name="y")
    with ad.detect_anomaly():
        total = ad.sqrt(x) * 2.0 + ad.sqrt(y) * 3.0
        with pytest.raises(FloatingPointError, match="`sqrt` gave inf for `y`"):
            total.backward()


def test_what_was_recorded_before_says_so():
    x = Value(0.0)
    y = ad.sqrt(x)
    with (
        ad.detect_anomaly(),
        pytest.raises(FloatingPointError, match=r"recorded here: before detect_anomaly\(\)"),
    ):
        y.backward()


def test_what_came_in_is_not_an_anomaly():
    x, t = Value(np.inf), Tensor([np.nan, 1.0])
    with ad.detect_anomaly():
        (x * 2.0).backward()
        (t * 2.0).sum().backward()
    assert x.grad == 2.0
    np.testing.assert_array_equal(t.grad, [2.0, 2.0])


def test_a_cotangent_that_is_no_number_is_no_fault_of_the_graph():
    t = Tensor([1.0, 2.0])
    with ad.detect_anomaly():
        (t * 3.0).backward([np.nan, 1.0])
    np.testing.assert_array_equal(t.grad, [np.nan, 3.0])


def test_a_sound_graph_gives_the_same_within_it():
    t = Tensor([1.0, 2.0])
    with ad.detect_anomaly():
        (ad.floor(t) * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [1.0, 2.0])
