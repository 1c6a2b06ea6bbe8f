"""Models behind an Ollama server, on this machine or another, through the `ollama` package."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from agent.errors import ModelMissing
from agent.ports import (
    Discovery,
    Embedding,
    Hear,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderInfo,
    Usage,
    unheard,
)
from integrations.llm._server import CHOOSE_S, EMBED_S, Gathering, ModelServer, refuse_too_long
from integrations.llm._servers import Names, ServerName, ServerSettings, as_for, each_server, full, no_name_twice
from integrations.section import read_section

if TYPE_CHECKING:  # the package takes a quarter of a second to import: only a request to a model pays for it
    from ollama import ChatResponse

    from integrations.llm._line import Line, Patience
    from integrations.llm._ollama_models import Models

DEFAULT_MODEL = "qwen2.5-coder:7b"
CLOUD_HOST = ".ollama.com"
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


class OllamaServer(ServerSettings):
    """One of several servers; what it does not say is as in the section itself."""

    name: ServerName
    host: Annotated[str, AfterValidator(address)]
    local: bool = True


class TailscaleSettings(ServerSettings):
    """Where servers are looked for in a tailnet; what is said of servers here holds for all that are found."""

    enabled: bool = False
    port: int = Field(default=11434, ge=1, le=65535)
    tag: str = ""
    """Machines with this tag, as `tag:ollama`;"""
    hosts: Names = ()
    """or with names like one of these, with `*`."""
    command: tuple[str, ...] = Field(default=("tailscale", "status", "--json"), min_length=1)
    """What tells of the tailnet."""

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if self.enabled and not (self.tag or self.hosts):
            raise ValueError("name a `tag` or `hosts`: not every machine of a tailnet may be asked")
        return self


class OllamaConfig(ServerSettings):
    """The section `ollama` of the settings."""

    host: Annotated[str, AfterValidator(address)] = "http://localhost:11434"
    """Where the server is, in any form that OLLAMA_HOST may have; not used where servers are listed."""
    local: bool = True
    """Whether the server is one's own: False for one that passes requests on to others."""
    servers: Annotated[tuple[OllamaServer, ...], AfterValidator(no_name_twice)] = ()
    """Several servers, each with a name."""
    tailscale: TailscaleSettings = TailscaleSettings()
    """Servers that are found."""
    models: Names = ()
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


class Ollama(ModelServer):
    """Asks one Ollama server. Safe to use from several threads."""

    name = "ollama"

    def __init__(self, config: OllamaConfig, server: str = "ollama") -> None:
        self._config = config
        is_local = config.local and not f".{urlsplit(config.host).hostname}".endswith(CLOUD_HOST)
        super().__init__(config.as_server(server, self.name, is_local=is_local), config.host, config.models)
        self._context = min(config.num_ctx, self.server.limits.max_context or config.num_ctx)
        self._chosen = ""
        self._embeds = ""

    @cached_property
    def _models(self) -> Models:
        from integrations.llm._ollama_models import Models

        return Models(self._config.models, is_local=self.server.is_local)

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; a reply cut off on its way is one."""
        from integrations.llm._ollama_http import connected

        refuse_too_long(request, self._context)
        model = request.model or self._chosen or self.first(self.look(CHOOSE_S))
        if self._models.refuses(model):
            advice = (
                "Set `local = false` for this server to have it used; nothing that must stay local goes there then."
            )
            raise ModelMissing(f"{model} runs elsewhere: {self._config.host} only passes requests on.", advice=advice)
        line, said = self._line(self._config.patience()), Gathering(hear)
        try:
            with (
                connected(line, model) as client,
                closing(client.chat(**self._body(request, model))) as parts,
            ):
                last = _gathered(parts, line, model, said)
        except ModelMissing:
            self._chosen = ""
            raise self.lacking(model) from None
        self._chosen = self._chosen if request.model else model
        return ModelReply(
            text=said.text,
            provider=self.name,
            server=self.server.name,
            model=model,
            usage=Usage(
                tokens_in=last.prompt_eval_count or 0,
                tokens_out=last.eval_count or 0,
                cost_eur=0.0 if self.server.is_local else None,
            ),
            seconds=time.monotonic() - line.started,
            first_token_s=line.first_token_s,
            truncated=last.done_reason == "length" or said.is_full,
        )

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors. Raises a `ModelError`; `ModelMissing` where no model there is for vectors."""
        from integrations.llm._ollama_embedding import choose, vectors

        line = self._line(self._config.patience_of_lookup(EMBED_S))
        model = choose(self._models.cards(line), line, self._config.embed_model, self._embeds)
        found = vectors(line.again(), model.name, texts, keep_alive=self._config.keep_alive)
        self._embeds = model.name
        return Embedding(vectors=found, model=model.name, digest=model.digest or model.name)

    def look(self, seconds: float) -> tuple[ModelCard, ...]:
        """What it has, in that time, those to be preferred first. Raises a `ModelError`."""
        return self._models.cards(self._line(self._config.patience_of_lookup(seconds)))

    def load(self) -> None:
        """Import the client."""
        from integrations.llm import _ollama_http  # noqa: F401

    def missing(self, model: str, cards: Sequence[ModelCard]) -> ModelMissing:
        """The error for a model that is not among these."""
        from integrations.llm._faults import missing

        line = self._line(self._config.patience())
        return missing(line, model or DEFAULT_MODEL, tuple(card.name for card in cards))

    def same(self, model: str) -> str:
        """The name with its tag."""
        return full(model)

    def _line(self, patience: Patience) -> Line:
        from integrations.llm._line import Line

        return Line(
            host=self._config.host,
            api_key=self._config.api_key.get_secret_value(),
            patience=patience,
            speaks="Ollama",
            start=f"Start it (`ollama serve`), see its log, or name another server than {self._config.host}.",
        )

    def _body(self, request: ModelRequest, model: str) -> dict[str, Any]:
        # `think` is not sent: with it some servers ignore `format` without a word.
        config = self._config
        temperature = config.temperature if request.temperature is None else request.temperature
        options = {"temperature": temperature, "num_ctx": self._context, "num_predict": config.num_predict}
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


def _gathered(parts: Iterator[ChatResponse], line: Line, model: str, said: Gathering) -> ChatResponse:
    """The last part of a stream, whose text is gathered; reading stops where that grows beyond the limit."""
    from integrations.llm._faults import cut_off, timed_out

    for part in parts:
        line.heard()
        said.add(part.message.content or "")
        if part.done or said.is_full:
            return part
    if line.why_over:
        raise timed_out(line, model)
    raise cut_off(line, model, "its last part is missing")


def _open(section: Mapping[str, Any]) -> tuple[Ollama, ...]:
    config = read_section(section, OllamaConfig, "ollama")
    listed = tuple(Ollama(own, f"ollama:{name}") for name, own in each_server(config, config.servers))
    return listed or (Ollama(config),)


def _discovery(section: Mapping[str, Any]) -> Discovery | None:
    from integrations.llm._tailscale import PREFIX, Tailscale, chosen

    config = read_section(section, OllamaConfig, "ollama")
    wanted = config.tailscale
    if not wanted.enabled:
        return None
    said = {key: getattr(wanted, key) for key in wanted.model_fields_set & ServerSettings.model_fields.keys()}

    def opened(name: str, host: str) -> Ollama:
        return Ollama(as_for(config, {**said, "host": f"http://{host}:{wanted.port}"}), f"{PREFIX}-{name}")

    hosts = [each.host for each in config.servers] or [config.host]
    listed = [urlsplit(host).hostname or "" for host in hosts]
    return Tailscale(wanted.command, chosen(wanted.tag, wanted.hosts, listed), opened)


PROVIDER = ProviderInfo(
    name="ollama",
    summary="Models behind an Ollama server (default: this machine's port 11434)",
    open=_open,
    discovery=_discovery,
)
