"""What a notebook shows of each thing, and what it does not do for that."""

import html
import re
import subprocess
import sys
import types
from xml.etree import ElementTree

import numpy as np
import pytest
from graphs import arrays, neuron

import autodiff as ad
import nn
import viz
from autodiff import Tensor, Value
from autodiff.extend import gradient_of, topological
from optim import History
from viz import figures, notebook
from viz.notebook import bundle

RICH = ["text/plain", "text/html", "image/svg+xml"]


def words(page):
    """The text of an HTML page, without its style."""
    return html.unescape(re.sub("<[^>]*>", "", re.sub("(?s)<style>.*?</style>", "", page)))


def history(steps=4):
    made = History()
    for i in range(steps):
        made.note_step(epoch=1, rows=2, loss=1 / (i + 1), gradient_norm=1.0, lr=0.1, time=0.5)
    made.end_epoch({})
    return made


# -- graphs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [neuron, arrays])
def test_a_node_shows_its_graph_and_touches_no_gradient(make):
    f = make()
    nodes = topological(f)
    shown = f._repr_mimebundle_()
    assert list(shown) == RICH
    assert shown["text/plain"] == repr(f)
    assert "<title>Graph of " in shown["text/html"]
    assert "<script" not in shown["text/html"]
    ElementTree.fromstring(shown["image/svg+xml"].encode())
    assert all(gradient_of(node) is None for node in nodes)
    f.backward()
    before = [np.copy(node.grad) for node in nodes]
    f._repr_mimebundle_()
    np.testing.assert_array_equal(np.concatenate([np.ravel(n.grad) for n in nodes]),
                                  np.concatenate([np.ravel(g) for g in before]))  # fmt: skip


def test_of_an_array_the_numbers_are_shown_too():
    t = Tensor(np.arange(40.0).reshape(20, 2), name="<t>") * 2.0
    page = t._repr_mimebundle_()["text/html"]
    assert words(page).startswith(repr(t))
    t.name = "</pre><script>alert(1)</script>"
    page = t._repr_mimebundle_()["text/html"]
    assert words(page).startswith(repr(t))
    assert "<script" not in page
    assert "Tensor(" not in words(neuron()._repr_mimebundle_()["text/html"])


def test_a_leaf_is_its_text(monkeypatch):
    monkeypatch.setattr(notebook, "draw", None)
    with ad.no_grad():
        unrecorded = Value(2.0) * 3.0
    for leaf in (Value(2.0, name="x"), Tensor(np.ones(3)), unrecorded):
        assert bundle(leaf) == {"text/plain": repr(leaf)}


def chain(count):
    """A graph of so many nodes."""
    x = y = Value(1.0, name="x")
    for _ in range(count - 1):
        y = y * x
    return y


def test_forty_nodes_are_drawn_and_one_more_is_not():
    assert len(topological(chain(40))) == 40
    assert list(bundle(chain(40))) == RICH
    f = chain(41)
    assert bundle(f) == {
        "text/plain": "Value(1.0, grad=0.0)\n"
        "Not shown: a graph of more than 40 nodes is not drawn unasked.\n`viz.draw(_)` draws it."
    }
    f.name = "f"
    assert bundle(f)["text/plain"].endswith("\n`viz.draw(f)` draws it.")
    f.name = "no identifier"
    assert bundle(f)["text/plain"].endswith("\n`viz.draw(_)` draws it.")


@pytest.mark.parametrize(
    "make", [lambda: chain(100_000), lambda: ad.stack([Value(1.0) for _ in range(100_000)]).sum()]
)
def test_of_a_large_graph_a_few_nodes_are_looked_at(make, monkeypatch):
    seen, data_of = [], notebook.data_of
    monkeypatch.setattr(notebook, "data_of", lambda node: seen.append(node) or data_of(node))
    monkeypatch.setattr(notebook, "draw", None)
    assert "more than 40 nodes" in bundle(make())["text/plain"]
    assert len(seen) <= 41


def test_no_pass_goes_through_large_arrays_unasked(monkeypatch):
    small, large = (Tensor(np.ones(n), name="x") * 2.0 for n in (49_000, 51_000))
    assert list(bundle(small)) == RICH
    monkeypatch.setattr(notebook, "draw", None)
    text = bundle(large)["text/plain"]
    assert text.startswith(f"{large!r}\nNot shown: a graph of more than 100,000 numbers is not")


def test_a_leaf_that_was_changed_is_told():
    x = Value(2.0, name="x")
    f = x * x
    x.data = 3.0
    shown = bundle(f)
    assert list(shown) == ["text/plain"]
    assert "\nNot shown: `x` was changed" in shown["text/plain"]


def test_where_nothing_renders_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for thing, text in ((neuron(), "Value("), (viz.draw(neuron()), "Graph of f = 0.731")):
        shown = bundle(thing)
        assert list(shown) == ["text/plain"]
        assert shown["text/plain"].startswith(text)
        assert "\nNot shown: Drawing needs Graphviz, and neither" in shown["text/plain"]
        assert "pip install" in shown["text/plain"]


@pytest.mark.parametrize(
    ("error", "told"), [(ZeroDivisionError("as it will"), "as it will"), (KeyError(), "KeyError")]
)
def test_whatever_is_raised_is_told(error, told, monkeypatch):
    def unruly(node):
        raise error

    monkeypatch.setattr(notebook, "draw", unruly)
    assert bundle(chain(2)) == {"text/plain": f"Value(1.0, grad=0.0)\nNot shown: {told}"}


def test_an_interrupt_is_one(monkeypatch):
    def interrupted(node):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebook, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bundle(chain(2))


def test_a_node_is_shown_where_it_is_differentiated():
    shown = []

    def f(x):
        y = x * x
        shown.append(bundle(y))
        return y

    assert ad.grad(f)(3.0) == 6.0
    assert list(shown[0]) == RICH


def test_a_picture_shows_itself():
    picture = viz.draw(neuron())
    shown = picture._repr_mimebundle_()
    assert list(shown) == RICH
    assert shown["text/plain"] == picture.alt
    assert repr(picture) == "<Picture: Graph of f>"


def test_an_array_is_called_as_in_the_cells(monkeypatch):
    cells = types.ModuleType("__main__")
    cells.X = np.array([[2.0, 3.0]])
    monkeypatch.setitem(sys.modules, "__main__", cells)
    f = cells.X @ Tensor(np.ones((2, 1)), name="W")
    assert ">X<" in f._repr_mimebundle_()["text/html"]
    cells.Y = cells.X.copy()
    assert ">X<" not in f._repr_mimebundle_()["text/html"]  # it may be Y


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_a_theme_keeps_it(theme):
    page = bundle(viz.draw(neuron(), theme=theme))["text/html"]
    assert "nabigrad-shown" not in page  # so that no style of another picture is of it
    assert ("#0d1117" in page) == (theme == "dark")


# -- what is asked for -----------------------------------------------------------------------------


def test_just_what_is_asked_for_is_given():
    f = neuron()
    assert list(bundle(f, include={"image/svg+xml"})) == ["image/svg+xml"]
    assert list(bundle(f, exclude={"image/svg+xml"})) == ["text/plain", "text/html"]
    assert list(bundle(f, include=RICH, exclude=["text/html"])) == ["text/plain", "image/svg+xml"]
    assert f._repr_mimebundle_(include=None, exclude=None) == bundle(f)


@pytest.mark.parametrize(
    ("active", "rich"), [(["text/plain"], False), (["text/plain", "text/html"], True), (None, True)]
)
def test_a_terminal_asks_for_text_alone(active, rich, monkeypatch):
    formatter = types.SimpleNamespace(active_types=active)
    shell = types.SimpleNamespace(display_formatter=formatter) if active else None
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    f = neuron()
    assert bundle(f)["text/plain"] == repr(f)
    assert list(bundle(f)) == (RICH if rich else RICH[:1])
    if not rich:
        program = ad.derive(ad.sin, 1.0)
        assert bundle(program) == {"text/plain": repr(program)}


# -- text and tables -----------------------------------------------------------------------------


@pytest.mark.parametrize("with_colours", [True, False])
@pytest.mark.parametrize("engine", ["numpy", "javascript"])
def test_a_program_shows_its_text(engine, with_colours, monkeypatch):
    if with_colours:
        pytest.importorskip("pygments")
    else:
        monkeypatch.setitem(sys.modules, "pygments", None)
    program = ad.derive(lambda w, x: ad.where(w < x, ad.tanh(w * x), x), 1.0, 2.0, engine=engine)
    shown = program._repr_mimebundle_()
    assert shown["text/plain"] == program.source
    assert words(shown["text/html"]) == program.source.rstrip()
    assert ('<span class="' in shown["text/html"]) == with_colours


def test_of_a_long_program_the_beginning_is_shown():
    def f(x):
        for _ in range(300):
            x = ad.sin(x)
        return x

    program = ad.derive(f, 1.0)
    lines = program.source.splitlines()
    shown = words(program._repr_mimebundle_()["text/html"]).splitlines()
    assert shown[:200] == lines[:200]
    assert shown[200:] == [f"and {len(lines) - 200:,} lines more: `print` has them all"]


def test_a_compiled_function_shows_its_last_program():
    double = ad.compile(lambda w: w * 2.0)
    first = double._repr_mimebundle_()["text/plain"].splitlines()
    assert first[0] == repr(double)
    assert first[1].startswith("Not shown: Nothing is compiled before the first call")
    double(np.ones(3))
    shown = double._repr_mimebundle_()
    assert double.source in shown["text/plain"]
    assert words(shown["text/html"]) == double.source.rstrip()


def rows(page):
    found = re.findall("<tr>(.*?)</tr>", page)
    return [[html.unescape(c) for c in re.findall("<t[hd]>(.*?)</t[hd]>", row)] for row in found]


def test_a_module_shows_its_layers():
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 1)))
    shown = model._repr_mimebundle_()
    assert shown["text/plain"] == repr(model)
    assert rows(shown["text/html"]) == [
        ["layer", "kind", "parameters"],
        ["layers.0", "Linear(2, 4)", "12"],
        ["layers.1", "Tanh()", "0"],
        ["layers.2", "Sequential", "0"],
        ["layers.2.layers.0", "Linear(4, 1)", "5"],
        ["total", "Sequential", "17"],
    ]
    model.layers[0].freeze()
    assert rows(bundle(model)["text/html"])[-2:] == [
        ["total", "Sequential", "5"],
        ["frozen", "", "12"],
    ]
    assert rows(bundle(nn.Linear(2, 3))["text/html"])[1:] == [["total", "Linear(2, 3)", "9"]]


def test_a_table_escapes_what_is_in_it_and_ends():
    class Odd(nn.Module):
        def describe(self):
            return "<b>&"

    model = nn.Sequential(*(Odd() for _ in range(300)))
    table = rows(bundle(model)["text/html"])
    assert table[1] == ["layers.0", "Odd(<b>&)", "0"]
    assert table[-3:-1] == [["layers.199", "Odd(<b>&)", "0"], ["and 100 more"]]


# -- trainings -----------------------------------------------------------------------------------


def test_a_history_shows_its_curve():
    pytest.importorskip("matplotlib")
    made = history()
    shown = made._repr_mimebundle_()
    assert list(shown) == RICH
    assert shown["text/plain"] == repr(made)
    assert {"loss", "epoch", "each step", "training"} <= set(
        re.findall("<text[^>]*>([^<]*)<", shown["text/html"])
    )
    assert shown == made._repr_mimebundle_()


def test_a_history_without_a_step_or_with_very_many_is_its_text(monkeypatch):
    pytest.importorskip("matplotlib")
    assert bundle(History())["text/plain"].startswith("No epoch has ended yet.\nNot shown: A curve")
    monkeypatch.setattr(notebook, "loss_curve", None)
    monkeypatch.setattr(notebook, "_MOST_STEPS", 3)
    text = bundle(history())["text/plain"]
    assert text.endswith("of more than 3 steps no curve is drawn unasked.\n"
                         "Draw it by `history.plot()`.")  # fmt: skip


def test_without_matplotlib_a_history_is_its_table(monkeypatch):
    figures._figure_type.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    shown = bundle(history())
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].startswith(str(history()))
    assert "pip install matplotlib" in shown["text/plain"]


def test_in_a_real_terminal_of_ipython_nothing_is_drawn():
    pytest.importorskip("IPython")
    code = (
        "from IPython.terminal.interactiveshell import TerminalInteractiveShell\n"
        "shell = TerminalInteractiveShell.instance(simple_prompt=True)\n"
        "from autodiff import Value\n"
        "import viz.notebook\n"
        "viz.notebook.draw = None\n"
        "x = Value(2.0)\n"
        "print(shell.display_formatter.format(x * x))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "({'text/plain': 'Value(4.0, grad=0.0)'}, {})\n"
