"""The settings: the only file that reads the environment, the settings file, or who and where we are."""

import contextlib
import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from agent.errors import BadGrant, BadSettings
from agent.model_settings import (
    BudgetSettings,
    LearningSettings,
    ModelSettings,
    ReplySettings,
    SpendingSettings,
    VeilSettings,
)
from agent.packages import AllowList
from agent.rights.grants import Grant, parse
from agent.rights.secrets import SHORTEST, keys_in
from agent.routing.settings import RoutingSettings
from agent.sandboxes import AUTO
from agent.service_settings import HttpSettings, TaskSettings
from registry import Remote
from sandbox import Limits
from sandbox.locks import read_requirements
from sandbox.resolver import Resolver

CONNECTION = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""The variables that say how to reach other machines."""


PROVIDER_VARIABLES = {
    "ollama": {"host": "OLLAMA_HOST", "api_key": "OLLAMA_API_KEY"},
    "openai": {"base_url": "OPENAI_BASE_URL", "api_key": "OPENAI_API_KEY"},
}
"""The variables that other programs read for the same."""


class LimitSettings(BaseModel):
    """What one run of a function may use."""

    model_config = ConfigDict(extra="forbid")

    wall_clock_s: float = Field(default=10.0, gt=0, le=3600)
    """Seconds until it is stopped."""
    granted_wall_clock_s: float = Field(default=60.0, gt=0, le=3600)
    """The same for a function with grants, which waits for others; with all that it calls."""
    max_memory_mib: int = Field(default=256, ge=32, le=2048)
    """Memory, in MiB. Below 32 the interpreter itself does not start; 32-bit WebAssembly ends at 4096."""
    max_output_kib: int = Field(default=1024, ge=1)
    """What it may print, in KiB."""
    max_result_mib: int = Field(default=8, ge=1, le=64)
    """The result's JSON, in MiB."""
    max_file_mib: int = Field(default=64, ge=1, le=512)
    """What it may write to its private file system, in MiB."""

    def as_limits(self) -> Limits:
        """The limits as the sandbox takes them."""
        return Limits(
            wall_clock_s=self.wall_clock_s,
            max_memory_bytes=self.max_memory_mib << 20,
            max_output_bytes=self.max_output_kib << 10,
            max_result_bytes=self.max_result_mib << 20,
            max_file_bytes=self.max_file_mib << 20,
        )


class GrantSettings(BaseModel):
    """Which rights need no person's signature."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: tuple[str, ...] = ()
    """Grants, as they stand in a manifest: what they cover is granted beforehand."""

    @field_validator("allow")
    @classmethod
    def _readable(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(parse(line)) for line in lines)
        except BadGrant as error:
            raise ValueError(str(error)) from None

    def as_grants(self) -> tuple[Grant, ...]:
        """The grants as the agent takes them."""
        return tuple(map(parse, self.allow))


class SecretSettings(BaseModel):
    """Where one secret's value is found: one of the three."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    value: SecretStr | None = None
    """The value itself."""
    file: Path | None = None
    """A file that holds it; line ends at its end do not count."""
    env: str | None = None
    """A variable of the environment."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.value, self.file, self.env)) != 1:
            raise ValueError("it names exactly one of `value`, `file` and `env`")
        return self

    def read(self) -> str:
        """The value. Raises `ValueError`, without the value in it, where there is none that can be used."""
        if self.value is not None:
            found = self.value.get_secret_value()
        elif self.file is not None:
            try:
                found = self.file.read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"{self.file} cannot be read ({type(error).__name__})") from None
        else:
            found = os.environ.get(self.env or "", "")
        if len(found) < SHORTEST:
            raise ValueError(f"it has fewer than {SHORTEST} characters, or is not there")
        return found


class RequirementSettings(BaseModel):
    """Which packages functions may have."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    allow: tuple[str, ...] = ()
    """Packages, with versions or not, that need no person."""
    allow_unlisted: bool = True
    """Whether others may be had, where a person signs."""
    min_age_days: int = Field(default=30, ge=0)
    """Nothing that was uploaded later is taken."""
    index: str = ""
    """The package index (PEP 503); empty for uv's own."""
    max_gib: float = Field(default=4.0, gt=0)
    """What installed packages may take on the disk before the least used are removed."""

    @field_validator("allow")
    @classmethod
    def _readable(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        read_requirements(texts)
        return texts

    def as_allowed(self) -> AllowList:
        """The list as the agent takes it."""
        return AllowList(entries=self.allow, others=self.allow_unlisted)

    def as_resolver(self) -> Resolver:
        """What asks the index; proxies and certificates are those of the environment."""
        connection = {name: os.environ[name] for name in CONNECTION if name in os.environ}
        return Resolver(index=self.index, min_age_days=self.min_age_days, environment=connection)


class Settings(BaseSettings):
    """What the operator decides. Sources, first wins: arguments, `KOWAL_*`, the settings file, the defaults."""

    model_config = SettingsConfigDict(
        env_prefix="KOWAL_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    registry: Path = Field(default_factory=lambda: data_folder() / "registry.git")
    """The git repository that holds the functions."""
    registry_remote: SecretStr = SecretStr("")
    """The git remote, a URL or a path, that the registry is a copy of; empty for none."""
    registry_max_age_s: float = Field(default=30.0, ge=0)
    """A copy that is older is brought up to date before a task is matched."""
    database: str = ""
    """The operational database: a file or a database URL. Empty: `operations.sqlite` beside the registry."""
    cache: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("kowal", appauthor=False)))
    """The folder for what can be built again: the sandbox's snapshot."""
    built_ins: tuple[str, ...] | None = None
    """The built-in functions that a new registry begins with; all where nothing is said."""
    sandbox: str = AUTO
    """The sandbox back end, or `auto`: all that can be had."""
    providers: tuple[str, ...] = ("ollama",)
    """The model providers, in the order in which they are asked."""
    candidates: int = Field(default=5, ge=1, le=20)
    """How many independent candidates are written for a function: their agreement is evidence."""
    models: ModelSettings = ModelSettings()
    """Which model is asked for what."""
    routing: RoutingSettings = RoutingSettings()
    """Which model server is asked, and how long."""
    budget: BudgetSettings = BudgetSettings()
    """What making one function may cost."""
    budgets: SpendingSettings = SpendingSettings()
    """What may be spent on models: on a task, by somebody in a day, by all in a day."""
    learning: LearningSettings = LearningSettings()
    """Whether models are chosen by what the gate said of what they wrote."""
    replies: ReplySettings = ReplySettings()
    """How long replies are kept that may be given again."""
    veil: VeilSettings = VeilSettings()
    """What services in the cloud are not told."""
    promotion: Literal["default", "person", "statistics"] = "default"
    """`default`: what needs no rights goes to production by its checks. `person`: somebody always signs.
    `statistics`: it serves as a canary first, until its calls have shown `reliability`."""
    reliability: float = Field(default=0.95, gt=0, lt=1)
    """The share of calls that a version must do: shown at 95 % confidence to come in, disproved to be taken out."""
    canary_share: float = Field(default=0.2, gt=0, le=1)
    """The share of a production function's calls that its canary serves."""
    recorded_calls: int = Field(default=200, ge=0)
    """How many calls of a function are kept, arguments and value, to be made again on its next version."""
    accepted_error: float = Field(default=0.1, ge=0, le=0.5)
    """The chance of a wrong match at which a function is still run without asking a model or a person."""
    limits: LimitSettings = LimitSettings()
    """What one run may use."""
    grants: GrantSettings = GrantSettings()
    """Which rights need no person's signature."""
    secrets: dict[str, SecretSettings] = Field(default_factory=dict)
    """One section a secret that functions may be granted."""
    requirements: RequirementSettings = RequirementSettings()
    """Which packages functions may have."""
    tasks: TaskSettings = TaskSettings()
    """How tasks on the queue are worked."""
    http: HttpSettings = HttpSettings()
    """How the service is reached over HTTP."""
    log: Literal["auto", "json", "text"] = "auto"
    """How `kowal serve` and its parts tell what happens: `auto` is text on a terminal and JSON lines elsewhere."""
    telemetry: str = Field(default_factory=lambda: os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    """Where spans and metrics go, as OTLP over HTTP; empty: nowhere."""
    llm: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """One section a model provider; `kowal doctor` and docs/settings.md say what each takes."""
    chat: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """One section a chat."""
    codehost: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """One section a code host."""
    backends: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """One section a sandbox back end."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, file; no dotenv and no secrets folder."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=settings_file())

    @property
    def remote(self) -> Remote | None:
        """The registry's remote; None where it has none."""
        place = self.registry_remote.get_secret_value()
        return Remote(place=place, max_age_s=self.registry_max_age_s) if place else None

    @property
    def database_place(self) -> str:
        """The operational database's file or URL."""
        return self.database or str(self.registry.with_name("operations.sqlite"))

    def alone_in(self, folder: Path) -> Self:
        """The same settings for a registry and a database of their own in the folder, shared with nobody."""
        own = {"registry": folder / "registry.git", "database": str(folder / "operations.sqlite")}
        return self.model_copy(update={**own, "registry_remote": SecretStr("")})

    def secret(self, name: str) -> str:
        """The secret of that name; the environment's own names count in lower case. Raises `BadSettings`."""
        section = self.secrets.get(name) or self.secrets.get(name.lower())
        advice = f'For example: [secrets] {name} = {{file = "/run/secrets/{name.lower()}"}} in {settings_file()}'
        if section is None:
            raise BadSettings(f"The settings have no secret `{name}`, which was granted to the function", advice=advice)
        try:
            return section.read()
        except ValueError as error:
            raise BadSettings(f"The secret `{name}` cannot be used: {error}", advice=advice) from None

    @property
    def hidden(self) -> Mapping[str, str]:
        """What no log may show, by a name: secrets, and the keys and passwords of neighbours."""
        llm = {name: self.provider_section(name) for name in (*self.providers, *self.llm)}
        found = dict(keys_in({"llm": llm, "chat": whole(self.chat), "codehost": whole(self.codehost)}))
        if password := urlsplit(self.database).password:
            found["database"] = unquote(password)
        for name, section in self.secrets.items():
            with contextlib.suppress(ValueError):  # a secret that cannot be read cannot be shown either
                found[name] = section.read()
        return found

    def provider_section(self, name: str) -> dict[str, Any]:
        """The raw settings of one model provider; its own environment variables count where ours are silent."""
        section = dict(self.llm.get(name, {}))
        others = name == "openai" and "base_url" in section  # a key for OpenAI is not for all who speak its API
        variables = {} if others else PROVIDER_VARIABLES.get(name, {})
        named = {key: os.environ[each] for key, each in variables.items() if os.environ.get(each)}
        return named | section


def whole(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The sections with what their files hold."""
    return {name: with_files(each) for name, each in sections.items()}


def with_files(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section with what its files hold: `token` for a `token_file`. One that cannot be read can hide nothing."""
    found = dict(section)
    for name, place in section.items():
        if name.endswith("_file") and isinstance(place, str):
            with contextlib.suppress(OSError, ValueError):
                found[name.removesuffix("_file")] = Path(place).read_text("utf-8").strip()
    return found


def load_settings(**overrides: Any) -> Settings:
    """The settings in force. Raises `BadSettings`, which names the setting and the source to mend."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadSettings(
            f"The setting `{name}` is wrong: {first['msg']}", advice=where_settings_come_from()
        ) from error
    except (SettingsError, ValueError, OSError) as error:
        raise BadSettings(f"The settings cannot be read: {error}", advice=where_settings_come_from()) from error


def where_settings_come_from() -> str:
    """Advice that names the sources."""
    return f"Mend it in {settings_file()} or in the environment (KOWAL_...). docs/settings.md lists all settings."


def settings_file() -> Path:
    """The settings file: `KOWAL_SETTINGS`, else `kowal.toml` in the user's configuration folder."""
    named = os.environ.get("KOWAL_SETTINGS")
    return Path(named) if named else Path(platformdirs.user_config_dir("kowal", appauthor=False)) / "kowal.toml"


def data_folder() -> Path:
    """Where data goes that nobody named a place for."""
    return Path(platformdirs.user_data_dir("kowal", appauthor=False))


def current_user() -> str:
    """Who is at the keyboard, for the record."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
