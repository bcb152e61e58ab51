"""Neurons, layers, networks and losses, built on autodiff."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from autodiff.extend import answering as _answering

from . import initialisers
from .activations import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .attention import MultiHeadAttention
from .classification import cross_entropy, nll
from .convolution import AvgPool2d, Conv2d, MaxPool2d
from .habits import NAMES as _NAMES
from .layers import Dropout, Embedding, Flatten, Linear, Residual, Sequential
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber,
    l1,
    mse,
)
from .module import Module
from .neuron import MLP, Layer, Neuron
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from .recurrent import GRU, LSTM, RNN
from .torch_state import from_torch, to_torch

__all__ = [
    "ELU", "GELU", "GRU", "LSTM", "MLP", "RNN", "Activation", "AvgPool2d", "BatchNorm1d",
    "BatchNorm2d", "Conv2d", "Dropout", "Embedding", "Flatten", "Layer", "LayerNorm", "LeakyReLU",
    "Linear", "MaxPool2d", "Module", "MultiHeadAttention", "Neuron", "ReLU", "Residual",
    "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "from_torch", "huber", "initialisers",
    "l1", "mse", "nll", "to_torch",
]  # fmt: skip

if not _TYPE_CHECKING:  # to which every name would be one
    __getattr__ = _answering(__name__, _NAMES)
