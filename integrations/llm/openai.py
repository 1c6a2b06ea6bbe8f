"""Models behind any server that speaks OpenAI's API: OpenAI, vLLM, llama.cpp, LM Studio, OpenRouter, Groq."""

from __future__ import annotations

import base64
import fnmatch
import importlib.util
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.errors import BadSettings, ContextTooLong, ModelError, ModelMissing
from agent.ports import (
    FREE,
    Embedding,
    Hear,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    Price,
    ProviderInfo,
    Server,
    Usage,
    unheard,
)
from integrations.llm._section import read_section
from integrations.llm._server import CHOOSE_S, EMBED_S, Gathering, ModelServer, refuse_too_long
from integrations.llm._servers import Names, ServerName, ServerSettings, each_server, no_name_twice

if TYPE_CHECKING:  # the package takes half a second to import: only a request to a model pays for it
    from integrations.llm._line import Line, Patience

INSTEAD = {"max_tokens": "max_completion_tokens"}
"""What is sent in place of an option that a server does not take."""


def api_address(url: str) -> str:
    """The URL without a slash at its end. Raises `ValueError` for what is none, and for one that holds a password."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address is http://... or https://..., as https://api.openai.com/v1")
    if parts.username or parts.password:
        raise ValueError("an address holds no password; the key belongs into api_key")
    return url.strip().rstrip("/")


BaseUrl = Annotated[str, AfterValidator(api_address)]


class PriceSettings(BaseModel):
    """What a model's tokens cost, in euros a million."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_eur: float = Field(ge=0)
    output_eur: float = Field(ge=0)


class ChatSettings(ServerSettings):
    """What holds for one server and its models."""

    models: Names = ()
    """Those that are used, the preferred one first; none means all that it has."""
    prices: dict[str, PriceSettings] = Field(default_factory=dict)
    """By the model's name, in which `*` stands for any characters."""
    local: bool = False
    """Whether the server is one's own: what may not leave goes to no other."""
    embed_model: str = ""
    """The model for vectors; empty means the first that is made for them, by its name."""
    temperature: float = Field(default=0.2, ge=0, le=2)
    max_tokens: int = Field(default=4096, ge=1)
    """The longest reply, in tokens."""

    def price(self, model: str) -> Price | None:
        """What the model costs; None where nobody says. One's own server is free where no price is given."""
        for pattern, price in self.prices.items():
            if fnmatch.fnmatchcase(model, pattern):
                return Price(input_eur=price.input_eur, output_eur=price.output_eur)
        return FREE if self.local else None


class OpenAIServer(ChatSettings):
    """One of several servers; what it does not say is as in the section itself."""

    name: ServerName
    base_url: BaseUrl


class OpenAIConfig(ChatSettings):
    """The section `openai` of the settings."""

    base_url: BaseUrl = "https://api.openai.com/v1"
    """Where the API is, up to `/v1`; not used where servers are listed."""
    servers: Annotated[tuple[OpenAIServer, ...], AfterValidator(no_name_twice)] = ()
    """Several servers, each with a name."""


class OpenAI(ModelServer):
    """Asks one server. Safe to use from several threads."""

    name = "openai"

    def __init__(self, config: OpenAIConfig, server: str = "openai") -> None:
        self._config = config
        described = Server(
            name=server,
            provider=self.name,
            is_local=config.local,
            limits=config.limits(),
            eur_per_hour=config.eur_per_hour,
        )
        super().__init__(described, config.base_url, config.models)
        self._refused: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; a reply cut off on its way is one.

        An option that the server refuses is left out from then on, or sent by its other name.
        """
        if self.server.limits.max_context:
            refuse_too_long(request, self.server.limits.max_context)
        model = request.model or self.first(self.look(CHOOSE_S))
        line, said = self._line(self._config.patience()), Gathering(hear)
        try:
            reason, usage = self._asked(request, model, line, said)
        except ModelMissing:
            raise self.lacking(model) from None
        return ModelReply(
            text=said.text,
            provider=self.name,
            server=self.server.name,
            model=model,
            usage=self._usage(usage, model),
            seconds=time.monotonic() - line.started,
            first_token_s=line.first_token_s,
            truncated=reason == "length" or said.is_full,
        )

    def _asked(self, request: ModelRequest, model: str, line: Line, said: Gathering) -> tuple[str, Any]:
        from integrations.llm._openai_http import connected, gathered, refused_option

        while True:
            refused = self._refused.get(model, frozenset[str]())
            options = self._options(request, refused)
            try:
                with connected(line, model) as client:
                    messages: Any = [_spelt(message) for message in request.messages]
                    with client.chat.completions.create(
                        model=model, messages=messages, stream=True, **options
                    ) as parts:
                        return gathered(parts, line, model, said)
            except ModelError as error:
                option = refused_option(error.__cause__, options)
                if not option or said.text or isinstance(error, ContextTooLong):
                    raise
                told = "%s takes no `%s` for %s: it is left out, or sent by its other name"
                logging.getLogger("kowal").warning(told, self.server.name, option, model)
                with self._lock:
                    self._refused[model] = refused | {option}

    def _options(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """What is said beside the messages, as this server takes it."""
        config = self._config
        options: dict[str, Any] = {
            "max_tokens": config.max_tokens,
            "temperature": config.temperature if request.temperature is None else request.temperature,
            "stream_options": {"include_usage": True},
        }
        if request.seed is not None:
            options["seed"] = request.seed
        if request.schema is not None:
            form = {"name": "reply", "schema": dict(request.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        for name in refused & options.keys():
            value, other = options.pop(name), INSTEAD.get(name)
            if other and other not in refused:
                options[other] = value
        return options

    def _usage(self, used: Any, model: str) -> Usage:
        price = self._config.price(model)
        if used is None:
            return Usage(cost_eur=0.0 if price == FREE else None)
        tokens_in, tokens_out = used.prompt_tokens or 0, used.completion_tokens or 0
        cost = None if price is None else (tokens_in * price.input_eur + tokens_out * price.output_eur) / 1e6
        return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost_eur=cost)

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors. Raises a `ModelError`; `ModelMissing` where no model there is for vectors."""
        from integrations.llm._openai_http import connected
        from integrations.llm._vectors import checked

        model = self._config.embed_model or next((card.name for card in self.look(EMBED_S) if card.embeds), "")
        if not model:
            raise ModelMissing(f"{self._where} has no model for vectors.", advice="Name one as `embed_model`.")
        line = self._line(self._config.patience_of_lookup(EMBED_S))
        with connected(line, model) as client:
            data = client.embeddings.create(model=model, input=list(texts), encoding_format="float").data
            found = checked([each.embedding for each in sorted(data, key=lambda each: each.index)], texts, line)
        return Embedding(vectors=found, model=model, digest=f"{self._where}#{model}")

    def look(self, seconds: float) -> tuple[ModelCard, ...]:
        """What it has of the models of the settings, in their order, or else all. Raises a `ModelError`."""
        from integrations.llm._openai_http import card, connected

        with connected(self._line(self._config.patience_of_lookup(seconds))) as client:
            listed = {each.id: dict(each.model_extra or {}) for each in client.models.list().data}
        wanted = [name for name in self._config.models if name in listed]
        if self._config.embed_model in listed:
            wanted.append(self._config.embed_model)
        names = dict.fromkeys(wanted if self._config.models else sorted(listed, key=lambda name: "coder" not in name))
        return tuple(card(name, listed[name], self._config.price(name)) for name in names)

    def load(self) -> None:
        """Import the client."""
        from integrations.llm import _openai_http  # noqa: F401

    def missing(self, model: str, cards: Sequence[ModelCard]) -> ModelMissing:
        """The error for a model that is not among these."""
        from integrations.llm._faults import missing

        line = self._line(self._config.patience())
        return missing(line, model or "that writes", tuple(card.name for card in cards))

    def _line(self, patience: Patience) -> Line:
        from integrations.llm._line import Line

        return Line(
            host=self._config.base_url,
            api_key=self._config.api_key.get_secret_value(),
            patience=patience,
            speaks="OpenAI's API",
            start=f"See whether a server with OpenAI's API listens at {self._config.base_url} (`base_url`).",
        )


def _spelt(message: Message) -> dict[str, Any]:
    """A message as the API has them."""
    if not message.images:
        return {"role": message.role, "content": message.content}
    images = [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in message.images]
    return {"role": message.role, "content": [{"type": "text", "text": message.content}, *images]}


def _data_url(image: bytes) -> str:
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _open(section: Mapping[str, Any]) -> tuple[OpenAI, ...]:
    if importlib.util.find_spec("openai") is None:
        raise BadSettings("The model provider `openai` is not installed", advice="pip install 'kowal[openai]'")
    config = read_section(section, OpenAIConfig, "openai")
    listed = tuple(OpenAI(own, f"openai:{name}") for name, own in each_server(config, config.servers))
    return listed or (OpenAI(config),)


PROVIDER = ProviderInfo(
    name="openai",
    summary="Any server with OpenAI's API: OpenAI, vLLM, llama.cpp, LM Studio, OpenRouter, Groq (kowal[openai])",
    open=_open,
)
