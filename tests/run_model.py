"""What a run should do, in plain Python: no wfkit, no asyncio.

The machine in `test_run_machine.py` drives a run of a workflow whose step bodies are puppets (`puppets.py`): each does
what it is told, one act after the other, and tells the model of it. A body that begins again, after a failure or in a
run restored from a snapshot, first does again what it did before. The model knows what then has an effect and what must
have none.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.acts import PLAIN, SET, TIMEOUT, Fact, Key, Message, Wait
from tests.lines import Collected, Delivery, Group, Line


class OpenWait(NamedTuple):
    """A wait that has not got its message."""

    delivery: Delivery
    number: int
    kind: str


class Alarm(NamedTuple):
    """Something that is due: the end of a wait, or the next attempt of a delivery."""

    moment: float
    what: OpenWait | Delivery


class Model:
    """A run: what is queued, at work, waiting and done, what it has shown, and all that has happened.

    Args:
        now: the time in seconds.

    Attributes:
        lived: seconds of its timeout that have passed.
        live: the deliveries that have not ended.
        unclaimed: messages that nobody took, kept for waits to come.
        accepted, done: each delivery once.
        parts: what `gather` has put aside, by buffer and in order.
        shown: the messages on the stream.
        story: the facts, in the form that `run_story.told` gives the records.
        stop: the message that ends the run, once a step has returned it.
        last_calls: those that had a slot by then, and begin all the same.
        outcome: as in `RunEnded`; a failure with the number of the delivery's message.
        wrong: what happened and should not have.
    """

    cast = PLAIN

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.lived = 0.0
        self.lines = {step: Line(workers) for step, workers in self.cast.workers.items()}
        self.live: dict[Key, Delivery] = {}
        self.waits: list[OpenWait] = []
        self.alarms: list[Alarm] = []
        self.unclaimed: list[Message] = []
        self.parts: dict[str, list[Key]] = {}
        self.accepted: Counter[Key] = Counter()
        self.done: Counter[Key] = Counter()
        self.shown: list[Message] = []
        self.story: list[Fact] = []
        self.stop: Message | None = None
        self.last_calls: list[Delivery] = []
        self.outcome: tuple[str, int] | None = None
        self.wrong: list[str] = []
        self.restores = 0

    def must(self, holds: bool, claim: str, *details: object) -> None:
        """Note a claim that does not hold, and stop the body that made it."""
        if not holds:
            self.wrong.append(" ".join([claim, *map(repr, details)]))
            raise AssertionError(self.wrong[-1])

    def _tell(self, *fact: Any) -> None:
        self.story.append((*fact, self.now))

    # -- questions ---------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether the run takes messages and begins deliveries."""
        return self.stop is None and self.outcome is None

    @property
    def idle(self) -> bool:
        """Whether nothing can move until somebody outside does something."""
        return all(delivery.state in ("waiting", "resuming") for delivery in self.live.values())

    @property
    def status(self) -> str:
        """The handler's status, when the run has come to rest."""
        if self.outcome is not None:
            return self.outcome[0]
        if not self.idle:
            return "running"
        return "waiting" if self.live else "stuck"

    # -- time --------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Let what is due happen. After a stop no time passes: the run ends in the same moment."""
        while self.open:
            moments = [alarm.moment for alarm in self.alarms]
            if not self.asks:
                moments.append(self.now + TIMEOUT - self.lived)
            if not moments or min(moments) > now:
                break
            self._pass_time(min(moments))
            due = [alarm for alarm in self.alarms if alarm.moment <= self.now]
            self.alarms = [alarm for alarm in self.alarms if alarm not in due]
            for alarm in due:
                self._ring(alarm.what)
            if self.lived >= TIMEOUT:
                self.outcome = "timed out", 0
        self._pass_time(now)

    @property
    def asks(self) -> bool:
        """Whether a person is asked and nothing else moves: then the time stands still."""
        return self.idle and any(wait.kind == "Answer" for wait in self.waits)

    def _pass_time(self, now: float) -> None:
        if not self.asks:
            self.lived += now - self.now
        self.now = now

    def _ring(self, what: OpenWait | Delivery) -> None:
        if isinstance(what, OpenWait):
            self._answer(what, None)
        else:
            self._line_up_first(what)

    def _set_alarm(self, seconds: float, what: OpenWait | Delivery) -> None:
        self.alarms.append(Alarm(self.now + seconds, what))
        self.alarms.sort(key=lambda alarm: alarm.moment)

    # -- messages ----------------------------------------------------------------------------------------------

    def send(self, message: Message, source: Delivery | None = None, only: str | None = None) -> None:
        """A message is sent, from outside or by a body, which may have sent it before."""
        if source is not None:
            source.sends += 1
            if source.sends <= source.sent:
                return
            source.sent = source.sends
        self._route(message, source, None if source is None else source.group, only)

    def _route(self, message: Message, source: Delivery | None, group: Group | None, only: str | None = None) -> None:
        taker = next((wait for wait in self.waits if wait.kind == message.kind), None)
        if taker is not None:
            self._answer(taker, message)
        steps = (only,) if only is not None else self.cast.taken_by[message.kind]
        wanted = [step for step in steps if taker is None or taker.delivery.key[0] != step]
        placed = {step: self._place(step, message, group) for step in wanted}
        targets = [step for step in wanted if placed[step]]
        if not targets and taker is None and None not in placed.values():
            self.unclaimed.append(message)
        self._tell("sent", None if source is None else source.key[0], message, tuple(targets))

    def _place(self, step: str, message: Message, group: Group | None) -> bool | None:
        """Give a message to a step; False if it cannot have it, None if it has had enough."""
        self._admit(Delivery((step, message.n), message, events=(message.n,)))
        return True

    def _admit(self, delivery: Delivery) -> None:
        self.live[delivery.key] = delivery
        self.accepted[delivery.key] += 1
        line = self.lines[delivery.key[0]]
        line.queue.append(delivery)
        line.hand_out()

    def show(self, message: Message, source: Delivery) -> None:
        """A body writes to the stream what it may have written before."""
        source.shows += 1
        if source.shows > source.shown:
            source.shown = source.shows
            self.shown.append(message)
            self._tell("streamed", source.key, message)

    # -- deliveries --------------------------------------------------------------------------------------------

    def begin(self, key: Key, events: tuple[int, ...]) -> Delivery:
        """A body begins, with events of these numbers."""
        delivery = self.live.get(key)
        self.must(self.outcome is None, "nothing begins after the end, but did:", key)
        self.must(delivery is not None, "only what was sent and is not done begins, but this did:", key)
        assert delivery is not None
        self.must(
            delivery.state in ("lined up", "called"), f"a {delivery.state} delivery does not begin, but did:", key
        )
        if self.stop is not None:
            self.must(delivery in self.last_calls, "nothing new begins after a stop, but did:", key)
            self.last_calls.remove(delivery)
        self.must(self.lines[key[0]].begin(delivery), "who is first in the line begins, but another did:", key)
        self.must(events == delivery.events, "a body gets the events that are for it, not:", key, events)
        delivery.start_over()
        self._tell("started", key, delivery.attempt)
        return delivery

    def finish(self, delivery: Delivery, message: Message | None, items: Sequence[Message] | None = None) -> None:
        """A body returns an event, a list of them or nothing."""
        self._tell("finished", delivery.key, message if items is None else items)
        self.done[delivery.key] += 1
        if self.stop is None and message is not None and message.kind == "StopEvent":
            self.stop = message
            self.last_calls = [each for line in self.lines.values() for each in line.called]
            self._tell("sent", delivery.key[0], message, ())
        self._leave(delivery)
        if self.open and items is not None:
            self._fan_out(delivery, items)
        elif self.open and message is not None:
            self._route(message, delivery, delivery.group)
        self._left(delivery.group)

    def _fan_out(self, delivery: Delivery, items: Sequence[Message]) -> None:
        """Send the items of a returned list."""

    def _left(self, group: Group | None) -> None:
        """Something in a group has ended, and what it sent is on its way."""

    def fail(self, delivery: Delivery, again: float | None) -> None:
        """A body raises."""
        again = again if self.stop is None and delivery.key[0] in self.cast.tried_again else None
        self._tell("failed", delivery.key, delivery.attempt, again)
        if again is None:
            self._leave(delivery)
            if self.stop is None:
                self.outcome = "failed", delivery.message.n
            return
        delivery.state = "retrying"
        self._free_slot(delivery)
        delivery.start_over()
        delivery.attempt += 1
        if again:
            self._set_alarm(again, delivery)
        else:
            self._line_up_first(delivery)

    def cancel(self, delivery: Delivery) -> None:
        """A body is cancelled, which only the end of the run may do."""
        over = self.outcome is not None or self.stop is not None
        self.must(over, "only the end of the run cancels a body, but this one was:", delivery.key)
        self._tell("cancelled", delivery.key)

    def _line_up_first(self, delivery: Delivery) -> None:
        delivery.state, delivery.twins = "lined up", 0
        line = self.lines[delivery.key[0]]
        line.queue.insert(0, delivery)
        line.hand_out()

    def _leave(self, delivery: Delivery) -> None:
        delivery.state = "ended"
        del self.live[delivery.key]
        self._free_slot(delivery)

    def _free_slot(self, delivery: Delivery) -> None:
        line = self.lines[delivery.key[0]]
        line.free += 1
        line.hand_out()

    # -- waits -------------------------------------------------------------------------------------------------

    def wait(self, delivery: Delivery, wait: Wait) -> None:
        """A body waits, for what it got in its place before, for what nobody took, or for what is to come."""
        number = delivery.asks
        delivery.asks += 1
        delivery.expected = delivery.answers.get(number)
        if delivery.expected is not None:
            return
        for message in self.unclaimed:
            if message.kind == wait.kind:
                self.unclaimed.remove(message)
                delivery.expected = delivery.answers[number] = message
                return
        opened = OpenWait(delivery, number, wait.kind)
        self.waits.append(opened)
        self._tell("waiting", delivery.key, wait.kind)
        delivery.state = "waiting"
        self._free_slot(delivery)
        if wait.seconds is not None:
            self._set_alarm(wait.seconds, opened)

    def resume(self, delivery: Delivery, message: Message | None) -> None:
        """A body goes on from its wait."""
        self.must(delivery.state == "active", f"a {delivery.state} body has no slot, but went on:", delivery.key)
        self.must(message == delivery.expected, "a body goes on with its answer, not with:", message, delivery)
        self._tell("resumed", delivery.key, message)

    def _answer(self, wait: OpenWait, message: Message | None) -> None:
        delivery = wait.delivery
        self.waits.remove(wait)
        self.alarms = [alarm for alarm in self.alarms if alarm.what is not wait]
        delivery.expected = message
        if message is not None:
            delivery.answers[wait.number] = message
        delivery.state = "resuming"
        line = self.lines[delivery.key[0]]
        line.resuming.append(delivery)
        line.hand_out()

    # -- collecting --------------------------------------------------------------------------------------------

    def collect(self, delivery: Delivery, buffer: str, got: Sequence[int] | None) -> None:
        """A body has collected: the numbers of a set, or None. A body that begins again gets what it got before."""
        if delivery.collects == len(delivery.collected):
            parts = self.parts.setdefault(buffer, [])
            parts.append(delivery.key)
            complete = len(parts) == SET
            delivery.collected.append(Collected(tuple(parts) if complete else ()))
            if complete:
                parts.clear()
        collected = delivery.collected[delivery.collects]
        delivery.collects += 1
        due = [n for _, n in collected.taken] or None
        self.must(got == due, "a complete set is given, once and in order, and here it was another:", got, due)
        if not collected.told:
            collected.told = True
            self._tell("collected", delivery.key, buffer, collected.taken)

    # -- snapshots ---------------------------------------------------------------------------------------------

    def restored(self, now: float) -> Model:
        """Return the model of a run that goes on from here: whose bodies have all to begin again."""
        new = copy.deepcopy(self)
        new.restores += 1
        new.now, new.lived = now, 0.0
        new.shown, new.story, new.waits, new.last_calls = [], [], [], []
        retries = [alarm for alarm in new.alarms if isinstance(alarm.what, Delivery) and alarm.moment > self.now]
        new.alarms = [Alarm(now + alarm.moment - self.now, alarm.what) for alarm in retries]
        later = [alarm.what for alarm in retries]
        begun = [each for each in new.live.values() if each.state not in ("lined up", "called") and each not in later]
        for delivery in begun:
            delivery.twins = new.restores
            delivery.start_over()
        for delivery in new.live.values():
            for collected in delivery.collected:
                collected.told = not collected.taken  # sets are told again: they are what others descend from
        for step, line in new.lines.items():
            mine = [each for each in begun if each.key[0] == step]
            new.lines[step] = Line(self.cast.workers[step])
            new.lines[step].queue = [*mine, *line.called, *line.queue]
            for each in new.lines[step].queue:
                each.state = "lined up"
            new.lines[step].hand_out()
        return new
