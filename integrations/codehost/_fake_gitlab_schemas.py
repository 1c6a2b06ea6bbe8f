"""Whether a real GitLab would take a request and give a reply: by its published OpenAPI document."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs

from integrations.codehost._fake_gitlab_records import Refused

BESIDE = frozenset(("page", "per_page", "pagination", "cursor", "order_by", "sort"))
"""Query parameters that the documentation has and the document leaves out."""
MISSING = {name: {"type": "string"} for name in ("signing_token", "created_at", "file_path")}
"""Fields of bodies, likewise."""


class Judge:
    """Holds requests and replies to the document's paths; without one it takes everything."""

    def __init__(self, document: Path | None) -> None:
        self.document = repaired(json.loads(document.read_text("utf-8"))) if document else {"paths": {}}
        self.faults: list[str] = []
        """What was wrong with replies."""
        self.unpublished: set[str] = set()
        """The routes that were asked and that the document lacks."""
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}|\{\w+\}", "[^/]+", path)), operations)
            for path, operations in self.document["paths"].items()
        ]
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """What the document says of a path, whose parts are still percent-encoded."""
        found: dict[str, Any] = next((operations for pattern, operations in self._paths if pattern.fullmatch(path)), {})
        return found.get(method.lower())

    def check(self, method: str, path: str, route: str, query: dict[str, Any], body: Any) -> None:
        """Raise `Refused` for a request that does not fit. A path that the document lacks is noted."""
        if not self._paths:
            return
        if (operation := self.operation(method, path)) is None:
            self.unpublished.add(route)
            return
        parameters = {(one["in"], one["name"].removesuffix("[]")): one for one in operation.get("parameters", [])}
        wrong = []
        for name, value in query.items():
            if (known := parameters.get(("query", name.removesuffix("[]")))) is not None:
                shape = {key: known[key] for key in known if key in SHAPE}
                for item in value if isinstance(value, list) and known.get("type") != "array" else [value]:
                    wrong += self._errors(shape, _coerced(item, known))
            elif name.removesuffix("[]") not in BESIDE:
                wrong.append(f"{name} is no parameter")
        of_body = next((one["schema"] for (where, _), one in parameters.items() if where == "body"), None)
        if of_body is not None and isinstance(body, dict):
            schema = self._resolved(of_body)
            known_fields = schema.get("properties", {}) | MISSING
            wrong += [f"{name} is no field" for name in body if name not in known_fields]
            wrong += self._errors(schema, body)
        if wrong:
            raise Refused(400, {"error": "; ".join(wrong)[:500]})

    def check_reply(self, method: str, path: str, status: int, body: Any) -> None:
        """Note in `faults` what is wrong with a reply that the document describes."""
        if (operation := self.operation(method, path)) is None or not 200 <= status < 300:
            return
        responses = operation["responses"]
        if str(status) not in responses:
            self.faults.append(f"{method} {path}: {status} is none of {', '.join(responses)}")
        elif schema := responses[str(status)].get("schema"):
            self.faults += [f"{method} {path}: {error}" for error in self._errors(schema, body)]

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self.document["definitions"][name] if name else schema

    def _errors(self, schema: dict[str, Any], value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = schema | {"definitions": self.document["definitions"]}
            self._validators[key] = jsonschema_rs.Draft4Validator(whole)
        errors = self._validators[key].iter_errors(value)
        return [f"{'.'.join(map(str, error.instance_path))}: {error.message}"[:200] for error in errors]


SHAPE = frozenset(("type", "items", "enum", "minimum", "maximum"))
KINDS = {"symbol": "string", "text": "string", "file": "string"}
LOOSE = ["string", "number", "boolean", "object", "array", "null"]


def repaired(document: dict[str, Any]) -> dict[str, Any]:
    """The document, as its own server keeps it.

    Of its entities it calls everything a string whose type its source does not say, such as `access_level`; nothing may
    be null, though most may; a list of names may also be one text with commas; some types are none of JSON Schema's.
    """
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                response.pop("headers", None)  # all of them numbers, though some are empty on the last page
        responses = operations.get("post", {}).get("responses", {})
        if "200" in responses and "201" not in responses:  # what creates a commit answers 201
            responses["201"] = responses["200"]
    kept = document["definitions"].items()
    definitions = {name: _repaired(schema, entity="Entit" in name) for name, schema in kept}
    return document | {"paths": _repaired(document["paths"]), "definitions": definitions}


def _repaired(part: Any, *, entity: bool = False) -> Any:
    if isinstance(part, list):
        return [_repaired(item, entity=entity) for item in part]
    if not isinstance(part, dict):
        return part
    fixed = {name: _repaired(value, entity=entity) for name, value in part.items() if name not in ("format", "example")}
    for name in ("assignees", "reviewers"):
        if entity and "$ref" in fixed.get(name, {}):
            fixed[name] = {"type": ["array", "null"], "items": fixed[name]}  # of lists it shows one item
    kind = fixed.get("type")
    if not isinstance(kind, str) or "in" in fixed:
        return fixed
    kind = KINDS.get(kind, kind)
    if "enum" in fixed:
        return {"enum": [*fixed["enum"], None]}
    if entity and kind == "string":
        return fixed | {"type": LOOSE}
    texts = kind == "array" and fixed.get("items", {}).get("type") == ["string", "null"]
    return fixed | {"type": [kind, "string", "null"] if texts else [kind, "null"]}


def _coerced(value: Any, known: dict[str, Any]) -> Any:
    """A query's text as what the parameter is."""
    kind = known.get("type")
    if kind == "array":
        items = value if isinstance(value, list) else str(value).split(",")
        return [_coerced(item, known.get("items") or {}) for item in items]
    if str(value) in ("None", "Any") and str(known.get("name")).endswith("_id"):
        return 0  # as the documentation has it
    if kind in ("integer", ["integer", "null"]) and re.fullmatch(r"-?\d+", str(value)):
        return int(value)
    if kind in ("boolean", ["boolean", "null"]) and str(value).lower() in ("true", "false", "1", "0"):
        return str(value).lower() in ("true", "1")
    return value
