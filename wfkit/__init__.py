"""wfkit: event-driven workflows for notebooks.

General layout, from the ground up; imports go down only. To read the core, read in this order.

Floor 0, words:      errors, masking, plain (text fit to be shown), cell (the notebook around us), clock, events, values
                     (those of users, fit to be shown)
Floor 1, what was declared, what happened:
                     annotations, parts, collect (list parameters and joins), descriptors and resources, attempts, retry
                     (with retry_conditions, retry_stops, retry_waits), signature, steps (@step), bindings (who
                     gathers what), plan (who takes which event), first_event, graph (the flow), problems (what is
                     wrong with it), representation (the flow as JSON), records (the facts of a run), internal_events,
                     progress_event, alarms, deadline, variables
Floor 2, mechanism without motion:
                     seam (where hooks attach), draft, lineage (the ids of deliveries), standing and history
                     (what the records of a run tell, put together), collecting, scope, work, ledger
                     (the books of a run), scoped_ledger (those of one with lists, joins and error handlers), store
                     (shared state), serialize, pickle_serializer, snapshot, diagnosis, patience, report, trail (the way
                     that led to a failure), stream, shown, verdict
Floor 3, motion:     port, context, sync_context, body (running a step), run (one run: its beginning and its end), calls
                     (what a step asks of its run), engine (drives one run), turns, handler, either, children, checks,
                     workflow_class, workflow, sync (run_sync)
Floor 4, hooks/:     what watches or changes runs: recorder, verbose, the debugger, otel
Floor 5, display/:   drawings; loaded when something is drawn
Floor 6, widgets/:   panels that a person acts with in a notebook; loaded when one is asked for
testing:             a fake clock, a seeded loop, a runner: for users' tests and for our own
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wfkit.attempts import RetryInfo, RetryPolicy
from wfkit.clock import use_clock
from wfkit.collect import All, Collect, Take
from wfkit.context import Context
from wfkit.errors import (
    ContextSerdeError,
    ContextStateError,
    UnreconstructedException,
    WorkflowCancelledByUser,
    WorkflowConfigurationError,
    WorkflowError,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    WouldDeadlock,
)
from wfkit.events import (
    ChildEvent,
    CollectionReleaseEvent,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowTimedOutEvent,
)
from wfkit.handler import WorkflowHandler
from wfkit.hooks import Recorder, Verbose
from wfkit.resources import Resource, ResourceConfig, ResourceDefinition, ResourceDescriptor, ResourceManager
from wfkit.seam import Hook, StepCall, observing
from wfkit.serialize import BaseSerializer, JsonSerializer
from wfkit.steps import catch_error, step
from wfkit.store import DictState
from wfkit.workflow import Workflow

if TYPE_CHECKING:
    from wfkit.display import (
        draw_all_possible_flows,
        draw_all_possible_flows_mermaid,
        draw_most_recent_execution,
    )
    from wfkit.hooks.debugger import Breakpoint, Debugger
    from wfkit.internal_events import (
        InternalDispatchEvent,
        StepState,
        StepStateChanged,
        UnhandledEvent,
        WorkflowIdleEvent,
    )
    from wfkit.pickle_serializer import PickleSerializer
    from wfkit.progress_event import ProgressEvent
    from wfkit.representation import WorkflowGraph, get_workflow_representation
    from wfkit.retry import retry_policy
    from wfkit.sync import run_sync
    from wfkit.widgets.ask import ask as ask
    from wfkit.widgets.debugger import debug as debug
    from wfkit.widgets.inspector import inspect as inspect

__version__ = "0.1.0"

__all__ = [
    "All",
    "BaseSerializer",
    "Breakpoint",
    "ChildEvent",
    "Collect",
    "CollectionReleaseEvent",
    "Context",
    "ContextSerdeError",
    "ContextStateError",
    "Debugger",
    "DictState",
    "Event",
    "Hook",
    "HumanResponseEvent",
    "InputRequiredEvent",
    "InternalDispatchEvent",
    "JsonSerializer",
    "PickleSerializer",
    "ProgressEvent",
    "Recorder",
    "Resource",
    "ResourceConfig",
    "ResourceDefinition",
    "ResourceDescriptor",
    "ResourceManager",
    "RetryInfo",
    "RetryPolicy",
    "StartEvent",
    "StepCall",
    "StepFailedEvent",
    "StepState",
    "StepStateChanged",
    "StopEvent",
    "Take",
    "UnhandledEvent",
    "UnreconstructedException",
    "Verbose",
    "Workflow",
    "WorkflowCancelledByUser",
    "WorkflowCancelledEvent",
    "WorkflowConfigurationError",
    "WorkflowError",
    "WorkflowFailedEvent",
    "WorkflowGraph",
    "WorkflowHandler",
    "WorkflowIdleEvent",
    "WorkflowRuntimeError",
    "WorkflowTimedOutEvent",
    "WorkflowTimeoutError",
    "WorkflowValidationError",
    "WouldDeadlock",
    "catch_error",
    "draw_all_possible_flows",
    "draw_all_possible_flows_mermaid",
    "draw_most_recent_execution",
    "get_workflow_representation",
    "observing",
    "retry_policy",
    "run_sync",
    "step",
    "use_clock",
]

# The door connects the shelf of hooks to the core, which must not reach up to it.
Workflow._wfkit_recorder = Recorder
Workflow._wfkit_verbose = Verbose


# What not every program needs is loaded when it is first asked for: name -> module. The panels `ask`, `debug` and
# `inspect` are not in `__all__`: `from wfkit import *` should neither load widgets nor hide the standard `inspect`.
_LATER = {
    "Breakpoint": "hooks.debugger",
    "Debugger": "hooks.debugger",
    "InternalDispatchEvent": "internal_events",
    "PickleSerializer": "pickle_serializer",
    "ProgressEvent": "progress_event",
    "StepState": "internal_events",
    "StepStateChanged": "internal_events",
    "UnhandledEvent": "internal_events",
    "WorkflowGraph": "representation",
    "WorkflowIdleEvent": "internal_events",
    "ask": "widgets.ask",
    "debug": "widgets.debugger",
    "draw_all_possible_flows": "display",
    "draw_all_possible_flows_mermaid": "display",
    "draw_most_recent_execution": "display",
    "get_workflow_representation": "representation",
    "inspect": "widgets.inspector",
    "retry_policy": "retry",
    "run_sync": "sync",
}


if not TYPE_CHECKING:  # a type checker shall go on to find what is not there

    def __getattr__(name: str) -> Any:
        """Load what is in `_LATER` when it is first asked for."""
        if name in _LATER:
            return getattr(import_module(f"wfkit.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _show_classes_in_notebooks() -> None:
    """Let a workflow class show its flow as a cell's last value: IPython asks only instances how they look."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    if shell is not None:
        from wfkit.display import register_with_ipython

        register_with_ipython(shell, type(Workflow))


_show_classes_in_notebooks()
