"""How a module shows itself: the tree that is its `repr`, and the table of `summary`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from autodiff import Tensor
from autodiff.extend import data_of, describe, tree_map

from .parts import HasParts, Visit, frozen_in, joined, parameters_in, part_at, shallow


def tree(module: Any, inside: tuple[Any, ...] = ()) -> str:
    """A module in one line if it describes itself, else with what is in it, a line for each."""
    lines = [] if module.describe() else list(_lines(module, (*inside, module)))
    body = "\n".join(["", *("  " + line for line in lines), ""]) if lines else module.describe()
    count = sum(np.size(p.data) for _, p in parameters_in(module))
    frozen = sum(np.size(array) for array in frozen_in(module))
    counted = f" of {count:,} parameters" if count or frozen or not inside else ""
    counted += f", {frozen:,} more frozen" if frozen else ""
    return f"{type(module).__name__}({body}){counted}"


def _lines(module: Any, inside: tuple[Any, ...]) -> Iterator[str]:
    for name, part in module.shown():
        if not isinstance(part, HasParts):  # a function, or an array
            text = _brief(part)
        elif any(part is other for other in inside):
            text = "the module around it"
        else:
            text = tree(part, inside)
        yield from f"({name}): {text}".splitlines()


def _brief(part: Any) -> str:
    if isinstance(part, (Tensor, np.ndarray)):
        return f"{type(part).__name__} of shape {part.shape}"
    return getattr(part, "__name__", None) or describe(part)


def parts_shown(module: HasParts) -> list[tuple[str, Any]]:
    """What is in a module and not in one inside of it: modules, arrays, buffers; no numbers."""
    visit = Visit()
    found = [pair for key, part in vars(module).items() for pair in shallow(part, key, visit)]
    found += [(str(keys[-1]), part_at(module, keys)) for keys in module.buffers_at]
    return [
        (name, part) for name, part in found if isinstance(part, HasParts) or np.ndim(data_of(part))
    ]


# -- the table -----------------------------------------------------------------------------


def summary(module: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """The table of what each module in this one gives, and how many parameters it has."""
    rows = layers(module)
    outputs = _outputs([row.module for row in rows], module, args, keywords)
    cells = [
        (row.path, row.kind, output, f"{row.parameters:,}")
        for row, output in zip(rows, outputs, strict=True)
        if row.path or (row.parameters and len(rows) > 1)
    ]
    total = ("total", rows[0].kind, outputs[0], f"{sum(row.parameters for row in rows):,}")
    return _table([("layer", "kind", "output shape", "parameters"), *cells, total])


class Layer(NamedTuple):
    """A module in another one: where it is, what it is called, how many parameters are its own."""

    path: str
    kind: str
    parameters: int
    module: Any


def layers(module: Any) -> list[Layer]:
    """A module and those inside of it; a parameter that is shared is counted once."""
    rows = dict(_rows(module, "", set()))
    counts = dict.fromkeys(rows, 0)
    for name, parameter in parameters_in(module):
        while name not in rows:
            name = name.rpartition(".")[0]
        counts[name] += np.size(parameter.data)
    return [Layer(path, _kind(part), counts[path], part) for path, part in rows.items()]


def _rows(module: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The modules that have a row: those inside of one that describes itself have none."""
    seen.add(id(module))
    yield name, module
    for key, part in [] if module.describe() else module.shown():
        if isinstance(part, HasParts) and id(part) not in seen:
            yield from _rows(part, joined(name, key), seen)


def _kind(module: Any) -> str:
    """What a module is called in its row: by its class alone, if it has rows inside."""
    text = module.describe()
    return type(module).__name__ + ("" if module.shown() and not text else f"({text})")


def _outputs(
    modules: list[Any], root: Any, args: tuple[Any, ...], keywords: dict[str, Any]
) -> list[str]:
    """The shapes that each of the modules gives when the root predicts."""
    shapes: dict[int, dict[str, None]] = {id(module): {} for module in modules}
    kinds = {id(module): type(module) for module in modules}
    try:
        for module in modules:
            object.__setattr__(module, "__class__", _noting(kinds[id(module)], shapes))
        root.predict(*args, **keywords)
    finally:
        for module in modules:
            object.__setattr__(module, "__class__", kinds[id(module)])
    return [" and ".join(shapes[id(module)]) or "not called" for module in modules]


def _noting(kind: Any, shapes: dict[int, dict[str, None]]) -> Any:
    """A class of the same modules, which note the shapes of what they give."""

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        output = kind.__call__(self, *args, **keywords)
        shape = tree_map(lambda leaf: np.shape(data_of(leaf)), output)
        shapes[id(self)][str(shape)] = None
        return output

    return type(kind.__name__, (kind,), {"__call__": call, "__slots__": ()})


def _table(rows: list[tuple[str, ...]]) -> str:
    """Columns of text, the last of them of numbers."""
    *texts, numbers = ([len(cell) for cell in column] for column in zip(*rows, strict=True))
    widths = [max(lengths) for lengths in texts]
    return "\n".join(
        "  ".join([*map(str.ljust, cells, widths), number.rjust(max(numbers))])
        for *cells, number in rows
    )
