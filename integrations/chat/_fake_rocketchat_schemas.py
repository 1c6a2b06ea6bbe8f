"""Whether a real Rocket.Chat server would take a request: by its published validators, where there is one."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from integrations.chat._fake_rocketchat_state import Refused

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_ROOM = {"oneOf": [_object("roomId", roomId=TEXT), _object("roomName", roomName=TEXT)]}
_NEW_ROOM = _object(
    "name",
    name=TEXT,
    members={"type": "array", "items": TEXT},
    readOnly={"type": "boolean"},
    excludeSelf={"type": "boolean"},
    customFields={"type": "object"},
    extraData={"type": "object"},
)
_GUEST = _object("roomId", roomId=TEXT, userId=TEXT, userIds={"type": "array", "items": TEXT})
DOCUMENTED: dict[str, dict[str, Any]] = {
    "GET info query": _object(),
    "GET me query": _object(),
    "POST logout body": _object(),
    "GET logout query": _object(),
    "POST users.generatePersonalAccessToken body": _object(
        "tokenName", tokenName=TEXT, bypassTwoFactor={"type": "boolean"}
    ),
    "GET roles.getUsersInPublicRoles query": _object(),
    "GET rooms.get query": _object(updatedSince=TEXT),
    "GET rooms.roles query": _object("rid", rid=TEXT),
    "GET channels.roles query": _ROOM,
    "GET groups.roles query": _ROOM,
    "GET channels.info query": _ROOM,
    "POST channels.create body": _NEW_ROOM,
    "POST groups.create body": _NEW_ROOM,
    "POST channels.invite body": _GUEST,
    "POST groups.invite body": _GUEST,
    "POST rooms.media/:rid body": _object("file", file={"type": "string"}),
    "POST rooms.mediaConfirm/:rid/:fileId body": _object(
        msg={"type": "string"}, tmid={"type": "string"}, description={"type": "string"}, fileName={"type": "string"}
    ),
}
"""For the routes whose validator was not among the published ones at hand: what developer.rocket.chat documents."""


class Judge:
    """Holds each request to the schema of its route. What `published` lacks is held to `DOCUMENTED`."""

    def __init__(self, published: Path | None) -> None:
        texts = json.loads(published.read_text("utf-8")) if published else {}
        self._schemas = {name: _nullable(schema) for name, schema in (DOCUMENTED | texts).items()}
        self._validators = {name: jsonschema_rs.validator_for(schema) for name, schema in self._schemas.items()}
        self._published = frozenset(texts)
        self.unpublished: set[str] = set()
        """The routes that were asked and whose validator is none of the published ones."""

    def check(self, method: str, route: str, query: dict[str, str], body: Any) -> dict[str, str]:
        """The query, without what every route takes. Raises `Refused`, as the server does, for what does not fit."""
        plain = route.replace("dm.", "im.", 1) if route.startswith("dm.") else route  # two names of one route
        name = f"{method} {plain} {'query' if method == 'GET' else 'body'}"
        if name not in self._published:
            self.unpublished.add(name)
        given = _coerced(query, self._schemas.get(name, {})) if method == "GET" else body
        if route == "login":
            given = _login(given)
        if name in self._validators and (
            errors := [error.message for error in self._validators[name].iter_errors(given)]
        ):
            raise Refused("invalid-params", "; ".join(errors)[:500])
        return query


def _login(body: dict[str, Any]) -> dict[str, Any]:
    """A login, as its validator has it.

    The published schema knows no `resume`, and has `user` as an object. The route does not use it: it takes both
    (`loginCompatibility` in ApiClass.ts), and that is what is documented.
    """
    plain = {name: value for name, value in body.items() if name != "resume"}
    return plain | {"user": {"username": plain["user"]}} if isinstance(plain.get("user"), str) else plain


def _coerced(query: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """Numbers in a query as numbers, where the schema wants them: ajv does so, with `coerceTypes`."""
    wanted = {
        name
        for part in (schema, *schema.get("oneOf", []), *schema.get("anyOf", []))
        for name, kind in part.get("properties", {}).items()
        if "number" in kind.get("type", ())
    }
    return {name: _number(value) if name in wanted else value for name, value in query.items()}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _nullable(schema: Any) -> Any:
    """The schema with `nullable` as JSON Schema has it."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _nullable(value) for name, value in schema.items() if name not in ("nullable", "discriminator")}
    if schema.get("nullable") is True and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain
