"""What can be told about the notebook that code runs in, without loading anything of Jupyter."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

HEARTBEAT = 0.1  # seconds


def in_notebook() -> bool:
    """Whether this is the main thread of a notebook kernel, where a cancellation is somebody interrupting a cell.

    Any task there counts, not only the cell's own: `await asyncio.gather(first, second)` awaits in tasks of its own.
    """
    ipython = sys.modules.get("IPython")
    if ipython is None or threading.current_thread() is not threading.main_thread():
        return False
    shell = getattr(ipython, "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


async def done(future: asyncio.Future[Any]) -> None:
    """Wait until a future is done. In a notebook an interrupt gets through meanwhile.

    An interrupt reaches an idle event loop only when the loop wakes: so it is woken ten times a second.
    """
    if not in_notebook():
        await future
        return
    while not future.done():
        await asyncio.wait([future], timeout=HEARTBEAT)
