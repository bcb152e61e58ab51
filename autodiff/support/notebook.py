"""How things show themselves in a notebook: `viz` says how, and is found by its name, when asked.

Pictures stand above all that they are of, so nothing below imports them. This is the one place
that reaches up to them, and only where a notebook asks: the class of what shows itself has the
method below, and its instances have nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any

_SHOWN_BY = "viz.notebook"


def mimebundle(
    thing: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> dict[str, str]:
    """What a notebook shows of a thing, by MIME type: the method `_repr_mimebundle_` of its class.

    There is always a text; and where there is no `viz`, that says so.
    """
    try:
        shown_by = importlib.import_module(_SHOWN_BY)
    except ImportError as error:
        return {"text/plain": f"{thing!r}\nNot shown: {_SHOWN_BY} cannot be imported ({error})."}
    bundle: dict[str, str] = shown_by.bundle(thing, include, exclude)
    return bundle
