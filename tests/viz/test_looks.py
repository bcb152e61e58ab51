"""How the page looks, in light and dark, wide and narrow, and what a screen reader is told."""

import numpy as np
import pytest
from browser import ENTER, RIGHT, TAB, browser, wait
from contrast import too_faint
from graphs import arrays, diamond, fine, neuron, nodes_of, valley

import autodiff as ad
import nn
import optim
import viz

pytest.importorskip("pygraphviz")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


# -- how it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("dark", "least"), [(False, 5), (True, 6)])
@pytest.mark.parametrize("make", [neuron, arrays])
def test_text_stands_out(opened, make, dark, least, width):
    window = opened(make, dark=dark, width=width, hash="#step=12")
    window.run("follow(nodes[0]); graph.live && descend()")
    assert too_faint(window, least, fewest=60 if make is neuron else 40) == []


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
    assert window.sticking_out(width) == []


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
    acting = ("button", "slider", "spinbutton", "checkbox", "combobox", "image", "figure")

    def named():
        tree = window.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [
            (n["role"]["value"], n.get("name", {}).get("value", ""))
            for n in tree
            if not n["ignored"] and n["role"]["value"] in acting
        ]

    wait(lambda: len(named()) > 20)  # the browser makes the tree when it has the time
    found = named()
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


# -- in a notebook -------------------------------------------------------------------------------

# What a notebook writes around its outputs, and whether that is dark; None if it does not say.
NOTEBOOKS = [
    ('<body data-jp-theme-light="true">', False),
    ('<body data-jp-theme-light="false">', True),
    ('<body class="vscode-light" data-vscode-theme-kind="vscode-light">', False),
    ('<body class="vscode-dark" data-vscode-theme-kind="vscode-dark">', True),
    ('<body class="vscode-high-contrast">', True),
    ('<body class="vscode-high-contrast vscode-high-contrast-light">', False),
    ('<html theme="dark"><body>', True),
    ('<html data-theme="light"><body>', False),
    ("<body>", None),
]


@pytest.fixture(scope="module")
def outputs():
    """Something of each kind, as a notebook shows it."""
    history = optim.History()
    for loss in (3.0, 2.0, 1.0):
        history.note_step(epoch=1, rows=1, loss=loss, gradient_norm=1.0, lr=0.1, time=0.1)
    program = ad.derive(lambda w, x: 1.5 * ad.tanh(w * x), 1.0, 2.0)
    things = [neuron(), neuron(), arrays(), program, nn.Sequential(nn.Linear(2, 3)), history]
    shown = [thing._repr_mimebundle_()["text/html"] for thing in things]
    return "\n".join([*shown, viz.page(neuron())._repr_html_()])


@pytest.mark.parametrize("dark_system", [False, True])
@pytest.mark.parametrize(("head", "dark"), NOTEBOOKS)
def test_it_is_light_or_dark_as_the_notebook_is(head, dark, dark_system, outputs, tmp_path):
    shown_dark = dark_system if dark is None else dark
    paper = "#111111" if dark else "#ffffff"
    style = f"<style>body {{ background: {paper} }}</style>"
    (tmp_path / "page.html").write_text(f"<!doctype html>{head}{style}{outputs}", encoding="utf-8")
    window = browser().open(tmp_path / "page.html", dark=dark_system)
    card = "return getComputedStyle(document.querySelector('path[fill=\"#ffffff\"]')).fill"
    assert window.run(card) == ("rgb(28, 35, 44)" if shown_dark else "rgb(255, 255, 255)")
    grounds = set(
        window.run(
            "return [...document.querySelectorAll('.nabigrad-shown')].map("
            " (e) => getComputedStyle(e).backgroundColor)"
        )
    )
    own = "rgb(13, 17, 23)" if shown_dark else "rgb(255, 255, 255)"
    assert grounds == ({own} if dark is None else {"rgba(0, 0, 0, 0)"})
    assert too_faint(window, 6 if shown_dark else 5, fewest=120) == []
    window.driver.switch_to.frame(0)
    asked = window.run("return matchMedia('(prefers-color-scheme: dark)').matches")
    window.driver.switch_to.default_content()
    assert asked == shown_dark
    assert window.complaints() == []


def test_where_styles_are_left_out_a_picture_is_an_image(outputs, tmp_path):
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{outputs}", encoding="utf-8")
    window = browser().open(tmp_path / "page.html", dark=True)
    seen = (
        "const seen = (s) => [...document.querySelectorAll(s)].filter("
        " (e) => e.getBoundingClientRect().height > 0).length; "
        "return [seen('.nabigrad-live'), seen('.nabigrad-still'), seen('.nabigrad-still img')]"
    )
    assert window.run(seen) == [5, 0, 0]
    window.run("document.querySelectorAll('style').forEach((style) => style.remove())")
    wait(lambda: window.run(seen) == [0, 5, 4])
    sizes = window.run(
        "return [...document.querySelectorAll('.nabigrad-still img')].map((i) => i.naturalWidth)"
    )
    assert min(sizes) > 300
    box = window.run(
        "const b = document.querySelector('.nabigrad-still img').getBoundingClientRect();"
        " return [b.x, b.y]"
    )
    x, y = map(int, box)
    assert window.pixels()[y + 3, x + 3].tolist() == [255, 255, 255]  # light, on its own ground


def test_outputs_beside_each_other_share_no_id_and_have_tooltips(outputs, tmp_path):
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{outputs}", encoding="utf-8")
    window = browser().open(tmp_path / "page.html")
    ids = window.run("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids)) > 0  # of the clips of the curve
    tooltip = "[...document.querySelectorAll('svg g > title')].map((e) => e.textContent)"
    tooltips = window.run(
        f"return {tooltip}.concat([document.querySelector('svg title') instanceof SVGTitleElement])"
    )
    assert tooltips.pop() is True
    assert "exp: value=0.36787944117144233 gradient=-0.53444664538" in " ".join(tooltips)


def test_a_wide_picture_shrinks_to_its_place_or_is_scrolled_there(outputs, tmp_path):
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{outputs}", encoding="utf-8")
    for width in (1400, 800, 600):
        window = browser().open(tmp_path / "page.html", width=width)
        drawn = window.run("return document.querySelector('svg').getBoundingClientRect().width")
        whole = window.run("return document.querySelector('svg').viewBox.baseVal.width") * 4 / 3
        assert 0.59 * whole < drawn < 1.01 * whole
        assert drawn <= max(width, 0.61 * whole)
        assert window.run("return document.documentElement.scrollWidth") <= width
