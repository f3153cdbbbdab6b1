"""Says in words what a run that does not move is waiting for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from wfkit.events import Event, HumanResponseEvent, StepFailedEvent, StopEvent
from wfkit.ledger import Ledger
from wfkit.masking import masked
from wfkit.values import shown
from wfkit.work import Wait

LONGEST = 100  # characters of a value
SHOWN = 10  # waits that are told one by one


def explain(ledger: Ledger) -> str:
    """Return why nothing in a run can move by itself, and what would help.

    Example:
        "No step takes QueryEvent. The steps take StartEvent, FailedEvent."
    """
    reasons = [*_questions(ledger), *_waits(ledger), *_unclaimed(ledger), *_half_collected(ledger)]
    if not reasons:  # else not worked out: a run says why it rests each time it does
        answers = _answers(ledger)
        reasons = [f"It waits for {_names(answers)} from outside: {_how(answers)}."] if answers else []
    return " ".join(reasons) or "Every step has returned and no StopEvent was among what they returned."


def is_stuck(ledger: Ledger) -> bool:
    """Whether an idle run will stay so: nobody is asked, no step waits, and no answer from outside can help it on."""
    if ledger.questions or ledger.waiting:
        return False
    takes_answers = any(issubclass(kind, HumanResponseEvent) for spec in ledger.plan.steps for kind in spec.accepted)
    if not takes_answers:
        return True
    if any(issubclass(kind, HumanResponseEvent) for buffer in ledger.buffers.values() for kind in buffer.missing):
        return False
    return bool(ledger.unclaimed or _half_collected(ledger))


def _questions(ledger: Ledger) -> list[str]:
    if not ledger.questions:
        return []
    names = ", ".join(type(event).__name__ for event in ledger.questions)
    return [f"It waits for a person's answer to {names}: {_how(_answers(ledger))}."]


def _answers(ledger: Ledger) -> list[type[Event]]:
    return [kind for kind in ledger.plan.events if issubclass(kind, HumanResponseEvent)]


def _how(answers: list[type[Event]]) -> str:
    """Return the call that answers; which event does is known where there is but one."""
    answer = f"{answers[0].__name__}(...)" if len(answers) == 1 else "..."
    return f"await handler.send_event({answer})"


def _waits(ledger: Ledger) -> list[str]:
    shown = [f"Step {wait.work.lane.spec.name!r} waits for {_wanted(wait)}." for wait in islice(ledger.waits, SHOWN)]
    return shown if len(ledger.waits) <= SHOWN else [*shown, f"{len(ledger.waits) - SHOWN} more waits are open."]


def _wanted(wait: Wait) -> str:
    if not wait.requirements:
        return wait.event_type.__name__
    fields = ", ".join(f"{key}={shown(value, LONGEST)}" for key, value in masked(wait.requirements).items())
    return f"{wait.event_type.__name__} with {fields}"


def _unclaimed(ledger: Ledger) -> list[str]:
    if not ledger.unclaimed:
        return []
    counts = Counter(type(event) for event in ledger.unclaimed)
    reasons, untaken = [], []
    for kind, count in counts.items():
        name = kind.__name__ if count == 1 else f"{kind.__name__} ({count} times)"
        gatherer = next((spec.name for spec in ledger.plan.steps if spec.gathers and spec.takes(kind)), None)
        if any(issubclass(kind, wait.event_type) for wait in ledger.waits):
            reasons.append(f"{name} came and does not fit.")
        elif gatherer is not None:
            reasons.append(f"Step {gatherer!r} gathers {name} only from what comes of a returned list; this did not.")
        else:
            untaken.append(name)
    if untaken:
        taken = _names(kind for spec in ledger.plan.steps for kind in spec.accepted)
        reasons.append(
            f"No step takes {', '.join(untaken)}. " + (f"The steps take {taken}." if taken else "There are no steps.")
        )
        reasons += _nearly(ledger, counts)
    if any(isinstance(event, StopEvent) for event in ledger.unclaimed):
        reasons.append("A StopEvent ends the run only when a step returns it.")
    return reasons


def _nearly(ledger: Ledger, kinds: Iterable[type]) -> list[str]:
    """Say of which events a step takes a base class only."""
    return [
        f"{kind.__name__} is a subclass of {base.__name__}: @step(accept_event_subclasses=True) takes both."
        for kind in kinds
        for base in dict.fromkeys(base for spec in ledger.plan.steps for base in spec.accepted)
        if issubclass(kind, base) and not issubclass(kind, (StopEvent, StepFailedEvent))
    ]


def _half_collected(ledger: Ledger) -> list[str]:
    reasons = []
    for (step, _), buffer in ledger.buffers.items():
        held = Counter(type(item.event).__name__ for item in buffer.items)
        missing = Counter(kind.__name__ for kind in buffer.expected) - held
        if missing and held:
            has = ", ".join(_times(held))
            reasons.append(f"Step {step!r} has collected {has} and waits for {', '.join(_times(missing))}.")
    return reasons


def _times(counts: Counter[str]) -> list[str]:
    return [name if count == 1 else f"{count} {name}" for name, count in counts.items()]


def _names(kinds: Iterable[type]) -> str:
    return ", ".join(dict.fromkeys(kind.__name__ for kind in kinds))
