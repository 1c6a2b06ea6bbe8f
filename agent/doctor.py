"""Looks at everything Kowal needs and says of each: found or not, why, and what to do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from agent.channel_wiring import open_channel, open_host
from agent.config import Settings, settings_file
from agent.errors import KowalError
from agent.hosting.host import CodeHost
from agent.hosting.settings import HostSettings
from agent.loader import available
from agent.model_wiring import open_discoveries, open_provider
from agent.ports import ProviderStatus
from agent.sandbox_wiring import open_sandbox
from agent.sandboxes import named
from agent.talking.settings import ChatSettings
from agent.wiring import open_operations, open_registry
from registry import RegistryError, Status
from sandbox import SandboxError, SandboxStatus

SOON_DAYS = 14
"""Before the end of a token, when people are told what to do."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What a look at one part showed."""

    part: str
    """For example `sandbox wasm`."""
    ok: bool
    needed: bool
    """True where the settings name it: only those decide whether all is well."""
    detail: str
    advice: str = ""


def examine(settings: Settings, on_progress: Callable[[str], None]) -> Iterator[Diagnosis]:
    """One diagnosis a part, as they are found. Never raises for a part that is broken."""
    yield Diagnosis(part="settings", ok=True, needed=True, detail=settings_detail())
    yield Diagnosis(part="sandbox", ok=True, needed=True, detail=choice_detail(settings.sandbox))
    for name in available("sandbox.backends"):
        needed = name == named(settings.sandbox)[0]
        yield of_status(f"sandbox {name}", needed, sandbox_status(settings, name, on_progress))
    for name in available("integrations.llm"):
        if name in settings.providers or name == "ollama":
            for server, status in provider_status(settings, name).items():
                yield of_status(f"model {server}", name in settings.providers, status)
    yield from discovered(settings)
    for name in sorted({*available("integrations.chat"), *settings.chat}):
        yield channel_diagnosis("chat", name, settings.chat, partial(chat_status, settings, name))
    for name in sorted({*available("integrations.codehost"), *settings.codehost}):
        yield channel_diagnosis("codehost", name, settings.codehost, partial(host_status, settings, name))
    yield registry_diagnosis(settings)
    if settings.remote:
        yield remote_diagnosis(settings)
    yield database_diagnosis(settings)
    yield http_diagnosis(settings)


def settings_detail() -> str:
    """Which settings file is read."""
    file = settings_file()
    return f"{file}" if file.exists() else f"the defaults ({file} does not exist)"


def choice_detail(setting: str) -> str:
    """Which back ends are used, and for what."""
    names = named(setting)
    if len(names) == 1:
        return f"{names[0]} alone, as the settings say"
    others = " and ".join(names[1:])
    return f"{setting}: functions are proven in {names[0]}, and in {others} where it works; {names[0]} is the faster"


def of_status(part: str, needed: bool, status: SandboxStatus | ProviderStatus) -> Diagnosis:  # noqa: FBT001
    """A back end's own word as a diagnosis."""
    return Diagnosis(part=part, ok=status.available, needed=needed, detail=status.detail, advice=status.advice)


def sandbox_status(settings: Settings, name: str, on_progress: Callable[[str], None]) -> SandboxStatus:
    """What a sandbox back end says of itself."""
    try:
        sandbox = open_sandbox(settings, name, on_progress, spares=0)
    except (SandboxError, KowalError) as error:
        return SandboxStatus(available=False, detail=str(error), advice=error.advice)
    try:
        return sandbox.status()
    finally:
        sandbox.close()


def provider_status(settings: Settings, name: str) -> Mapping[str, ProviderStatus]:
    """What each server of a model provider says of itself."""
    try:
        return {each.server.name: each.status() for each in open_provider(settings, name)}
    except KowalError as error:
        return {name: ProviderStatus(available=False, detail=str(error), advice=error.advice)}


def discovered(settings: Settings) -> Iterator[Diagnosis]:
    """What was found beyond the servers that the settings list, and what each says of itself."""
    try:
        looking = open_discoveries(settings)
    except KowalError:
        return  # the provider's own line says what is wrong with its section
    for each in looking:
        yield of_status(f"model servers found by {each.name}", needed=False, status=each.status())
        for server in each.found():
            yield of_status(f"model {server.server.name}", needed=False, status=server.status())


def channel_diagnosis(
    kind: str, name: str, sections: Mapping[str, object], look: Callable[[], ProviderStatus]
) -> Diagnosis:
    """What a chat or a code host says of itself, where the settings have a section for it."""
    part = f"{kind} {name}"
    if name not in sections:
        detail = f"not configured: `kowal init {name}` asks what it needs"
        return Diagnosis(part=part, ok=False, needed=False, detail=detail)
    try:
        return of_status(part, needed=True, status=look())
    except KowalError as error:
        return Diagnosis(part=part, ok=False, needed=True, detail=str(error), advice=error.advice)


def chat_status(settings: Settings, name: str) -> ProviderStatus:
    """What a chat says. Raises `BadSettings`."""
    ChatSettings.of(name, settings.chat[name])
    with closing(open_channel(settings, name)) as channel:
        return channel.status()


def host_status(settings: Settings, name: str) -> ProviderStatus:
    """What a code host says, with advice where our token ends soon, or we may not push to production.

    Raises a `KowalError`, also for a project of the registry that cannot be seen.
    """
    wanted = HostSettings.of(name, settings.codehost[name])
    with closing(open_host(settings, name)) as host:
        status = host.status()
        advice = host_advice(host, wanted.registry_project) if status.available else []
    return replace(status, advice=" ".join(filter(None, (*advice, status.advice))))


def host_advice(host: CodeHost, registry_project: str) -> list[str]:
    """What had better be mended at a code host that answers. Raises a `KowalError`."""
    ends, advice = host.expires_at, list[str]()
    if ends is not None and ends - datetime.now(UTC) < timedelta(days=SOON_DAYS):
        advice.append(f"The token ends on {ends:%Y-%m-%d}: have a new one made, and give Kowal that.")
    if registry_project and not host.may_push(host.room_of(registry_project), "production"):
        advice.append(
            f"{registry_project} takes no pushes to `production`: what is signed waits, nothing can be quarantined. "
            "Allow the account to push there."
        )
    return advice


def registry_diagnosis(settings: Settings) -> Diagnosis:
    """How many functions the registry holds, and whether git and index agree."""
    try:
        with open_registry(settings) as registry:
            problems, rows = registry.check(), registry.list()
    except RegistryError as error:
        return Diagnosis(part="registry", ok=False, needed=True, detail=str(error), advice=error.advice)
    live = sum(row.status is Status.PRODUCTION for row in rows)
    detail = f"{settings.registry}: {len(rows)} functions, {live} in production"
    if problems:
        advice = "`kowal functions reindex` mends the index; what git itself lacks must come from a backup."
        return Diagnosis(
            part="registry", ok=False, needed=True, detail=f"{detail}; {'; '.join(problems)}", advice=advice
        )
    return Diagnosis(part="registry", ok=True, needed=True, detail=f"{detail}, index sound")


def remote_diagnosis(settings: Settings) -> Diagnosis:
    """Whether the registry's remote can be reached, and how fresh the copy is. Nothing is taken over."""
    part = "registry remote"
    try:
        with open_registry(settings) as registry:
            status = registry.remote_status()
    except RegistryError as error:
        return Diagnosis(part=part, ok=False, needed=True, detail=str(error), advice=error.advice)
    if status is None:
        raise RegistryError("The registry was opened without its remote")
    if status.fetched_at:
        copy = f"this copy was last the same {int((datetime.now(UTC) - status.fetched_at).total_seconds())} s ago"
    else:
        copy = "this registry is no copy of it yet: `kowal init` makes it one"
    if status.reason:
        detail = f"{status.reason}; {copy}"
        return Diagnosis(part=part, ok=False, needed=True, detail=detail, advice=status.advice)
    detail = f"{status.place}: reachable; {copy}; {status.behind} refs differ"
    return Diagnosis(part=part, ok=True, needed=True, detail=detail)


def database_diagnosis(settings: Settings) -> Diagnosis:
    """Whether the operational database opens."""
    try:
        operations = open_operations(settings)
    except RegistryError as error:
        return Diagnosis(part="database", ok=False, needed=True, detail=str(error), advice=error.advice)
    operations.close()
    return Diagnosis(part="database", ok=True, needed=True, detail=settings.database_place)


def http_diagnosis(settings: Settings) -> Diagnosis:
    """Whether the service answers over HTTP. That it does not run is no fault; that it could not, is one."""
    http, part = settings.http, "http"
    if not http.on:
        return Diagnosis(part=part, ok=False, needed=False, detail="off, as the settings say")
    address = f"{http.host} port {http.port}"
    if not http.is_private and not has_tokens(settings):
        detail = f"{address} is open to other machines, and nobody has a token: it does not start"
        advice = "Make one: `kowal tokens create NAME --scope tasks`. Or set `http.host` to 127.0.0.1."
        return Diagnosis(part=part, ok=False, needed=True, detail=detail, advice=advice)
    if is_answering(http.host.strip("[]"), http.port):
        return Diagnosis(part=part, ok=True, needed=False, detail=f"{address} answers")
    return Diagnosis(part=part, ok=False, needed=False, detail=f"{address}: `kowal serve` starts it")


def has_tokens(settings: Settings) -> bool:
    """Whether a token is good for anything; True where the database cannot say, which is told elsewhere."""
    try:
        with closing(open_operations(settings)) as operations:
            return any(token.is_valid for token in operations.tokens.all())
    except RegistryError:
        return True


def is_answering(host: str, port: int) -> bool:
    """Whether a service that is alive is there."""
    line = HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=1.0)  # noqa: S104
    try:
        line.request("GET", "/healthz", headers={"Host": "localhost"})
        return line.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        line.close()
