"""A model server for tasks that are interrupted: its replies follow from the request alone, and it counts them."""

import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from integrations.llm._fake_script import Book, Model, Refused, Rule, Script
from integrations.llm.fake_ollama import FakeOllama

MODEL = "fake-coder:latest"
DELAY_S = 0.02
"""Each reply takes so long, so that some are asked for and never heard."""
VERBS = ("polish", "bake", "fold", "mend", "carve", "brew", "sift", "weave", "paint", "plough", "tune", "forge")
NOUNS = ("lamp", "loaf", "map", "boat", "spoon", "cider", "gravel", "basket", "fence", "meadow", "violin", "anvil")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A function that nobody has written yet; no two share a word or a result."""

    number: int

    @property
    def words(self) -> tuple[str, str]:
        """A verb and a noun."""
        return VERBS[self.number % len(VERBS)], NOUNS[(self.number + self.number // len(VERBS)) % len(NOUNS)]

    @property
    def text(self) -> str:
        """What a person says."""
        verb, noun = self.words
        return f"{verb} the {noun}"

    @property
    def name(self) -> str:
        """What the function is called."""
        return "_".join(self.words)

    def of(self, number: int) -> int:
        """What the function gives."""
        return number * (self.number + 3) - 2 * self.number - 1

    @property
    def specification(self) -> str:
        """What the model specifies."""
        verb, noun = self.words
        return json.dumps(
            {
                "name": self.name,
                "description": f"{verb.capitalize()} the {noun}.",
                "aliases": [self.text],
                "signature": f"def {self.name}(number: int) -> int",
                "parameters": {"number": "The number."},
                "ensures": [f"it is the number times {self.number + 3}, less {2 * self.number + 1}"],
                "examples": [{"in": {"number": given}, "out": self.of(given)} for given in (0, 1, 7)],
            }
        )

    @property
    def tests(self) -> str:
        """The suite that the model writes."""
        cases = "\n\n".join(
            f"def test_{index}():\n    assert {self.name}({given}) == {self.of(given)}\n"
            for index, given in enumerate((0, 2, 5, -1, 1000, -7, 12))
        )
        return f"```python\nfrom function import {self.name}\n\n\n{cases}```\n"

    def code(self, seed: int) -> str:
        """The candidate of that number: each says the same otherwise."""
        times, less = self.number + 3, 2 * self.number + 1
        said = f"number * {times} - {less}" if seed % 2 else f"-{less} + {times} * number"
        lines = (
            f"def {self.name}(number: int) -> int:",
            f'    """Return the number times {times}, less {less}.\n\n    Args:\n        number: The number.\n    """',
            f"    return {said}",
        )
        return "```python\n" + "\n".join(lines) + "\n```\n"


WISHES = tuple(Wish(number=number) for number in range(len(VERBS) * len(NOUNS)))


class _Replies(Book):
    """Replies that follow from the request."""

    def rule_for(self, body: dict[str, Any]) -> Rule:
        """What is said to this request, however often it is made."""
        messages = [str(message.get("content", "")) for message in body["messages"]]
        said = "\n".join(messages[1:])
        for wish in WISHES:
            verb, noun = wish.words
            if re.search(rf"\b{verb}[ _](the )?{noun}\b", said, re.IGNORECASE):
                return Rule(reply=reply(wish, messages[0], body), delay_s=DELAY_S)
        raise Refused(500, f"fake: no reply for {said[:200]!r}")


def reply(wish: Wish, rules: str, body: dict[str, Any]) -> str:
    """What the model says of the wish, by what it is told to write."""
    if rules.startswith("You decide whether"):
        return json.dumps({"function": None})
    if rules.startswith("You write the specification"):
        return wish.specification
    if rules.startswith("You write the tests"):
        return wish.tests
    return wish.code(int((body.get("options") or {}).get("seed", 1)))


class Server(FakeOllama):
    """The server, which knows how often it was asked the same."""

    def __init__(self) -> None:
        super().__init__(Script(models=(Model(name=MODEL),)))
        self.book = _Replies(self.book.script)
        self._lock = threading.Lock()

    def asked(self) -> Counter[str]:
        """How often each request for a text came, by its SHA-256."""
        with self._lock:
            bodies = [received.body for received in self.requests if received.path == "/api/chat"]
        return Counter(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() for body in bodies)

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.requests.clear()
