"""The bench in a real browser: what is typed, what is shown of it, and how it looks."""

import functools
import urllib.parse

import pytest
from bench import running
from browser import DOWN, ENTER, LEFT, RIGHT, TAB, UP, browser, wait
from contrast import too_faint

pytest.importorskip("pygraphviz")
SHIFT = "\ue008"
NEURON = "sigmoid(w0*x0 + w1*x1 + w2)"


@pytest.fixture(scope="module")
def bench():
    browser()
    with running() as bench:
        yield bench


@pytest.fixture
def opened(bench):
    """Opens the bench, and afterwards looks what the console has said, and who was asked."""
    window = browser()

    def open_bench(hash="", **wishes):
        window.open(bench.url, hash=hash, **wishes)
        wait(lambda: idle(window))
        return window

    yield open_bench
    assert window.complaints() == []
    own = (f"http://127.0.0.1:{bench.server_port}/", "data:", "about:")
    assert all(url.startswith(own) for url in window.requests())


def idle(window):
    """Whether the last question has its answer."""
    return window.run("return document.body.getAttribute('aria-busy') == 'false' && !pending")


def typed(window, text, field="#expression"):
    """Type into a field in the place of what is there."""
    window.run("const e = document.querySelector(arguments[0]); e.focus(); e.select()", field)
    window.press(text)
    wait(lambda: idle(window))


def result(window):
    return window.text("#result-name"), window.text("#result-value")


def leaves(window):
    """Name, value and gradient of each card."""
    return window.run(
        "return [...document.querySelectorAll('#leaves .card')].map((card) =>"
        " [card.querySelector('.name').textContent, card.querySelector('input').value,"
        " card.querySelector('.gradient').textContent])"
    )


# -- the answer ----------------------------------------------------------------------------


def test_it_opens_with_a_neuron_and_all_of_its_answer(opened):
    window = opened()
    assert window.run("return $.expression.value") == NEURON
    assert result(window) == ("f", "0.731059")
    assert leaves(window)[:2] == [["w0", "2", "−0.196612"], ["x0", "-1", "0.393224"]]
    assert {"sigmoid", "0.731", "−0.197"} <= set(window.texts("#picture svg text"))
    assert window.texts("#rows tr:last-child > *") == [
        "f", "1 / (1 + exp(-n4))", "0.731059", "1", "∂/∂n4 = 0.196612",
    ]  # fmt: skip
    assert len(window.texts("#checks tr .agrees")) == 6
    assert window.text("#verdict").endswith("and derived program agree.")
    assert window.text("#program").startswith('"""The value of f and its gradient by w0')
    assert window.text("#fault") == ""


def test_the_picture_changes_with_what_is_typed(opened):
    window = opened()
    typed(window, "loss = x*y + sin(x)")
    assert [leaf[:2] for leaf in leaves(window)] == [["x", "1"], ["y", "1"]]
    assert result(window) == ("loss", "1.84147")
    assert "loss" in window.texts("#picture svg text")
    typed(window, "2", "#leaves .card:nth-child(2) input")
    assert result(window) == ("loss", "2.84147")
    assert "2.84" in window.texts("#picture svg text")
    typed(window, "pi/2", "#leaves .card:nth-child(1) input")
    assert leaves(window)[0] == ["x", "pi/2", "2"]


def test_values_are_remembered_while_a_name_is_typed(opened):
    window = opened("#x*y&x=2&y=3")
    typed(window, "x")
    assert leaves(window) == [["x", "2", "1"]]
    typed(window, "y*x")
    assert leaves(window) == [["y", "3", "2"], ["x", "2", "3"]]


def test_a_kink_is_told_from_a_fault(opened):
    window = opened("#relu(x)&x=0")
    assert window.texts("#checks .kink") == ["∧ a kink: 0 from the left, 1 from the right"]
    assert window.text("#verdict") == "1 of 2 checks agree, 1 is at a kink."


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part", "words"),
    [
        ("x + 2x", "2x", "for a product write 2*x"),
        ("x^2", "^", "write x**2"),
        ("x + sin x", "sin x", "write sin(x)"),
        ("x + zeta(1)", "zeta", "there is no function 'zeta'"),
        ("x +", "", "the expression ends too soon"),
        ("(x", "(", "was never closed"),
        ("λ²*é", "²", "write λ**2"),
        ("𝒙*x + x^2", "^", "write x**2"),  # a letter that is two units of a string
        ("x + 🦋", "🦋", "invalid character"),
        ("</script><script>bad = 1</script>", "</", ""),
    ],
)
def test_an_error_is_marked_where_it_is(opened, text, part, words):
    window = opened("#x&x=1")
    window.run("$.expression.value = arguments[0]; askSoon()", text)
    wait(lambda: window.text("#fault"))
    assert words in window.text("#fault")
    if words:
        assert window.texts("#mirror mark") == [part]
    assert window.text("#mirror").removesuffix("\u200b") == text
    assert window.run("return $.expression.getAttribute('aria-invalid')") == "true"
    assert window.run("return window.bad") is None
    assert window.run("return $.answer.classList.contains('stale')")
    box, field = window.run(
        "return [$.mirror, $.expression].map((e) => JSON.stringify(e.getBoundingClientRect()))"
    )
    assert box == field  # so that the mark lies under its text
    typed(window, "x*x")
    assert window.text("#fault") == ""
    assert not window.texts("#mirror mark")
    assert not window.run("return $.answer.classList.contains('stale')")


def test_an_error_in_a_value_is_marked_in_its_field(opened):
    window = opened("#x*y&x=1&y=2")
    typed(window, "3 +", "#leaves .card:nth-child(2) input")
    assert window.text("#fault") == "The value of y: the expression ends too soon"
    assert window.run(
        "return [...document.querySelectorAll('[aria-invalid=true]')].map((e) => e.value)"
    ) == ["3 +"]
    typed(window, "3", "#leaves .card:nth-child(2) input")
    assert result(window) == ("f", "3")


def test_where_the_server_has_gone_it_says_so():
    window = browser()
    with running(workers=1) as other:
        window.open(other.url, hash="#x&x=1")
        wait(lambda: idle(window))
    window.run("ask()")
    wait(lambda: window.text("#fault"))
    assert window.text("#fault") == "The bench is closed: start it again in the terminal."
    window.driver.get("about:blank")


# -- keys ----------------------------------------------------------------------------------


def test_by_keys_alone(opened):
    from selenium.webdriver import ActionChains

    window = opened("#x*y&x=1&y=2")
    active = "return document.activeElement.id || document.activeElement.className"
    assert window.run(active) == "expression"
    window.press(ENTER)
    assert window.run("return document.activeElement.value") == "1"
    window.press(UP, UP, DOWN)
    wait(lambda: result(window)[1] == "2.2")
    shifted = ActionChains(window.driver, duration=0).key_down(SHIFT).send_keys(UP).key_up(SHIFT)
    shifted.perform()
    wait(lambda: result(window)[1] == "4.2")
    window.run("document.activeElement.blur()")
    window.press("s")
    wait(lambda: window.texts("#page iframe") == [""])
    window.press("p")
    assert window.run("return $.page.hidden && !$.picture.hidden")
    window.press("/")
    assert window.run(active) == "expression"
    assert window.run("return $.expression.value") == "x*y"
    for _ in range(3):  # two values, and the tabs, of which one is in the order
        window.press(TAB)
    assert window.run(active) == "tab-picture"
    window.press(RIGHT)
    assert window.run(active) == "tab-page"
    assert window.run("return $['tab-page'].getAttribute('aria-selected')") == "true"
    window.press(LEFT)
    assert window.run("return $.page.hidden")


def test_all_that_can_be_reached_is_seen_there_and_has_a_name(opened):
    window = opened()
    seen = []
    window.press(TAB)  # who moves by keys sees where, and the window may have known a pointer
    window.run("document.querySelector('nav a').focus()")
    for _ in range(40):
        name, outline = window.run(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "const by = e.getAttribute('aria-labelledby');"
            "const words = by ? document.getElementById(by).textContent"
            "  : e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent;"
            "return [e == document.body ? null : words.trim(), s.outlineStyle != 'none'"
            "  || e.closest('.field, .card') != null]"
        )
        if name is None:
            break
        assert name
        assert outline, name
        seen.append(name)
        window.press(TAB)
    assert {"a neuron", "Expression", "w0−0.196612", "Picture", "Save the picture"} <= set(seen)


# -- the address ---------------------------------------------------------------------------


def test_the_address_keeps_what_is_typed(opened):
    window = opened("#x&x=1")
    text = "été = λ/2 + x*(1 + 2) - 3e-1  # 50 % & more = ;"
    window.run("$.expression.value = arguments[0]; askSoon()", text)
    wait(lambda: leaves(window) and leaves(window)[0][0] == "λ" and idle(window))
    typed(window, "pi/4", "#leaves .card:nth-child(1) input")
    hash = window.run("return location.hash")
    before = leaves(window), result(window)
    assert before[0][0][:2] == ["λ", "pi/4"]
    window = opened(hash)
    assert window.run("return $.expression.value") == text
    assert (leaves(window), result(window)) == before
    assert window.run("return location.hash") == hash


@pytest.mark.parametrize("hash", ["#%", "#x&x", "#x&=1", "#x&x=%E0%A4%A", "#&&&", "#x&__proto__=1"])
def test_an_address_that_is_broken_breaks_nothing(opened, hash):
    window = opened(hash)
    typed(window, "x*x")
    typed(window, "3", "#leaves .card input")
    assert result(window) == ("f", "9")


def shows(window, expression):
    return window.run("return $.expression.value") == expression and idle(window)


def test_every_example_is_a_link_that_can_be_kept(opened):
    window = opened()
    for link in window.driver.find_elements("css selector", "nav a"):
        whole = link.get_attribute("href").partition("#")[2]
        expression = urllib.parse.unquote(whole.partition("&")[0])
        link.click()
        wait(functools.partial(shows, window, expression))
        assert window.text("#fault") == ""
        assert window.run("return decodeURIComponent(location.hash)").startswith(f"#{expression}")
        assert window.run("return Object.keys($).length == document.querySelectorAll('[id]')"
                          ".length - document.querySelectorAll('svg [id]').length")  # fmt: skip


# -- the page that steps -------------------------------------------------------------------


def test_the_page_steps_within_the_bench(opened):
    window = opened("#x*x&x=3")
    window.click("#tab-page")
    window.driver.switch_to.frame(0)
    try:
        wait(lambda: "0 of" in window.text("#count"))
        window.click("#last")
        assert "Every gradient is known. f = 9, x.grad\xa0=\xa06." in window.texts("#words p")
        assert window.run("return origin") == "null"  # it can reach nothing of the bench
    finally:
        window.driver.switch_to.default_content()
    typed(window, "x*x*x")
    wait(lambda: "x*x*x" in window.run("return decodeURIComponent($.page.firstChild.src)"))
    assert window.run("return $.open.href == $.page.firstChild.src.replace('#step=0', '')")


def test_of_a_graph_too_large_to_step_through_it_says_so(opened):
    window = opened("#" + "%2B".join(["x*y"] * 300))
    window.run("choose('page')")
    window.driver.switch_to.frame(0)
    try:
        wait(lambda: window.texts("p"))
        assert "up to 500 nodes, but this has 601" in window.text("p")
        assert window.run("return getComputedStyle(document.body).fontSize") == "20px"
    finally:
        window.driver.switch_to.default_content()
    window.run("choose('picture')")


def test_no_other_script_runs_in_it(bench):
    window = browser().open(bench.url)
    wait(lambda: idle(window))
    window.run(
        "const script = document.createElement('script'); script.textContent = 'window.bad = 1';"
        "document.body.append(script);"
        "$.picture.innerHTML = '<img src=x onerror=\"window.bad = 1\">';"
        "fetch('http://127.0.0.1:9/').catch(() => 0);"
    )
    told = []

    def all_are_refused():
        told.extend(window.complaints())
        return sum("Content Security Policy" in message for message in told) >= 3

    wait(all_are_refused)
    assert window.run("return window.bad") is None


# -- how it looks --------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("dark", "least"), [(False, 5), (True, 6)])
def test_text_stands_out(opened, dark, least, width):
    window = opened(dark=dark, width=width)
    assert too_faint(window, least, fewest=100) == []
    window.run("$.expression.value = 'x + 2x'; askSoon()")
    wait(lambda: window.text("#fault"))
    window.run("$.answer.hidden = $.result.hidden = true")  # which are faint on purpose now
    assert too_faint(window, least, fewest=12) == []


@pytest.mark.parametrize("hash", ["", "#tanh(w*tanh(w*tanh(w*x)))&w=0.5&x=1"])
def test_on_a_projector_the_whole_picture_is_in_view_and_large(opened, hash):
    window = opened(hash, width=1280, height=720)
    top, bottom, width = window.run(
        "const b = $.picture.querySelector('svg').getBoundingClientRect();"
        "return [b.top, b.bottom, b.width]"
    )
    assert 0 < top < bottom <= 720
    assert width > 800
    size = "return parseFloat(getComputedStyle(document.querySelector(arguments[0])).fontSize)"
    assert window.run(size, "#expression") >= 28
    assert window.run(size, ".card") >= 20
    assert window.run(size, "td.value") >= 18


@pytest.mark.parametrize("width", [1920, 1280, 820, 390, 320])
def test_nothing_sticks_out_of_a_window(opened, width):
    window = opened(
        "#sigmoid(weight_of_the_first*x0 %2B w1*x1 %2B w2) * 1.000000000001", width=width
    )
    assert window.sticking_out(width) == []


@pytest.mark.parametrize("times", [12, 200])
def test_a_long_expression_and_its_mark_wrap_together(opened, times):
    window = opened("#x&x=1", width=390)
    window.run("$.expression.value = 'sin(x) + '.repeat(arguments[0]) + '2x'; askSoon()", times)
    wait(lambda: window.text("#fault"))
    scroll, height, bottom, end, above, below, field = window.run(
        "const f = $.expression, b = f.getBoundingClientRect();"
        "const m = $.mirror.querySelector('mark').getBoundingClientRect();"
        "const p = f.parentElement.getBoundingClientRect();"
        "return [f.scrollHeight, f.clientHeight, b.bottom, m.bottom, m.top - p.top,"
        " p.bottom - m.bottom, p.height]"
    )
    assert scroll <= height
    assert bottom - 60 < end <= bottom
    assert min(above, below) >= 0  # it is scrolled into view
    assert field < 200
