"""Replies written by hand and kept as data, for a demonstration without a model; all else is refused."""

import json
import re
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.errors import BadSettings, NotScripted
from agent.ports import (
    FREE,
    Hear,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderInfo,
    ProviderStatus,
    Purpose,
    Server,
    Usage,
    unheard,
)
from integrations.section import read_section

DEMO = "scripted_demo.toml"


class ScriptedConfig(BaseModel):
    """The section `scripted` of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path | None = None
    """The replies, as TOML; none means those of the demo, which ship with the product."""


class Reply(BaseModel):
    """One reply and the requests it answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose
    words: Annotated[tuple[str, ...], Field(min_length=1)]
    """All of them stand in the task, as whole words, whatever the case."""
    attempt: int | None = None
    """Answers only the n-th request of that purpose for a task, counted from 1; none answers each."""
    text: Annotated[str, BeforeValidator(lambda reply: reply if isinstance(reply, str) else json.dumps(reply))]
    """What the model is made to say; a table is said as JSON."""

    def answers(self, purpose: Purpose, words: frozenset[str], attempt: int) -> bool:
        """True for a request of this purpose, with these words in its task, asked for the n-th time."""
        wanted = frozenset(word.lower() for word in self.words)
        return purpose is self.purpose and wanted <= words and self.attempt in (None, attempt)


class Replies(BaseModel):
    """A file of replies; the first that answers is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reply: tuple[Reply, ...]


class Scripted:
    """Says what was written beforehand. Safe to use from several threads."""

    name = "scripted"
    server = Server(name="scripted", provider="scripted", is_local=True)

    def __init__(self, replies: Replies, source: str) -> None:
        self._replies = replies.reply
        self._source = source
        self._asked: Counter[tuple[str, Purpose]] = Counter()
        self._lock = threading.Lock()

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The reply written for this request. Raises `NotScripted` where there is none."""
        started = time.monotonic()
        with self._lock:
            self._asked[request.task, request.purpose] += 1
            attempt = self._asked[request.task, request.purpose]
        words = frozenset(re.findall(r"\w+", request.task.lower()))
        for reply in self._replies:
            if reply.answers(request.purpose, words, attempt):
                used = Usage(tokens_in=_words(*(m.content for m in request.messages)), tokens_out=_words(reply.text))
                seconds = time.monotonic() - started
                hear(reply.text)
                return ModelReply(text=reply.text, provider=self.name, model=self.name, usage=used, seconds=seconds)
        task = " ".join(request.task.split())[:80]
        raise NotScripted(f"No reply is scripted for {request.purpose.value} {task!r}.")

    def cards(self) -> tuple[ModelCard, ...]:
        """The one that it stands for."""
        return (ModelCard(name=self.name, price=FREE),)

    def status(self) -> ProviderStatus:
        """Always available: the replies were read when it was opened."""
        detail = f"{len(self._replies)} replies written by hand ({self._source}), no model"
        return ProviderStatus(available=True, detail=detail, models=(self.name,))


def _words(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


def _read(file: Path | None) -> Replies:
    """The replies in the file. Raises `BadSettings` where they cannot be read."""
    source = resources.files("integrations.llm") / DEMO if file is None else file
    try:
        return Replies.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"The scripted replies {str(source)!r} cannot be read: {error}."
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        message = f"The scripted replies {str(source)!r}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}."
    raise BadSettings(message, advice="Name another `file`, or leave it out for the demo's replies.", key="file")


def _open(section: Mapping[str, Any]) -> tuple[Scripted, ...]:
    config = read_section(section, ScriptedConfig, "scripted")
    return (Scripted(_read(config.file), "the demo's" if config.file is None else config.file.name),)


PROVIDER = ProviderInfo(
    name="scripted", summary="Replies written by hand, which ship for the demo: no model", open=_open
)
