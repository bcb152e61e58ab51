"""The page computes its graph anew: every number is Python's, and so is each step of descent."""

import itertools
import math
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import LEFT, RIGHT, browser, wait
from graphs import arrays, diamond, fine, infinite, neuron, nodes_of, valley

import autodiff as ad
import viz
from autodiff import Tensor, Value
from autodiff.extend import operations
from autodiff.testing.uses import uses
from viz.graphs.numbers import number

pytest.importorskip("pygraphviz")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


# -- live ----------------------------------------------------------------------------------------


def read_of(window):
    """Values, local gradients and gradients, as the page computes them now."""
    script = (
        "const told = (x) => (Number.isFinite(x) ? x : String(x));"
        "return [read.values, read.locals, allGradients(read.locals)].map((all) => all.map(told))"
    )
    return [[float(x.replace("Infinity", "inf")) if isinstance(x, str) else float(x) for x in part]
            for part in window.run(script)]  # fmt: skip


def same(found, expected):
    """Equal to 1e-9 of the largest; the same infinities and NaN."""
    found, expected = np.array(found, float), np.array(expected, float)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    near = 1e-9 * np.max(np.abs(expected[finite]), initial=1.0)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=0, atol=near)


def agree(window, root):
    """Whether the page's numbers are those of a graph that was computed here."""
    root.backward()
    nodes = nodes_of(root)
    values, partials, gradients = read_of(window)
    same(values, [n.data for n in nodes])
    same(partials, [float(p) for n in nodes for p in ad.local_gradients(n)])
    same(gradients, [n.grad for n in nodes])


def graph_of_every_operation(numbers, half):
    """A sum with each operation on numbers that can be written, on a few leaves."""
    x, y, z = (Value(v, name=n) for v, n in zip(numbers, "xyz", strict=True))
    total = x * 0.5 + y * z
    names = [n for n, o in operations().items() if o.elementwise and o.public]
    for i, name in enumerate(names[half::2]):
        use = uses(name, 1)[0]
        start = [float(np.ravel(o)[0]) for o in use.operands]
        moved = [a + 0.01 * leaf for a, leaf in zip(start, itertools.cycle([x, y, z]))]
        term = operations()[name].call(*moved, **use.params)
        total = total + term * (1.0 if i % 2 else 0.5)
    return total


@pytest.mark.parametrize("half", [0, 1])
def test_every_operation_that_can_be_written_is_live_and_right(tmp_path, half):
    window = browser()
    numbers = (0.3, -0.8, 1.1)
    viz.save(graph_of_every_operation(numbers, half), tmp_path / "all.html")
    window.open(tmp_path / "all.html")
    assert window.run("return graph.live")
    agree(window, graph_of_every_operation(numbers, half))
    rng = np.random.default_rng(half)
    for numbers in [*rng.uniform(-2, 2, (4, 3)).tolist(), (1e3, -1e3, 0.0), (1e200, 1e308, -1e300)]:
        window.run("arguments[0].forEach((x, i) => change(leaves.findIndex("
                   "(leaf) => leaf.name == 'xyz'[i]), x))", numbers)  # fmt: skip
        agree(window, graph_of_every_operation(numbers, half))
    assert window.complaints() == []


@pytest.mark.parametrize("make", [neuron, diamond])
def test_a_number_that_is_typed_changes_all_that_follows(opened, make):
    window = opened(make)
    field = window.run("return rows.get(leaves[0]).typed")
    window.run("arguments[0].focus(); arguments[0].select()", field)
    window.press(*"-1.25")
    root = make()
    leaf = nodes_of(root)[0]
    changed = rebuilt(make, {leaf.name: -1.25})
    agree(window, changed)
    assert number(changed.data) in window.texts(f"#n{len(nodes_of(changed)) - 1} text")
    assert window.run("return rows.get(leaves[0]).slider.valueAsNumber") == pytest.approx(-1.25)
    window.run("follow(leaves[0])")
    assert window.texts("#path-rows .sum")[0].endswith(
        f"{leaf.name}.grad = {fine(grad_of(changed))}."
    )


def rebuilt(make, numbers):
    """A graph with other numbers in its leaves."""
    from autodiff.extend import recomputed

    found = {}
    for node in nodes_of(make()):
        inputs = [found[i] for i in node.inputs]
        found[node] = (
            recomputed(node, inputs)
            if node.op
            else Value(numbers.get(node.name, node.data), name=node.name)
        )
    return list(found.values())[-1]


def grad_of(root):
    return nodes_of(root)[0].grad


def test_a_slider_changes_its_leaf(opened):
    window = opened(neuron)
    slider = window.run("return rows.get(leaves[0]).slider")
    window.run("arguments[0].focus()", slider)
    window.press(RIGHT, RIGHT)
    moved = window.run("return state.numbers[0]")
    assert moved > 2
    assert window.text("#count").startswith("18 of")  # and it does not step
    agree(window, rebuilt(neuron, {"w0": moved}))


def test_what_is_no_number_is_not_taken(opened):
    window = opened(neuron)
    field = window.run("return rows.get(leaves[0]).typed")
    window.run("arguments[0].focus(); arguments[0].select()", field)
    window.press("-")
    assert window.run("return arguments[0].getAttribute('aria-invalid')", field) == "true"
    assert window.run("return state.numbers[0]") == 2
    window.press("7")
    assert window.run("return state.numbers[0]") == -7
    assert window.run("return arguments[0].getAttribute('aria-invalid')", field) == "false"


def test_infinities_are_shown_and_are_the_engines(opened):
    window = opened(infinite)
    agree(window, infinite())
    assert "−inf" in window.texts("#stage text")
    window.run("change(leaves.findIndex((leaf) => leaf.name == 'x'), 2)")
    agree(window, rebuilt(infinite, {"x": 2.0}))


def test_steps_of_descent_are_those_that_python_takes(opened):
    window = opened(valley)
    window.run("$('lr').value = '0.2'; $('lr').dispatchEvent(new Event('input'))")
    w = 3.0
    for _ in range(2):
        window.click("#descend")
        w -= 0.2 * 4 * (w - 1)
    assert window.run("return state.numbers[leaves.findIndex((l) => l.name == 'w')]") == (
        pytest.approx(w, rel=1e-12)
    )
    assert window.run("return state.numbers[leaves.findIndex((l) => l.name == 'y')]") == 1.0
    assert (
        window.text("#progress")
        == f"After 2 steps loss = {fine(2 * (w - 1) ** 2)}, less than before."
    )
    assert window.texts(".plot .title") == ["loss by step", "loss by w"]
    window.click("#reset")
    assert window.run("return state.numbers") == [3.0, 1.0]
    assert window.text("#progress").startswith("After 0 steps")


def test_overshooting_is_seen(opened):
    window = opened(valley)
    window.run("$('lr').value = '0.6'; $('lr').dispatchEvent(new Event('input'))")
    window.click("#descend")
    assert "more than before: the step was too long" in window.text("#progress")
    here, there = window.run(
        "const plot = document.querySelectorAll('.plot')[1];"
        "const place = (kind) => plot.querySelector(kind).getBoundingClientRect().x;"
        "return [place('.here'), place('.next')]"
    )
    bottom = window.run("return document.querySelectorAll('.plot')[1].getBoundingClientRect()")
    middle = bottom["x"] + bottom["width"] / 2
    assert (here - middle) * (there - middle) < 0  # across the valley
    label = window.run("return document.querySelectorAll('.plot')[1].getAttribute('aria-label')")
    assert label == "loss against w, now −1.8, slope −11.2; the next step goes to 4.92"


def test_descent_runs_pauses_and_stops_where_there_is_no_number(opened):
    window = opened(valley)
    window.run("$('lr').value = '0.1'; $('lr').dispatchEvent(new Event('input'))")
    window.click("#run")
    assert window.text("#run") == "Pause"
    wait(lambda: window.run("return state.history.length") > 3)
    window.click("#run")
    steps = window.run("return state.history.length")
    time.sleep(0.3)
    assert window.run("return state.history.length") == steps
    window.run("$('lr').value = '1e200'; $('lr').dispatchEvent(new Event('input')); run()")
    wait(lambda: window.text("#run") == "Run")
    assert "no finite number: the lr is too large" in window.text("#progress")


def test_a_step_without_a_rate_says_so(opened):
    window = opened(valley)
    for rate in ("", "-1", "0"):
        window.run("$('lr').value = arguments[0]; $('lr').dispatchEvent(new Event('input'))", rate)
        window.click("#descend")
        assert window.run("return state.numbers") == [3.0, 1.0]
        assert "The lr is a number above 0" in window.text("#progress")
        assert window.run("return $('lr').getAttribute('aria-invalid')") == "true"
    window.run("$('lr').value = '0.1'; $('lr').dispatchEvent(new Event('input'))")
    assert "lr" not in window.text("#progress")


def pole():
    x, y = Value(0.0, name="x"), Value(3.0, name="y")
    return 1 / x + y * y + Value(-0.0, name="z")


def test_nothing_descends_from_infinity_and_the_lr_is_not_to_blame(opened):
    window = opened(pole)
    said = "no finite number: nothing descends from it."
    assert said in window.text("#progress")
    window.run("leaves.forEach((leaf) => { rows.get(leaf).chosen.checked = leaf.name == 'y'; })")
    window.click("#descend")
    assert said in window.text("#progress")
    for _ in range(3):  # with x, to infinity
        window.run("leaves.forEach((leaf) => { rows.get(leaf).chosen.checked = true; })")
        window.click("#descend")
    window.click("#reset")
    assert window.complaints() == []


def test_what_is_infinite_is_marked_as_long_as_it_is(opened):
    window = opened(pole)

    def marked():
        return window.run(
            "return [...svg.querySelectorAll('text')].filter((t) => t.getAttribute('fill') == MARK)"
            ".map((t) => t.textContent)"
        )

    assert sorted(marked()) == ["inf", "inf", "inf", "−0", "−inf", "−inf"]
    window.run("go(0)")
    assert marked() == ["−0"]  # of the leaf: the others are not known
    window.run("go(LAST); change(0, 2); change(2, 1)")
    assert marked() == []
    assert window.run("return nodes[0].slots.gradient.text.textContent") == "−0.25"
    assert window.run("return edges[0].pill.text.textContent") == "−0.25"
    assert not window.run("return svg.querySelectorAll(`[fill='${MARKED}']`).length")
    window.run("change(0, 0)")
    assert len(marked()) == 5


def test_numbers_have_room_for_others(opened):
    window = opened(neuron)
    window.run("leaves.forEach((leaf, i) => change(i, -0.5 - 0.123 * i))")
    squeezed = "return [...svg.querySelectorAll('[textLength]')].map((text) => text.textContent)"
    assert all(len(text) > len("−0.123") for text in window.run(squeezed))
    out = window.run(
        "return edges.filter(({pill: {pill, text}}) => {"
        " const [a, b] = [pill, text].map((part) => part.getBoundingClientRect());"
        " return b.x < a.x || b.right > a.right; }).length"
    )
    assert out == 0


def test_leaves_that_are_not_chosen_stay(opened):
    window = opened(neuron)
    chosen = window.run("return chosenLeaves().map((i) => leaves[i].name)")
    assert chosen == ["w0", "w1", "w2"]
    window.run("rows.get(leaves[0]).chosen.click()")
    window.click("#descend")
    assert window.run("return state.numbers[0]") == 2.0
    assert window.texts(".plot .title") == ["f by step", "f by w1", "f by w2"]


@pytest.mark.parametrize("lr", ["0", "-0.1", "", "-"])
def test_a_step_that_would_move_nothing_is_not_taken(opened, lr):
    window = opened(valley)
    window.run("run(); $('lr').value = ''; $('lr').focus()")
    window.press(*lr)
    window.run("$('lr').dispatchEvent(new Event('input'))")
    assert window.run("return [$('descend').disabled, $('run').disabled, running]") == [
        True,
        True,
        0,
    ]
    assert window.run("return $('lr').getAttribute('aria-invalid')") == "true"
    assert window.text("#progress").endswith("The lr is a number above 0.")
    window.run("$('descend').click()")
    assert window.run("return [state.history.length, state.numbers]") == [1, [3.0, 1.0]]
    window.run("$('lr').value = '0.1'; $('lr').dispatchEvent(new Event('input'))")
    assert window.run("return $('lr').getAttribute('aria-invalid')") == "false"
    window.run("chosenLeaves().forEach((i) => rows.get(leaves[i]).chosen.click())")
    assert window.text("#progress").endswith("No leaf is chosen to move.")
    window.run("rows.get(leaves[0]).chosen.click(); $('descend').click()")
    assert window.run("return state.history.length") == 2


def test_a_number_that_is_given_begins_a_new_descent(opened):
    window = opened(valley)
    window.click("#descend")
    window.run("change(0, 5)")
    assert window.text("#progress") == "After 0 steps loss = 32."


def long_chain():
    x = Value(0.5, name="x")
    y = x
    for _ in range(500):
        y = y * 1.001
    return y


@pytest.mark.parametrize(
    ("make", "why"), [(long_chain, "up to 500 nodes"), (arrays, "Here are arrays")]
)
def test_what_is_not_live_is_shown_and_says_why(opened, make, why):
    window = opened(make)
    assert why in window.text("#unlive")
    assert window.run("return $('descent').hidden")
    assert not window.run("return document.querySelectorAll('#leaves input').length")
    if make is long_chain:
        assert window.run("return allGradients(read.locals)[0]") == pytest.approx(1.001**500)
    assert math.isfinite(window.run("return read.values.at(-1)"))


def test_of_arrays_the_norms_grow_step_by_step(opened):
    window = opened(arrays)
    window.press(LEFT)
    f = arrays()
    f.backward()
    norms = {n.name: np.linalg.norm(n.grad) for n in nodes_of(f) if n.name}
    assert window.texts("#words p") == [
        f"@ (n1) has a gradient of norm {fine(np.linalg.norm(nodes_of(f)[2].grad))} and pulls it "
        "back to its inputs:",
        f"X.grad = n1.grad @ W.T, of norm {fine(norms['X'])}",
        f"W.grad = X.T @ n1.grad, of norm {fine(norms['W'])}",
    ]


def of_all_kinds():
    """Arrays that are drawn in full, as a strip, and in part infinite; and numbers."""
    X, W = Tensor(np.arange(12.0).reshape(3, 4), name="X"), Tensor(np.ones((4, 2)), name="W")
    V = Tensor([[1.0, np.inf], [-0.0, 2.0]], name="V")
    return (X @ W @ V).sum() + (W * W).sum() * Value(2.0, name="c")


@pytest.mark.parametrize("make", [arrays, of_all_kinds])
def test_an_array_is_shown_as_the_picture_shows_it_when_it_is_known(opened, make):
    window = opened(make)
    drawn = ElementTree.fromstring(viz.draw(make()).pipe("svg"))
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]

    def seen():
        return window.run(
            "return [...svg.querySelectorAll('text, polygon')].filter((t) =>"
            " t.getAttribute('visibility') != 'hidden').map((t) => t.textContent)"
        )

    whole = seen()
    assert [text for text in whole if text] == texts
    for step in range(window.run("return LAST") - 1):
        window.run("go(arguments[0])", step)
        assert len(seen()) < len(whole)
        assert "?" in seen() or any("…" in text for text in seen())
    window.run("go(LAST)")
    assert seen() == whole
    assert window.complaints() == []
