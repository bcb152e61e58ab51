"""What flows back to each layer of a model: how much of a gradient, and through how flat units."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.extend import (
    as_made,
    data_of,
    describe,
    gradient_of,
    leaves,
    pull_edges,
    pull_through,
)

from .apart import called_apart
from .figures import Colours, figure, plain_numbers
from .graphs.numbers import norm, number
from .graphs.scopes import belonging, is_activation

Array = np.ndarray[Any, Any]
FLAT = 1e-4  # a local gradient under which a unit learns next to nothing
_NUMBERED = 10  # layers, up to which each has its number
_SHORT = 24  # characters of all names below a panel that stand beside each other


class _Layer(NamedTuple):
    """The norm of a layer's gradient; of its activations the share that is flat, if it has any."""

    name: str
    norm: float
    flat: float | None = None
    dead: float | None = None  # the units that are flat in every row, of all of them


def gradient_flow(
    model: Any, X: Any = None, y: Any = None, path: str | os.PathLike[str] | None = None, *,
    loss: Callable[..., Any] | None = None, theme: str = "light", title: str | None = None,
) -> Any:  # fmt: skip
    """The norm of the gradient that reaches each layer, and how much of the layer is saturated.

    `gradient_flow(model)` reads the `.grad` of the parameters, after a `loss.backward()`. With `X`
    and a `loss`, a function of the model's outputs and of `y` (of the outputs alone, where y is
    None), it takes a backward pass of its own, which leaves every `.grad`, buffer and generator
    as it was; X is what the model takes, or a tuple of several. Then there is as well, below each
    layer, the share of its activations whose local gradient is under 1e-4: so it is of a sigmoid
    that is saturated and of a ReLU at 0. Fuller are the units that are so in every row, which
    learn nothing any more.

    `model` is a Module, or a mapping of names to several, which stand side by side. Layers are in
    the order of their parameters, where one that the model itself has is a layer of its own; the
    gradient comes from the last one. Gives and writes a figure as `loss_curve` does. Raises
    TypeError for what is no module, ValueError where no gradient has reached any parameter, and
    for half of what a pass needs.

    >>> from nn import Linear, Sequential, Sigmoid, mse
    >>> model = Sequential(Linear(2, 3, seed=0), Sigmoid(), Linear(3, 1, seed=1))
    >>> figure = gradient_flow(model, np.ones((4, 2)), np.zeros((4, 1)), loss=mse)
    >>> [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    ['layers.0', 'layers.2']
    """
    models = model if isinstance(model, Mapping) else {"": model}
    for one in models.values():
        if not (hasattr(one, "named_parameters") and callable(one)):
            raise TypeError(
                "A gradient flows through the layers of a Module, or of a mapping of names to "
                f"some, but this is {describe(one)}.\nPass the model itself."
            )
    if not models:
        raise ValueError("A gradient flows through one model or more, but this mapping has none.")
    if (X is None) != (loss is None):
        raise ValueError(
            "A backward pass of one's own needs the inputs X and the loss, and here is only "
            f"{'the loss' if X is None else 'X'}.\n"
            "Write `gradient_flow(model, X, y, loss=nn.mse)`, or `gradient_flow(model)` after "
            "`.backward()`."
        )
    flows = {
        str(name): _noted(one) if loss is None else _passed(one, X, y, loss)
        for name, one in models.items()
    }
    rows = 1 if loss is None else 2
    width = max(5.2, 1.2 + 0.36 * max(map(len, flows.values())))
    with figure(path, theme, width * len(flows), 1.0 + 2.6 * rows) as (drawn, colours):
        _draw(drawn, flows, rows, colours)
        if title is not None:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=12)
    return drawn


# -- what flows ----------------------------------------------------------------------------


def _noted(model: Any) -> list[_Layer]:
    """The layers, by the gradients that a backward pass has left in the parameters."""
    named = dict(model.named_parameters())
    found = {name: gradient_of(parameter) for name, parameter in named.items()}
    if not any(gradient is not None and np.any(gradient) for gradient in found.values()):
        raise ValueError(
            f"The gradients of this {type(model).__name__} are all 0: no backward pass has reached "
            "a parameter.\nCall `loss.backward()` first, or let it take a pass of its own: "
            "`gradient_flow(model, X, y, loss=nn.mse)`."
        )
    return [_Layer(layer, norm(parts)) for layer, parts in _by_layer(found).items()]


def _passed(model: Any, X: Any, y: Any, loss: Callable[..., Any]) -> list[_Layer]:
    """The layers, by a pass of which the model knows nothing afterwards."""
    named = dict(model.named_parameters())
    inputs = X if isinstance(X, tuple) else (X,)
    output = called_apart(model, *inputs)
    cost = loss(output) if y is None else loss(output, y)
    if not isinstance(cost, Value) or np.size(cost.data) != 1:
        raise TypeError(
            "A gradient flows back from a loss, one number computed from the model's outputs, but "
            f"this is {describe(cost)}.\nPass a function of outputs and targets, as `loss=nn.mse`."
        )
    pulled = pull_through([(cost, None)])
    found = {name: pulled.get(parameter) for name, parameter in named.items()}
    if all(gradient is None for gradient in found.values()):
        raise ValueError(
            f"This loss reaches no parameter of this {type(model).__name__}, so that no gradient "
            "flows back.\nLeave `no_grad` out, and let the loss be computed from what the model "
            "returns; what is frozen has no gradient."
        )
    layers = _by_layer(found)
    outputs = [node for node in leaves(output) if isinstance(node, Value)]
    flat = _flat(outputs, {p: (_layer_of(name),) for name, p in named.items()})
    return [
        _Layer(layer, norm(parts), *_shares(flat.get(layer, []))) for layer, parts in layers.items()
    ]


def _by_layer(gradients: Mapping[str, Any]) -> dict[str, Array]:
    """All entries of the gradients of each layer; 0 of a parameter that none has reached."""
    layers: dict[str, list[Array]] = {}
    for name, gradient in gradients.items():
        entries = np.ravel(np.asarray(0.0 if gradient is None else data_of(gradient), float))
        layers.setdefault(_layer_of(name), []).append(entries)
    return {layer: np.concatenate(parts) for layer, parts in layers.items()}


def _layer_of(name: str) -> str:
    """The layer of a parameter by its path: `layers.0` of `layers.0.neurons.3.w.1`."""
    layer, is_neuron, _ = name.partition(".neurons.")
    return layer if is_neuron else name.rpartition(".")[0] or name


def _flat(
    outputs: Iterable[Value], layers: Mapping[Value, tuple[str, ...]]
) -> dict[str, list[Array]]:
    """Of each layer its activations: of each output, whether the local gradient is next to none."""
    nodes = [node for node in as_made(outputs) if node.inputs]
    belongs = belonging(nodes, layers)
    found: dict[str, list[Array]] = {}
    for node in nodes:
        if node in belongs and is_activation(node) and belongs[node]:
            data = np.asarray(node.data)
            with np.errstate(all="ignore"):
                (slope, *_) = pull_edges(node, np.ones_like(data) if data.ndim else 1.0)
            found.setdefault(belongs[node][0], []).append(np.abs(np.asarray(slope)) < FLAT)
    return found


def _shares(flat: list[Array]) -> tuple[float | None, float | None]:
    """The share of outputs that is flat, and that of units which are flat in every row.

    Of rows, a unit is an entry along the last axis, and of images one along the second.
    """
    if not flat:
        return None, None
    share = float(np.mean(np.concatenate([np.ravel(part) for part in flat])))
    rows = [np.moveaxis(part, 1, -1) if part.ndim > 2 else part for part in flat if part.ndim > 1]
    dead = [part.reshape(-1, part.shape[-1]).all(axis=0) for part in rows]
    return share, float(np.mean(np.concatenate(dead))) if dead else None


# -- how it is drawn -----------------------------------------------------------------------


def _draw(drawn: Any, flows: Mapping[str, list[_Layer]], rows: int, colours: Colours) -> None:
    heights = {"height_ratios": (1.7, 1)} if rows == 2 else {}
    panels = drawn.subplots(rows, len(flows), sharex="col", sharey="row", squeeze=False, **heights)
    norms = np.array([layer.norm for layers in flows.values() for layer in layers])
    fit = norms[np.isfinite(norms) & (norms > 0)]
    limits = (fit.min() / 4, fit.max() * 4) if len(fit) else (0.1, 1.0)
    for column, (name, layers) in enumerate(flows.items()):
        upper, lower = panels[0, column], panels[-1, column]
        upper.set(yscale="log", ylim=limits)
        _norms(upper, layers, colours)
        upper.set_title(name)
        upper.set_title(_compared(layers), loc="right", fontsize=9, color=colours.ink)
        if rows == 2:
            _saturation(lower, layers, colours)
        _name_layers(lower, layers)
    plain_numbers(panels[0, 0].yaxis)
    panels[0, 0].set_ylabel("norm of the gradient")
    if rows == 2:
        panels[1, 0].set_ylabel("flat activations")
        handles, labels = panels[1, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower center", ncols=2)
    drawn.align_ylabels()


def _norms(axes: Any, layers: list[_Layer], colours: Colours) -> None:
    """A bar for each layer, of which the lengths tell apart by powers of 10."""
    heights = np.array([layer.norm for layer in layers])
    places = np.arange(len(layers))
    drawn = np.where(np.isfinite(heights) & (heights > 0), heights, np.nan)
    bottom = axes.get_ylim()[0]
    axes.bar(places, drawn - bottom, bottom=bottom, width=0.62, color=colours.second)
    for place, height, bar in zip(places, heights, drawn, strict=True):
        odd = np.isnan(bar)
        if odd or len(layers) <= _NUMBERED:
            axes.annotate(number(height), (place, bottom if odd else height), (0, 3),
                          textcoords="offset points", ha="center", fontsize=8,
                          color=colours.mark if odd else colours.ink)  # fmt: skip
    axes.grid(axis="y")


def _saturation(axes: Any, layers: list[_Layer], colours: Colours) -> None:
    """The shares of each layer's activations, of which those of the dead are the fuller ones."""
    places = np.arange(len(layers))
    flat, dead = (
        np.array([np.nan if x is None else x for x in column], float)
        for column in ([layer.flat for layer in layers], [layer.dead for layer in layers])
    )
    edge = {"edgecolor": colours.first, "linewidth": 1}
    axes.bar(places, flat, width=0.62, color=colours.first, alpha=0.25)
    axes.bar(places, flat, width=0.62, color="none", label=f"local gradient under {FLAT:g}", **edge)
    axes.bar(places, dead, width=0.62, color=colours.first, label="in every row", **edge)
    for place, layer in zip(places, layers, strict=True):
        text = "none" if layer.flat is None else f"{layer.flat:.0%}"
        if len(layers) <= _NUMBERED:
            axes.annotate(text, (place, layer.flat or 0), (0, 3), textcoords="offset points",
                          ha="center", fontsize=8, color=colours.ink)  # fmt: skip
    axes.set(ylim=(0, 1.18), yticks=[0, 0.5, 1], yticklabels=["0%", "50%", "100%"])
    axes.grid(axis="y")


def _name_layers(axes: Any, layers: list[_Layer]) -> None:
    names = [layer.name for layer in layers]
    every = -(-len(names) // 30)
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    long = sum(map(len, names)) > 2 * _SHORT
    axes.set_xticks(range(0, len(names), every), names[::every], **(turned if long else {}))
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xlabel("← the gradient flows back from the last layer to the first")


def _compared(layers: list[_Layer]) -> str:
    """How the first layer's gradient is beside the last one's."""
    first, last = layers[0].norm, layers[-1].norm
    if len(layers) < 2 or not (np.isfinite(first) and np.isfinite(last)):
        return ""
    if first == 0:
        return "nothing reaches the first layer"
    if last == 0:
        return "nothing reaches the last layer"
    more, factor = ("greater", first / last) if first > last else ("smaller", last / first)
    if factor < 1.5:
        return "about as great in the first layer as in the last"
    times = f"{float(f'{factor:.2g}'):,.10g}" if factor < 1e7 else number(factor, 2)
    return f"{times} times {more} in the first layer than in the last"
