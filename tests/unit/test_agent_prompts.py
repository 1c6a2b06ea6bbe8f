"""The prompt texts: each is filled whole, known, and told apart by its version; data keeps within its marks."""

import inspect
import re

import pytest

from agent import prompting
from agent.prompting import as_data, fill, prompt_text, prompt_version
from sandbox import kowal_host
from sandbox.guest_host import Response

PLACEHOLDERS: dict[str, set[str]] = {
    "arguments": {"name", "description", "schema"},
    "canonical": set(),
    "change": {"signature", "description", "examples"},
    "code": {"tests"},
    "enhance": {"code"},
    "generate": {"packages"},
    "hidden": set(),
    "host_code": set(),
    "host_tests": set(),
    "match": {"functions"},
    "packages": {"listed"},
    "repair": {"code", "findings"},
    "respecify": {"findings"},
    "retest": {"tests", "findings"},
    "specified": {"specification"},
    "specify": {"packages"},
    "task": {"task", "details"},
    "test": set(),
}


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS))
def test_every_prompt_is_filled_with_exactly_its_placeholders(name):
    """Nothing is left open in a prompt, and nothing is given that it does not use."""
    wanted = PLACEHOLDERS[name]
    assert set(re.findall(r"\$(\w+)", prompt_text(name))) == wanted
    filled = fill(name, **{key: f"«{key}»" for key in wanted})
    assert all(f"«{key}»" in filled for key in wanted)
    assert "$" not in filled
    for key in wanted:
        with pytest.raises(KeyError):
            fill(name, **dict.fromkeys(wanted - {key}, ""))


def test_every_prompt_file_is_known_here():
    """No prompt ships that no test fills."""
    folder = prompting.importlib.resources.files("agent").joinpath("prompts")
    assert {file.name.removesuffix(".md") for file in folder.iterdir()} == set(PLACEHOLDERS)


@pytest.mark.parametrize("name", ["host_code", "host_tests"])
def test_the_prompts_about_the_host_name_what_the_sandbox_has(name):
    """Every attribute of the host, and of its responses, that a model is told to use is there."""
    text = prompt_text(name)
    assert set(re.findall(r"\bhost\.(\w+)", text)) <= set(kowal_host.__all__)
    assert set(re.findall(r"\bresponse\.(\w+)", text)) <= set(dir(Response("", 200, {}, b"")))
    given = {
        word for call in re.findall(r"host\.script\(([^)]*)\)", text) for word in re.findall(r"(\w+)=[\w\"{.]", call)
    }
    assert given - {"base"} <= set(inspect.signature(kowal_host.script).parameters)


def test_a_prompts_version_changes_with_its_text():
    """Evidence names each prompt with a digest of its own."""
    versions = [prompt_version(name).split("@") for name in PLACEHOLDERS]
    assert [name for name, _ in versions] == list(PLACEHOLDERS)
    assert len({digest for _, digest in versions}) == len(PLACEHOLDERS)


def test_other_marks_are_left_as_they_are():
    """A task about HTML keeps its tags."""
    assert as_data("sum <b>bold</b> numbers </p>") == "sum <b>bold</b> numbers </p>"
