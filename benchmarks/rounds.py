"""Everybody in shuffled order, round after round, so that a busy machine is busy for all."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.contender import REFERENCE, SUBJECT, Contender
from benchmarks.measure import can_measure, measure, warm_up
from benchmarks.workload import Sizes, Workload


@dataclass(frozen=True)
class Plan:
    """How much to run."""

    rounds: int = 5
    seed: int = 0
    quick: bool = False
    full: bool = False
    """Run slow peers at full size as well."""


@dataclass
class Result:
    """What one workload gave."""

    workload: Workload
    figures: dict[str, list[float]] = field(default_factory=dict)
    """By contender, one figure a round."""
    sizes: dict[str, Sizes] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """By contender, why it has no figure although it offers the workload."""

    def value(self, name: str) -> float | None:
        """Return a contender's own figure: the median of its rounds."""
        figures = self.figures.get(name)
        return median(figures) if figures else None

    def ratios(self, name: str) -> list[float]:
        """Return a contender's figure over that of raw, round by round."""
        reference = self.figures.get(REFERENCE, [])
        return [a / b for a, b in zip(self.figures.get(name, []), reference, strict=False)]

    def score(self, name: str) -> float | None:
        """Return what a contender is judged by: the median ratio, or its own figure."""
        if not self.workload.is_ratio:
            return self.value(name)
        ratios = self.ratios(name)
        return median(ratios) if ratios else None

    @property
    def verdict(self) -> str:
        """Return "goal", "ok" or "MISS" for wfkit, or "-" if it did not take part."""
        if SUBJECT in self.failures:
            return "MISS"
        score = self.score(SUBJECT)
        if score is None:
            return "-"
        if score <= self.workload.goal:
            return "goal"
        return "ok" if score <= self.workload.gate else "MISS"


def run_rounds(workload: Workload, contenders: Iterable[Contender], plan: Plan) -> Result:
    """Run one workload with every contender that offers it."""
    result = Result(workload)
    able = [contender for contender in contenders if can_measure(contender, workload)]
    for contender in able:
        result.sizes[contender.name] = workload.sizes(contender, plan.quick, plan.full)
        attempt(result, contender, measuring=False)
    order = random.Random(f"{plan.seed} {workload.name}")
    # Memory is counted, not timed: it is the same in every round.
    for _ in range(1 if workload.kind == "memory" else plan.rounds):
        order.shuffle(able)
        for contender in able:
            if contender.name not in result.failures:
                attempt(result, contender, measuring=True)
    return result


def attempt(result: Result, contender: Contender, measuring: bool) -> None:
    """Measure once, or warm up; a contender that fails leaves the workload, not the programme."""
    name, workload = contender.name, result.workload
    try:
        if measuring:
            figure = measure(contender, workload, result.sizes[name])
            result.figures.setdefault(name, []).append(figure)
        else:
            warm_up(contender, workload)
    except Exception as error:
        result.failures[name] = f"{type(error).__name__}: {error}"
        result.figures.pop(name, None)
