"""Writing a graph to a file: a picture, or the page to step through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from autodiff import Value

from . import drawing
from .interactive.page import page


def save(value: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write the picture of `value` to an svg, png or pdf file, or its page to an html file.

    `options` of a picture are those of `draw`. Raises TypeError for what is no Value or Tensor,
    ValueError for another ending, RenderError
    where nothing can render, OSError for a path that cannot be written; then no file is written
    or changed.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> save(x * x, "square.svg")  # doctest: +SKIP
    """
    if isinstance(value, Value) and Path(path).suffix.lower() == ".html":
        page(value).save(path)
    else:
        drawing.save(value, path, **options)
