"""Settings in, Router out: the model servers, and what the router asks of ledger, cache, speeds, veil and learning."""

from collections.abc import Sequence

from agent.config import Settings
from agent.loader import load
from agent.ports import Discovery, LLMProvider
from agent.rights.secrets import forms
from agent.routing.aids import Aids, NoCache, as_they_are
from agent.routing.cache import KeptReplies
from agent.routing.learning import Learnt, counted
from agent.routing.ledger import KeptLedger
from agent.routing.router import Memory, Router, asked_anew
from agent.routing.speeds import KeptSpeeds
from agent.routing.veil import KeptVeil
from registry import Operations


def open_router(settings: Settings, aids: Aids, memory: Memory = asked_anew) -> Router:
    """What chooses among the servers of all providers; none is asked yet. Raises `BadSettings`."""
    wanted = settings.routing
    return Router(
        open_providers(settings),
        memory,
        aids,
        discoveries=open_discoveries(settings),
        patience=wanted.as_patience(),
        prefer_local=wanted.prefer_local,
        refresh_s=wanted.refresh_s,
    )


def aids_of(settings: Settings, operations: Operations) -> Aids:
    """What the router asks of its neighbours: ledger, cache, speeds, veil, and what was learnt where that is wanted."""
    calls, learning = operations.model_calls, settings.learning
    speeds = KeptSpeeds(calls)
    learnt = Learnt(records=lambda: counted(operations), hour_eur=learning.hour_eur, explored=learning.explored)
    return Aids(
        ledger=KeptLedger(calls, speeds, settings.budgets.as_budgets()),
        cache=open_replies(settings) if settings.replies.keep_days else NoCache(),
        speeds=speeds,
        veil=veil_of(settings),
        order=learnt if learning.on else as_they_are,
    )


def open_replies(settings: Settings) -> KeptReplies:
    """The replies that may be given again; other settings of the providers may have them answer otherwise."""
    kept = settings.replies
    return KeptReplies(
        settings.cache / "replies.sqlite",
        keep_s=kept.keep_days * 86_400,
        max_bytes=int(kept.max_mib * (1 << 20)),
        parameters=settings.llm,
    )


def veil_of(settings: Settings) -> KeptVeil:
    """What keeps secrets and personal data from services in the cloud."""
    hidden = {text for value in settings.hidden.values() for text in (value, *forms(value))}
    return KeptVeil(hidden, personal=settings.veil.personal, region=settings.veil.region or None)


def open_providers(settings: Settings) -> tuple[LLMProvider, ...]:
    """The servers of all providers, in the order of the settings. Raises `BadSettings`."""
    return tuple(server for name in settings.providers for server in open_provider(settings, name))


def open_provider(settings: Settings, name: str) -> Sequence[LLMProvider]:
    """The servers of one model provider. Raises `BadSettings` for a name or a key that is none."""
    servers: Sequence[LLMProvider] = load("integrations.llm", name).open(settings.provider_section(name))
    return servers


def open_discoveries(settings: Settings) -> tuple[Discovery, ...]:
    """What looks for servers that the settings do not list. Raises `BadSettings`."""
    opened = (load("integrations.llm", name).discovery(settings.provider_section(name)) for name in settings.providers)
    return tuple(each for each in opened if each is not None)
