"""A plan of plain steps whose bodies never run, for the tests of the ledger and of what lies around it."""

from __future__ import annotations

from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent
from wfkit.ledger import Ledger
from wfkit.plan import Plan
from wfkit.steps import spec_of, step


class Task(Event):
    """Work for one of three workers."""

    n: int = 0


class Special(Task):
    """A Task of another class."""


class Done(Event):
    """What a worker makes."""

    n: int = 0


class Note(Event):
    """Nobody takes it."""

    n: int = 0


class Question(InputRequiredEvent):
    """Asks somebody."""


class Answer(HumanResponseEvent):
    """What they say."""

    n: int = 0


class Steps:
    """The steps."""

    @step
    def begin(self, ev: StartEvent) -> Task:
        return Task()

    @step
    def gather(self, ev: Done) -> StopEvent:
        return StopEvent()

    @step(accept_event_subclasses=True, num_workers=1)
    def watch(self, ev: Task) -> None:
        return None

    @step(num_workers=2)
    def work(self, ev: Task) -> Done:
        return Done()


def new_ledger(*names: str) -> Ledger:
    """Return a ledger for some of the steps, by default all."""
    chosen = names or ("begin", "gather", "watch", "work")
    specs = [spec_of(getattr(Steps, name)) for name in chosen]
    return Ledger(Plan("Steps", [spec for spec in specs if spec is not None]))


def ready(ledger: Ledger) -> list[tuple[str, int]]:
    """Return what is ready: the step and the number its event carries."""
    return [(work.lane.spec.name, work.event.get("n", 0)) for work in ledger.ready]


def send_tasks(ledger: Ledger, count: int) -> None:
    """Send so many numbered tasks from outside."""
    for n in range(count):
        ledger.send(Task(n=n))
