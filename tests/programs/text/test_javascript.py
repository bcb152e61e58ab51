"""Programs in JavaScript: they give what Python gives, also at infinities, and refuse arrays."""

import ast
import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from javascript import javascript
from on_numbers import EXAMPLE, FEW, OF_NUMBERS, POINTS

import autodiff as ad
from autodiff import compile, derive, grad, value_and_grad
from autodiff.extend import operations
from autodiff.programs.text.javascript_syntax import expression_text
from autodiff.programs.tracing.standins import TraceError
from autodiff.support.tree import leaves
from autodiff.testing import expressions, temporary_operations

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # older NumPy's, of nonzero(0.5)
]

BASE = settings.default.max_examples


def written(name):
    """The program in JavaScript of an operation's value and slopes; None where there is none."""
    f, count = OF_NUMBERS[name]
    both = value_and_grad(f, tuple(range(count)))
    try:
        return derive(both, *EXAMPLE[:count], argnums=(), name="f", engine="javascript")
    except TraceError:
        return None


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_every_operation_on_numbers_is_what_eager_says_or_refused(name):
    program = written(name)
    if program is None:
        return
    f, count = OF_NUMBERS[name]
    both = value_and_grad(f, tuple(range(count)))
    points = [*itertools.product([*POINTS, *REGULAR] if count == 1 else [*FEW, *REGULAR[:3]],
                                 repeat=count)]  # fmt: skip
    found = javascript()(program.script, "f", points)
    for point, (value, slopes) in zip(points, found, strict=True):
        try:
            expected = both(*point)
        except ValueError:
            continue  # of what the engine refuses
        same([value, slopes], expected, f"{name} at {point}")


REGULAR = [0.3, -1.7, 2.5, 0.9, 12.5, -30.25]


def same(found, expected, what="", scale=1.0):
    """Equal infinities and NaN; numbers to 1e-9 of the largest of them, or of `scale`."""
    found, expected = (np.array(leaves(list(t)), float) for t in (found, expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite], what)
    near = 1e-9 * np.max(np.abs(expected[finite]), initial=scale)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=0, atol=near, err_msg=what)


NUMERIC = [name for name in operations() if name in OF_NUMBERS]


@settings(max_examples=4 * BASE)
@given(st.data())
def test_random_programs_of_every_operation_that_can_be_written(data):
    names = [name for name in NUMERIC if written_at_all(name)]
    some = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
    f = data.draw(expressions(max_nodes=5, scalars=3, tensors=0, operations=some))
    assume(all(isinstance(a, float) for a in f.args) and not any(map(len, f.shapes())))
    by = tuple(range(len(f.args)))
    expected = value_and_grad(f, by)(*f.args)
    try:
        script = derive(f, *f.args, argnums=by, name="f", engine="javascript").script
    except TraceError:  # as of an index into an index, whose slope is an array on the way
        reject()
    (found,) = javascript()(script, "f", [f.args])
    same(found, expected, f.source, max(map(abs, intermediates(f))))


WRITTEN = {}


def written_at_all(name):
    if name not in WRITTEN:
        WRITTEN[name] = written(name) is not None
    return WRITTEN[name]


def intermediates(f):
    nodes = []

    def noting(name, operands, params):
        nodes.append(float(operations()[name].call(*operands, **params)))
        return nodes[-1]

    f.run(f.args, noting)
    return nodes


def test_every_elementwise_operation_can_be_written():
    assert [n for n, o in operations().items() if o.elementwise and not written_at_all(n)] == []


# -- the text ------------------------------------------------------------------------------


def neuron(w, x, b):
    dot = w * x + b
    return ad.sigmoid(dot)


def test_the_source_is_as_a_person_writes_it():
    program = derive(neuron, 2.0, -1.0, 0.5, engine="javascript")
    assert (
        program.source
        == """\
// The value of neuron and its gradient by w, x, b.

function neuron(w, x, b) {
    // forward
    const v1 = w * x;
    const dot = v1 + b;
    const value = 1 / (1 + Math.exp(-dot));

    // backward
    const d_dot = value / (1 + Math.exp(dot));
    const d_w = d_dot * x;
    const d_x = d_dot * w;

    return [value, [d_w, d_x, d_dot]];
}
"""
    )
    assert program.source in str(program)
    assert "plainly(w, x, b)" in program.script


def test_it_is_saved_as_a_module_that_node_imports(tmp_path):
    derive(neuron, 2.0, -1.0, 0.5, engine="javascript").save(tmp_path / "neuron.mjs")
    text = (tmp_path / "neuron.mjs").read_text()
    assert text.endswith("\nexport { neuron };\n")
    (found,) = javascript()(text.removesuffix("export { neuron };\n"), "neuron", [(2, -1, 0.5)])
    same(found, value_and_grad(neuron, (0, 1, 2))(2.0, -1.0, 0.5))


def test_it_is_text_to_run_elsewhere():
    program = derive(neuron, 2.0, -1.0, 0.5, engine="javascript")
    with pytest.raises(TypeError, match="which a browser or Node runs"):
        program(2.0, -1.0, 0.5)
    with pytest.raises(ValueError, match=r'engine="jax", but this is .javascript'):
        compile(neuron, engine="javascript")


def test_arguments_and_results_keep_their_structure():
    def f(p, xs):
        return {"sum": p["w"] * xs[0] + p["b"] ** xs[1][0], "parts": (p["w"], [xs[0]])}

    p, xs = {"w": 2.0, "b": 3.0}, [0.5, (2.0,)]
    (found,) = javascript()(derive(f, p, xs, engine="javascript").source, "f", [(p, xs)])
    assert found == {"sum": 10.0, "parts": [2.0, [0.5]]}
    derived = derive(lambda p: p["w"] * p["b"], p, name="f", engine="javascript")
    assert javascript()(derived.source, "f", [(p,)]) == [[6.0, {"w": 3.0, "b": 2.0}]]


def test_javascripts_words_are_no_names():
    program = derive(lambda new, Math, pow: new**Math * pow, 2.0, 3.0, 4.0, engine="javascript")
    assert javascript()(program.source, program.name, [(2, 3, 4)])[0][0] == 32

    def var(let):
        return let * let

    program = derive(var, 3.0, engine="javascript")
    assert javascript()(program.script, program.name, [(3,)]) == [[9, 6]]


def test_a_program_that_is_called_like_a_helpers_part():
    def _inverse(x):
        return ad.erfinv(x)

    program = derive(_inverse, 0.3, engine="javascript")
    assert "function _inverse1(size, tail)" in program.script
    same(javascript()(program.script, "_inverse", [(0.3,)])[0], value_and_grad(_inverse)(0.3))


def test_what_stands_around_the_function_is_a_constant():
    w = ad.Value(3.0, name="w")
    program = derive(lambda x: x * w, 2.0, name="f", engine="javascript")
    assert "const w = 3.0;" in program.script
    assert javascript()(program.script, "f", [(2,)]) == [[6, 3]]


def test_higher_orders():
    f = grad(grad(lambda x: ad.tanh(x) ** 3))
    (found,) = javascript()(derive(f, 0.3, name="f", engine="javascript").script, "f", [(0.3,)])
    same(found, value_and_grad(f)(0.3))


def test_a_zero_cotangent_stops_at_a_singularity():
    f = lambda x: ad.where(x > 0, ad.sqrt(x), -x) + ad.sqrt(x * x) * 0.0  # noqa: E731
    program = derive(f, 1.0, name="f", engine="javascript")
    for x, found in zip([0.0, 4.0, -4.0], javascript()(program.script, "f", [(0,), (4,), (-4,)])):
        same(found, value_and_grad(f)(x))


def test_a_number_decides_as_it_does_in_numpy():
    program = derive(lambda c, x: ad.where(c, x, -x), 1.0, 2.0, argnums=1, name="f",
                     engine="javascript")  # fmt: skip
    found = javascript()(program.script, "f", [(c, 2) for c in (0, 3, math.nan)])
    assert found == [[-2, -1], [2, 1], [2, 1]]


@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (lambda x: np.sum(x), [np.ones(3)], "of numbers, but here there is an array of shape"),
        (lambda x: ad.sum(ad.stack([x, x])), [1.0], "`stack` gives an array of shape"),
        (lambda x, rng: x * rng.normal(), [1.0, np.random.default_rng(0)], "draws in Python"),
        (lambda p: p[(0, 1)], [{(0, 1): 1.0}], "the keys of an object"),
    ],
)
def test_what_cannot_be_written_is_refused(f, args, message):
    with pytest.raises(TypeError, match=message):
        derive(f, *args, engine="javascript")


def test_an_operation_of_ones_own_is_written_or_refused():
    with temporary_operations():

        @ad.elementwise("log1p(x * x) % 2.0")
        def bent(z, x):
            return 2 * x / (1 + x * x)

        program = derive(lambda x: bent(x), 3.0, name="f", engine="javascript")
        (found,) = javascript()(program.script, "f", [(3,)])
        same(found, value_and_grad(bent)(3.0))

        @ad.elementwise("real(x)")
        def real_part(z, x):
            return 1

        with pytest.raises(TraceError, match="there is no `real` of these"):
            derive(lambda x: real_part(x), 3.0, engine="javascript")


# -- syntax --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "text"),
    [
        ("-x ** 2", "-(x ** 2)"), ("(-x) ** 2", "(-x) ** 2"), ("(a ** 2) ** 3", "(a ** 2) ** 3"),
        ("a - (b + c)", "a - (b + c)"), ("a + (b + c)", "a + (b + c)"), ("-(-x)", "-(-x)"),
        ("a - -1", "a - -1"), ("(a > b) + 0.5 * (a == b)", "(a > b) + 0.5 * (a == b)"),
        ("a < b < c", "a < b && b < c"), ("(a | b) & c", "(a || b) && c"),
        ("not x", "!(x != 0)"), ("a if x else b", "x != 0 ? a : b"), ("f(x)[()]", "f(x)"),
        ("where(x > 0, x, 1.0) + 1", "(x > 0 ? x : 1.0) + 1"), ("1e-05", "1e-05"),
    ],
)  # fmt: skip
def test_expressions(python, text):
    assert expression_text(ast.parse(python, mode="eval").body) == text


@pytest.mark.parametrize("python", ["a @ b", "x[1:2]", "f(x, k=1)", "{x: 1}", "a in b", "2j"])
def test_what_has_no_like_is_refused(python):
    with pytest.raises(TraceError, match="cannot be written"):
        expression_text(ast.parse(python, mode="eval").body)
