"""llama-index-workflows, running the same workflows as wfkit."""

from __future__ import annotations

from importlib import import_module

from benchmarks.contender import Contender
from benchmarks.contenders.dialect import Dialect, load_flows

workflows = import_module("workflows")
events = import_module("workflows.events")

REDUCED = {
    "loop": 500,
    "chain": 20,
    "concurrent": 100,
    "fanout": 100,
    "fanout-hoisted": 100,
    "fanout-waits": 128,
    "stream-burst": 2000,
    "stream-paced": 500,
    "store-edit": 50,
    "round-trip": 100,
    "snapshot": 500,
    "ask": 50,
}

CONTENDER = Contender(
    "llama-index",
    Dialect(load_flows("flows_on_llama_index", {**vars(workflows), **vars(events)}), workflows.Context).cases(),
    distribution="llama-index-workflows",
    imports="from workflows import Context, Workflow, step; from workflows.events import Event",
    reduced=REDUCED,
)
