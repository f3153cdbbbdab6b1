"""Many alarms on one timer.

A step that asks two hundred questions sets two hundred time limits of half an hour, and nearly none is ever reached.
Here setting one costs a push onto a heap, cancelling costs an assignment, and the clock is asked for a timer only when
an alarm is due earlier than the one it already knows of.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from wfkit.clock import Clock, Timer


class Alarm:
    """A call that is due at a moment."""

    __slots__ = ("callback", "moment", "order")

    def __init__(self, moment: float, order: int, callback: Callable[[], object]) -> None:
        self.moment = moment
        self.order = order
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Forget the call."""
        self.callback = None

    def __lt__(self, other: Alarm) -> bool:
        return (self.moment, self.order) < (other.moment, other.order)


class Alarms:
    """Sets alarms on a clock.

    Args:
        clock: where the time comes from.
    """

    __slots__ = ("_clock", "_count", "_heap", "_lost", "_still", "_timer", "_timer_moment")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._heap: list[Alarm] = []
        self._timer: Timer | None = None
        self._timer_moment = 0.0
        # Moments are in its own time: the clock's, less the seconds in which it stood still.
        self._lost = 0.0
        self._still: float | None = None  # since when it stands still

    def stand_still(self) -> None:
        """Let no time pass until `go_on` is called: what is due later becomes due so much later."""
        if self._still is None:
            self._still = self._clock.now() - self._lost
            self._forget_timer()

    def go_on(self) -> None:
        """Let time pass again."""
        if self._still is not None:
            self._lost, self._still = self._clock.now() - self._still, None
            if self._heap:
                self._arm_next()

    def set(self, delay: float, callback: Callable[[], object]) -> Alarm:
        """Call `callback` when `delay` seconds have passed, unless the alarm is cancelled before."""
        heap = self._heap
        while heap and heap[0].callback is None:  # the answered ones, so that a long run keeps none of them
            heapq.heappop(heap)
        self._count += 1
        now = self._clock.now() - self._lost if self._still is None else self._still
        alarm = Alarm(now + delay, self._count, callback)
        heapq.heappush(heap, alarm)
        if self._still is None and (self._timer is None or alarm.moment < self._timer_moment):
            self._arm(alarm.moment, delay)
        return alarm

    def _arm(self, moment: float, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_moment = moment
        self._timer = self._clock.call_later(delay, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._timer_moment  # not the clock's: it may lag a rounding error behind what it promised
        try:
            while self._heap and (self._heap[0].callback is None or self._heap[0].moment <= now):
                callback = heapq.heappop(self._heap).callback
                if callback is not None:
                    callback()
        finally:
            if self._heap and self._timer is None and self._still is None:
                self._arm_next()

    def _arm_next(self) -> None:
        moment = self._heap[0].moment
        self._arm(moment, max(0.0, moment + self._lost - self._clock.now()))

    def stop(self) -> None:
        """Cancel all alarms."""
        self._heap.clear()
        self._forget_timer()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
