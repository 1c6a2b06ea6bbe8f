"""The sandbox's image: built once from a base that is pulled, or put together from Debian's packages."""

import argparse
import hashlib
import importlib.resources
import platform
import sys
import tempfile
import time
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sandbox.docker_base import Bases, Tell, described, find_base, find_image, follow, packed
from sandbox.docker_engine import EngineFault, already_gone, connect, engine_errors
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.guest_contents import copy_packages, copy_runner, package_versions, runner_texts
from sandbox.types import MIB

REPOSITORY = "kowal-sandbox"
RECIPE = "sandbox.Dockerfile"
SERVER_FILE = "guest_server.py"
ETC_FILES = {
    "passwd": "sandbox:x:65532:65532:sandbox:/tmp:/usr/sbin/nologin\n",
    "group": "sandbox:x:65532:\n",
}
"""The image knows one user, and it is not root."""
BASE_LABEL = "kowal.base"
STAGE_LABEL = "kowal.stage"
"""What the recipe writes on the image of its first stage, which nobody needs once the build is over."""
BUILD_MEMORY_BYTES = 512 * MIB
SUPERSEDED_AFTER_S = 7 * 86_400
"""The age at which an image of another release, or of another version of this one, is not kept for its next use."""
BASES = Bases(
    what="the sandbox",
    pulled=("python", "3.14-slim"),
    repository=f"{REPOSITORY}-base",
    # Their Python is, or is nearest to, the 3.14 of the WebAssembly guest.
    suites=(("forky", "python3.14"), ("sid", "python3.14"), ("trixie", "python3.13")),
    advice="Give the engine an image with Python 3.12 or newer and name it in the setting `base`, or run "
    "`docker/build-sandbox-image` as root on a Debian with debootstrap.",
)


def recipe_file() -> Traversable:
    """The Dockerfile: carried by the wheel beside this module, in a checkout in the folder `docker`."""
    carried = importlib.resources.files("sandbox").joinpath(RECIPE)
    return carried if carried.is_file() else Path(__file__).parents[1] / "docker" / RECIPE


def server_text() -> str:
    """The text of the first process of a container."""
    return importlib.resources.files("sandbox").joinpath(SERVER_FILE).read_text("utf-8")


def image_tag(base: str | None) -> str:
    """The image's name, with a digest of all that goes into it: the base's name, the recipe, our runner, packages."""
    parts = [base or "", recipe_file().read_text("utf-8"), *ETC_FILES.values(), *package_versions()]
    parts += [*runner_texts().values(), server_text()]
    return f"{REPOSITORY}:{hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:16]}"


def ensure_image(api: Any, *, image: str | None, base: str | None, workspace: Path | None, tell: Tell) -> str:
    """The digest of the sandbox's image, which is built first where it is missing (half a minute to three minutes).

    `image` names one that must be there already. Raises `SandboxUnavailable` where there is none and no way to one.
    """
    name = image or image_tag(base)
    found = find_image(api, name)
    if found is None and image:
        raise SandboxUnavailable(
            f"The engine has no image {image}", advice=f"Pull or load it, or leave the setting out: {how_to_build()}"
        )
    if found is None:
        base = base or find_base(api, BASES, workspace, tell)
        tell(f"Building the sandbox's image from {base} (once, about ten seconds)")
        build(api, name, base, tell)
        found = find_image(api, name)
        remove_superseded(api, name)
    if found is None:
        raise EngineFault("The Docker engine built the image and does not have it")
    return str(found["Id"])


def how_to_build() -> str:
    """What a person can do for an image."""
    return "the first call builds it, or `docker/build-sandbox-image` in the checkout does."


def build(api: Any, name: str, base: str, tell: Tell) -> None:
    """Build the image under that name. The build reaches no network."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        context = packed(Path(folder))
    with engine_errors():
        events = api.build(
            fileobj=context, custom_context=True, dockerfile=RECIPE, tag=name, buildargs={"BASE": base},
            labels={BASE_LABEL: described(api, base)}, network_mode="none", rm=True, forcerm=True, decode=True,
            container_limits={"memory": BUILD_MEMORY_BYTES, "memswap": BUILD_MEMORY_BYTES}, use_config_proxy=False,
        )  # fmt: skip
        follow(events, tell)
        api.prune_images(filters={"dangling": True, "label": STAGE_LABEL})


def remove_superseded(
    api: Any, current: str, *, older_than_s: float = SUPERSEDED_AFTER_S, repository: str = REPOSITORY
) -> list[str]:
    """Remove the images that an earlier call built, but for the current one, young ones and those in use; tell which.

    An image is one of these by its repository and our label; one that also has another name is left alone. Raises
    `EngineFault`.
    """
    removed = []
    with engine_errors():
        for image in api.images(filters={"label": BASE_LABEL}):
            names = image["RepoTags"] or []
            if time.time() - image["Created"] < older_than_s or current in names:
                continue
            if not all(name.startswith(f"{repository}:") for name in names):
                continue
            for name in names:
                with already_gone():  # the engine refuses while a container uses it
                    api.remove_image(name)
                    removed.append(name)
    return removed


def lay_out(folder: Path) -> None:
    """Write all that the recipe copies."""
    (folder / "etc").mkdir()
    for name, text in ETC_FILES.items():
        (folder / "etc" / name).write_text(text)
    copy_packages(folder / "kowal")
    copy_runner(folder / "kowal")
    (folder / "kowal" / "__main__.py").write_text(server_text(), "utf-8")
    (folder / RECIPE).write_text(recipe_file().read_text("utf-8"), "utf-8")


def main() -> int:
    """Build the image where it is missing and print its digest; progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="build-sandbox-image", description="Build the sandbox's Docker image.")
    parser.add_argument("--base", help="an image with Python 3.12 or newer, to build on")
    parser.add_argument("--host", help="the engine's address")
    parser.add_argument("--prune", action="store_true", help="remove the images of other versions, however young")
    asked = parser.parse_args()

    def tell(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    try:
        api = connect(asked.host)
        digest = ensure_image(api, image=None, base=asked.base, workspace=None, tell=tell)
        for name in remove_superseded(api, image_tag(asked.base), older_than_s=0) if asked.prune else ():
            tell(f"Removed {name}")
    except SandboxError as error:
        tell(f"{error}\n{error.advice}")
        return error.exit_code
    sys.stdout.write(f"{image_tag(asked.base)} {digest} ({platform.machine()})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
