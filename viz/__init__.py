"""Pictures of expressions and their derivatives, of trainings and of what was learnt."""

from .boundaries import boundary
from .curves import loss_curve
from .drawing import draw
from .interactive.page import Page, page
from .mistaken import confusion, mistakes
from .picture import Picture
from .recorder import calls
from .render import RenderError
from .saving import save

__all__ = [
    "Page", "Picture", "RenderError", "boundary", "calls", "confusion", "draw", "loss_curve",
    "mistakes", "page", "save",
]  # fmt: skip
