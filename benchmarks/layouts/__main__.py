"""The command line: `python -m benchmarks.layouts --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.layouts.corpus import corpus
from benchmarks.layouts.graph import Drawn, Graph
from benchmarks.layouts.pictures import draw_beside
from benchmarks.layouts.quality import measure
from benchmarks.layouts.table import draw_tables, verdict

NAMES = ("wfkit", "dot", "mermaid", "vis")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw everything, measure, print the tables, and return the exit code."""
    options = _parse(arguments)
    graphs = [graph for graph in corpus() if not options.only or graph.name.startswith(tuple(options.only))]
    contenders, missing = load_contenders(options.contenders)
    print("contenders: " + ", ".join(f"{name} {module.version()}" for name, module in contenders.items()))
    for name, reason in missing.items():
        print(f"not here: {name} ({reason})")
    drawings: dict[str, list[Drawn]] = {name: list(module.draw(graphs)) for name, module in contenders.items()}
    results = {
        graph.name: {name: measure(graph, drawn[index]) for name, drawn in drawings.items()}
        for index, graph in enumerate(graphs)
    }
    print("\n" + draw_tables(results, list(contenders)))
    if options.pictures is not None:
        _write_pictures(options.pictures, graphs, drawings)
    if options.json is not None:
        plain = {row: {name: asdict(quality) for name, quality in found.items()} for row, found in results.items()}
        options.json.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return 1 if options.gate and any(line.startswith("MISS") for line in verdict(results)) else 0


def load_contenders(names: Sequence[str]) -> tuple[dict[str, ModuleType], dict[str, str]]:
    """Return the contenders that are here and, for the others, the reason why not."""
    found: dict[str, ModuleType] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            module = import_module(f"benchmarks.layouts.contenders.{name}")
            module.version()
        except ImportError as error:
            missing[name] = str(error)
        else:
            found[name] = module
    return found, missing


def _write_pictures(folder: Path, graphs: Sequence[Graph], drawings: dict[str, list[Drawn]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, graph in enumerate(graphs):
        text = draw_beside(graph, {name: drawn[index] for name, drawn in drawings.items()})
        (folder / f"{index:02} {graph.name}.svg").write_text(text, encoding="utf-8")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layouts", description="How good wfkit's layout is, beside that of other libraries."
    )
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="NAME,...", help="graphs that begin so")
    parser.add_argument(
        "--contenders", type=_some_contenders, default=NAMES, metavar="NAME,...", help=f"of {', '.join(NAMES)}"
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="also write the drawings there, side by side")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure there")
    parser.add_argument("--gate", action="store_true", help="exit with 1 if wfkit misses a gate")
    return parser.parse_args(arguments)


def _some_contenders(text: str) -> list[str]:
    asked = text.split(",")
    unknown = set(asked).difference(NAMES)
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return [name for name in NAMES if name in asked]


if __name__ == "__main__":
    sys.exit(main())
