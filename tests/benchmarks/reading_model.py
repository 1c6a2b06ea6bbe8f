"""A model that knows which function is meant, and reads the text between the quotes."""

import json
import re
from typing import Any

from integrations.llm._fake_script import Book
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script

ASKED = "slugify the text 'Number {number} of All'"
"""What people ask for."""


class Reads(Book):
    """A model that knows which function is meant, and reads the text between the quotes."""

    def rule_for(self, body: dict[str, Any]) -> Rule:
        """What is said to this request."""
        if str(body["messages"][0]["content"]).startswith("You decide whether"):
            return Rule(reply=json.dumps({"function": "slugify"}))
        said = str(body["messages"][-1]["content"])
        found = re.search(r"'([^']*)'", said)
        return Rule(reply=json.dumps({"text": found[1]} if found else {}))


def reading_model() -> FakeOllama:
    """The model's server, not started yet."""
    models = FakeOllama(Script(models=(Model(name="qwen2.5-coder:7b"),)))
    models.book = Reads(models.book.script)
    return models
