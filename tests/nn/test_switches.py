"""Settings that are on or off: True or False in every layer, and nothing that is like it."""

import inspect

import numpy as np
import pytest

import nn
from nn import Linear

SIZES = {"AvgPool2d": (2,), "MaxPool2d": (2,), "BatchNorm1d": (3,), "BatchNorm2d": (3,),
         "LayerNorm": (3,), "Conv2d": (2, 3, 3), "MultiHeadAttention": (4, 2)}  # fmt: skip
SWITCHES = [
    (kind, name)
    for kind in map(nn.__dict__.get, nn.__all__)
    if isinstance(kind, type) and issubclass(kind, nn.Module) and kind is not nn.Activation
    for name, p in inspect.signature(kind.__init__).parameters.items()
    if p.annotation == "bool"
]


@pytest.mark.parametrize(("kind", "name"), SWITCHES)
@pytest.mark.parametrize("wrong", ["no", 0, None])
def test_a_switch_of_a_layer_is_a_bool(kind, name, wrong):
    with pytest.raises(TypeError, match=f"`{name}` is True or False, but this is {wrong!r}"):
        kind(*SIZES.get(kind.__name__, (4, 3)), **{name: wrong})


def test_switches_of_a_call():
    model = Linear(2, 3)
    with pytest.raises(TypeError, match="`strict` is True or False, but this is 'no'"):
        model.load_state_dict(model.state_dict(), strict="no")
    with pytest.raises(TypeError, match="`strict` is True or False, but this is 0"):
        nn.from_torch(model, nn.to_torch(model), strict=0)
    with pytest.raises(TypeError, match="`causal` is True or False, but this is 'no'"):
        nn.MultiHeadAttention(4, 2)(np.ones((2, 3, 4)), causal="no")
    with pytest.raises(ValueError, match="a float type, but this is None"):
        model.astype(None)
