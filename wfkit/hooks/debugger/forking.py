"""What a fork begins with: the snapshot of a stop, with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wfkit.context import Context
from wfkit.events import Event
from wfkit.hooks.debugger.changes import changed_event, check_event, fitting
from wfkit.hooks.debugger.stops import Delivery, Stop
from wfkit.hooks.debugger.which import Which, find, listed, told


def fork_context(
    stop: Stop, workflow: Any, which: Which, event: Event | None, changes: dict[str, Any], state: Mapping[str, Any]
) -> tuple[Context[Any], int | None]:
    """Return a context that goes on from a stop, and the id of the delivery that was changed.

    Args:
        stop: the stop.
        workflow: the instance that goes on.
        which: the delivery to change, as for `Debugger.step`.
        event: another event for it.
        changes: other values for fields of its event.
        state: other values by dotted paths of the store.

    Raises:
        ValueError: the stop has no snapshot or no such delivery, or something cannot be changed so.
        ContextSerdeError: the snapshot does not fit the workflow.
    """
    snapshot = stop.snapshot
    if snapshot is None:
        raise ValueError(f"Stop {stop.number} has no snapshot to go on from. {stop.problem}")
    delivery = None
    if event is not None or changes:
        delivery = _that(stop, which)
        reader = Context[Any](workflow)._reader()
        data = next(each for each in snapshot["work"]["deliveries"] if each["id"] == delivery.id)
        new = reader.decode(data["event"]) if event is None else event
        plan = workflow.__wfkit_plan__()
        step = plan.steps[plan.by_name[delivery.step]]
        new = changed_event(new, changes, step) if changes else new
        check_event(new, step, delivery.event, plan)
        data["event"] = reader.encode(new)
    context: Context[Any] = Context.from_dict(workflow, snapshot)
    for path, value in state.items():
        context.store._set_deep(path, fitting(context.store.state, path, value))
    return context, None if delivery is None else delivery.id


def _that(stop: Stop, which: Which) -> Delivery:
    found = find(which, stop.ready)
    if found is None:
        ready = listed(stop.ready) or "nothing"
        raise ValueError(f"Stop {stop.number} has no delivery {told(which)} to change. Ready: {ready}.")
    return found
