"""How things show themselves: by viz, which is found when a notebook asks, and not before."""

import subprocess
import sys

import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import mimebundle
from nn import Module
from optim import History
from viz import Picture

SHOWN = [Value, Tensor, Module, History, Picture, type(ad.compile(abs)),
         type(ad.derive(ad.sin, 1.0))]  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_there_is_one_way_for_all(kind):
    assert kind._repr_mimebundle_ is mimebundle


def test_viz_is_imported_when_a_notebook_asks():
    code = (
        "import sys, autodiff, nn, optim\n"
        "x = autodiff.Value(2.0)\n"
        "assert 'viz' not in sys.modules\n"
        "assert x._repr_mimebundle_() == {'text/plain': 'Value(2.0, grad=0.0)'}\n"
        "assert 'viz' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_viz_there_is_a_text(monkeypatch):
    monkeypatch.setitem(sys.modules, "viz.notebook", None)
    x = Value(2.0, name="x")
    bundle = (x * x)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    first, second = bundle["text/plain"].splitlines()
    assert first == "Value(4.0, grad=0.0)"
    assert second.startswith("Not shown: viz.notebook cannot be imported (")
