"""Reads the raw section that the settings have for an integration into its own configuration model."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.errors import BadSettings


def read_section[C: BaseModel](
    raw: Mapping[str, Any], config: type[C], name: str, *, kind: str = "model provider"
) -> C:
    """The section as the integration's configuration; values are never repeated in errors, they may be secrets.

    Raises `BadSettings`, which names the key and the known ones.
    """
    try:
        return config.model_validate(dict(raw))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(map(str, fault["loc"]))
        known = ", ".join(config.model_fields)
        reason = "is not a known key" if fault["type"] == "extra_forbidden" else f"is wrong: {fault['msg']}"
        what = f"{key!r} {reason}" if key else fault["msg"].removeprefix("Value error, ")
        message = f"The settings of the {kind} {name!r}: {what}."
        raise BadSettings(message, advice=f"Known keys are: {known}.", provider=name, key=key) from None
