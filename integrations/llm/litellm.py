"""Models of services with APIs of their own, through LiteLLM: Anthropic, Google, Azure, Cohere, Bedrock and more."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from agent.errors import BadSettings, ModelMissing
from agent.ports import (
    Embedding,
    Hear,
    ModelCard,
    ModelReply,
    ModelRequest,
    Price,
    ProviderInfo,
    ProviderStatus,
    unheard,
)
from integrations.llm._chat import CUT, ChatSettings, kinds, options_of, spelt, used_as
from integrations.llm._litellm_table import facts_of
from integrations.llm._server import CHOOSE_S, EMBED_S, Gathering, ModelServer, refuse_too_long
from integrations.llm._servers import ServerName, each_server, no_name_twice, within
from integrations.section import read_section

if TYPE_CHECKING:  # the package takes five seconds to import: only a request to a model pays for it
    from integrations.llm._line import Line, Patience

ADVICE = 'Name them as LiteLLM does, in [llm.litellm]: models = ["anthropic/NAME", "gemini/NAME"].'


class LiteLLMSettings(ChatSettings):
    """What holds for one account, and its models."""

    api_base: str = ""
    """Where the service is; empty for its own address."""
    eur_per_usd: float = Field(default=1.0, gt=0)
    """Euros for a dollar of LiteLLM's table: what a whole one makes too much is no surprise on a bill."""

    def price(self, model: str) -> Price | None:
        """The settings' price, else that of LiteLLM's table; None where neither has one."""
        said, facts = super().price(model), facts_of(model)
        rates = [facts.get(f"{side}_cost_per_token") for side in ("input", "output")]
        if said is not None or not all(isinstance(rate, int | float) for rate in rates):
            return said
        read, written = (float(rate or 0) * self.eur_per_usd * 1e6 for rate in rates)
        return Price(input_eur=read, output_eur=written)


class LiteLLMServer(LiteLLMSettings):
    """One of several accounts; what it does not say is as in the section itself."""

    name: ServerName


class LiteLLMConfig(LiteLLMSettings):
    """The section `litellm` of the settings."""

    servers: Annotated[tuple[LiteLLMServer, ...], AfterValidator(no_name_twice)] = ()
    """Several accounts, each with a name."""


class LiteLLM(ModelServer):
    """Asks the services of one account. Safe to use from several threads."""

    name = "litellm"

    def __init__(self, config: LiteLLMConfig, server: str = "litellm") -> None:
        self._config = config
        super().__init__(
            config.as_server(server, self.name, is_local=config.local), config.api_base or "LiteLLM", config.models
        )

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; a reply cut off on its way is one.

        Where it is stopped or late, whoever waits is let go at once. The connection is hung up at the next piece that
        comes, or when the service falls silent for too long: LiteLLM has no way to do so from outside.
        """
        from integrations.llm._litellm_asked import gathered

        if self.server.limits.max_context:
            refuse_too_long(request, self.server.limits.max_context)
        model = request.model or self.first(self.look(CHOOSE_S))
        self.load()
        line, said = self._line(self._config.patience()), Gathering(hear)
        messages = [spelt(message) for message in request.messages]
        asked = {**self._account(model), "messages": messages, **options_of(self._config, request)}
        reason, used = gathered(asked, line, said)
        return ModelReply(
            text=said.text,
            provider=self.name,
            server=self.server.name,
            model=model,
            usage=used_as(used, self._config.price(model)),
            seconds=time.monotonic() - line.started,
            first_token_s=line.first_token_s,
            truncated=reason in CUT or said.is_full,
        )

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors. Raises a `ModelError`; `ModelMissing` where the settings name no model for vectors."""
        from integrations.llm._litellm_asked import vectors

        model = next((card.name for card in self.look(CHOOSE_S) if card.embeds), "")
        if not model:
            raise ModelMissing("LiteLLM has no model for vectors.", advice="Name one as `llm.litellm.embed_model`.")
        self.load()
        line = self._line(self._config.patience_of_lookup(EMBED_S))
        found = within(EMBED_S, self._where, lambda: vectors(self._account(model), texts, line))
        return Embedding(vectors=found, model=model, digest=f"{self._where}#{model}")

    def cards(self) -> tuple[ModelCard, ...]:
        """The models of the settings; LiteLLM is not even imported."""
        return self.look(0)

    def look(self, seconds: float) -> tuple[ModelCard, ...]:
        """The models of the settings, with what LiteLLM's table has on them; nobody is asked."""
        del seconds
        named = dict.fromkeys((*self._config.models, self._config.embed_model))
        return tuple(self._card(model) for model in named if model)

    def _card(self, model: str) -> ModelCard:
        facts, (writes, embeds) = facts_of(model), kinds(model)
        context = facts.get("max_input_tokens") or facts.get("max_tokens")
        if isinstance(mode := facts.get("mode"), str):
            writes, embeds = mode in ("chat", "completion", "responses"), mode == "embedding"
        embeds = embeds or model == self._config.embed_model
        return ModelCard(
            name=model,
            context=context if isinstance(context, int) else None,
            writes=writes and not embeds,
            embeds=embeds,
            price=self._config.price(model),
        )

    def status(self) -> ProviderStatus:
        """Which models the settings name. Nobody is asked: a question would cost money."""
        names = tuple(card.name for card in self.look(CHOOSE_S))
        if not self._config.models:
            return ProviderStatus(available=False, detail="LiteLLM: the settings name no models", advice=ADVICE)
        detail = f"{self._where}, {len(names)} of the settings' models, {names[0]} serves; nobody was asked"
        return ProviderStatus(available=True, detail=detail, models=names)

    def load(self) -> None:
        """Import LiteLLM."""
        from integrations.llm._litellm_asked import loaded

        loaded()

    def missing(self, model: str, cards: Sequence[ModelCard]) -> ModelMissing:
        """The error for a model that is not among these."""
        there = ", ".join(card.name for card in cards) or "none"
        return ModelMissing(f"LiteLLM has no model {model or 'that writes'}; the settings name {there}.", advice=ADVICE)

    def _account(self, model: str) -> dict[str, Any]:
        """Model, key and address, as LiteLLM takes them; without a key it looks for that service's own variable."""
        key = self._config.api_key.get_secret_value()
        return {"model": model, "api_key": key or None, "api_base": self._config.api_base or None}

    def _line(self, patience: Patience) -> Line:
        from integrations.llm._line import Line

        return Line(
            host=self._where,
            api_key=self._config.api_key.get_secret_value(),
            patience=patience,
            speaks="the service",
            start="See whether the service works, and whether [llm.litellm] names its models as LiteLLM does.",
        )


def _open(section: Mapping[str, Any]) -> tuple[LiteLLM, ...]:
    if importlib.util.find_spec("litellm") is None:
        raise BadSettings("The model provider `litellm` is not installed", advice="pip install 'kowal[cloud]'")
    config = read_section(section, LiteLLMConfig, "litellm")
    listed = tuple(LiteLLM(own, f"litellm:{name}") for name, own in each_server(config, config.servers))
    return listed or (LiteLLM(config),)


PROVIDER = ProviderInfo(
    name="litellm",
    summary="Services in the cloud with APIs of their own: Anthropic, Google, Azure, Bedrock, ... (kowal[cloud])",
    open=_open,
)
