"""Gradient descent: optimisers, and the mini-batches they are fed with."""

from .data import Batches, batches
from .optimizers import GD, SGD, Optimizer

__all__ = ["GD", "SGD", "Batches", "Optimizer", "batches"]
