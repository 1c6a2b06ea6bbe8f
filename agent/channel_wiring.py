"""Settings in, chats and code hosts out: to be served, and for what functions may be granted to do there."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from agent.chat_ports import ChatActions
from agent.config import Settings
from agent.errors import BadSettings
from agent.host_ports import HostActions
from agent.hosting.host import CodeHost, HostInfo
from agent.loader import available, load
from agent.rights.chat import Chats
from agent.rights.codehost import Hosts
from agent.talking.channel import Channel, ChannelInfo


def open_channel(settings: Settings, name: str) -> Channel:
    """The chat of that name. Raises `BadSettings` where the settings have no section for it, or a wrong one."""
    refuse_unset("chat", settings.chat, name)
    info: ChannelInfo = load("integrations.chat", name)
    return info.open(settings.chat[name])


def open_host(settings: Settings, name: str) -> CodeHost:
    """The code host of that name. Raises `BadSettings` as `open_channel` does."""
    refuse_unset("codehost", settings.codehost, name)
    info: HostInfo = load("integrations.codehost", name)
    return info.open(settings.codehost[name])


def refuse_unset(kind: str, sections: Mapping[str, Any], name: str) -> None:
    """Raise `BadSettings` where there is no section of that name."""
    if name not in sections:
        there = ", ".join(available(f"integrations.{kind}"))
        advice = f"`kowal init {name}` asks what it needs. There is {there}."
        raise BadSettings(f"The settings have no {kind} `{name}`", advice=advice)


def open_actions(name: str, section: Mapping[str, Any]) -> ChatActions:
    """What functions may be granted to do in that chat. Raises `BadSettings`."""
    actions: ChatActions = load("integrations.chat", name).actions(section)
    return actions


def open_host_actions(name: str, section: Mapping[str, Any]) -> HostActions:
    """What functions may be granted to do at that code host. Raises `BadSettings`."""
    actions: HostActions = load("integrations.codehost", name).actions(section)
    return actions


def chats_of(settings: Settings) -> Chats:
    """The chats of the settings, for functions. None is opened yet."""
    return Chats({name: partial(open_actions, name, section) for name, section in settings.chat.items()})


def hosts_of(settings: Settings) -> Hosts:
    """The code hosts of the settings, for functions. None is opened yet."""
    return Hosts({name: partial(open_host_actions, name, section) for name, section in settings.codehost.items()})
