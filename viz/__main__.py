"""The command line: compute an expression, backpropagate, tell it, check it and draw it."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from autodiff import TraceError, Value

from .command.checks import checked, report
from .command.options import parser, shielded
from .command.outputs import Output, check_options, made, outputs_of, to_open, write
from .command.sources import source_of
from .command.streams import in_words, show
from .command.tables import backpropagate, table
from .explaining import explain
from .expression import ExpressionError
from .render import RenderError
from .serving.command import serve

_REFUSALS = (ExpressionError, RenderError, TraceError, OSError, TypeError, ValueError)
_INTERRUPTED = 130  # as a shell says of Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or the bench for `--serve`; gives the exit code.

    It is 2 for what is refused, in one line and before anything is written, 1 where a check
    fails, and 130 after Ctrl-C.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return serve(given) if "--serve" in given else _answered(given)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _answered(given: Sequence[str]) -> int:
    parsing = parser()
    options = parsing.parse_intermixed_args(shielded(given))
    try:
        outputs, shown = _outputs(options)
        source = source_of(options.expression, options.values)
        backpropagate(source.root)
        files = made(source.root, outputs, _of_pictures(options))
        # Where standard output has a file, there is nothing else on it.
        out = sys.stderr if any(output.path is None for output in outputs) else sys.stdout
        texts = [_explained(source.root, out) if options.explain else table(source.root)]
        entries = checked(source) if options.check else []
        write(files)
    except _REFUSALS as error:
        parsing.error(in_words(error))
    texts += [report(entries)] if options.check else []
    told = [_told(output) for output in outputs if output.path is not None]
    texts += ["\n".join(told)] if told else []
    try:
        show("\n\n".join(texts), out)
    except OSError as error:
        parsing.error(in_words(error))
    failed = options.check and not (entries and all(entry.passes for entry in entries))
    return 1 if (shown and not _opened(shown)) or failed else 0


def _outputs(options: Namespace) -> tuple[list[Output], Path | None]:
    """What is written, and which of it is opened: the page, if nothing is named."""
    outputs = outputs_of(options.output)
    check_options(outputs, _of_pictures(options))
    if not options.open:
        return outputs, None
    shown = to_open(outputs)
    if shown is None:
        shown = Path(tempfile.mkdtemp(prefix="nabigrad-")) / "page.html"
        outputs = [Output(shown, ".html")]
    return outputs, shown


def _explained(root: Value, out: TextIO | None) -> str:
    """In words; with colours on standard output alone, if that is a terminal."""
    explanation = explain(root)
    return repr(explanation) if out is sys.stdout else str(explanation)


def _of_pictures(options: Namespace) -> dict[str, Any]:
    names = ("style", "theme", "depth")
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _told(output: Output) -> str:
    what = {".html": "page", ".svg": "picture", ".png": "picture", ".pdf": "picture"}
    return f"The {what.get(output.ending, 'text')} is in {output.path}"


def _opened(path: Path) -> bool:
    if webbrowser.open(path.resolve().as_uri()):
        return True
    show(f"no browser could be opened: open {path} yourself", sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main())
