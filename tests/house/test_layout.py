"""Where tests stand: those of a file are found by its name, in the folder of its room."""

import pytest
from imports import ROOT

TESTS = ROOT / "tests"
# Beside the files' own, what cuts across the files of a room.
TOPICS = {
    "graph": {"limits", "threads"},
    "operations": {
        "against_jax", "argument_forms", "composites", "conventions", "every_operation", "inputs",
        "numpy_arguments", "numpy_programs", "zeros_in_every_reading",
    },
    "nn": {"empty", "sequential", "switches", "torch"},
    "programs": {"interrupts", "special_points"},
    "transforms": {"nesting", "orders", "ownership"},
    "viz": {"bench", "browser", "live", "looks"},
}  # fmt: skip
ROOMS = {p.name: p for p in (ROOT / "autodiff").iterdir() if (p / "__init__.py").exists()}
ROOMS.update({name: ROOT / name for name in ("nn", "optim", "viz")})


def names_in(room):
    return {path.stem.removeprefix("test_") for path in (TESTS / room).rglob("test_*.py")}


@pytest.mark.parametrize("room", ROOMS)
def test_each_is_named_after_a_file_of_its_room_or_a_topic(room):
    files = {path.stem.strip("_") for path in ROOMS[room].rglob("*.py")}
    assert names_in(room) <= files | TOPICS.get(room, set())


def test_no_topic_is_named_without_need():
    for room, topics in TOPICS.items():
        assert topics <= names_in(room)


def test_no_test_stands_outside_of_a_room():
    folders = {p.relative_to(TESTS).parts[0] for p in TESTS.rglob("test_*.py")}
    assert folders <= {*ROOMS, "docs", "house"}


@pytest.mark.parametrize("inner", ["buffered", "text", "tracing"])
def test_an_inner_room_has_the_tests_of_its_own_files(inner):
    here = TESTS / "programs" / inner
    files = {path.stem for path in (ROOMS["programs"] / inner).glob("*.py")}
    assert {path.stem.removeprefix("test_") for path in here.rglob("test_*.py")} <= files
