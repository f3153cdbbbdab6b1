"""The port: what a Context needs of the run behind it, and all that it knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from wfkit.attempts import RetryInfo
from wfkit.events import Event
from wfkit.records import Change
from wfkit.serialize import BaseSerializer
from wfkit.work import Work


class Port(Protocol):
    """What a Context needs of the run behind it."""

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and everybody has been told."""

    def send(self, event: Event, work: Work | None, step: str | None) -> None:
        """Put an event on its way."""

    def write(self, event: Event, work: Work | None) -> None:
        """Write an event to the stream."""

    def show(self, event: Event, work: Work | None) -> bool:
        """Write an event to the stream, unless an earlier run of the step's body has."""

    def collect(self, work: Work, event: Event, expected: Sequence[type[Event]], buffer_id: str) -> list[Event] | None:
        """Put an event aside, or return a complete set."""

    async def wait(
        self,
        work: Work,
        event_type: type[Event],
        question: Event | None,
        waiter_id: str | None,
        requirements: dict[str, Any],
        timeout: float | None,
    ) -> Event:
        """Suspend a step until an event is there."""

    def state_changed(self, change: Change, keys: tuple[str, ...]) -> None:
        """Note that the store changed."""

    def step_context(self, work: Work) -> Any:
        """Return the Context of a delivery."""

    def running_steps(self) -> list[str]:
        """Return the names of the steps at work."""

    def retry_info(self, work: Work) -> RetryInfo:
        """Return what earlier attempts at a delivery came to."""

    def snapshot(self, serializer: BaseSerializer) -> dict[str, Any]:
        """Return the run's live work, ready for JSON."""
