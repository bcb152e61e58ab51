"""What PyTorch has by other names is answered by ours, and what is named there is here."""

import re
import subprocess
import sys

import pytest

import autodiff
import nn
import optim
from nn.habits import ATTRIBUTES, NAMES
from optim import habits

PACKAGES = {"autodiff": autodiff, "nn": nn, "optim": optim}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_pytorchs_nn(name):
    with pytest.raises(AttributeError, match=f"`nn` has no `{name}` here: ") as caught:
        getattr(nn, name)
    assert (caught.value.name, caught.value.obj) == (name, nn)
    assert not hasattr(nn, name)
    for package, ours in re.findall(r"`(\w+)\.(\w+)`", NAMES[name]):
        assert hasattr(PACKAGES[package], ours)


def test_a_name_that_is_mistyped():
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'Linaer'"):
        nn.Linaer  # noqa: B018
    done = subprocess.run(
        [sys.executable, "-c", "import nn; nn.Linaer"], capture_output=True, text=True, check=False
    )
    assert "Did you mean: 'Linear'?" in done.stderr


@pytest.mark.parametrize(
    ("module", "name", "answer"),
    [(optim, *pair) for pair in habits.NAMES.items()]
    + [(optim.schedules, *pair) for pair in habits.SCHEDULES.items()],
)
def test_names_of_pytorchs_optim(module, name, answer):
    with pytest.raises(
        AttributeError, match=f"`{module.__name__}` has no `{name}` here: "
    ) as caught:
        getattr(module, name)
    assert (caught.value.name, caught.value.obj) == (name, module)
    found = optim
    for part in re.findall(r"`optim\.([\w.]+)`", answer)[0].split("."):
        found = getattr(found, part)
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Foo'"):
        module.Foo  # noqa: B018


TEXTS = [*NAMES.values(), *ATTRIBUTES.values(), *habits.NAMES.values(), *habits.SCHEDULES.values()]


@pytest.mark.parametrize("text", TEXTS)
def test_the_answers_end_a_sentence(text):
    assert not text.endswith(".")
    assert text[0] in "`" or text[0].islower()
