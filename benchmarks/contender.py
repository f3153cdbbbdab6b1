"""Who takes part, and how the contenders are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata

from benchmarks.watch import Watch

Case = Callable[[int, Watch], Awaitable[int]]
"""Sets up work of size n, does it inside `with watch:`, and returns an answer that can be checked."""

NAMES = ("direct", "raw", "raw-kept", "wfkit", "llama-index", "langgraph", "pydantic-graph", "burr")
"""Every contender, in the order of the table. Each is a module of benchmarks.contenders."""

REFERENCE = "raw"
"""The contender that ratios are taken to."""

SUBJECT = "wfkit"
"""The contender that gates and goals are for."""


@dataclass(frozen=True)
class Contender:
    """One way of doing the workloads."""

    name: str
    cases: Mapping[str, Case]
    """By name of the case; a case that is absent is shown as "-"."""
    distribution: str | None = None
    """The installed package whose version is shown; None for what is written here."""
    imports: str | None = None
    """The statements whose time is taken as the import time."""
    reduced: Mapping[str, int] = field(default_factory=dict)
    """Smaller sizes, by name of the case, for what takes minutes at full size."""
    note: str = ""
    """What makes a comparison less than complete."""

    @property
    def version(self) -> str:
        """The version to show beside the name."""
        if self.distribution is None:
            return "by hand"
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return "from the source tree"


def load_contenders(names: Iterable[str]) -> tuple[list[Contender], dict[str, str]]:
    """Return the contenders that can be imported and, for the others, the reason why not."""
    found: list[Contender] = []
    missing: dict[str, str] = {}
    for name in names:
        try:
            module = import_module(f"benchmarks.contenders.{name.replace('-', '_')}")
        except ImportError as error:
            missing[name] = str(error)
        else:
            contender: Contender = module.CONTENDER
            found.append(contender)
    return found, missing
