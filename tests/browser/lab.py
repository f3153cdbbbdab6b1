"""A JupyterLab server of the tests' own, and a hand on the notebooks that are open in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request

from tests.notebooks.saved import joined

TOKEN = "token-of-the-tests"
START_SECONDS = 60
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    f"--IdentityProvider.token={TOKEN}",
    "--LabApp.expose_app_in_browser=True",
    # JupyterLab itself would ask for news, updates and extensions.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    url: str
    folder: Path
    """The folder that it shows."""

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells into the folder; return its file name."""
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "metadata": {},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(cells)
            ],
        }
        path = self.folder / f"{name}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path.name

    def shut_down_kernels(self) -> None:
        """End every kernel."""
        for kernel in json.loads(self.ask("GET", "api/kernels")):
            self.ask("DELETE", f"api/kernels/{kernel['id']}")

    def ask(self, method: str, path: str) -> bytes:
        """Send a request to the server; return the body of its answer."""
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
        with opener.open(request, timeout=10) as answer:
            body: bytes = answer.read()
        return body


@contextmanager
def running_lab(root: Path) -> Iterator[Lab]:
    """Start JupyterLab with all that it keeps, settings included, in a folder of the tests."""
    lab = Lab(url=f"http://127.0.0.1:{free_port()}", folder=root / "notebooks")
    lab.folder.mkdir()
    log = root / "lab.log"
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--port={lab.url.rpartition(':')[2]}"]
    with log.open("w") as stream:
        server = subprocess.Popen(
            [*command, f"--ServerApp.root_dir={lab.folder}"],
            env=environment(root),
            cwd=lab.folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        try:
            wait_until_up(lab, server, log)
            yield lab
        finally:
            stop(server)


def environment(root: Path) -> dict[str, str]:
    """Return the environment for a server that neither reads nor writes anything of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "OPENAI_"))}
    kept.pop("PYTEST_CURRENT_TEST", None)
    write_settings(root / "config")
    places = {"HOME": "home", "IPYTHONDIR": "ipython"}
    places |= {f"JUPYTER_{name}_DIR": name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    for name, place in places.items():
        (root / place).mkdir(exist_ok=True)
        kept[name] = str(root / place)
    return kept


def write_settings(config: Path) -> None:
    """Answer the question about news that JupyterLab asks a new user, which would cover a part of the page."""
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_up(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its log when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            lab.ask("GET", "api")
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and, with it, its kernels."""
    server.terminate()
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def watch(page: Page, problems: list[str]) -> None:
    """Note what goes wrong on a page from now on: script errors, console errors, requests that leave this machine."""

    def on_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
            problems.append(f"outside request: {request.url[:120]}")

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text[:300]} ({message.location.get('url')})")

    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("request", on_request)
    page.on("console", on_console)


NOTEBOOK = "window.jupyterapp.shell.currentWidget"


OPEN_WITHOUT_KERNEL = """async name => {
    const app = window.jupyterapp;
    await app.restored;
    app.serviceManager.sessions.startNew = () => new Promise(() => {});  // it would start one by itself
    const opened = await app.commands.execute('docmanager:open', {path: name});
    await opened.context.ready;
    await opened.revealed;
}"""


class OpenNotebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, lab: Lab, page: Page, name: str, kernel: bool = True) -> None:
        """Open a notebook of the lab's folder and wait for its kernel, or open it without one."""
        self.page = page
        if kernel:
            page.goto(f"{lab.url}/doc/tree/{name}?token={TOKEN}&reset", wait_until="domcontentloaded")
            status = f"{NOTEBOOK}?.sessionContext?.session?.kernel?.status"
            page.wait_for_function(f"() => window.jupyterapp?.shell && {status} === 'idle'", timeout=60_000)
        else:
            page.goto(f"{lab.url}/doc/workspaces/reader?token={TOKEN}&reset", wait_until="domcontentloaded")
            page.wait_for_function("() => window.jupyterapp?.shell", timeout=60_000)
            page.evaluate(OPEN_WITHOUT_KERNEL, name)

    def start(self, index: int) -> None:
        """Start a cell and return at once."""
        self._select(index)
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")

    def run(self, index: int, seconds: float = 20) -> None:
        """Run a cell to its end."""
        self._select(index)
        self._execute("notebook:run-cell", seconds)

    def run_all(self, seconds: float = 60) -> None:
        """Run all cells, as a person does from the menu, until no cell waits for its turn."""
        self._execute("notebook:run-all-cells", seconds)
        self.wait_until_done(seconds)

    def wait_until_done(self, seconds: float = 20) -> None:
        """Return when no prompt shows that its cell is running or waiting."""
        busy = "cell => cell.model.executionState === 'running' || cell.inputArea?.promptNode?.innerText.includes('*')"
        cells = f"{NOTEBOOK}.content.widgets.filter(cell => cell.model.type === 'code')"
        self.page.wait_for_function(f"() => !{cells}.some({busy})", timeout=seconds * 1000)

    def interrupt(self) -> None:
        """Press the stop button."""
        self._execute("notebook:interrupt-kernel", 5)

    def save(self) -> None:
        """Save it, as a person does."""
        self._execute("docmanager:save", 10)

    def set_theme(self, light: bool) -> None:
        """Choose the light or the dark theme of JupyterLab, and wait until the page has it.

        Also until its splash screen is gone: JupyterLab fails over its own if the next theme comes before that.
        """
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {'Light' if light else 'Dark'}",
        )
        self.page.wait_for_selector(f"body[data-jp-theme-light={str(light).lower()}]", state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return the outputs of a cell, in the form in which notebooks save them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(
            f"index => {NOTEBOOK}.content.widgets[index].model.outputs.toJSON()", index
        )
        return outputs

    def text(self, index: int) -> str:
        """Return everything that a cell printed, showed as text or raised."""
        return "\n".join(text_of(output) for output in self.outputs(index))

    def cell(self, index: int) -> Locator:
        """Return a cell of the page, scrolled into view: JupyterLab draws only what can be seen."""
        self.page.evaluate(f"index => {NOTEBOOK}.content.scrollToItem(index, 'start')", index)
        cell = self.page.locator(f".jp-Cell[data-windowed-list-index='{index}']")
        cell.wait_for()
        return cell

    def _select(self, index: int) -> None:
        select = f"index => {{ const it = {NOTEBOOK}.content; it.activeCellIndex = index; it.deselectAll() }}"
        self.page.evaluate(select, index)

    def _execute(self, command: str, seconds: float) -> None:
        """Execute a command, racing it against a timer: a reply that got lost must not hang the test."""
        ended = self.page.evaluate(
            """([command, limit]) => Promise.race([
                window.jupyterapp.commands.execute(command).then(() => true),
                new Promise(resolve => setTimeout(() => resolve(false), limit)),
            ])""",
            [command, seconds * 1000],
        )
        assert ended, f"{command} did not end within {seconds} s"


Opener = Callable[[str], OpenNotebook]
"""Opens a notebook of the lab's folder by its file name."""


def text_of(output: dict[str, Any]) -> str:
    """Return an output of a cell as text."""
    if output["output_type"] == "stream":
        return joined(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return joined(output["data"].get("text/plain", ""))
