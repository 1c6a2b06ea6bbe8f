"""The images that the Docker back end builds: how the build is confined, and which of them are removed again."""

import io
import secrets
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import SandboxUnavailable
from sandbox.docker_engine import already_gone, connect
from sandbox.docker_image import BASE_LABEL, image_tag, recipe_file, remove_superseded


@pytest.fixture(scope="module")
def api() -> Iterator[Any]:
    """The engine; the tests are skipped where none answers."""
    try:
        engine = connect(None)
    except SandboxUnavailable as error:
        pytest.skip(f"docker: {error}. {error.advice}")
    yield engine
    engine.close()


@pytest.fixture
def repository() -> str:
    """A repository of this test's own."""
    return f"kowal-test-{secrets.token_hex(6)}"


@pytest.fixture
def image(api: Any, repository: str) -> Iterator[Callable[..., str]]:
    """Makes small images, each with one file of its own, and removes them in the end."""
    made: list[str] = []

    def make(tag: str, label: str = BASE_LABEL) -> str:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(tarfile.TarInfo(secrets.token_hex(4)))
        api.import_image_from_data(buffer.getvalue(), repository, tag, changes=[f"LABEL {label}=x"])
        made.append(f"{repository}:{tag}")
        return made[-1]

    yield make
    for name in made:
        with already_gone():
            api.remove_image(name, force=True)


def names(api: Any, repository: str) -> set[str]:
    """The images of the repository."""
    return {name for image in api.images(repository) for name in image["RepoTags"]}


def test_images_of_other_versions_are_removed(api: Any, repository: str, image: Callable[..., str]) -> None:
    """What an earlier version built goes; the current one stays, as does what is not ours or has another name too."""
    current, old, foreign, shared = image("now"), image("old"), image("foreign", "other.label"), image("shared")
    api.tag(shared, f"{repository}-of-somebody", "mine")
    try:
        assert remove_superseded(api, current, older_than_s=0, repository=repository) == [old]
        assert names(api, repository) == {current, foreign, shared}
        assert names(api, f"{repository}-of-somebody") == {f"{repository}-of-somebody:mine"}
    finally:
        api.remove_image(f"{repository}-of-somebody:mine")


def test_a_young_image_stays(api: Any, repository: str, image: Callable[..., str]) -> None:
    """Two versions side by side do not take each other's image away within a week."""
    current, young = image("now"), image("young")
    assert remove_superseded(api, current, repository=repository) == []
    assert names(api, repository) == {current, young}


def test_an_image_in_use_stays(api: Any, repository: str, image: Callable[..., str]) -> None:
    """The image of a container, even of one that is not running, is left alone, and nothing is raised."""
    current, used = image("now"), image("used")
    container = api.create_container(used, ["/none"])["Id"]
    try:
        assert remove_superseded(api, current, older_than_s=0, repository=repository) == []
        assert names(api, repository) == {current, used}
    finally:
        api.remove_container(container, force=True)


def test_the_build_runs_nothing_as_root(api: Any) -> None:
    """Every command of the recipe stands behind a change of the user, as does what the image starts."""
    user, ran = "root", []
    for line in recipe_file().read_text("utf-8").splitlines():
        word, _, rest = line.partition(" ")
        user = {"FROM": "root", "USER": rest}.get(word, user)
        ran += [user] if word == "RUN" else []
    assert ran == ["65532:65532"]
    assert user == "65532:65532"


def test_a_build_leaves_no_stage_behind(api: Any) -> None:
    """The image of the first stage, which nobody needs, is gone when the image is there."""
    if not api.images(image_tag(None)):
        pytest.skip("docker: the image has not been built here")
    assert not api.images(filters={"dangling": True, "label": "kowal.stage"})
