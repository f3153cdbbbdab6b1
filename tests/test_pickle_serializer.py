"""PickleSerializer: asked for and warned of, JSON first, and what JSON has no form for as pickles."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict, defaultdict, namedtuple
from enum import Enum
from typing import Any

import pytest
from pydantic import Field

from tests.flows import Answer, Ask, Line, Middle
from tests.moments import finish, saved
from wfkit import (
    Context,
    ContextSerdeError,
    Event,
    JsonSerializer,
    PickleSerializer,
    StartEvent,
    StopEvent,
    UnreconstructedException,
    Workflow,
    step,
)
from wfkit.serialize import TAG

Pair = namedtuple("Pair", ["one", "two"])  # noqa: PYI024 - an untyped one


class Colour(Enum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


class Client:
    """A live object that knows how to be pickled: what it cannot take along, it leaves out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["name"])  # type: ignore[misc]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Client) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Painted(Event):
    """Has fields of declared types that JSON has a form for only because of them."""

    colour: Colour = Colour.RED
    colours: list[Colour] = Field(default_factory=list)
    anything: Any = None


class Odd(Exception):
    """Its constructor wants another argument than it keeps."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is odd")
        self.what = what

    def __reduce__(self) -> Any:
        return type(self), (self.what,)


class Stranger(Exception):
    """No step names it."""


class Stubborn(Exception):
    """Can be pickled, and cannot be read again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("stubborn")


@pytest.fixture
def pickler() -> PickleSerializer:
    """A PickleSerializer that knows Painted."""
    with pytest.warns(UserWarning, match="PickleSerializer reads pickles"):
        return PickleSerializer(allowed_types=[Painted])


def pickles_in(data: Any) -> int:
    """Count the pickles in JSON data."""
    return json.dumps(data).count(f'"{TAG}": "pickle"')


# -- loud ------------------------------------------------------------------------------------------------------------


def test_making_one_warns_with_the_line_that_makes_it_and_names_the_safe_way() -> None:
    with pytest.warns(UserWarning, match="reads pickles") as caught:
        PickleSerializer()
    assert [warning.filename for warning in caught] == [__file__]
    assert "reading a pickle runs what it says" in str(caught[0].message)
    assert "JsonSerializer(allowed_types=[...])" in str(caught[0].message)


async def test_using_one_does_not_warn_again(pickler: PickleSerializer) -> None:
    assert await Line(serializer=pickler).run() == "HELLO"  # warnings are errors here
    context: Context[Any] = Context(Line(serializer=pickler))
    await context.store.set("client", Client("a"))
    Context.from_dict(Line(serializer=pickler), saved(context))


# -- JSON first ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        Painted(colour=Colour.BLUE, colours=[Colour.RED, Colour.BLUE], anything=(1, {2})),
        StartEvent(topic="pirates", n=float("inf")),
        {"a": [1, None, b"x"], 2: "two"},
        ValueError("a", 1),
    ],
    ids=repr,
)
def test_what_json_can_hold_is_the_same_as_without_pickles(pickler: PickleSerializer, value: Any) -> None:
    assert pickler.encode(value) == JsonSerializer(allowed_types=[Painted]).encode(value)


def test_only_the_part_that_json_has_no_form_for_is_pickled(pickler: PickleSerializer) -> None:
    written = pickler.encode(Painted(anything={"deep": [1, {"client": Client("a")}]}, text="readable"))
    assert pickles_in(written) == 1
    assert written["value"]["colour"] == "red"
    assert written["value"]["text"] == "readable"
    assert written["value"]["anything"]["deep"][0] == 1


def test_a_class_local_to_a_function_needs_no_pickle_if_it_is_known() -> None:
    class Local(Event):
        n: int

    with pytest.warns(UserWarning, match="reads pickles"):
        pickler = PickleSerializer(allowed_types=[Local])
    written = pickler.encode(Local(n=1))
    assert pickles_in(written) == 0
    assert pickler.decode(written) == Local(n=1)


# -- what JSON cannot hold -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        1j,
        Colour.RED,
        range(3),
        Client("a"),
        Middle(text="a class that no step names"),
        Middle(text="x", client=Client("in an undeclared field")),
        Pair(1, Pair(2, 3)),
        OrderedDict(a=1),
        defaultdict(list, {"a": [1]}),
        len,
        Client,
        [Client("a"), (Colour.BLUE, {Client("b")})],
        {Colour.RED: 1, (Colour.BLUE, 2): Client("key and value")},
        {TAG: Client("tagged")},
        Event(inside=Event(inside=[Client("deep")])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_returns_as_it_was(pickler: PickleSerializer, value: Any) -> None:
    with pytest.raises(ContextSerdeError):
        JsonSerializer(allowed_types=[Painted]).serialize(value)
    text = pickler.serialize(value)
    json.loads(text)
    again = pickler.deserialize(text)
    assert type(again) is type(value)
    assert again == value
    assert repr(again) == repr(value) or "Client object" in repr(value)


def test_a_value_that_contains_itself_returns_so(pickler: PickleSerializer) -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    again = pickler.deserialize(pickler.serialize(endless))
    assert again[0] == 1
    assert again[1] is again
    event = pickler.deserialize(pickler.serialize(Event(loop=endless, text="x")))
    assert event.loop[1] is event.loop
    assert event.text == "x"


def test_an_event_that_leaves_its_lock_out_is_pickled_as_a_whole() -> None:
    with pytest.warns(UserWarning, match="reads pickles"):
        pickler = PickleSerializer(allowed_types=[Careful])
    again = pickler.deserialize(pickler.serialize([Careful(lock=threading.Lock(), n=1)]))
    assert [type(each) for each in again] == [Careful]
    assert (again[0].n, again[0].get("lock")) == (1, None)


class Careful(Event):
    """Leaves out its lock when it is pickled."""

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(super().__getstate__())
        state["__pydantic_extra__"] = {
            key: value for key, value in state["__pydantic_extra__"].items() if key != "lock"
        }
        return state


# -- exceptions ------------------------------------------------------------------------------------------------------


def test_an_exception_that_json_would_lose_is_pickled(pickler: PickleSerializer) -> None:
    assert type(JsonSerializer().decode(JsonSerializer().encode(Stranger("x")))) is UnreconstructedException
    again = pickler.deserialize(pickler.serialize({"error": Stranger("x", Client("a"))}))["error"]
    assert type(again) is Stranger
    assert again.args == ("x", Client("a"))


def test_an_exception_keeps_what_its_arguments_do_not_say(pickler: PickleSerializer) -> None:
    again = pickler.deserialize(pickler.serialize(Odd("seven")))
    assert (type(again), str(again), again.what) == (Odd, "seven is odd", "seven")
    error = ValueError("x")
    error.add_note("look here")
    assert pickler.deserialize(pickler.serialize(error)).__notes__ == ["look here"]
    missing = FileNotFoundError(2, "no such file", "a.txt")
    assert pickler.deserialize(pickler.serialize(missing)).filename == "a.txt"


def test_an_exception_that_no_pickle_can_make_again_is_stood_for(pickler: PickleSerializer) -> None:
    again = pickler.deserialize(pickler.serialize(Stubborn(1, 2)))
    assert type(again) is UnreconstructedException
    assert again.message == "stubborn"
    assert again.type_name.endswith("Stubborn")


# -- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [threading.Lock(), lambda: 0, (n for n in [1])], ids=lambda value: type(value).__name__
)
def test_what_cannot_be_pickled_either_names_itself_and_the_way_to_it(pickler: PickleSerializer, value: Any) -> None:
    with pytest.raises(ContextSerdeError) as caught:
        pickler.serialize([Painted(anything=Event(deep={"a": [value]}))])
    message = str(caught.value)
    kind = type(value)
    assert message.startswith(
        f"Field 'anything' of Painted: Field 'deep' of Event: A value of type {kind.__module__}.{kind.__qualname__} "
        f"can be written neither as JSON nor as a pickle. JSON: Cannot write a value of type"
    )
    assert message.count("Pickle: ") == 1
    assert " at 0x" not in message


def test_an_instance_of_a_local_class_names_the_class(pickler: PickleSerializer) -> None:
    class Local(Event):
        pass

    with pytest.raises(ContextSerdeError, match=r"Local can be written neither .* Pickle: .*local object"):
        pickler.serialize(Local())


async def test_a_value_in_the_state_that_cannot_be_written_is_named(pickler: PickleSerializer) -> None:
    context: Context[Any] = Context(Line(serializer=pickler))
    await context.store.set("lock", threading.Lock())
    with pytest.raises(ContextSerdeError, match=r"state value for key '?lock'?: A value of type _thread\.lock can be"):
        context.to_dict()


def test_a_json_serializer_reads_no_pickle_and_says_who_does(pickler: PickleSerializer) -> None:
    text = pickler.serialize({"a": [Client("a")]})
    for reader in (JsonSerializer(), JsonSerializer(allowed_types=[Painted])):
        with pytest.raises(ContextSerdeError, match=r"hold a pickle.*serializer=PickleSerializer\(\)"):
            reader.deserialize(text)


@pytest.mark.parametrize("content", ["", "!", "AAAA", None, 5, [], {}], ids=repr)
def test_a_damaged_pickle_is_refused(pickler: PickleSerializer, content: Any) -> None:
    with pytest.raises(ContextSerdeError, match="A pickle in the data cannot be read"):
        pickler.decode({TAG: "pickle", "value": content})
    with pytest.raises(ContextSerdeError, match="A pickle in the data cannot be read"):
        pickler.decode({TAG: "pickle"})


# -- in runs ---------------------------------------------------------------------------------------------------------


class Fetch(Event):
    """Carries something that only a pickle can hold."""

    client: Any


class Works(Workflow):
    """Keeps a live object in an event, in the store and in a collection while it waits for a person."""

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Fetch:
        await ctx.store.set("clients", {Colour.RED: [Client("stored")]})
        ctx.collect_events(ev, [StartEvent, Fetch])
        return Fetch(client=Client("sent"))

    @step
    async def work(self, ctx: Context, ev: Fetch) -> StopEvent:
        answer = await ctx.wait_for_event(Answer)
        [stored] = (await ctx.store.get("clients"))[Colour.RED]
        return StopEvent(result=[ev.client.name, stored.name, answer.text])


async def test_a_workflow_writes_and_reads_its_snapshots_with_it(pickler: PickleSerializer) -> None:
    handler = Works(serializer=pickler).run(client=Client("start"))
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert pickles_in(snapshot) >= 3
    workflow = Works(serializer=pickler)
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await restored.send_event(Answer(text="yes"))
    assert await restored == ["sent", "stored", "yes"]
    with pytest.raises(ContextSerdeError, match="PickleSerializer"):
        Context.from_dict(Works(), snapshot)


async def test_a_workflow_whose_data_are_plain_has_no_pickle_in_its_snapshot(pickler: PickleSerializer) -> None:
    handler = Ask(serializer=pickler).run(topic="pirates")
    await handler.ctx.store.set("seen", [(1, 2)])
    await asyncio.sleep(1)
    snapshot = saved(handler.ctx)
    await handler.cancel_run()
    assert pickles_in(snapshot) == 0
    workflow = Ask()  # and anybody can read it
    restored = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    await restored.send_event(Answer(text="Ada"))
    assert await restored == "hello Ada"


async def test_it_can_be_given_for_one_snapshot(pickler: PickleSerializer) -> None:
    handler = Line().run(client=Client("start"))
    with pytest.raises(ContextSerdeError, match="Client"):
        handler.ctx.to_dict()
    snapshot = json.loads(json.dumps(handler.ctx.to_dict(pickler)))
    await handler.cancel_run()
    workflow = Line()
    assert await workflow.run(ctx=Context.from_dict(workflow, snapshot, pickler)) == "HELLO"
    with pytest.raises(ContextSerdeError, match="PickleSerializer"):
        await finish(Line(), snapshot)
