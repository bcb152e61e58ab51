"""The command line: evaluate an expression, backpropagate, print a table, draw a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from autodiff import Value, local_gradients
from autodiff.extend import formula_text, topological

from .expression import ExpressionError, checked_name, evaluate, names_in, one_line
from .names import names_of
from .render import FORMATS, RenderError
from .saving import save
from .serving.command import serve

_OPTIONS = ("-o", "--output", "-h", "--help", "--")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and exit code 2."""
        self.exit(2, f"{self.prog}: {one_line(' '.join(message.splitlines()))}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code, 2 for bad input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--serve" in arguments:
        return serve(arguments)
    parser = _Parser(
        prog="python -m viz",
        description=__doc__,
        epilog="Example: python -m viz 'sigmoid(w*x + b)' w=2 x=-1 b=0.5 -o neuron.svg",
        allow_abbrev=False,
    )
    parser.add_argument("expression", help="numbers, names, + - * / ** and functions such as tanh")
    parser.add_argument("values", nargs="*", metavar="name=number", help="the value of each name")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the picture: .svg, .png, .pdf; or .html"
    )
    options = parser.parse_intermixed_args(_shielded(arguments))
    try:
        path = None if options.output is None else _checked_path(options.output)
        root = _computed(options.expression, _checked_values(options.values))
        root.backward()
        if path is not None:
            save(root, path)
    except (ExpressionError, RenderError, OSError) as error:
        parser.error(str(error))
    _show(table(root))
    if path is not None:
        _show(f"\nThe picture is in {path}")
    return 0


def _show(text: str) -> None:
    """Print, with escapes for what the terminal cannot show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _shielded(arguments: Sequence[str]) -> list[str]:
    """An expression may begin with a minus, as `-x`: a space keeps it from being an option."""
    return [
        f" {a}" if a.startswith("-") and a not in _OPTIONS and not a.startswith("--output=") else a
        for a in arguments
    ]


def _checked_values(pairs: Sequence[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for pair in pairs:
        left, equals, text = pair.strip().partition("=")
        if not equals:
            raise ExpressionError(
                f"a value is written name=number, but this is {pair.strip()[:60]!r}"
            )
        name = checked_name(left)
        if name in values:
            raise ExpressionError(f"{name!r} is given twice")
        try:
            values[name] = Value(float(text), name=name)
        except ValueError:
            raise ExpressionError(
                f"the value of {name!r} is a number, but this is {text[:60]!r}"
            ) from None
    return values


def _computed(text: str, values: dict[str, Value]) -> Value:
    needed = names_in(text)
    result = evaluate(text, values)
    spare = [name for name in values if name not in needed]
    if spare:
        raise ExpressionError(
            f"the expression has no {spare[0]!r}: it has {', '.join(needed) or 'no names'}"
        )
    if isinstance(result, bool):
        raise ExpressionError("the expression is a comparison, not a number: it has no derivative")
    return result if isinstance(result, Value) else Value(result)


def _checked_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower().removeprefix(".") not in (*FORMATS, "html"):
        raise ExpressionError(
            "a picture is written to .svg, .png or .pdf, a page to .html, but this is "
            f"{text[:100]!r}"
        )
    if path.is_dir() or not path.parent.is_dir():
        raise ExpressionError(f"there is no folder to write {text[:100]!r} in")
    return path


def table(root: Value) -> str:
    """Node, how it is computed, value, gradient and local gradients, one line for each node."""
    nodes = topological(root)
    names = names_of(nodes)
    rows = [("node", "computed as", "value", "gradient", "local gradients")]
    rows += [_row(node, names.__getitem__) for node in nodes]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    form = f"{{:<{widths[0]}}}  {{:<{widths[1]}}}  {{:>{widths[2]}}}  {{:>{widths[3]}}}  {{}}"
    return "\n".join(form.format(*row).rstrip() for row in rows)


def _row(node: Value, name_of: Callable[[Any], str]) -> tuple[str, str, str, str, str]:
    pairs = zip(node.inputs, local_gradients(node), strict=True)
    local = ", ".join(f"d/d{name_of(operand)} = {digits(p)}" for operand, p in pairs)
    return name_of(node), formula_text(node, name_of), digits(node.data), digits(node.grad), local


def digits(x: float) -> str:
    """A number to six significant digits."""
    return f"{x:.6g}"


if __name__ == "__main__":
    sys.exit(main())
