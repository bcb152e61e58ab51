"""Document: an HTML file that needs nothing else, and asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import string
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from autodiff.extend import replacing

from ..inline import in_theme, live

# The butterfly, beside the title of a page.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='-13 -12 26 24'%3E"
    "%3Cpath fill='%23b83a00' d='M0,0C-2,-9 -12,-10 -11,-3C-10,1 -4,2 0,0C-5,1 -9,5 -6,8"
    "C-3,10 0,5 0,0C0,5 3,10 6,8C9,5 5,1 0,0C4,2 10,1 11,-3C12,-10 2,-9 0,0Z'/%3E%3C/svg%3E"
)


class Document:
    """A page: it shows itself in a notebook, `save` writes it. `html` is its text.

    Its body is HTML, as may be the styles in it; a script is what stands in its tag, and its text.
    """

    def __init__(
        self, title: str, style: str, body: str, scripts: Sequence[tuple[str, str]]
    ) -> None:
        styles = [f"\n{style}\n", *re.findall("<style>(.*?)</style>", body, re.DOTALL)]
        self.html: str = filled(
            __package__,
            "document.html",
            policy=_policy(styles, [text for _, text in scripts]),
            title=html.escape(title),
            icon=_ICON,
            style=style,
            body=body,
            scripts="\n".join(f"<script{mark}>{text}</script>" for mark, text in scripts),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to an .html file, which is replaced whole or not at all.

        Raises ValueError for another ending.
        """
        check_ending(Path(path))
        with replacing(Path(path)) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        """The page in a frame of its own, as a notebook shows it: in that one's theme."""
        page = html.escape(self.html)
        size = 'width="100%" height="760"'
        frame = f'<iframe srcdoc="{page}" sandbox="allow-scripts" {size} frameborder="0"></iframe>'
        return in_theme(live(frame, "The page is shown where the notebook is trusted."), "")

    def __repr__(self) -> str:
        size = len(self.html.encode()) // 1000
        return f"<{type(self).__name__} of {size} kB: save('f.html') writes it>"


def check_ending(path: Path) -> None:
    """ValueError for a path that no page is written to."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"A page is written to a path ending in .html, not {path.name!r}.")


def text_of(package: str, name: str) -> str:
    """A file of a package's folder, without the space around it."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8").strip()


def filled(package: str, name: str, **parts: str) -> str:
    """A file of a package's folder, in which each `$part` has its text."""
    return string.Template(text_of(package, name)).substitute(parts)


def data(facts: Any) -> str:
    """Facts as JSON that can stand in a script's element."""
    return json.dumps(facts, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """What the page may load and run: itself, by its hashes, and nothing else."""
    style, script = (" ".join(map(_hash, texts)) for texts in (styles, scripts))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
