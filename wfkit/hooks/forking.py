"""What a fork begins with: the snapshot of a stop, with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wfkit.context import Context
from wfkit.events import Event
from wfkit.hooks.holds import changed_event, check_event
from wfkit.hooks.stops import Delivery, Stop
from wfkit.records import spell


def fork_context(
    stop: Stop, workflow: Any, which: Any, event: Event | None, changes: dict[str, Any], state: Mapping[str, Any]
) -> Context[Any]:
    """Return a context that goes on from a stop.

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
    if event is not None or changes:
        delivery = _that(stop, which)
        reader = Context[Any](workflow)._reader()
        data = next(each for each in snapshot["work"]["deliveries"] if each["id"] == delivery.id)
        new = reader.decode(data["event"]) if event is None else event
        new = changed_event(new, changes) if changes else new
        plan = workflow.__wfkit_plan__()
        check_event(new, plan.steps[plan.by_name[delivery.step]], delivery.event, plan)
        data["event"] = reader.encode(new)
    context: Context[Any] = Context.from_dict(workflow, snapshot)
    for path, value in state.items():
        context.store._set_deep(path, value)
    return context


def _that(stop: Stop, which: Any) -> Delivery:
    found = [each for each in stop.ready if _is_that(each, which)]
    if not found and type(which) is int and -len(stop.ready) <= which < len(stop.ready):
        found = [stop.ready[which]]
    if not found:
        ready = ", ".join(f"{spell(each.id)} ({each.step})" for each in stop.ready[:10]) or "nothing"
        raise ValueError(f"Stop {stop.number} has no delivery {which!s} to change. Ready: {ready}.")
    return found[0]


def _is_that(delivery: Delivery, which: Any) -> bool:
    if which is None:
        return True
    if isinstance(which, Delivery):
        return delivery.id == which.id
    return which in (delivery.id, delivery.step, spell(delivery.id))
