"""The table and the JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.contender import REFERENCE, SUBJECT, Contender
from benchmarks.rounds import Plan, Result


def describe_setting(contenders: Sequence[Contender], missing: Mapping[str, str], plan: Plan) -> str:
    """Return the lines above the table: where and with whom this was measured."""
    system = f"{platform.python_implementation()} {platform.python_version()}"
    versions = [f"{each.name} {each.version}" for each in contenders]
    lines = [
        f"{system} on {platform.system()}, {os.cpu_count()} cores",
        "contenders: " + ", ".join(versions),
        *(f"not here: {name} ({reason})" for name, reason in missing.items()),
        f"rounds: {plan.rounds}, seed {plan.seed}" + (", quick sizes" if plan.quick else ""),
    ]
    return "\n".join(lines)


def draw_tables(results: Sequence[Result], contenders: Sequence[Contender]) -> str:
    """Return the tables as text."""
    names = [each.name for each in contenders]
    ratios = [result for result in results if result.workload.is_ratio]
    figures = [result for result in results if not result.workload.is_ratio]
    parts = []
    if ratios:
        head = ["ratio to raw", "unit", REFERENCE, *(n for n in names if n != REFERENCE)]
        parts.append(draw_table(head, [ratio_row(result, head[3:]) for result in ratios]))
    if figures:
        head = ["own figure", "unit", *names]
        parts.append(draw_table(head, [figure_row(result, names) for result in figures]))
    return "\n\n".join(part for part in [*parts, *closing_lines(results, contenders)] if part)


def ratio_row(result: Result, names: Sequence[str]) -> list[str]:
    reference = result.value(REFERENCE)
    absolute = "-" if reference is None else spell(reference)
    return [result.workload.title, result.workload.unit, absolute, *cells(result, names)]


def figure_row(result: Result, names: Sequence[str]) -> list[str]:
    return [result.workload.title, result.workload.unit, *cells(result, names)]


def cells(result: Result, names: Sequence[str]) -> list[str]:
    """Return the cells of the contenders, then gate, goal and verdict."""
    workload = result.workload
    found = [cell(result, name) for name in names]
    return [*found, f"{workload.gate:g}", f"{workload.goal:g}", result.verdict]


def cell(result: Result, name: str) -> str:
    if name in result.failures:
        return "FAIL"
    score = result.score(name)
    if score is None:
        return "-"
    text = f"{score:,.0f}" if result.workload.kind == "memory" else spell(score)
    return text + ("*" if result.sizes[name].reduced else "")


def spell(value: float) -> str:
    """Return a figure with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def draw_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head, in columns as wide as they need."""
    lines = [[*head, "gate", "goal", "verdict"], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for line in lines:
        left = [part.ljust(width) for part, width in zip(line[:2], widths, strict=False)]
        right = [part.rjust(width) for part, width in zip(line[2:], widths[2:], strict=True)]
        text.append("  ".join([*left, *right]).rstrip())
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def closing_lines(results: Sequence[Result], contenders: Sequence[Contender]) -> list[str]:
    """Return the marks explained, the failures, and the score."""
    lines = [f"{each.name}: {each.note}" for each in contenders if each.note]
    if any(sizes.reduced for result in results for sizes in result.sizes.values()):
        lines.append("* at a smaller size than the others; --peers-slow runs it in full")
    for result in results:
        for name, reason in result.failures.items():
            lines.append(f"FAIL {result.workload.name}, {name}: {reason}")
    verdicts = Counter(result.verdict for result in results)
    score = ", ".join(f"{verdicts[word]} {word}" for word in ("goal", "ok", "MISS") if verdicts[word])
    return ["\n".join(lines), f"{SUBJECT}: {score or 'not measured'}"]


def to_json(results: Sequence[Result], contenders: Sequence[Contender], plan: Plan) -> str:
    """Return all that was measured, every round of it."""
    content: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "plan": asdict(plan),
        "contenders": {each.name: each.version for each in contenders},
        "workloads": [workload_facts(result) for result in results],
    }
    return json.dumps(content, indent=2)


def workload_facts(result: Result) -> dict[str, Any]:
    """Return one workload as plain data."""
    workload = result.workload
    return {
        "name": workload.name,
        "title": workload.title.strip(),
        "kind": workload.kind,
        "unit": workload.unit,
        "gate": workload.gate,
        "goal": workload.goal,
        "verdict": result.verdict,
        "failures": result.failures,
        "contenders": {
            name: {
                "figures": figures,
                "ratios": result.ratios(name) if workload.is_ratio else None,
                "score": result.score(name),
                **asdict(result.sizes[name]),
            }
            for name, figures in result.figures.items()
        },
    }
