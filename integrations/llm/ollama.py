"""Models behind an Ollama server, on this machine or another, through the `ollama` package."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from agent.errors import ContextTooLong, ModelError, ModelMissing
from agent.ports import (
    FREE,
    Embedding,
    Hear,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderInfo,
    ProviderStatus,
    Server,
    Usage,
    unheard,
)
from integrations.llm._section import read_section

if TYPE_CHECKING:  # the package takes a quarter of a second to import: only a request to a model pays for it
    from ollama import ChatResponse

    from integrations.llm._ollama_http import Line

MAX_REPLY_CHARS = 2_000_000
"""A longer reply is no function; the rest of it is not read."""
STATUS_S = 1.8
LOOKUP_S = 10.0
EMBED_S = 30.0
"""Vectors help to find a function: whoever waits for one does without them sooner than that a reply is given up."""
CHARS_PER_TOKEN = 8
"""No ordinary text has more: what exceeds it surely does not fit, and Ollama would cut it without a word."""
DEFAULT_MODEL = "qwen2.5-coder:7b"
UNUSABLE_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # addresses to listen on, not to connect to


def address(host: str) -> str:
    """The base URL for a value as OLLAMA_HOST takes it: `0.0.0.0`, `:11434`, `name:port`, `https://name/path`.

    Raises `ValueError` for what is no address, and for one that holds a password.
    """
    scheme, _, rest = host.strip().rpartition("://")
    parts = urlsplit(f"{scheme or 'http'}://{rest}")
    if parts.scheme not in ("http", "https"):
        raise ValueError("an address starts with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("an address holds no password; the key belongs into api_key")
    name = parts.hostname or "127.0.0.1"
    name = UNUSABLE_HOSTS.get(name, name)
    port = parts.port or {"http": 80, "https": 443}.get(scheme, 11434)
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{port}{parts.path.rstrip('/')}"


def _split_names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


class OllamaConfig(BaseModel):
    """The section `ollama` of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, AfterValidator(address)] = "http://localhost:11434"
    """Where the server is, in any form that OLLAMA_HOST may have."""
    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token, for a server behind a gate."""
    models: Annotated[tuple[str, ...], BeforeValidator(_split_names)] = ()
    """Names in the order of preference; none means the first on the server that can write, coders first."""
    embed_model: str = ""
    """The model for vectors; empty means the first on the server that is made for them."""
    temperature: float = Field(default=0.2, ge=0, le=2)
    num_ctx: int = Field(default=8192, ge=256)
    """The context in tokens, request and reply together."""
    num_predict: int = Field(default=4096, ge=1)
    """The longest reply in tokens."""
    keep_alive: str | int | float = "5m"
    """How long the server keeps the model in memory afterwards."""
    timeout_s: float = Field(default=300.0, gt=0)
    """The whole reply, from the connection to the last byte."""
    connect_timeout_s: float = Field(default=2.0, gt=0)


class Ollama:
    """Asks an Ollama server. Safe to use from several threads."""

    name = "ollama"
    server = Server(name="ollama", provider="ollama", is_local=True)

    def __init__(self, config: OllamaConfig) -> None:
        self._config = config
        self._chosen = ""
        self._embeds = ""

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; a reply cut off on its way is one."""
        from integrations.llm._ollama_http import connected

        started = time.monotonic()
        line = self._line(self._config.timeout_s)
        self._refuse_too_long(request)
        model = request.model or self._chosen or self._choose(line)
        try:
            with (
                connected(line, model) as client,
                closing(client.chat(**self._body(request, model))) as parts,
            ):
                text, last = _gathered(parts, line, model, hear)
        except ModelMissing:
            self._chosen = ""
            raise self._missing(model) from None
        self._chosen = self._chosen if request.model else model
        return ModelReply(
            text=text[:MAX_REPLY_CHARS],
            provider=self.name,
            model=model,
            usage=Usage(tokens_in=last.prompt_eval_count or 0, tokens_out=last.eval_count or 0),
            seconds=time.monotonic() - started,
            truncated=last.done_reason == "length" or len(text) > MAX_REPLY_CHARS,
        )

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors. Raises a `ModelError`; `ModelMissing` where no model there is for vectors."""
        from integrations.llm._ollama_embedding import choose, vectors

        line = self._line(min(self._config.timeout_s, EMBED_S))
        model, digest = choose(line, self._config.embed_model, self._embeds)
        found = vectors(line, model, texts, keep_alive=self._config.keep_alive)
        self._embeds = model
        return Embedding(vectors=found, model=model, digest=digest)

    def cards(self) -> tuple[ModelCard, ...]:
        """The models that it has. Raises a `ModelError`."""
        return tuple(ModelCard(name=name, price=FREE) for name in self._names(self._line(STATUS_S)))

    def status(self) -> ProviderStatus:
        """Whether it answers and has a model that can be used, within two seconds. Never raises."""
        answers: queue.SimpleQueue[ProviderStatus] = queue.SimpleQueue()
        # A thread, because looking up a host name heeds no time-out.
        threading.Thread(target=lambda: answers.put(self._looked_at()), daemon=True).start()
        try:
            return answers.get(timeout=STATUS_S)
        except queue.Empty:
            detail = f"{self._config.host} did not answer within two seconds"
            return ProviderStatus(available=False, detail=detail, advice="Start it: `ollama serve`.")

    def _looked_at(self) -> ProviderStatus:
        line, names = self._line(STATUS_S), tuple[str, ...]()
        try:
            names = self._names(line)
            model = self._choose(line, names)
        except ModelError as error:
            detail = f"{line.host}, {_counted(names)}: {error}" if names else str(error)
            return ProviderStatus(available=False, detail=detail, models=names, advice=error.advice)
        detail = f"{line.host}, {_counted(names)}, {model} serves"
        return ProviderStatus(available=True, detail=detail, models=names)

    def _line(self, seconds: float) -> Line:
        from integrations.llm._ollama_http import Line

        return Line(
            host=self._config.host,
            api_key=self._config.api_key.get_secret_value(),
            connect_timeout_s=self._config.connect_timeout_s,
            deadline=time.monotonic() + seconds,
        )

    def _body(self, request: ModelRequest, model: str) -> dict[str, Any]:
        # `think` is not sent: with it some servers ignore `format` without a word.
        config = self._config
        temperature = config.temperature if request.temperature is None else request.temperature
        options = {"temperature": temperature, "num_ctx": config.num_ctx, "num_predict": config.num_predict}
        return {
            "model": model,
            "messages": [
                {"role": message.role, "content": message.content, "images": list(message.images)}
                for message in request.messages
            ],
            "stream": True,
            "format": dict(request.schema) if request.schema is not None else None,
            "options": options if request.seed is None else options | {"seed": request.seed},
            "keep_alive": config.keep_alive,
        }

    def _refuse_too_long(self, request: ModelRequest) -> None:
        length = sum(len(message.content) for message in request.messages)
        if length > self._config.num_ctx * CHARS_PER_TOKEN:
            raise ContextTooLong(f"{length} characters do not fit a context of {self._config.num_ctx} tokens.")

    def _names(self, line: Line) -> tuple[str, ...]:
        from integrations.llm._ollama_http import connected

        with connected(line) as client:
            return tuple(model.model for model in client.list().models if model.model)

    def _choose(self, line: Line, names: tuple[str, ...] | None = None) -> str:
        """The model to ask: the first of the settings that is there, or the first there that can write."""
        from integrations.llm._ollama_http import missing

        names = self._names(line) if names is None else names
        if self._config.models:
            wanted = (name for name in self._config.models if _full(name) in map(_full, names))
            able: Iterator[str] = wanted
        else:
            coders_first = sorted(names, key=lambda name: "coder" not in name.lower())
            able = (name for name in coders_first if self._can_write(line, name))
        chosen = next(able, "")
        if not chosen:
            raise missing(line, next(iter(self._config.models), DEFAULT_MODEL), names)
        return chosen

    def _can_write(self, line: Line, model: str) -> bool:
        """Whether it completes text; an older server does not say, and then only its name can tell."""
        from integrations.llm._ollama_http import connected

        try:
            with connected(line, model) as client:
                capabilities = client.show(model).capabilities
        except ModelMissing:
            return False
        return "embed" not in model.lower() if capabilities is None else "completion" in capabilities

    def _missing(self, model: str) -> ModelError:
        from integrations.llm._ollama_http import missing

        line = self._line(LOOKUP_S)
        try:
            return missing(line, model, self._names(line))
        except ModelError as error:
            return error


def _gathered(parts: Iterator[ChatResponse], line: Line, model: str, hear: Hear) -> tuple[str, ChatResponse]:
    """The text of a stream and its last part; reading stops where the text grows beyond the limit."""
    from integrations.llm._ollama_http import cut_off, timed_out

    pieces, length = list[str](), 0
    for part in parts:
        pieces.append(part.message.content or "")
        hear(pieces[-1])
        length += len(pieces[-1])
        if part.done or length > MAX_REPLY_CHARS:
            return "".join(pieces), part
    if time.monotonic() >= line.deadline:
        raise timed_out(line, model)
    raise cut_off(line, model, "its last part is missing")


def _full(model: str) -> str:
    """The name with its tag; a bare name means `latest`."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _counted(names: tuple[str, ...]) -> str:
    return "1 model" if len(names) == 1 else f"{len(names)} models"


def _open(section: Mapping[str, Any]) -> tuple[Ollama, ...]:
    return (Ollama(read_section(section, OllamaConfig, "ollama")),)


PROVIDER = ProviderInfo(
    name="ollama", summary="Models behind an Ollama server (default: this machine's port 11434)", open=_open
)
