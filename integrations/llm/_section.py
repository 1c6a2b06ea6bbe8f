"""Reads a provider's raw section of the settings into its own configuration model."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.errors import BadSettings


def read_section[C: BaseModel](raw: Mapping[str, Any], config: type[C], provider: str) -> C:
    """The section as the provider's configuration; values are never repeated in errors, they may be secrets.

    Raises `BadSettings`, which names the key and the known ones.
    """
    try:
        return config.model_validate(dict(raw))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(map(str, fault["loc"]))
        known = ", ".join(config.model_fields)
        reason = "is not a known key" if fault["type"] == "extra_forbidden" else f"is wrong: {fault['msg']}"
        message = f"The settings of the model provider {provider!r}: {key!r} {reason}."
        raise BadSettings(message, advice=f"Known keys are: {known}.", provider=provider, key=key) from None
