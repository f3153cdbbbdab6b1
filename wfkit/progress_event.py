"""`ProgressEvent`: how far a step has come, for whoever watches the run. Loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import field_validator, model_validator

from wfkit.events import Event


class ProgressEvent(Event):
    """How far a step has come: written to the stream, it moves a bar in what a handler shows while its run goes on.

    It says at least one of `done`, `fraction` and `message`. Whoever reads the stream gets it as any other event.

    Attributes:
        done: how much has been done, at least 0. Without a total it is shown as a number.
        total: how much there is to do, in the same unit. To have done more than that counts as all.
        fraction: the part that has been done, from 0 to 1; stands in place of `done` and `total`.
        message: what is being done, in a few words.
        name: tells apart the bars of a step that reports on several things at once.

    Example:
        for number, page in enumerate(pages, start=1):
            ctx.write_event_to_stream(ProgressEvent(done=number, total=len(pages), message=page.title))
    """

    done: int | float | None = None
    total: int | float | None = None
    fraction: float | None = None
    message: str = ""
    name: str = ""

    if TYPE_CHECKING:  # pydantic writes its own; type checkers shall not know of fields without a default

        def __init__(
            self,
            *,
            done: float | None = None,
            total: float | None = None,
            fraction: float | None = None,
            message: str = "",
            name: str = "",
            **data: Any,
        ) -> None: ...

    @field_validator("done", "total", "fraction", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        """Take the numbers of numpy, torch and decimal for what they are."""
        if value is None or isinstance(value, (int, float)):
            return value
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{value!r} is not a number. Give how much of the work is meant.") from None

    @model_validator(mode="after")
    def _make_sense(self) -> ProgressEvent:
        for name in ("done", "total", "fraction"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name}={value!r} is not a number from 0 up.")
        if self.fraction is not None:
            if self.done is not None or self.total is not None:
                raise ValueError(
                    "Both a fraction and done or total are given. Give fraction=..., or done=..., total=..."
                )
            if self.fraction > 1.000001:  # a sum of parts may come out a little over 1
                raise ValueError(f"fraction={self.fraction!r} is over 1. For per cent give done=..., total=100.")
        if self.total is not None and self.done is None:
            raise ValueError(f"total={self.total!r} is given without done. Give done=..., too.")
        if self.done is None and self.fraction is None and not self.message:
            raise ValueError("Nothing is said. Give done=... and total=..., or fraction=..., or message=...")
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            if value is not None and value != "":
                yield name, value
