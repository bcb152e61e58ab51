"""What the variables of a program are called."""

import inspect
import keyword

import numpy as np
import pytest
from agreement import close
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import compile, derive, hvp


def test_names_of_the_user_do_not_meet_those_of_a_program():
    def f(np1, slice):
        buffer1 = np.tanh(np1)
        f = buffer1.T
        return np.sum(f @ buffer1) * slice

    def mixed(w, w0, np):
        return np * (w[0] * 2 + w[1] * 3 + w0 * 5)

    x = np.arange(4.0).reshape(2, 2)
    close(compile(f)(x, 2.0), f(x, 2.0))
    close(derive(f, x, 2.0, argnums=())(x, 2.0), f(x, 2.0))
    for program in (compile(mixed), derive(mixed, [1.0, 2.0], 3.0, 4.0, argnums=())):
        close(program([1.0, 2.0], 3.0, 4.0), 92.0)
    close(compile(ad.softmax)(x), ad.softmax(x))
    close(derive(ad.softmax, x, argnums=())(x), ad.softmax(x))


def test_a_name_is_a_name():
    with pytest.raises(ValueError, match="no Python name"):
        derive(lambda x: x, 1.0, name="a b")


def test_the_outermost_name_of_a_variable_is_taken():
    def squared(thing):
        inner = thing * thing
        return inner

    def f(a, b):
        first = squared(a)
        second = squared(b)
        return first + second

    source = derive(f, 2.0, 3.0, argnums=()).source
    assert "first = a * a" in source
    assert "second = b * b" in source


def test_a_name_that_a_node_is_given_comes_first():
    def f(x):
        h = x * x
        h.name = "hidden"
        both = h + 1
        both.name = "not a name"
        return both * h

    source = derive(f, 2.0).source
    assert "    hidden = x * x\n" in source
    assert "    both = hidden + 1\n" in source


def test_a_gradient_of_what_the_result_does_not_need_has_no_name():
    def f(x, y):
        return np.sum(np.where(y > 0, x, y) @ y)

    x, y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, -0.2], [0.7, -3.0]])
    product = lambda x, y: hvp(f, (x, y), (y, x))  # noqa: E731
    for found in (compile(product)(x, y), derive(product, x, y, argnums=())(x, y)):
        for part, right in zip(found, product(x, y), strict=True):
            close(part, right)


# Letters of many kinds, those among them that Python takes for others, and keywords in such.
LETTERS = st.characters(categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")) | st.sampled_from(
    "xwaµμſsﬁﬀKKåÅ𝐱𝑥𝓍ｘªºⅷⅹℎ_"
)
BOLD = str.maketrans({chr(97 + i): chr(0x1D41A + i) for i in range(26)})
WORDS = st.sampled_from([*keyword.kwlist, "np", "math", "slice", "x", "value", "d_x", "f", "v1"])
NAMES = st.one_of(
    st.text(LETTERS, min_size=1, max_size=3),
    WORDS.map(lambda word: word.translate(BOLD)),
    WORDS,
    st.text(max_size=3),
    st.sampled_from(["__debug__", "\u00b5", "\u03bc", "d_\u00b5", "captured_x", "_1", "x_"]),
)


@given(keys=st.lists(NAMES, min_size=3, max_size=3, unique=True), around=NAMES, own=NAMES)
@settings(deadline=None)
def test_names_are_what_python_reads(keys, around, own):
    w = ad.Value(5.0, name=around)

    def f(tree, y):
        a, b, c = (tree[key] for key in keys)
        return a * y + b * y**2 + c * y**3 + w

    f.__name__ = own
    tree, right = dict(zip(keys, (2.0, 3.0, 7.0), strict=True)), 2 * 2 + 3 * 4 + 7 * 8 + 5
    program = derive(f, tree, 2.0)
    value, (by_tree, _) = program(tree, 2.0)
    assert value == right
    assert by_tree == dict(zip(keys, (2.0, 4.0, 8.0), strict=True))
    assert compile(f)(tree, 2.0) == right
    arrays = {key: np.full(2, number) for key, number in tree.items()}
    assert compile(f)(arrays, 2.0).tolist() == [right, right]


@pytest.mark.parametrize("word", ["def", "None", "lambda", "__debug__"])
def test_a_program_is_not_called_by_a_word_of_python(word):
    with pytest.raises(ValueError, match="name"):
        derive(lambda x: x, 1.0, name=word.translate(BOLD))


def test_parameters_and_variables_may_be_called_anything():
    names = ["\N{MICRO SIGN}", "de\N{MATHEMATICAL BOLD SMALL F}", "ｘ"]

    def f(*args):
        return args[0] + 10 * args[1] + 100 * args[2]

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    f.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    assert derive(f, 1.0, 2.0, 3.0)(1.0, 2.0, 3.0) == (321.0, (1.0, 10.0, 100.0))
    scope = {"a b": None, "ad": ad}
    exec(
        "def g(x):\n    globals()['a b'] = x * 2\n    globals()['ｖ1'] = x * 3\n"
        "    return globals()['a b'] * globals()['ｖ1']",
        scope,
    )
    assert derive(scope["g"], 2.0)(2.0) == (24.0, 24.0)
