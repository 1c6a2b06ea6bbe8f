"""What the agent asks of its neighbours, language models, and what they are. Integrations implement it."""

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
    DIAGNOSE = "diagnose"
    HOST = "host"
    """A function asks, by its grant."""
    SERVICE = "service"
    """A program asks, through the service."""
    BENCH = "bench"
    """An operator measures how fast a model is."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What whoever asks demands of whoever answers; nothing of it is ever overruled."""

    provider: str = ""
    """The provider, or one of its servers, by name; empty leaves the choice."""
    model: str = ""
    """`model` or `provider/model`; empty leaves the choice."""
    local_only: bool = False
    """What is asked never leaves the operator's own machines, whatever fails."""
    prefer_local: bool = True
    """The operator's own servers first, as long as one lives."""
    force_cloud: bool = False
    """Only services in the cloud, in the order of the settings."""
    max_latency_ms: float | None = None
    """For the whole reply. A server that was measured to be slower is left out."""
    max_cost_eur: float | None = None
    """For one request. A model whose price is not known is left out."""
    complexity: Literal["low", "normal", "high"] = "normal"
    """`high` asks for the largest model that may serve, `low` for the fastest."""


NO_CONSTRAINTS = Constraints()


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
    constraints: Constraints = NO_CONSTRAINTS
    """Of this request; those of its task hold as well."""
    reusable: bool = False
    """True where the same request may be answered by what was replied before: it wants no independent sample."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a request used, as the server counted it."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_eur: float | None = 0.0
    """None where nobody knows the price: never the same as nothing."""


@dataclass(frozen=True, kw_only=True)
class ModelReply:
    """A model's answer, exactly as it came."""

    text: str
    """May be empty, cut off, fenced, or anything but JSON."""
    provider: str
    model: str
    usage: Usage = Usage()
    server: str = ""
    """The server's name; empty where the provider has but one."""
    seconds: float = 0.0
    first_token_s: float | None = None
    """Seconds until its first piece came; None where it came as a whole."""
    truncated: bool = False
    """True where the model stopped at its length limit."""
    is_kept: bool = False
    """True where it was replied to the same request before: nothing was asked and nothing spent."""


@dataclass(frozen=True, kw_only=True)
class ProviderStatus:
    """What a look at the provider showed."""

    available: bool
    detail: str
    """One line for people: the address and the models, or why it does not answer."""
    models: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What tokens cost, in euros a million."""

    input_eur: float
    output_eur: float


FREE = Price(input_eur=0.0, output_eur=0.0)


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """A model as its server describes it."""

    name: str
    digest: str = ""
    """Of its weights; empty where the server does not say."""
    params_b: float | None = None
    """Billions of parameters; None where that is not known."""
    size_gb: float | None = None
    """Of its file, in gigabytes of 10^9 bytes."""
    context: int | None = None
    """The longest context that it was made for, in tokens."""
    writes: bool = True
    embeds: bool = False
    price: Price | None = None
    """None where nobody knows it."""


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """Which models of a server are used, and how."""

    concurrency: int | None = None
    """Requests at a time; None for no limit."""
    max_params_b: float | None = None
    max_size_gb: float | None = None
    max_context: int | None = None
    """In tokens."""
    allow: tuple[str, ...] = ()
    """Names of models, with `*` for any characters; empty allows all."""
    deny: tuple[str, ...] = ()
    strict: bool = False
    """Refuses a model whose size is not known where there is a limit on it."""


NO_LIMITS = ServerLimits()


@dataclass(frozen=True, kw_only=True)
class Server:
    """One place that answers: a machine of the operator's, or a service in the cloud."""

    name: str
    """Its own among all servers: the provider's name, or `provider:name` where that has several."""
    provider: str
    is_local: bool
    """True where what is asked stays on the operator's own machines."""
    limits: ServerLimits = NO_LIMITS
    eur_per_hour: float = 0.0
    """What an hour of it costs while it answers."""


Hear = Callable[[str], None]
"""Is given each piece of a reply as it comes."""


def unheard(piece: str) -> None:
    """For whoever waits for the whole reply."""
    del piece


class LLMProvider(Protocol):
    """One server of language-model replies."""

    @property
    def name(self) -> str:
        """The provider's."""
        ...

    @property
    def server(self) -> Server:
        """Which of the provider's servers this is."""
        ...

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The model's whole reply. Raises a `ModelError`; never returns half a reply as if it were whole.

        Where the thread is stopped (`sandbox.stopping`) the connection is closed and `Stopped` raised.
        """
        ...

    def cards(self) -> Sequence[ModelCard]:
        """The models that it has, those to be preferred first. Raises a `ModelError`, within two seconds."""
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


class Discovery(Protocol):
    """Looks for servers that no settings list."""

    @property
    def name(self) -> str:
        """Where it looks, for people: `ollama:tailscale`."""
        ...

    def found(self) -> Sequence[LLMProvider]:
        """Those that are there, looked for at most once a minute, which may take some seconds. Never raises.

        The same server is the same object each time.
        """
        ...

    def status(self) -> ProviderStatus:
        """What the latest look found, or why it could not look; looks where it is time to. Never raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProviderInfo:
    """What a provider's file offers under the name `PROVIDER`."""

    name: str
    summary: str
    """One line for `--help` and the docs."""
    open: Callable[[Mapping[str, Any]], Sequence[LLMProvider]]
    """Its raw section of the settings in, its servers out, at least one. Raises `BadSettings`. Asks nobody."""
    discovery: Callable[[Mapping[str, Any]], Discovery | None] = lambda _: None
    """Its raw section in, what looks for more servers out; None where the section asks for no looking. Asks nobody."""
