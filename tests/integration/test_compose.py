"""The Compose file: as the specification wants it, hardened, without a secret, and with settings that Kowal takes."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer.main
import yaml
from pydantic import BaseModel

from agent.cli.app import app
from agent.config import Settings, load_settings
from integrations.chat._rocketchat_settings import RocketChatConfig
from integrations.codehost._gitlab_settings import GitLabConfig

DOCKER = Path(__file__).parents[2] / "docker"
TEXT = (DOCKER / "compose.yml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
EXAMPLE = (DOCKER / "example.env").read_text("utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
PUBLISHED = {"kowal": "8420", "rocketchat": "3000"}
"""The services that are reached from the machine, and their ports inside."""
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Validator:
    """The Compose specification's own schema."""
    text = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def filled_in(value: str, given: Mapping[str, str]) -> str:
    """A text of the file as Compose reads it, with these variables."""
    return VARIABLE.sub(lambda found: given.get(found[1]) or (found[3] if found[2] == "-" else ""), value)


def loose_ends(compose: Mapping[str, Any]) -> Iterator[str]:
    """What one part names and no other has, and what is there for nobody."""
    services = compose["services"]
    for kind in ("networks", "volumes", "secrets"):
        used = {name for service in services.values() for name in names_of(kind, service)}
        yield from (f"{kind}: {name}" for name in used ^ set(compose[kind]))
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            if other not in services or wanted != {"condition": "service_healthy"}:
                yield f"{name} waits for {other}"


def names_of(kind: str, service: Mapping[str, Any]) -> list[str]:
    """The networks, secrets or named volumes of a service."""
    named = service.get(kind, [])
    return [each.split(":")[0] for each in named if kind != "volumes" or not each.startswith((".", "/"))]


def weaknesses(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    """What a service lacks of what each of ours has."""
    _, _, tag = filled_in(service.get("image", ""), {}).rpartition("/")[2].partition(":")
    if not tag or tag == "latest":
        yield "image without a version"
    if not service.get("healthcheck", {}).get("test") or service["healthcheck"]["test"][0] != "CMD":
        yield "no health check"
    if service.get("restart") != "unless-stopped":
        yield "no restart policy"
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"] or service.get("privileged"):
        yield "a root that can be written, or capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "new privileges"
    if not {"memory", "pids"} <= set(service.get("deploy", {}).get("resources", {}).get("limits", {})):
        yield "no limits"
    if any("docker.sock" in volume for volume in service.get("volumes", [])):
        yield "the engine's socket"
    ports = service.get("ports", [])
    wanted = [rf"127\.0\.0\.1:\d+:{PUBLISHED[name]}"] if name in PUBLISHED else []
    if len(ports) != len(wanted) or not all(map(re.fullmatch, wanted, [filled_in(port, {}) for port in ports])):
        yield "ports"


def mistakes(compose: Mapping[str, Any], schema: jsonschema_rs.Validator) -> list[str]:
    """All that is wrong with a Compose file of ours."""
    found = [error.message for error in schema.iter_errors(compose)]
    if not found:
        found += loose_ends(compose)
        found += [f"{name}: {each}" for name, one in compose["services"].items() for each in weaknesses(name, one)]
    return found


def test_the_file_is_sound(schema: jsonschema_rs.Validator) -> None:
    """It follows the Compose specification, names nothing that is not there, and hardens each of its six services."""
    assert mistakes(COMPOSE, schema) == []
    assert set(COMPOSE["services"]) == {"kowal", "worker", "postgres", "ollama", "rocketchat", "mongodb"}


@pytest.mark.parametrize(
    "change",
    [
        lambda services: services["kowal"].update(imagine="x"),
        lambda services: services["worker"]["deploy"].update(replicas=[2]),
        lambda services: services["kowal"].update(depends_on={"postgres": {"condition": "service_fine"}}),
        lambda services: services["kowal"].update(depends_on={"postgre": {"condition": "service_healthy"}}),
        lambda services: services["kowal"].update(depends_on={"postgres": {"condition": "service_started"}}),
        lambda services: services["postgres"].update(image="postgres"),
        lambda services: services["ollama"].update(image="ollama/ollama:latest"),
        lambda services: services["mongodb"].pop("healthcheck"),
        lambda services: services["worker"].pop("restart"),
        lambda services: services["worker"].update(read_only=False),
        lambda services: services["worker"].update(cap_drop=[]),
        lambda services: services["worker"].update(privileged=True),
        lambda services: services["worker"].pop("security_opt"),
        lambda services: services["worker"].pop("deploy"),
        lambda services: services["postgres"].update(ports=["127.0.0.1:5432:5432"]),
        lambda services: services["kowal"].update(ports=["8420:8420"]),
        lambda services: services["kowal"]["volumes"].append("/var/run/docker.sock:/var/run/docker.sock"),
        lambda services: services["kowal"]["volumes"].append("elsewhere:/srv"),
        lambda services: services.pop("ollama"),
    ],
)
def test_a_mistake_is_seen(schema: jsonschema_rs.Validator, change: Change) -> None:
    """The checks find what is misspelt, of a wrong kind, missing, or more open than it should be."""
    changed = copy.deepcopy(COMPOSE)
    change(changed["services"])
    assert mistakes(changed, schema)


def test_no_secret_stands_in_the_file() -> None:
    """What must be kept to oneself has no default, and each variable is one that the example names."""
    named = {found[0]: found for found in VARIABLE.findall(TEXT)}
    secret = {name for name, (_, how, _) in named.items() if how == "?"}
    assert secret == {"POSTGRES_PASSWORD"}
    given = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert set(given) == set(named)
    assert {name for name, value in given.items() if not value} == secret
    assert {name: value for name, value in given.items() if value} == {
        name: default for name, (_, how, default) in named.items() if how == "-"
    }
    assert "BEGIN" not in TEXT
    assert all("file" in one for one in COMPOSE["secrets"].values())


@pytest.fixture
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a service, and Kowal's settings file, as a container of it has them."""
    given = COMPOSE["services"][request.param]["environment"]
    read = {name: filled_in(value, {"POSTGRES_PASSWORD": "of-this-test"}) for name, value in given.items()}
    for name, value in read.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KOWAL_SETTINGS", str(DOCKER / "kowal.toml"))
    return read


def is_setting(name: str) -> bool:
    """Whether the settings have a field of that name in the environment; those of no such name are not read."""
    model: type[BaseModel] = Settings
    *groups, last = name.removeprefix("KOWAL_").lower().split("__")
    for group in groups:
        inner = model.model_fields[group].annotation if group in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return False
        model = inner
    return last in model.model_fields


@pytest.mark.parametrize("environment", ["kowal", "worker"], indirect=True)
def test_the_settings_are_kowals(environment: dict[str, str]) -> None:
    """Each variable is a setting, and all of them together with the settings file are taken."""
    names = [name for name in environment if name.startswith("KOWAL_")]
    assert [name for name in names if not is_setting(name)] == []
    settings = load_settings()
    assert settings.database == "postgresql://kowal:of-this-test@postgres:5432/kowal"
    assert settings.provider_section("ollama")["host"] == "http://ollama:11434"


def test_a_variable_that_is_no_setting_is_seen() -> None:
    """The check of variables knows a misspelt one."""
    assert is_setting("KOWAL_TASKS__WORKERS")
    assert not is_setting("KOWAL_TASKS__WORKRES")
    assert not is_setting("KOWAL_TASK__WORKERS")


def test_what_is_commented_out_in_the_settings_is_right() -> None:
    """Without its marks, the sections of the chat and of the code host are taken, up to the files of their secrets."""
    marked = (DOCKER / "kowal.toml").read_text("utf-8")
    plain = tomllib.loads(re.sub(r"^#(?=[\[a-z])", "", marked, flags=re.MULTILINE))
    assert Settings(**plain).chat["rocketchat"]["url"] == "http://rocketchat:3000"
    assert plain["chat"]["rocketchat"]["password_file"] == "/run/secrets/rocketchat_password"
    assert plain["chat"]["rocketchat"].keys() <= RocketChatConfig.model_fields.keys()
    assert plain["codehost"]["gitlab"].keys() <= GitLabConfig.model_fields.keys()


def test_the_commands_exist() -> None:
    """What Kowal's services are started and looked at with are commands of its own."""
    commands: Any = typer.main.get_command(app)
    for name in ("kowal", "worker"):
        assert COMPOSE["services"][name]["command"][0] in commands.commands
    assert COMPOSE["services"]["worker"]["healthcheck"]["test"][:2] == ["CMD", "kowal"]
    assert "list" in commands.commands["tasks"].commands
