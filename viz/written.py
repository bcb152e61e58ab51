"""Texts that show themselves: as they are at the prompt, and in a notebook as what they mean."""

from __future__ import annotations

import os
from pathlib import Path

from autodiff.extend import replacing


class Written(str):
    """A text that the prompt shows as it is. `save` writes it to a file."""

    def __repr__(self) -> str:
        return str(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, which is replaced whole or not at all."""
        with replacing(Path(path)) as file:
            file.write(self.encode())
