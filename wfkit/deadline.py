"""A timeout that can stand still."""

from __future__ import annotations

from collections.abc import Callable

from wfkit.clock import Clock, Timer


class Deadline:
    """Calls back when a run has been going for so many seconds, not counting the time in which it stood still.

    Args:
        clock: where the time comes from.
        seconds: how long the run may take; None is for ever.
        callback: called once when the time is up.
    """

    __slots__ = ("_callback", "_clock", "_left", "_reasons", "_since", "_timer")

    def __init__(self, clock: Clock, seconds: float | None, callback: Callable[[], object]) -> None:
        self._clock = clock
        self._left = seconds
        self._callback = callback
        self._reasons: set[object] = set()
        self._since = 0.0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Let the time run."""
        if self._left is not None and self._timer is None and not self._reasons:
            self._since = self._clock.now()
            self._timer = self._clock.call_later(self._left, self._time_is_up)

    def _time_is_up(self) -> None:
        callback = self._callback
        self.cancel()
        callback()

    def stand_still(self, reason: object) -> None:
        """Stop the time until `go_on` is called for the same reason."""
        self._reasons.add(reason)
        if self._timer is not None and self._left is not None:
            self._left = max(0.0, self._left - (self._clock.now() - self._since))
            self._timer.cancel()
            self._timer = None

    def go_on(self, reason: object) -> None:
        """Take a reason to stand still away; the time runs again when none is left."""
        if reason in self._reasons:
            self._reasons.discard(reason)
            self.start()

    def cancel(self) -> None:
        """Never call back."""
        self._left = None
        self._callback = _nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _nothing() -> None:
    """Stands where a callback was, so that a cancelled deadline keeps nothing alive."""
