"""Writes the golden snapshots that are missing: `python -m tests.golden.make`, in the project's folder.

There is one file for each moment in `flows.py` and each form that snapshots have had: `line.1.json`. A file that is
there is never written again, for it stands for what users have saved. When the form of snapshots is changed on purpose,
count FORM up and run this: the new files are what `to_dict` gives from now on, and the old ones must still be read.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.golden.flows import MOMENTS, Moment
from wfkit import Context
from wfkit.testing import simulate

FORM = 1
HERE = Path(__file__).resolve().parent


async def take(moment: Moment) -> dict[str, Any]:
    """Run a flow up to its moment and return the snapshot."""
    workflow = moment.make()
    other = workflow.run(text="other") if moment.behind else None
    handler = workflow.run(**moment.fields)
    for event in moment.before:
        await asyncio.sleep(1)
        await handler.send_event(event)
    await asyncio.sleep(moment.seconds - len(moment.before))
    assert handler.is_done() == moment.finished
    snapshot: dict[str, Any] = handler.ctx.to_dict()
    for each in (handler, other):
        if each is not None:
            await each.cancel_run()
    return snapshot


async def finish(moment: Moment, snapshot: dict[str, Any]) -> Any:
    """Go on from a snapshot and return the result."""
    workflow = moment.make()
    handler = workflow.run(ctx=Context.from_dict(workflow, snapshot))
    for event in moment.after:
        await asyncio.sleep(1)
        await handler.send_event(event)
    return await handler


def made(name: str, seed: int = 0) -> dict[str, Any]:
    """Return the snapshot of a moment as it is made now, on the schedule of a seed."""
    snapshot: dict[str, Any] = simulate(take(MOMENTS[name]), seed).result
    return snapshot


def main() -> None:
    """Write the files that are missing."""
    for name in MOMENTS:
        path = HERE / f"{name}.{FORM}.json"
        if path.exists():
            print(f"{path.name} is there already")
        else:
            path.write_text(json.dumps(made(name), indent=1, allow_nan=False) + "\n", encoding="utf-8")
            print(f"{path.name} written")


if __name__ == "__main__":
    main()
