"""Gradient descent: optimisers, and the mini-batches they are fed with."""

from . import schedules
from .data import Batches, batches
from .gradients import clip_gradients
from .groups import ParamGroup, Setting
from .optimizer import Optimizer
from .optimizers import GD, SGD, Adagrad, Adam, AdamW, RMSprop, zeros

__all__ = [
    "GD", "SGD", "Adagrad", "Adam", "AdamW", "Batches", "Optimizer", "ParamGroup", "RMSprop",
    "Setting", "batches", "clip_gradients", "schedules", "zeros",
]  # fmt: skip
