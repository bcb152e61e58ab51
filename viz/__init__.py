"""Pictures of expressions and their derivatives."""

from .picture import Picture, draw, save
from .render import RenderError

__all__ = ["Picture", "RenderError", "draw", "save"]
