"""One contender, one workload, one figure."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.contender import Contender
from benchmarks.watch import MemoryWatch, StallWatch, TimeWatch, Watch
from benchmarks.workload import ANSWERS, Sizes, Workload

ROOT = Path(__file__).parent.parent
PATIENCE = 1800.0
"""Seconds until a case that does not end is given up."""

SMALL_TRIES = 5
"""How often the small end of a growth is run: it is over in a millisecond, one run says little."""


class WrongAnswerError(Exception):
    """A case ran, but what came out is not what the workload asks for."""


def can_measure(contender: Contender, workload: Workload) -> bool:
    """Whether the contender offers the workload."""
    if workload.kind == "import":
        return contender.imports is not None
    return workload.case in contender.cases


def warm_up(contender: Contender, workload: Workload) -> None:
    """Run the workload once at a tiny size: what is done once per process is done here."""
    if workload.kind == "import":
        time_import(contender)
    else:
        run_case(contender, workload.case, workload.tiny, TimeWatch())


def measure(contender: Contender, workload: Workload, sizes: Sizes) -> float:
    """Return the figure, in the unit of the workload."""
    case = workload.case
    match workload.kind:
        case "import":
            return time_import(contender) * workload.per_second
        case "stall":
            return run_case(contender, case, sizes.size, StallWatch()) * workload.per_second
        case "memory":
            less = run_case(contender, case, sizes.small, MemoryWatch())
            more = run_case(contender, case, sizes.size, MemoryWatch())
            return float(round((more - less) / (sizes.size - sizes.small)))
        case "growth":
            tries = [time_part(contender, workload, sizes.small) for _ in range(SMALL_TRIES)]
            return time_part(contender, workload, sizes.size) / median(tries)
        case "time":
            return time_part(contender, workload, sizes.size) * workload.per_second


def time_part(contender: Contender, workload: Workload, n: int) -> float:
    """Return the seconds for one part of the work, or for the whole of it."""
    seconds = run_case(contender, workload.case, n, TimeWatch())
    return seconds if workload.whole else seconds / n


def run_case(contender: Contender, case: str, n: int, watch: Watch) -> float:
    """Run a case in a loop of its own, check its answer, and return what the watch read."""

    async def patiently() -> int:
        async with asyncio.timeout(PATIENCE):
            return await contender.cases[case](n, watch)

    gc.collect()  # nobody pays for the garbage of the one before
    answer = asyncio.run(patiently())
    if answer != ANSWERS[case](n):
        raise WrongAnswerError(f"{case} of {n}: {answer}, not {ANSWERS[case](n)}")
    return watch.value


def time_import(contender: Contender) -> float:
    """Return the seconds that the contender's import takes in a fresh process."""
    # A package that pip installed has its bytecode; a checkout gets it with the first import, if that is allowed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    lines = (
        "import time",
        "start = time.perf_counter()",
        contender.imports or "",
        "print(time.perf_counter() - start)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
