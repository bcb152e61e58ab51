"""Pictures of expressions and their derivatives, of trainings and of what was learnt."""

from .boundaries import boundary
from .curves import loss_curve
from .drawing import draw, save
from .mistaken import confusion, mistakes
from .picture import Picture
from .render import RenderError

__all__ = [
    "Picture", "RenderError", "boundary", "confusion", "draw", "loss_curve", "mistakes", "save",
]  # fmt: skip
