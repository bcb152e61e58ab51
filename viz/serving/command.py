"""`python -m viz --serve`: the bench, until it is interrupted."""

from __future__ import annotations

import argparse
import errno
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress

from ..command.streams import in_words, show
from .server import Bench

PORT = 8377  # if it is free


def serve(arguments: Sequence[str]) -> int:
    """Run the bench as the command line says, until Ctrl-C; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m viz --serve",
        description="Open the bench: a page on this machine to type expressions into.",
        allow_abbrev=False,
    )
    parser.add_argument("--serve", action="store_true", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=_port, help=f"the port (if not given, {PORT} or another)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    options = parser.parse_args(arguments)
    try:
        bench = _started(options.port)
    except OSError as error:
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error})"
        parser.exit(2, f"{parser.prog}: port {options.port} {reason}: choose another --port\n")
    with bench:
        try:
            show(f"The bench is at {bench.url}\nCtrl-C ends it.", sys.stdout)
        except OSError as error:
            parser.exit(2, f"{parser.prog}: {in_words(error)}\n")
        if options.open:
            webbrowser.open(bench.url)
        try:
            bench.serve_forever()
        except KeyboardInterrupt:
            with suppress(OSError):
                show("\nThe bench is closed.", sys.stdout)
    return 0


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text[:20]!r}")
    return port


def _started(port: int | None) -> Bench:
    """The bench, at the port that was asked for, or at any if the usual one is taken."""
    if port is not None:
        return Bench(port)
    try:
        return Bench(PORT)
    except OSError:
        return Bench(0)
