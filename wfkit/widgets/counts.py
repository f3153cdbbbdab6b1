"""What has happened at each place of a flow, counted as the records of a run come; and how each place stands now."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wfkit.display.svg import element_id
from wfkit.display.tally import TALLY_STATES, Tally
from wfkit.display.words import TIMES
from wfkit.events import Event
from wfkit.graph import event_ids
from wfkit.ledger import Ledger
from wfkit.plan import Plan
from wfkit.records import EventSent, StepCancelled, StepFailed, StepFinished

MOVES: Final = 24  # events on their way that a page is told of at most
# What asks most for a look comes first.
_LOUDEST: Final = ("held", "running", "waiting", "queued", "failed", "cancelled", "retried", "done")


class Counts:
    """Counts the records of one run.

    Args:
        plan: the steps of its workflow.

    Attributes:
        places: the element of each step and each event type on the picture.
        moves: what went its way lately, as (number, from, to): the elements of a step and an event type.
    """

    def __init__(self, plan: Plan) -> None:
        self.places: dict[object, str] = {kind: element_id(name) for kind, name in event_ids(plan).items()}
        self.places |= {spec.name: element_id(spec.name) for spec in plan.steps}
        self.steps = tuple(spec.name for spec in plan.steps)
        self.moves: deque[tuple[int, str, str]] = deque(maxlen=MOVES)
        self._moved = 0
        self._sent: Counter[str] = Counter()
        self._kinds = {StepFinished: "done", StepCancelled: "cancelled"}
        self._counted: dict[str, Counter[str]] = {name: Counter() for name in self.steps}

    def see(self, fields: tuple[Any, ...]) -> None:
        """Count a record as it leaves the engine: `(its class, *its fields)`."""
        kind = fields[0]
        if kind is EventSent:
            self._send(fields[2], fields[3], fields[6])
        elif kind is StepFailed:
            self._count(fields[3], "failed" if fields[6] is None else "retried")
        elif kind in self._kinds:
            self._count(fields[3], self._kinds[kind])

    def place(self, event: Event) -> str:
        """Return the element of an event's type, or of the nearest base that is drawn; "" if there is none."""
        return next((self.places[kind] for kind in type(event).__mro__ if kind in self.places), "")

    def nodes(self, live: Mapping[str, Counter[str]]) -> dict[str, dict[str, Any]]:
        """Return how each element is drawn.

        Args:
            live: for each step how many deliveries are held, running, waiting and queued.
        """
        found: dict[str, dict[str, Any]] = {}
        for name in self.steps:
            counts = self._counted[name] + live.get(name, Counter())
            chips = [[state, counts[state]] for state in TALLY_STATES if counts[state]]
            state = next((state for state in _LOUDEST if counts[state]), "")
            found[self.places[name]] = {"state": state, "idle": not chips, "chips": chips}
        for kind, place in self.places.items():
            if isinstance(kind, type):
                number = self._sent[place]
                found[place] = {"idle": not number, "mark": f"{TIMES}{number:,}" if number > 1 else ""}
        return found

    def tallies(self, live: Mapping[str, Counter[str]]) -> dict[str, Tally]:
        """Return the same for a picture that stands still."""
        found = {}
        for place, told in self.nodes(live).items():
            chips = tuple((state, number) for state, number in told.get("chips", ()))
            found[place] = Tally(told.get("state") or None, told["idle"], chips, self._sent[place])
        return found

    def _count(self, step: str, state: str) -> None:
        if step in self._counted:
            self._counted[step][state] += 1

    def _send(self, event: Event, source: str | None, targets: Iterable[str]) -> None:
        place = self.place(event)
        if not place:
            return
        self._sent[place] += 1
        ways = [(self.places.get(source, ""), place)] if source else []
        for start, end in [*ways, *((place, self.places.get(target, "")) for target in targets)]:
            self._moved += 1
            self.moves.append((self._moved, start, end))


def standing(ledger: Ledger, held: Iterable[Any]) -> dict[str, Counter[str]]:
    """Return for each step how many deliveries are held, running, waiting and queued now.

    Args:
        ledger: the books of the run.
        held: what the debugger holds; to the books these are running.
    """
    found: dict[str, Counter[str]] = {}

    def add(step: str, state: str, number: int = 1) -> None:
        found.setdefault(step, Counter())[state] += number

    stopped = {delivery.id for delivery in held}
    for work in ledger.active:
        add(work.lane.spec.name, "held" if work.id in stopped else "running")
    for table in (ledger.waiting, ledger.retrying):
        for work in table:
            add(work.lane.spec.name, "waiting")
    for work in ledger.ready:
        add(work.lane.spec.name, "queued")
    for lane in ledger.lanes:
        if lane.queue:
            add(lane.spec.name, "queued", len(lane.queue))
    return found


def standing_at(stop: Any) -> dict[str, Counter[str]]:
    """Return for each step how many deliveries were held, running, waiting and queued at a stop."""
    found: dict[str, Counter[str]] = {}
    for state, deliveries in (("held", stop.ready), ("running", stop.running), ("waiting", stop.waiting)):
        for delivery in deliveries:
            found.setdefault(delivery.step, Counter())[state] += 1
    for step, number in stop.queued.items():
        found.setdefault(step, Counter())["queued"] += number
    return found
