"""How long a run may take, and when it is said to be stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wfkit.alarms import Alarm, Alarms
from wfkit.clock import Clock
from wfkit.deadline import Deadline
from wfkit.diagnosis import is_stuck
from wfkit.ledger import Ledger

GRACE = 1.0  # seconds before a stuck run, or a failure that nobody awaits, is reported


class Patience:
    """Keeps a run's timeout, which stands still while a person is asked or a hook holds a step.

    Args:
        clock: where the time comes from.
        alarms: the run's alarms.
        timeout: seconds the run may take, None for ever.
        time_is_up: called when it has taken longer.
        stuck: called once, when the run has been stuck for a moment.

    Attributes:
        resting: whether nothing in the run can move by itself.
        parent: that of the run whose step started this one. While a person is asked here, nobody waits there in vain.
    """

    __slots__ = (
        "_alarm",
        "_alarms",
        "_asking",
        "_clock",
        "_deadline",
        "_held",
        "_stuck",
        "_waits",
        "parent",
        "resting",
    )

    def __init__(
        self,
        clock: Clock,
        alarms: Alarms,
        timeout: float | None,
        time_is_up: Callable[[], object],
        stuck: Callable[[], object],
    ) -> None:
        self._deadline = Deadline(clock, timeout, time_is_up)
        self._clock = clock
        self._alarms = alarms
        self._waits: Alarms | None = None
        self._stuck: Callable[[], object] | None = stuck
        self._alarm: Alarm | None = None
        self._held = 0
        self._asking = False
        self.parent: Patience | None = None
        self.resting = False

    def start(self) -> None:
        """Let the time run."""
        self._deadline.start()

    def stop(self) -> None:
        """The run has ended: nothing is called any more."""
        self._ask(False)
        self._deadline.cancel()
        self._forget_alarm()
        self._stuck = None
        if self._waits is not None:
            self._waits.stop()

    @property
    def waits(self) -> Alarms:
        """The alarms of steps that wait for events only so long; they stand still while a hook holds a step."""
        if self._waits is None:
            self._waits = Alarms(self._clock)
            if self._held:
                self._waits.stand_still()
        return self._waits

    def rest(self, ledger: Ledger) -> bool:
        """Note that nothing can move by itself.

        Returns:
            Whether the run is stuck.
        """
        self.resting = True
        self._ask(ledger.question_open)
        if not is_stuck(ledger):
            return False
        if self._stuck is not None:
            # Not at once: somebody may be about to send an event from outside.
            self._alarm = self._alarms.set(GRACE, self._say_stuck)
        return True

    def _say_stuck(self) -> None:
        stuck, self._stuck = self._stuck, None
        if stuck is not None:
            stuck()

    def move(self) -> None:
        """Something has happened: the time runs again."""
        self.resting = False
        self._ask(False)
        self._forget_alarm()

    def _ask(self, asking: bool) -> None:
        if asking != self._asking:
            self._asking = asking
            self._stand_still("asks") if asking else self._go_on("asks")

    def _stand_still(self, why: str) -> None:
        """Stop the time of this run, and of those it is a part of."""
        patience: Patience | None = self
        while patience is not None:
            patience._deadline.stand_still((self, why))
            patience = patience.parent

    def _go_on(self, why: str) -> None:
        patience: Patience | None = self
        while patience is not None:
            patience._deadline.go_on((self, why))
            patience = patience.parent

    def _forget_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let the time stand still while a hook holds a delivery."""
        self._held += 1
        self._stand_still("holds")
        if self._waits is not None:
            self._waits.stand_still()
        try:
            yield
        finally:
            self._held -= 1
            if not self._held:
                self._go_on("holds")
                if self._waits is not None:
                    self._waits.go_on()
