"""The books of a run whose steps return lists, gather them, join events or handle errors.

Everything else works as in `Ledger`; workflows without these never come here.
"""

from __future__ import annotations

from collections.abc import Sequence

from wfkit.collect import Join, Members
from wfkit.collecting import Buffer, Item, JoinBuffer
from wfkit.events import CollectionReleaseEvent, Event
from wfkit.ledger import Ledger, child_of
from wfkit.lineage import stirred
from wfkit.plan import Plan
from wfkit.scope import Recoveries, Scope, merged
from wfkit.work import Work

_JOIN = "join:"  # before the scope's name: the buffer of a join, beside those of its collect_events


class ScopedLedger(Ledger):
    """A ledger that knows which scope each delivery belongs to."""

    __slots__ = ()

    scoped = True

    def fan_out(self, work: Work, events: Sequence[Event]) -> list[tuple[str, ...]]:
        """Send the events of a returned list into a scope of their own; an empty one closes at once.

        Returns:
            For each event the names of the steps it was queued for.
        """
        outer = work.scope
        scope = Scope(stirred(work.lineage + work.made), self.plan.by_name[work.lane.spec.name], outer, work.recoveries)
        scope.live = 1  # it must not close before all are on their way
        if outer is not None:
            outer.live += 1
        work.scope = scope
        targets = [self.send(event, work) for event in events]
        work.scope = outer
        self._leave(scope)
        return targets

    def settle(self, scopes: Sequence[Scope]) -> None:
        named: dict[str, Scope | None] = {_JOIN + scope_name(scope): scope for scope in scopes}
        for (step, buffer_id), buffer in tuple(self.buffers.items()):
            while isinstance(buffer, JoinBuffer) and (done := buffer.take()).taken:
                scope = named.get(buffer_id)
                self._deliver_set(self.plan.by_name[step], done.taken, scope, scope, done.lineage)

    def leave(self, work: Work) -> None:
        """Note that a delivery has ended and that all it sent is on its way; what this completes is released."""
        if work.scope is not None:
            self._leave(work.scope)

    def recover(self, work: Work, handler: int, event: Event) -> tuple[str, ...]:
        """Send a failure to an error handler, and count it on this line of events."""
        name = self.plan.steps[handler].name
        work.recoveries = {**(work.recoveries or {}), name: self.recovered(work, handler) + 1}
        return self.send(event, work, handler)

    def recovered(self, work: Work, handler: int) -> int:
        """How many failures on the way to a delivery an error handler has taken."""
        return (work.recoveries or {}).get(self.plan.steps[handler].name, 0)

    def _place(self, work: Work, source: Work | None) -> bool | None:
        scope = None if source is None or source.scope is None else source.scope.open
        recoveries = None if source is None else source.recoveries
        if work.lane.spec.gathers is not None:
            return self._gather(work, scope, recoveries)
        self._admit(work, scope, recoveries)
        return True

    def _admit(self, work: Work, scope: Scope | None, recoveries: Recoveries | None) -> None:
        """Queue a delivery that belongs to a scope."""
        if recoveries is not None:
            work.recoveries = recoveries
        if scope is not None:
            work.scope = scope
            scope.live += 1
        self.enqueue(work)

    def _gather(self, work: Work, scope: Scope | None, recoveries: Recoveries | None) -> bool | None:
        """Put an event aside for a step that wants several; None if it has all it takes of this scope.

        False if it can never have it, because it comes of no returned list.
        """
        item = Item(work.event, work.id, recoveries)
        lane, gathers = work.lane, work.lane.spec.gathers
        index = self.plan.by_name[lane.spec.name]
        if isinstance(gathers, Members):
            if scope is None:
                self.note(
                    f"Step {lane.spec.name!r} gathers {type(work.event).__name__} only from what comes of a returned "
                    f"list; one came from elsewhere, and is not gathered."
                )
                return False
            if index in scope.fired:
                return None
            members = scope.members.setdefault(index, [])
            members.append(item)
            if gathers.take is not None and len(members) >= gathers.take:
                self._fire(scope, index)
            return True
        assert gathers is not None
        buffer = self.buffer(lane.spec.name, _JOIN + scope_name(scope))
        assert isinstance(buffer, JoinBuffer)
        done = buffer.put(item)
        if done.taken:
            self._deliver_set(index, done.taken, scope, scope, done.lineage)
        return True

    def buffer(self, step: str, buffer_id: str) -> Buffer:
        gathers = self.lanes[self.plan.by_name[step]].spec.gathers
        if not isinstance(gathers, Join) or not buffer_id.startswith(_JOIN):
            return super().buffer(step, buffer_id)
        found = self.buffers.get((step, buffer_id))
        if found is None:
            subclasses = self.lanes[self.plan.by_name[step]].spec.accept_event_subclasses
            found = self.buffers[step, buffer_id] = JoinBuffer(buffer_id, gathers.kinds, subclasses)
        return found

    def _fire(self, scope: Scope, index: int) -> None:
        """Call a gathering step with what is there; what it sends belongs to the scope around."""
        scope.fired.add(index)
        items = scope.members.pop(index, [])
        lineage = sum(stirred(item.id) for item in items) + scope.id
        self._deliver_set(index, items, scope, scope.parent, lineage)

    def _deliver_set(
        self, index: int, items: Sequence[Item], scope: Scope | None, into: Scope | None, lineage: int
    ) -> None:
        """Make a set of events one delivery. The set is its parent, whichever of them came last."""
        lane = self.lanes[index]
        event = CollectionReleaseEvent(
            events=[item.event for item in items],
            stream_id=scope_name(scope),
            binding_id=lane.spec.name,
        )
        work = child_of(lane, event, lineage)
        work.brought = tuple(item.id for item in items)
        recoveries = merged(*(item.recoveries for item in items), None if scope is None else scope.recoveries)
        self._admit(work, None if into is None else into.open, recoveries)

    def _end_join(self, step: str, scope: Scope) -> None:
        """Forget what a join has of a scope that has ended."""
        buffer = self.buffers.pop((step, _JOIN + scope_name(scope)), None)
        if buffer is not None and buffer.count:
            left = ", ".join(dict.fromkeys(type(item.event).__name__ for item in buffer.items))
            self.note(_ONLY.format(source=self.plan.steps[scope.source].name, step=step, left=left))

    def _leave(self, scope: Scope) -> None:
        inner: Scope | None = scope
        while inner is not None:
            inner.live -= 1
            if inner.live:
                return
            bound = self.plan.bindings.collectors.get(inner.source, ())
            for index in sorted({*bound, *inner.members} - inner.fired):
                self._fire(inner, index)
            inner.closed = True
            for name in self.plan.joins:
                self._end_join(name, inner)
            inner = inner.parent


_ONLY = "The list that step {source!r} returned is done with, and step {step!r} has {left} left that it could not join."


def scope_name(scope: Scope | None) -> str:
    """Return how a scope is called in names of buffers and in events: "" for what is outside of all."""
    return "" if scope is None else f"{scope.id:016x}"


def ledger_of(plan: Plan) -> Ledger:
    """Return an empty ledger for a workflow."""
    return ScopedLedger(plan) if plan.scoped else Ledger(plan)
