"""Settings, and groups of parameters that share them."""

import copy
import pickle

import numpy as np
import pytest

from autodiff import Tensor, Value
from nn import Linear
from optim import GD, SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, Setting

OPTIMIZERS = [GD, SGD, RMSprop, Adagrad, Adam, AdamW]


def descend(optimizer, params, steps=3):
    for _ in range(steps):
        optimizer.zero_grad()
        sum((p * p).sum() for p in params).backward()
        optimizer.step()
    return [np.array(p.data) for p in params]


def leaves():
    return [Tensor([1.0, -2.0]), Tensor(np.float32([4.0])), Value(0.5)]


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("how", ["given", "added", "set"])
def test_groups_are_as_many_optimisers(make, how):
    """A group with a rate of its own moves as by an optimiser of that rate."""
    (a, b, c), (x, y, z) = leaves(), leaves()
    first, second = {"params": [a], "lr": 0.1}, {"params": (p for p in (b, c))}
    if how == "given":
        optimizer = make([first, second], lr=0.3)
    elif how == "added":
        optimizer = make([first], lr=0.3)
        optimizer.add_param_group(second)
    else:
        optimizer = make([{"params": a}, second], lr=0.2)
        for group, lr in zip(optimizer.param_groups, (0.1, 0.3), strict=True):
            group["lr"] = lr
    found = descend(optimizer, [a, b, c])
    expected = descend(make([x], lr=0.1), [x]) + descend(make([y, z], lr=0.3), [y, z])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_setting_may_be_a_groups_own():
    (a, b, _), (x, y, _) = leaves(), leaves()
    settings = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}
    found = descend(SGD([{"params": [a], **settings}, {"params": [b]}], lr=0.1), [a, b])
    expected = descend(SGD([x], lr=0.1, **settings), [x]) + descend(SGD([y], lr=0.1), [y])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_rate_that_is_changed_between_steps_counts_at_once(make):
    (a, *_), (x, *_) = leaves(), leaves()
    changed, anew = make([a], lr=0.1), make([x], lr=0.2)
    changed.lr = 0.2
    descend(anew, [x], 2)
    assert changed.lr == changed.param_groups[0]["lr"] == 0.2
    np.testing.assert_array_equal(descend(changed, [a], 2), [x.data])
    changed.lr = 0.05
    before = a.data
    descend(changed, [a], 1)
    assert 0 < np.abs(a.data - before).max() < 0.5


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (SGD, {"momentum": 0.9}),
        (SGD, {"momentum": 0.9, "nesterov": True}),
        (SGD, {"weight_decay": 0.1}),
        (RMSprop, {"momentum": 0.9}),
        (RMSprop, {"centered": True}),
        (Adam, {"amsgrad": True, "betas": (0.5, 0.1)}),
        (Adam, {"betas": (0.5, 0.5)}),
        (Adagrad, {"lr_decay": 0.5}),
        (AdamW, {"weight_decay": 0.5}),
    ],
)
def test_settings_that_are_changed_before_the_first_step_are_as_given(make, settings):
    (a, *_), (x, *_) = leaves(), leaves()
    changed = make([a], lr=0.1)
    for name, value in settings.items():
        setattr(changed, name, value)
    found = descend(changed, [a])
    np.testing.assert_array_equal(found, descend(make([x], lr=0.1, **settings), [x]))
    assert not np.array_equal(found, descend(make([y := leaves()[0]], lr=0.1), [y]))


def test_without_momentum_what_it_remembered_counts_no_more():
    (a, *_), (x, *_) = leaves(), leaves()
    optimizer = SGD([a], lr=0.1, momentum=0.9, dampening=0.5)
    descend(optimizer, [a])
    x.data = a.data
    optimizer.momentum = 0.0
    np.testing.assert_array_equal(descend(optimizer, [a]), descend(SGD([x], lr=0.1), [x]))


def test_settings_that_are_changed_later_find_what_they_need_remembered():
    for make, settings in [
        (RMSprop, {"momentum": 0.9, "centered": True}),
        (Adam, {"amsgrad": True}),
    ]:
        (a, *_) = leaves()
        optimizer = make([a], lr=0.1)
        descend(optimizer, [a])
        optimizer.param_groups[0].update(settings)
        before = a.data
        descend(optimizer, [a])
        assert np.isfinite(a.data).all()
        assert not np.array_equal(a.data, before)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda params, b: params.append(b), (True, True)),
        (lambda params, b: params.extend([b]), (True, True)),
        (lambda params, b: params.insert(0, b), (True, True)),
        (lambda params, b: params.__iadd__([b]), (True, True)),
        (lambda params, b: params.__setitem__(0, b), (False, True)),
        (lambda params, b: params.__setitem__(slice(1, 1), [b]), (True, True)),
        (lambda params, b: (params.clear(), params.append(b)), (False, True)),
        (lambda params, b: (params.append(b), params.pop(0)), (False, True)),
        (lambda params, b: (params.append(b), params.reverse(), params.pop()), (False, True)),
        (lambda params, b: (params.append(b), params.__delitem__(0)), (False, True)),
        (lambda params, b: (params.append(b), params.remove(params[0])), (False, True)),
        (lambda params, b: (params.append(b), params.sort(key=id)), (True, True)),
    ],
)
@pytest.mark.parametrize("of_group", [False, True])
def test_a_change_of_the_list_counts_however_it_is_made(change, moved, of_group):
    a, b = Value(1.0), Value(1.0)
    optimizer = Adam([a], lr=0.1)
    (a + b).backward()
    optimizer.step()
    before = a.data
    change(optimizer.param_groups[0]["params"] if of_group else optimizer.params, b)
    optimizer.step()
    assert (a.data != before, b.data != 1.0) == moved


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_groups_are_copied_and_pickled(copied):
    params = leaves()[:2]
    optimizer = Adam([{"params": [p], "lr": lr} for p, lr in zip(params, (0.1, 0.2), strict=True)])
    descend(optimizer, params)
    params_too, again = copied((params, optimizer))
    again.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] = 0.3
    pairs = zip(descend(again, params_too), descend(optimizer, params), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_the_parameters_of_several_groups_are_no_list_to_add_to():
    a, b = Value(1.0), Value(2.0)
    optimizer = GD([{"params": [a]}, {"params": [b], "lr": 0.1}])
    assert optimizer.params == (a, b)
    with pytest.raises(TypeError, match="several groups has no list of its own"):
        optimizer.params = [a]
    with pytest.raises(ValueError, match=r"one lr where its groups agree, .* 0\.01, 0\.1"):
        _ = optimizer.lr
    optimizer.lr = 0.5
    assert optimizer.lr == 0.5


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([{"params": []}], ValueError, "needs parameters to move"),
        ([{"lr": 0.1}], ValueError, r"a dict that has \"params\", but this is \['lr'\]"),
        ([{"params": [Value(1.0)]}, Value(1.0)], ValueError, "group is a dict that has"),
        ([{"params": [Value(1.0)], "Lr": 1}], ValueError, "has the settings lr.*this has 'Lr'"),
        ([{"params": [Value(1.0)], "lr": -1}], ValueError, "from 0 up, but this is -1"),
        ([{"params": [1.0]}], TypeError, "you made, but this is 1.0"),
        ([{"params": 1.0}], TypeError, "list of parameters, but this is float 1.0"),
        ([{"params": Linear(1, 1)}], TypeError, "list of parameters, but this is a Linear"),
        ([{"params": [V := Value(1.0)]}, {"params": [V]}], ValueError, "has one twice"),
    ],
)
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_groups_that_are_refused(make, groups, error, message):
    with pytest.raises(error, match=message):
        make(groups)
    optimizer = make([Value(1.0)])
    *others, last = groups
    for group in others:
        optimizer.add_param_group(group)
    if message != "needs parameters to move":
        with pytest.raises(error, match=message):
            optimizer.add_param_group(last)
    assert len(optimizer.param_groups) == 1 + len(others)


def test_what_is_added_to_the_list_is_checked_before_a_step():
    w = Value(1.0)
    optimizer = GD([w])
    (w * w).backward()
    for wrong, error in [(w, ValueError), (w * 2.0, TypeError), (3.0, TypeError)]:
        optimizer.params.append(wrong)
        with pytest.raises(error, match=r"A parameter is|each parameter once"):
            optimizer.step()
        assert w.data == 1.0
        optimizer.params.pop()


def test_a_setting_is_not_deleted_and_none_is_forgotten():
    class Forgetful(Optimizer):
        memory = Setting("A memory is above 0", lambda x: x > 0)

    with pytest.raises(TypeError, match="memory of Forgetful has none"):
        Forgetful([Value(1.0)])
    with pytest.raises(TypeError, match="its lr cannot be deleted"):
        del GD([Value(1.0)]).param_groups[0]["lr"]


def test_a_module_that_was_given_others_since_is_noticed_over_groups():
    layer = Linear(2, 1, seed=0)
    weight, bias = layer.parameters()
    optimizer = GD([{"params": [weight]}])
    optimizer.add_param_group({"params": [bias], "lr": 0.1})
    layer.scale = Value(1.0)
    layer(np.ones((3, 2))).sum().backward()
    with pytest.raises(ValueError, match="has got others since: scale"):
        optimizer.step()


def test_a_group_is_changed_by_an_operator_as_by_assignment():
    w = Tensor([1.0])
    sgd = SGD([w], lr=0.5)
    (w * 1.0).sum().backward()
    sgd.step()
    group = sgd.param_groups[0]
    group |= {"lr": 0.25}
    sgd.step()
    assert w.data.tolist() == [0.25]
    with pytest.raises(ValueError, match="A learning rate is a finite number from 0 up"):
        group |= {"lr": -1.0}
    with pytest.raises(ValueError, match="has the settings"):
        group |= {"speed": 1.0}
    assert sgd.param_groups[0] is group
    assert group["lr"] == 0.25


# -- numbers that a dtype does not hold ----------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "settings", "name"),
    [
        (SGD, {"lr": 1e-9}, "lr"),
        (Adam, {}, "eps"),
        (RMSprop, {}, "eps"),
        (Adagrad, {}, "eps"),
        (AdamW, {"eps": 1e-4, "lr": 1e-6, "weight_decay": 1e-3}, "own_decay"),
    ],
)
def test_a_setting_that_is_0_among_the_parameters_numbers(kind, settings, name):
    wide, narrow = Tensor([1.0]), Tensor(np.ones(2, np.float16))
    with pytest.raises(ValueError, match=f"but {name} = .* is 0 in float16.\n.*float32"):
        kind([wide, narrow], **settings)
    optimizer = kind([wide], **settings)
    with pytest.raises(ValueError, match="is 0 in float16"):
        optimizer.add_param_group({"params": [narrow]})
    assert len(optimizer.param_groups) == 1
    assert np.isfinite(wide.data).all()


def test_a_setting_that_becomes_0_changes_nothing():
    w = Tensor(np.ones(2, np.float16))
    sgd = SGD([w], lr=0.5, momentum=0.5)
    with pytest.raises(ValueError, match="lr = 1e-09 is 0 in float16"):
        sgd.lr = 1e-9
    assert sgd.lr == 0.5
    w.sum().backward()
    sgd.step()
    assert w.data.tolist() == [0.5, 0.5]


def test_16_bits_without_a_gradient_stay():
    for kind in (Adam, RMSprop, Adagrad):
        w = Tensor(np.ones(2, np.float16))
        optimizer = kind([w], lr=0.01, eps=1e-4)
        (w * np.float16([0.0, 1.0])).sum().backward()
        optimizer.step()
        assert w.data[0] == 1.0
        assert 0.0 < w.data[1] < 1.0


@pytest.mark.parametrize("kind", [set, frozenset])
def test_parameters_without_an_order(kind):
    params = [Value(1.0), Value(2.0)]
    assert SGD(dict.fromkeys(params).keys()).params == params  # which has one
    for given in (kind(params), [{"params": kind(params)}]):
        with pytest.raises(TypeError, match="in whose order a state is saved, but a set has an"):
            SGD(given)
