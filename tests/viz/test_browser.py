"""The page in a real browser: its steps, its paths, what is pointed at, and what it lets in."""

import time

import numpy as np
import pytest
from browser import DOWN, END, ENTER, ESCAPE, HOME, LEFT, RIGHT, SPACE, TAB, UP, browser, wait
from graphs import arrays, diamond, infinite, neuron, nodes_of
from names import NASTY

import viz
from autodiff import Value
from viz.graphs.numbers import number

pytest.importorskip("pygraphviz")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


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


def test_what_is_not_known_yet_is_a_question(opened):
    window = opened(neuron, hash="#step=0")
    assert window.texts("#n2 text") == ["*", "?", "?"]
    assert window.texts("#en2_0 text") == ["?"]
    window.press(RIGHT)
    assert window.texts("#n2 text") == ["*", "−2", "?"]
    assert window.texts("#en2_0 text") == ["−1"]
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
        # In one go, since the dots are soon there and gone.
        count = "go(state.step + 1); return document.querySelectorAll('.pulse').length"
        assert window.run(count) == dots
        moving = window.run("return getComputedStyle(nodes[0].group).transitionDuration")
        assert (moving == "0s") == calm


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


def test_a_frame_that_is_hidden_is_laid_out_when_it_is_shown(tmp_path):
    hidden = f"<div hidden>{viz.page(neuron())._repr_html_()}</div>"
    (tmp_path / "notebook.html").write_text(hidden)
    window = browser().open(tmp_path / "notebook.html")
    window.run("document.querySelector('div').hidden = false")
    window.driver.switch_to.frame(0)
    wait(lambda: window.text("#count"))
    places = window.run("return nodes.map((n) => Number(n.slots.value.text.getAttribute('x')))")
    window.driver.switch_to.default_content()
    assert len(set(places)) > 5  # and not all at the left
    assert window.complaints() == []


def test_it_runs_in_the_frame_of_a_notebook(tmp_path):
    (tmp_path / "notebook.html").write_text(viz.page(neuron())._repr_html_())
    window = browser().open(tmp_path / "notebook.html")
    window.driver.switch_to.frame(0)
    window.click("#back")
    assert window.text("#count").startswith("17 of 18")
    window.driver.switch_to.default_content()
    assert window.complaints() == []
