"""The language model of the notebooks: the offline stand-in, and the real client against a server of the test's own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from notebooks.llm import PIRATE_JOKE, Completion, OpenAI, answer_offline, has_key

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
JOKE_PROMPT = "Write your best joke about {}."
CRITIQUE_PROMPT = "Give a thorough analysis and critique of the following joke: {}"


def complete(prompt: str, llm: OpenAI | None = None) -> str:
    """Ask a model, by default a fresh one, and return the text of its answer."""
    return str(asyncio.run((llm or OpenAI()).acomplete(prompt)))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away a key that the environment may hold."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("key", "real"), [(None, False), ("", False), (" ", False), ("sk-proj-...", False), ("sk-proj-abc", True)]
)
def test_a_placeholder_is_no_key(key: str | None, real: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    assert has_key() is real


def test_a_completion_reads_as_its_text() -> None:
    assert str(Completion("Ahoy.")) == Completion("Ahoy.").text == "Ahoy."


@pytest.mark.usefixtures("offline")
def test_the_prompts_of_the_notebooks_have_answers_of_their_own() -> None:
    assert complete("What's LlamaIndex?").startswith("LlamaIndex, formerly known as GPT Index, is a data framework")
    assert complete(JOKE_PROMPT.format("pirates")) == PIRATE_JOKE
    assert '"sea"' in complete(CRITIQUE_PROMPT.format(PIRATE_JOKE))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("topic", ["llamas", "event loops", "Monday {mornings}"])
def test_any_topic_gets_a_joke_and_any_joke_a_critique(topic: str) -> None:
    joke = complete(JOKE_PROMPT.format(topic))
    review = complete(CRITIQUE_PROMPT.format(joke))
    assert topic in joke
    assert repr(joke.split(". ")[-1]) in review or repr(joke.split("? ")[-1]) in review
    assert "Verdict:" in review


@pytest.mark.usefixtures("offline")
def test_a_joke_of_one_sentence_can_be_criticised() -> None:
    assert "'Knock knock'" in complete(CRITIQUE_PROMPT.format("Knock knock"))


@pytest.mark.usefixtures("offline")
def test_any_other_prompt_is_answered_honestly() -> None:
    answer = complete("What is the capital of France?")
    assert "What is the capital of France?" in answer
    assert "OPENAI_API_KEY" in answer


@pytest.mark.usefixtures("offline")
def test_the_same_prompt_gives_the_same_text_for_every_model() -> None:
    prompt = JOKE_PROMPT.format("llamas")
    assert complete(prompt) == complete(prompt, OpenAI(model="gpt-4o")) == answer_offline(prompt)


def test_importing_it_loads_no_client() -> None:
    code = "import sys, llm; llm.OpenAI(); assert not {'openai', 'httpx', 'ssl'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=NOTEBOOKS, check=True, env={"PYTHONDONTWRITEBYTECODE": "1"})


@dataclass(frozen=True)
class Request:
    """What the server was sent."""

    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class Service:
    """An OpenAI-compatible server on this machine that answers every request alike."""

    url: str = ""
    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Start a server and point the client at it."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.requests.append(Request(self.path, self.headers["Authorization"], body))
            answer = json.dumps(service.answer).encode()
            self.send_response(service.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}/v1"
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
            monkeypatch.delenv(name, raising=False)
        yield service
        server.shutdown()
        thread.join()


def completion_of(content: str | None) -> dict[str, Any]:
    """Return a chat completion as the service sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "gpt-4o",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}},
        ],
    }


def test_with_a_key_the_service_is_asked(service: Service) -> None:
    service.answer = completion_of("Arr, a fine question.")
    assert complete("What's LlamaIndex?", OpenAI(model="gpt-4o")) == "Arr, a fine question."
    (request,) = service.requests
    assert request.path == "/v1/chat/completions"
    assert request.authorization == "Bearer sk-test-key"
    assert request.body["model"] == "gpt-4o"
    assert request.body["messages"] == [{"role": "user", "content": "What's LlamaIndex?"}]


def test_one_model_serves_several_event_loops(service: Service) -> None:
    service.answer = completion_of("Aye.")
    llm = OpenAI()
    assert [complete("one", llm), complete("two", llm)] == ["Aye.", "Aye."]
    assert [request.body["model"] for request in service.requests] == ["gpt-4o-mini", "gpt-4o-mini"]


def test_an_answer_without_content_is_empty(service: Service) -> None:
    service.answer = completion_of(None)
    assert complete("What's LlamaIndex?") == ""


def test_what_the_service_refuses_is_raised(service: Service) -> None:
    import openai

    service.status = 401
    service.answer = {"error": {"message": "Incorrect API key provided.", "type": "invalid_request_error"}}
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
        complete("What's LlamaIndex?")
