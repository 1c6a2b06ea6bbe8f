"""`kowal init NAME` for a chat or a code host: asks what it needs, tries it, and writes the section of the settings."""

import json
import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.cli.asking import attended, read_hidden, read_line
from agent.cli.render import out, print_json
from agent.config import load_settings, settings_file
from agent.errors import BadSettings, BadTask, ChannelError
from agent.hosting.host import HostInfo
from agent.hosting.settings import HostSettings
from agent.loader import available, load
from agent.ports import ProviderStatus
from agent.rights.secrets import KEYS
from agent.talking.channel import ChannelInfo
from agent.talking.settings import ChatSettings

Info = ChannelInfo | HostInfo
Section = dict[str, Any]

COMMON: Mapping[str, type[ChatSettings]] = {"chat": ChatSettings, "codehost": HostSettings}
"""What every section of a kind may have."""
WEBHOOK_URL = "webhook_url"
"""No setting: where a code host's server reaches us. With it, webhooks are made there, and heard here."""
WEBHOOK_QUESTION = (
    "The address under which the server reaches Kowal, for webhooks that Kowal makes there now; "
    "empty for none: then Kowal looks every half minute"
)
WEBHOOK_PORT = 8066
"""Where webhooks are heard unless it is said otherwise."""


def init_channel(name: str, sets: Sequence[str], *, json_output: bool) -> None:
    """Ask, try, write. Raises `BadSettings` for one that is there, `ChannelError` for one that does not work."""
    kind = kind_of(name)
    info: Info = load(f"integrations.{kind}", name)
    if name in getattr(load_settings(), kind):
        advice = f"Change it in {settings_file()}, or remove it there and repeat the command."
        raise BadSettings(f"The settings have a section [{kind}.{name}] already", advice=advice)
    section = listed(kind, given(sets))
    if attended() and not json_output:
        section = listed(kind, asked(kind, info, section))
    url = heard_at(section) if isinstance(info, HostInfo) else ""
    status = tried(kind, info, section)
    hooks = hooked(info, section, url, status) if isinstance(info, HostInfo) and url else []
    written = write(kind, name, section)
    if json_output:
        told = {kind: name, "status": status.detail, "advice": status.advice, "webhooks": hooks}
        print_json(told | {"settings": str(settings_file()), "section": written})
        return
    lines = [status.detail, *([status.advice] if status.advice else []), *hooks]
    lines.append(f"Written to {settings_file()}, secrets into files beside it.")
    if url:
        place = f"{section.get('webhook_host', '127.0.0.1')}:{section['webhook_port']}"
        lines.append(f"Kowal hears webhooks at {place}: see to it that {url} leads there.")
    lines.append(
        f"Next: say in [{kind}.{name}] who may ask and approve (docs/settings.md), add the account to "
        f"{'rooms' if kind == 'chat' else 'projects'}, and run `kowal serve`."
    )
    out.print("\n".join(lines), markup=False)


def kind_of(name: str) -> str:
    """What it is, as the settings call it. Raises `BadSettings` where there is none of that name."""
    for kind in COMMON:
        if name in available(f"integrations.{kind}"):
            return kind
    there = ", ".join(each for kind in COMMON for each in available(f"integrations.{kind}"))
    raise BadSettings(f"There is no chat and no code host `{name}`; there is {there}")


def given(sets: Sequence[str]) -> dict[str, str]:
    """The settings named on the command line. Raises `BadTask` for what is no `KEY=VALUE`."""
    pairs = [each.partition("=") for each in sets]
    if bad := [key for key, sign, _ in pairs if not (key and sign)]:
        raise BadTask(
            f"--set takes KEY=VALUE, and not {bad[0]!r}", advice="For example: --set url=https://chat.example.org"
        )
    return {key.strip(): value for key, _, value in pairs}


def listed(kind: str, section: Mapping[str, Any]) -> Section:
    """The section in which what is a list, with commas between, is one."""
    lists = lists_of(kind)
    return {
        key: [word for each in value.split(",") if (word := each.strip())]
        if key in lists and isinstance(value, str)
        else value
        for key, value in section.items()
    }


def lists_of(kind: str) -> set[str]:
    """The settings, common to all of the kind, that are lists."""
    fields = COMMON[kind].model_fields.items()
    return {field.alias or name for name, field in fields if field.annotation == tuple[str, ...]}


def asked(kind: str, info: Info, section: Section) -> Section:
    """The section with what the person says; a secret belongs to the answer before it, and goes without it."""
    found, before = dict(section), ""
    for key, question in info.questions:
        is_secret, is_common = key.endswith(KEYS), key in lists_of(kind)
        if key in found or f"{key}_file" in found:
            before = key
        elif is_secret and not before:
            continue
        elif not (is_secret or is_common) and opens(info, found):
            break
        else:
            answer = (read_hidden if is_secret else read_line)(f"{question}: ")
            found |= {key: answer} if answer else {}
            before = before if is_secret else answer
    if kind == "codehost" and WEBHOOK_URL not in found and (url := read_line(f"{WEBHOOK_QUESTION}: ")):
        found[WEBHOOK_URL] = url
    return found


def opens(info: Info, section: Section) -> bool:
    """Whether that is all it needs."""
    try:
        info.open(section).close()
    except BadSettings:
        return False
    return True


def heard_at(section: Section) -> str:
    """Where the server is to send webhooks; empty for nowhere. The section gets what it takes to hear them.

    Raises `BadTask` for what is no address.
    """
    url = str(section.pop(WEBHOOK_URL, "")).strip()
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        advice = "For example: --set webhook_url=https://kowal.example.org/gitlab"
        raise BadTask(f"{url!r} is not where a server reaches Kowal", advice=advice)
    section.setdefault("webhook_port", WEBHOOK_PORT)
    if not any(key.startswith(("webhook_secret", "webhook_signing")) for key in section):
        section["webhook_secret"] = secrets.token_urlsafe(32)
    return url


def tried(kind: str, info: Info, section: Section) -> ProviderStatus:
    """What it says of itself. Raises `ChannelError` where that does not work, `BadSettings` for a lack."""
    COMMON[kind].of(info.name, section)
    opened = info.open(section)
    try:
        status = opened.status()
    finally:
        opened.close()
    if not status.available:
        raise ChannelError(status.detail, advice=status.advice, kept="Nothing was written.")
    return status


def hooked(info: HostInfo, section: Section, url: str, status: ProviderStatus) -> list[str]:
    """What was done to have the server send webhooks there, a line for each project. Raises `ChannelError`."""
    try:
        return list(info.hook(section, url))
    except ChannelError as error:
        advice = status.advice or error.advice
        raise ChannelError(f"No webhook could be made: {error}", advice=advice, kept="Nothing was written.") from error


def write(kind: str, name: str, section: Section) -> Section:
    """The section as it was added to the settings file: secrets are in files of their own that only we may read.

    Raises `BadSettings` where the settings file cannot take it.
    """
    file = settings_file()
    hidden = {key: value for key, value in section.items() if key.endswith(KEYS)}
    places = {f"{key}_file": str(file.absolute().parent / f"{name}-{key.replace('_', '-')}") for key in hidden}
    shown = {key: value for key, value in section.items() if key not in hidden} | places
    lines = [f"[{kind}.{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())]
    try:
        old = file.read_text("utf-8") if file.exists() else ""
        new = f"{old}{'' if old.endswith('\n') or not old else '\n'}{'\n' if old else ''}{'\n'.join(lines)}\n"
        if tomllib.loads(new)[kind][name] != shown:
            raise ValueError("it would not say what it should")
        file.parent.mkdir(parents=True, exist_ok=True)
        for key, value in hidden.items():
            keep(Path(places[f"{key}_file"]), value)
        with file.open("a", encoding="utf-8") as end:
            end.write(new[len(old) :])
    except (OSError, ValueError, KeyError) as error:
        raise BadSettings(f"{file} cannot take a section [{kind}.{name}]: {type(error).__name__}") from None
    return shown


def keep(place: Path, value: str) -> None:
    """Write a secret where nobody else reads it."""
    number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        os.fchmod(number, 0o600)
        file.write(f"{value}\n")
