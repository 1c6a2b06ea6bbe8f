"""The e-mail addresses that a text mentions."""

import re
import unicodedata

_LOCAL = r"[\w.+&'-]"
_LABEL = r"[^\W_]+(?:-+[^\W_]+)*"
# Only a whole run of characters that an address may hold can begin one: part of an address is another
# address, and starting in the middle of a long run would cost time that grows with its square.
_ADDRESS = re.compile(
    rf"(?<!{_LOCAL})(?<!@)({_LOCAL}+)@((?:{_LABEL}\.)+(?:xn--[a-z0-9-]*[a-z0-9]|[^\W\d_]{{2,}}))(?![^\W_]|@)",
    re.IGNORECASE,
)


def extract_emails(text: str) -> list[str]:
    """Extract the distinct e-mail addresses from a text, in order of first appearance.

    Domains are lower-cased, because they do not tell case apart; the part before the @ stays as written.
    Brackets, quotes and punctuation around an address are not part of it. Letters of any script are accepted.

    Args:
        text: The text to search.

    Returns:
        The addresses, each once; empty where there is none.
    """
    runs = _ADDRESS.findall(unicodedata.normalize("NFC", text))
    found = ((local.lstrip("'&+-"), domain.lower()) for local, domain in runs)
    return list(dict.fromkeys(f"{local}@{domain}" for local, domain in found if _is_local_part(local)))


def _is_local_part(local: str) -> bool:
    """True where dots stand only between other characters."""
    return all(local.split("."))
