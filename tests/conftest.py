"""Runs every `async def` test in virtual time: nothing sleeps for real, and a deadlock fails at once.

The order in which ready callbacks run is drawn from a seed. It is 0 unless WFKIT_SEED says otherwise: a test that
passes with one seed and fails with another has found something.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from wfkit.testing import Probe, simulate

SEED = int(os.environ.get("WFKIT_SEED", "0"))


async def _settled(test: Coroutine[Any, Any, None]) -> None:
    await test
    for _ in range(5):  # what the test has just ended may take its last steps
        await asyncio.sleep(0)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function on a simulated event loop; fail it if it leaves a task behind."""
    test: Callable[..., Any] = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    assert simulate(_settled(test(**arguments)), SEED).left == []
    return True


@pytest.fixture
def probe() -> Probe:
    """Keeps every record of the runs that it is passed to."""
    return Probe()
