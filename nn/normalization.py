"""Layers that scale numbers to mean 0 and variance 1: of each sample, or of a batch."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

import autodiff as ad
from autodiff.extend import check_switches, data_of, is_count, is_number

from .layers import check_float
from .module import Module
from .neuron import checked_size


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) over the last axes, times weight, plus bias.

    `normalized_shape` is that of those axes, a number for the last alone (Ba et al. 2016); the
    weight of ones and the bias of zeros have it as well. Raises ValueError for what is no such
    shape, `eps` below 0, and a `dtype` that is no float type, TypeError for a switch that is
    neither True nor False; a call ValueError for an x of other axes.

    >>> LayerNorm(3)(ad.Tensor([1.0, 2.0, 3.0])).data.round(3)
    array([-1.225,  0.   ,  1.225])
    """

    def __init__(
        self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5,
        elementwise_affine: bool = True, bias: bool = True, dtype: Any = np.float64,
    ) -> None:  # fmt: skip
        whole = is_count(normalized_shape)
        sizes: Any = (normalized_shape,) if whole else normalized_shape
        if not isinstance(sizes, (tuple, list)) or not sizes or not all(map(is_count, sizes)):
            raise ValueError(
                "`normalized_shape` is the length of the last axis, or a tuple of those of the "
                f"last ones, but this is {normalized_shape!r}."
            )
        check_float("LayerNorm", dtype)
        check_switches(elementwise_affine=elementwise_affine, bias=bias)
        self.shape, self.eps = tuple(map(int, sizes)), _checked_eps(eps)
        bias = bias and elementwise_affine
        self.weight, self.bias = _affine(self.shape, elementwise_affine, bias, dtype)

    def forward(self, x: Any) -> Any:
        shape, axes = np.shape(data_of(x)), tuple(range(-len(self.shape), 0))
        if shape[len(shape) - len(self.shape) :] != self.shape:
            raise ValueError(
                f"This LayerNorm takes arrays whose last axes are {self.shape}, but this has shape "
                f"{shape}.\nMake it of the axes that the layer before gives."
            )
        centred = x - ad.mean(x, axes, True)
        scaled = _over_root(centred, ad.mean(ad.square(centred), axes, True), self.eps)
        return _times_and_plus(scaled, self.weight, self.bias)

    def describe(self) -> str:
        return f"{', '.join(map(str, self.shape))}, eps={self.eps}"


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share: all but the axes behind that of the features."""

    running_mean: np.ndarray[Any, Any]
    running_var: np.ndarray[Any, Any]
    num_batches_tracked: np.ndarray[Any, Any]
    behind: ClassVar[tuple[tuple[str, ...], ...]]  # what those axes may be

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, dtype: Any = np.float64,
    ) -> None:  # fmt: skip
        count = checked_size("num_features", num_features)
        check_float(type(self).__name__, dtype)
        check_switches(affine=affine)
        if momentum is not None and not (is_number(momentum) and 0 <= momentum <= 1):
            raise ValueError(
                "`momentum` is the share of a batch in the running mean, from 0 to 1, or None for "
                f"the average of all, but this is {momentum!r}."
            )
        self.features, self.eps, self.momentum = count, _checked_eps(eps), momentum
        self.weight, self.bias = _affine((count,), affine, affine, dtype)
        self.register_buffer("running_mean", np.zeros(count, dtype))
        self.register_buffer("running_var", np.ones(count, dtype))
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64))

    def forward(self, x: Any) -> Any:
        shape = np.shape(data_of(x))
        self._check(shape)
        column = (self.features, *[1] * (len(shape) - 2))
        if self.training:
            axes = (0, *range(2, len(shape)))
            count = math.prod(shape) // self.features
            if count < 2:
                raise ValueError(
                    f"In training a {type(self).__name__} needs two numbers to each feature, for a "
                    f"variance, but this has shape {shape}.\n"
                    "Use larger batches, or `model.eval()`."
                )
            mean = ad.mean(x, axes, True)
            centred = x - mean
            variance = ad.mean(ad.square(centred), axes, True)
            self._note(mean, variance * (count / (count - 1)))
        else:
            centred = x - self.running_mean.reshape(column)
            variance = self.running_var.reshape(column)
        scaled = _over_root(centred, variance, self.eps)
        parameters = (
            None if p is None else ad.reshape(p, column) for p in (self.weight, self.bias)
        )
        return _times_and_plus(scaled, *parameters)

    def _check(self, shape: tuple[int, ...]) -> None:
        """ValueError for an array of another shape."""
        ranks = [2 + len(axes) for axes in self.behind]
        if len(shape) not in ranks or shape[1] != self.features:
            forms = [", ".join(["samples", str(self.features), *axes]) for axes in self.behind]
            raise ValueError(
                f"This {type(self).__name__} takes arrays of shape ({') or ('.join(forms)}), but "
                f"this has shape {shape}.\nMake it of the features that the layer before gives."
            )

    def _note(self, mean: Any, variance: Any) -> None:
        """Take the running statistics towards those of a batch, which are nodes."""
        count = self.num_batches_tracked + 1
        share = 1 / count if self.momentum is None else self.momentum
        with ad.no_grad():
            for name, new in (("running_mean", mean), ("running_var", variance)):
                old = getattr(self, name)
                setattr(self, name, (old + share * (ad.ravel(new) - old)).astype(old.dtype))
        self.num_batches_tracked = count

    def describe(self) -> str:
        return f"{self.features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(variance + eps) of each feature, times weight, plus bias.

    x has shape (samples, features) or (samples, features, length). In training the mean and the
    variance are those of the batch (Ioffe and Szegedy 2015), and the buffers `running_mean` and
    `running_var` go towards them: new = (1 - momentum) old + momentum of the batch, whose variance
    is there divided by n - 1; without a momentum (None) they are the averages over all batches. In
    the mode of `eval` they are what is used. Raises ValueError for sizes, `eps` and `momentum` that
    are none, TypeError for `affine` that is neither True nor False; a call ValueError for an x of
    another shape, and in training for one number to a feature; a call in training raises
    TraceError in a trace, but for one by `functional_call`.

    >>> norm = BatchNorm1d(2)
    >>> norm(ad.Tensor([[1.0, 2.0], [3.0, 6.0]])).data.round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> norm.running_mean, norm.running_var
    (array([0.2, 0.4]), array([1.1, 1.7]))
    """

    behind = ((), ("length",))


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d of images, (samples, features, height, width): each channel is a feature.

    Raises as BatchNorm1d does.

    >>> norm = BatchNorm2d(3)
    >>> norm(ad.Tensor(np.ones((5, 3, 8, 8)))).shape
    (5, 3, 8, 8)
    """

    behind = (("height", "width"),)


def _checked_eps(eps: Any) -> float:
    if not is_number(eps) or not 0 <= eps < math.inf:
        raise ValueError(
            "`eps` is added to a variance against a division by 0: a number from 0 up, but this "
            f"is {eps!r}."
        )
    return float(eps)


def _affine(shape: tuple[int, ...], weight: bool, bias: bool, dtype: Any) -> tuple[Any, Any]:
    """The parameters that come after: a weight of ones and a bias of zeros, or None."""
    return (
        ad.Tensor(np.ones(shape, dtype), name="weight") if weight else None,
        ad.Tensor(np.zeros(shape, dtype), name="bias") if bias else None,
    )


def _over_root(centred: Any, variance: Any, eps: float) -> Any:
    return centred / ad.sqrt(variance + eps)


def _times_and_plus(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias
