"""Attention: each query takes the mean of values, weighted by how well it matches their keys."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import Seed, check_switches, data_of, describe

from .layers import Dropout, Linear
from .module import Module
from .neuron import checked_size


class MultiHeadAttention(Module):
    """softmax(q kᵀ / sqrt(d)) v in `num_heads` parts of d entries each (Vaswani et al. 2017).

    A call takes a query of shape (batch, queries, embed_dim), a key of (batch, keys, kdim) and a
    value of (batch, keys, vdim), or all of them without a batch, and gives (batch, queries,
    embed_dim); the key is the query if it is left out, and the value the key. The Linears `q_proj`,
    `k_proj`, `v_proj` make q, k, v of them, and `out_proj` the answer. In training entries of the
    weights are left out by `dropout`. The axes are PyTorch's with `batch_first=True`, and so is
    what masks mean:

    - `mask` is boolean, and True where a query does not look at a key, or of floats, which are
      added to q kᵀ / sqrt(d). Its shape is (queries, keys), (batch * num_heads, queries, keys), or
      (batch, num_heads, queries, keys), where either of the first two may be 1.
    - `causal=True` lets no query look at a later key.
    - `key_padding_mask`, of shape (batch, keys), is the same for all queries of a sample.

    A query that may look at no key at all gets zeros from all of them (PyTorch's gets NaN): what
    it is given is the bias of `out_proj`, and nothing is pulled back through it. Raises ValueError
    for sizes that are not whole numbers from 1 up or that `num_heads` does not divide; a call for
    other shapes, and TypeError for a mask that is neither boolean nor of floats, and for a switch
    that is neither True nor False.

    >>> attention = MultiHeadAttention(8, num_heads=2, seed=0)
    >>> attention(np.ones((5, 7, 8)), causal=True).shape
    (5, 7, 8)
    >>> attention.weights(np.ones((1, 2, 8)), causal=True).data[0, 0]
    array([[1. , 0. ],
           [0.5, 0.5]])
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
        kdim: int | None = None, vdim: int | None = None, seed: Seed = None,
        dtype: Any = np.float64,
    ) -> None:  # fmt: skip
        size, heads = checked_size("embed_dim", embed_dim), checked_size("num_heads", num_heads)
        if size % heads:
            raise ValueError(
                "Each head has as many entries as another, so `num_heads` divides `embed_dim`, but "
                f"these are {heads} and {size}."
            )
        key_size = size if kdim is None else checked_size("kdim", kdim)
        value_size = size if vdim is None else checked_size("vdim", vdim)
        check_switches(bias=bias)
        rng = np.random.default_rng(seed)
        self.num_heads = heads
        self.q_proj = Linear(size, size, bias, rng, dtype)
        self.k_proj = Linear(key_size, size, bias, rng, dtype)
        self.v_proj = Linear(value_size, size, bias, rng, dtype)
        self.out_proj = Linear(size, size, bias, rng, dtype)
        dropped = Dropout(dropout, rng)
        self.dropout = dropped if dropped.p else None

    def forward(
        self, query: Any, key: Any = None, value: Any = None, mask: Any = None,
        causal: bool = False, key_padding_mask: Any = None,
    ) -> Any:  # fmt: skip
        key = query if key is None else key
        weights = self.weights(query, key, mask, causal, key_padding_mask)
        value = _as_operand(key if value is None else value)
        self._check("value", value, self.v_proj, np.shape(data_of(key))[:-1])
        if self.dropout is not None:
            weights = self.dropout(weights)
        heads = ad.swapaxes(weights @ self._in_heads(self.v_proj(value)), -2, -3)
        *before, parts, entries = heads.shape
        return self.out_proj(ad.reshape(heads, (*before, parts * entries)))

    def weights(
        self, query: Any, key: Any = None, mask: Any = None, causal: bool = False,
        key_padding_mask: Any = None,
    ) -> Any:  # fmt: skip
        """How much each query takes of each key, without dropout: (batch, heads, queries, keys).

        Its arguments are those of a call, and it raises as that does.
        """
        check_switches(causal=causal)
        query = _as_operand(query)
        key = query if key is None else _as_operand(key)
        self._check("query", query, self.q_proj)
        batch = query.shape[:-2]
        self._check("key", key, self.k_proj, (*batch, *key.shape[-2:-1]))
        q, k = self._in_heads(self.q_proj(query)), self._in_heads(self.k_proj(key))
        scores = (q / math.sqrt(q.shape[-1])) @ ad.swapaxes(k, -1, -2)
        masks = [] if mask is None else [self._fitting(mask, scores.shape)]
        if key_padding_mask is not None:
            masks.append(_fitting_padding(key_padding_mask, scores.shape))
        if causal:
            masks.append(np.triu(np.ones(scores.shape[-2:], bool), 1))
        return _weights(scores, masks)

    def _in_heads(self, x: Any) -> Any:
        """(..., length, embed_dim) as (..., heads, length, entries)."""
        *before, size = x.shape
        parts = (*before, self.num_heads, size // self.num_heads)  # of an empty batch as well
        return ad.swapaxes(ad.reshape(x, parts), -2, -3)

    def _check(self, name: str, x: Any, projection: Linear, before: Any = None) -> None:
        """ValueError for a query, key or value of another shape."""
        shape, features = np.shape(data_of(x)), projection.weight.shape[0]
        fits = len(shape) in (2, 3) and shape[-1] == features
        if not fits or (before is not None and shape[:-1] != before):
            wanted = "(batch, length" if before is None else f"({', '.join(map(str, before))}"
            raise ValueError(
                f"The {name} of this MultiHeadAttention has shape {wanted}, {features}), but this "
                f"has {shape}.\nThe batch, if there is one, is the first axis of the query, the "
                "key and the value."
            )

    def _fitting(self, mask: Any, shape: tuple[int, ...]) -> Any:
        """A mask that broadcasts to the shape of the scores."""
        mask = _checked_mask("mask", mask)
        *batch, heads, queries, keys = shape
        if mask.shape == (queries, keys):
            return mask
        if batch and mask.shape == (batch[0] * heads, queries, keys):
            return ad.reshape(mask, shape)
        fits = len(mask.shape) == len(shape) and mask.shape[-2:] == (queries, keys)
        if not fits or any(n not in (1, m) for n, m in zip(mask.shape, shape, strict=True)):
            raise ValueError(
                f"A `mask` has shape {(queries, keys)} here, or that of all weights, {shape}, but "
                f"this has {mask.shape}.\nPut an axis of length 1 where it is the same for all."
            )
        return mask

    def torch_layout(self, state: dict[str, Any]) -> dict[str, Any]:
        """Its first three layers are one there, but for weights of other widths than embed_dim."""
        joined = dict(state)
        for kind in ("weight", "bias"):
            parts = {f"{x}_proj_{kind}": joined.pop(f"{x}_proj.{kind}", None) for x in "qkv"}
            if any(part is None for part in parts.values()):
                continue
            if len({part.shape for part in parts.values()}) == 1:
                parts = {f"in_proj_{kind}": np.concatenate(list(parts.values()))}
            joined |= parts
        return joined

    def describe(self) -> str:
        dropout = "" if self.dropout is None else f", dropout={self.dropout.p}"
        return f"{self.q_proj.weight.shape[0]}, num_heads={self.num_heads}{dropout}"


def _as_operand(x: Any) -> Any:
    return x if isinstance(x, ad.Value) else np.asarray(x)


def _checked_mask(name: str, mask: Any) -> Any:
    """A boolean mask, or one of floats; TypeError for another."""
    mask = _as_operand(mask)
    kind = np.asarray(data_of(mask)).dtype.kind
    if kind not in "bf":
        raise TypeError(
            f"A `{name}` is boolean, True where a query does not look at a key, or of floats that "
            f"are added, but this is {describe(mask)}.\nSay which by `.astype(bool)` or `float`."
        )
    return mask


def _fitting_padding(mask: Any, shape: tuple[int, ...]) -> Any:
    mask = _checked_mask("key_padding_mask", mask)
    *batch, _, _, keys = shape
    if mask.shape != (*batch, keys):
        raise ValueError(
            f"A `key_padding_mask` has shape {(*batch, keys)} here, that of the key without its "
            f"features, but this has {mask.shape}."
        )
    return ad.reshape(mask, (*batch, 1, 1, keys))


def _weights(scores: Any, masks: list[Any]) -> Any:
    """softmax(scores), of what the masks leave; zeros in a row of which they leave nothing."""
    conditions = []
    for mask in masks:
        if mask.dtype.kind == "b":
            conditions.append(mask)
        else:
            conditions.append(ad.isneginf(mask))
            scores = scores + (mask if isinstance(mask, ad.Value) else mask.astype(scores.dtype))
    if not conditions:
        return ad.softmax(scores, -1)
    blocked = functools.reduce(ad.logical_or, conditions)
    scores = ad.where(blocked, -math.inf, scores)
    empty = ad.all(blocked, -1, True)
    if not getattr(empty, "traced", False) and not empty.any():
        return ad.softmax(scores, -1)
    return ad.where(empty, 0.0, ad.softmax(ad.where(empty, 0.0, scores), -1))
