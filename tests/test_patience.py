"""How long a run may take: what stops its time, and when it is said to be stuck."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.books import Answer, Note, Question, Steps, Task, new_ledger
from wfkit.alarms import Alarms
from wfkit.events import StopEvent
from wfkit.ledger import Ledger
from wfkit.patience import GRACE, Patience
from wfkit.plan import Plan
from wfkit.steps import spec_of, step
from wfkit.testing import FakeClock
from wfkit.work import Wait


class Answers:
    """A step that takes an answer from outside."""

    @step
    def greet(self, ev: Answer) -> StopEvent:
        return StopEvent()


def answering_ledger() -> Ledger:
    """Return a ledger of a workflow that somebody outside can send an answer to."""
    specs = [spec_of(Answers.greet), spec_of(Steps.begin)]
    return Ledger(Plan("Answers", [spec for spec in specs if spec is not None]))


class Run:
    """A run's patience on a clock of its own, with what it has called."""

    def __init__(self, timeout: float | None = 10) -> None:
        self.clock = FakeClock()
        self.calls: list[tuple[float, str]] = []
        self.patience = Patience(self.clock, Alarms(self.clock), timeout, self.note("up"), self.note("stuck"))
        self.patience.start()

    def note(self, what: str) -> Callable[[], None]:
        """Return a callback that writes down that it was called."""
        return lambda: self.calls.append((self.clock.now(), what))


async def test_the_time_is_up_after_the_timeout() -> None:
    run = Run()
    await run.clock.advance(100)
    assert run.calls == [(10, "up")]


async def test_a_run_that_has_ended_hears_nothing_any_more() -> None:
    run = Run()
    run.patience.rest(new_ledger())
    run.patience.stop()
    await run.clock.advance(100)
    assert run.calls == []


# -- stuck -------------------------------------------------------------------------------------------------------


async def test_a_stuck_run_is_told_of_after_a_moment_and_once() -> None:
    run = Run()
    assert run.patience.rest(new_ledger())
    assert run.patience.resting
    assert run.calls == []
    await run.clock.advance(GRACE)
    assert run.calls == [(GRACE, "stuck")]
    run.patience.move()
    run.patience.rest(new_ledger())
    await run.clock.advance(GRACE)
    assert run.calls == [(GRACE, "stuck")]


async def test_a_run_that_moves_within_the_moment_is_not_stuck() -> None:
    run = Run()
    run.patience.rest(new_ledger())
    await run.clock.advance(GRACE / 2)
    run.patience.move()
    assert not run.patience.resting
    await run.clock.advance(GRACE)
    assert run.calls == []


async def test_the_time_of_a_stuck_run_goes_on() -> None:
    run = Run()
    run.patience.rest(new_ledger())
    await run.clock.advance(100)
    assert run.calls == [(GRACE, "stuck"), (10, "up")]


# -- people ------------------------------------------------------------------------------------------------------


async def test_time_with_a_question_open_does_not_count() -> None:
    run, ledger = Run(), new_ledger()
    await run.clock.advance(4)
    ledger.ask(Question())
    assert not run.patience.rest(ledger)
    await run.clock.advance(1_000)
    assert run.calls == []
    run.patience.move()
    await run.clock.advance(100)
    assert run.calls == [(1_010, "up")]


async def test_time_in_which_a_step_waits_for_an_event_does_not_count() -> None:
    run, ledger = Run(), new_ledger("work")
    ledger.send(Task())
    ledger.wait(Wait(ledger.take(), "w", Answer, {}, lambda: None))
    assert not run.patience.rest(ledger)
    await run.clock.advance(1_000)
    assert run.calls == []


async def test_a_run_that_takes_answers_is_not_stuck_but_its_time_goes_on() -> None:
    run = Run()
    assert not run.patience.rest(answering_ledger())
    await run.clock.advance(100)
    assert run.calls == [(10, "up")]


async def test_an_open_question_counts_as_time_while_something_else_moves() -> None:
    run, ledger = Run(), new_ledger()
    ledger.ask(Question())
    await run.clock.advance(100)
    assert run.calls == [(10, "up")]


# -- hooks -------------------------------------------------------------------------------------------------------


async def test_time_in_which_a_hook_holds_a_step_does_not_count() -> None:
    run = Run()
    await run.clock.advance(4)
    with run.patience.hold():
        await run.clock.advance(1_000)
    await run.clock.advance(100)
    assert run.calls == [(1_010, "up")]


async def test_the_time_goes_on_when_the_last_of_several_is_let_go() -> None:
    run = Run()
    with run.patience.hold():
        with run.patience.hold():
            await run.clock.advance(100)
        await run.clock.advance(100)
        assert run.calls == []
    await run.clock.advance(100)
    assert run.calls == [(210, "up")]


async def test_a_hook_that_raises_lets_go() -> None:
    run = Run()
    with pytest.raises(KeyError), run.patience.hold():
        raise KeyError
    await run.clock.advance(100)
    assert run.calls == [(10, "up")]


async def test_holding_and_asking_are_two_reasons_to_stand_still() -> None:
    run, ledger = Run(), new_ledger()
    ledger.ask(Question())
    with run.patience.hold():
        run.patience.rest(ledger)
        await run.clock.advance(100)
        run.patience.move()
        await run.clock.advance(100)
        assert run.calls == []
    await run.clock.advance(100)
    assert run.calls == [(210, "up")]


async def test_letting_go_after_the_end_sets_no_timer() -> None:
    run = Run()
    with run.patience.hold():
        run.patience.stop()
    await run.clock.advance(100)
    assert run.calls == []


async def test_without_a_timeout_a_stuck_run_is_still_told_of() -> None:
    run, ledger = Run(timeout=None), new_ledger()
    ledger.send(Note())
    run.patience.rest(ledger)
    await run.clock.advance(1_000)
    assert run.calls == [(GRACE, "stuck")]


async def test_waits_with_a_limit_stand_still_while_a_hook_holds_a_step() -> None:
    run = Run(timeout=None)
    before = run.patience.waits
    before.set(5, run.note("before"))
    with run.patience.hold(), run.patience.hold():
        await run.clock.advance(100)
    await run.clock.advance(5)
    assert run.calls == [(105, "before")]
    later = Run(timeout=None)
    with later.patience.hold():
        later.patience.waits.set(5, later.note("meanwhile"))
        await later.clock.advance(100)
    await later.clock.advance(5)
    assert later.calls == [(105, "meanwhile")]
    later.patience.waits.set(5, later.note("never"))
    later.patience.stop()
    await later.clock.advance(5)
    assert len(later.calls) == 1
