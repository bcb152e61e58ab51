"""Pictures of expressions and their derivatives, of trainings and of what was learnt."""

from .boundaries import boundary
from .curves import loss_curve
from .drawing import draw
from .interactive.page import Page, page
from .mistaken import confusion, mistakes
from .picture import Picture
from .render import RenderError
from .saving import save

__all__ = [
    "Page", "Picture", "RenderError", "boundary", "confusion", "draw", "loss_curve", "mistakes",
    "page", "save",
]  # fmt: skip
