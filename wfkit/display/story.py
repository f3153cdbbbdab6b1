"""A run as a playback tells it: what its records say, moment by moment, in numbers and words that fit into a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

from wfkit.display.atlas import NOWHERE, Atlas
from wfkit.display.durations import spell_time
from wfkit.display.frame import json_in_page
from wfkit.display.moments import MOST_LISTED, NOTHING, Moments
from wfkit.display.payloads import result_of, spell_within, weigh
from wfkit.display.summary import MOST, Stretch, choose, tell_left_out
from wfkit.display.svg import element_id
from wfkit.display.tally import TALLY_STATES, Tally, TallyState
from wfkit.display.timeline import Timeline, fold
from wfkit.display.traces import message_of, since_step, trace_of
from wfkit.display.words import brief, name_of_type
from wfkit.events import Event, HumanResponseEvent, InputRequiredEvent
from wfkit.graph import FlowGraph
from wfkit.history import History
from wfkit.records import Record, StepFailed
from wfkit.standing import OPEN, Execution, Stage
from wfkit.trail import opening_of

VERSION: Final = 1
MOST_BYTES: Final = 450_000
_LEAST_BYTES: Final = 150_000
_EACH_PLACE: Final = 400  # bytes that the data give up for a place of a large picture, which is there twice
_FEW_PLACES: Final = 250
_QUOTE: Final = 4  # more bytes for each in the attribute that the page travels in
_ROOM_FOR_TRACES: Final = 90_000
_ROOM_FOR_SKIPS: Final = 60_000
_MESSAGE: Final = 300
_SHORT_MESSAGE: Final = 80
_FEW_ERRORS: Final = 100
_DIGITS: Final = 6
_WORTH_TELLING: Final = 0.1  # seconds that steps were held
# What asks most for a look; "retried" is a count beside the others and no way a step stands.
_WEIGHT: Final[tuple[TallyState, ...]] = ("held", "running", "waiting", "queued", "failed", "cancelled", "done")

_STANDS: Final[dict[Stage, str]] = {"running": "running", "held": "held", "waiting": "waiting", "retrying": "waiting"}

Counts = dict[str, dict[str, int]]


class Story:
    """What happened in one run, ready to be played.

    Attributes:
        data: the playback's data; nothing in it but what JSON can say.
        tallies: what became of each shape of the flow, by the ids of their elements.
        headline: how the run stands, in a few words.
        remarks: sentences that belong under the picture: what it came to, and what is not told.
        history: what was read from the records, for other pictures of the same run.
    """

    def __init__(self, data: dict[str, Any], tallies: dict[str, Tally], history: History) -> None:
        self.data = data
        self.tallies = tallies
        self.headline: str = data["headline"]
        self.remarks: tuple[str, ...] = tuple(data["remarks"])
        self.history = history

    @classmethod
    def of(cls, records: Iterable[Record], graph: FlowGraph, events: Mapping[type[Event], str]) -> Story:
        """Tell a run.

        Args:
            records: what happened, oldest first.
            graph: the flow of the workflow, as it is drawn.
            events: the graph's node id of each event type.

        Example:
            story = Story.of(handler.records, FlowGraph.of(plan), event_ids(plan))
        """
        found = list(records)
        atlas = Atlas.of(graph, events)
        most, limit = MOST, MOST_BYTES - _EACH_PLACE * max(0, len(atlas.places) - _FEW_PLACES)
        limit = max(_LEAST_BYTES, limit)
        while True:
            teller = _Teller(found, atlas, most, graph.name)
            data = teller.tell()
            text = json_in_page(data)
            room = limit - len(text.encode()) - _QUOTE * text.count("'")
            if room > limit // 5 or most < 100:
                break
            most //= 2
        teller.add_texts(data, room)
        return cls(data, teller.tallies(), teller.history)


class _Teller:
    """Goes through the records of a run once, and then fills the tables."""

    def __init__(self, records: Sequence[Record], atlas: Atlas, most: int, name: str) -> None:
        self.records = records
        self.atlas = atlas
        self.history = History(name=name)
        self.moments = Moments(self.history, atlas)
        first = records[0].time if records else 0.0
        self.times = [round(time - first, _DIGITS) for time in accumulate((one.time for one in records), max)]
        self.duration = self.times[-1] if records else 0.0
        self.held = 0.0
        self.skips: list[tuple[int, Stretch, Counts, dict[Any, int]]] = []  # the place of each among the moments
        stretches = max(1, min(20, _ROOM_FOR_SKIPS // (70 * (len(atlas.places) + 1))))
        for stretch in choose(records, most, stretches):
            self._read(stretch)
        self.history.close()

    def _read(self, stretch: Stretch) -> None:
        history, moments, times = self.history, self.moments, self.times
        if stretch.told:
            for place in range(stretch.start, stretch.stop):
                history.take(self.records[place])
                moments.tell(self.records[place], times[place])
            return
        for place in range(stretch.start, stretch.stop):
            history.take(self.records[place])
        self.skips.append((len(moments.rows), stretch, history.counts_now(), dict(history.sends)))
        moments.rows.append([times[stretch.stop - 1], "skipped"])

    # -- the tables --------------------------------------------------------------------------------------------

    def tell(self) -> dict[str, Any]:
        """Return the data of the playback, without what events carried and where errors came from."""
        history, moments = self.history, self.moments
        runs = self._runs()
        self._fill_skips()
        self._tell_beginning()
        timeline = Timeline(self._turns, self.times, moments.runs)
        self.held = timeline.held
        lanes = timeline.lanes()
        lane_of = {lane: number for number, lane in enumerate(lanes)}
        for execution, number in moments.runs.items():
            bars = [[bar.start, bar.end, bar.kind] for bar in timeline.bars.get(execution, ())]
            row = timeline.rows.get(execution)
            runs[number][4:6] = [NOWHERE if row is None else lane_of[row], bars]
        skipped = [(self.times[max(0, one.start - 1)], self.times[one.stop - 1]) for _, one, _, _ in self.skips]
        axis, folds = fold(timeline.rests, [span for span in skipped if span[0] < span[1]], self.duration)
        places = [list(place) for place in self.atlas.places]
        places += [[element_id(f"gone: {name}"), brief(name, 120), "step"] for name in moments.strangers]
        return {
            "v": VERSION,
            "name": brief(history.workflow, 120),
            "outcome": self.outcome,
            "headline": self._headline(),
            "counts": self._counts(),
            "remarks": self._remarks(),
            "duration": self.duration,
            "nodes": places,
            "events": [[place, moments.name(number), []] for number, place in enumerate(moments.places)],
            "errors": [self._error(number) for number in range(len(moments.errors))],
            "runs": runs,
            "lanes": [[moments.step(step), worker] for step, worker in lanes],
            "fold": [list(point) for point in axis],
            "folds": [list(one) for one in folds],
            "moments": moments.rows,
        }

    def _error(self, number: int) -> list[Any]:
        error = self.moments.errors[number]
        few = number < _FEW_ERRORS or number == len(self.moments.errors) - 1
        return [name_of_type(error), message_of(error, _MESSAGE if few else _SHORT_MESSAGE), ""]

    def _runs(self) -> list[list[Any]]:
        """Return the executions that moments tell of, and who sent them what they worked on."""
        moments = self.moments
        told = len(moments.runs)
        runs: list[list[Any]] = []
        waiting = list(moments.runs)
        while len(runs) < len(waiting):
            execution = waiting[len(runs)]
            senders = list(dict.fromkeys(way.sender for way in execution.got if way.sender is not None))
            if len(senders) == 1 and len(runs) < told and senders[0] not in moments.runs:
                moments.run(senders[0])
                waiting.append(senders[0])
            known = [moments.runs[sender] for sender in senders if sender in moments.runs][:MOST_LISTED]
            made = tuple(way.event for way in execution.got) or execution.events  # not yet what a hook made of it
            events = [moments.event(event, (execution.step,)) for event in made[:MOST_LISTED]]
            listed = events if execution.gathers else events[0] if events else NOTHING
            runs.append([moments.step(execution.step), execution.number, listed, known, NOWHERE, []])
            if len(made) > MOST_LISTED:
                runs[-1].append(len(made))
        return runs

    def _fill_skips(self) -> None:
        for place, stretch, counts, sends in self.skips:
            words = tell_left_out(self.records[stretch.start : stretch.stop])
            tallies = self._absolute(self.history.standing.with_missing(counts), sends)
            self.moments.rows[place] += [stretch.stop - stretch.start, tallies, words, self._open_at(stretch.stop - 1)]

    def _tell_beginning(self) -> None:
        """Say what was there before the first record, where that is something."""
        missing = self.history.standing.missing
        if not any(any(counts.values()) for counts in missing.values()):
            return
        restored = self.history.restored
        words = "goes on from a snapshot" if restored else "the beginning of the run is not in the records"
        row = [0.0, "skipped", 0, self._absolute(missing, {}), words, self._open_at(-1)]
        rows = self.moments.rows
        rows.insert(1 if rows and rows[0][1] == "began" else 0, row)

    def _open_at(self, place: int) -> list[list[Any]]:
        """Return which of the runs that are told of were open after a record, and how they stood."""
        stages: dict[Execution, Stage] = {}
        for at, execution, stage in self._told_turns:
            if at > place:
                break
            stages[execution] = stage
        return [[self.moments.runs[one], _STANDS[stage]] for one, stage in stages.items() if stage in OPEN]

    @cached_property
    def _turns(self) -> list[tuple[int, Execution, Stage]]:
        return sorted(self.history.standing.turns, key=lambda turn: turn[0])

    @cached_property
    def _told_turns(self) -> list[tuple[int, Execution, Stage]]:
        return [turn for turn in self._turns if turn[1] in self.moments.runs]

    def _absolute(self, counts: Counts, sends: Mapping[Any, int]) -> list[list[Any]]:
        """Return the tallies of all places that something has come to."""
        found: list[list[Any]] = []
        for step, numbers in counts.items():
            if any(numbers.values()):
                found.append([self.moments.step(step), dict(numbers)])
        found += [[place, {"sent": count}] for place, count in self._sent(sends).items()]
        return sorted(found, key=lambda pair: pair[0])

    def _sent(self, sends: Mapping[Any, int]) -> dict[int, int]:
        """Return how often an event was sent, by its place."""
        found: dict[int, int] = {}
        for kind, count in sends.items():
            place = self.atlas.event(kind[0], (kind[1],)) if isinstance(kind, tuple) else self.atlas.event(kind)
            if place != NOWHERE:
                found[place] = found.get(place, 0) + count
        return found

    def add_texts(self, data: dict[str, Any], room: int) -> None:
        """Add what events carried, and the tracebacks of errors, as far as there is room for them."""
        moments = self.moments
        room -= self._add_traces(data["errors"], min(_ROOM_FOR_TRACES, room // 2))
        count = len(moments.events)
        first = range(min(60, count))
        order = list(dict.fromkeys([*moments.notable, *first, *range(count - 1, -1, -1)]))
        payloads = spell_within((moments.events[number] for number in order), room)
        without = 0
        for number, payload in zip(order, payloads, strict=True):
            data["events"][number][2] = [list(pair) for pair in payload.fields]
            if payload.more:
                data["events"][number].append(payload.more)
            without += bool(payload.more and not payload.fields)
        if without:
            data["remarks"].append(f"what {without:,} of the events carried is left out, to keep this small")

    def _add_traces(self, rows: list[list[Any]], room: int) -> int:
        """Add tracebacks, the last one first: it ended the run if anything did. Returns how much room they took."""
        taken, errors = 0, self.moments.errors
        for number in sorted(range(len(errors)), key=lambda number: number != len(errors) - 1):
            if taken > room:
                break
            error, step = errors[number], self.moments.raisers[number]
            # The note of the way that led there comes when somebody awaits the run, and the playback shows the way.
            own = [opening_of(None, ""), f"In step {step!r} of "]
            text = trace_of(error, since_step(error, step), own)
            taken += weigh(text)
            rows[number][2] = text
        return taken

    # -- words -------------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> str:
        """How the run stands."""
        if self.history.end is not None:
            return self.history.end.outcome
        if self.history.idle is not None:
            return "stuck" if self.history.idle.stuck else "waiting"
        return "running"

    def _headline(self) -> str:
        time = spell_time(self.duration)
        outcome = self.outcome
        told = {
            "done": f"done in {time}" if self.history.complete else f"done, after {time} of it in the records",
            "running": f"running, for {time} so far",
            "waiting": f"waiting, after {time}",
            "stuck": f"stuck, after {time}",
        }.get(outcome, f"{outcome} after {time}")
        return f"{told}, held for {spell_time(self.held)} of it" if self.held >= _WORTH_TELLING else told

    def _counts(self) -> dict[str, int]:
        failed = again = 0
        for record in self.records:
            if type(record) is StepFailed:
                again, failed = (again, failed + 1) if record.retry_in is None else (again + 1, failed)
        sent = sum(self.history.sends.values())
        return {"events": sent, "steps": len(self.history.executions), "retries": again, "failed": failed}

    def _remarks(self) -> list[str]:
        history = self.history
        remarks = []
        if history.end is not None and history.end.error is not None:
            error = history.end.error
            remarks.append(f"{name_of_type(error)}: {message_of(error, 200)}")
        elif history.end is not None:
            remarks.append(f"result: {result_of(history.end.event)}")
        elif history.idle is not None:
            remarks.append(brief(history.idle.waiting_for, 300))
        if not history.complete:
            told = (
                "it goes on from a snapshot" if history.restored else "the beginning of the run is not in the records"
            )
            remarks.append(told)
        strangers = self.moments.strangers
        if strangers:
            names = ", ".join(brief(name, 60) for name in list(strangers)[:5])
            more = f" and {len(strangers) - 5:,} more" if len(strangers) > 5 else ""
            remarks.append(f"the workflow does not have these steps any more: {names}{more}")
        if self.skips:
            left_out = sum(stretch.stop - stretch.start for _, stretch, _, _ in self.skips)
            remarks.append(f"{left_out:,} of {len(self.records):,} records are counted only, not told one by one")
        return remarks

    # -- the still picture -------------------------------------------------------------------------------------

    def tallies(self) -> dict[str, Tally]:
        """Return what became of each shape of the flow."""
        standing = self.history.standing
        counts = standing.with_missing(standing.counts)
        sent = self._sent(self.history.sends)
        names = {self.atlas.step(step): step for step in counts}
        found = {}
        for number, place in enumerate(self.atlas.places):
            if place.kind == "step":
                found[place.id] = _tally(counts.get(names.get(number, ""), {}))
            elif place.kind == "person":
                found[place.id] = Tally(idle=not self._is_asked())
            else:
                found[place.id] = Tally(idle=number not in sent, sent=sent.get(number, 0))
        if not self.history.complete:  # nobody knows what was reached before
            found = {id: replace(tally, idle=False) for id, tally in found.items()}
        return found

    def _is_asked(self) -> bool:
        asked = (InputRequiredEvent, HumanResponseEvent)
        return any(issubclass(type(passage.event), asked) for passage in self.history.passages)


def _tally(counts: Mapping[str, int]) -> Tally:
    chips = tuple((state, counts[state]) for state in TALLY_STATES if counts.get(state, 0) > 0)
    state = next((state for state in _WEIGHT if counts.get(state, 0) > 0), None)
    return Tally(state, not chips, chips)
