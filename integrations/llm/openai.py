"""Models behind any server that speaks OpenAI's API: OpenAI, vLLM, llama.cpp, LM Studio, OpenRouter, Groq."""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from agent.errors import BadSettings, ContextTooLong, ModelError, ModelMissing
from agent.ports import (
    Embedding,
    Hear,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderInfo,
    unheard,
)
from integrations.llm._chat import CUT, BaseUrl, ChatSettings, options_of, spelt, used_as
from integrations.llm._server import CHOOSE_S, EMBED_S, Gathering, ModelServer, refuse_too_long
from integrations.llm._servers import ServerName, each_server, no_name_twice
from integrations.section import read_section

if TYPE_CHECKING:  # the package takes half a second to import: only a request to a model pays for it
    from integrations.llm._line import Line, Patience


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
        super().__init__(config.as_server(server, self.name, is_local=config.local), config.base_url, config.models)
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
            usage=used_as(usage, self._config.price(model)),
            seconds=time.monotonic() - line.started,
            first_token_s=line.first_token_s,
            truncated=reason in CUT or said.is_full,
        )

    def _asked(self, request: ModelRequest, model: str, line: Line, said: Gathering) -> tuple[str, Any]:
        from integrations.llm._openai_http import connected, gathered, refused_option

        while True:
            refused = self._refused.get(model, frozenset[str]())
            options = options_of(self._config, request, refused)
            try:
                with connected(line, model) as client:
                    messages: Any = [spelt(message) for message in request.messages]
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
            listed = {str(each.id): dict(each.model_extra or {}) for each in client.models.list().data if each.id}
        special = self._config.embed_model
        wanted = [name for name in (*self._config.models, special) if name in listed]
        names = dict.fromkeys(wanted if self._config.models else sorted(listed, key=lambda name: "coder" not in name))
        cards = (card(name, listed[name], self._config.price(name)) for name in names)
        return tuple(replace(each, embeds=True, writes=False) if each.name == special else each for each in cards)

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
