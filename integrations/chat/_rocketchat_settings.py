"""What the section `[chat.rocketchat]` of the settings says of the server and of our account there."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import pyotp
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from agent.errors import BadSettings
from agent.talking.settings import own_part
from integrations.section import read_section

NAME = "rocketchat"
Source = tuple[SecretStr, Path | None]
"""A secret, or the file that it stands in instead."""


def address(url: str) -> str:
    """The server's base URL, which may end in a path. Raises `ValueError` for what is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with http:// or https:// and names a host")
    if parts.username or parts.password:
        raise ValueError("an address holds no password")
    if parts.query or parts.fragment:
        raise ValueError("an address ends before ? and #")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class RocketChatConfig(BaseModel):
    """Where the server is, and how we log in and hear."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(address)]
    """With the path, where the server stands below one."""
    user: str = ""
    """Our account's name; with a password."""
    user_id: str = ""
    """Our account's id; with a token."""
    token: SecretStr = SecretStr("")
    """A personal access token."""
    token_file: Path | None = None
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    totp_secret: SecretStr = SecretStr("")
    """What the codes of the second factor are made from, in base32."""
    totp_secret_file: Path | None = None
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's."""
    listen: Literal["realtime", "webhook", "poll"] = "realtime"
    webhook_token: SecretStr = SecretStr("")
    """What the server's outgoing integration says to show that it is it."""
    webhook_token_file: Path | None = None
    webhook_host: str = "127.0.0.1"
    webhook_port: int = Field(default=8065, ge=0, le=65535)
    trigger_words: tuple[str, ...] = ()
    """A message that begins with one of them is to us, as if it mentioned us."""
    poll_s: float = Field(default=10.0, ge=0.05, le=3600)
    """Seconds between two looks for what is new, where nothing tells of it."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, (value, file) in self._sources.items():
            if value.get_secret_value() and file:
                raise ValueError(f"it names `{name}` or `{name}_file`, not both")
        if not (self.has("token") and self.user_id) and not (self.has("password") and self.user):
            raise ValueError("it needs `user_id` and `token`, or `user` and `password`")
        if self.listen == "webhook" and not self.has("webhook_token"):
            raise ValueError("to listen by webhook it needs `webhook_token`")
        return self

    @property
    def _sources(self) -> Mapping[str, Source]:
        return {
            "token": (self.token, self.token_file),
            "password": (self.password, self.password_file),
            "totp_secret": (self.totp_secret, self.totp_secret_file),
            "webhook_token": (self.webhook_token, self.webhook_token_file),
        }

    def has(self, name: str) -> bool:
        """Whether there is such a secret."""
        value, file = self._sources[name]
        return bool(value.get_secret_value() or file)

    @cached_property
    def secrets(self) -> Mapping[str, str]:
        """The values of the secrets, by name; empty for what there is not. Raises `BadSettings` without them in it."""
        return {name: _read(name, *source) for name, source in self._sources.items()}


def _read(name: str, value: SecretStr, file: Path | None) -> str:
    if file is None:
        return value.get_secret_value()
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"`{name}_file`: {file} cannot be read ({type(error).__name__})") from None
    if not found:
        raise _bad(f"`{name}_file`: {file} is empty")
    return found


def _bad(message: str) -> BadSettings:
    return BadSettings(f"The settings of the chat {NAME!r}: {message}.", advice="docs/settings.md says what it takes.")


def read_config(section: Mapping[str, Any]) -> RocketChatConfig:
    """The section's part that is about the server. Raises `BadSettings`; asks nobody."""
    config = read_section(own_part(section), RocketChatConfig, NAME, kind="chat")
    try:
        code = one_time_code(config.secrets["totp_secret"])
    except ValueError:
        raise _bad("`totp_secret` is not base32 of 112 bits or more") from None
    for name, value in (("user_id", config.user_id), ("token", config.secrets["token"])):
        if value and not is_sendable(value):
            raise _bad(f"`{name}` has signs that no such thing has")
    if code and not config.user:
        raise _bad("`totp_secret` goes with `user` and `password`")
    if config.ca_file is not None and not config.ca_file.is_file():
        raise _bad(f"`ca_file`: there is no {config.ca_file}")
    return config


def is_sendable(value: str) -> bool:
    """Whether it can go into a header."""
    return bool(value) and value.isascii() and value.isprintable() and " " not in value


def one_time_code(secret: str) -> str:
    """The second factor's code of this half minute; empty without a secret. Raises `ValueError` for what is none."""
    return pyotp.TOTP(secret.replace(" ", "")).now() if secret else ""
