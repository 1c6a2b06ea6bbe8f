"""Where the next page begins: the name that the last one ended with, in a form that nobody is to read."""

import base64
import binascii

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

MOST_CHARS = 200


def cursor_of(name: str) -> str | None:
    """The cursor of the page that begins behind the name; none behind no name."""
    return base64.urlsafe_b64encode(name.encode()).decode() if name else None


def name_behind(cursor: str | None) -> str:
    """The name behind which the page begins; empty for the first. Raises `MCPError` for what is no cursor of ours."""
    if cursor is None:
        return ""
    try:
        if len(cursor) <= MOST_CHARS and (name := base64.b64decode(cursor, altchars=b"-_", validate=True).decode()):
            return name
    except (binascii.Error, ValueError):
        pass
    raise MCPError(INVALID_PARAMS, "This is no cursor of a page", {"next": "Ask for the first page, without one."})
