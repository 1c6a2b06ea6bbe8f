"""How a fake Rocket.Chat server's documents leave it, as JSON or the realtime line's EJSON, and who sees what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from integrations.chat._fake_rocketchat_state import Account, Document, State


def for_rest(value: Any) -> Any:
    """Dates as ISO strings."""
    return _written(value, lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def for_ddp(value: Any) -> Any:
    """Dates as `{"$date": milliseconds}`."""
    return _written(value, lambda at: {"$date": round(at.timestamp() * 1000)})


def _written(value: Any, date: Callable[[datetime], Any]) -> Any:
    match value:
        case datetime():
            return date(value)
        case dict():
            return {name: _written(item, date) for name, item in value.items()}
        case list() | tuple():
            return [_written(item, date) for item in value]
    return value


def moment_of(text: str) -> datetime:
    """A moment as a client writes it: an ISO string, or milliseconds. Raises `ValueError`."""
    at = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdigit() else datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def me(state: State, user: Account) -> Document:
    """Somebody, as they see themselves (getUserInfo.ts)."""
    services = {"password": {"exists": bool(user.password)}} | ({"totp": {"enabled": True}} if user.totp else {})
    return person(user) | {
        "createdAt": user.created_at,
        "_updatedAt": user.created_at,
        "roles": list(user.roles),
        "statusConnection": "online",
        "emails": [{"address": f"{user.username}@example.org", "verified": True}],
        "email": f"{user.username}@example.org",
        "settings": {"profile": {}, "preferences": {}, "calendar": {}},
        "services": services,
        "isOAuthUser": False,
        "avatarUrl": f"{state.site_url}/avatar/{user.username}",
    }


def person(user: Account) -> Document:
    """Somebody, as everybody sees them: without their roles (`defaultFields` of getFullUserData.ts)."""
    kind = "bot" if "bot" in user.roles else "user"
    return user.small | {"type": kind, "status": "online", "active": True, "utcOffset": 1}


def seen_by(state: State, viewer: Account, user: Account) -> Document:
    """Somebody, as `users.info` gives them: their roles to themselves and for `view-full-other-user-info` only."""
    if viewer.id != user.id and not state.may(viewer, "view-full-other-user-info"):
        return person(user) | {"canViewAllInfo": False}
    full = {
        "roles": list(user.roles),
        "createdAt": user.created_at,
        "statusConnection": "online",
        "emails": [{"address": f"{user.username}@example.org", "verified": True}],
    }
    return person(user) | full | {"canViewAllInfo": True}
