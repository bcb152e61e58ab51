"""The page in a real browser: by keys, pointer and sliders, in light and dark, wide and narrow."""

import itertools
import math
import time

import numpy as np
import pytest
from browser import browser
from graphs import arrays, diamond, infinite, neuron, nodes_of, valley
from names import NASTY

import autodiff as ad
import viz
from autodiff import Value
from autodiff.extend import operations
from autodiff.testing.uses import uses
from viz.graphs.numbers import number

pytest.importorskip("pygraphviz")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# Keys as WebDriver has them.
ENTER, SPACE, TAB, HOME, END = "\ue007", " ", "\ue004", "\ue011", "\ue010"
LEFT, UP, RIGHT, DOWN, ESCAPE = "\ue012", "\ue013", "\ue014", "\ue015", "\ue00c"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The file of a graph's page, by the function that makes the graph."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page_of(make):
        if make not in made:
            made[make] = folder / f"{len(made)}.html"
            viz.save(make(), made[make])
        return made[make]

    return page_of


@pytest.fixture
def opened(pages):
    """Opens the page of a graph, and afterwards looks what the console has said."""
    window = browser()

    def open_page(make, **wishes):
        return window.open(pages(make), **wishes)

    yield open_page
    assert window.complaints() == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in window.requests())


def words(window):
    return window.texts("#words p")


def state_of(window):
    """All that the page shows, in which a step leaves nothing behind."""
    return window.run(
        "document.activeElement.blur(); tip.hidden = true;"
        "return [$('stage').innerHTML.replace(/tabindex=\"-?\\d\"| class=\"\"/g, ''),"
        " $('words').innerHTML, document.querySelector('aside').innerHTML,"
        " $('count').textContent, $('step').value,"
        " $('leaf-rows').innerHTML, $('path-rows').innerHTML]"
    )


# -- opening ---------------------------------------------------------------------------------


def leaf_alone():
    return Value(2.0, name="x")


def badly_named():
    return sum((Value(float(i), name=name) for i, name in enumerate(NASTY)), Value(1.0)) ** 2


@pytest.mark.parametrize("make", [neuron, diamond, arrays, infinite, leaf_alone, badly_named])
def test_every_step_of_every_graph_is_shown(opened, make):
    window = opened(make)
    last = window.run("return LAST")
    for step in range(0, last + 1, 1 + last // 25):
        window.run("go(arguments[0])", step)
        assert words(window)
        assert window.text("#count").startswith(f"{step} of {last}")
    window.run("nodes.forEach(follow)")
    assert (window.text("#unlive") == "") == (make not in (arrays, leaf_alone))


def test_it_opens_with_all_that_is_known(opened):
    window = opened(neuron)
    f = neuron()
    f.backward()
    for i, node in enumerate(nodes_of(f)):
        texts = window.texts(f"#n{i} text")
        assert number(node.data) in texts
        assert number(node.grad) in texts
    assert "w0.grad\u00a0=\u00a0−0.1966" in words(window)[0]
    assert window.texts("#backward .line")[-1] == (
        "w0.grad = n1.grad * x0−0.1966x0.grad = n1.grad * w00.3932"
    )
    program = window.text("aside details code")
    assert program.startswith('"""The value of f and its gradient')
    assert window.text("#running-text").startswith("// The value of f.")


def test_numbers_on_cards_are_written_as_the_picture_writes_them(opened):
    rng = np.random.default_rng(0)
    numbers = [*(rng.normal(size=60) * 10.0 ** rng.integers(-9, 9, 60)).tolist()]
    numbers += [
        0.125,
        1.0,
        -3.0,
        0.5,
        0.50001,
        0.375,
        0.625,
        2.5,
        1e4,
        12500.0,
        0.0625,
        0.001,
        0.1,
        0.0999,
        1e-3,
        -0.0,
        1e300,
    ]
    window = opened(neuron)
    found = window.run("return arguments[0].map(brief)", numbers)
    assert found == [number(x) for x in numbers]
    odd = window.run("return [NaN, Infinity, -Infinity].flatMap((x) => [brief(x), fine(x)])")
    assert odd == ["NaN", "nan", "inf", "∞", "−inf", "−∞"]


# -- the walk ------------------------------------------------------------------------------------


def test_each_step_in_words(opened):
    window = opened(neuron, hash="#step=0")
    assert words(window)[0].startswith("The leaves have their values.")
    window.press(RIGHT)
    assert words(window) == ["n1 = w0 * x0 = −2, of w0 = 2 and x0 = −1."]
    for _ in range(8):
        window.press(RIGHT)
    assert words(window)[0].startswith("The forward pass is done: f is 0.7311.")
    assert words(window)[0].endswith("f.grad = 1: f moves as fast as itself.")
    window.press(RIGHT)
    assert words(window) == [
        "f has gradient 1 and sends it to its inputs, times each local gradient:",
        "n7.grad = 1 × −0.5344 = −0.5344",
    ]
    window.press(END, LEFT)
    assert words(window) == [
        "* (n1) has gradient 0.1966 and sends it to its inputs, times each local gradient:",
        "w0.grad = 0.1966 × −1 = −0.1966",
        "x0.grad = 0.1966 × 2 = 0.3932",
    ]


def test_what_comes_later_is_added(opened):
    window = opened(diamond)
    window.press(LEFT)
    assert words(window)[1:] == [
        "x.grad += 1.253 × 1.5 = 1.879 (was 9.52, now 11.4)",
        "x.grad += 1.253 × 1.5 = 1.879 (was 11.4, now 13.28)",
    ]
    assert "+=" in window.texts("#backward .line")[-1]
    assert [" = " in line for line in window.texts("#backward .line")].count(True) > 3


def test_no_gradient_flows_through_what_is_not_taken(opened):
    window = opened(diamond)
    window.run("go(backwardStep.get(nodes.find((node) => node.title == 'neg')))")
    assert words(window)[0] == "neg (n7) has gradient 0: nothing flows back through it."


@pytest.mark.parametrize("make", [neuron, diamond, arrays])
def test_what_is_shown_follows_from_the_step_alone(opened, make):
    window = opened(make, hash="#step=0")
    last = window.run("return LAST")
    forth = []
    for step in range(last + 1):
        forth.append(state_of(window))
        if step < last:
            window.press(RIGHT)
    for step in reversed(range(last)):
        window.press(LEFT)
        assert state_of(window) == forth[step], step
    for step in (last, 3, last - 2, 0):
        window.run(
            "$('step').value = arguments[0]; $('step').dispatchEvent(new Event('input'))", step
        )
        assert state_of(window) == forth[step], step
    opened(make, hash="#step=4")
    assert state_of(window) == forth[4]


def test_buttons_keys_and_lines_lead_to_steps(opened):
    window = opened(neuron)
    at = lambda: int(window.text("#count").split()[0])  # noqa: E731
    for button, step in (("first", 0), ("next", 1), ("next", 2), ("back", 1), ("last", 18)):
        window.click(f"#{button}")
        assert at() == step
    window.press(HOME)
    assert at() == 0
    window.press(LEFT)
    assert at() == 0
    window.click("#backward li:last-child button")
    assert at() == 17
    assert window.texts("[aria-current=step]") == window.texts("#backward li:last-child button")
    window.run("$('step').focus()")
    window.press(HOME, RIGHT, RIGHT)
    assert at() == 2


def test_it_plays_and_pauses(opened):
    window = opened(neuron)
    window.run("document.activeElement.blur()")
    window.press(SPACE)
    assert window.text("#play") == "Pause"
    assert window.text("#count").startswith("0 of")
    wait(lambda: window.text("#count").startswith("1 of"))
    window.press(SPACE)
    assert window.text("#play") == "Play"
    window.click("#play")
    assert window.text("#play") == "Pause"
    window.press(END)
    assert window.text("#play") == "Play"


def wait(holds, most=5.0):
    """Wait until something holds, which it does soon."""
    end = time.monotonic() + most
    while not holds():
        assert time.monotonic() < end, "it has not come to hold"
        time.sleep(0.02)


def test_what_is_not_known_yet_is_a_question(opened):
    window = opened(neuron, hash="#step=0")
    assert window.texts("#n2 text") == ["*", "?", "?"]
    assert window.texts("#en2_0 text") == ["?"]
    window.press(RIGHT)
    assert window.texts("#n2 text") == ["*", "-2.00", "?"]
    assert window.texts("#en2_0 text") == ["-1.00"]
    window = opened(diamond)
    window.press(LEFT, LEFT)
    assert "9.52…" in window.texts("#n0 text")


# -- pointing and walking by keys ----------------------------------------------------------------

EDGE = "x0 → * (n1)\nd n1 / d x0 = 2\nupstream × local = 0.1966 × 2 = 0.3932"


def test_an_edge_that_is_pointed_at_shows_its_product(opened):
    window = opened(neuron)
    window.point_at("#en2_1 text")
    assert window.text("#tip") == EDGE
    assert not window.run("return tip.hidden")
    window.point_at("#n2 text")
    assert window.text("#tip") == "* (n1)\nvalue −2\ngradient 0.1966"
    window.point_at("h1")
    assert window.run("return tip.hidden")


def shared():
    x = Value(3.0, name="x")
    return x * x - 2 * x


def test_a_gradient_of_several_parts_shows_their_sum(opened):
    window = opened(shared)
    window.point_at("#n0 text")
    assert window.text("#tip") == "leaf x\nvalue 3\ngradient 4 = 1 × 3 + 1 × 3 + (−1) × 2"


def test_an_edge_that_has_the_focus_shows_it_too(opened):
    window = opened(neuron)
    window.press(*[TAB] * 1)
    assert window.run("return document.activeElement.id") == "n0"
    for expected in ("n1", "en2_0", "en2_1", "n2"):
        window.press(DOWN)
        assert window.run("return document.activeElement.id") == expected
        assert not window.run("return tip.hidden")
        if expected == "en2_1":
            assert window.text("#tip") == EDGE
    window.press(UP)
    assert window.text("#tip") == EDGE
    window.press(TAB)  # the graph is one place in the order of tabs
    assert window.run("return document.activeElement.id") == "first"
    assert window.run("return tip.hidden")


def test_before_it_is_known_an_edge_does_not_tell(opened):
    window = opened(neuron, hash="#step=0")
    window.point_at("#en2_1 text")
    assert window.text("#tip") == "x0 → * (n1)\nnot computed yet"
    window = opened(neuron, hash="#step=9")
    window.point_at("#en2_1 text")
    assert window.text("#tip").endswith("d n1 / d x0 = 2\nupstream gradient not known yet")


# -- paths ---------------------------------------------------------------------------------------


def test_every_path_of_a_leaf_lights_up_and_they_sum_to_its_gradient(opened):
    window = opened(diamond)
    window.click("#n0")
    assert window.run("return edges.every((edge) => edge.group.classList.contains('lit'))")
    products = window.texts("#path-rows li .gradient")
    assert products == ["4.875", "4.875", "1.879", "1.879", "−0.2299", "0"]
    assert window.texts("#path-rows .sum") == ["The sum over 6 paths: x.grad = 13.28."]
    first = window.text("#path-rows li")
    assert first == "x → n3 → n5 → n6 → z1.5 × 1 × 3.25 × 1 = 4.875"
    window.click("#n0")
    assert not window.run("return document.querySelectorAll('.lit, .dim').length")


def test_a_path_that_is_pointed_at_is_lit_alone(opened):
    window = opened(diamond)
    window.run("$('n0').focus()")
    window.press(ENTER)
    lit = (
        "return edges.filter((edge) => edge.group.classList.contains('lit')).map((e) => e.to.name)"
    )
    assert len(window.run(lit)) == 15
    window.run("document.querySelectorAll('#path-rows button')[4].focus()")
    assert window.run(lit) == ["n4", "n5", "n6", "z"]
    window.point_at("#path-rows li:last-of-type button")
    assert window.run(lit) == ["n7", "n8", "n9", "z"]
    assert window.run("return document.querySelectorAll('.edge.dim').length") == 11
    window.press(ESCAPE)
    assert not window.run("return document.querySelectorAll('.lit, .dim').length")


def test_a_leaf_is_chosen_in_the_list_and_in_its_row_as_well(opened):
    window = opened(neuron)
    window.run("$('from').value = '3'; $('from').dispatchEvent(new Event('change'))")
    assert window.texts("#path-rows .sum") == ["One path: w1.grad = −0.3932."]
    window.run("rows.get(nodes[0]).follow.click()")
    assert window.texts("#path-rows .sum") == ["One path: w0.grad = −0.1966."]
    assert window.run("return document.querySelector('#n0').getAttribute('aria-pressed')") == "true"
    assert window.run("return $('from').value") == "0"


def many_paths():
    x = Value(1.001, name="x")
    y = x
    for _ in range(40):
        y = y + y * 0.01
    return y


def test_of_more_paths_than_can_be_shown_there_is_the_count(opened):
    window = opened(many_paths)
    window.run("follow(nodes[0])")
    assert len(window.texts("#path-rows li")) == 12
    sum_of_all = window.text("#path-rows .sum")
    assert sum_of_all.startswith("The sum over 1,099,511,627,776 paths, of which 12 are shown:")
    assert sum_of_all.endswith(f"x.grad = {1.01**40:.3f}.")


def test_the_butterfly_flies_to_the_output_and_rests_where_motion_is_not_wanted(opened):
    window = opened(neuron, calm=False)
    place = "return document.querySelector('.butterfly')?.getAttribute('transform')"
    window.run("follow(nodes[0])")
    first = window.run(place)
    wait(lambda: window.run(place) != first)
    wait(lambda: window.run(place) is None)
    window = opened(neuron, calm=True)
    window.run("follow(nodes[0])")
    first = window.run(place)
    time.sleep(0.2)
    assert window.run(place) == first is not None


def test_a_dot_runs_along_the_wires_unless_motion_is_not_wanted(opened):
    for calm, dots in ((False, 2), (True, 0)):
        window = opened(neuron, calm=calm, hash="#step=0")
        window.press(RIGHT)
        assert window.run("return document.querySelectorAll('.pulse').length") == dots
        moving = window.run("return getComputedStyle(nodes[0].group).transitionDuration")
        assert (moving == "0s") == calm


# -- how it looks --------------------------------------------------------------------------------

# Of every text that is seen: its colour, and the colour of what is painted right behind it.
COLOURS = """
const seen = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const solid = (colour) => colour && colour != "none" && !/, 0\\)$|transparent/.test(colour);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("script, style, option, title")) {
        continue;
    }
    const inSvg = element.closest("svg");
    element.scrollIntoView({block: "center", inline: "center"});
    const box = element.getBoundingClientRect();
    if (!box.width || !element.checkVisibility() || element.closest(".unseen")) {
        continue;
    }
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let behind = null;
    const stack = document.elementsFromPoint(x, y);
    for (const other of stack.slice(Math.max(stack.indexOf(element), 0))) {
        const style = getComputedStyle(other);
        const shape = other instanceof SVGGeometryElement;
        const fill = shape ? style.fill : style.backgroundColor;
        if (solid(fill) && Number(style.opacity) == 1) {
            behind = fill;
            break;
        }
    }
    const style = getComputedStyle(element);
    seen.push([element.textContent.slice(0, 40), inSvg ? style.fill : style.color, behind]);
}
return seen;
"""


def luminance(colour):
    parts = [float(p) / 255 for p in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("dark", "least"), [(False, 5), (True, 6)])
@pytest.mark.parametrize("make", [neuron, arrays])
def test_text_stands_out(opened, make, dark, least, width):
    window = opened(make, dark=dark, width=width, hash="#step=12")
    window.run("follow(nodes[0]); graph.live && descend()")
    found = window.run(COLOURS)
    assert len(found) > 60 if make is neuron else 40
    low = [(text, colour, behind, contrast(colour, behind)) for text, colour, behind in found]
    assert [one for one in low if one[-1] < least] == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_window_is_light_or_dark_and_has_the_colours_of_the_graph(opened, dark):
    window = opened(neuron, dark=dark)
    pixels = window.pixels()
    page = [0x0D, 0x11, 0x17] if dark else [255, 255, 255]
    assert pixels[3, 3].tolist() == page
    of_values, of_gradients = ([0x45, 0xD6, 0xA6], [0xFF, 0xA0, 0x6B]) if dark else (
        [0x00, 0x69, 0x4D], [0xB8, 0x3A, 0x00])  # fmt: skip
    for colour in (of_values, of_gradients):
        near = np.abs(pixels - colour).max(-1) < 40
        assert near.sum() > 300
    box = window.run("const b = svg.getBoundingClientRect(); return [b.x, b.y, b.right, b.bottom]")
    x, y, right, bottom = map(int, box)
    drawn = np.abs(pixels[y:bottom, x:right] - page).max(-1) > 30
    assert 0.02 < drawn.mean() < 0.5
    assert drawn.any(1).mean() > 0.8  # from its top to its bottom
    assert drawn.any(0).mean() > 0.8


@pytest.mark.parametrize("make", [neuron, diamond, arrays])
@pytest.mark.parametrize("width", [1280, 820, 390, 320])
def test_nothing_sticks_out_of_a_window(opened, make, width):
    window = opened(make, width=width)
    window.run("follow(nodes[0])")
    assert window.run("return document.documentElement.scrollWidth") <= width
    out = window.run(
        "return [...document.querySelectorAll('button, input, select, h1, h2, p')].filter((e) => {"
        " const b = e.getBoundingClientRect(); return b.width && !e.closest('.unseen')"
        " && (b.x < 0 || b.right > innerWidth); }).map((e) => e.outerHTML)"
    )
    assert out == []


@pytest.mark.parametrize(
    "numbers", [(2.0, -3.0), (-12345.678, 1e-7), (1e300, -2e-300), (0.0, 99.99)]
)
def test_numbers_stay_within_their_cards(opened, numbers):
    window = opened(neuron)
    window.run("change(0, arguments[0]); change(2, arguments[1])", *numbers)
    out = window.run(
        "return nodes.flatMap((node) => ['value', 'gradient'].map((which) => {"
        " const text = node.slots[which].text.getBoundingClientRect();"
        " const card = node.group.querySelector('path').getBoundingClientRect();"
        " return text.x >= card.x && text.right <= card.right ? '' : node.name; })).filter(Boolean)"
    )
    assert out == []


def test_on_a_phone_the_card_of_the_step_is_in_view(opened):
    window = opened(neuron, width=390, height=844, hash="#step=0")
    for step in (1, 8, 10, 17):
        window.run("go(arguments[0])", step)
        x, right = window.run(
            "const {x, right} = phaseOf(state.step).node.group.getBoundingClientRect();"
            "return [x, right]"
        )
        assert 0 <= x < right <= 390
    sizes = window.run(
        "return [...document.querySelectorAll('.walk button')]"
        ".map((button) => button.getBoundingClientRect())"
    )
    assert all(box["width"] >= 32 and box["height"] >= 32 for box in sizes)


# -- for a screen reader -------------------------------------------------------------------------


def test_each_step_is_said(opened):
    window = opened(neuron, hash="#step=16")
    assert window.run("return $('said').getAttribute('aria-live')") == "polite"
    window.press(RIGHT)
    wait(lambda: window.text("#said"))
    said = window.text("#said")
    assert said.startswith("17 of 18, backward. * (n1) has gradient 0.1966")
    assert said.endswith("w0.grad = 0.1966 × −1 = −0.1966 x0.grad = 0.1966 × 2 = 0.3932")


@pytest.mark.parametrize("make", [neuron, arrays])
def test_all_that_can_be_reached_has_a_name(opened, make):
    window = opened(make)
    tree = window.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    acting = ("button", "slider", "spinbutton", "checkbox", "combobox", "image", "figure")
    found = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree
             if not n["ignored"] and n["role"]["value"] in acting]  # fmt: skip
    assert len(found) > 20
    assert [one for one in found if not one[1]] == []
    names = [name for _, name in found]
    first = (
        "leaf w0, value 2, gradient −0.1966"
        if make is neuron
        else f"leaf X, 4×3, norm {fine(np.linalg.norm(nodes_of(make())[0].data))}, gradient"
    )
    assert any(name.startswith(first) for name in names)


def test_it_works_by_keys_alone(opened):
    """From the top by Tab: the graph, the steps, the leaves, the descent, the lines."""
    window = opened(valley)
    reached = []
    for _ in range(40):
        window.press(TAB)
        script = "const e = document.activeElement; return e.id || e.ariaLabel || e.className"
        reached.append(window.run(script))
    for wanted in ("n0", "play", "step", "w, slider", "w", "w moves in the descent", "from",
                   "descend", "run", "lr", "line"):  # fmt: skip
        assert wanted in reached
    window.run("$('descend').focus()")
    window.press(ENTER)
    assert window.text("#progress").startswith("After 1 step")


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


def fine(x):
    return f"{x:.4g}".replace("-", "−")


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


def test_leaves_that_are_not_chosen_stay(opened):
    window = opened(neuron)
    chosen = window.run("return chosenLeaves().map((i) => leaves[i].name)")
    assert chosen == ["w0", "w1", "w2"]
    window.run("rows.get(leaves[0]).chosen.click()")
    window.click("#descend")
    assert window.run("return state.numbers[0]") == 2.0
    assert window.texts(".plot .title") == ["f by step", "f by w1", "f by w2"]


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
    assert words(window) == [
        f"@ (n1) has a gradient of norm {fine(np.linalg.norm(nodes_of(f)[2].grad))} and pulls it "
        "back to its inputs:",
        f"X.grad = n1.grad @ W.T, of norm {fine(norms['X'])}",
        f"W.grad = X.T @ n1.grad, of norm {fine(norms['W'])}",
    ]


# -- what it lets in -----------------------------------------------------------------------------


def test_no_other_script_or_style_runs_in_it(pages):
    window = browser().open(pages(neuron))
    window.run(
        "const script = document.createElement('script'); script.textContent = 'window.bad = 1';"
        "document.body.append(script);"
        "const style = document.createElement('style'); style.textContent = 'body{color:red}';"
        "document.body.append(style);"
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        "fetch('http://127.0.0.1:9/').catch(() => 0);"
    )
    assert window.run("return window.bad") is None
    assert window.run("return getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    told = []

    def all_are_refused():
        told.extend(window.complaints())
        return sum("Content Security Policy" in message for message in told) >= 4

    wait(all_are_refused)


def test_it_runs_in_the_frame_of_a_notebook(tmp_path):
    (tmp_path / "notebook.html").write_text(viz.page(neuron())._repr_html_())
    window = browser().open(tmp_path / "notebook.html")
    window.driver.switch_to.frame(0)
    window.click("#back")
    assert window.text("#count").startswith("17 of 18")
    window.driver.switch_to.default_content()
    assert window.complaints() == []
