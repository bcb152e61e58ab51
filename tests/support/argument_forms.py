"""The grid of forms: every way in which a function of NumPy's may be given its arguments.

What a parameter may be is told once, by its name, for all functions that have one of that name: a
function that is declared tomorrow is called in all these forms without a line of its own.
"""

import inspect
import itertools
from collections import deque
from typing import NamedTuple

import numpy as np

SUBJECTS = {
    "vector": np.array([0.7, -1.3, 0.4]),
    "matrix": np.array([[0.45, -1.2, 0.35], [1.7, 0.6, -0.4]]),
    "square": np.array([[1.9, 0.3], [-0.6, 1.1]]),
    "stack": np.array([[[0.3, 1.4], [-0.8, 0.2]], [[1.1, -0.45], [0.9, 2.1]]]),
    "number": np.array(0.8),
    "empty": np.zeros(0),
    "no rows": np.zeros((0, 3)),
    "single": np.array([[0.45, -1.2, 0.35], [1.7, 0.6, -0.4]], np.float32),
    "with nan": np.array([[0.45, np.nan, 0.35], [np.nan, np.nan, np.nan]]),
}

# What is differentiated by: the first of these that a function has.
OPERANDS = frozenset({
    "A", "a", "a1", "a2", "ar", "arr", "array", "ary", "b", "element", "f", "fp", "m", "p", "start",
    "stop", "v", "val", "values", "x", "x1", "x2", "xp", "y", "z",
})  # fmt: skip
LISTS = frozenset({"arrays", "tup", "keys", "choices", "choicelist"})


def _subject(x):
    return x


def _several(x):
    return [x, x * x]


WHOLE = (1, 0, -1, 2, np.int64(1), np.array(1), True, 1.0, "1", [1], (1,), None, 9, -9)
FLAGS = (True, False, 1, 0, np.True_, None)
AXES = (
    0, -1, None, (0, 1), 1, (0,), (1, 0), (-1, 0), (), [0], [0, 1], range(2), np.array([0, 1]),
    deque([0]), np.int64(0), np.array(1), np.array([0]), True, 2, -3, (0, 0), (0, 5), 0.0, "0",
)  # fmt: skip
DTYPES = (np.float64, np.float32, "f4", float, np.dtype("f8"), None, int, bool, "nonsense", 3)
SHAPES = (
    (-1,), -1, 3, (3, 1), [1, 3], np.array([3]), (np.int64(3),), np.int64(3), range(3, 4), (3, -1),
    (1, 3, 1), (2, 3), [2, 3], (6,), 6, (), (5,), (-1, -1), (-2,), (0,), (0, -1), (0, 3), 3.0, "3",
    None, True, (2, 2), 4, (2, 2, 2),
)  # fmt: skip
NUMBERS = (2.0, 0.3, -7, np.float64(0.1), np.float32(0.5), True, None, [1.0], "1")
PAIRS = (
    lambda x: x * 0.5 + 1.0, 2.0, 3, np.float64(0.5), [1.0, 2.0, 3.0], (1.0, 2.0),
    np.array([0.5, 2.0]), np.array([1, 2, 3]), [[1.0], [2.0]], True, [True, False, True],
    np.array(2.0), [], np.ones((2, 3, 2)),
)  # fmt: skip
MASKS = (
    lambda x: np.ones(np.shape(x), bool), lambda x: np.arange(np.size(x)).reshape(np.shape(x)) != 1,
    True, False, [True, False, True], [[True], [False]], np.True_, [1, 0, 1], (True, False),
    [], np.ones((2, 3, 2), bool), 1.5, None,
)  # fmt: skip
PLACES = (
    1, [1], [1, 0], (1, 0), np.array([0, 1]), np.int64(0), -1, [-1, 0, 0], range(2), 0, [0, 2], [],
    [[0, 1]], 2, 5, -7, 1.0, [1.0], True, [True, False, True], "1", None, slice(0, 2),
)  # fmt: skip
PARTS = (
    0.3, 0, 1, [0.1, 0.5], (0.5,), np.float64(0.25), [[0.2, 0.9]], np.array(0.4), [], np.float32(1),
    True, -0.1, 1.5, np.nan, "1", None,
)  # fmt: skip
FILLS = (9.0, 9, [1.0, 2.0], lambda x: x, np.array([1.0]), None, "1")
ABSENT = (None,)

FORMS = {
    # arrays, and lists of them
    **dict.fromkeys(OPERANDS, PAIRS),
    **dict.fromkeys(LISTS, (
        _several, lambda x: (x, x), lambda x: [x], lambda x: x, [], lambda x: [x, 1.0],
        lambda x: [x, [1.0, 2.0]], lambda x: [[x, x], [x, x]], lambda x: [x, None], "1",
        lambda x: iter([x, x]),
    )),
    # axes and shapes
    "axis": AXES, "axes": (*AXES, 3, ((0,), (0,)), ([0], [-1]), [[1], [0]]), "source": AXES,
    "destination": AXES, "axis1": WHOLE, "axis2": (0, *WHOLE), "axisa": WHOLE, "axisb": WHOLE,
    "axisc": WHOLE, "shape": SHAPES, "new_shape": SHAPES, "window_shape": (1, *SHAPES),
    "reps": (2, 0, (2, 1), [1, 2], (), np.int64(2), np.array([2, 1]), range(1, 3), (1, 2, 1, 2),
             True, -1, 1.0, "1", None),
    "repeats": (2, [2], [1, 2, 0], (1, 2), np.array([1, 2]), np.int64(2), 0, True, -1, 1.5, "1",
                [], None),
    "shift": (1, -1, (1, 2), [1], range(1, 3), np.array([1, 2]), np.int64(1), 7, 0, (), 1.5, True,
              "1", None),
    "pad_width": (1, (1, 2), ((1, 2),), [[1, 0], [0, 2]], [1], np.array([1, 1]), np.int64(2), 0,
                  {0: 1}, {-1: (1, 2)}, -1, 1.5, (1, 2, 3), "1", None),
    "indices_or_sections": (1, 2, 3, [1], (1, 2), np.array([1]), [], [-1], [1, 1, 9], np.int64(1),
                            range(1, 2), 0, -1, 5, 1.5, "1", None),
    "keepdims": FLAGS, "start": (0, *WHOLE), "ind": (1, *WHOLE), "offset": (0, *WHOLE),
    "k": (0, *WHOLE), "N": (3, *WHOLE), "n": WHOLE, "num": (4, *WHOLE),
    "decimals": (1, 0, -1, np.int64(2), np.array(1), True, 1.0, "1", None, [1]),
    "ddof": (0, 1, 0.5, -1, np.int64(1), True, 3, 9, "1"), "correction": (0, 1, 0.5, "1"),
    # numbers
    "initial": NUMBERS, "nan": NUMBERS, "posinf": NUMBERS, "neginf": NUMBERS, "default": NUMBERS,
    "fill_value": (2.0, 3, [1.0], lambda x: x, np.ones(3), np.float64(0.5), True, "1", None),
    "left": NUMBERS, "right": (False, True, *NUMBERS), "period": (None, 4.0, 3, 0.0, -4.0),
    "discont": (None, 2.0, 4), "dx": (0.5, 2, [1.0, 2.0], lambda x: 0.5, "1"),
    "rtol": (None, 1e-3, 0.5, np.float64(0.1), "1"), "atol": (1e-3, 1, np.float64(0.1), "1"),
    "tol": (100, 1e-3), "rcond": (None, 1e-3, 1e-15, "1"),
    "mean": (lambda x: np.mean(x, keepdims=True), 0.5, [0.1], None), "to_end": FILLS,
    "to_begin": FILLS, "prepend": FILLS, "append": FILLS,
    "a_min": (-0.5, None, [0.1, 0.2, 0.3], lambda x: x * 0.5, np.array(0.0), 0, "1"),
    "a_max": (0.5, None, [0.1, 0.2, 0.3], lambda x: x * 0.5, np.array(0.0), 0, "1"),
    "min": (-0.5, None, [0.1, 0.2, 0.3]), "max": (0.5, None, [0.1, 0.2, 0.3]),
    # conditions, places, parts
    "where": MASKS, "condition": (MASKS[1], [1, 0], lambda x: x > 0, lambda x: x, *MASKS),
    "indices": PLACES, "kth": PLACES, "obj": PLACES, "q": PARTS,
    "condlist": (lambda x: [x > 0], lambda x: [x > 0, x < -1], lambda x: x > 0, [True, False, True],
                 [[True, False, True]], [[1, 0, 1]], np.array([[True, False, True]]), [], [True],
                 lambda x: (x > 0,), [[True, False]], [None], "1", True),
    "choicelist": (lambda x: [x * x], lambda x: [x * x, 2.0], lambda x: (x,), [3.0], [], [[1.0, 2.0,
                   3.0]], lambda x: np.ones((1, *np.shape(x))), "1"),
    "funclist": (lambda x: [np.sin], lambda x: [np.sin, np.exp], lambda x: [3.0],
                 lambda x: [lambda v: v * v, 2], lambda x: (np.sin,), [], [1, 2, 3],
                 np.array([1.0])),
    "choices": (lambda x: [x, x * 0.5, 3.0], lambda x: (x, 2.0), lambda x: [[1.0], [2.0]],
                lambda x: np.ones((2, *np.shape(x))), [], 1.0, "1"),
    "bins": ([0.0, 1.0], (1.0, 0.0), [], np.array([0.5]), [1.0, 0.0, 2.0], 1.0, [[1.0]]),
    "test_elements": (0.5, [0.5, 0.7], [], (0.4,), lambda x: x),
    "a": (lambda x: x * 0.5 + 1.0, [0, 1, 0], (1, 0), 1, [[0, 1, 2]], [0, 5, 1], [-1, 0, 0], [],
          0.5, *PAIRS),
    "x": (lambda x: x * 0.5 + 1.0, None, [1.0, 2.0, 3.0], 0.5, [1.0, 2.0], (1.0, 3.0), []),
    "y": (lambda x: x * 0.5 + 1.0, None, [1.0, 2.0, 3.0], 0.5, [1.0, 2.0], (1.0, 3.0), []),
    "weights": (None, lambda x: np.ones(np.shape(x)), [1.0, 2.0, 3.0], (1.0, 2.0), [2.0],
                lambda x: x * x, np.arange(6.0).reshape(2, 3), [1, 2, 3], 2.0, []),
    "fweights": (None, [1, 2, 3], [1, 2]), "aweights": (None, [1.0, 2.0, 0.5], [1.0, 2.0]),
    "sorter": (None, [0, 1, 2]),
    # words
    "dtype": DTYPES, "out": ABSENT, "order": (None, "C", "F", "A", "K", "X", 1),
    "mode": ("raise", "wrap", "clip", "same", "valid", "full", "edge", "constant", "reflect",
             "symmetric", "r", "complete", "maximum", "mean", "median", "minimum", "linear_ramp",
             "nonsense", None),
    "method": ("linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull",
               "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf", "inverted_cdf",
               "averaged_inverted_cdf", "closest_observation", "nonsense", None),
    "ord": (None, 1, 2, -1, -2, 0, 3, 0.5, np.inf, -np.inf, "fro", "nuc", "nonsense", np.int64(2),
            -2.5, np.float64(1.0), True),
    "p": (None, 1, 2, -1, -2, np.inf, -np.inf, "fro", "nuc", 3, "nonsense"),
    "kind": (None, "stable", "quicksort", "table", "nonsense"),
    "side": ("left", "right", "middle"), "indexing": ("xy", "ij", "nonsense"),
    "casting": ("same_kind", "unsafe", "no", "nonsense"), "UPLO": ("L", "U", "l", "X"),
    "device": (None, "cpu", "gpu"), "edge_order": (1, 2, 3, "1"), "optimize": FLAGS,
    **dict.fromkeys(
        ("overwrite_input", "subok", "copy", "stable", "equal_nan", "hermitian", "endpoint",
         "retstep", "return_index", "return_inverse", "return_counts", "sorted", "increasing",
         "upper", "full_matrices", "compute_uv", "returned", "bias", "rowvar", "writeable",
         "invert", "assume_unique", "sparse", "deg"), FLAGS),
}  # fmt: skip

# Two parameters whose forms are to be tried together.
TOGETHER = (
    ("axis", "keepdims"), ("axis", "initial"), ("axis", "where"), ("axis", "dtype"),
    ("axis", "ddof"), ("axis", "weights"), ("axis", "order"), ("axis", "mode"), ("axis", "ord"),
    ("axis", "q"), ("axis", "indices"), ("axis", "n"), ("axis", "repeats"), ("axis", "shift"),
    ("axis", "indices_or_sections"), ("shape", "order"), ("where", "initial"),
)  # fmt: skip
FEW = 4  # forms of each of such two
EMPTY = inspect.Parameter.empty


class Form(NamedTuple):
    """One way to call a function of one array: `form(x)`, for an array or a Tensor."""

    function: object
    leading: tuple  # arguments by position, those that depend on x as functions of it
    named: dict

    def __call__(self, x):
        leading = [_given(value, x) for value in self.leading]
        return self.function(*leading, **{n: _given(v, x) for n, v in self.named.items()})

    def __repr__(self):
        named = [f"{name}={_said(value)}" for name, value in self.named.items()]
        said = ", ".join([*map(_said, self.leading), *named])
        return f"{self.function.__name__}({said})"


def _given(value, x):
    return value(x) if inspect.isfunction(value) else value


def _said(value):
    if value is _subject or value is _several:
        return "x" if value is _subject else "[x, x * x]"
    return "<of x>" if inspect.isfunction(value) else repr(value).replace("\n", "")


def parameters_of(function):
    """NumPy's parameters, by name, with their defaults."""
    if isinstance(function, np.ufunc):
        names = ["x"] if function.nin == 1 else [f"x{i + 1}" for i in range(function.nin)]
        return dict.fromkeys(names, EMPTY) | {"casting": "same_kind", "dtype": None, "order": "K"}
    found = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}


def forms_of(function):
    """Every form in which a function of NumPy's is called."""
    parameters = parameters_of(function)
    required = [name for name, default in parameters.items() if default is EMPTY]
    subjects = [name for name in required if name in OPERANDS or name in LISTS]
    if not required:  # it takes any number of arrays
        return [Form(function, (_subject,) * count, {}) for count in range(1, 4)]
    return [form for name in subjects for form in _forms_by(function, parameters, required, name)]


def _forms_by(function, parameters, required, subject):
    """The forms in which the array stands at one of the required parameters."""
    usual = {name: FORMS[name][0] for name in required}
    usual[subject] = _several if subject in LISTS else _subject
    if "choices" in usual and subject != "a":
        usual["a"] = [0, 1, 0]  # which counts them
    yield Form(function, tuple(usual.values()), {})
    yield from _by_name(function, usual)
    for name in parameters:
        for form in () if name == subject else FORMS[name]:
            yield _with(function, usual, {name: form})
        if name not in required and _positional(function, name):
            before = [*parameters][: [*parameters].index(name)]
            given = [usual.get(n, parameters[n]) for n in before]
            yield Form(function, (*given, FORMS[name][0]), {})
    for one, other in TOGETHER:
        if {one, other} <= parameters.keys():
            for pair in itertools.product(FORMS[one][:FEW], FORMS[other][:FEW]):
                yield _with(function, usual, dict(zip((one, other), pair, strict=True)))


def _with(function, usual, given):
    """The function with its usual arguments, but for those given: required ones by position."""
    leading = tuple((usual | {n: v for n, v in given.items() if n in usual}).values())
    return Form(function, leading, {n: v for n, v in given.items() if n not in usual})


def _by_name(function, usual):
    if not isinstance(function, np.ufunc):
        yield Form(function, (), usual)


def _positional(function, name):
    if isinstance(function, np.ufunc):
        return False
    return inspect.signature(function).parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY


def forms_of_method(function):
    """The forms of a function as a method of its first argument: `x.max(axis=0)`."""

    def method(x, *args, **keywords):
        return getattr(x, function.__name__)(*args, **keywords)

    method.__name__ = f"ndarray.{function.__name__}"
    of_functions = {"correction", "mean"}  # which an array's methods have not
    return [
        Form(method, form.leading, form.named)
        for form in forms_of(function)
        if form.leading and form.leading[0] is _subject and len(form.leading) < 4
        if not form.named.keys() & of_functions
    ]
