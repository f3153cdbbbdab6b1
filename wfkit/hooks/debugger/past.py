"""The stops of a run that are kept: so many, and so many bytes of snapshots."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from wfkit.hooks.debugger.stops import Stop
from wfkit.hooks.debugger.writing import Text
from wfkit.values import shown


class Past:
    """A bounded list of stops; the oldest go first.

    Args:
        keep: how many are kept.
        keep_bytes: how many bytes their snapshots may have together.

    Attributes:
        dropped: how many have gone.
        size: bytes of the snapshots that are there.
    """

    def __init__(self, keep: int, keep_bytes: int) -> None:
        for name, value in (("keep", keep), ("keep_bytes", keep_bytes)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number from 1 on; it is {value!r}.")
        self.keep = keep
        self.keep_bytes = keep_bytes
        self.dropped = 0
        self.size = 0
        self._stops: deque[Stop] = deque()

    def add(self, stop: Stop) -> Stop:
        """Keep a stop, and let the oldest go for it. Returns it; without its snapshot if that alone is too large."""
        if stop.size > self.keep_bytes:
            problem = f"The snapshot has {stop.size:,} bytes; keep_bytes={self.keep_bytes:,} keeps none so large."
            stop = replace(stop, written=Text(), problem=" ".join(filter(None, (stop.problem, problem))))
        self._stops.append(stop)
        self.size += stop.size
        while len(self._stops) > self.keep or self.size > self.keep_bytes:
            self.size -= self._stops.popleft().size
            self.dropped += 1
        return stop

    def find(self, number: int) -> Stop:
        """Return a stop by its number, from 1; a negative one counts from the end.

        Raises:
            ValueError: there is none, or it is not kept any more.
        """
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"A stop has a whole number, not {shown(number, 80)}.")
        stops = self._stops
        if number < 0 and -number <= len(stops):
            return stops[number]
        place = number - 1 - self.dropped
        if 0 <= place < len(stops):
            return stops[place]
        if 0 < number <= self.dropped:
            raise ValueError(f"Stop {number} is not kept any more; {self}.")
        if not stops:
            raise ValueError(
                "There is no stop: the run had nothing to stop at, and has not failed. Begin with "
                "Debugger(break_at_start=True), or with breakpoints."
            )
        raise ValueError(f"There is no stop {number}; {self}.")

    @property
    def number(self) -> int:
        """The number of the latest stop, 0 before there is one."""
        return self.dropped + len(self._stops)

    @property
    def latest(self) -> Stop | None:
        """The latest stop."""
        return self._stops[-1] if self._stops else None

    def all(self) -> list[Stop]:
        """Return the stops, oldest first."""
        return list(self._stops)

    def __len__(self) -> int:
        return len(self._stops)

    def __str__(self) -> str:
        count = len(self._stops)
        kept = f"{count} stop{'' if count == 1 else 's'} kept, {self.size:,} bytes"
        if self._stops:
            kept += f", from number {self._stops[0].number} to {self._stops[-1].number}"
        return f"{kept} (at most {self.keep:,} stops and {self.keep_bytes:,} bytes; keep=, keep_bytes=)"
