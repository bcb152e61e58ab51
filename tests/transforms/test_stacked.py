"""A stack of cotangents pulled back in one walk is each of them pulled back by itself."""

import itertools

import numpy as np
import pytest
from agreement import close
from hypothesis import given, settings

import autodiff as ad
from autodiff import compile, derive, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, vjp
from autodiff.extend import operations
from autodiff.graph.node import data_of
from autodiff.testing import expressions, temporary_operations
from autodiff.testing.uses import call, uses
from autodiff.transforms import stacked

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# Rules that pull rows back one by one: to hold for a stack they would be longer than their
# mathematics. Of a number that has no axis, an axis that is named counts for nothing.
ROW_BY_ROW = {
    "convolution", "convolution_by_w", "convolution_by_x", "convolve_full", "correlate_valid",
}  # fmt: skip
OF_NO_AXIS = {"max", "min", "softmax", "sum"}
BUILT_IN = [name for name, o in operations().items() if not o.elementwise]


def nodes_of(name, most=None):
    for use in uses(name, most):
        given = [ad.Tensor(o) if np.asarray(o).dtype.kind == "f" else o for o in use.operands]
        node = call(name, given, use.params)
        if isinstance(node, ad.Tensor) and node._pullback is not None:
            yield use, node


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_rule_holds_for_a_stack(name):
    for use, node in nodes_of(name):
        of_no_axis = name in OF_NO_AXIS and not node.ndim and use.params.get("axis", -1) is not None
        if name not in ROW_BY_ROW and not of_no_axis:
            assert stacked._holds(node), use


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_stack_of_each_operation_is_row_by_row(name):
    """Plainly and recorded, of all operations, those with a rule that does not hold among them."""
    rng = np.random.default_rng(0)
    for use, node in nodes_of(name, most=8):
        rows = rng.normal(size=(5, *node.shape))
        _, pull = vjp(use, *use.args)
        single = [pull(row) for row in rows]
        recorded = []

        def noting(x, use=use, rows=rows, recorded=recorded):
            recorded.append(vjp(use, x, *use.args[1:])[1](rows))
            return ad.sum(x)

        grad(noting)(use.args[0])
        for found in (pull(rows), [data_of(part) for part in recorded[0]]):
            for part, parts in zip(found, zip(*single, strict=True), strict=True):
                close(part, np.stack(parts), scale=16 * np.max(np.abs(parts), initial=0.0))


POINTS = (0.0, 1.0, -1.0, 0.5, -2.0, np.inf, -np.inf, np.nan, 1e200)


@pytest.mark.parametrize("name", operations())
def test_a_stack_of_each_operation_on_numbers_is_row_by_row(name):
    """Where Python's floats raise what IEEE 754 has a number for, and where a row is zero."""
    rows = np.array([0.0, 1.0, -2.0, 0.5, 3.0])
    for use in uses(name):
        if not use.args or any(np.ndim(o) for o in use.operands):
            continue
        for point in itertools.product(POINTS, repeat=min(2, len(use.args))):
            args = (*point, *map(float, use.args[2:]))
            z, pull = vjp(use, *args)
            if type(z) is not float:
                continue
            single = [pull(float(row)) for row in rows]
            for part, parts in zip(pull(rows), zip(*single, strict=True), strict=True):
                np.testing.assert_allclose(part, parts, rtol=1e-14, err_msg=f"{use} at {args}")


# -- Jacobians, by rows and by columns, of every order and reading -----------------------------


def row_by_row(f, x):
    """A Jacobian by one gradient for each entry of the output."""
    shape = np.shape(vjp(f, x)[0])
    count = int(np.prod(shape))
    rows = [grad(lambda x, i=i: ad.reshape(f(x), (-1,))[i])(x) for i in range(count)]
    return np.reshape(rows, shape + np.shape(x))


@settings(max_examples=settings.default.max_examples // 2)
@given(expressions(max_nodes=5, scalars=0, tensors=1))
def test_of_random_expressions(f):
    """Of the gradient, so that it is of the second order; and of that again, in a gradient."""
    x, slope = f.args[0], grad(f)
    expected = row_by_row(slope, x)
    scale = 64 * np.max(np.abs(expected), initial=1.0)
    for make in (jacobian, jacrev, jacfwd, lambda f: compile(jacobian(f))):
        close(make(slope)(x), expected, scale=scale)
    close(derive(jacobian(slope), x, argnums=())(x), expected, scale=scale)

    def total(make):
        return grad(lambda x: ad.sum(ad.tanh(make(slope)(x))))(x)

    third = total(lambda f: lambda x: ad.stack([ad.reshape(r, (-1,)) for r in rows_of(f, x)]))
    near = 256 * np.max(np.abs(third), initial=1.0)
    close(total(jacrev), third, scale=near)
    close(total(jacfwd), third, scale=near)


def rows_of(f, x):
    """The rows of a Jacobian as nodes, one gradient for each."""
    count = int(np.prod(np.shape(x)))
    return [grad(lambda x, i=i: ad.reshape(f(x), (-1,))[i])(x) for i in range(count)]


MASK = np.array([1.0, 0.0, 1.0, 0.0, 1.0])
KEPT = MASK == 1
CHOICES = {
    "where": lambda z: ad.where(KEPT, z, 0.5),
    "an index": lambda z: z[[0, 2, 4]],
    "a slice": lambda z: z[::2],
    "a mask": lambda z: ad.where(KEPT, z, 0.0) * MASK,
    "at": lambda z: z.at[[1, 3]].set(2.0),
    "take": lambda z: ad.take_along_axis(z, np.array([0, 2, 4]), 0),
    "a product": lambda z: np.eye(5)[::2] @ ad.where(KEPT, z, 0.0),
}
SINGULAR = {
    "sqrt": (ad.sqrt, 0.0), "log": (ad.log, -1.0), "1/x": (lambda x: 1 / x, 0.0),
    "x**0.5": (lambda x: x**0.5, 0.0), "arccos": (lambda x: ad.arccos(x / 4), 4.0),
}  # fmt: skip


@pytest.mark.parametrize("singular", SINGULAR)
@pytest.mark.parametrize("choice", CHOICES)
def test_a_zero_cotangent_stops_in_each_row(choice, singular):
    """To the third order, eagerly and in programs: what a choice leaves out is exactly 0."""
    function, point = SINGULAR[singular]
    x = np.where(KEPT, [0.3, 0, 0.7, 0, 0.9], point)

    def f(x):
        return CHOICES[choice](function(x))

    def total(x):
        return ad.sum(f(x) ** 3)

    first, second = row_by_row(f, x), row_by_row(grad(total), x)
    third = row_by_row(lambda x: ad.stack(rows_of(grad(total), x)), x)
    for expected in (first[:, ~KEPT], second[~KEPT], third[~KEPT], third[:, ~KEPT]):
        assert (expected == 0).all()
    for make in (lambda f: f, compile):
        for jac in (jacobian, jacrev, jacfwd):
            close(make(jac(f))(x), first)
            close(make(jac(grad(total)))(x), second)
        close(make(jacobian(hessian(total)))(x), third, scale=8 * np.max(np.abs(third)))


@pytest.mark.parametrize("jac", [jacrev, jacfwd])
def test_a_tie_is_resolved_in_each_row(jac):
    """A matrix function has a Jacobian at equal eigenvalues: its rows are pulled one by one."""
    matrix = np.diag([1.0, 1.0, 3.0])

    def f(a):
        values, vectors = np.linalg.eigh((a + a.T) / 2)
        return (vectors * np.exp(values)) @ vectors.T

    expected = row_by_row(f, matrix)
    close(jac(f)(matrix), expected, scale=64.0)
    seen = []
    grad(lambda a: seen.append(data_of(jac(f)(a))) or ad.sum(a))(matrix)
    close(seen[0], expected, scale=64.0)


def test_a_jacobian_is_that_of_the_rows_whatever_way_it_took():
    """Forward, 0 * inf in a chain is NaN where the walk backward has 0."""

    def f(x):
        return ad.rel_entr(x, x) * np.arange(9.0)

    x = np.array(0.0)
    assert np.isnan(jacfwd(f)(x)).any()
    np.testing.assert_array_equal(jacobian(f)(x), jacrev(f)(x))


# -- forms ---------------------------------------------------------------------------------


def test_outputs_that_share_nothing_do_not_pay_for_each_other():
    """Each has its own rows, of which no other has a part."""
    counts = []
    with temporary_operations():

        @ad.primitive("1 * x")
        def noting(ct, z, x):
            counts.append(np.shape(ct))
            return ct

        def f(xs):
            return [noting(x) * ad.sum(x) for x in xs]

        xs = [np.arange(1.0, 5.0) + i for i in range(3)]
        blocks = jacobian(f)(xs)
    assert counts.count((4, 4)) == 3
    assert max(counts) == (4, 4)  # fewer, on which the rule is tried
    for i, row in enumerate(blocks):
        for j, block in enumerate(row):
            right = np.diag([xs[i].sum()] * 4) + xs[i][:, None] if i == j else np.zeros((4, 4))
            np.testing.assert_array_equal(block, right)


def test_a_rule_of_ones_own_that_takes_one_cotangent_alone():
    """It needs no new contract: what does not hold for a stack is called for each row."""
    with temporary_operations():

        @ad.primitive("flip(x, 0)")
        def turned(ct, z, x):
            if len(ct.shape) != len(x.shape):
                raise ValueError("A cotangent has the shape of the output.")
            return ad.flip(ct, 0)

        @ad.primitive("x - mean(x)")
        def centred(ct, z, x):  # of a stack without a word the mean of all rows
            return ct - ad.mean(ct)

        x = np.array([1.0, -2.0, 0.5, 3.0])
        for operation in (turned, centred):

            def f(x, operation=operation):
                return operation(x * x)

            for jac in (jacrev, jacfwd, lambda f: compile(jacrev(f))):
                close(jac(f)(x), row_by_row(f, x), scale=8.0)


def scaled(ct, x, by):
    return ct - by * ad.mean(ct)  # of a stack without a word the mean of all rows


def refused_with(error):
    def rule(ct, x, by):
        if np.ndim(ct) != np.ndim(x):
            raise error
        return ct

    return rule


# Rules of which some nodes pull a stack back as its rows, and others do not: by what the rule
# reads, at which points and with which static value a node could be mistaken for all.
ERRORS = AssertionError, KeyError, RuntimeError, NotImplementedError, ZeroDivisionError
X = np.array([1.0, -2.0, 0.5, 3.0, 0.7])
READ = {
    "a factor": (lambda ct, x, by: scaled(ct, x, 1) * x, [X * 0, X + np.nan, X * np.inf, X[:0]], 2),
    "precision": (scaled, [np.ones(300, np.float16)], 2),
    "no entry": (scaled, [X[:0]], 2),
    "a length": (lambda ct, x, by: scaled(ct, x, len(x) < 9), [np.ones(9)], 2),
    "an entry": (lambda ct, x, by: ct if x[0] > 1.5 else scaled(ct, x, 1), [X + 1], 2),
    "a number": (scaled, [X], 0.0),
    "an array": (scaled, [X], np.zeros(1)),
    "a long int": (lambda ct, x, by: scaled(ct, x, by != 10), [X], 10),
    **{error.__name__: (refused_with(error), [], 2) for error in ERRORS},
}


@pytest.mark.parametrize("what", READ)
def test_that_a_rule_of_ones_own_holds_at_one_node_says_nothing_of_another(what):
    rule, before, mistaken = READ[what]
    by = mistaken + (1 if what == "a long int" else 2 if what in ("a number", "an array") else 0)
    weights = np.resize(np.arange(1.0, 6.0), 9)
    makes = [lambda f: f] if what == "an entry" else [lambda f: f, compile]  # which refuses it
    with temporary_operations():

        @ad.primitive("1 * x")
        def own(ct, z, x, by=by):
            return rule(ct, x, by)

        def of(by):
            return lambda x: own(x * x, by=by)[:9] * weights[: len(x)]

        for make in makes:
            for point in before:
                make(jacrev(lambda x: X + ad.sum(of(mistaken)(x))))(point)
            program = make(jacrev(of(by)))
            for point in (np.zeros(5), X):
                close(program(point), row_by_row(of(by), point), scale=64.0)


def test_a_row_with_a_nan_is_computed_again_and_the_others_stay():
    x = np.array([0.0, 4.0, -1.0, 9.0, 1.0])
    with np.errstate(all="ignore"):
        for f in (lambda x: ad.sqrt(x)[1:], lambda x: ad.sqrt(x * x.shape[0]) * x[::-1]):
            np.testing.assert_array_equal(jacrev(f)(x), row_by_row(f, x))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_jacobians_of_every_form(dtype):
    x, matrix = np.arange(1.0, 6.0, dtype=dtype), np.ones((2, 3), dtype)

    def f(tree):
        a, b, c = tree["a"], tree["b"][0], tree["c"]
        return {
            "sum": ad.sum(a) * c,
            "outer": ad.sin(a[:, None]) * ad.sum(b),
            "list": [b.T @ b, c * c],
        }

    tree = {"a": x, "b": [matrix], "c": 2.0}
    for jac in (jacobian, jacrev, jacfwd):
        found = jac(f)(tree)
        assert found["outer"]["b"][0].shape == (5, 1, 2, 3)
        assert found["list"][0]["a"].shape == (3, 3, 5)
        assert found["list"][1]["c"] == 4.0
        assert type(found["list"][1]["c"]) is float
        assert found["outer"]["a"].dtype == dtype
        close(found["sum"]["a"], np.full(5, 2.0, dtype), dtype)
        np.testing.assert_array_equal(found["list"][1]["a"], np.zeros(5))
        assert all(block.flags.writeable for block in (found["sum"]["a"], found["outer"]["a"]))
        assert jac(lambda x: x[:0])(x).shape == (0, 5)
        assert jac(lambda x: ad.sum(x))(x[:0]).shape == (0,)
        assert jac(lambda x: x * 2)(np.array(3.0, dtype)).shape == ()
        assert jac(lambda x: x * x)(3.0) == 6.0
        assert jac(lambda x: 7.0)(3.0) == 0.0
        assert jac(lambda x: (x, [x * x] * 5), has_aux=False)(2.0)[1] == [4.0] * 5


@pytest.mark.parametrize("by", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("of", [np.float16, np.float32, np.float64])
def test_a_jacobian_has_the_dtype_of_what_it_is_by(by, of):
    """As a gradient has: by rows and by columns, of few outputs and of many."""
    x = np.arange(1.0, 4.0, dtype=by)
    for count in (1, 40):
        point = np.ones(count, of)

        def f(x, v, point=point):
            return [ad.astype(ad.sum(x) * point * v, of), v * point]

        for jac in (jacobian, jacrev, jacfwd):
            blocks, kinds = jac(f, argnums=(0, 1))(x, 2.0), []
            for by_array, by_number in blocks:
                assert (by_array.dtype, by_number.dtype) == (by, np.float64)
                assert by_array.flags.writeable

            def noting(y, jac=jac, f=f, kinds=kinds):
                kinds.extend(data_of(a).dtype for a, _ in jac(f, argnums=(0, 1))(x, y))
                return y

            grad(noting)(2.0)
            assert kinds == [by, by]


def test_numbers_stay_numbers_at_every_order():
    def f(v):
        return [v[0] * v[1] ** 2, ad.sin(v[0])]

    for jac in (jacobian, jacrev, jacfwd):
        found = jac(jac(jac(f)))([2.0, 3.0])
        assert found[0][1][0][1] == 2.0
        assert type(found[0][1][0][1]) is float
    kinds = []

    def seen(x):
        kinds.extend(type(d) for row in jacobian(f)([x, x]) for d in row)
        return x

    grad(seen)(2.0)
    assert set(kinds) <= {ad.Value, float}


def test_products_with_many_vectors_in_one_walk():
    x, y = np.linspace(0.1, 1.0, 4), np.array([[0.3, -0.2, 0.5, 1.1]])
    rng = np.random.default_rng(0)

    def f(x, y):
        return {"a": ad.tanh(x * y), "b": ad.sum(x * x)}

    out, pull = vjp(f, x, y)
    rows = {"b": rng.normal(size=6), "a": rng.normal(size=(6, 1, 4))}
    each = [pull({name: stack[i] for name, stack in rows.items()}) for i in range(6)]
    for part, parts in zip(pull(rows), zip(*each, strict=True), strict=True):
        close(part, np.stack(parts))
    columns = rng.normal(size=(5, 4)), rng.normal(size=(5, 1, 4))
    value, pushed = jvp(f, (x, y), columns)
    np.testing.assert_array_equal(value["a"], out["a"])
    each = [jvp(f, (x, y), (a, b))[1] for a, b in zip(*columns, strict=True)]
    close(pushed["a"], np.stack([one["a"] for one in each]))
    close(pushed["b"], np.stack([one["b"] for one in each]))

    def total(x, y):
        return ad.sum(f(x, y)["a"] ** 2)

    found = hvp(total, (x, y), columns)
    each = [hvp(total, (x, y), pair) for pair in zip(*columns, strict=True)]
    for part, parts in zip(found, zip(*each, strict=True), strict=True):
        close(part, np.stack(parts))
    np.testing.assert_array_equal(
        compile(lambda x, v: hvp(total, (x, y), v))(x, columns)[0], found[0]
    )
    with pytest.raises(ValueError, match="or is a stack of such"):
        pull({"a": rows["a"], "b": 1.0})
    with pytest.raises(ValueError, match="or is a stack of such"):
        jvp(f, (x, y), (columns[0], columns[1][:2]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_a_stack_of_any_length_has_the_dtype_of_one_row(shape, dtype):
    """The shortest are pulled back row by row: arrays without axes stay arrays then."""
    x = np.full(shape, 0.5, dtype)
    for f in (
        lambda x: x,
        lambda x: x * x + x,
        lambda x: ad.sin(x) - x * np.ones((3, 1, 1), dtype),
    ):
        z, pull = vjp(f, x)
        for count in range(6):
            given = np.ones((count, *np.shape(z)), dtype), np.ones((count, *shape), dtype)
            for found, like in (
                (pull(given[0])[0], x),
                (jvp(f, (x,), given[1:])[1], z),
                (hvp(lambda x, f=f: ad.sum(f(x) ** 3), (x,), given[1:]), x),
            ):
                assert (found.shape, found.dtype) == ((count, *np.shape(like)), dtype)
                assert found.flags.writeable


def test_a_program_of_a_jacobian_is_one_walk():
    A, x = np.random.default_rng(0).normal(size=(6, 5)), np.linspace(0.0, 1.0, 5)
    program = derive(jacobian(lambda x: ad.tanh(A @ x)), x, argnums=())
    assert program.source.count("@") == 2
    close(program(x), jacobian(lambda x: ad.tanh(A @ x))(x))


def test_within_detect_anomaly_each_row_is_watched():
    with ad.detect_anomaly(), pytest.raises(FloatingPointError, match="sqrt"):
        jacobian(lambda x: ad.sqrt(x))(np.array([0.0, 1.0, 4.0, 9.0, 16.0]))
