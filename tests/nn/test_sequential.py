"""Sequential as a list: modules that are put in the place of others, and taken out."""

import pytest

from nn import Linear, Sequential, Tanh
from optim import SGD


def test_a_module_is_put_in_the_place_of_another():
    model = Sequential(Linear(4, 3, seed=0), Tanh(), Linear(3, 2, seed=1))
    first, kept = model[0], model[:]
    optimizer = SGD(model.parameters(), lr=0.1)
    model[-1] = last = Linear(3, 5, seed=2)
    assert (model[0], model[2]) == (first, last)
    assert kept[-1] is not last  # a slice has a list of its own
    assert [n for n, _ in model.named_parameters()][-1] == "layers.2.bias"
    assert model.parameters()[-2:] == [last.weight, last.bias]
    with pytest.raises(ValueError, match=r"others since: layers\.2\.weight, layers\.2\.bias"):
        optimizer.step()
    del model[1]
    assert list(model) == [first, last]
    model[1:] = [Tanh(), kept[-1]]
    assert (len(model), model[-1]) == (3, kept[-1])
    del model[:2]
    assert list(model) == [kept[-1]]


@pytest.mark.parametrize(
    ("index", "module", "error", "message"),
    [
        (3, Tanh(), IndexError, "has 3 modules, but the index is 3"),
        ("0", Tanh(), TypeError, "but the index is '0'"),
        (0, Tanh, TypeError, r"write `Tanh\(\)`"),
        (0, 3.0, TypeError, "takes modules, but this is 3.0"),
        (slice(1), [Tanh], TypeError, r"write `Tanh\(\)`"),
    ],
)
def test_what_is_put_there_is_a_module(index, module, error, message):
    model = Sequential(Linear(4, 3, seed=0), Tanh(), Linear(3, 2, seed=1))
    before = list(model)
    with pytest.raises(error, match=message):
        model[index] = module
    if error is not TypeError or index == "0":
        with pytest.raises(error, match=message):
            del model[index]
    assert list(model) == before
