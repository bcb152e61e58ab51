"""Layers over images: convolutions, and the pooling that follows them."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import Seed, check_switches, data_of

from .initialisers import Initialiser, drawn, glorot_uniform
from .layers import check_float
from .module import Module
from .neuron import checked_size

Pair = int | tuple[int, int]


class Conv2d(Module):
    """Each window of images times the weight, plus bias: (N, C, H, W) to (N, out_channels, H', W').

    One image, (C, H, W), gives one. The weight, of shape (out_channels,
    in_channels / groups, height, width), is not turned round, and is drawn by `init`, one of
    `nn.initialisers`, of which the fans are the numbers that meet in an output and those that an
    input goes into; the bias is 0. The window, of `kernel_size`, moves by `stride`; its entries are
    `dilation` apart; around the image are so many zeros as `padding` says, or with "same" as many
    as give an image of the same size, with "valid" none. Each of these is a whole number, or a
    pair for height and width. In `groups`, each group of outputs sees its group of channels alone.

    Raises ValueError for settings that are none of these, and for groups that do not divide both
    numbers of channels, TypeError for a `bias` that is neither True nor False; a call ValueError
    for an x of other channels, or smaller than the window.

    >>> Conv2d(3, 8, kernel_size=3, padding=1, seed=0)(np.ones((5, 3, 28, 28))).shape
    (5, 8, 28, 28)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Pair, stride: Pair = 1,
        padding: Pair | str = 0, dilation: Pair = 1, groups: int = 1, bias: bool = True,
        seed: Seed = None, dtype: Any = np.float64, init: Initialiser = glorot_uniform,
    ) -> None:  # fmt: skip
        before = checked_size("in_channels", in_channels)
        after = checked_size("out_channels", out_channels)
        parts = checked_size("groups", groups)
        if before % parts or after % parts:
            raise ValueError(
                f"`groups` divides both numbers of channels, but {parts} does not divide {before} "
                f"and {after}."
            )
        check_float("Conv2d", dtype)
        check_switches(bias=bias)
        self.window = _pair("kernel_size", kernel_size)
        self.stride, self.dilation = _pair("stride", stride), _pair("dilation", dilation)
        self.padding, self.groups = _checked_padding(padding, self.stride), parts
        self.borders = _borders(self.padding, _reach(self.window, self.dilation))
        height, width = self.window
        shape = (after, before // parts, height, width)
        fans = height * width * before // parts, height * width * after // parts
        self.weight = drawn(init, shape, *fans, np.random.default_rng(seed), dtype)
        self.bias = ad.Tensor(np.zeros(after, dtype), name="bias") if bias else None

    def forward(self, x: Any) -> Any:
        _check_image(self, x, self.weight.shape[1] * self.groups)
        shape, reach = np.shape(data_of(x)), _reach(self.window, self.dilation)
        zeros = [sum(b) if isinstance(b, tuple) else 2 * b for b in self.borders]
        if any([n + z < r for n, z, r in zip(shape[-2:], zeros, reach, strict=True)]):
            raise ValueError(
                f"The window of this Conv2d covers {_by(reach)}, but an image of shape {shape} is "
                "smaller, with its padding.\nTake a smaller `kernel_size`, or pad more."
            )
        how = self.stride, self.borders, self.dilation, self.groups
        product = ad.convolution(x, self.weight, *how)
        return product if self.bias is None else product + ad.reshape(self.bias, (-1, 1, 1))

    def describe(self) -> str:
        after, before = self.weight.shape[:2]
        given = {
            "stride": (self.stride, (1, 1)), "padding": (self.padding, (0, 0)),
            "dilation": (self.dilation, (1, 1)), "groups": (self.groups, 1),
        }  # fmt: skip
        settings = [f"{name}={_brief(x)}" for name, (x, usual) in given.items() if x != usual]
        sizes = [str(before * self.groups), str(after), f"kernel_size={_brief(self.window)}"]
        return ", ".join([*sizes, *settings])


class _Pool2d(Module):
    """What both kinds of pooling share: their windows."""

    def __init__(
        self, kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair, ceil_mode: bool
    ) -> None:
        self.window = _pair("kernel_size", kernel_size)
        self.stride = self.window if stride is None else _pair("stride", stride)
        self.padding, self.dilation = _pair("padding", padding, 0), _pair("dilation", dilation)
        check_switches(ceil_mode=ceil_mode)
        self.ceil_mode = bool(ceil_mode)
        if any([2 * p > k for p, k in zip(self.padding, self.window, strict=True)]):
            raise ValueError(
                "`padding` is at most half of the window, so that each has an entry of the image, "
                f"but this is {_brief(self.padding)} for a window of {_by(self.window)}."
            )

    def _check(self, x: Any) -> None:
        _check_image(self, x)
        shape, reach = np.shape(data_of(x)), _reach(self.window, self.dilation)
        if any([n + 2 * p < r for n, p, r in zip(shape[-2:], self.padding, reach, strict=True)]):
            raise ValueError(
                f"The window of this {type(self).__name__} covers {_by(reach)}, but an image of "
                f"shape {shape} is smaller, with its padding.\n"
                "Take a smaller `kernel_size`, or pool less often."
            )

    def describe(self) -> str:
        given = {
            "stride": (self.stride, self.window), "padding": (self.padding, (0, 0)),
            "dilation": (self.dilation, (1, 1)), "ceil_mode": (self.ceil_mode, False),
        }  # fmt: skip
        settings = [f"{name}={_brief(x)}" for name, (x, usual) in given.items() if x != usual]
        return ", ".join([f"kernel_size={_brief(self.window)}", *settings])


class MaxPool2d(_Pool2d):
    """The largest entry of each window of images: (N, C, H, W) to (N, C, H', W').

    One image, (C, H, W), gives one. The window, of `kernel_size`, moves by `stride`, or
    as it stands by as much as it is long, and may stand over each edge by `padding`; its entries
    are `dilation` apart. With `ceil_mode` the last one may stand over the edge further. Each is a
    whole number, or a pair for height and width. Entries that tie share the gradient equally.

    Raises ValueError for settings that are none of these, TypeError for a switch that is neither
    True nor False; a call ValueError for an x that is no image, or smaller than the window.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 4, 4))
    array([[[ 5.,  7.],
            [13., 15.]]])
    """

    def __init__(
        self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1,
        *, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)

    def forward(self, x: Any) -> Any:
        self._check(x)
        how = self.window, self.stride, self.padding, self.dilation, self.ceil_mode
        return ad.max_pool(x, *how)


class AvgPool2d(_Pool2d):
    """The mean of each window of images: (N, C, H, W) to (N, C, H', W').

    The settings are those of MaxPool2d, but for `dilation`. The zeros of the padding count, or
    with `count_include_pad=False` do not. Raises as MaxPool2d does.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 4, 4))
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """

    def __init__(
        self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        check_switches(count_include_pad=count_include_pad)
        self.count_include_pad = bool(count_include_pad)

    def forward(self, x: Any) -> Any:
        self._check(x)
        how = self.window, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return ad.avg_pool(x, *how)

    def describe(self) -> str:
        return super().describe() + ("" if self.count_include_pad else ", count_include_pad=False")


def _pair(name: str, setting: Any, least: int = 1) -> tuple[int, int]:
    """A setting for height and width; ValueError for what is no whole number, and no pair."""
    pair = tuple(setting) if isinstance(setting, (tuple, list)) else (setting, setting)
    whole = all([isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in pair])
    if len(pair) != 2 or not whole or min(pair) < least:
        raise ValueError(
            f"`{name}` is a whole number from {least} up, or a pair of them for height and width, "
            f"but this is {setting!r}."
        )
    return int(pair[0]), int(pair[1])


def _checked_padding(padding: Any, stride: tuple[int, int]) -> Any:
    """The padding as a pair, "same" or "valid"; ValueError for what it cannot be."""
    if not isinstance(padding, str):
        return _pair("padding", padding, 0)
    if padding not in ("same", "valid"):
        raise ValueError(
            f'`padding` is a number, a pair, "same" or "valid", but this is {padding!r}.'
        )
    if padding == "same" and stride != (1, 1):
        raise ValueError(
            'With the padding "same" an image stays as large as it is, but with a stride of '
            f"{_brief(stride)} it becomes smaller.\nGive the padding as a number."
        )
    return padding


def _reach(window: tuple[int, ...], dilation: tuple[int, ...]) -> list[int]:
    """The rows and columns from one end of a window to the other."""
    return [d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True)]


def _borders(padding: Any, reach: list[int]) -> tuple[Any, ...]:
    """The zeros at either end of each axis: a number, or a pair where they are not as many."""
    if padding == "same":  # of an odd number the larger part is behind
        return tuple([(n - 1) // 2 if n % 2 else (n // 2 - 1, n // 2) for n in reach])
    return (0, 0) if padding == "valid" else padding


def _check_image(module: Module, x: Any, channels: int | None = None) -> None:
    """ValueError for what is no image, or has other channels, if it is to have so many."""
    shape = np.shape(data_of(x))
    if len(shape) in (3, 4) and channels in (None, shape[-3]):
        return
    c, fix = "C" if channels is None else channels, "Reshape it to images."
    if len(shape) in (3, 4):
        fix = "Make it of the channels that the layer before gives."
    if channels == 1 and len(shape) in (2, 3):
        fix = f"Add an axis of channels, as in `x[{':, ' * (len(shape) - 2)}None]`."
    raise ValueError(
        f"This {type(module).__name__} takes images of shape (N, {c}, H, W), or one of "
        f"({c}, H, W), but this has shape {shape}.\n{fix}"
    )


def _brief(setting: Any) -> Any:
    """A pair of equal numbers as one, as it may be given."""
    if isinstance(setting, tuple):
        return setting[0] if setting[0] == setting[1] else setting
    return repr(setting)


def _by(pair: Any) -> str:
    return " by ".join(map(str, pair))
