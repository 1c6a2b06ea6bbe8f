"""LiteLLM's table of models, read from the file that it ships with: nothing is imported, and nothing fetched."""

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = "model_prices_and_context_window_backup.json"
NOTHING: Mapping[str, Any] = {}


@functools.cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """What it has on each model, by name; empty where LiteLLM is not installed."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    try:
        found = json.loads(Path(spec.origin).with_name(TABLE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: facts for name, facts in found.items() if isinstance(facts, dict)} if isinstance(found, dict) else {}


def facts_of(model: str) -> Mapping[str, Any]:
    """What the table has on `provider/model`, which it lists with or without that provider; empty for nothing."""
    if exactly := table().get(model):
        return exactly
    provider, _, name = model.partition("/")
    facts = table().get(name, NOTHING)
    return facts if str(facts.get("litellm_provider", "")).startswith(provider) else NOTHING
