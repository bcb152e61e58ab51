"""The options of the command line, and its help."""

from __future__ import annotations

import argparse
import difflib
import math
import re
import textwrap
from collections.abc import Sequence
from typing import NoReturn

from autodiff.extend import operations

from ..drawing import STYLES
from ..expression import CONSTANTS, functions, one_line, operators
from ..palette import THEMES
from ..saving import ENDINGS

_FLAGS = ("-o", "--output", "--style", "--depth", "--theme", "--explain", "--check", "--open",
          "-h", "--help")  # fmt: skip
_EXAMPLES = """\
examples:
  python -m viz 'sigmoid(w*x + b)' w=2 x=-1 b=0.5              a table of every node
  python -m viz 'f = sin(pi*x)' x=0.25 -o f.svg -o f.html      a picture, and the page
  python -m viz 'x**y' x=2 y=3 --explain --check               in words, and against differences
  python -m viz 'x*y' x=2 y=3 -o -.mmd > f.mmd                 text for GitHub, to standard output
  python -m viz model.py:loss w=0.5 'x=[1, 2]' -o f.html       a function of a file of yours
"""


class Parser(argparse.ArgumentParser):
    """Refuses in one line, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required"):
            message = "an expression is missing: write one, as in 'x * y' x=2 y=3 (see --help)"
        self.exit(2, f"{self.prog}: {one_line(' '.join(message.splitlines()))}\n")


def parser() -> Parser:
    """What the command line takes."""
    made = Parser(
        prog="python -m viz",
        description="Compute an expression, or a function of a file, and its gradient;\n"
        "say what each node has, and draw it.",
        epilog=f"{_EXAMPLES}\n{_known()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "expression", help="such as 'w*x + b', or FILE.py:NAME for a function of a file of yours"
    )
    made.add_argument(
        "values", nargs="*", metavar="name=number",
        help="the value of each name; of a function's arguments also 'x=[1, 2]'",
    )  # fmt: skip
    made.add_argument(
        "-o", "--output", metavar="FILE", action="append", default=[],
        help=f"a file to write, as it ends ({' '.join(ENDINGS)}), as often as you like; "
        "-.svg and so on for standard output, - for an svg there (all else is then on standard "
        "error)",
    )  # fmt: skip
    made.add_argument("--explain", action="store_true", help="say the backward pass in words")
    made.add_argument(
        "--check", action="store_true",
        help="compare each gradient with a finite difference; exit code 1 unless all agree",
    )  # fmt: skip
    made.add_argument("--style", choices=list(STYLES), help="of a picture: circuit as in textbooks")
    made.add_argument("--theme", choices=THEMES, help="of a picture; auto as the reader's system")
    made.add_argument(
        "--depth", type=_depth, metavar="N",
        help="of a picture: down to which calls of modules it shows, or `all` for each node",
    )  # fmt: skip
    made.add_argument(
        "--open", action="store_true", help="open what is written, or else the page, in a browser"
    )
    return made


def _known() -> str:
    """The functions that an expression may call."""
    signs = " ".join(dict.fromkeys(operators()))
    known = [name for name in functions() if name not in operations() or operations()[name].public]
    names = textwrap.fill(
        ", ".join(sorted(known)), 96, initial_indent="  ", subsequent_indent="  ",
        break_on_hyphens=False,
    )  # fmt: skip
    return (
        f"an expression has numbers, names, {', '.join(CONSTANTS)}, {signs} < <= > >=, and these "
        f"functions:\n{names}\n"
    )


def _depth(text: str) -> float:
    if text == "all":
        return math.inf
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise argparse.ArgumentTypeError(
            f"a depth is a whole number from 0 up, or `all`, not {text[:20]!r}"
        )
    return int(text)


def shielded(arguments: Sequence[str]) -> list[str]:
    """An expression may begin with a minus, as `-x`: a space keeps it from being an option."""
    return [f" {a}" if a.startswith("-") and not _is_flag(a) else a for a in arguments]


def _is_flag(argument: str) -> bool:
    flag, equals, _ = argument.partition("=")
    return argument in ("--", *_FLAGS) or bool(equals and flag.startswith("--") and flag in _FLAGS)


def meant_as_flag(text: str) -> str:
    """A hint for what looks like an option and is none; "" for anything else."""
    if text.startswith("-o") and text.lower().endswith(ENDINGS):
        return f": write -o {text[2:].removeprefix('=')}"
    if not re.fullmatch(r"--[a-z-]+(=.*)?", text):
        return ""
    close = difflib.get_close_matches(text.partition("=")[0], _FLAGS, 1)
    return f": there is no such option{f', did you mean {close[0]}?' if close else ''}"
