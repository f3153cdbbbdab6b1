"""What is measured, and the gate and goal that wfkit is held to.

A gate is what must hold before the engine may be called done; a goal is ambitious yet above the measured limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from benchmarks.contender import Contender

Kind = Literal["time", "import", "growth", "memory", "stall"]
"""How the figure is taken. Times and imports are compared as ratios to raw, the others stand by themselves."""

ANSWERS: Mapping[str, Callable[[int], int]] = {
    "loop": lambda n: n,
    "chain": lambda n: 10 * n,
    "concurrent": lambda n: 3 * n,
    "fanout": lambda n: n * (n - 1),
    "fanout-hoisted": lambda n: n * (n - 1),
    "fanout-waits": lambda n: n * (n - 1),
    "stream-burst": lambda n: n * (n - 1) // 2,
    "stream-paced": lambda n: n * (n - 1) // 2,
    "store-set-get": lambda n: n * (n - 1) // 2,
    "store-edit": lambda n: n,
    "round-trip": lambda n: n * (n - 1) // 2,
    "snapshot": lambda n: n,
    "ask": lambda n: n * (n - 1) // 2,
}
"""What each case must answer at size n."""

PER_SECOND = {"us": 1e6, "ms": 1e3}


@dataclass(frozen=True)
class Workload:
    """One row of the table."""

    name: str
    title: str
    case: str
    unit: str
    size: int
    """How many events, runs, items or turns; even, where it is a loop."""
    quick: int
    """The size with --quick."""
    tiny: int
    """The size for warming up and for the tests."""
    gate: float
    goal: float
    kind: Kind = "time"
    small: int = 0
    """The smaller size that a growth or a difference is taken from."""
    whole: bool = False
    """The figure is for the whole piece of work, not for each of its `size` parts."""

    @property
    def is_ratio(self) -> bool:
        """Whether wfkit is judged by its ratio to raw; otherwise by its own figure."""
        return self.kind in ("time", "import")

    @property
    def per_second(self) -> float:
        """How many of the unit, which begins with us or ms, make a second."""
        return PER_SECOND[self.unit[:2]]

    def sizes(self, contender: Contender, quick: bool, full: bool) -> Sizes:
        """Return the sizes to run a contender at; `full` lifts the reduction for slow ones."""
        size = self.quick if quick else self.size
        limit = contender.reduced.get(self.case)
        if full or limit is None or limit >= size:
            return Sizes(size, self.small)
        if self.kind == "memory":
            return Sizes(4 * limit, limit, reduced=True)
        return Sizes(limit, min(self.small, limit // 5), reduced=True)


@dataclass(frozen=True)
class Sizes:
    """The size a contender is run at, and the small size beside it."""

    size: int
    small: int
    reduced: bool = False


# Name, title, case, unit, size, quick size, tiny size, gate, goal; then what is not the rule.
WORKLOADS = (
    Workload("loop", "loop of two steps, 5,000 events", "loop", "us/event", 5000, 1000, 20, 1, 0.4),
    Workload("chain", "run of 10 steps", "chain", "us/run", 200, 50, 3, 1, 0.45),
    Workload("concurrent", "1,000 runs of 3 steps", "concurrent", "us/run", 1000, 200, 5, 1, 0.55),
    Workload("fanout-1000", "fan-out, 1,000 items", "fanout", "us/item", 1000, 300, 10, 3, 1.7),
    Workload("fanout-5000", "fan-out, 5,000 items", "fanout", "us/item", 5000, 1000, 10, 5, 3.2),
    Workload("hoisted-1000", "1,000, list hoisted", "fanout-hoisted", "us/item", 1000, 300, 10, 3, 1.7),
    Workload("hoisted-5000", "5,000, list hoisted", "fanout-hoisted", "us/item", 5000, 1000, 10, 5, 3.2),
    Workload("waits-10ms", "640 waits, 64 workers", "fanout-waits", "us/item", 640, 640, 10, 1.5, 1.1),
    Workload("stream-burst", "stream, burst", "stream-burst", "us/event", 10_000, 2000, 10, 2, 1.2),
    Workload("stream-paced", "stream, paced", "stream-paced", "us/event", 2000, 500, 10, 2, 1.2),
    Workload("store-set-get", "set + get, 1,000 keys", "store-set-get", "us/turn", 1000, 300, 10, 3, 1.5),
    Workload("store-edit", "edit_state, 1,000 keys", "store-edit", "us/turn", 300, 300, 5, 6, 3),
    Workload("round-trip", "to_dict + from_dict, 1,000", "round-trip", "us/event", 1000, 1000, 5, 4, 2),
    Workload("snapshot", "to_dict after 5,000", "snapshot", "us", 5000, 1000, 20, 50, 10, whole=True),
    Workload("ask", "200 waits in one step", "ask", "us/wait", 200, 200, 5, 3, 1.5),
    Workload("import", "import in a fresh process", "", "ms", 1, 1, 1, 1.3, 1.1, "import"),
    Workload(
        "fanout-growth",
        "cost per item, 5,000 over 100",
        "fanout-hoisted",
        "x",
        size=5000,
        quick=2000,
        tiny=10,
        gate=2,
        goal=1.25,
        kind="growth",
        small=100,
    ),
    Workload(
        "snapshot-growth",
        "to_dict, after 5,000 over 100",
        "snapshot",
        "x",
        size=5000,
        quick=2000,
        tiny=20,
        gate=2,
        goal=1.25,
        kind="growth",
        small=100,
        whole=True,
    ),
    Workload("ask-growth", "cost per wait, 200 over 50", "ask", "x", 200, 200, 5, 2, 1.25, "growth", 50),
    Workload("memory", "memory kept per event", "loop", "B", 70_000, 70_000, 20, 100, 0, "memory", 20_000),
    Workload("stall", "longest stall in the loop", "loop", "ms", 5000, 5000, 20, 2, 0.5, "stall"),
)


def choose(names: list[str]) -> list[Workload]:
    """Return the workloads whose names begin with one of these; all, if there are none."""
    return [w for w in WORKLOADS if not names or any(w.name.startswith(name) for name in names)]
