"""What the section `[chat.rocketchat]` of the settings says of the server and of our account there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import pyotp
from pydantic import Field, SecretStr, model_validator

from agent.talking.settings import own_part
from integrations.account import AccountSettings, Source, is_sendable
from integrations.section import read_section

NAME = "rocketchat"


class RocketChatConfig(AccountSettings):
    """Where the server is, and how we log in and hear."""

    kind: ClassVar[str] = "chat"
    name: ClassVar[str] = NAME

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
        if not (self.has("token") and self.user_id) and not (self.has("password") and self.user):
            raise ValueError("it needs `user_id` and `token`, or `user` and `password`")
        if self.listen == "webhook" and not self.has("webhook_token"):
            raise ValueError("to listen by webhook it needs `webhook_token`")
        return self

    @property
    def sources(self) -> Mapping[str, Source]:
        """See `AccountSettings`."""
        return {
            "token": (self.token, self.token_file),
            "password": (self.password, self.password_file),
            "totp_secret": (self.totp_secret, self.totp_secret_file),
            "webhook_token": (self.webhook_token, self.webhook_token_file),
        }


def read_config(section: Mapping[str, Any]) -> RocketChatConfig:
    """The section's part that is about the server. Raises `BadSettings`; asks nobody."""
    config = read_section(own_part(section), RocketChatConfig, NAME, kind="chat")
    config.check_files()
    try:
        code = one_time_code(config.secrets["totp_secret"])
    except ValueError:
        raise config.bad("`totp_secret` is not base32 of 112 bits or more") from None
    for name, value in (("user_id", config.user_id), ("token", config.secrets["token"])):
        if value and not is_sendable(value):
            raise config.bad(f"`{name}` has signs that no such thing has")
    if code and not config.user:
        raise config.bad("`totp_secret` goes with `user` and `password`")
    return config


def one_time_code(secret: str) -> str:
    """The second factor's code of this half minute; empty without a secret. Raises `ValueError` for what is none."""
    return pyotp.TOTP(secret.replace(" ", "")).now() if secret else ""
