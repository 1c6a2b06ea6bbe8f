"""What the section `[codehost.gitlab]` of the settings says of the server and of our account there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from agent.hosting.settings import HostSettings
from agent.talking.settings import own_part
from integrations.account import AccountSettings, Source, is_sendable
from integrations.section import read_section

NAME = "gitlab"


class GitLabConfig(AccountSettings):
    """Where the server is, and how we log in and hear."""

    kind: ClassVar[str] = "code host"
    name: ClassVar[str] = NAME

    token: SecretStr = SecretStr("")
    """An access token of our account, a personal one or one of a project or group, with the scope `api`."""
    token_file: Path | None = None
    proxy: str = ""
    """By which the server is reached, in the place of what the environment says; a URL."""
    webhook_secret: SecretStr = SecretStr("")
    """What the server's webhooks carry as `X-Gitlab-Token`."""
    webhook_secret_file: Path | None = None
    webhook_signing: SecretStr = SecretStr("")
    """What the server signs its webhooks with; where both are set, both must hold."""
    webhook_signing_file: Path | None = None
    webhook_host: str = "127.0.0.1"
    webhook_port: int = Field(default=0, ge=0, le=65535)
    """0: no webhook is heard."""
    webhook_verify_tls: bool = True
    """Whether webhooks that Kowal makes have the server verify our certificate."""
    poll_s: float = Field(default=30.0, ge=0.05, le=3600)
    """Seconds between two rounds."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.has("token"):
            raise ValueError("it needs `token` or `token_file`")
        if self.webhook_port and not (self.has("webhook_secret") or self.has("webhook_signing")):
            raise ValueError("to hear webhooks it needs `webhook_secret` or `webhook_signing`")
        if self.proxy and not (urlsplit(self.proxy).hostname and urlsplit(self.proxy).scheme in ("http", "https")):
            raise ValueError("`proxy` starts with http:// or https:// and names a host")
        return self

    @property
    def sources(self) -> Mapping[str, Source]:
        """See `AccountSettings`."""
        return {
            "token": (self.token, self.token_file),
            "webhook_secret": (self.webhook_secret, self.webhook_secret_file),
            "webhook_signing": (self.webhook_signing, self.webhook_signing_file),
        }


def read_config(section: Mapping[str, Any]) -> GitLabConfig:
    """The section's part that is about the server. Raises `BadSettings`; asks nobody."""
    config = read_section(own_part(section, HostSettings), GitLabConfig, NAME, kind="code host")
    config.check_files()
    for name, value in config.secrets.items():
        if value and not is_sendable(value):
            raise config.bad(f"`{name}` has signs that no such thing has")
    return config


def named_projects(section: Mapping[str, Any]) -> tuple[str, ...]:
    """The projects and groups in which Kowal answers, by path or id; none where it is all. Raises `BadSettings`."""
    return tuple(each.strip().strip("/") for each in HostSettings.of(NAME, section).rooms)
