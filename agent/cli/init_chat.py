"""`kowal init NAME` for a chat: asks what it needs, tries it, and writes the section of the settings."""

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.cli.asking import attended, read_hidden, read_line
from agent.cli.render import out, print_json
from agent.config import load_settings, settings_file
from agent.errors import BadSettings, BadTask, ChannelError
from agent.loader import load
from agent.ports import ProviderStatus
from agent.talking.channel import ChannelInfo

SECRET = ("password", "token", "secret")


def init_chat(name: str, sets: Sequence[str], *, json_output: bool) -> None:
    """Ask, try, write. Raises `BadSettings` for a chat that is there, `ChannelError` for one that does not work."""
    channel: ChannelInfo = load("integrations.chat", name)
    if name in load_settings().chat:
        advice = f"Change it in {settings_file()}, or remove it there and repeat the command."
        raise BadSettings(f"The settings have a section [chat.{name}] already", advice=advice)
    section = given(sets)
    if attended() and not json_output:
        section = asked(channel, section)
    status = tried(channel, section)
    written = write(name, section)
    if json_output:
        print_json({"chat": name, "status": status.detail, "settings": str(settings_file()), "section": written})
        return
    out.print(f"{status.detail}\nWritten to {settings_file()}, secrets into files beside it.", markup=False)
    out.print(
        f"Next: say in [chat.{name}] who may ask and approve (docs/settings.md), add the account to rooms, and run "
        "`kowal serve`.",
        markup=False,
    )


def given(sets: Sequence[str]) -> dict[str, str]:
    """The settings named on the command line. Raises `BadTask` for what is no `KEY=VALUE`."""
    pairs = [each.partition("=") for each in sets]
    if bad := [key for key, sign, _ in pairs if not (key and sign)]:
        raise BadTask(
            f"--set takes KEY=VALUE, and not {bad[0]!r}", advice="For example: --set url=https://chat.example.org"
        )
    return {key.strip(): value for key, _, value in pairs}


def asked(channel: ChannelInfo, section: Mapping[str, str]) -> dict[str, str]:
    """The section with what the person says; a secret belongs to the answer before it, and goes without it."""
    found, before = dict(section), ""
    for key, question in channel.questions:
        is_secret = key.endswith(SECRET)
        if key in found or f"{key}_file" in found:
            before = key
        elif is_secret and not before:
            continue
        elif not is_secret and opens(channel, found):
            break
        else:
            answer = (read_hidden if is_secret else read_line)(f"{question}: ")
            found |= {key: answer} if answer else {}
            before = before if is_secret else answer
    return found


def opens(channel: ChannelInfo, section: Mapping[str, str]) -> bool:
    """Whether that is all it needs."""
    try:
        channel.open(section).close()
    except BadSettings:
        return False
    return True


def tried(channel: ChannelInfo, section: Mapping[str, str]) -> ProviderStatus:
    """What the chat says of itself. Raises `ChannelError` where that does not work, `BadSettings` for a lack."""
    opened = channel.open(section)
    try:
        status = opened.status()
    finally:
        opened.close()
    if not status.available:
        raise ChannelError(status.detail, advice=status.advice, kept="Nothing was written.")
    return status


def write(name: str, section: Mapping[str, str]) -> dict[str, Any]:
    """The section as it was added to the settings file: secrets are in files of their own that only we may read.

    Raises `BadSettings` where the settings file cannot take it.
    """
    file = settings_file()
    hidden = {key: value for key, value in section.items() if key.endswith(SECRET)}
    places = {f"{key}_file": str(file.absolute().parent / f"{name}-{key.replace('_', '-')}") for key in hidden}
    shown = {key: value for key, value in section.items() if key not in hidden} | places
    lines = [f"[chat.{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())]
    try:
        old = file.read_text("utf-8") if file.exists() else ""
        new = f"{old}{'' if old.endswith('\n') or not old else '\n'}{'\n' if old else ''}{'\n'.join(lines)}\n"
        if tomllib.loads(new)["chat"][name] != shown:
            raise ValueError("it would not say what it should")
        file.parent.mkdir(parents=True, exist_ok=True)
        for key, value in hidden.items():
            keep(Path(places[f"{key}_file"]), value)
        with file.open("a", encoding="utf-8") as end:
            end.write(new[len(old) :])
    except (OSError, ValueError, KeyError) as error:
        raise BadSettings(f"{file} cannot take a section [chat.{name}]: {type(error).__name__}") from None
    return shown


def keep(place: Path, value: str) -> None:
    """Write a secret where nobody else reads it."""
    number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        os.fchmod(number, 0o600)
        file.write(f"{value}\n")
