"""The live work of a run as plain data, and back.

A snapshot costs what the live work costs, not what the run has done so far. Work that was under way is written as work
still to do: when the run is restored, its body starts again, gets the answers it had already been given, and does not
send again what it had already sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from wfkit.collecting import Collected, Item
from wfkit.errors import ContextSerdeError
from wfkit.events import CollectionReleaseEvent, Event, StepFailedEvent, StopEvent
from wfkit.ledger import Ledger
from wfkit.masking import misfits
from wfkit.plan import Plan
from wfkit.scope import Scope
from wfkit.scoped_ledger import ledger_of
from wfkit.serialize import BaseSerializer
from wfkit.store import DictState, Store
from wfkit.work import Work

VERSION = 1


def dump_ledger(ledger: Ledger, serializer: BaseSerializer, now: float) -> dict[str, Any]:
    """Write the live work of a run, at a time on its clock. The ledger stays as it is."""
    started = [*ledger.active, *ledger.waiting, *ledger.retrying]
    queued = [*ledger.ready, *(work for lane in ledger.lanes for work in lane.queue or ())]
    encode = serializer.encode
    scopes = _Scopes(ledger.plan, (*started, *queued)) if ledger.scoped else None
    return {
        "deliveries": [
            # Only what has begun, or belongs to a scope, has anything in its dictionary: the rest is in slots.
            _dump_work(work, encode)
            | (_dump_progress(work, encode, now) if vars(work) else {})
            | ({"retry_in": max(0.0, work.due - now)} if work in ledger.retrying else {})
            | (scopes.place_of(work) if scopes is not None else {})
            for work in (*started, *queued)
        ],
        "buffers": [
            [step, name, [_dump_item(item, encode) for item in buffer.items]]
            for (step, name), buffer in ledger.buffers.items()
        ],
        "scopes": [] if scopes is None else scopes.dump(encode),
        "unclaimed": [encode(event) for event in ledger.unclaimed],
        "questions": [encode(event) for event in ledger.questions],
        "from_outside": ledger.from_outside,
    }


def _dump_work(work: Work, encode: Any) -> dict[str, Any]:
    return {
        "step": work.lane.spec.name,
        "event": encode(work.event),
        "id": work.id,
        "parent": work.parent,
        "n": work.n,
    }


def _dump_item(item: Item, encode: Any) -> list[Any]:
    written = [encode(item.event), item.id]
    return written if item.recoveries is None else [*written, dict(item.recoveries)]


def _load_item(event: Any, id: Any, recoveries: Any = None, *, decode: Any) -> Item:
    return Item(_an_event(decode(event)), _a_number(id), _a_count(recoveries))


class _Scopes:
    """The scopes that live work belongs to, those around others first."""

    def __init__(self, plan: Plan, works: Iterable[Work]) -> None:
        self._plan = plan
        self._numbers: dict[Scope, int] = {}
        for work in works:
            self._add(work.scope)

    def _add(self, scope: Scope | None) -> None:
        new: list[Scope] = []
        while scope is not None and scope not in self._numbers:
            new.append(scope)
            scope = scope.parent
        for outer in reversed(new):
            self._numbers[outer] = len(self._numbers)

    def place_of(self, work: Work) -> dict[str, Any]:
        """Write which scope a delivery belongs to, and what its way there has used up."""
        place: dict[str, Any] = {} if work.scope is None else {"scope": self._numbers[work.scope]}
        return place if work.recoveries is None else {**place, "recoveries": dict(work.recoveries)}

    def dump(self, encode: Any) -> list[dict[str, Any]]:
        """Write the scopes in their order."""
        steps = self._plan.steps
        return [
            {
                "id": scope.id,
                "source": steps[scope.source].name,
                "parent": None if scope.parent is None else self._numbers[scope.parent],
                "members": {
                    steps[index].name: [_dump_item(item, encode) for item in items]
                    for index, items in scope.members.items()
                },
                "fired": [steps[index].name for index in sorted(scope.fired)],
                "recoveries": None if scope.recoveries is None else dict(scope.recoveries),
            }
            for scope in self._numbers
        ]


def _load_scopes(plan: Plan, data: list[dict[str, Any]], decode: Any) -> list[Scope]:
    scopes: list[Scope] = []
    for each in data:
        parent = None if each["parent"] is None else scopes[_a_number(each["parent"])]
        recoveries = _a_count(each["recoveries"])
        scope = Scope(_a_number(each["id"]), plan.by_name[each["source"]], parent, recoveries)
        scope.members = {
            plan.by_name[step]: [_load_item(*item, decode=decode) for item in items]
            for step, items in each["members"].items()
        }
        scope.fired = {plan.by_name[step] for step in each["fired"]}
        if parent is not None:
            parent.live += 1
        scopes.append(scope)
    return scopes


def _dump_progress(work: Work, encode: Any, now: float) -> dict[str, Any]:
    """Write what the body has done so far and must not do again."""
    return {
        "attempt": work.attempt,
        "sends": max(work.sends, work.skip),
        "streamed": max(work.streamed, work.skip_streamed),
        "answers": {key: [encode(event) for event in events] for key, events in work.all_answers().items()},
        "collected": [
            [done.buffer_id, [_dump_item(item, encode) for item in done.taken]] for done in work.all_collected()
        ],
        "elapsed": None if work.first_start is None else now - work.first_start,
        "error": None if work.last_error is None else encode(work.last_error),
        "failed_at": None if work.last_failed_at is None else work.last_failed_at.isoformat(),
    }


def load_ledger(plan: Plan, data: dict[str, Any], serializer: BaseSerializer, now: float) -> Ledger:
    """Return a ledger with the work of a snapshot still to do, from a time on the new run's clock on.

    Raises:
        ContextSerdeError: the data do not fit, or a step with pending work is not in this workflow.
    """
    ledger = ledger_of(plan)
    decode = serializer.decode
    try:
        for step, name, items in data["buffers"]:
            buffer = ledger.buffer(step, name)
            for item in items:
                buffer.add(_load_item(*item, decode=decode))
        scopes = _load_scopes(plan, data.get("scopes", []), decode)
        for delivery in data["deliveries"]:
            work = _load_work(ledger, delivery, scopes, decode, now)
            if delivery.get("retry_in"):
                work.due = now + float(delivery["retry_in"])
                ledger.retrying[work] = None
            else:
                ledger.enqueue(work)
        ledger.settle(scopes)
        ledger.unclaimed = [_an_event(decode(event)) for event in data["unclaimed"]]
        ledger.questions = [_an_event(decode(event)) for event in data["questions"]]
        ledger.from_outside = _a_number(data["from_outside"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
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


def _load_work(ledger: Ledger, data: dict[str, Any], scopes: list[Scope], decode: Any, now: float) -> Work:
    index = ledger.plan.by_name.get(data["step"])
    if index is None:
        raise _no_such_step(ledger.plan, data["step"])
    event = _an_event(decode(data["event"]))
    if not _is_for(ledger.plan, index, event):
        raise ContextSerdeError(
            f"The snapshot has a {type(event).__name__} for step {data['step']!r} of workflow {ledger.plan.name!r}, "
            f"which does not take it. Restore it with the workflow that it was taken from."
        )
    numbers = [_a_number(data[key]) for key in ("id", "parent", "n")]
    work = Work(ledger.lanes[index], event, *numbers)
    if data.get("scope") is not None:
        work.scope = scopes[_a_number(data["scope"])]
        work.scope.live += 1
    if data.get("recoveries") is not None:
        work.recoveries = _a_count(data["recoveries"])
    if "attempt" in data:
        work.attempt = _a_number(data["attempt"])
        work.skip, work.skip_streamed = _a_number(data["sends"]), _a_number(data["streamed"])
        work.replay = {key: [_an_event(decode(each)) for each in events] for key, events in data["answers"].items()}
        work.collected_before = [
            Collected(str(name), None, tuple(_load_item(*item, decode=decode) for item in items))
            for name, items in data["collected"]
        ]
        if data.get("elapsed") is not None:
            work.first_start = now - float(data["elapsed"])
        if data.get("error") is not None:
            work.last_error, work.last_failed_at = decode(data["error"]), datetime.fromisoformat(data["failed_at"])
    return work


def _is_for(plan: Plan, index: int, event: Event) -> bool:
    """Whether a step can have been given an event."""
    spec = plan.steps[index]
    if spec.gathers is not None:
        return isinstance(event, CollectionReleaseEvent)
    return index in plan.route(type(event)).steps or (spec.catches is not None and isinstance(event, StepFailedEvent))


def _an_event(value: Any) -> Event:
    if not isinstance(value, Event):
        raise ContextSerdeError(f"The snapshot has {type(value).__name__} where an event belongs.")
    return value


def _a_count(value: Any) -> dict[str, int] | None:
    return None if value is None else {str(key): _a_number(count) for key, count in value.items()}


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
        raise ContextSerdeError(f"The snapshot's state does not fit {state_type.__name__}: {misfits(error)}") from None


def check_steps(plan: Plan, work: dict[str, Any]) -> None:
    """Raise ContextSerdeError if a snapshot has work for steps that a workflow does not have."""
    known = [*plan.by_name]
    for step in _steps_named(work):
        if step not in known:
            raise _no_such_step(plan, step)


def _steps_named(work: dict[str, Any]) -> Iterator[object]:
    """Yield the steps that a snapshot's work is for, as far as it is whole."""

    def each(part: str, kind: type) -> list[Any]:
        found = work.get(part)
        return [item for item in found if isinstance(item, kind)] if isinstance(found, list) else []

    yield from (delivery["step"] for delivery in each("deliveries", dict) if "step" in delivery)
    yield from (buffer[0] for buffer in each("buffers", list) if len(buffer) == 3 and buffer[2])
    for scope in each("scopes", dict):
        yield from (scope[key] for key in ("source",) if key in scope)
        for key in ("members", "fired"):
            yield from scope[key] if isinstance(scope.get(key), (dict, list)) else ()


def _no_such_step(plan: Plan, step: object) -> ContextSerdeError:
    return ContextSerdeError(
        f"The snapshot has work for step {step!r}, which workflow {plan.name!r} does not have. "
        f"Restore it with the workflow that it was taken from."
    )


def check_snapshot(data: Any) -> None:
    """Raise ContextSerdeError if data are no snapshot that this version can read."""
    form = "Context dict specified in an invalid format"
    if isinstance(data, (str, bytes)):
        raise ContextSerdeError(f"{form}: it is a {type(data).__name__}. Pass json.loads(...) of it.")
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
