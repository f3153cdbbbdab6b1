"""A timeout that can stand still: what counts and what does not, and that it rings once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wfkit.clock import Timer
from wfkit.deadline import Deadline
from wfkit.testing import FakeClock


class Bell:
    """A deadline on a clock of its own, with the moments at which it rang."""

    def __init__(self, seconds: float | None) -> None:
        self.clock = FakeClock()
        self.rang: list[float] = []
        self.deadline = Deadline(self.clock, seconds, lambda: self.rang.append(self.clock.now()))


async def test_it_rings_once_when_the_time_is_up() -> None:
    bell = Bell(10)
    bell.deadline.start()
    await bell.clock.advance(9.99)
    assert bell.rang == []
    await bell.clock.advance(100)
    assert bell.rang == [10]


async def test_it_does_not_run_before_it_is_started() -> None:
    bell = Bell(10)
    await bell.clock.advance(100)
    bell.deadline.start()
    await bell.clock.advance(100)
    assert bell.rang == [110]


async def test_none_is_for_ever() -> None:
    bell = Bell(None)
    bell.deadline.start()
    bell.deadline.stand_still("why")
    bell.deadline.go_on("why")
    await bell.clock.advance(1e9)
    assert bell.rang == []


async def test_starting_twice_is_starting_once() -> None:
    bell = Bell(10)
    bell.deadline.start()
    await bell.clock.advance(5)
    bell.deadline.start()
    await bell.clock.advance(100)
    assert bell.rang == [10]


async def test_time_that_stands_still_does_not_count() -> None:
    bell = Bell(10)
    bell.deadline.start()
    await bell.clock.advance(4)
    bell.deadline.stand_still("asked")
    await bell.clock.advance(1_000)
    bell.deadline.go_on("asked")
    await bell.clock.advance(5.9)
    assert bell.rang == []
    await bell.clock.advance(0.1)
    assert bell.rang == pytest.approx([1_010])


async def test_it_stands_still_again_and_again() -> None:
    bell = Bell(10)
    bell.deadline.start()
    for _ in range(4):
        await bell.clock.advance(2)
        bell.deadline.stand_still("asked")
        await bell.clock.advance(50)
        bell.deadline.go_on("asked")
    await bell.clock.advance(100)
    assert bell.rang == [210]


async def test_it_goes_on_when_the_last_reason_is_gone() -> None:
    bell = Bell(10)
    bell.deadline.start()
    bell.deadline.stand_still("asked")
    bell.deadline.stand_still("held")
    bell.deadline.go_on("asked")
    await bell.clock.advance(100)
    assert bell.rang == []
    bell.deadline.go_on("held")
    await bell.clock.advance(100)
    assert bell.rang == [110]


async def test_the_same_reason_twice_is_one_reason() -> None:
    bell = Bell(10)
    bell.deadline.start()
    bell.deadline.stand_still("asked")
    bell.deadline.stand_still("asked")
    bell.deadline.go_on("asked")
    await bell.clock.advance(100)
    assert bell.rang == [10]


async def test_going_on_for_a_reason_that_was_not_given_changes_nothing() -> None:
    bell = Bell(10)
    bell.deadline.go_on("why")
    await bell.clock.advance(100)
    assert bell.rang == []


async def test_a_reason_given_before_the_start_holds_it_back() -> None:
    bell = Bell(10)
    bell.deadline.stand_still("held")
    bell.deadline.start()
    await bell.clock.advance(100)
    assert bell.rang == []
    bell.deadline.go_on("held")
    await bell.clock.advance(10)
    assert bell.rang == [110]


async def test_cancelled_it_never_rings() -> None:
    bell = Bell(10)
    bell.deadline.start()
    bell.deadline.cancel()
    await bell.clock.advance(100)
    assert bell.rang == []


async def test_cancelled_it_leaves_no_timer_that_would_keep_the_run_alive() -> None:
    class Clock(FakeClock):
        def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:  # type: ignore[override]
            timers.append(super().call_later(delay, callback))
            return timers[-1]  # type: ignore[no-any-return]

    timers: list[Any] = []
    deadline = Deadline(Clock(), 10, lambda: None)
    deadline.start()
    deadline.cancel()
    assert [timer.callback for timer in timers] == [None]


async def test_cancelled_while_it_stands_still_it_never_rings() -> None:
    bell = Bell(10)
    bell.deadline.start()
    bell.deadline.stand_still("held")
    bell.deadline.cancel()
    bell.deadline.go_on("held")
    await bell.clock.advance(100)
    assert bell.rang == []


async def test_after_it_has_rung_nothing_makes_it_ring_again() -> None:
    bell = Bell(10)
    bell.deadline.start()
    await bell.clock.advance(20)
    bell.deadline.stand_still("held")
    bell.deadline.go_on("held")
    await bell.clock.advance(100)
    assert bell.rang == [10]
