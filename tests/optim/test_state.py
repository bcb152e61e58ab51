"""The state of an optimiser: what is saved goes on as if nothing had happened, or is refused."""

import copy
import json
import re

import numpy as np
import pytest

import optim
from autodiff import Tensor, Value
from optim import SGD, Adam, RMSprop

KINDS = [
    ("GD", {}),
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adam", {"amsgrad": True, "betas": (0.5, 0.6)}),
    ("AdamW", {}),
]


def made(name, settings):
    """Parameters, and an optimiser of two groups of them."""
    params = [Value(0.5), Tensor([1.0, -2.0]), Tensor(np.float32([[3.0]])), Tensor(4.0)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.2}]
    return params, getattr(optim, name)(groups, lr=0.1, **settings)


def go_on(params, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        sum((p * p + p).sum() for p in params).backward()
        optimizer.step()
    return [np.array(p.data) for p in params]


def plain(x):
    """Whether there is nothing but numbers, strings, arrays, lists, tuples and dicts in it."""
    if isinstance(x, dict):
        return all(type(key) is str and plain(part) for key, part in x.items())
    if isinstance(x, (list, tuple)):
        return all(map(plain, x))
    return x is None or type(x) in (int, float, bool, str, np.ndarray)


@pytest.mark.parametrize("in_a_file", [True, False])
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_a_saved_optimiser_goes_on_exactly(name, settings, steps, in_a_file, tmp_path):
    params, optimizer = made(name, settings)
    data = go_on(params, optimizer, steps)
    optimizer.param_groups[1]["lr"] = 0.05
    saved = optimizer.state_dict()
    untouched = copy.deepcopy(saved)
    optimizer.save(tmp_path / "optimizer.npz")
    expected = go_on(params, optimizer, 3)
    assert plain(saved)
    params_too, again = made(name, {})
    for p, x in zip(params_too, data, strict=True):
        p.data = x
    if in_a_file:
        again.load(tmp_path / "optimizer.npz")
    else:
        again.load_state_dict(saved)
    for found, x in zip(go_on(params_too, again, 3), expected, strict=True):
        np.testing.assert_array_equal(found, x)
    assert repr(saved) == repr(untouched)  # neither of the two writes into it


def test_the_settings_survive_json():
    _, optimizer = made("Adam", {"betas": (0.5, 0.6)})
    saved = json.loads(json.dumps(optimizer.state_dict()))
    _, again = made("Adam", {})
    again.load_state_dict(saved)
    assert again.betas == (0.5, 0.6)


def with_entry(name, x, place=1):
    def change(saved):
        saved["state"][place][name] = x

    return change


def with_setting(name, x):
    def change(saved):
        saved["param_groups"][1][name] = x

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda saved: saved.pop("state"), "this is ['optimizer', 'param_groups']"),
        (lambda saved: saved.update(optimizer="AdamW"), "this is of AdamW, not Adam"),
        (lambda saved: saved["param_groups"].pop(), "groups of [1] parameters"),
        (lambda saved: saved["state"].pop(), "groups of [1, 3] parameters"),
        (lambda saved: saved["param_groups"][0].pop("eps"), "its groups have ['amsgrad'"),
        (with_setting("momentum", 0.9), "its groups have ['amsgrad'"),
        (
            with_setting("lr", -1.0),
            "A learning rate is a finite number from 0 up",
        ),
        (with_setting("betas", (1.0, 2.0)), "The betas are two numbers"),
        (lambda saved: saved["state"][1].pop("grad_sum"), "of parameter 1 it has no grad_sum"),
        (with_entry("step", -1), "step of parameter 1 is -1"),
        (with_entry("step", 1.5), "step of parameter 1 is 1.5"),
        (with_entry("grad_sum", np.zeros(3)), "grad_sum of parameter 1 has shape (3,)"),
        (with_entry("grad_sum", np.zeros(2, int)), "dtype int64, not (2,)"),
        (with_entry("grad_sum", [0.0, 0.0]), "dtype list, not (2,)"),
        (with_entry("square_sum", np.zeros(1), 0), "square_sum of parameter 0 is a ndarray"),
        (with_entry("other", np.zeros(3)), "other of parameter 1 has shape (3,)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changed(change, message):
    params, optimizer = made("Adam", {})
    go_on(params, optimizer, 2)
    before = optimizer.state_dict()
    wrong = copy.deepcopy(before)
    wrong["param_groups"][0]["lr"] = 0.7  # which is right by itself, and comes first
    change(wrong)
    with pytest.raises(ValueError, match=re.escape(message)):
        optimizer.load_state_dict(wrong)
    assert repr(optimizer.state_dict()) == repr(before)


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    _, adam = made("Adam", {})
    adam.save(tmp_path / "adam.npz")
    with pytest.raises(ValueError, match="this is of Adam, not SGD"):
        made("SGD", {})[1].load(tmp_path / "adam.npz")
    np.savez(tmp_path / "model.npz", w=np.ones(2))
    with pytest.raises(ValueError, match=r"this is \['w'\]"):
        adam.load(tmp_path / "model.npz")


@pytest.mark.parametrize("wrong", [None, [], 3, {}])
def test_what_is_no_state(wrong):
    with pytest.raises(ValueError, match="A state fits an optimiser made as the one that wrote it"):
        Adam([Value(1.0)]).load_state_dict(wrong)


def test_a_state_from_before_the_first_step_clears_what_came_later():
    for make, settings in [(SGD, {"momentum": 0.9}), (RMSprop, {}), (Adam, {})]:
        w, x = Value(1.0), Value(1.0)
        optimizer = make([w], **settings)
        fresh = optimizer.state_dict()
        go_on([w], optimizer, 3)
        w.data = 1.0
        optimizer.load_state_dict(fresh)
        assert go_on([w], optimizer, 3) == go_on([x], make([x], **settings), 3)


JUNK = [None, 3, -1, 1.5, "x", [], {}, (), [1, 2], {"a": 1}, np.ones(2), [None], [{}]]


def places_in(x, path=()):
    yield path
    for key in x if isinstance(x, dict) else range(len(x)) if isinstance(x, list) else ():
        yield from places_in(x[key], (*path, key))


def with_junk(x, path, junk):
    if not path:
        return junk
    changed = copy.copy(x)
    changed[path[0]] = with_junk(x[path[0]], path[1:], junk)
    return changed


@pytest.mark.parametrize("name", ["GD", "Adam"])
def test_any_junk_in_a_state_is_taken_or_refused_by_one_error(name):
    params, optimizer = made(name, {})
    go_on(params, optimizer, 1)
    state = optimizer.state_dict()
    refused = 0
    for path in places_in(state):
        for junk in JUNK:
            try:
                optimizer.load_state_dict(with_junk(state, path, copy.deepcopy(junk)))
            except ValueError:
                assert repr(optimizer.state_dict()) == repr(state)
                refused += 1
            else:
                optimizer.load_state_dict(state)
    assert refused > 50


@pytest.mark.parametrize(
    "places", [[1], [0, 1], [None], [0.0], [False], "0", {0: 0}, (0,), [[0]], np.zeros(1, int)]
)
def test_parameters_in_other_places_are_refused(places):
    _, optimizer = made("SGD", {})
    state = optimizer.state_dict()
    state["param_groups"][0]["params"] = places
    with pytest.raises(ValueError, match="it has groups of"):
        optimizer.load_state_dict(state)
