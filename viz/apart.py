"""A model called for a look at it, of which it knows nothing afterwards."""

from __future__ import annotations

import copy
from typing import Any


def called_apart(model: Any, *args: Any, **keywords: Any) -> Any:
    """What a model makes of arguments, with copies of its buffers in the place of them.

    So no running mean moves, and the next draw of a dropout is the one that it would have been.
    """
    held = copy.deepcopy(dict(model.named_buffers()))  # what shares a part goes on sharing it
    output, _ = model.functional_call(held, *args, **keywords)
    return output
