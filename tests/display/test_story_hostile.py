"""The story of a run in which everything that may be hostile is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from tests.display.flows import HOSTILE, Drawable, Tape, hostile, made_event, made_step
from tests.display.playing import Player, story_of, text_of
from wfkit import Event, StartEvent, StopEvent
from wfkit.plan import Plan
from wfkit.records import EventStreamed, RunIdle, StateChanged, StepFailed, StepResumed


def plan_of_one() -> Plan:
    return Plan("OneFlow", [made_step("known", [StartEvent], [StopEvent])])


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


class Nothing:
    @property
    def __class__(self) -> Any:
        raise RuntimeError

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise RuntimeError


class Sly(str):
    def __str__(self) -> str:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class Closed(Event):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError

    def __bool__(self) -> bool:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


def test_an_event_that_does_not_let_itself_be_looked_at_is_told() -> None:
    tape = Tape()
    first = tape.start("known", 1, tape.send(StartEvent(), ["known"]))
    event = object.__new__(Closed)
    tape.finish(first, event)
    second = tape.start("known", 2, tape.send(event, ["known"], first))
    tape.records.append(EventStreamed(0.0, 2, "known", event))
    tape.records.append(StepResumed(0.0, 2, "known", "w", event))
    tape.records.append(StepFailed(0.0, 2, "known", ValueError("no"), 1, float("inf")))
    tape.finish(second, (event, event))
    story = story_of(Drawable(plan_of_one()), tape.records)
    Player(story.data).check(story)
    assert ["Closed", []] in [event[1:] for event in story.data["events"]]
    assert "Infinity" not in text_of(story)


@pytest.mark.parametrize(
    "make",
    [
        lambda: HOSTILE,
        Broken,
        Nothing,
        lambda: Sly("x"),
        lambda: {Sly("x"): 1},
        lambda: SecretStr("hush"),
        lambda: {"api_key": "hush"},
    ],
)
def test_hostile_payloads_and_names_stay_harmless(make: Callable[[], Any]) -> None:
    value = make()
    tape = Tape(HOSTILE)
    kind = made_event(HOSTILE)
    first = tape.start(HOSTILE, 1, tape.send(StartEvent(payload=value, password="hush"), [HOSTILE]))
    tape.send(kind(payload=value, **{Sly("sly"): 1}), ["x"], first)
    tape.records.append(StateChanged(0.0, HOSTILE, "set", (HOSTILE,)))
    tape.records.append(StepFailed(0.0, 1, HOSTILE, ValueError(HOSTILE), 1, None))
    tape.records.append(RunIdle(0.0, HOSTILE, False))
    story = story_of(Drawable(hostile()), tape.records)
    text = text_of(story)
    text.encode()
    assert "hush" not in text
    assert not [text for text in strings(story.data) if re.search("[\x00-\x09\x0b-\x1f\u2028\u202e\ud800]", text)]
    assert json.loads(text)["outcome"] == "waiting"


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from strings(one)
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])
