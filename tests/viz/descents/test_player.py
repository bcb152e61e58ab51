"""The player of a descent: its numbers, what it shows at each step, and what it lets in."""

import base64
import hashlib
import html
import json
import re
import time

import numpy as np
import pytest
from browser import END, HOME, LEFT, RIGHT, SPACE, TAB, browser, wait
from contrast import too_faint
from names import NASTY

import autodiff as ad
import viz

PATH = [3.0, -2.0, 2.5, 1.0, 0.5]
TWO = {"GD": [[3.0, 1.0], [2.0, -1.2], [1.0, 1.3], [0.0, 0.0]], "other": [[3.0, 1.0], [1.5, 0.5]]}


def square(w):
    return w * w


def bowl(x):
    return x[0] ** 2 + 2 * x[1] ** 2


def one():
    return viz.animate(square, PATH, title="Too far")


def several():
    return viz.animate(square, {"GD": PATH, "short": [3.0, 1.0], "flies": [3.0, 1e30, np.nan]})


def two():
    return viz.animate(bowl, TWO)


def odd():
    return viz.animate(lambda x: x[0] - ad.log(x[0]) + x[1] ** 2, [[2.0, 1.0], [0.1, 0.2], [-1, 0]])


def still():
    return viz.animate(square, [2.0])


def long():
    return viz.animate(square, 3 * 0.999 ** np.arange(4000))


ALL = [one, several, two, odd, still, long]


def told(player):
    """What the page is told, with nothing in it that JSON has not."""
    (text,) = re.findall(
        r'<script type="application/json" id="descent">(.*?)</script>', player.html
    )
    return json.loads(text, parse_constant=pytest.fail)


# -- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ALL)
def test_it_is_one_file_that_loads_nothing(make):
    text = make().html
    assert len(text.encode()) < 200_000
    assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|img|iframe|object|embed)\b(?![^>]*href=\"data:)", text)
    assert " src=" not in text
    assert " style=" not in text
    assert "@import" not in text


def test_its_policy_names_each_text_that_it_has_and_nothing_else():
    text = two().html
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    for tag, count in (("style", 1), ("script", 3)):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(bodies) == count
        assert rules[f"{tag}-src"].split() == [
            f"'sha256-{base64.b64encode(hashlib.sha256(b.encode()).digest()).decode()}'"
            for b in bodies
        ]


def test_it_is_told_what_was_computed():
    facts = told(one())
    (walk,) = facts["walks"]
    assert walk["steps"] == facts["frames"] == [0, 1, 2, 3, 4]
    assert walk["points"] == [[w] for w in PATH]
    assert walk["losses"] == [w * w for w in PATH]
    assert walk["gradients"] == [[2 * w] for w in PATH]
    assert walk["rose"] == [False, True, False, False]
    assert walk["passed"] == [True, True, False, False]
    x, y = facts["curve"]
    np.testing.assert_allclose(np.square(x), y, atol=1e-12)
    facts = told(several())
    assert facts["walks"][2]["losses"][:2] == pytest.approx([9.0, 1e60])
    assert facts["walks"][2]["losses"][2] == "nan"
    assert len({walk["marker"] for walk in facts["walks"]}) == 3


def test_its_contours_enclose_what_is_above_their_level():
    facts = told(two())
    width, height = facts["size"]
    (left, right), (bottom, top) = facts["bounds"]
    assert len(facts["above"]) > 7
    for region in facts["above"]:
        pairs = re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", region["d"])
        x, y = np.array(pairs, float).T
        a = left + x / width * (right - left)
        b = top - y / height * (top - bottom)
        at = a**2 + 2 * b**2
        assert at.min() > region["level"] - 0.03 * max(region["level"], 1)
        edge = (x < 0.1) | (x > width - 0.1) | (y < 0.1) | (y > height - 0.1)
        np.testing.assert_allclose(at[~edge], region["level"], atol=0.03 * max(region["level"], 1))
    assert facts["missing"] == ""
    assert told(odd())["missing"]


def test_a_long_descent_is_played_in_a_thousand_steps():
    facts = told(long())
    frames = facts["frames"]
    assert len(frames) == 1001
    assert (frames[0], frames[1], frames[-1]) == (0, 4, 3999)
    (walk,) = facts["walks"]
    np.testing.assert_allclose(np.ravel(walk["points"]), 3 * 0.999 ** np.array(frames))


def test_it_is_written_whole_and_shows_itself(tmp_path):
    player = viz.animate(square, PATH, tmp_path / "a.html", title="<Too> $far")
    assert (tmp_path / "a.html").read_text() == player.html
    assert "<title>&lt;Too&gt; $far</title>" in player.html
    assert player.html == viz.animate(square, PATH, title="<Too> $far").html
    (document,) = re.findall(r'srcdoc="([^"]*)"', player._repr_html_())
    assert html.unescape(document) == player.html
    assert repr(player).startswith("<Player of ")
    with pytest.raises(ValueError, match=r"ending in \.html, not 'a\.svg'"):
        viz.animate(square, PATH, tmp_path / "a.svg")
    with pytest.raises(TypeError, match="path is an array"):
        viz.animate(square, 3.0, tmp_path / "b.html")
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


@pytest.mark.parametrize("name", [*NASTY, "</script><script>alert(1)</script>"], ids=str.__len__)
def test_a_name_is_text_and_nothing_else(name):
    text = viz.animate(square, {name: PATH}, title=name).html
    assert text.count("<script") == text.count("</script>") == 4
    assert "<script>alert" not in text


# -- in a browser --------------------------------------------------------------------------------


def cells(window, row=1):
    return window.texts(f"#rows tr:nth-child({row}) td")[1:]


def here(window, walk=0):
    """Where the large marker of a walk is, in the units of the landscape."""
    text = window.run(
        "return document.querySelector(`#landscape .walk-${arguments[0]} .here`)"
        "?.getAttribute('transform')", walk,
    )  # fmt: skip
    return text and [float(x) for x in re.findall(r"translate\((\S+) (\S+)\)", text)[0]]


def on_paper(facts, point):
    return [
        (x - low) / (high - low) * size if axis == 0 else (high - x) / (high - low) * size
        for axis, (x, (low, high), size) in enumerate(
            zip(point, facts["bounds"], facts["size"], strict=True)
        )
    ]


@pytest.mark.parametrize("make", ALL)
def test_every_step_is_shown(opened, make):
    window = opened(make)
    last = window.run("return LAST")
    for frame in range(0, last + 1, 1 + last // 20):
        window.run("go(arguments[0])", frame)
        assert "undefined" not in window.run("return document.querySelector('main').innerHTML")
        drawn = window.run(
            "return [...document.querySelectorAll('svg [d], svg [cx]')]"
            ".filter((e) => /NaN|Infinity/.test(e.outerHTML)).length"
        )
        assert drawn == 0


def test_each_step_in_numbers_and_words(opened):
    window = opened(one)
    expected = [
        ["0", "3", "9", "6", "the start"],
        ["1", "−2", "4", "−4", "overshot: past the lowest point of its way"],
        ["2", "2.5", "6.25", "5", "overshot: the loss rose"],
        ["3", "1", "1", "2", "the loss fell"],
        ["4", "0.5", "0.25", "1", "the loss fell, its last step"],
    ]
    for row in expected:
        assert cells(window)[1:] == row
        assert window.text("#count") == f"step {row[0]} of 4"
        window.press(RIGHT)
    assert window.texts("#heads th") == ["step", "w", "loss", "d loss / d w"]
    window.run("go(2)")
    wait(lambda: window.text("#said").startswith("step 2"))
    assert window.text("#said") == (
        "step 2 of 4. the descent: w = 2.5, the loss is 6.25; overshot: the loss rose."
    )


@pytest.mark.parametrize("make", [one, two])
def test_markers_stand_where_the_numbers_are(opened, make):
    window, facts = opened(make), told(make())
    for step in range(len(facts["frames"])):
        window.run("go(arguments[0])", step)
        for k, walk in enumerate(facts["walks"]):
            i = min(step, len(walk["points"]) - 1)
            point = walk["points"][i]
            point = [*point, walk["losses"][i]] if facts["one"] else point
            assert here(window, k) == pytest.approx(on_paper(facts, point), abs=0.01)


def test_the_tangent_has_the_slope_of_the_loss(opened):
    window, facts = opened(one), told(one())
    scales = [size / (high - low) for size, (low, high) in zip(facts["size"], facts["bounds"])]
    for step, w in enumerate(PATH):
        window.run("go(arguments[0])", step)
        d = window.run("return document.querySelector('#landscape .tangent').getAttribute('d')")
        (a, b), (c, e) = [map(float, p.split(",")) for p in d[1:].split("L")]
        assert -(e - b) / (c - a) * scales[0] / scales[1] == pytest.approx(2 * w, rel=1e-3)


def test_what_went_too_far_is_marked(opened):
    window = opened(one)
    count = "return [...'rise ring'.split(' ')].length && ['rise', 'ring'].map((kind) =>"
    count = f"{count} document.querySelectorAll(`#landscape .${{kind}}`).length)"
    for step, marks in enumerate([[0, 0], [0, 1], [1, 1], [1, 1]]):
        window.run("go(arguments[0])", step)
        assert window.run(count) == marks


def test_one_that_has_ended_waits_and_one_that_has_flown_is_gone(opened):
    window = opened(several, hash="#step=4")
    assert cells(window, 2)[:2] == ["short", "1"]
    assert cells(window, 2)[-1] == "the loss fell, its last step"
    assert cells(window, 3)[1:] == [
        "2", "nan", "nan", "nan", "the loss is no finite number any more, its last step",
    ]  # fmt: skip
    assert here(window, 2) is None


def test_a_step_that_leaves_goes_where_it_goes(opened):
    window, facts = opened(several, hash="#step=1"), told(several())
    script = "return document.querySelector('#landscape .walk-2 .rise').getAttribute('d')"
    (a, b), (c, d) = [map(float, p.split(",")) for p in window.run(script)[1:].split("L")]
    assert [a, b] == pytest.approx(on_paper(facts, [3.0, 9.0]), abs=0.01)
    assert abs(c - a) < 1  # as steep as from 3 to 1e30, and from 9 to 1e60
    assert d < -1e4


def test_keys_buttons_and_the_slider(opened):
    window = opened(one)
    at = lambda: int(window.text("#count").split()[1])  # noqa: E731
    for button, step in (("next", 1), ("last", 4), ("back", 3), ("first", 0), ("back", 0)):
        window.click(f"#{button}")
        assert at() == step
    window.run("document.activeElement.blur()")
    for key, step in ((RIGHT, 1), (END, 4), (RIGHT, 4), (LEFT, 3), (HOME, 0), (LEFT, 0)):
        window.press(key)
        assert at() == step
    window.run("$('step').focus()")
    window.press(RIGHT, RIGHT)
    assert at() == 2
    window.press(END)
    assert at() == 4


def test_it_plays_to_the_end_and_pauses(opened):
    window = opened(one)
    window.run("document.activeElement.blur()")
    window.press(SPACE)
    assert window.text("#play") == "Pause"
    wait(lambda: window.text("#count").startswith("step 1"))
    window.press(SPACE)
    assert window.text("#play") == "Play"
    step = window.text("#count")
    time.sleep(0.2)
    assert window.text("#count") == step
    window.run("go(3)")
    window.click("#play")
    wait(lambda: window.text("#play") == "Play")
    assert window.text("#count") == "step 4 of 4"


def test_markers_glide_unless_motion_is_not_wanted(opened):
    for calm in (True, False):
        window, facts = opened(one, calm=calm), told(one())
        window.run(
            "window.seen = []; const before = draw;"
            "const look = () => { seen.push(state.at); playing && requestAnimationFrame(look); };"
            "play(); look();"
        )
        wait(lambda: browser().run("return state.at >= 2"))
        window.run("go(0)")
        between = [at for at in window.run("return seen") if at % 1]
        assert bool(between) != calm
        assert here(window) == pytest.approx(on_paper(facts, [3.0, 9.0]), abs=0.01)


def test_it_begins_at_the_step_that_is_asked_for(opened):
    assert opened(one, hash="#step=2").text("#count") == "step 2 of 4"
    assert opened(one, hash="#step=99").text("#count") == "step 4 of 4"
    assert opened(one).text("#play") == "Play"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("dark", "least"), [(False, 5), (True, 6)])
@pytest.mark.parametrize("make", [one, two])
def test_text_stands_out(opened, make, dark, least, width):
    window = opened(make, dark=dark, width=width, hash="#step=2")
    assert too_faint(window, least, fewest=20) == []


@pytest.mark.parametrize("make", [several, two])
@pytest.mark.parametrize("width", [1280, 820, 390, 320])
def test_nothing_sticks_out_of_a_window(opened, make, width):
    window = opened(make, width=width)
    assert window.sticking_out(width) == []


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_light_or_dark_in_the_colours_of_the_figures(opened, dark):
    window = opened(two, dark=dark, hash="#step=3")
    colours = viz.figures.colours_of("dark" if dark else "light")
    pixels = window.pixels()
    assert pixels[3, 3].tolist() == (viz.figures.rgb(colours.paper) * 255).round().tolist()
    for colour in (colours.colour(0), colours.colour(1), colours.mark):
        near = np.abs(pixels - viz.figures.rgb(colour) * 255).max(-1) < 12
        assert near.sum() > 60


def test_all_that_can_be_reached_has_a_name(opened):
    window = opened(two)
    reached = []
    for _ in range(8):
        window.press(TAB)
        script = "const e = document.activeElement; return e.ariaLabel || e.textContent.trim()"
        reached.append(window.run(script))
    assert "" not in reached
    assert {"step", "Play", "one step on", "where each descent is"} <= set(reached)
    labels = window.run(
        "return [...document.querySelectorAll('svg[role]')].map((e) => e.ariaLabel)"
    )
    assert labels == [
        "the loss over x[0] and x[1], and where GD, other passed",
        "the loss of GD, other at each step",
    ]


def test_no_other_script_or_style_runs_in_it(pages):
    window = browser().open(pages(one))
    window.run(
        "const script = document.createElement('script'); script.textContent = 'window.bad = 1';"
        "document.body.append(script); new Image().src = 'http://127.0.0.1:9/x.png';"
        "fetch('http://127.0.0.1:9/').catch(() => 0);"
    )
    assert window.run("return window.bad") is None
    heard = []
    wait(lambda: heard.extend(window.complaints()) or len(heard) >= 3)
    assert all("Content Security Policy" in message for message in heard)


def test_it_runs_in_the_frame_of_a_notebook(tmp_path):
    (tmp_path / "notebook.html").write_text(one()._repr_html_())
    window = browser().open(tmp_path / "notebook.html")
    window.driver.switch_to.frame(0)
    window.click("#next")
    assert window.text("#count") == "step 1 of 4"
    window.driver.switch_to.default_content()
    assert window.complaints() == []
