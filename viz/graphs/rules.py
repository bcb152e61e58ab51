"""How a cotangent is pulled back along an edge of arrays, in the names that the cards have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autodiff import Value
from autodiff.extend import edge_texts, operands_of, operation_text

_SHOWN = 20  # characters of a name
_OWN, _OTHER, _OUTPUT = "in", "other", "out"  # of an edge


def rules_of(
    node: Value, constants: Mapping[int, str], number: Callable[[float], str]
) -> list[str]:
    """For each of `node.inputs`, what comes back to it; `constants` names arrays, by their place.

    The cotangent of the node is called ct. What has no name is `in`, that to which it goes, and
    `out`, the node; another is called as its card, or `other` where that is no word, or of two.
    """
    operands = operands_of(node)
    names = [_name(operand, constants.get(i)) for i, operand in enumerate(operands)]
    titles = [name or _title(operand) for name, operand in zip(names, operands, strict=True)]
    others = [t if t.isidentifier() and titles.count(t) == 1 else _OTHER for t in titles]
    texts: list[str] = []
    for place in (i for i, operand in enumerate(operands) if isinstance(operand, Value)):
        called = [n or (_OWN if i == place else others[i]) for i, n in enumerate(names)]
        output = _name(node, None) or _OUTPUT
        found = edge_texts(node, called, output, number, _in_words)
        texts.append(found[len(texts)])
    return texts


def _name(operand: Any, constant: str | None) -> str | None:
    """A name in a rule: of a path its end, which tells the operands of one node apart."""
    name = operand.name if isinstance(operand, Value) else constant
    return name.rpartition(".")[2][:_SHOWN] or None if name else None


def _title(operand: Any) -> str:
    """What stands on the card of an operand without a name."""
    if not isinstance(operand, Value):
        return "constant"
    return "leaf" if operand.op is None else operation_text(operand, str)


def _in_words(
    text: str, axes: tuple[int, ...], before: tuple[int, ...], after: tuple[int, ...]
) -> str:
    """What is added where an operand was repeated along these axes."""
    along = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
    if len(axes) == len(before):
        along = "all entries"
    elif len(before) == 2:
        along = ("rows", "columns")[axes[0]]
    return f"sum over {along}" + ("" if text == "ct" else f" of {text}")
