"""The command line: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contender import NAMES, REFERENCE, SUBJECT, Contender, load_contenders
from benchmarks.report import describe_setting, draw_tables, to_json
from benchmarks.rounds import Plan, Result, run_rounds
from benchmarks.workload import WORKLOADS, Workload, choose


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    options = parse(arguments)
    plan = Plan(options.rounds, options.seed, options.quick, options.peers_slow)
    contenders, missing = load_contenders(options.contenders)
    print(describe_setting(contenders, missing, plan), end="\n\n", flush=True)
    with quiet_process():
        results = [run_timed(workload, contenders, plan) for workload in options.only]
    print(draw_tables(results, contenders))
    if options.json is not None:
        options.json.write_text(to_json(results, contenders, plan) + "\n", encoding="utf-8")
    missed = SUBJECT in missing or any(result.verdict == "MISS" for result in results)
    return 1 if options.gate and missed else 0


@contextmanager
def quiet_process() -> Iterator[None]:
    """Keep the collector off what the imports left, and the libraries' log lines out of the table."""
    gc.collect()
    gc.freeze()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        gc.unfreeze()


def run_timed(workload: Workload, contenders: Sequence[Contender], plan: Plan) -> Result:
    """Run one workload and, at a terminal, say how long it took."""
    started = time.perf_counter()
    result = run_rounds(workload, contenders, plan)
    if sys.stderr.isatty():
        print(f"{workload.name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    return result


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast wfkit is, as ratios to the same work written by hand.",
        epilog="workloads: " + ", ".join(workload.name for workload in WORKLOADS),
    )
    parser.add_argument(
        "--only",
        type=some_workloads,
        default=list(WORKLOADS),
        metavar="NAME,...",
        help="workloads whose names begin so",
    )
    parser.add_argument(
        "--contenders",
        type=some_contenders,
        default=list(NAMES),
        metavar="NAME,...",
        help=f"of {', '.join(NAMES)}; {REFERENCE} always takes part",
    )
    parser.add_argument("--rounds", type=int, default=None, help="rounds (5, with --quick 3)")
    parser.add_argument("--seed", type=int, default=0, help="for the order within a round")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    parser.add_argument("--peers-slow", action="store_true", help="slow peers at full size: many minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure there")
    parser.add_argument("--gate", action="store_true", help="exit with 1 if wfkit misses a gate")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = 3 if options.quick else 5
    return options


def some_workloads(text: str) -> list[Workload]:
    chosen = choose(text.split(","))
    if not chosen:
        raise argparse.ArgumentTypeError(f"no workload's name begins with {text!r}")
    return chosen


def some_contenders(text: str) -> list[str]:
    asked = {REFERENCE, *text.split(",")}
    unknown = asked.difference(NAMES)
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return [name for name in NAMES if name in asked]


if __name__ == "__main__":
    sys.exit(main())
