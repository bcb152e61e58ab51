"""The command line: learn a well-known set, beside scikit-learn's MLPClassifier, and picture it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

import optim
import viz

from .activations import ReLU
from .classification import cross_entropy
from .layers import Linear, Sequential
from .sets import SETS, Set, Split, from_sklearn, split

_HIDDEN = 100  # units, as many as MLPClassifier has
_BATCH = 32
# Each optimiser, and the learning rate that suits these sets.
_OPTIMIZERS: dict[str, tuple[Callable[..., Any], float]] = {
    "adam": (optim.Adam, 0.01),
    "adamw": (optim.AdamW, 0.01),
    "rmsprop": (optim.RMSprop, 0.003),
    "adagrad": (optim.Adagrad, 0.05),
    "sgd": (optim.SGD, 0.3),
    "momentum": (lambda params, lr: optim.SGD(params, lr, momentum=0.9), 0.05),
}


def _number(kind: type, fits: Callable[[Any], bool], rule: str) -> Callable[[str], Any]:
    """What reads a number of an option, and refuses one that is not as the rule has it."""

    def read(text: str) -> Any:
        with contextlib.suppress(ValueError):
            if fits(number := kind(text)):
                return number
        raise argparse.ArgumentTypeError(f"it is {rule}, but this is {text!r}")

    return read


_COUNT = _number(int, lambda n: n >= 1, "a whole number from 1 up")
_SEED = _number(int, lambda n: 0 <= n < 2**31, "a whole number from 0 to 2147483647")
_RATE = _number(float, lambda x: 0 < x < float("inf"), "a number above 0")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """The message alone, and exit code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code, 2 for bad input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        run(options)
    except (ImportError, OSError, ValueError, FloatingPointError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        saved = f" Go on with --save {options.save} --resume." if options.save else ""
        print(f"\nInterrupted.{saved}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m nn",
        description=__doc__,
        epilog="Example: python -m nn digits --splits 1 --out pictures",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("set", choices=list(SETS), help=f"one of {', '.join(SETS)}", metavar="set")
    names = list(_OPTIMIZERS)
    add("--optimizer", choices=names, default="adam", metavar="NAME", help="one of %(choices)s")
    add("--lr", type=_RATE, help="the learning rate (one that suits the optimiser)")
    add("--epochs", type=_COUNT, default=30, help="passes over the data (%(default)s)")
    add("--seed", type=_SEED, default=0, help="of the first split; each other has one more")
    add("--splits", type=_COUNT, default=10, help="over which results are averaged (%(default)s)")
    add("--diagnose", action="store_true", help="say why the loss of the first split rose")
    add("--save", type=Path, metavar="PATH", help="a checkpoint of the first split, an .npz file")
    add("--resume", action="store_true", help="go on from the checkpoint, up to --epochs in all")
    add("--out", type=Path, metavar="FOLDER", default=Path("pictures"),
        help="for the pictures of the first split (%(default)s)")  # fmt: skip
    return parser


# -- what is done --------------------------------------------------------------------------


class Result(NamedTuple):
    """Accuracies in percent, and seconds to fit: ours and MLPClassifier's."""

    accuracy: float
    other_accuracy: float
    seconds: float
    other_seconds: float


def run(options: argparse.Namespace) -> None:
    """Train and test on each split, print the table, and draw the pictures of the first.

    Raises ImportError for what is not installed, OSError for what cannot be written, ValueError
    and FloatingPointError where training does; the first two before anything is trained.
    """
    data = SETS[options.set]()
    from_sklearn("neural_network", "MLPClassifier")
    viz.loss_curve([1.0])  # ImportError where no picture can be drawn
    _check_files(options)
    with _one_thread():
        _warm_up(data, options)
        results = []
        for seed in range(options.seed, options.seed + options.splits):
            part = split(data, seed)
            first = seed == options.seed
            model, history, result = _compared(part, options, seed, first)
            results.append(result)
            if first:
                print(_heading(options, data))
                shown = part, model, history
            print(_row(str(seed), result), flush=True)
    if len(results) > 1:
        print(_row("mean", Result(*np.mean(results, axis=0).tolist())))
    part, model, history = shown
    if options.save is not None:
        print(f"\nThe first split took longer to fit, for its checkpoints in {options.save}.")
    if options.diagnose:
        print(f"\n{optim.diagnose(history)}")
    print("\n" + "\n".join(_pictures(options, data, part, model, history)))


def _check_files(options: argparse.Namespace) -> None:
    """Make the folder of pictures; ValueError and OSError for what cannot be written or read."""
    out, save = options.out, options.save
    if options.resume and save is None:
        raise ValueError("--resume goes on from a checkpoint: name its file by --save PATH.")
    if save is not None and save.exists() and not options.resume:
        raise FileExistsError(f"{save} is there already: go on from it by --resume, or delete it.")
    with contextlib.suppress(FileExistsError):  # a file: refused below
        out.mkdir(parents=True, exist_ok=True)
    for folder in (out, out if save is None else save.parent):
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise OSError(f"Files cannot be written into {str(folder)!r}: name another folder.")


@contextlib.contextmanager
def _one_thread() -> Any:
    """Products of matrices on one thread: of matrices this small, more take longer."""
    from threadpoolctl import threadpool_limits  # which scikit-learn brings with it

    with threadpool_limits(1):
        yield


def _warm_up(data: Set, options: argparse.Namespace) -> None:
    """One epoch of each, so that no time has in it what is done once in a process."""
    part = split(data, options.seed)
    _trained(part, options, options.seed, epochs=1)
    _fitted(part, options.seed, max_iter=1)


def _compared(
    part: Split, options: argparse.Namespace, seed: int, first: bool
) -> tuple[Any, optim.History, Result]:
    """The model and the history of a split, and what has come out."""
    more: dict[str, Any] = {}
    if first:  # the one that is shown
        more = {"validation": (part.X_test, part.y_test), "diagnose": options.diagnose,
                "checkpoint": options.save, "resume": options.resume}  # fmt: skip
    start = time.perf_counter()
    model, history = _trained(part, options, seed, options.epochs, **more)
    ours = time.perf_counter()
    other = _fitted(part, seed)
    theirs = time.perf_counter()
    right = np.mean(model.predict(part.X_test).argmax(axis=1) == part.y_test)
    other_right = other.score(part.X_test, part.y_test)
    result = Result(100 * float(right), 100 * float(other_right), ours - start, theirs - ours)
    return model, history, result


def _trained(
    part: Split, options: argparse.Namespace, seed: int, epochs: int, **more: Any
) -> tuple[Any, optim.History]:
    rng, classes = np.random.default_rng(seed), int(part.y.max()) + 1
    features = part.X.shape[1]
    model = Sequential(
        Linear(features, _HIDDEN, seed=rng), ReLU(), Linear(_HIDDEN, classes, seed=rng)
    )
    make, suits = _OPTIMIZERS[options.optimizer]
    optimizer = make(model.parameters(), lr=options.lr or suits)
    history = optim.train(
        model, cross_entropy, (part.X, part.y), optimizer, epochs=epochs,
        batch_size=min(_BATCH, len(part.y)), metrics="accuracy", seed=seed, progress=False, **more,
    )  # fmt: skip
    return model, history


def _fitted(part: Split, seed: int, **settings: Any) -> Any:
    """MLPClassifier at its defaults, which may not have converged after its 200 epochs."""
    classifier = from_sklearn("neural_network", "MLPClassifier")(random_state=seed, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", from_sklearn("exceptions", "ConvergenceWarning"))
        return classifier.fit(part.X, part.y)


# -- what is shown -------------------------------------------------------------------------

_COLUMNS = "{:>5}  {:>8}  {:>15}  {:>8}  {:>15}"


def _heading(options: argparse.Namespace, data: Set) -> str:
    rows, features = data.X.shape
    lr = options.lr or _OPTIMIZERS[options.optimizer][1]
    return "\n".join([
        f"{options.set}: {rows:,} rows of {features} features in {len(data.classes)} classes, "
        "a fifth of them for the test",
        f"{features}-{_HIDDEN}-{len(data.classes)}, relu, {options.optimizer} with lr {lr:g}, "
        f"{options.epochs} epochs of batches of {_BATCH}; MLPClassifier at its defaults",
        "",
        f"{'':5}  {'accuracy in %':^25}  {'seconds to fit':^25}",
        _COLUMNS.format("split", "ours", "MLPClassifier's", "ours", "MLPClassifier's"),
    ])  # fmt: skip


def _row(name: str, result: Result) -> str:
    cells = [f"{x:.2f}" for x in result[:2]] + [f"{x:.3f}" for x in result[2:]]
    return _COLUMNS.format(name, *cells)


def _pictures(
    options: argparse.Namespace, data: Set, part: Split, model: Any, history: optim.History
) -> list[str]:
    """Draw the first split, and say what is where."""
    test = model, part.X_test, part.y_test

    def path(what: str) -> Path:
        return Path(options.out, f"{options.set}-{what}.png")

    viz.loss_curve(history, path("loss"), title=f"{options.set}: cross entropy and accuracy")
    viz.confusion(*test, path("confusion"), names=data.classes)
    lines = [f"The loss curve is in {path('loss')}, the confusion matrix in {path('confusion')}"]
    if data.X.shape[1] == 2:
        features = ("first feature, scaled", "second feature, scaled")
        viz.boundary(
            model, part.X, part.y, path("boundary"), names=data.classes, features=features
        )  # fmt: skip
        lines.append(f"The boundary between the classes is in {path('boundary')}")
    if np.all(model.predict(part.X_test).argmax(axis=1) == part.y_test):
        return [*lines, "No row of the test is mistaken, so there is no picture of mistakes."]
    images = None if data.images is None else data.images[part.tested]
    viz.mistakes(*test, path("mistakes"), images=images, names=data.classes)
    return [*lines, f"The worst mistakes are in {path('mistakes')}"]


if __name__ == "__main__":
    sys.exit(main())
