"""A task in English: whether it is, and the one line that a model puts it into, asked for once a text."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.errors import ModelError
from agent.matching.kept import Kept, key_of
from agent.ports import Message, ModelRequest, Purpose
from agent.prompting import as_data, fill, prompt_version
from agent.replies import read_reply
from agent.routing.router import Router
from registry.terms import ENGLISH, FRENCH, GERMAN, POLISH, RUSSIAN, fold

MOST_CHARS = 300
"""Of the line."""
OTHERS = frozenset(f"{POLISH} {GERMAN} {FRENCH} {RUSSIAN}".split())
IN_ENGLISH = frozenset(ENGLISH.split()) - OTHERS
ELSEWHERE = OTHERS - frozenset(ENGLISH.split())


class Line(BaseModel):
    """A model's translation."""

    model_config = ConfigDict(extra="ignore")

    english: str


@dataclass(frozen=True, kw_only=True)
class English:
    """Tasks in English, kept by text and prompt."""

    router: Router
    kept: Kept

    def line(self, text: str) -> str:
        """The task in one English line; empty where no model gives one."""
        key = key_of(f"{prompt_version('canonical')} {text.encode(errors='ignore').decode()}")
        if found := self.kept.line(key):
            return found
        try:
            reply = self.router.complete(line_request(text))
        except ModelError:
            return ""
        said = read_reply(reply.text, Line)
        line = said.english.strip() if isinstance(said, Line) else ""
        if not line.isprintable() or len(line) > MOST_CHARS:
            return ""
        if line:
            self.kept.keep_line(key, line)
        return line


def is_english(text: str) -> bool:
    """Whether the little words speak for English; where there are none, whether all letters are English ones."""
    said = fold(text).split()
    here, elsewhere = (sum(word in known for word in said) for known in (IN_ENGLISH, ELSEWHERE))
    return here > elsewhere or (here == elsewhere and text.isascii())


def line_request(text: str) -> ModelRequest:
    """The request for the line."""
    schema: dict[str, Any] = Line.model_json_schema()
    said = fill("task", task=as_data(text), details="")
    messages = (Message(role="system", content=fill("canonical")), Message(role="user", content=said))
    return ModelRequest(
        messages=messages, purpose=Purpose.MATCH, task=text, schema=schema, temperature=0.0, reusable=True
    )
