"""The ids of deliveries can be worked out from records: that is how a reader tells who got what."""

from __future__ import annotations

from typing import Annotated

from wfkit import Collect, Context, Event, StartEvent, StopEvent, Take, Workflow, step
from wfkit.lineage import delivery_id, stirred
from wfkit.records import EventSent, EventsGathered, StepStarted
from wfkit.testing import Probe


class Item(Event):
    n: int


class Left(Event):
    pass


class Right(Event):
    pass


SAME = Item(n=7)


class ListFlow(Workflow):
    @step
    async def deal(self, ev: StartEvent) -> list[Item]:
        return [SAME, SAME, SAME, SAME]

    @step
    async def gather(self, items: Annotated[list[Item], Collect(Take(3))]) -> StopEvent:
        return StopEvent(result=len(items))


class JoinFlow(Workflow):
    @step
    async def part(self, ctx: Context, ev: StartEvent) -> Left | Right:
        ctx.send_event(Right())
        return Left()

    @step
    async def join(self, left: Left, right: Right) -> StopEvent:
        return StopEvent(result="joined")


async def test_the_id_of_a_delivery_follows_from_the_record_of_its_event() -> None:
    probe = Probe()
    await JoinFlow().run(hooks=[probe])
    (sent,) = [record for record in probe.of(EventSent) if record.source is None]
    (started,) = [record for record in probe.of(StepStarted) if record.step == "part"]
    assert started.id == delivery_id(sent.parent, sent.n, "part")


async def test_a_list_step_tells_which_deliveries_brought_its_events_even_of_one_object_sent_often() -> None:
    probe = Probe()
    assert await ListFlow().run(hooks=[probe]) == 3
    (gathered,) = probe.of(EventsGathered)
    sends = [record for record in probe.of(EventSent) if record.event is SAME]
    assert gathered.ids == tuple(delivery_id(sent.parent, sent.n, "gather") for sent in sends[:3])
    assert len(set(gathered.ids)) == 3


async def test_a_join_tells_its_events_in_the_order_of_its_parameters() -> None:
    probe = Probe()
    await JoinFlow().run(hooks=[probe])
    (gathered,) = probe.of(EventsGathered)
    kinds = {delivery_id(sent.parent, sent.n, "join"): type(sent.event) for sent in probe.of(EventSent)}
    assert [kinds[id] for id in gathered.ids] == [Left, Right]
    (started,) = [record for record in probe.of(StepStarted) if record.step == "join"]
    assert gathered.id == started.id


async def test_it_is_told_once_and_right_after_the_start() -> None:
    probe = Probe()
    await ListFlow().run(hooks=[probe])
    kinds = [type(record) for record in probe.records]
    at = kinds.index(EventsGathered)
    assert kinds.count(EventsGathered) == 1
    before = probe.records[at - 1]
    assert isinstance(before, StepStarted)
    assert before.step == "gather"


def test_stirring_tells_sets_of_the_same_sum_apart() -> None:
    assert 1 + 4 == 2 + 3
    assert stirred(1) + stirred(4) != stirred(2) + stirred(3)
