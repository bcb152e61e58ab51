"""Each operation of the registry as a function of numbers, and the points at which it is tried."""

import inspect
import warnings

import numpy as np

from autodiff import value_and_grad
from autodiff.primitives.registry import registry
from autodiff.support.tree import leaves

POINTS = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e308, 5e-324]
FEW = [0.0, -1.0, np.inf, np.nan]
WHOLE = [0, 1, -3, True, False]


def of_numbers(name):
    """An operation as a function of so many numbers that gives one; None if it takes no numbers."""
    found = registry.operations[name]
    variadic = getattr(found, "variadic", False)
    count = 2 if variadic else len(getattr(found, "operands", None) or required(found.call))

    def f(*numbers):
        out = found.call(list(numbers)) if variadic else found.call(*numbers)
        return sum(map(np.sum, leaves(out)))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [f"x{i}" for i in range(count)]
    f.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value_and_grad(f, tuple(range(count)))(*EXAMPLE[:count])
    except (TypeError, ValueError, IndexError, AttributeError, RecursionError):
        return None, 0
    return f, count


def required(call):
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = inspect.signature(call).parameters.values()
    return [p for p in parameters if p.default is p.empty and p.kind in kinds]


EXAMPLE = [0.5, 0.25, 0.75]
OF_NUMBERS = {name: of_numbers(name) for name in registry.operations}
OF_NUMBERS = {name: found for name, found in OF_NUMBERS.items() if 0 < found[1] <= 3}
