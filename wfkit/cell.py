"""What can be told about the notebook that code runs in, without loading anything of Jupyter."""

from __future__ import annotations

import sys
import threading


def in_notebook() -> bool:
    """Whether this is the main thread of a notebook kernel, where a cancellation is somebody interrupting a cell.

    Any task there counts, not only the cell's own: `await asyncio.gather(first, second)` awaits in tasks of its own.
    """
    ipython = sys.modules.get("IPython")
    if ipython is None or threading.current_thread() is not threading.main_thread():
        return False
    shell = getattr(ipython, "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None
