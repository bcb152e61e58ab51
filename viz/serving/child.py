"""The process that computes for the bench: it reads questions and writes the parts of answers."""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from typing import NoReturn

from .answer import answer, answer_page

ASKED = {"answer": answer, "page": answer_page}


def main() -> None:
    """Answer questions until there are no more.

    A question is a line of JSON with `want`, `expression` and `values`; each part of its answer is
    one of a name and what it holds, and an empty one ends it. All else that is printed goes to
    standard error.
    """
    signal.signal(signal.SIGTERM, _end)
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin.buffer:
        question = json.loads(line)
        parts = ASKED[question["want"]](question["expression"], question["values"])
        for part in parts:
            answers.write(json.dumps(part) + "\n")
            answers.flush()
        answers.write("[]\n")
        answers.flush()


def _end(*_: object) -> NoReturn:
    """Leave as an exception, so that a renderer that runs is ended too."""
    raise SystemExit(1)


if __name__ == "__main__":
    main()
