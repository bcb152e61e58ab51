"""Checkpoints: a training that is killed goes on to exactly the losses of one that was not."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from nn import BatchNorm1d, Dropout, Linear, Sequential, cross_entropy
from optim import SGD, Adam, History, batches, schedules, train

KILLS = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 3
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.integers(0, 3, 60)


class StoppedError(Exception):
    """Stands for Ctrl-C."""


def fit(path=None, stop=None, data=(X, Y), epochs=4, patience=None, **settings):
    """A training with all that has a state; and StoppedError at the call `stop` of its metric."""
    model = Sequential(
        Linear(4, 8, seed=0), BatchNorm1d(8), Dropout(0.3, seed=1), Linear(8, 3, seed=2)
    )
    adam = Adam(model.parameters(), lr=0.05)
    plan = schedules.ReduceLROnPlateau(adam, patience=0)
    calls = 0

    def interrupted(output, target):
        nonlocal calls
        calls += 1
        if calls == stop:
            raise StoppedError
        return 0.0

    if path is not None:
        settings |= {"checkpoint": path, "every": 3, "resume": True}
    history = train(
        model, cross_entropy, data, adam, epochs=epochs, batch_size=16, seed=5, schedule=plan,
        metrics=interrupted, validation=(X[:20], Y[:20]), patience=patience, **settings,
    )  # fmt: skip
    return model, history


def same(one, other):
    """Whether two trainings have come to the same: all but the time."""
    states = [model.state_dict() for model, _ in (one, other)]
    columns = [
        [column for name, column in table.items() if name != "time"]
        for _, history in (one, other)
        for table in (history.steps, history.epochs)
    ]
    return columns[:2] == columns[2:] and all(
        np.array_equal(states[0][name], states[1][name]) for name in states[0]
    )


@pytest.mark.parametrize("compiled", [False, None])
@pytest.mark.parametrize("stops", [[1], [3], [7], [5, 5, 2], [2, 2, 2, 2]])
def test_it_goes_on_to_the_same_losses(tmp_path, compiled, stops):
    path = tmp_path / "training.npz"
    whole = fit(compiled=compiled)
    for stop in stops:
        with pytest.raises(StoppedError):
            fit(path, stop, compiled=compiled)
    found = fit(path, compiled=compiled)
    assert same(found, whole)
    assert found[1].steps["time"] == sorted(found[1].steps["time"])
    assert same(fit(path, compiled=compiled), whole)  # there is nothing left to do


def test_what_early_stopping_remembers_is_resumed(tmp_path):
    settings = {"epochs": 60, "patience": 2}
    whole = fit(**settings)
    assert whole[1].stopped is not None
    for stop in (7, 6):
        with pytest.raises(StoppedError):
            fit(tmp_path / "t.npz", stop, **settings)
    found = fit(tmp_path / "t.npz", **settings)
    assert same(found, whole)
    assert found[1].stopped == whole[1].stopped


def test_more_epochs_and_measurements_go_on_as_well(tmp_path):
    fit(tmp_path / "t.npz", epochs=2, diagnose=True)
    found, whole = fit(tmp_path / "t.npz", diagnose=True), fit(diagnose=True)
    np.testing.assert_array_equal(found[1].steps["after"], whole[1].steps["after"])
    np.testing.assert_array_equal(found[1].steps["curvature"], whole[1].steps["curvature"])


def test_batches_of_ones_own_go_on_at_the_next_epoch(tmp_path):
    def run(epochs, **settings):
        model = Linear(4, 3, seed=0)
        rows = [(X[:30], Y[:30]), (X[30:], Y[30:])]
        return model, train(
            model,
            cross_entropy,
            rows,
            SGD([*model.parameters()], lr=0.1),
            epochs=epochs,
            **settings,
        )

    path = tmp_path / "t.npz"
    run(2, checkpoint=path)
    assert same(run(5, checkpoint=path, resume=True), run(5))
    with pytest.raises(ValueError, match="`every` counts steps"):
        run(5, checkpoint=tmp_path / "other.npz", every=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": (X + 1, Y)}, "with the data that it had"),
        ({"data": (X[:-1], Y[:-1])}, "with the data that it had"),
        ({"data": batches(X, Y, batch_size=15), "batch_size": None}, "fits batches of data"),
        ({"optimizer": SGD}, "fits an optimiser"),
        (
            {"optimizer": lambda p, lr: Adam(p, lr=0.2)},
            r"began with lr=0\.1, but this one has 0\.2",
        ),
        ({"schedule": None}, "with what it had"),
        ({"metrics": None}, "metrics and measurements that it had"),
        ({"validation": (X, Y)}, "this one has a validation, and the one in .* none"),
        ({"model": lambda: Linear(4, 3, bias=False, seed=0)}, "does not fit"),
    ],
)
def test_that_of_another_training_is_refused(tmp_path, change, message):
    made = {"model": lambda: Linear(4, 3, seed=0), "optimizer": Adam, "data": (X, Y)}
    made |= {"batch_size": 16, "metrics": "accuracy", "schedule": schedules.CosineAnnealingLR}

    def run(epochs, **changes):
        settings = {**made, **changes}
        model = settings.pop("model")()
        optimizer = settings.pop("optimizer")(model.parameters(), lr=0.1)
        data, plan = settings.pop("data"), settings.pop("schedule")
        plan = plan and plan(optimizer, 10)
        before = model.state_dict(), optimizer.state_dict()["param_groups"]
        try:
            return train(
                model, cross_entropy, data, optimizer, epochs=epochs, resume=True, schedule=plan,
                checkpoint=tmp_path / "t.npz", **settings,
            )  # fmt: skip
        except ValueError:
            after = model.state_dict()
            assert all(np.array_equal(after[name], x) for name, x in before[0].items())
            assert optimizer.state_dict()["param_groups"] == before[1]
            raise

    run(2)
    content = (tmp_path / "t.npz").read_bytes()
    with pytest.raises(ValueError, match=message):
        run(3, **change)
    assert (tmp_path / "t.npz").read_bytes() == content


@pytest.mark.parametrize("folder", ["missing", "missing/deeper"])
def test_a_folder_that_is_missing_is_said_before_a_step(tmp_path, folder):
    model = Linear(4, 3, seed=0)
    before = model.state_dict()
    with pytest.raises(FileNotFoundError, match=r"written into a folder, but '.*' is not there"):
        train(
            model, cross_entropy, (X, Y), SGD(model.parameters(), lr=0.1),
            checkpoint=tmp_path / folder / "t.npz",
        )  # fmt: skip
    assert all(np.array_equal(model.state_dict()[name], x) for name, x in before.items())


def test_fewer_epochs_than_it_has_are_refused(tmp_path):
    whole = fit(tmp_path / "t.npz", epochs=3)
    with pytest.raises(ValueError, match="has 3 already, and this is 2"):
        fit(tmp_path / "t.npz", epochs=2)
    assert same(fit(tmp_path / "t.npz", epochs=3), whole)  # as many is nothing left to do


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = tmp_path / "t.npz"
    Linear(2, 2).save(path)
    with pytest.raises(ValueError, match="no checkpoint of a training"):
        fit(path)
    with pytest.raises(FileExistsError, match="resume=True"):
        train(Linear(4, 3), cross_entropy, (X, Y), SGD(Linear(4, 3).parameters()), checkpoint=path)


# -- a process that is killed --------------------------------------------------------------

SCRIPT = """
    import sys
    import numpy as np
    from nn import BatchNorm1d, Dropout, Linear, Sequential, cross_entropy
    from optim import Adam, schedules, train

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 8)), rng.integers(0, 3, 400)
    model = Sequential(
        Linear(8, 16, seed=0), BatchNorm1d(16), Dropout(0.2, seed=1), Linear(16, 3, seed=2)
    )
    adam = Adam(model.parameters(), lr=0.01)
    history = train(
        model, cross_entropy, (X, y), adam, epochs=int(sys.argv[2]), batch_size=16, seed=7,
        schedule=schedules.StepLR(adam, 2), checkpoint=sys.argv[1], every=1, resume=True,
    )
    history.save(sys.argv[1] + ".history")
"""


def test_a_process_that_is_killed_at_any_moment_goes_on_to_the_same_losses(tmp_path):
    epochs = str(2 + 8 * KILLS)  # more than pass, however late this process is woken to kill it

    def start(name):
        command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path / name), epochs]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()})

    assert start("whole").wait() == 0
    killed, draw = 0, random.Random(0)
    path = tmp_path / "killed"
    while killed < KILLS:
        process, before = start("killed"), path.stat().st_mtime_ns if path.exists() else 0
        while process.poll() is None and not (path.exists() and path.stat().st_mtime_ns > before):
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.02))
        if process.poll() is not None:
            break
        process.send_signal(draw.choice([signal.SIGKILL, signal.SIGINT]))
        process.wait()
        killed += 1
    assert killed == KILLS
    assert start("killed").wait() == 0
    whole, found = (History.load(tmp_path / f"{name}.history") for name in ("whole", "killed"))
    assert found.steps["loss"] == whole.steps["loss"]
    assert found.steps["lr"] == whole.steps["lr"]
    assert found.epochs["loss"] == whole.epochs["loss"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
