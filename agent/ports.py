"""What the agent asks of its neighbours: language models. Integrations implement it; nothing here imports them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable


class Purpose(StrEnum):
    """What a request to a model is for; routing and scripted replies choose by it."""

    SPECIFY = "specify"
    TEST = "test"
    GENERATE = "generate"
    REPAIR = "repair"
    ENHANCE = "enhance"
    MATCH = "match"
    ARGUMENTS = "arguments"
    HOST = "host"
    """A function asks, by its grant."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[bytes, ...] = ()
    """Image files, as bytes (PNG or JPEG), for models that see."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One question to a model."""

    messages: tuple[Message, ...]
    purpose: Purpose
    task: str = ""
    """The task's text, for providers that choose by it and for the record."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the reply should obey. Never believed: replies are validated by whoever asked."""
    seed: int | None = None
    temperature: float | None = None
    """None leaves it to the provider's settings."""
    model: str | None = None
    """`model` or `provider/model`; None leaves the choice to the router and the provider."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a request used, as the server counted it."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_eur: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ModelReply:
    """A model's answer, exactly as it came."""

    text: str
    """May be empty, cut off, fenced, or anything but JSON."""
    provider: str
    model: str
    usage: Usage = Usage()
    seconds: float = 0.0
    truncated: bool = False
    """True where the model stopped at its length limit."""


@dataclass(frozen=True, kw_only=True)
class ProviderStatus:
    """What a look at the provider showed."""

    available: bool
    detail: str
    """One line for people: the address and the models, or why it does not answer."""
    models: tuple[str, ...] = ()
    advice: str = ""


class LLMProvider(Protocol):
    """A source of language-model replies."""

    name: str

    def complete(self, request: ModelRequest) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; never returns half a reply as if it were whole."""
        ...

    def status(self) -> ProviderStatus:
        """Whether it answers and with which models, within two seconds. Never raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Texts as vectors: what is near in meaning is near in direction."""

    vectors: tuple[tuple[float, ...], ...]
    """One for each text, in their order; all of one length, of finite numbers."""
    model: str
    digest: str
    """Of the model's weights: vectors of two digests cannot be compared."""


@runtime_checkable
class Embedder(Protocol):
    """A source of vectors; a provider of replies may be one."""

    name: str

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors. Raises a `ModelError`; `ModelMissing` where no model there is for vectors."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProviderInfo:
    """What a provider's file offers under the name `PROVIDER`."""

    name: str
    summary: str
    """One line for `--help` and the docs."""
    open: Callable[[Mapping[str, Any]], LLMProvider]
    """Its raw section of the settings in, the provider out. Raises `BadSettings`."""
