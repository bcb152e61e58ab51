"""Pictures of expressions and their derivatives, of trainings and of what was learnt."""

from .boundaries import boundary
from .curves import loss_curve
from .descents.drawn import descent
from .descents.player import Player, animate
from .drawing import draw, mermaid
from .explaining import explain
from .formulas import latex
from .interactive.page import Page, page
from .layers import gradient_flow
from .mistaken import confusion, mistakes
from .picture import Picture
from .recorder import calls
from .render import RenderError
from .saving import save

__all__ = [
    "Page", "Picture", "Player", "RenderError", "animate", "boundary", "calls", "confusion",
    "descent", "draw", "explain", "gradient_flow", "latex", "loss_curve", "mermaid", "mistakes",
    "page", "save",
]  # fmt: skip
