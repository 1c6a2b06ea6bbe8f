"""Loads the prompt texts and fills them in. The texts are prose, kept in `agent/prompts`."""

import functools
import hashlib
import importlib.resources
import re
from string import Template


@functools.cache
def prompt_text(name: str) -> str:
    """The text of `agent/prompts/NAME.md`."""
    return importlib.resources.files("agent").joinpath("prompts", f"{name}.md").read_text("utf-8")


def fill(name: str, /, **values: str) -> str:
    """The prompt with its `$placeholders` filled. Raises `KeyError` where one is left."""
    return Template(prompt_text(name)).substitute(values)


def prompt_version(name: str) -> str:
    """`NAME@` and eight digits of the text's SHA-256, for the provenance of what it made."""
    return f"{name}@{hashlib.sha256(prompt_text(name).encode()).hexdigest()[:8]}"


def as_data(text: str) -> str:
    """A person's text, unable to close the mark that says it is data."""
    marks = r"<(?=\s*/\s*(?:task|specification|tests|function|examples|code|findings)\b)"
    return re.sub(marks, "&lt;", text, flags=re.IGNORECASE)
