"""Keeps the records of a run, so that the latest execution can always be drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import EllipsisType
from typing import Any, ClassVar

from wfkit.records import Record, RunStarted
from wfkit.seam import Hook


class Recorder(Hook):
    """A bounded list of records, the oldest going first.

    Args:
        limit: how many records are kept; None keeps all, and by default it is `DEFAULT_LIMIT`.

    Attributes:
        DEFAULT_LIMIT: how many records every run keeps of itself for its drawings; set it on the class for longer runs.

    Raises:
        ValueError: the limit is no whole number from 0 on.

    Example:
        recorder = Recorder()
        await workflow.run(hooks=[recorder])
        assert type(recorder.records[-1]) is RunEnded
    """

    DEFAULT_LIMIT: ClassVar[int | None] = 10_000

    def __init__(self, limit: int | EllipsisType | None = ...) -> None:
        size = self.DEFAULT_LIMIT if isinstance(limit, EllipsisType) else limit
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
            raise ValueError(f"limit is a whole number of records from 0 on, or None to keep all; it is {size!r}")
        self._ring: deque[tuple[Any, ...]] = deque(maxlen=size)
        # The deque's own append: a record costs no Python frame until somebody looks.
        self.on_unmade_record = self._ring.append

    @property
    def records(self) -> tuple[Record, ...]:
        """What happened, oldest first."""
        return tuple(fields[0](*fields[1:]) for fields in self._ring)

    def latest(self, count: int) -> tuple[Record, ...]:
        """Return the last records, without making those before them.

        Args:
            count: of how many; fewer are returned if there are not so many.
        """
        found = islice(reversed(self._ring), max(0, count))
        return tuple(fields[0](*fields[1:]) for fields in found)[::-1]

    @property
    def complete(self) -> bool:
        """Whether nothing has been dropped since the run began."""
        return not self._ring or self._ring[0][0] is RunStarted

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self._ring)

    def __repr__(self) -> str:
        return f"Recorder({len(self)} records)"
