"""Any sequence of what can happen to a run, on any schedule: the run and its model never disagree.

Hypothesis chooses what the bodies of the steps do (`puppets.py`), when messages come from outside, when time passes,
when the run is cancelled, saved and restored, and how many turns of the event loop lie between. The model
(`run_model.py`, `group_model.py`) says what must come of it, and `run_story.py` compares.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from itertools import count
from typing import Any, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.acts import LISTS, PLAIN, TIMEOUT, Act, Fail, Gather, Key, Message, Return, Send, Show, Verdict, Wait
from tests.run_story import Run, Saved
from wfkit.testing import SeededLoop

PICK = st.integers(min_value=0, max_value=1_000)
TURNS = st.sampled_from([None, None, None, 0, 1, 2, 4])  # of the event loop; None: until it comes to rest
Address: TypeAlias = tuple[str, str | None]  # a kind of message, and the one step that shall get it
# What can be sent and waited for is another in the workflow with lists, so the machine says it.
ADDRESS: st.SearchStrategy[Address] = st.runner().flatmap(lambda machine: st.sampled_from(machine.addresses))
SEND = st.builds(lambda address: Send(Message(address[0], 0), address[1]), ADDRESS)
SHOW = st.just(Show(Message("Note", 0)))
WAITED = st.runner().flatmap(lambda machine: st.sampled_from(machine.waited))
WAIT = st.builds(Wait, WAITED, st.sampled_from([None, 0.5, 2]))
GATHER = st.builds(Gather, st.sampled_from(["one", "two"]))
ACTS: st.SearchStrategy[list[Act]] = st.lists(SEND | SHOW | WAIT | GATHER, max_size=4)
KEPT = 5  # snapshots


def chosen(pick: int, options: Sequence[Any]) -> Any:
    """Return one of the options."""
    return options[pick % len(options)]


class Machine(RuleBasedStateMachine):
    """Does to a run what its user, its steps and time may do to it, in any order."""

    cast = PLAIN
    # Some kinds more often than others: parts come to something only in pairs, orders only with all their pieces.
    addresses: Sequence[Address] = (*PLAIN.addresses, ("Part", None))
    waited: Sequence[str] = ("Answer", "Note")

    def __init__(self) -> None:
        super().__init__()
        self.loop = SeededLoop()
        self.numbers = count(1)
        self.tasks: list[asyncio.Task[None]] = []
        self.saved: list[Saved] = []
        self.until_saved: int | None = None  # turns until the next snapshot
        self.run: Run | None = None

    @initialize(seed=PICK, addresses=st.lists(ADDRESS, max_size=6), turns=TURNS)
    def set_up(self, seed: int, addresses: list[Address], turns: int | None) -> None:
        """Choose the order in which the loop runs what is ready; begin a run with some messages."""
        self.loop.close()
        self.loop = SeededLoop(seed)
        asyncio.set_event_loop(self.loop)
        self.begin()
        self.send_all(addresses)
        self.go(turns)

    # -- the loop ----------------------------------------------------------------------------------------------

    @property
    def at_rest(self) -> bool:
        """Whether nothing happens unless time passes: no callback is ready."""
        return not self.loop._ready

    def turn(self) -> None:
        """Let the loop run once what is ready, and take a snapshot if it is time."""
        self.loop.stop()
        self.loop.run_forever()
        if self.until_saved is not None:
            self.until_saved -= 1
            self.save_now()

    def go(self, turns: int | None) -> None:
        """Let the loop turn, until it comes to rest or so many times, and look whether all is well."""
        while not self.at_rest if turns is None else turns:
            self.turn()
            turns = turns and turns - 1
        self.look()

    def look(self) -> None:
        """Compare the run and the model, and see whether every task does what it should."""
        assert self.run is not None
        self.run.check()
        if self.at_rest:
            self.run.check_rest()
            alive = [task for task in self.tasks if not task.done()]
            assert alive == []
            for task in self.tasks:
                task.result()
            self.tasks.clear()
            if self.run.model.outcome is not None:
                assert asyncio.all_tasks(self.loop) == set()

    def do(self, program: Coroutine[Any, Any, None]) -> None:
        """Let a program begin with the next turn of the loop."""
        self.tasks.append(self.loop.create_task(program))

    def pass_time(self, seconds: float) -> None:
        """Let virtual time pass, with all that it brings about."""
        assert self.run is not None
        self.go(None)
        self.loop.call_later(seconds, self.loop.stop)
        self.loop.run_forever()
        self.run.model.tick(self.loop.time())

    # -- the run -----------------------------------------------------------------------------------------------

    def begin(self, saved: Saved | None = None) -> None:
        """Begin a run, or go on with one that was saved."""

        async def make() -> Run:
            return Run(self.cast is LISTS, saved)

        self.run = self.loop.run_until_complete(make())
        self.run.check()

    def leave(self) -> None:
        """See the run to its end, if need be by cancelling it, and its stream too."""
        assert self.run is not None
        self.do(self.run.cancel())
        self.go(None)
        self.do(self.run.check_stream())
        self.go(None)

    @property
    def goes_on(self) -> bool:
        """Whether there is a run that has not ended."""
        return self.run is not None and self.run.goes_on

    @property
    def cues(self) -> list[Key]:
        """The bodies that wait to be told what to do."""
        return [] if self.run is None else self.run.stage.cues

    @property
    def gatherers(self) -> list[Key]:
        """Those of them that can collect."""
        return [key for key in self.cues if key[0] == "gather"]

    @property
    def fallible(self) -> list[Key]:
        """Those of them that may be tried again."""
        return [key for key in self.cues if key[0] in self.cast.tried_again]

    def tell(self, key: Key, acts: list[Act], last: Return | Fail | None = None) -> None:
        """Tell a body what to do; what it cannot do, or not twice, is left out."""
        assert self.run is not None
        done = self.run.model.live[key].acts
        verdicts: list[Verdict] = []
        for act in acts:
            if isinstance(act, (Send, Show)):
                verdicts.append(act._replace(message=act.message._replace(n=next(self.numbers))))
            elif isinstance(act, Wait) or (key[0] == "gather" and act not in (*done, *verdicts)):
                verdicts.append(act)
        self.run.stage.tell(key, *verdicts, *([] if last is None else [last]))

    # -- what may happen ---------------------------------------------------------------------------------------

    @precondition(lambda self: not self.goes_on)
    @rule()
    def start(self) -> None:
        """Begin a run."""
        self.leave()
        self.begin()

    @precondition(lambda self: self.goes_on)
    @rule(addresses=st.lists(ADDRESS, min_size=1, max_size=4), turns=TURNS)
    def send(self, addresses: list[Address], turns: int | None) -> None:
        """Send messages from outside, to all that take them or to one step."""
        self.send_all(addresses)
        self.go(turns)

    def send_all(self, addresses: list[Address]) -> None:
        """Send messages from outside, in any order."""
        assert self.run is not None
        for kind, only in addresses:
            self.do(self.run.send(Message(kind, next(self.numbers)), only))

    @precondition(lambda self: self.cues)
    @rule(acts=ACTS, pick=PICK, turns=TURNS)
    def body_acts(self, acts: list[Act], pick: int, turns: int | None) -> None:
        """Let a body send, stream, wait and collect."""
        self.tell(chosen(pick, self.cues), acts)
        self.go(turns)

    @precondition(lambda self: self.gatherers)
    @rule(returns=st.booleans(), turns=TURNS)
    def bodies_collect(self, returns: bool, turns: int | None) -> None:
        """Let all bodies collect that can, and one of them return at once."""
        for key in self.gatherers:
            self.tell(key, [Gather("one")], Return(None) if returns else None)
            returns = False
        self.go(turns)

    @precondition(lambda self: self.cues)
    @rule(acts=ACTS, addresses=st.lists(ADDRESS, max_size=4), pick=PICK, turns=TURNS)
    def body_returns(self, acts: list[Act], addresses: list[Address], pick: int, turns: int | None) -> None:
        """Let a body return: one event or none; a list, if it is of the step that does."""
        key = chosen(pick, self.cues)
        messages = tuple(Message(kind, next(self.numbers)) for kind, _ in addresses)
        if key[0] == "split":
            self.tell(key, acts, Return(None, messages))
        else:
            self.tell(key, acts, Return(messages[0] if messages else None))
        self.go(turns)

    @precondition(lambda self: self.fallible)
    @rule(acts=ACTS, again=st.sampled_from([0, 0.5, 2]), pick=PICK, turns=TURNS)
    def body_fails(self, acts: list[Act], again: float, pick: int, turns: int | None) -> None:
        """Let a body fail that will be tried again."""
        self.tell(chosen(pick, self.fallible), acts, Fail(again))
        self.go(turns)

    @precondition(lambda self: self.goes_on)
    @rule(seconds=st.sampled_from([0.25, 1, 3]), turns=TURNS)
    def time_passes(self, seconds: float, turns: int | None) -> None:
        """Let time pass."""
        self.pass_time(seconds)
        self.go(turns)

    @precondition(lambda self: self.goes_on and self.run.model.asks)
    @rule(turns=TURNS)
    def nobody_answers(self, turns: int | None) -> None:
        """Let a long time pass in which nothing moves because a person is asked."""
        self.pass_time(TIMEOUT)
        self.go(turns)

    @precondition(lambda self: self.goes_on and len(self.run.model.story) > 10)
    @rule(how=st.sampled_from(["stop", "fail", "cancel", "time out"]), acts=ACTS, pick=PICK, turns=TURNS)
    def end(self, how: str, acts: list[Act], pick: int, turns: int | None) -> None:
        """End the run, one way or another."""
        assert self.run is not None
        if how == "cancel":
            self.do(self.run.cancel())
        elif how == "time out":
            self.pass_time(TIMEOUT)
        elif self.cues:
            key, stop = chosen(pick, self.cues), Return(Message("StopEvent", next(self.numbers)))
            self.tell(key, acts, stop if how == "stop" and key[0] != "split" else Fail(None))
        self.go(turns)

    @rule(after=st.integers(min_value=0, max_value=6))
    def save(self, after: int) -> None:
        """Take a snapshot, now or after some turns of the loop, wherever the run is by then."""
        self.until_saved = after
        self.save_now()

    def save_now(self) -> None:
        """Take the snapshot that is due."""
        if self.until_saved == 0:
            self.until_saved = None
            if self.run is not None and self.run.goes_on:
                self.saved = [*self.saved[1 - KEPT :], self.run.save()]

    @precondition(lambda self: self.saved)
    @rule(pick=PICK, finish=st.booleans(), turns=TURNS)
    def go_back(self, pick: int, finish: bool, turns: int | None) -> None:
        """Leave the run, go on from a snapshot, rather a late one, and perhaps finish what was under way."""
        saved = chosen(max(0, pick - 500), self.saved[::-1])
        self.leave()
        self.begin(saved)
        self.go(turns)
        if finish:
            self.finish_all()

    @precondition(lambda self: self.goes_on and len(self.run.model.live) > 2)
    @rule(finish=st.booleans(), turns=TURNS)
    def be_interrupted(self, finish: bool, turns: int | None) -> None:
        """Go on from a snapshot of this moment, when much is under way."""
        self.save(0)
        self.go_back(0, finish, turns)

    @rule(pick=PICK)
    def read(self, pick: int) -> None:
        """Read some of what is on the stream, if nobody else does."""
        assert self.run is not None
        if self.run.watcher is None and self.run.unread:
            self.do(self.run.look(pick % self.run.unread + 1))
            self.go(None)

    @rule(turns=TURNS)
    def watch(self, turns: int | None) -> None:
        """Read the stream as it comes; or stop reading it, if somebody does."""
        assert self.run is not None
        self.go(None)
        if self.run.watcher is not None:
            self.run.watcher.cancel()
            self.go(None)
            self.run.watcher = None
        elif self.run.unread or self.run.goes_on:
            self.run.watcher = self.loop.create_task(self.run.watch())
        self.go(turns)

    # -- the end -----------------------------------------------------------------------------------------------

    def finish_all(self) -> None:
        """Let every body return and answer every wait, until all that was sent has been consumed."""
        assert self.run is not None
        model = self.run.model
        for _ in range(1_000):
            self.go(None)
            if not model.open or not model.live:
                break
            for key in self.cues:
                done = Message("Done", next(self.numbers)) if key[0] == "work" else None
                self.run.stage.tell(key, Return(done, () if key[0] == "split" else None))
            for wait in model.waits:
                self.do(self.run.send(Message(wait.kind, next(self.numbers)), None))
            self.pass_time(0.5)
        if model.open:
            assert model.done == model.accepted
            assert set(model.done.values()) == {1}

    def teardown(self) -> None:
        """Finish what was begun, unless something has gone wrong already."""
        try:
            if sys.exc_info()[0] is None and self.run is not None:
                self.finish_all()
                self.leave()
        finally:
            self._close()

    def _close(self) -> None:
        if self.goes_on:
            assert self.run is not None
            self.do(self.run.cancel())
        while not self.at_rest:
            self.turn()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        while not self.at_rest:
            self.turn()
        asyncio.set_event_loop(None)
        self.loop.close()


class ListMachine(Machine):
    """Does the same to a workflow whose steps return lists, gather them and join events."""

    cast = LISTS
    addresses = (*LISTS.addresses, *[("Order", None)] * 8, *[("Done", None)] * 4)
    waited = ("Answer", "Note", "Done")

    def at(self, step: str) -> list[Key]:
        """Return those of the bodies that wait to be told what to do that are of a step."""
        return [key for key in self.cues if key[0] == step]

    @precondition(lambda self: self.at("split"))
    @rule(kinds=st.lists(st.sampled_from(["Piece", "Piece", "Order", "Left", "Right"]), min_size=1), turns=TURNS)
    def body_returns_list(self, kinds: list[str], turns: int | None) -> None:
        """Let a body return a list that is not empty."""
        items = tuple(Message(kind, next(self.numbers)) for kind in kinds)
        self.tell(self.at("split")[0], [], Return(None, items))
        self.go(turns)

    @precondition(lambda self: self.at("work"))
    @rule(kind=st.none() | st.sampled_from(["Done", "Left", "Right", "Order"]), turns=TURNS)
    def bodies_return(self, kind: str | None, turns: int | None) -> None:
        """Let all bodies that work on a piece be done, but for one that returns something else."""
        for key in self.at("work"):
            self.tell(key, [], Return(None if kind is None else Message(kind, next(self.numbers))))
            kind = "Done"
        self.go(turns)


OFTEN = settings(max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, print_blob=True)
MACHINES = pytest.mark.parametrize("machine", [Machine, ListMachine])


@MACHINES
def test_a_run_and_its_model_never_disagree(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=OFTEN)


@pytest.mark.slow
@MACHINES
def test_a_run_and_its_model_never_disagree_for_long(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(OFTEN, max_examples=4_000, derandomize=False))
