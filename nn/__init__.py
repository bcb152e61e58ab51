"""Neurons, layers, networks and losses, built on autodiff."""

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
from .layers import Dropout, Embedding, Flatten, Linear, Residual, Sequential
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, mse
from .module import Module
from .neuron import MLP, Layer, Neuron
from .normalization import BatchNorm1d, LayerNorm
from .recurrent import GRU, LSTM, RNN
from .torch_state import from_torch, to_torch

__all__ = [
    "ELU", "GELU", "GRU", "LSTM", "MLP", "RNN", "Activation", "BatchNorm1d", "Dropout", "Embedding",
    "Flatten", "Layer", "LayerNorm", "LeakyReLU", "Linear", "Module", "MultiHeadAttention",
    "Neuron", "ReLU", "Residual", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "from_torch",
    "initialisers", "mse", "to_torch",
]  # fmt: skip
