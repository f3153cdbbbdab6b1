"""What a run should do whose steps return lists, gather them and join events. See `run_model.py`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.acts import LISTS, TAKE, Message
from tests.lines import Delivery, Group
from tests.run_model import Model


class GroupModel(Model):
    """A model that knows of which returned list everything comes.

    What `some` and `whole` gather comes out of its group, what `join` makes stays in it. Deliveries of lists have
    negative numbers: those of their groups.
    """

    cast = LISTS

    def __init__(self, now: float = 0.0) -> None:
        super().__init__(now)
        self.groups = 0
        self.outside = Group(0, None)  # stands for what is in no group: it never closes

    def _place(self, step: str, message: Message, group: Group | None) -> bool | None:
        while group is not None and group.closed:
            group = group.outer
        if step in TAKE:
            return False if group is None else self._gather(step, message, group)
        if step == "join":
            self._join(message, group)
        else:
            self._enter(Delivery((step, message.n), message, events=(message.n,)), group)
        return True

    def _enter(self, delivery: Delivery, group: Group | None) -> None:
        delivery.group = group
        if group is not None:
            group.live += 1
        self._admit(delivery)

    def _gather(self, step: str, message: Message, group: Group) -> bool | None:
        if step in group.fired:
            return None
        members = group.members.setdefault(step, [])
        members.append(message)
        if len(members) == TAKE[step]:
            self._fire(step, group)
        return True

    def _join(self, message: Message, group: Group | None) -> None:
        halves = (group or self.outside).halves
        halves.setdefault(message.kind, []).append(message)
        if halves.get("Left") and halves.get("Right"):
            left, right = halves["Left"].pop(0), halves["Right"].pop(0)
            self._enter(Delivery(("join", left.n), left, events=(left.n, right.n)), group)

    def _fire(self, step: str, group: Group) -> None:
        """Call a step with what it has gathered; what it makes belongs to the group around."""
        group.fired.add(step)
        events = tuple(message.n for message in group.members.get(step, ()))
        self._enter(Delivery((step, -group.number), Message("list", -group.number), events=events), group.outer)

    def _fan_out(self, delivery: Delivery, items: Sequence[Message]) -> None:
        self.groups += 1
        group = Group(self.groups, delivery.group, live=1)
        if delivery.group is not None:
            delivery.group.live += 1
        for message in items:
            self._route(message, delivery, group)
        self._left(group)

    def _left(self, group: Group | None) -> None:
        while group is not None:
            group.live -= 1
            if group.live:
                break
            for step in sorted(TAKE):
                if step not in group.fired:
                    self._fire(step, group)
            group.closed = True
            group = group.outer
