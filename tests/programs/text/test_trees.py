"""Arguments and results in their structures, as text."""

from collections import namedtuple

import numpy as np
import pytest
from agreement import close

from autodiff import compile, derive, value_and_grad
from autodiff.support.tree import leaves


def test_structures_of_every_kind():
    Layer = namedtuple("Layer", "W b")

    def f(layers, extra):
        return sum(np.sum(layer.W * layer.b) for layer in layers["all"]) * extra[0][1]["k"]

    layers = {"all": [Layer(np.ones(2), 2.0), Layer(np.ones(2), 3.0)]}
    extra = (1.0, {"k": 2.0, 5: None, ("a", 1): np.ones(1)}), 3.0
    for program in (derive(f, layers, extra), compile(value_and_grad(f, (0, 1)))):
        for _ in range(2):
            value, (d_layers, d_extra) = program(layers, extra)
            expected, (eager_layers, eager_extra) = value_and_grad(f, (0, 1))(layers, extra)
            close(value, expected)
            assert type(d_layers["all"][1]) is Layer
            assert list(d_extra[0][1]) == list(eager_extra[0][1])
            for found, right in zip(
                leaves((d_layers, d_extra)), leaves((eager_layers, eager_extra)), strict=True
            ):
                close(found, right)


def test_a_key_that_cannot_be_written_is_refused():
    with pytest.raises(TypeError, match="keys of dicts"):
        derive(lambda d: d[int], {int: 1.0})
