"""The sets that `python -m nn` learns: scikit-learn's own and two of points, split and scaled."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import Seed

Array = np.ndarray[Any, Any]


class Set(NamedTuple):
    """Rows of features, the place of each row's class, what the classes are called; images."""

    X: Array
    y: Array
    classes: list[str]
    images: Array | None = None


class Split(NamedTuple):
    """The rows to train on and those to test on, scaled; `tested` are the places of the latter."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    tested: Array


def from_sklearn(module: str, name: str) -> Any:
    """A name of a module of scikit-learn's; ImportError with the fix where that is missing."""
    try:
        return getattr(importlib.import_module(f"sklearn.{module}"), name)
    except ImportError as error:
        raise ImportError(
            "The sets and what they are compared with are scikit-learn's, which is not installed.\n"
            "Install it: pip install scikit-learn"
        ) from error


def split(data: Set, seed: int) -> Split:
    """A fifth of each class for the test, drawn by `seed`; both parts scaled alike.

    A feature has mean 0 and variance 1 on the rows to train on; one that is constant there is 0.
    Raises ImportError where scikit-learn is not installed.
    """
    trained, tested = from_sklearn("model_selection", "train_test_split")(
        np.arange(len(data.y)), test_size=0.2, random_state=seed, stratify=data.y
    )
    X, X_test = data.X[trained], data.X[tested]
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    deviation[deviation == 0] = 1.0
    X, X_test = (X - mean) / deviation, (X_test - mean) / deviation
    return Split(X, data.y[trained], X_test, data.y[tested], tested)


def spiral(arms: int = 3, rows: int = 150, noise: float = 0.2, seed: Seed = 0) -> Set:
    """Arms of a spiral that wind around each other, each a class.

    After the notes of Stanford's course CS231n: the radius grows along an arm from 0 to 1, and the
    angle by 4, with normal noise.

    >>> spiral().X.shape
    (450, 2)
    """
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0.0, 1.0, rows), arms)
    y = np.repeat(np.arange(arms), rows)
    angle = 4 * (radius + y) + noise * rng.normal(size=len(y))
    X = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return Set(X, y, [f"arm {k + 1}" for k in range(arms)])


def _moons() -> Set:
    X, y = from_sklearn("datasets", "make_moons")(n_samples=500, noise=0.25, random_state=0)
    return Set(X, y, ["upper moon", "lower moon"])


def _bundled(function: str) -> Callable[[], Set]:
    def load() -> Set:
        found = from_sklearn("datasets", function)()
        classes = [str(name).replace("_", " ") for name in found.target_names]
        return Set(found.data, found.target, classes, found.get("images"))

    return load


# What makes each; those that are scikit-learn's raise ImportError where it is not installed.
SETS: Mapping[str, Callable[[], Set]] = {
    "digits": _bundled("load_digits"),
    "iris": _bundled("load_iris"),
    "wine": _bundled("load_wine"),
    "breast_cancer": _bundled("load_breast_cancer"),
    "moons": _moons,
    "spiral": spiral,
}
