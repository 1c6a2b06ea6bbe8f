"""What the settings say of an account on a server: where it is, and secrets that may stand in files."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, model_validator

from agent.errors import BadSettings

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


class AccountSettings(BaseModel):
    """What every account's settings have. A secret `x` is a field of its own, and so is `x_file`, the file it is in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: ClassVar[str]
    """What the section is of, in words for people."""
    name: ClassVar[str]
    """The section's."""

    url: Annotated[str, AfterValidator(address)]
    """With the path, where the server stands below one."""
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's."""

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        for name, (value, file) in self.sources.items():
            if value.get_secret_value() and file:
                raise ValueError(f"it names `{name}` or `{name}_file`, not both")
        return self

    @property
    def sources(self) -> Mapping[str, Source]:
        """The secrets by name, each as it is or as the file that it stands in."""
        raise NotImplementedError

    def has(self, name: str) -> bool:
        """Whether there is such a secret."""
        value, file = self.sources[name]
        return bool(value.get_secret_value() or file)

    @cached_property
    def secrets(self) -> Mapping[str, str]:
        """The values of the secrets, by name; empty for what there is not. Raises `BadSettings` without them in it."""
        return {name: self._read(name, *source) for name, source in self.sources.items()}

    def check_files(self) -> None:
        """Raise `BadSettings` where a file that is named is not there."""
        _ = self.secrets
        if self.ca_file is not None and not self.ca_file.is_file():
            raise self.bad(f"`ca_file`: there is no {self.ca_file}")

    @classmethod
    def bad(cls, message: str) -> BadSettings:
        """The error for what is wrong with the section."""
        advice = "docs/settings.md says what it takes."
        return BadSettings(f"The settings of the {cls.kind} {cls.name!r}: {message}.", advice=advice)

    def _read(self, name: str, value: SecretStr, file: Path | None) -> str:
        if file is None:
            return value.get_secret_value()
        try:
            found = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self.bad(f"`{name}_file`: {file} cannot be read ({type(error).__name__})") from None
        if not found:
            raise self.bad(f"`{name}_file`: {file} is empty")
        return found


def is_sendable(value: str) -> bool:
    """Whether it can go into a header."""
    return bool(value) and value.isascii() and value.isprintable() and " " not in value
