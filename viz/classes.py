"""What a model says of rows: the probability of each class, however it takes and gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import sigmoid, softmax
from autodiff.extend import data_of, describe, tree_map

Array = np.ndarray[Any, Any]
_LOOKED_AT = 3  # rows, on which two ways of asking a model must agree


class Way(NamedTuple):
    """How a model is asked: a function from rows to outputs, one column or more for each row."""

    outputs: Callable[[Array], Array]
    at_once: bool  # and not row by row, which is slow


def way_to_ask(model: Any, X: Array) -> Way:
    """The way that a model takes rows like these: in an array, by columns, or one by one.

    A model is a Module, of which `predict` is asked, or a function. Those of scalars take one row
    at a time, but nearly all of them take a list of columns as well, which is all rows at once;
    that is believed where it agrees with some rows one by one. Raises TypeError for what is no
    model, ValueError for one that gives no outputs for these rows, or what it raises itself.
    """
    predict = getattr(model, "predict", model)
    if not callable(predict):
        raise TypeError(
            f"What is drawn of a model is what it predicts, but this is {describe(model)}.\n"
            "Pass an nn.Module, or a function from rows to outputs."
        )

    def one_by_one(rows: Array) -> Array | None:
        each = [_plain(predict(row)) for row in (rows.tolist() if rows.ndim == 2 else rows)]
        fits = all(np.ndim(output) <= 1 for output in each)
        return _rows_of([np.reshape(output, -1) for output in each], len(rows)) if fits else None

    def by_columns(rows: Array) -> Array | None:
        return _rows_of(_plain(predict(list(rows.T))), len(rows), columns=True)

    def in_an_array(rows: Array) -> Array | None:
        return _rows_of(_plain(predict(rows)), len(rows))

    # An array of as many rows as columns may be taken for one row: a row more tells them apart.
    tried = np.concatenate([X, X[:1]]) if X.shape[0] == X.shape[-1] else X
    found, refusal = _tried(in_an_array, tried)
    if found is not None:
        return Way(_sure(in_an_array), at_once=True)
    some = tried[:_LOOKED_AT]
    rows, _ = _tried(one_by_one, some)
    if rows is None:
        raise refusal or ValueError(
            f"A model gives one row of outputs for each row of inputs, but of {len(tried)} rows "
            f"this one has given {describe(_plain(predict(tried)))}."
        )
    columns, _ = _tried(by_columns, tried) if X.ndim == 2 else (None, None)
    if columns is not None and np.allclose(columns[: len(some)], rows, rtol=1e-6, atol=1e-9):
        return Way(_sure(by_columns), at_once=True)
    return Way(_sure(one_by_one), at_once=False)


def _tried(ask: Callable[[Array], Array | None], rows: Array) -> tuple[Array | None, Any]:
    """What it gives, and what it refuses by."""
    try:
        return ask(rows), None
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        return None, error


def _sure(ask: Callable[[Array], Array | None]) -> Callable[[Array], Array]:
    def outputs(rows: Array) -> Array:
        found = ask(rows)
        if found is None:
            raise ValueError("A model gives as many outputs for other rows, but this one has not.")
        return found

    return outputs


def _plain(output: Any) -> Any:
    return tree_map(data_of, output)


def _rows_of(output: Any, rows: int, columns: bool = False) -> Array | None:
    """Outputs as an array of so many rows; None where they are none."""
    parts = isinstance(output, (list, tuple))
    array = np.stack(np.broadcast_arrays(*output), -1) if parts and columns else np.asarray(output)
    if array.dtype.kind in "iub":
        raise TypeError(
            f"A model gives a score of each class, as floats, but this one gives {array.dtype}.\n"
            "Pass a function of probabilities, as `classifier.predict_proba`."
        )
    fits = array.dtype.kind == "f" and array.ndim in (1, 2) and array.shape[0] == rows
    return array.reshape(rows, -1) if fits and array.size else None


def probabilities(outputs: Array, logits: bool | None = None) -> Array:
    """Of each row the probability of each class, of shape (rows, classes).

    One output is that of the second of two classes, or its logit. `logits` says which; None takes
    outputs for probabilities where all are from 0 to 1 and, of several, add up to 1. Raises
    ValueError for those that are not finite.

    >>> probabilities(np.array([[0.0], [3.0]])).round(3)
    array([[0.5  , 0.5  ],
           [0.047, 0.953]])
    """
    if not np.isfinite(outputs).all():
        raise ValueError(
            "A model's outputs are finite, but of these "
            f"{np.count_nonzero(~np.isfinite(outputs).all(axis=1))} of {len(outputs)} rows are "
            "not.\nTrain it with a smaller learning rate."
        )
    outputs = outputs.astype(np.float64)
    one = outputs.shape[1] == 1
    if logits is None:
        logits = bool(outputs.min() < 0 or outputs.max() > 1)
        if not one and not np.allclose(outputs.sum(axis=1), 1, atol=1e-4):
            logits = True
    if one:
        second = sigmoid(outputs) if logits else outputs
        return np.concatenate([1 - second, second], axis=1)
    return softmax(outputs) if logits else outputs


def places_of(labels: Any, classes: int, rows: int, names: Sequence[Any] | None) -> Any:
    """Of each label the place of its class, and what the classes are called.

    Labels are whole numbers from 0, one column for each class with a 1 at its own, or any as many
    different ones as there are classes, in their order. Raises ValueError for others.
    """
    labels = np.asarray(data_of(labels))
    if labels.ndim == 2 and labels.shape[1] == classes > 1:
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1) if labels.shape in ((rows,), (rows, 1)) else labels
    if labels.shape != (rows,):
        raise ValueError(
            f"There is one label for each row, but these {rows} rows have labels of shape "
            f"{labels.shape}."
        )
    different = np.unique(labels)
    number = different.dtype.kind in "iufb"
    if number and np.isin(different, np.arange(classes)).all():
        places, known = labels.astype(int), list(range(classes))
    elif len(different) == classes:
        places, known = np.searchsorted(different, labels), different.tolist()
    else:
        raise ValueError(
            f"The model tells {classes} classes apart, but the labels are {_listed(different)}.\n"
            f"Label the rows by whole numbers from 0 to {classes - 1}."
        )
    if names is not None and len(names) != classes:
        raise ValueError(f"There are {classes} classes, but {len(names)} names.")
    called = [f"{k:g}" if number else str(k) for k in known]
    return places, called if names is None else [str(name) for name in names]


def _listed(values: Array) -> str:
    shown = ", ".join(map(str, values[:6].tolist()))
    return shown + (", ..." if len(values) > 6 else "")
