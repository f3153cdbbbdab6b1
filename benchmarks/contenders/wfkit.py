"""wfkit, with all that is on by default: the recorder, a timeout, cancellation."""

from __future__ import annotations

from benchmarks.contender import Contender
from benchmarks.contenders import flows
from benchmarks.contenders.dialect import Dialect
from wfkit import Context

CONTENDER = Contender(
    "wfkit",
    Dialect(flows, Context).cases(),
    distribution="wfkit",
    imports="from wfkit import Context, Event, Workflow, step",
)
