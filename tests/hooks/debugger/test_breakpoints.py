"""Where a run stops by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows import Answer, Ask, Count, Fail, Fan, Item, Left, Line, Loop, Middle, Question, Result
from tests.shapes import Joins, Shaky, Squares
from wfkit import Context, Event, StartEvent, StopEvent, Workflow, WorkflowValidationError, step
from wfkit.hooks.debugger import Debugger
from wfkit.hooks.debugger.breakpoints import Breakpoint
from wfkit.hooks.debugger.stops import Stop


async def stops_of(workflow: Workflow[Any], *points: Breakpoint, **fields: Any) -> list[Stop]:
    """Return where a run stops that goes on from every stop."""
    debugger = Debugger(breakpoints=points)
    handler = workflow.run(hooks=[debugger], **fields)
    stops = []
    stop = await debugger.stopped()
    while stop is not None:
        stops.append(stop)
        stop = await debugger.answer(Answer(text="Ada")) if debugger.status == "waiting" else await debugger.continue_()
    assert handler.is_done()
    return stops


def counts(stops: list[Stop]) -> list[int]:
    """Return the numbers of the events that were held first."""
    return [stop.ready[0].event.n for stop in stops]


async def test_before_a_step() -> None:
    stops = await stops_of(Line(), Breakpoint("second"))
    assert [(stop.why, [found.step for found in stop.ready]) for stop in stops] == [("breakpoint: second", ["second"])]


async def test_before_an_event_of_a_type() -> None:
    stops = await stops_of(Line(), Breakpoint(event=Middle))
    assert [stop.ready[0].event for stop in stops] == [Middle(text="hello")]
    assert [stop.why for stop in stops] == ["breakpoint: Middle"]


async def test_before_the_end_and_before_a_question_that_no_step_takes() -> None:
    stops = await stops_of(Ask(), Breakpoint(event=StopEvent), Breakpoint(event=Question))
    assert [stop.why.partition(":")[0] for stop in stops] == ["breakpoint", "waits", "breakpoint"]
    assert [type(stop.ready[0].result).__name__ for stop in stops if stop.ready] == ["Question", "StopEvent"]


@pytest.mark.parametrize(
    "condition",
    [
        "n == 2",
        "event.n == 2",
        " n > 1 and len(str(n)) == 1 and n < 3 ",
        lambda event, state: event.n == 2,
        "[each for each in range(3) if each == n] == [2]",
    ],
)
async def test_on_a_condition(condition: Any) -> None:
    assert counts(await stops_of(Loop(), Breakpoint("turn", when=condition), times=4)) == [2]


async def test_a_condition_sees_the_state() -> None:
    for condition in ("state['count'] == 3", "state.get('count') == 3", lambda event, state: state.count == 3):
        stops = await stops_of(Fan(), Breakpoint("tally", when=condition, once=True), count=3)
        assert len(stops) == 1


async def test_a_condition_that_raises_stops_the_run_and_is_said() -> None:
    point = Breakpoint("turn", when="nothing > 3")
    stops = await stops_of(Loop(), point, times=1)
    assert len(stops) == 2
    told = "The condition of breakpoint turn if nothing > 3 failed: NameError: name 'nothing' is not defined"
    assert [stop.problem for stop in stops] == [told] * 2
    assert point.problem == "NameError: name 'nothing' is not defined"


async def test_a_condition_that_is_mended_has_no_problem_any_more() -> None:
    calls = iter([True, False, False])

    def condition(event: Any, state: Any) -> bool:
        if next(calls):
            raise KeyError("first")
        return False

    point = Breakpoint("turn", when=condition)
    stops = await stops_of(Loop(), point, times=2)
    assert len(stops) == 1
    assert point.problem == ""
    assert str(point) == "turn if condition"


async def test_on_failure_of_any_step_or_of_one() -> None:
    stops = await stops_of(Fail(), Breakpoint(failure=True))
    assert [(stop.why, repr(stop.ready[0].error)) for stop in stops] == [
        ("failed: ValueError", "ValueError('no good')")
    ]
    assert len(await stops_of(Fail(), Breakpoint("fail", failure=True))) == 1
    attempts = [stop.ready[0].attempt for stop in await stops_of(Shaky(), Breakpoint(failure=True, once=True))]
    assert attempts == [1]


async def test_on_a_failure_that_meets_a_condition() -> None:
    stops = await stops_of(Shaky(), Breakpoint("square", failure=True, when="n == 2"))
    assert counts(stops) == [2]


class Writes(Workflow):
    """Writes to its store."""

    @step
    async def first(self, ctx: Context, ev: StartEvent) -> Middle:
        await ctx.store.set("user.name", "Ada")
        return Middle(text="x")

    @step
    async def second(self, ctx: Context, ev: Middle) -> Count:
        async with ctx.store.edit_state() as state:
            state["visits"] = 1
        return Count(n=1)

    @step
    async def third(self, ctx: Context, ev: Count) -> StopEvent:
        await ctx.store.clear()
        return StopEvent()


@pytest.mark.parametrize(
    ("key", "changers"),
    [
        ("user", ["first", "third"]),
        ("user.name", ["first", "third"]),
        ("user.name.deeper", ["first", "third"]),
        ("user.nam", ["third"]),
        ("visits", ["second", "third"]),
    ],
)
async def test_after_a_key_of_the_state_has_changed(key: str, changers: list[str]) -> None:
    stops = await stops_of(Writes(), Breakpoint(state=key))
    ends = [stop.why.rpartition(" by ")[2] for stop in stops]
    assert ends == changers  # the third clears all of it
    assert isinstance(stops[-1].ready[0].result, StopEvent)  # and the run has not ended behind our back
    for stop in stops:
        assert stop.why.startswith("state: ")
        assert len(stop.ready) == 1


async def test_a_change_and_an_event_at_once_are_both_named() -> None:
    stops = await stops_of(Writes(), Breakpoint(state="user"), Breakpoint(event=Middle))
    assert stops[0].why == "state: user.name changed by first; breakpoint: Middle"


async def test_an_event_among_those_that_a_step_gathers() -> None:
    stops = await stops_of(Squares(), Breakpoint("gather", event=Result))
    assert [found.step for stop in stops for found in stop.ready] == ["gather"]
    stops = await stops_of(Joins(), Breakpoint("join", event=Left))
    assert [found.step for stop in stops for found in stop.ready] == ["join"] * 3
    assert [stop.ready[0].step for stop in await stops_of(Joins(), Breakpoint("join", event=Item))] == []


async def test_a_type_that_a_cell_has_defined_again_is_the_same() -> None:
    again = type("Middle", (Middle,), {"__module__": Middle.__module__, "__qualname__": Middle.__qualname__})
    assert len(await stops_of(Line(), Breakpoint(event=again))) == 1


async def test_a_change_from_outside_is_not_stopped_at() -> None:
    debugger = Debugger(break_at_start=True)
    debugger.break_at(state="key")
    handler = Line().run(hooks=[debugger])
    await debugger.stopped()
    await debugger.set_state("key", 1)
    assert await debugger.continue_() is None
    assert await handler == "HELLO"


async def test_once_after_so_many_and_disabled() -> None:
    assert counts(await stops_of(Loop(), Breakpoint("turn", once=True), times=4)) == [0]
    assert counts(await stops_of(Loop(), Breakpoint("turn", after=3), times=4)) == [3, 4]
    assert counts(await stops_of(Loop(), Breakpoint("turn", after=2, once=True), times=4)) == [2]
    off = Breakpoint("turn", enabled=False)
    assert await stops_of(Loop(), off, times=4) == []
    assert off.hits == 0


async def test_it_counts_its_hits_also_of_those_it_lets_pass() -> None:
    point = Breakpoint("turn", after=3)
    await stops_of(Loop(), point, times=4)
    assert point.hits == 5


async def test_it_is_turned_off_and_on_while_the_run_goes_on() -> None:
    debugger = Debugger()
    point = debugger.break_at("turn")
    handler = Loop().run(times=3, hooks=[debugger])
    stop = await debugger.stopped()
    assert stop is not None
    point.enabled = False
    assert await debugger.step_until(when="n == 2", event=Count) is not None
    point.enabled = True
    found = await debugger.continue_()
    assert found is not None
    assert found.ready[0].event == Count(n=3)
    debugger.clear(point)
    debugger.clear(point)  # gone already
    assert debugger.breakpoints == ()
    assert await debugger.continue_() is None
    assert await handler == 3


async def test_several_at_once_are_all_counted_and_named() -> None:
    points = [Breakpoint("second"), Breakpoint(event=Middle), Breakpoint("first", after=1)]
    stops = await stops_of(Line(), *points)
    assert [stop.why for stop in stops] == ["breakpoint: second, Middle"]
    assert [point.hits for point in points] == [1, 1, 1]


async def test_a_breakpoint_that_is_met_while_stepping_is_named() -> None:
    debugger = Debugger(break_at_start=True)
    debugger.break_at(event=Result)
    Fan().run(count=1, hooks=[debugger])
    whys = []
    while stop := await debugger.step():
        whys.append(stop.why)
    assert whys == ["break at start", "step", "breakpoint: Result"]


def test_what_names_nothing_or_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="names a step, an event"):
        Breakpoint()
    with pytest.raises(ValueError, match=r"names nothing else\. Make two"):
        Breakpoint("a", state="key")
    with pytest.raises(ValueError, match=r"is no expression: .* Write 'n > 3'"):
        Breakpoint(when="n >")
    with pytest.raises(ValueError, match="event is a type of events"):
        Breakpoint(event=Item(n=1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="event is a type of events"):
        Breakpoint(event=int)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"step is the name of a step; it is .*A type of events goes to event="):
        Breakpoint(Item)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="after is a whole number"):
        Breakpoint("a", after=-1)
    with pytest.raises(ValueError, match="when is a function of"):
        Breakpoint(when=3)  # type: ignore[arg-type]


async def ready(event: Event, state: Any) -> bool:
    """A condition that nobody awaits."""
    return True


class Ready:
    """Another."""

    async def __call__(self, event: Event, state: Any) -> bool:
        return True


@pytest.mark.parametrize("condition", [ready, Ready()])
def test_an_asynchronous_condition_is_refused(condition: Any) -> None:
    with pytest.raises(ValueError, match=r"is asynchronous\. A condition is a plain function"):
        Breakpoint(when=condition)


@pytest.mark.parametrize("text", ["-" * 200_000 + "1", "n >" + "\0", "n > (" + "x" * 1_000_000])
def test_hostile_conditions_are_refused_in_a_few_words(text: str) -> None:
    with pytest.raises(ValueError, match="is no expression") as caught:
        Breakpoint(when=text)
    assert len(str(caught.value)) < 300


def test_no_field_takes_the_place_of_what_a_condition_may_call() -> None:
    event = Event(user="abc", __builtins__={})
    point = Breakpoint(when="len(user) > 1")
    assert point.meets("x", event, {}, False)
    assert point.problem == ""


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("int(password)", "ValueError"),
        ("int(password[1:])", "ValueError"),
        ("int(state['login']['token'][1:])", "ValueError"),
        ("{}[password]", "KeyError"),
        ("{}['nope']", "KeyError: 'nope'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("password > 3", "TypeError: '>' not supported between instances of 'str' and 'int'"),
        (lambda event, state: int(event.password), "ValueError: invalid literal for int() with base 10: '****'"),
    ],
)
def test_what_a_condition_raises_shows_no_secret(condition: Any, problem: str) -> None:
    point = Breakpoint(when=condition)
    assert point.meets("x", Event(password="hunter2"), {"login": {"token": "hunter2"}}, False)
    assert point.problem == problem


@pytest.mark.parametrize(
    "point",
    [
        Breakpoint("\x1b[31m" + "a" * 10_000),
        Breakpoint(state="\x1b[31m" + "a" * 10_000),
        Breakpoint(when="'\x1b[31m' in text or " + "a" * 10_000),
        Breakpoint(event=type("\x1b[31m" + "a" * 10_000, (Event,), {})),
    ],
)
def test_hostile_names_are_told_in_plain_words(point: Breakpoint) -> None:
    assert "\x1b" not in f"{point}{point!r}"
    assert len(repr(point)) < 300


async def test_a_step_that_is_not_there_is_refused_before_the_run_begins() -> None:
    with pytest.raises(
        WorkflowValidationError, match=r"There is no step 'third' to break at\. The steps are first, second"
    ):
        Line().run(ctx=(ctx := Context(Line())), hooks=[Debugger(breakpoints=[Breakpoint("third")])])
    assert await Line().run(ctx=ctx) == "HELLO"  # nothing has begun with it
    debugger = Debugger(break_at_start=True)
    Line().run(hooks=[debugger])
    with pytest.raises(WorkflowValidationError, match="no step 'third'"):
        debugger.break_at("third")
    assert debugger.breakpoints == ()
    await debugger.continue_()


def test_conditions_reach_no_builtins_that_do_things() -> None:
    point = Breakpoint(when="open('/etc/passwd')")
    assert point.meets("a", Item(n=1), {}, False)
    assert point.problem == "NameError: name 'open' is not defined"


@pytest.mark.parametrize(
    ("point", "text"),
    [
        (Breakpoint("a", event=Item, when="n > 1"), "a and Item if n > 1"),
        (Breakpoint(failure=True), "a step fails"),
        (Breakpoint("a", failure=True), "a fails"),
        (Breakpoint(state="user.name"), "state 'user.name' changes"),
    ],
)
def test_it_reads_as_words(point: Breakpoint, text: str) -> None:
    assert str(point) == text
    assert repr(point) == f"<Breakpoint: {text}; 0 hits>"


def test_its_repr_says_what_is_special() -> None:
    point = Breakpoint("a", when=lambda event, state: event.nothing, once=True, after=2, enabled=False)
    assert repr(point) == "<Breakpoint: a if <lambda>; 0 hits, once, disabled, after 2>"
    point.enabled = True
    point.meets("a", Item(n=1), {}, False)
    assert repr(point).startswith("<Breakpoint: a if <lambda>; 1 hit, once, after 2, AttributeError: ")
