"""What the settings say of each server of a provider: how long it may take, and which of its models are used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from agent.errors import KowalError, ModelTimedOut
from agent.ports import Server, ServerLimits

if TYPE_CHECKING:
    from integrations.llm._line import Patience

LOOKUP_S = 1.8
"""For a look at a server: with what comes around it, two seconds."""
K = 1024
"""Tokens of context that people call a thousand."""


def split_names(value: Any) -> Any:
    """Names in one text, as the environment has them, apart."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(split_names)]
ServerName = Annotated[str, Field(pattern=r"^[\w.-]+$")]


class ServerSettings(BaseModel):
    """What holds for one server; in the provider's own section: for each that does not say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token. A listed server has its own or none."""
    concurrency: int | None = Field(default=None, ge=1)
    """Requests at a time."""
    memory_gb: float | None = Field(default=None, gt=0)
    """What it has for models; limits that are not given follow from it."""
    max_params_b: float | None = Field(default=None, gt=0)
    """Billions of parameters."""
    max_size_gb: float | None = Field(default=None, gt=0)
    max_context_k: float | None = Field(default=None, gt=0)
    """In 1,024 tokens."""
    allow: Names = ()
    """Names of models, with `*`; none allows all."""
    deny: Names = ()
    strict: bool = False
    """Refuses models of unknown size where there is a limit on it."""
    eur_per_hour: float = Field(default=0.0, ge=0)
    """What an hour of it costs while it answers."""
    timeout_s: float = Field(default=300.0, gt=0)
    """The whole reply, from the connection to the last byte."""
    connect_timeout_s: float = Field(default=2.0, gt=0)
    first_token_timeout_s: float = Field(default=120.0, gt=0)
    """Until the reply begins; a model may have to be loaded before."""
    token_timeout_s: float = Field(default=60.0, gt=0)
    """From one piece of the reply to the next."""

    def limits(self) -> ServerLimits:
        """Which of its models are used, and how."""
        params_b, context = derived(self.memory_gb) if self.memory_gb else (None, None)
        return ServerLimits(
            concurrency=self.concurrency,
            max_params_b=self.max_params_b or params_b,
            max_size_gb=self.max_size_gb,
            max_context=int(self.max_context_k * K) if self.max_context_k else context,
            allow=self.allow,
            deny=self.deny,
            strict=self.strict,
        )

    def as_server(self, name: str, provider: str, *, is_local: bool) -> Server:
        """The server, as whoever routes knows it."""
        return Server(
            name=name, provider=provider, is_local=is_local, limits=self.limits(), eur_per_hour=self.eur_per_hour
        )

    def patience(self) -> Patience:
        """How long it may take for a reply."""
        from integrations.llm._line import Patience

        return Patience(
            connect_s=self.connect_timeout_s,
            first_token_s=self.first_token_timeout_s,
            token_s=self.token_timeout_s,
            whole_s=self.timeout_s,
        )

    def patience_of_lookup(self, seconds: float) -> Patience:
        """How long it may take to say something of itself."""
        from integrations.llm._line import Patience

        return Patience.of_lookup(self.connect_timeout_s, min(self.timeout_s, seconds))


def derived(memory_gb: float) -> tuple[float, int]:
    """The billions of parameters and the tokens of context that fit into memory, of models in four bits."""
    if memory_gb <= 8:
        return 5 * memory_gb / 8, 4 * K
    if memory_gb <= 16:
        return 12.0, 8 * K
    return 0.75 * memory_gb, 16 * K


class Listed(Protocol):
    """One entry of a provider's `servers`."""

    @property
    def name(self) -> str:
        """Its name among them."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """What the entry says itself."""
        ...


def each_server[C: ServerSettings](config: C, entries: Iterable[Listed]) -> Iterator[tuple[str, C]]:
    """The name of each listed server, with the provider's section as it is for that one."""
    for entry in entries:
        yield entry.name, as_for(config, {key: getattr(entry, key) for key in entry.model_fields_set - {"name"}})


def as_for[C: ServerSettings](config: C, said: Mapping[str, Any]) -> C:
    """The provider's section with what is said of one server; the section's key is not for that one."""
    return config.model_copy(update={"api_key": SecretStr(""), **said})


def no_name_twice[E: Listed](entries: tuple[E, ...]) -> tuple[E, ...]:
    """The entries. Raises `ValueError` where two have one name."""
    if len({entry.name for entry in entries}) < len(entries):
        raise ValueError("two servers have the same name")
    return entries


def within[T](seconds: float, where: str, work: Callable[[], T]) -> T:
    """What the work gives or raises, as long as it does so in time. Looking up a host name heeds no time-out of ours.

    Raises `ModelTimedOut` otherwise; the work is left to itself.
    """
    done: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = work()
        except KowalError as error:
            refused = error
            done.put(lambda: _raised(refused))
        else:
            done.put(lambda: value)

    threading.Thread(target=run, name="look at a model server", daemon=True).start()
    try:
        answer = done.get(timeout=seconds)
    except queue.Empty:
        raise ModelTimedOut(f"{where} did not answer in time ({seconds:g} s)") from None
    return answer()


def _raised(error: KowalError) -> Any:
    raise error


def full(model: str) -> str:
    """An Ollama model's name with its tag; a bare name means `latest`."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"
