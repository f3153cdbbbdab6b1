"""The language model of the notebooks: OpenAI's service where there is a key, else a small offline stand-in.

`OpenAI().acomplete(prompt)` asks the service when the environment variable OPENAI_API_KEY holds a key
(OPENAI_BASE_URL may name another server that speaks the same protocol). Without a key, or with the
placeholder "sk-proj-...", the stand-in answers: always the same text for the same prompt, and no network.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Completion:
    """What a model answered; `str()` gives the text."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class OpenAI:
    """A language model that completes prompts.

    Example:
        response = await OpenAI(model="gpt-4o-mini").acomplete("What's LlamaIndex?")
        print(response)
    """

    model: str = "gpt-4o-mini"
    """The name of the model to ask; the offline stand-in is the same for every name."""

    async def acomplete(self, prompt: str) -> Completion:
        """Return the model's answer to a prompt."""
        answer = await ask_openai(self.model, prompt) if has_key() else answer_offline(prompt)
        return Completion(answer)


def has_key() -> bool:
    """Tell whether OPENAI_API_KEY holds a key; one that ends in dots is a placeholder."""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    return bool(key) and not key.endswith("...")


async def ask_openai(model: str, prompt: str) -> str:
    """Ask OpenAI's service, or the server that OPENAI_BASE_URL names."""
    # Imported here so that the notebooks run offline without the package.
    from openai import AsyncOpenAI

    async with AsyncOpenAI() as client:  # it reads both environment variables
        completion = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    return completion.choices[0].message.content or ""


def answer_offline(prompt: str) -> str:
    """Return the stand-in's answer: a written one for the prompts of the notebooks, else a plain one."""
    if prompt in ANSWERS:
        return ANSWERS[prompt]
    if joke := re.fullmatch(r"Give a thorough analysis and critique of the following joke: (.+)", prompt, re.DOTALL):
        return critique(joke[1].strip())
    if topic := re.fullmatch(r"Write your best joke about (.+?)\.?", prompt, re.DOTALL):
        return pick(JOKES, prompt).format(topic=topic[1])
    return (
        f"The offline model has no answer of its own to {prompt!r}. "
        "Put a key into OPENAI_API_KEY to have the question answered by OpenAI."
    )


def critique(joke: str) -> str:
    """Return an analysis that fits any joke."""
    setup, punchline = split_joke(joke)
    return (
        f"The joke sets its scene with {setup!r}, which is quick to follow and promises little. "
        f"The turn comes with {punchline!r}: it takes the opening at its word and lands somewhere else.\n\n"
        "Its strength is economy, for no word could be left out. Its weakness is that the listener may see "
        f"the turn coming. {pick(VERDICTS, joke)}"
    )


def split_joke(joke: str) -> tuple[str, str]:
    """Split a joke into its first sentence and the rest of it."""
    parts = re.split(r"(?<=[.?!])\s+", joke, maxsplit=1)
    return parts[0], parts[-1]


def pick(texts: tuple[str, ...], prompt: str) -> str:
    """Choose one of several texts, always the same one for the same prompt."""
    return texts[zlib.crc32(prompt.encode()) % len(texts)]


PIRATE_JOKE = "Why did it take the pirate so long to learn the alphabet? Because he kept getting lost at C."

PIRATE_CRITIQUE = """\
The joke is a question and an answer built on one pun. "C" is the third letter of the alphabet and
sounds like "sea", the place where a pirate is most at home and where it is easiest to get lost.

What works:
- The setup is short and raises a fair question, so the listener looks for a serious reason.
- The answer means both things at once: he is stuck at the letter, and he is lost on the water.
- The word that carries the pun comes last, so nothing stands between it and the laugh.

What could be better:
- The pun lives on its sound; on paper the reader has to hear it first.
- Many pirate jokes turn on "sea" or "arr", so a practised listener may be there ahead of you.

Verdict: simple, clean and fit for every age. It earns a smile and a groan in equal parts, which is
all that it sets out to do."""

LLAMA_INDEX = """\
LlamaIndex, formerly known as GPT Index, is a data framework that connects large language models
(LLMs) with data of your own. It reads documents, databases and APIs, arranges what it finds in
indices, and hands the parts that matter to the model when a question comes in. Applications use it
to let a model answer from a particular body of knowledge instead of only from its training."""

ANSWERS = {
    "What's LlamaIndex?": LLAMA_INDEX,
    "Write your best joke about pirates.": PIRATE_JOKE,
    f"Give a thorough analysis and critique of the following joke: {PIRATE_JOKE}": PIRATE_CRITIQUE,
}

JOKES = (
    "My doctor told me to keep away from {topic} for a whole day. It was the longest lunch break of my life.",
    "How many experts on {topic} does it take to change a light bulb? They are still agreeing on the agenda.",
    "I bought a book that teaches you all about {topic} in one evening. It has not said which evening.",
)

VERDICTS = (
    "Verdict: a friendly small joke that asks for nothing and gives a smile.",
    "Verdict: told with a straight face it works well, told twice it does not.",
    "Verdict: better spoken than read, since the pause does half of the work.",
)
