"""The command line: its table beside MLPClassifier's, its pictures, a message for each refusal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from autodiff.extend import read_archive
from nn import Linear, ReLU, Sequential
from nn.__main__ import _OPTIMIZERS, main
from nn.sets import SETS, split
from viz import figures

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^ *(\d+|mean) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", re.MULTILINE)


@pytest.fixture
def undrawn(monkeypatch):
    """Without pictures, which take longer than all else."""
    monkeypatch.setattr("nn.__main__._pictures", lambda *_: [])


def run(capsys, tmp_path, *arguments):
    """The rows of the table by their names, what is said, and the pictures."""
    out = tmp_path / "pictures"
    assert main([*arguments, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    rows = {name: [float(x) for x in cells] for name, *cells in _ROW.findall(text)}
    return rows, text, {path.name for path in out.iterdir()}


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert out == ""
    assert err.startswith("python -m nn: ")
    assert "Traceback" not in err
    return err


def test_as_a_program(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nn", "iris", "--splits", "1", "--epochs", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "150 rows of 4 features in 3 classes" in done.stdout
    assert "mean" not in done.stdout
    picture = matplotlib.image.imread(tmp_path / "pictures" / "iris-loss.png")
    assert min(picture.shape[:2]) >= 600


@pytest.mark.parametrize("name", ["wine", "spiral"])
def test_it_is_as_accurate_as_the_classifier_that_stands_beside_it(capsys, tmp_path, undrawn, name):
    rows, _, _ = run(capsys, tmp_path, name, "--splits", "2", "--seed", "5")
    assert list(rows) == ["5", "6", "mean"]
    np.testing.assert_allclose(rows["mean"], np.mean([rows["5"], rows["6"]], axis=0), atol=0.006)
    tested = len(split(SETS[name](), 0).y_test)
    assert rows["mean"][0] >= rows["mean"][1] - max(1, 100 / tested) - 0.01
    assert min(rows["mean"]) > 0


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_its_pictures(capsys, tmp_path, name):
    with_others = {"digits": set(), "moons": {"moons-boundary.png"}}[name]
    rows, text, pictures = run(capsys, tmp_path, name, "--splits", "1", "--epochs", "2")
    assert pictures == {f"{name}-{p}.png" for p in ("loss", "confusion", "mistakes")} | with_others
    for picture in pictures:
        assert picture in text
        assert matplotlib.image.imread(tmp_path / "pictures" / picture)[..., :3].std() > 0.02
    assert rows["0"][0] > 80


@pytest.mark.parametrize("optimizer", _OPTIMIZERS)
def test_every_optimiser_learns_at_its_own_rate(capsys, tmp_path, undrawn, optimizer):
    options = ("--splits", "1", "--epochs", "10", "--optimizer", optimizer)
    rows, text, _ = run(capsys, tmp_path, "wine", *options)
    assert f"{optimizer} with lr {_OPTIMIZERS[optimizer][1]:g}, 10 epochs" in text
    assert rows["0"][0] > 90


def test_a_rate_and_a_seed_that_are_given_are_taken(capsys, tmp_path, undrawn):
    slow, text, _ = run(capsys, tmp_path, "iris", "--splits", "1", "--epochs", "1", "--lr", "1e-9")
    assert "lr 1e-09" in text
    assert slow["0"][0] < 90
    again, _, _ = run(capsys, tmp_path, "iris", "--splits", "1", "--epochs", "1", "--lr", "1e-9")
    assert again["0"][:2] == slow["0"][:2]


def test_it_goes_on_from_its_checkpoint(capsys, tmp_path, undrawn):
    path = tmp_path / "iris.npz"
    saved = ("iris", "--splits", "1", "--save", str(path))
    run(capsys, tmp_path, *saved, "--epochs", "2")
    assert "is there already" in refused(capsys, *saved, "--epochs", "4")
    rows, _, _ = run(capsys, tmp_path, *saved, "--epochs", "4", "--resume")
    whole = tmp_path / "whole.npz"
    run(capsys, tmp_path, *saved[:-1], str(whole), "--epochs", "4")
    one, other = (read_archive(p)["parts"]["model"] for p in (path, whole))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
    model, part = Sequential(Linear(4, 100), ReLU(), Linear(100, 3)), split(SETS["iris"](), 0)
    model.load_state_dict(one)
    right = np.mean(model.predict(part.X_test).argmax(axis=1) == part.y_test)
    assert rows["0"][0] == pytest.approx(100 * right, abs=0.005)
    message = refused(capsys, "wine", "--splits", "1", "--save", str(path), "--resume")
    assert "with the data that it had" in message


def test_it_says_why_the_loss_rose(capsys, tmp_path, undrawn):
    options = ("--splits", "1", "--epochs", "3", "--diagnose", "--optimizer", "sgd", "--lr", "9")
    _, text, _ = run(capsys, tmp_path, "iris", *options)
    assert "Overshoot: " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "set"),
        (["mnist"], "digits"),
        (["iris", "--optimizer", "adamax"], "adamw"),
        (["iris", "--lr", "0"], "a number above 0, but this is '0'"),
        (["iris", "--lr", "nan"], "a number above 0, but this is 'nan'"),
        (["iris", "--epochs", "0"], "a whole number from 1 up, but this is '0'"),
        (["iris", "--epochs", "2.5"], "a whole number from 1 up, but this is '2.5'"),
        (["iris", "--splits", "-1"], "a whole number from 1 up, but this is '-1'"),
        (["iris", "--seed", "-1"], "a whole number from 0"),
        (["iris", "--resume"], "--save PATH"),
        (["iris", "--out", "file"], "cannot be written into 'file'"),
        (["iris", "--out", "file/inside"], "file/inside"),
        (["iris", "--save", "nowhere/iris.npz"], "cannot be written into 'nowhere'"),
        (["iris", "--lr", "1e300", "--optimizer", "sgd", "--splits", "1"], "smaller `lr`"),
        (["iris", "--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_done_is_refused(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("not a folder")
    assert message in refused(capsys, *arguments)
    assert not list(tmp_path.rglob("*.png"))


def test_a_folder_that_is_read_only_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests
    assert "name another folder" in refused(capsys, "iris", "--out", str(tmp_path))


@pytest.mark.parametrize("module", ["sklearn.datasets", "sklearn.neural_network"])
def test_without_scikit_learn_it_says_what_to_install(capsys, tmp_path, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    assert "pip install scikit-learn" in refused(capsys, "iris", "--out", str(tmp_path / "p"))
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_it_says_what_to_install(capsys, tmp_path, monkeypatch):
    figures._figure_type.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install matplotlib" in refused(capsys, "iris", "--out", str(tmp_path / "p"))
    assert not list(tmp_path.iterdir())


def test_an_interruption_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.__main__._fitted", interrupt)
    assert main(["iris", "--save", "iris.npz", "--out", str(tmp_path)]) == 130
    assert "--save iris.npz --resume" in capsys.readouterr().err
