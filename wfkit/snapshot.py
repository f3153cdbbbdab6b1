"""The live work of a run as plain data, and back.

A snapshot costs what the live work costs, not what the run has done so far. Work that was under way is written as work
still to do: when the run is restored, its body starts again, gets the answers it had already been given, and does not
send again what it had already sent.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from wfkit.collecting import Buffer, Item
from wfkit.errors import ContextSerdeError
from wfkit.events import Event, StopEvent
from wfkit.ledger import Ledger
from wfkit.plan import Plan
from wfkit.serialize import BaseSerializer
from wfkit.store import DictState, Store
from wfkit.work import Work

VERSION = 1


def dump_ledger(ledger: Ledger, serializer: BaseSerializer) -> dict[str, Any]:
    """Write the live work of a run. The ledger stays as it is."""
    started = [*ledger.active, *ledger.waiting, *ledger.retrying]
    queued = [*ledger.ready, *(work for lane in ledger.lanes for work in lane.queue or ())]
    encode = serializer.encode
    return {
        "deliveries": [
            # Only what has begun has anything in its dictionary: the rest is in slots.
            _dump_work(work, encode) | (_dump_progress(work, started, ledger, encode) if vars(work) else {})
            for work in (*started, *queued)
        ],
        "buffers": [
            [step, name, [[encode(item.event), item.id] for item in items]]
            for (step, name), items in _contents(ledger, started).items()
        ],
        "unclaimed": [encode(event) for event in ledger.unclaimed],
        "questions": [encode(event) for event in ledger.questions],
        "from_outside": ledger.from_outside,
    }


def _contents(ledger: Ledger, started: list[Work]) -> dict[tuple[str, str], list[Item]]:
    """Return what the buffers would hold if the work under way had not begun."""
    back: dict[Buffer, list[Item]] = {}
    for work in started:
        for done in work.collected or ():
            back.setdefault(done.buffer, []).extend(done.taken)
    own = {id(done.item) for work in started for done in work.collected or ()}
    return {
        key: [item for item in (*back.get(buffer, ()), *buffer.items) if id(item) not in own]
        for key, buffer in ledger.buffers.items()
    }


def _dump_work(work: Work, encode: Any) -> dict[str, Any]:
    return {
        "step": work.lane.spec.name,
        "event": encode(work.event),
        "id": work.id,
        "parent": work.parent,
        "n": work.n,
    }


def _dump_progress(work: Work, started: list[Work], ledger: Ledger, encode: Any) -> dict[str, Any]:
    """Write what the body has done so far and must not do again."""
    back = {id(item) for other in started for done in other.collected or () for item in done.taken}
    used = {done.buffer for done in work.collected or () if done.item.spent and id(done.item) not in back}
    return {
        "attempt": work.attempt,
        "sends": max(work.sends, work.skip),
        "streamed": max(work.streamed, work.skip_streamed),
        "answers": {key: [encode(event) for event in events] for key, events in work.all_answers().items()},
        "brought": [name for (_, name), buffer in ledger.buffers.items() if buffer in used | work.brought],
    }


def load_ledger(plan: Plan, data: dict[str, Any], serializer: BaseSerializer) -> Ledger:
    """Return a ledger with the work of a snapshot still to do.

    Raises:
        ContextSerdeError: the data do not fit, or a step with pending work is not in this workflow.
    """
    ledger = Ledger(plan)
    decode = serializer.decode
    try:
        for step, name, items in data["buffers"]:
            buffer = ledger.buffers[step, name] = Buffer(name)
            for event, id in items:
                buffer.add(Item(_an_event(decode(event)), _a_number(id)))
        for delivery in data["deliveries"]:
            ledger.enqueue(_load_work(ledger, delivery, decode))
        ledger.unclaimed = [_an_event(decode(event)) for event in data["unclaimed"]]
        ledger.questions = [_an_event(decode(event)) for event in data["questions"]]
        ledger.from_outside = _a_number(data["from_outside"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContextSerdeError(f"The work of this snapshot is damaged: {type(error).__name__}: {error}") from error
    return ledger


def load_stop(data: dict[str, Any], serializer: BaseSerializer) -> StopEvent | None:
    """Return the StopEvent that a step had returned when the snapshot was taken, if so."""
    if data.get("stop") is None:
        return None
    event = _an_event(serializer.decode(data["stop"]))
    if not isinstance(event, StopEvent):
        raise ContextSerdeError(f"The snapshot has {type(event).__name__} where a StopEvent belongs.")
    return event


def _load_work(ledger: Ledger, data: dict[str, Any], decode: Any) -> Work:
    index = ledger.plan.by_name.get(data["step"])
    if index is None:
        raise ContextSerdeError(
            f"The snapshot has work for step {data['step']!r}, which workflow {ledger.plan.name!r} does not have. "
            f"Restore it with the workflow that it was taken from."
        )
    event = _an_event(decode(data["event"]))
    if index not in ledger.plan.route(type(event)).steps:
        raise ContextSerdeError(
            f"The snapshot has a {type(event).__name__} for step {data['step']!r} of workflow {ledger.plan.name!r}, "
            f"which does not take it. Restore it with the workflow that it was taken from."
        )
    numbers = [_a_number(data[key]) for key in ("id", "parent", "n")]
    work = Work(ledger.lanes[index], event, *numbers)
    if "attempt" in data:
        work.attempt = _a_number(data["attempt"])
        work.skip, work.skip_streamed = _a_number(data["sends"]), _a_number(data["streamed"])
        work.replay = {key: [_an_event(decode(each)) for each in events] for key, events in data["answers"].items()}
        work.brought = frozenset(ledger.buffers[data["step"], name] for name in data["brought"])
    return work


def _an_event(value: Any) -> Event:
    if not isinstance(value, Event):
        raise ContextSerdeError(f"The snapshot has {type(value).__name__} where an event belongs.")
    return value


def _a_number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ContextSerdeError(f"The snapshot has {value!r} where a whole number belongs.")
    return value


def dump_store(store: Store[Any] | None, serializer: BaseSerializer) -> dict[str, Any]:
    """Write the store's state; None writes an empty one."""
    if store is None:
        return {}
    state = store.state
    if isinstance(state, BaseModel):
        return {"typed": serializer.encode(state)}
    written = {}
    for key, value in state.items():
        try:
            written[key] = serializer.encode(value)
        except ContextSerdeError as error:
            raise ContextSerdeError(f"Failed to serialize state value for key {key}: {error}") from error
    return {"keys": written}


def load_store(data: dict[str, Any], state_type: type[BaseModel] | None, serializer: BaseSerializer) -> Store[Any]:
    """Return the store of a snapshot.

    Raises:
        ContextSerdeError: its state does not fit the type that the workflow declares.
    """
    if "typed" in data:
        state = serializer.decode(data["typed"])
        if state_type is None or not isinstance(state, state_type):
            expected = state_type.__name__ if state_type else "untyped state"
            raise ContextSerdeError(
                f"The snapshot's state is a {type(state).__name__}; this workflow declares {expected}."
            )
        return Store(state)
    written = data.get("keys", {})
    if not isinstance(written, dict):
        raise ContextSerdeError(f"The snapshot has {type(written).__name__} where the keys of its state belong.")
    keys = {key: serializer.decode(value) for key, value in written.items()}
    if state_type is None:
        return Store(DictState(keys))
    try:
        return Store(state_type(**keys))
    except ValidationError as error:
        raise ContextSerdeError(f"The snapshot's state does not fit {state_type.__name__}: {error}") from error


def check_snapshot(data: Any) -> None:
    """Raise ContextSerdeError if data are no snapshot that this version can read."""
    form = "Context dict specified in an invalid format"
    if not isinstance(data, dict) or "wfkit" not in data:
        raise ContextSerdeError(f"{form}: it has no key 'wfkit'. Pass what ctx.to_dict() returned.")
    if type(data["wfkit"]) is not int or data["wfkit"] > VERSION:
        raise ContextSerdeError(
            f"{form}: it is of version {data['wfkit']!r}, this wfkit reads up to {VERSION}. Upgrade wfkit."
        )
    if missing := [key for key in ("workflow", "is_running", "state", "work") if key not in data]:
        raise ContextSerdeError(f"{form}: it lacks {', '.join(map(repr, missing))}. It may have been cut off.")
    if not isinstance(data["state"], dict) or data["is_running"] != isinstance(data["work"], dict):
        raise ContextSerdeError(f"{form}: its state or its work is damaged.")
