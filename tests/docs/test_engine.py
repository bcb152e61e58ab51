"""docs/engine.md: the engine that the page builds runs, prints what it says, and is a twin."""

import ast
import contextlib
import inspect
import io
import re
import textwrap
import tokenize
from pathlib import Path

import pytest
from hypothesis import given

import autodiff
from autodiff.extend import operation
from autodiff.testing import expressions

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "engine.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CODE = [text for language, text in BLOCKS if language == "python"]


def run(code, namespace):
    """What a block prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


@pytest.fixture(scope="module")
def twin():
    namespace = {}
    for code in CODE:
        run(code, namespace)
    return namespace


# -- the page ------------------------------------------------------------------------------


def test_each_block_prints_what_stands_below_it():
    namespace = {}
    shown = []
    for (language, text), below in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if language == "python":
            printed = run(text, namespace)
            assert printed == (below[1] if below[0] != "python" else ""), text
            shown.append(printed)
    assert {language for language, _ in BLOCKS} == {"python", "text", "mermaid"}
    assert len([printed for printed in shown if printed]) == len(BLOCKS) - len(CODE) >= 7


def lines_of_code(code):
    """How many lines there are but for blank ones, comments and docstrings."""
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))[:-1]
    lines = {n for t in tokens if t.type not in nothing for n in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted():
    code = (
        'import math\n\n\ndef f(x):\n    """A\n    docstring."""\n    # why\n    return x  # so\n'
    )
    assert lines_of_code(code) == 3


def test_it_has_as_many_lines_as_it_says():
    said = int(re.search(r"in five steps and (\d+) lines of Python", PAGE)[1])
    assert said == sum(map(lines_of_code, CODE)) <= 150


SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
WHERE = re.compile(r"`(\w+)`[^`\n]*?\[[\w/]+\.py\]\((\.\./[\w/]+\.py)\)")


def test_there_are_five_steps_and_each_ends_with_where_the_real_engine_does_this():
    steps = [section for section in SECTIONS if section[0].isdigit()]
    assert [step.split(".")[0] for step in steps] == ["1", "2", "3", "4", "5"]
    for step in steps:
        last = step.strip().splitlines()[-1]
        assert last.startswith("**In the real engine:** ")
        assert WHERE.search(last)


def test_what_is_said_to_stand_in_a_file_stands_there():
    """`name` in [file](file): a function or class of that name, or a table, is made there."""
    found = WHERE.findall(PAGE)
    assert len(found) == len(re.findall(r"\]\(\.\./[\w/]+\.py\)", PAGE)) > 20
    for name, file in found:
        tree = ast.parse((DOCS / file).read_text(encoding="utf-8"))
        made = {getattr(node, "name", None) for node in ast.walk(tree)}
        made |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
        assert name in made, f"{name} in {file}"


# -- the twin ------------------------------------------------------------------------------


def declarations(code):
    """The name, formula and rule of each declaration; of the rule, what it takes and returns."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            (decorator,) = node.decorator_list
            returned = [ast.unparse(s.value) for s in node.body if isinstance(s, ast.Return)]
            takes = [a.arg for a in node.args.args]
            yield node.name, decorator.args[0].value, takes, returned


TAUGHT = [found for code in CODE for found in declarations(code)]


@pytest.mark.parametrize("taught", TAUGHT, ids=[name for name, *_ in TAUGHT])
def test_each_declaration_is_the_real_one(taught):
    rule = operation(taught[0]).rule
    (real,) = declarations(textwrap.dedent(inspect.getsource(rule)))
    assert taught == real


def test_every_rule_of_the_twin_is_looked_at(twin):
    assert list(twin["rules"]) == [name for name, *_ in TAUGHT]


def both(f, twin, args):
    """An expression's leaves and root, of the twin and of the real engine."""

    def call(name, operands, params):
        assert not params
        return twin[name](*operands)

    for kind, run in ((twin["Value"], lambda leaves: f.run(leaves, call)), (autodiff.Value, None)):
        leaves = [kind(a, name=name) for a, name in zip(args, f.parameters, strict=True)]
        yield leaves, (run or (lambda leaves: f(*leaves)))(leaves)


DRAWN = expressions(max_nodes=20, scalars=4, tensors=0, operations=[name for name, *_ in TAUGHT])


def grads(nodes):
    return [node.grad for node in nodes]


def near(expected):
    """Sums of the same numbers in another order may differ in their last digits."""
    return pytest.approx(expected, rel=1e-9, abs=1e-12 * max(map(abs, expected), default=0.0))


def test_values_and_gradients_are_those_of_the_real_engine(twin):
    @given(DRAWN)
    def agree(f):
        (leaves, root), (real_leaves, real) = both(f, twin, f.args)
        assert root.data == real.data
        root.backward()
        real.backward()
        assert grads(leaves) == near(grads(real_leaves))
        mine, right = twin["topological"](root), autodiff.extend.topological(real)
        assert [n.op for n in mine] == [n.op for n in right]
        assert [n.data for n in mine] == [n.data for n in right]
        assert grads(mine) == near(grads(right))
        for a, b in zip(mine, right, strict=True):
            assert len(a.inputs) == len(b.inputs)
            found = autodiff.local_gradients(b)
            assert twin["local_gradients"](a) == pytest.approx(found, rel=1e-12)

    agree()


def test_a_second_backward_adds_the_same_to_leaves_and_sets_the_others_afresh(twin):
    @given(DRAWN)
    def agree(f):
        for leaves, root in both(f, twin, f.args):
            root.backward()
            order = autodiff.extend.topological(root)  # it asks for `inputs` alone
            before = grads(order)
            root.backward()
            made = [node.op is not None for node in order]
            assert grads(order) == [g if m else g + g for g, m in zip(before, made, strict=True)]
            for leaf in leaves:
                leaf.grad = 0.0
            root.backward()
            assert grads(order) == before

    agree()


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x + y * 3 - y / 2 + 4,
        lambda x, y: 2 - x,
        lambda x, y: 1 / y + 2 * x,
        lambda x, y: -x * x / (y - 1),
        lambda x, y: sum([x, y, x]),
        lambda x, y: x,
    ],
)
def test_operators(f, twin):
    x, y = twin["Value"](3), twin["Value"](-0.5)
    u, v = autodiff.Value(3), autodiff.Value(-0.5)
    mine, right = f(x, y), f(u, v)
    mine.backward(2.0)
    right.backward(2.0)
    assert (mine.data, x.grad, y.grad) == (right.data, u.grad, v.grad)
    assert (mine.op, repr(x)) == (right.op, repr(u))


def test_plain_numbers_give_plain_numbers(twin):
    assert type(twin["tanh"](0.5)) is float
    assert twin["add"](1, 2) == 3


def test_it_walks_deeper_than_python_recurses(twin):
    x = y = twin["Value"](1.0)
    for _ in range(5_000):
        y = y + x
    y.backward()
    assert x.grad == 5_001.0


def test_a_picture_has_both_edges_of_a_node_used_twice(twin):
    x = twin["Value"](3.0)
    drawn = twin["mermaid"](x * x)
    assert drawn.splitlines()[2:] == [
        '    n1["mul<br>9<br>grad 0"]',
        '    n0 -- "3" --> n1',
        '    n0 -- "3" --> n1',
    ]


def test_the_training_prints_the_same_by_the_real_engine():
    """As the page says: its import in place of all that stands above the class `Neuron`."""
    (line,) = re.findall(r"`(from autodiff import [\w, ]+)` in place", PAGE)
    first = next(i for i, code in enumerate(CODE) if code.startswith("class Neuron"))
    namespace = {}
    exec(line, namespace)
    assert run(CODE[first], namespace) == ""
    printed = run(CODE[first + 1], namespace)
    assert ("text", printed) in BLOCKS
    assert type(namespace["loss"]) is autodiff.Value


def test_where_the_twin_stops_the_real_engine_has_an_infinity(twin):
    with pytest.raises(ZeroDivisionError):
        1 / twin["Value"](0.0)
    with pytest.raises(ValueError, match=r"math domain|positive"):
        twin["log"](twin["Value"](0.0))
    assert (1 / autodiff.Value(0.0)).data == float("inf")
    assert autodiff.log(autodiff.Value(0.0)).data == float("-inf")
