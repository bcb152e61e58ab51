"""Pictures of expressions and their derivatives."""

from .graph import Picture, draw, save
from .render import RenderError

__all__ = ["Picture", "RenderError", "draw", "save"]
