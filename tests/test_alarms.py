"""Many alarms on one timer: each rings when it is due, in order, and the clock is asked for few timers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wfkit.alarms import Alarms
from wfkit.clock import Timer
from wfkit.testing import FakeClock, simulate


class CountingClock(FakeClock):
    """Counts the timers that it is asked for, and knows the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0
        self.latest: Any = None

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:  # type: ignore[override]
        self.timers += 1
        self.latest = super().call_later(delay, callback)
        return self.latest  # type: ignore[no-any-return]


class Tower:
    """Alarms on a clock of their own, with what has rung."""

    def __init__(self) -> None:
        self.clock = CountingClock()
        self.alarms = Alarms(self.clock)
        self.rang: list[tuple[float, str]] = []

    def note(self, name: str) -> Callable[[], None]:
        """Return a callback that writes down when it was called."""
        return lambda: self.rang.append((self.clock.now(), name))


async def test_alarms_ring_when_they_are_due_whatever_the_order_they_were_set_in() -> None:
    tower = Tower()
    for delay in (3, 1, 2):
        tower.alarms.set(delay, tower.note(str(delay)))
    await tower.clock.advance(10)
    assert tower.rang == [(1, "1"), (2, "2"), (3, "3")]


async def test_alarms_due_at_the_same_moment_ring_in_the_order_they_were_set_in() -> None:
    tower = Tower()
    for name in "abc":
        tower.alarms.set(1, tower.note(name))
    await tower.clock.advance(1)
    assert tower.rang == [(1, "a"), (1, "b"), (1, "c")]


async def test_a_cancelled_alarm_does_not_ring_and_the_others_do() -> None:
    tower = Tower()
    first = tower.alarms.set(1, tower.note("first"))
    tower.alarms.set(2, tower.note("second"))
    first.cancel()
    first.cancel()
    await tower.clock.advance(10)
    assert tower.rang == [(2, "second")]


async def test_an_alarm_can_be_cancelled_after_it_has_rung() -> None:
    tower = Tower()
    alarm = tower.alarms.set(1, tower.note("a"))
    await tower.clock.advance(1)
    alarm.cancel()
    assert tower.rang == [(1, "a")]


async def test_one_alarm_can_cancel_another_that_is_due_with_it() -> None:
    tower = Tower()
    tower.alarms.set(1, lambda: second.cancel())
    second = tower.alarms.set(1, tower.note("second"))
    await tower.clock.advance(10)
    assert tower.rang == []


async def test_an_alarm_can_set_the_next() -> None:
    tower = Tower()
    tower.alarms.set(1, lambda: tower.alarms.set(1, tower.note("next")))
    tower.alarms.set(5, tower.note("last"))
    await tower.clock.advance(10)
    assert tower.rang == [(2, "next"), (5, "last")]


async def test_an_alarm_without_delay_rings_at_once_but_not_within_the_call() -> None:
    tower = Tower()
    tower.alarms.set(0, tower.note("now"))
    assert tower.rang == []
    await tower.clock.advance(0)
    assert tower.rang == [(0, "now")]


async def test_an_earlier_alarm_set_later_rings_first() -> None:
    tower = Tower()
    tower.alarms.set(100, tower.note("late"))
    await tower.clock.advance(10)
    tower.alarms.set(1, tower.note("early"))
    await tower.clock.advance(1_000)
    assert tower.rang == [(11, "early"), (100, "late")]


async def test_stopped_nothing_rings() -> None:
    tower = Tower()
    tower.alarms.set(1, tower.alarms.stop)
    tower.alarms.set(1, tower.note("with it"))
    tower.alarms.set(2, tower.note("after it"))
    await tower.clock.advance(10)
    assert tower.rang == []


async def test_stopped_no_timer_is_left_that_would_keep_the_run_alive() -> None:
    tower = Tower()
    tower.alarms.set(1_800, tower.note("x"))
    assert tower.clock.latest.callback is not None
    tower.alarms.stop()
    assert tower.clock.latest.callback is None


async def test_after_a_stop_an_alarm_can_be_set_again() -> None:
    tower = Tower()
    tower.alarms.set(5, tower.note("old"))
    tower.alarms.stop()
    tower.alarms.set(7, tower.note("new"))
    await tower.clock.advance(10)
    assert tower.rang == [(7, "new")]


async def test_two_hundred_alarms_that_are_cancelled_need_one_timer() -> None:
    tower = Tower()
    for alarm in [tower.alarms.set(1_800 + n, tower.note("x")) for n in range(200)]:
        alarm.cancel()
    assert tower.clock.timers == 1


async def test_what_was_answered_is_not_kept() -> None:
    tower = Tower()
    for n in range(1_000):
        tower.alarms.set(1_800 + n, tower.note("x")).cancel()
    assert len(tower.alarms._heap) == 1


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=12))
def test_any_set_of_alarms_rings_as_single_timers_would(plans: list[tuple[int, bool]]) -> None:
    async def main() -> list[tuple[float, str]]:
        tower = Tower()
        alarms = [tower.alarms.set(delay, tower.note(str(index))) for index, (delay, _) in enumerate(plans)]
        for alarm, (_, cancelled) in zip(alarms, plans, strict=True):
            if cancelled:
                alarm.cancel()
        await tower.clock.advance(30)
        return tower.rang

    expected = sorted((delay, index) for index, (delay, cancelled) in enumerate(plans) if not cancelled)
    assert simulate(main()).result == [(delay, str(index)) for delay, index in expected]


async def test_alarms_that_stand_still_go_off_so_much_later() -> None:
    clock = FakeClock()
    alarms, rung = Alarms(clock), []
    alarms.set(5, lambda: rung.append(("first", clock.now())))
    await clock.advance(2)
    alarms.stand_still()
    alarms.stand_still()
    alarms.set(1, lambda: rung.append(("set meanwhile", clock.now())))
    await clock.advance(100)
    assert rung == []
    alarms.go_on()
    alarms.go_on()
    await clock.advance(10)
    assert rung == [("set meanwhile", 103), ("first", 105)]
    alarms.set(1, lambda: rung.append(("afterwards", clock.now())))
    await clock.advance(1)
    assert rung[-1] == ("afterwards", 113)


async def test_an_alarm_may_make_the_others_stand_still() -> None:
    clock = FakeClock()
    alarms, rung = Alarms(clock), []
    alarms.set(1, alarms.stand_still)
    alarms.set(2, lambda: rung.append(clock.now()))
    await clock.advance(50)
    assert rung == []
    alarms.go_on()
    await clock.advance(1)
    assert rung == [51]


async def test_nothing_goes_off_that_was_stopped_while_it_stood_still() -> None:
    clock = FakeClock()
    alarms, rung = Alarms(clock), []
    alarms.set(1, lambda: rung.append(clock.now()))
    alarms.stand_still()
    alarms.stop()
    alarms.go_on()
    await clock.advance(5)
    assert rung == []
