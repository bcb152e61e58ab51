"""Schedules against their closed forms, and PyTorch's."""

import copy
import itertools
import json
import math
import re

import numpy as np
import pytest

from autodiff import Tensor, Value
from optim import GD, SGD, Adam, schedules
from optim.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)

STEPS = 100
BASES = (0.1, 3.0)
# Of each the rate after t steps, of a group whose own is b.
CLOSED_FORMS = [
    ("StepLR", {"step_size": 30}, lambda b, t: b / 10.0 ** (t // 30)),
    ("StepLR", {"step_size": 7, "gamma": 0.5}, lambda b, t: b / 2 ** (t // 7)),
    ("StepLR", {"step_size": 1, "gamma": 1.1}, lambda b, t: b * math.exp(t * math.log(1.1))),
    ("StepLR", {"step_size": 50, "gamma": 0}, lambda b, t: b * (t < 50)),
    ("ExponentialLR", {"gamma": 0.9}, lambda b, t: b * math.exp(t * math.log(0.9))),
    ("ExponentialLR", {"gamma": 1}, lambda b, t: b),
    (
        "CosineAnnealingLR",
        {"T_max": 100},
        lambda b, t: b * math.cos(math.pi * t / 200) ** 2,
    ),
    (
        "CosineAnnealingLR",
        {"T_max": 40, "eta_min": 0.01},
        lambda b, t: 0.01 + (b - 0.01) * math.cos(math.pi * t / 80) ** 2,
    ),
    ("CosineAnnealingLR", {"T_max": 1}, lambda b, t: b * (t % 2 == 0)),
    ("LinearLR", {}, lambda b, t: b * (1 if t >= 5 else (5 + 2 * t) / 15)),
    (
        "LinearLR",
        {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 60},
        lambda b, t: b * (0.1 + 0.01 * min(t, 60)),
    ),
    ("LinearLR", {"start_factor": 0, "total_iters": 10}, lambda b, t: b * min(t / 10, 1)),
    ("LinearLR", {"start_factor": 1, "end_factor": 0}, lambda b, t: b * max(1 - t / 5, 0)),
]
IDS = [f"{name} {settings}" for name, settings, _ in CLOSED_FORMS]


def optimizer_of(bases=BASES, make=SGD):
    return make([{"params": [Value(1.0)], "lr": lr} for lr in bases])


def path_of(schedule, steps=STEPS, losses=(None,) * STEPS):
    """The rates of all groups before the first step, and after each."""
    rates = [schedule.get_last_lr()]
    for _, loss in zip(range(steps), losses):
        schedule.step() if loss is None else schedule.step(loss)
        rates.append(schedule.get_last_lr())
    assert rates[-1] == [group["lr"] for group in schedule.optimizer.param_groups]
    return np.array(rates)


@pytest.mark.parametrize(("name", "settings", "rate"), CLOSED_FORMS, ids=IDS)
def test_the_rates_are_those_of_the_closed_form(name, settings, rate):
    path = path_of(getattr(schedules, name)(optimizer_of(), **settings))
    expected = [[rate(b, t) for b in BASES] for t in range(STEPS + 1)]
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-15)


def test_a_schedule_that_ends_at_0_does_so_exactly():
    schedule = CosineAnnealingLR(optimizer_of(), T_max=STEPS)
    assert path_of(schedule)[-1].tolist() == [0.0, 0.0]


def test_what_moves_is_by_the_rate_of_the_step():
    w = Value(0.0)
    gd = GD([w], lr=1.0)
    schedule = StepLR(gd, step_size=1, gamma=0.5)
    for _ in range(4):
        gd.zero_grad()
        (w * -1.0).backward()
        gd.step()
        schedule.step()
    assert w.data == 1.875


# -- one after another, and several together -------------------------------------------------


def warm_up_and_cosine(optimizer):
    parts = [LinearLR(optimizer, 0.1, total_iters=10), CosineAnnealingLR(optimizer, T_max=90)]
    return SequentialLR(optimizer, parts, milestones=[10])


def four_in_turn(optimizer):
    parts = [
        LinearLR(optimizer, total_iters=20),  # is cut off
        StepLR(optimizer, step_size=3),
        LinearLR(optimizer, 1.0, 0.5, total_iters=4),
        ExponentialLR(optimizer, gamma=0.97),
    ]
    return SequentialLR(optimizer, parts, milestones=[7, 30, 44])


def test_a_warm_up_and_a_cosine():
    path = path_of(warm_up_and_cosine(optimizer_of()))
    for base, rates in zip(BASES, path.T, strict=True):
        np.testing.assert_allclose(rates[:11], base * np.linspace(0.1, 1, 11), rtol=1e-12)
        cosine = base * np.cos(np.pi * np.arange(91) / 180) ** 2
        np.testing.assert_allclose(rates[10:], cosine, rtol=1e-12, atol=1e-15)


def test_each_of_a_sequence_begins_from_the_base():
    path = path_of(four_in_turn(optimizer_of()))
    for base, rates in zip(BASES, path.T, strict=True):
        parts = [
            base * (1 / 3 + 2 / 3 * np.arange(7) / 20),
            base / 10.0 ** (np.arange(23) // 3),
            base * np.maximum(1 - np.arange(14) / 8, 0.5),
            base * 0.97 ** np.arange(57),
        ]
        np.testing.assert_allclose(rates, np.concatenate(parts), rtol=1e-12)


def test_a_warm_up_before_a_plateau():
    sgd = optimizer_of([1.0])
    parts = [LinearLR(sgd, 0.5, total_iters=2), ReduceLROnPlateau(sgd, factor=0.5, patience=1)]
    path = path_of(SequentialLR(sgd, parts, milestones=[2]), 8, itertools.repeat(1.0))
    assert path[:, 0].tolist() == [0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("turn", [1, -1])
def test_two_schedules_of_one_optimiser_act_together(turn):
    sgd = optimizer_of()
    both = [LinearLR(sgd, 0.2, total_iters=8), ExponentialLR(sgd, gamma=0.9)]
    for t in range(20):
        factor = (0.2 + 0.1 * min(t, 8)) * 0.9**t
        found = [group["lr"] for group in sgd.param_groups]
        np.testing.assert_allclose(found, np.multiply(BASES, factor), rtol=1e-12)
        for schedule in both[::turn]:
            schedule.step()


def test_a_rate_that_is_assigned_is_gone_on_from():
    sgd = optimizer_of([1.0])
    schedule = StepLR(sgd, step_size=2, gamma=0.5)
    sgd.lr = 0.8
    assert path_of(schedule, 3)[:, 0].tolist() == [0.8, 0.8, 0.4, 0.4]
    sgd.lr = 0.0
    assert path_of(schedule, 3)[:, 0].tolist() == [0.0] * 4
    schedule.restart()
    assert sgd.lr == 1.0


def test_a_schedule_goes_up_from_0_again():
    sgd = optimizer_of([1.0])
    warm_up, other = LinearLR(sgd, 0.0, total_iters=2), StepLR(sgd, step_size=2, gamma=0.5)
    rates = []
    for _ in range(3):
        rates.append(sgd.lr)
        warm_up.step()
        other.step()
    assert rates == [0.0, 0.5, 0.5]


def test_a_group_that_joins_later_has_its_own_base():
    sgd = optimizer_of([1.0])
    schedule = StepLR(sgd, step_size=2, gamma=0.5)
    path_of(schedule, 2)
    sgd.add_param_group({"params": [Value(1.0)], "lr": 0.1})
    assert path_of(schedule, 2).tolist() == [[0.5, 0.1], [0.5, 0.1], [0.25, 0.05]]


# -- plateaus --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "losses", "rates"),
    [
        ({"patience": 0}, [3, 2, 2, 1, 1], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 2}, [3, 3, 3, 3, 3, 3, 3], [1, 1, 1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 0, "cooldown": 2}, [3, 3, 3, 3, 3, 3], [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 0, "min_lr": 0.4}, [1, 1, 1, 1], [1, 0.5, 0.4, 0.4]),
        ({"patience": 0, "eps": 0.3}, [1, 1, 1, 1], [1, 0.5, 0.5, 0.5]),
        ({"patience": 0, "threshold": 0.1}, [10, 9.5, 8.9, 8.1], [1, 0.5, 0.5, 0.25]),
        (
            {"patience": 0, "threshold": 1, "threshold_mode": "abs"},
            [10, 9.5, 8.9, 8.1],
            [1, 0.5, 0.5, 0.25],
        ),
        ({"patience": 0, "mode": "max"}, [1, 2, 2, 3], [1, 1, 0.5, 0.5]),
        ({"patience": 0, "mode": "max", "threshold": 0.5}, [2, 2.9, 3.1], [1, 0.5, 0.5]),
        ({"patience": 0}, [math.nan, math.inf, 1, math.nan], [0.5, 0.25, 0.25, 0.125]),
    ],
)
def test_a_plateau(settings, losses, rates):
    schedule = ReduceLROnPlateau(optimizer_of([1.0]), factor=0.5, **settings)
    assert path_of(schedule, len(losses), losses)[1:, 0].tolist() == rates


@pytest.mark.parametrize(
    "loss", [2, 2.0, np.float32(2), np.array([2.0]), Value(2.0), Tensor(2.0) * 1.0, Tensor([[2.0]])]
)
def test_the_loss_is_a_number_or_a_node(loss):
    schedule = ReduceLROnPlateau(optimizer_of())
    schedule.step(loss)
    assert schedule.best == 2.0


@pytest.mark.parametrize("loss", [None, "2", [1.0, 2.0], np.ones(2), Tensor([1.0, 2.0]), True])
def test_what_is_no_loss(loss):
    schedule = ReduceLROnPlateau(optimizer_of())
    with pytest.raises(TypeError, match=r"is told the loss, .*\nWrite `schedule\.step\(loss\)`"):
        schedule.step(loss)
    assert schedule.steps == 0


# -- PyTorch's -------------------------------------------------------------------------------


def chained(names):
    """A function that makes several schedules of one optimiser, in either library."""

    def make(library, optimizer):
        return [getattr(library, name)(optimizer, **settings) for name, settings in names]

    return make


SEQUENCES = {
    "warm-up and cosine": (
        [
            ("LinearLR", {"start_factor": 0.1, "total_iters": 10}),
            ("CosineAnnealingLR", {"T_max": 90, "eta_min": 1e-3}),
        ],
        [10],
    ),
    "three": (
        [
            ("LinearLR", {"total_iters": 20}),
            ("StepLR", {"step_size": 3, "gamma": 0.7}),
            ("ExponentialLR", {"gamma": 0.97}),
        ],
        [7, 30],
    ),
}


def torch_optimizer(torch):
    groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in BASES]
    return torch.optim.SGD(groups)


def torch_path(optimizer, theirs, losses=(None,) * STEPS):
    rates = [[group["lr"] for group in optimizer.param_groups]]
    for _, loss in zip(range(STEPS), losses):
        optimizer.step()
        for schedule in theirs:
            schedule.step() if loss is None else schedule.step(loss)
        rates.append([group["lr"] for group in optimizer.param_groups])
    return np.array(rates)


@pytest.mark.parametrize(("name", "settings", "_"), CLOSED_FORMS, ids=IDS)
def test_the_rates_are_pytorchs(name, settings, _):
    torch = pytest.importorskip("torch")
    if settings.get("start_factor") == 0:
        pytest.skip("which PyTorch refuses")
    theirs = torch_optimizer(torch)
    schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **settings)
    path = path_of(getattr(schedules, name)(optimizer_of(), **settings))
    np.testing.assert_allclose(path, torch_path(theirs, [schedule]), rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of its own use of `step(epoch)`
@pytest.mark.parametrize(("parts", "milestones"), SEQUENCES.values(), ids=SEQUENCES)
def test_sequences_are_pytorchs(parts, milestones):
    torch = pytest.importorskip("torch")
    make, theirs, ours = chained(parts), torch_optimizer(torch), optimizer_of()
    library = torch.optim.lr_scheduler
    schedule = library.SequentialLR(theirs, make(library, theirs), milestones=milestones)
    expected = torch_path(theirs, [schedule])
    path = path_of(SequentialLR(ours, make(schedules, ours), milestones=milestones))
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "names",
    [
        [("LinearLR", {"total_iters": 10}), ("ExponentialLR", {"gamma": 0.95})],
        [("StepLR", {"step_size": 7}), ("LinearLR", {}), ("StepLR", {"step_size": 5})],
    ],
)
def test_schedules_together_are_pytorchs(names):
    torch = pytest.importorskip("torch")
    make, theirs, ours = chained(names), torch_optimizer(torch), optimizer_of()
    expected = torch_path(theirs, make(torch.optim.lr_scheduler, theirs))
    both = make(schedules, ours)
    path = [both[0].get_last_lr()]
    for _ in range(STEPS):
        for schedule in both:
            schedule.step()
        path.append(both[0].get_last_lr())
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("more", [{}, {"cooldown": 3}, {"min_lr": 0.01, "eps": 0.02}])
def test_plateaus_are_pytorchs(mode, threshold_mode, more):
    torch = pytest.importorskip("torch")
    settings = {"mode": mode, "threshold_mode": threshold_mode, "threshold": 0.02, **more}
    settings |= {"factor": 0.6, "patience": 2}
    rng = np.random.default_rng(0)
    losses = (np.cumsum(rng.normal(size=STEPS)) - 3).tolist()
    theirs = torch_optimizer(torch)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **settings)
    expected = torch_path(theirs, [schedule], losses)
    path = path_of(ReduceLROnPlateau(optimizer_of(), **settings), STEPS, losses)
    assert len(np.unique(path[:, 1])) > 3
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-12)


# -- states ----------------------------------------------------------------------------------

MAKERS = {
    **{
        f"{name} {settings}": lambda o, name=name, settings=settings: getattr(schedules, name)(
            o, **settings
        )
        for name, settings, _ in CLOSED_FORMS[::3]
    },
    "plateau": lambda o: ReduceLROnPlateau(o, patience=1, cooldown=1, factor=0.5),
    "sequence": four_in_turn,
}
LOSSES = np.random.default_rng(0).uniform(1, 2, STEPS).tolist()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("steps", [0, 1, 6, 35])
@pytest.mark.parametrize("with_optimizer", [True, False])
def test_a_saved_schedule_goes_on_exactly(make, steps, with_optimizer):
    ours = optimizer_of(make=Adam)
    schedule = make(ours)
    path_of(schedule, steps, LOSSES)
    saved = json.loads(json.dumps(schedule.state_dict()))
    saved_optimizer = copy.deepcopy(ours.state_dict())
    expected = path_of(schedule, 40, LOSSES)
    again = optimizer_of([0.5, 0.5], make=Adam)
    schedule_again = make(again)
    if with_optimizer:
        again.load_state_dict(saved_optimizer)
    schedule_again.load_state_dict(saved)
    np.testing.assert_array_equal(path_of(schedule_again, 40, LOSSES), expected)


def test_the_settings_are_those_of_the_state():
    ours = optimizer_of([1.0])
    other = optimizer_of([1.0])
    schedule = StepLR(other, step_size=9)
    schedule.load_state_dict(StepLR(ours, step_size=1, gamma=0.5).state_dict())
    assert path_of(schedule, 2)[:, 0].tolist() == [1.0, 0.5, 0.25]


def with_part(change):
    return lambda state: change(state["schedulers"][3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("lrs"), "this has ['initial_lrs', 'schedule',"),
        (lambda s: s.update(schedule="StepLR"), "this is of StepLR, not SequentialLR"),
        (lambda s: s.update(settings=None), "its settings are None, not ['milestones']"),
        (lambda s: s.update(settings={"gamma": 1}), "its settings are {'gamma': 1}"),
        (lambda s: s.update(settings={"milestones": [3, 2]}), "Milestones are whole numbers"),
        (lambda s: s.update(steps=-1), "its steps is -1"),
        (lambda s: s.update(steps=1.5), "its steps is 1.5"),
        (lambda s: s.update(steps=True), "its steps is True"),
        (lambda s: s.update(lrs=[0.1]), "its lrs are [0.1], and the optimiser has 2 groups"),
        (lambda s: s.update(initial_lrs=[0.1, -1.0]), "A learning rate is a finite number"),
        (lambda s: s["schedulers"].pop(), "it is not of 4 schedules"),
        (lambda s: s["settings"].update(milestones=[]), "its milestones are []"),
        (with_part(lambda s: s.update(schedule="StepLR")), "of StepLR, not ExponentialLR"),
        (with_part(lambda s: s["settings"].update(gamma=-1)), "Gamma is a finite number"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changed(change, message):
    schedule = four_in_turn(optimizer_of())
    path_of(schedule, 10)
    before = schedule.state_dict()
    other = four_in_turn(optimizer_of((0.5, 0.7)))
    path_of(other, 50)
    wrong = other.state_dict()
    change(wrong)
    with pytest.raises(ValueError, match=re.escape(message)):
        schedule.load_state_dict(wrong)
    assert schedule.state_dict() == before


@pytest.mark.parametrize("wrong", [None, [], 3, {}])
def test_what_is_no_state(wrong):
    with pytest.raises(ValueError, match="A state fits a schedule made as the one that wrote it"):
        ExponentialLR(optimizer_of(), 0.5).load_state_dict(wrong)


# -- what is checked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "rule"),
    [
        ("StepLR", {"step_size": 0}, "A step size is a whole number from 1 up, but this is 0"),
        ("StepLR", {"step_size": 2.5}, "A step size is a whole number"),
        ("StepLR", {"step_size": 2, "gamma": -1}, "Gamma is a finite number from 0 up"),
        ("ExponentialLR", {"gamma": "0.9"}, "Gamma is a finite number from 0 up"),
        ("ExponentialLR", {"gamma": math.nan}, "Gamma is a finite number from 0 up"),
        ("CosineAnnealingLR", {"T_max": True}, "T_max is a whole number from 1 up"),
        ("CosineAnnealingLR", {"T_max": 9, "eta_min": -1}, "A least rate is a finite number"),
        ("LinearLR", {"start_factor": 1.5}, "A start factor is from 0 to 1"),
        ("LinearLR", {"end_factor": -0.1}, "An end factor is from 0 to 1"),
        (
            "LinearLR",
            {"total_iters": 0},
            "The number of steps of a warm-up is a whole",
        ),
        ("ReduceLROnPlateau", {"mode": "least"}, "`mode` is one of 'min', 'max'"),
        ("ReduceLROnPlateau", {"factor": 1.0}, "A factor is from 0 to below 1"),
        ("ReduceLROnPlateau", {"patience": -1}, "Patience is a whole number from 0 up"),
        ("ReduceLROnPlateau", {"threshold_mode": 1}, "`threshold_mode` is one of 'rel', 'abs'"),
    ],
)
def test_settings_that_are_refused(name, settings, rule):
    sgd = optimizer_of()
    with pytest.raises(ValueError, match=rule):
        getattr(schedules, name)(sgd, **settings)
    assert [group["lr"] for group in sgd.param_groups] == [*BASES]


def test_a_rate_that_grows_beyond_all_bounds_is_refused_in_words():
    schedule = ExponentialLR(optimizer_of([1.0]), gamma=1e200)
    schedule.step()
    with pytest.raises(ValueError, match="A learning rate is a finite number from 0 up"):
        schedule.step()


@pytest.mark.parametrize("wrong", [None, [Value(1.0)], 0.1])
def test_a_schedule_is_made_with_an_optimiser(wrong):
    with pytest.raises(TypeError, match="made with the optimiser whose learning rate it sets"):
        ExponentialLR(wrong, 0.5)


def test_sequences_that_are_refused():
    sgd, other = optimizer_of(), optimizer_of()
    a, b = LinearLR(sgd), StepLR(sgd, 3)
    for parts, marks in [
        ([a, b], []),
        ([a], [3]),
        ([a, a], [3]),
        ([a, StepLR(other, 3)], [3]),
        ([a, 0.5], [3]),
        ([], []),
    ]:
        with pytest.raises(ValueError, match="A sequence is of schedules of its optimiser, each"):
            SequentialLR(sgd, parts, marks)
    for marks in ([3, 3], [0, 1], [1.5], 3, "3"):
        with pytest.raises(ValueError, match="Milestones are whole numbers from 1 up"):
            SequentialLR(sgd, [a, b], marks)


def test_all_are_told_the_loss_alike():
    """A training loop need not know whether its schedule looks at the loss."""
    for make in MAKERS.values():
        schedule = make(optimizer_of())
        assert isinstance(schedule, Schedule)
        schedule.step(Value(1.0))
        assert schedule.steps == 1
