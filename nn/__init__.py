"""Neurons, layers, networks and losses, built on autodiff."""

from .layers import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, mse
from .module import Module
from .neuron import MLP, Layer, Neuron

__all__ = [
    "ELU", "GELU", "MLP", "Activation", "Layer", "LeakyReLU", "Linear", "Module", "Neuron", "ReLU",
    "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "mse",
]  # fmt: skip
