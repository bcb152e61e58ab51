"""Optimisers, schedules of their rates, the mini-batches they are fed with, and `minimize`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from autodiff.extend import answering as _answering

from . import schedules
from .data import Batches, batches
from .diagnosis.findings import Diagnosis, Finding, diagnose
from .gradients import clip_gradients
from .groups import ParamGroup, Setting
from .habits import NAMES as _NAMES
from .lbfgs import LBFGS
from .listening import ListeningGD
from .minimum import Minimum, minimize
from .newton import Newton
from .optimizer import Optimizer
from .optimizers import GD, SGD, Adagrad, Adam, AdamW, RMSprop, zeros
from .training.history import History
from .training.train import train

__all__ = [
    "GD", "LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Batches", "Diagnosis", "Finding", "History",
    "ListeningGD", "Minimum", "Newton", "Optimizer", "ParamGroup", "RMSprop", "Setting", "batches",
    "clip_gradients", "diagnose", "minimize", "schedules", "train", "zeros",
]  # fmt: skip

if not _TYPE_CHECKING:  # to which every name would be one
    __getattr__ = _answering(__name__, _NAMES)
