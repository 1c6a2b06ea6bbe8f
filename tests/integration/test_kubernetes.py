"""The manifests of the Kubernetes page: as its schemas want them, in agreement, hardened, and true of Kowal."""

import copy
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

from agent.cli.app import app
from agent.config import Settings
from agent.serving.parts import patience_s
from integrations.chat._rocketchat_settings import RocketChatConfig
from integrations.codehost._gitlab_settings import GitLabConfig

PAGE = (Path(__file__).parents[2] / "docs" / "kubernetes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MANIFESTS = [manifest for block in BLOCKS for manifest in yaml.safe_load_all(block)]
VERSIONS = ("1.34.0", kubernetes_validate.latest_version())
"""An older and the newest release whose schemas there are."""
WORKLOADS = ("Deployment", "StatefulSet")
Manifests = list[dict[str, Any]]


def of_kind(manifests: Manifests, *kinds: str) -> Manifests:
    """The manifests of these kinds."""
    return [each for each in manifests if each["kind"] in kinds]


def settings_of(manifests: Manifests) -> Settings:
    """Kowal's settings, as the page's ConfigMap has them."""
    return Settings(**tomllib.loads(of_kind(manifests, "ConfigMap")[0]["data"]["kowal.toml"]))


def against_the_schemas(manifests: Manifests) -> Iterator[str]:
    """What the schemas of Kubernetes refuse."""
    for manifest in manifests:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{manifest['kind']} {manifest['metadata']['name']}: {error.message}"
    for workload in of_kind(manifests, *WORKLOADS):  # the schema takes any text for a name
        if workload["metadata"].get("namespace") != "kowal":
            yield f"{workload['metadata']['name']}: not in the namespace"


def disagreements(manifests: Manifests) -> Iterator[str]:
    """What one manifest names and no other has."""
    workloads = of_kind(manifests, *WORKLOADS)
    labels = [workload["spec"]["template"]["metadata"]["labels"] for workload in workloads]
    for selector in selectors(manifests):
        if not any(selector.items() <= each.items() for each in labels):
            yield f"nothing is selected by {selector}"
    for workload in workloads:
        yield from missing(workload, manifests)
    port = settings_of(manifests).http.port
    served = [each for workload in workloads for each in ports_of(workload)]
    if served != [{"name": "http", "containerPort": port}]:
        yield f"ports {served}"
    allowed = [rule for policy in of_kind(manifests, "NetworkPolicy") for rule in policy["spec"].get("ingress", [])]
    if [each["port"] for rule in allowed for each in rule["ports"]] != [port]:
        yield "another port is let in"


def missing(workload: Mapping[str, Any], manifests: Manifests) -> Iterator[str]:
    """What a workload names and nobody has: a class, a volume, a key of a secret."""
    pod, claims = workload["spec"]["template"]["spec"], workload["spec"].get("volumeClaimTemplates", [])
    secret, settings = of_kind(manifests, "Secret")[0], of_kind(manifests, "ConfigMap")[0]
    classes = {None, *(each["metadata"]["name"] for each in of_kind(manifests, "RuntimeClass"))}
    if pod.get("runtimeClassName") not in classes:
        yield "a runtime class that is not there"
    there = {each["name"] for each in pod["volumes"]} | {each["metadata"]["name"] for each in claims}
    mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    yield from (f"volume {name}" for name in there ^ mounted)
    from_secrets = {name for each in pod["volumes"] if (name := each.get("secret", {}).get("secretName"))}
    from_maps = {name for each in pod["volumes"] if (name := each.get("configMap", {}).get("name"))}
    if from_secrets | from_maps != {secret["metadata"]["name"], settings["metadata"]["name"]}:
        yield f"{from_secrets}, {from_maps}"
    variables = [each for container in pod["containers"] for each in container["env"]]
    for wanted in (each.get("valueFrom", {}).get("secretKeyRef") for each in variables):
        if wanted and (wanted["name"] != secret["metadata"]["name"] or wanted["key"] not in secret["stringData"]):
            yield f"secret {wanted}"


def selectors(manifests: Manifests) -> Iterator[Mapping[str, str]]:
    """All that selects pods of ours."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        chosen = spec.get("selector") or spec.get("podSelector")
        if chosen:
            yield chosen.get("matchLabels", chosen)


def ports_of(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ports that a workload's containers serve."""
    containers = workload["spec"]["template"]["spec"]["containers"]
    return [port for container in containers for port in container.get("ports", [])]


def weaknesses(manifests: Manifests) -> Iterator[str]:
    """What a pod lacks of what each of ours has."""
    patience = patience_s(settings_of(manifests))
    for workload in of_kind(manifests, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        context = pod.get("securityContext", {})
        if not context.get("runAsNonRoot") or context.get("runAsUser") != 10001:
            yield "root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"} or pod.get("automountServiceAccountToken", True):
            yield "no filter of system calls, or a key to the cluster"
        if pod.get("terminationGracePeriodSeconds", 30) <= patience:
            yield "it is killed before it has drained"
        for container in pod["containers"]:
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation", True) or not own.get("readOnlyRootFilesystem"):
                yield "privileges, or a root that can be written"
            if own.get("capabilities") != {"drop": ["ALL"]} or "limits" not in container.get("resources", {}):
                yield "capabilities, or no limits"
            if container["image"].rpartition(":")[2] in {"", "latest", container["image"]}:
                yield "image without a version"


def untruths(manifests: Manifests) -> Iterator[str]:
    """What Kowal has no command or setting for."""
    commands: Any = typer.main.get_command(app)
    settings, secret = settings_of(manifests), of_kind(manifests, "Secret")[0]["stringData"]
    for section, model in (
        (settings.chat["rocketchat"], RocketChatConfig),
        (settings.codehost["gitlab"], GitLabConfig),
    ):
        yield from (f"setting {name}" for name in section.keys() - model.model_fields.keys())
        files = [Path(value) for name, value in section.items() if name.endswith("_file")]
        yield from (f"file {file}" for file in files if file.parent != Path("/run/secrets/kowal"))
        yield from (f"secret {file.name}" for file in files if file.name not in secret)
    for workload in of_kind(manifests, *WORKLOADS):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            words = container["args"]
            command = commands.commands.get(words[0])
            known = {name for each in command.params for name in each.opts} if command else set()
            if command is None or any(word.startswith("--") and word not in known for word in words):
                yield f"command {words}"
            names = [each["name"] for each in container["env"] if each["name"].startswith("KOWAL_")]
            yield from (name for name in names if name.removeprefix("KOWAL_").lower() not in Settings.model_fields)


def mistakes(manifests: Manifests) -> list[str]:
    """All that is wrong with the manifests."""
    found = list(against_the_schemas(manifests))
    return found or [*disagreements(manifests), *weaknesses(manifests), *untruths(manifests)]


def test_the_manifests_are_sound() -> None:
    """Kubernetes takes them, they agree with each other and with Kowal, and every pod is hardened."""
    assert len(MANIFESTS) == 11
    assert mistakes(MANIFESTS) == []


def pod(manifests: Manifests, name: str) -> dict[str, Any]:
    """The pod of a workload."""
    return next(
        each["spec"]["template"]["spec"] for each in of_kind(manifests, *WORKLOADS) if each["metadata"]["name"] == name
    )


def first(manifests: Manifests, name: str) -> dict[str, Any]:
    """The container of a workload."""
    container: dict[str, Any] = pod(manifests, name)["containers"][0]
    return container


@pytest.mark.parametrize(
    "change",
    [
        lambda all_: pod(all_, "kowal-worker").update(runtimeClass="gvisor"),
        lambda all_: pod(all_, "kowal-worker").update(runtimeClassName="gviser"),
        lambda all_: pod(all_, "kowal-worker").update(terminationGracePeriodSeconds=40),
        lambda all_: pod(all_, "kowal-worker").update(automountServiceAccountToken=True),
        lambda all_: pod(all_, "kowal-worker")["securityContext"].update(runAsUser=0),
        lambda all_: pod(all_, "kowal-http")["securityContext"].pop("seccompProfile"),
        lambda all_: pod(all_, "kowal-http")["volumes"].pop(),
        lambda all_: first(all_, "kowal-http").update(livenessProbe={"httpGet": {"path": "/healthz"}}),
        lambda all_: first(all_, "kowal-http").update(ports=[{"name": "http", "containerPort": 8421}]),
        lambda all_: first(all_, "kowal-http").update(image="registry.example.org/kowal"),
        lambda all_: first(all_, "kowal-http").update(args=["https"]),
        lambda all_: first(all_, "kowal-worker").update(args=["worker", "--nam", "x"]),
        lambda all_: first(all_, "kowal-worker").pop("resources"),
        lambda all_: first(all_, "kowal-worker")["securityContext"].update(readOnlyRootFilesystem=False),
        lambda all_: first(all_, "kowal-worker")["env"].append({"name": "KOWAL_DATABSE", "value": "x"}),
        lambda all_: of_kind(all_, "Secret")[0]["stringData"].pop("gitlab_token"),
        lambda all_: of_kind(all_, "Secret")[0]["stringData"].pop("database"),
        lambda all_: of_kind(all_, "Service")[1]["spec"].update(selector={"app": "kowal", "part": "web"}),
        lambda all_: of_kind(all_, "NetworkPolicy")[1]["spec"]["ingress"][0].update(ports=[{"port": 8065}]),
    ],
)
def test_a_mistake_is_seen(change: Callable[[Manifests], object]) -> None:
    """The checks find what is misspelt, missing, contradictory, or more open than it should be."""
    changed = copy.deepcopy(MANIFESTS)
    change(changed)
    assert mistakes(changed)
