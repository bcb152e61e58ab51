"""A block's mode ends with the block, in whatever order, and is of what a block decorates."""

import asyncio
import collections.abc
import contextlib
import contextvars
import gc
import inspect
import threading

import pytest

import autodiff as ad
from autodiff import Value
from autodiff.graph.modes import MODES

MAKERS = [ad.no_grad, ad.detect_anomaly]


def state():
    """Which of the two modes is in force here, found out by what operations do."""
    silent = (Value(2.0) * 3).op is None
    try:
        ad.log(Value(0.0))
    except FloatingPointError:
        return silent, True
    return silent, False


class Stepper:
    def step(self):
        return Value(2.0) * 3


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("thing", [Stepper, int, 3.0, "f", Value(1.0), classmethod(state)])
def test_what_is_no_function_is_not_decorated(make, thing):
    with pytest.raises(TypeError, match=r"decorates a function, .*\nDecorate each method"):
        make()(thing)


def test_no_grad_without_brackets_says_so_too():
    with pytest.raises(TypeError, match="decorates a function"):
        ad.no_grad(Stepper)
    with pytest.raises(TypeError, match="decorates a function"):
        ad.no_grad(False)


NONE, SILENT, WATCHED, BOTH = (False, False), (True, False), (False, True), (True, True)


@pytest.fixture(autouse=True)
def _nothing_is_left():
    yield
    assert state() == NONE
    gc.collect()
    assert not MODES


def test_the_modes_are_told_apart():
    assert state() == NONE
    with ad.no_grad():
        assert state() == SILENT
        with ad.detect_anomaly():
            assert state() == BOTH
        assert state() == SILENT
    with ad.detect_anomaly():
        assert state() == WATCHED


# -- in whatever order -------------------------------------------------------------------------


def inside(make):
    with make():
        yield


@pytest.mark.parametrize("first", MAKERS)
@pytest.mark.parametrize("second", MAKERS)
@pytest.mark.parametrize("last", [0, 1])
def test_interleaved_generators(first, second, last):
    blocks = [inside(first), inside(second)]
    each = {ad.no_grad: SILENT, ad.detect_anomaly: WATCHED}
    for block in blocks:
        next(block)
    assert state() == tuple(map(any, zip(each[first], each[second], strict=True)))
    blocks.pop(1 - last).close()
    assert state() == each[(first, second)[last]]
    with ad.no_grad():
        blocks.pop().close()
        assert state() == SILENT


@pytest.mark.parametrize("make", MAKERS)
def test_an_abandoned_generator(make):
    block = inside(make)
    next(block)
    assert state() != NONE
    del block
    assert state() == NONE


@pytest.mark.parametrize("make", MAKERS)
def test_a_generator_that_another_thread_closes(make):
    block = inside(make)
    next(block)
    other = threading.Thread(target=block.close)
    other.start()
    other.join()
    assert state() == NONE


@pytest.mark.parametrize("make", MAKERS)
def test_a_generator_that_is_closed_in_a_copied_context(make):
    block = inside(make)
    next(block)
    contextvars.copy_context().run(block.close)
    assert state() == NONE


def test_one_block_is_entered_again_and_by_several_at_once():
    block = ad.no_grad()
    with block:
        with block:
            assert state() == SILENT
        assert state() == SILENT

        def work():
            assert state() == NONE
            with block:
                found.append(state())
            found.append(state())

        found = []
        other = threading.Thread(target=work)
        other.start()
        other.join()
        assert found == [SILENT, NONE]
        assert state() == SILENT
    assert state() == NONE


def test_an_exit_stack():
    with contextlib.ExitStack() as stack:
        for make in MAKERS:
            stack.enter_context(make())
        assert state() == BOTH
    with pytest.raises(ZeroDivisionError), ad.no_grad():
        1 / 0  # noqa: B018


# -- tasks ---------------------------------------------------------------------------------------


def test_tasks_do_not_see_each_others_modes():
    async def task(make, expected, first, then):
        await asyncio.sleep(first)
        with make():
            await asyncio.sleep(then)
            assert state() == expected
        assert state() == NONE

    async def main():
        await asyncio.gather(
            task(ad.no_grad, SILENT, 0, 0.01),
            task(ad.no_grad, SILENT, 0.005, 0.01),
            task(ad.detect_anomaly, WATCHED, 0.003, 0.004),
            task(contextlib.nullcontext, NONE, 0.004, 0.003),
        )
        assert state() == NONE

    asyncio.run(main())


def test_a_task_made_within_a_block_is_in_it_until_the_block_ends():
    async def child(seen):
        seen.append(state())
        await asyncio.sleep(0.002)
        seen.append(state())

    async def main():
        seen = []
        with ad.no_grad():
            task = asyncio.create_task(child(seen))
            await asyncio.sleep(0)
            copied = contextvars.copy_context()
            assert copied.run(state) == SILENT
        await task
        assert copied.run(state) == NONE
        return seen

    assert asyncio.run(main()) == [SILENT, NONE]


def test_an_abandoned_async_generator():
    async def numbers():
        with ad.no_grad():
            yield 1

    async def main():
        generator = numbers()
        async for _ in generator:
            break
        del generator
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return state()

    assert asyncio.run(main()) == NONE


# -- what a block decorates --------------------------------------------------------------------


@pytest.mark.parametrize(("make", "expected"), [(ad.no_grad, SILENT), (ad.detect_anomaly, WATCHED)])
class TestDecorated:
    def test_a_function(self, make, expected):
        @make()
        def f(x, *, y):
            """Its words."""
            return x, y, state()

        assert f(1, y=2) == (1, 2, expected)
        assert (f.__name__, f.__doc__) == ("f", "Its words.")
        assert state() == NONE

    def test_a_function_that_calls_itself(self, make, expected):
        @make()
        def f(n):
            return [state()] + (f(n - 1) if n else [])

        assert f(3) == [expected] * 4

    def test_a_generator(self, make, expected):
        @make()
        def f(n):
            """As send, throw and close find it."""
            try:
                while True:
                    try:
                        n = yield n, state()
                    except KeyError as error:
                        n = error.args[0]
                    if n is None:
                        return state()
            finally:
                ends.append(state())

        ends = []
        assert inspect.isgeneratorfunction(f)
        generator = f(1)
        assert next(generator) == (1, expected)
        assert state() == NONE
        assert generator.send(2) == (2, expected)
        assert generator.throw(KeyError(3)) == (3, expected)
        assert state() == NONE
        with pytest.raises(StopIteration) as end:
            next(generator)
        assert end.value.value == expected
        for finish in (lambda g: g.close(), lambda g: g.throw(ValueError)):
            generator = f(1)
            next(generator)
            with contextlib.suppress(ValueError):
                finish(generator)
        abandoned = f(1)
        next(abandoned)
        del abandoned
        assert ends == [expected] * 4

    def test_interleaved_generators(self, make, expected):
        @make()
        def f():
            while True:
                yield state()

        a, b = f(), f()
        found = [next(a), next(b), next(a), state(), next(b)]
        a.close()
        assert [*found, state(), next(b)] == [expected] * 3 + [NONE, expected, NONE, expected]

    def test_a_coroutine(self, make, expected):
        @make()
        async def f(x):
            found = [state()]
            await asyncio.sleep(0.001)
            try:
                await failing()
            except KeyError:
                found.append(state())
            return x, found

        async def failing():
            await asyncio.sleep(0)
            raise KeyError

        async def beside():
            for _ in range(5):
                assert state() == NONE
                await asyncio.sleep(0.0005)

        async def main():
            first, second, _ = await asyncio.gather(f(1), f(2), beside())
            return [first, second, state()]

        assert inspect.iscoroutinefunction(f)
        assert asyncio.run(main()) == [(1, [expected] * 2), (2, [expected] * 2), NONE]

    def test_a_coroutine_that_is_cancelled(self, make, expected):
        found = []

        @make()
        async def f():
            try:
                await asyncio.sleep(10)
            finally:
                found.append(state())

        async def main():
            task = asyncio.create_task(f())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return state()

        assert asyncio.run(main()) == NONE
        assert found == [expected]

    def test_an_async_generator(self, make, expected):
        found = []

        @make()
        async def f(n):
            try:
                for i in range(n):
                    await asyncio.sleep(0)
                    try:
                        sent = yield i, state()
                    except KeyError:
                        sent = "thrown"
                    found.append((sent, state()))
            finally:
                found.append(state())

        async def main():
            async for _, inner in f(2):
                assert (inner, state()) == (expected, NONE)
            generator = f(3)
            assert isinstance(generator, collections.abc.AsyncGenerator)
            await generator.asend(None)
            assert await generator.asend("a") == (1, expected)
            assert await generator.athrow(KeyError) == (2, expected)
            assert state() == NONE
            await generator.aclose()
            abandoned = f(1)
            await anext(abandoned)
            del abandoned
            gc.collect()
            await asyncio.sleep(0.001)

        assert inspect.isasyncgenfunction(f)
        asyncio.run(main())
        sent = [(None, expected)] * 2 + [expected, ("a", expected), ("thrown", expected)]
        assert found == [*sent, expected, expected]

    def test_a_method(self, make, expected):
        class Model:
            @make()
            def state(self):
                return self, state()

        model = Model()
        assert model.state() == (model, expected)
