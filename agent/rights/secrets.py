"""Secrets: placeholders inside the sandbox, the values put in as a request leaves, and taken out of what comes back."""

import base64
import binascii
import html
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from agent.rights.outcomes import AskRefused

PREFIX = "kowal-secret-"
PLACEHOLDER = re.compile(PREFIX.encode() + rb"[0-9a-f]{32}", re.IGNORECASE)
SHORTEST = 8
"""Characters of a secret: a shorter one could not be told from ordinary text in an answer."""
KEYS = ("api_key", "password", "token", "secret", "signing")
"""How the names of settings end that hold a secret."""
ESCAPE = re.compile(r"%[0-9A-F]{2}")
BASIC = re.compile(r"basic +([A-Za-z0-9+/=]+)", re.IGNORECASE)

Written = Callable[[str], str]
"""How a value is written where it goes."""


class Vault:
    """The secrets of one run. Their values leave it in two ways only: in `filled`, and never in `hidden`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self.placeholders = {name: f"{PREFIX}{secrets.token_hex(16)}" for name in values}
        """What the code gets in their place, by name; random in each run."""
        self._names = {placeholder.encode(): name for name, placeholder in self.placeholders.items()}
        found = {form: name for name, value in values.items() for form in forms(value)}
        longest_first = sorted(found, key=len, reverse=True)
        self._forms = [(form.encode(), self.placeholders[found[form]].encode()) for form in longest_first]

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._values)})"

    def named_in(self, data: bytes) -> set[str]:
        """The secrets whose placeholders stand in the data. Raises `AskRefused` for one that this run does not have."""
        found = set()
        for placeholder in PLACEHOLDER.findall(data):
            if placeholder not in self._names:
                raise AskRefused("it holds the placeholder of a secret that this run does not have")
            found.add(self._names[placeholder])
        return found

    def filled(self, data: bytes, written: Written) -> bytes:
        """The data with the values in it, each written as its place needs it."""
        return PLACEHOLDER.sub(lambda found: written(self._values[self._names[found[0]]]).encode(), data)

    def filled_text(self, text: str, written: Written = str) -> str:
        """The text with the values in it."""
        return self.filled(text.encode(), written).decode()

    def hidden(self, data: bytes) -> bytes:
        """The data with placeholders where the values stood, also where they were quoted, escaped or in base64."""
        for form, placeholder in self._forms:
            data = data.replace(form, placeholder)
        return data

    def hidden_text(self, text: str) -> str:
        """The text with placeholders where the values stood."""
        return self.hidden(text.encode(errors="replace")).decode(errors="replace")


def forms(value: str) -> set[str]:
    """The ways in which a value comes back: plain, quoted for a URL, for JSON, for HTML, hexadecimal, in base64."""
    data = value.encode()
    texts = {value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value), in_json(value)}
    texts |= {ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in texts}
    texts |= {text.replace("/", "\\/") for text in texts} | {data.hex(), data.hex().upper(), *base64_forms(data)}
    return {text for text in texts if len(text) >= SHORTEST}


def base64_forms(data: bytes) -> Iterator[str]:
    """What stays the same of the data in base64, wherever it stands in what was encoded."""
    for shift in range(3):
        plain = base64.b64encode(bytes(shift) + data).decode()
        first = -(-shift * 8 // 6)
        last = (shift + len(data)) * 8 // 6
        yield plain[first:last]
        yield plain[first:last].translate(URL_SAFE)


URL_SAFE = str.maketrans("+/", "-_")


def in_json(value: str) -> str:
    """The value as it stands between the quotes of a JSON text."""
    return json.dumps(value)[1:-1]


def in_url(value: str) -> str:
    """The value as it stands in a URL."""
    return quote(value, safe="")


def writing_for(content_type: str) -> Written:
    """How a value is written into a body of that type."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return in_json
    return quote_plus if kind == "application/x-www-form-urlencoded" else str


def opened(header: str) -> str:
    """A `Basic` credential as it is inside its base64; any other header as it stands."""
    parts = BASIC.fullmatch(header)
    if parts is None:
        return header
    try:
        return base64.b64decode(parts[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return header


def closed(header: str, inside: str) -> str:
    """The `Basic` credential with that inside, where the header is one; else the inside itself."""
    return f"Basic {base64.b64encode(inside.encode()).decode()}" if opened(header) != header else inside


def keys_in(section: object, path: str = "") -> Iterator[tuple[str, str]]:
    """What is secret in a raw section of the settings and in what it nests, by its place; not keys that are words."""
    inner: Iterable[tuple[object, object]] = ()
    if isinstance(section, Mapping):
        inner = section.items()
    elif isinstance(section, list | tuple):
        inner = enumerate(section)
    for name, value in inner:
        place = f"{path}.{name}" if path else str(name)
        if str(name).endswith(KEYS) and not isinstance(value, Mapping | list | tuple):
            if len(str(value)) >= SHORTEST:
                yield path if name == "api_key" else place, str(value)
        else:
            yield from keys_in(value, place)
