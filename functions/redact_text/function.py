"""A text without the personal data that can be told by its form."""

import ipaddress
import re

_LABEL = r"[^\W_]+(?:-+[^\W_]+)*"
_EMAIL = re.compile(rf"(?<![\w.+&'-])[\w.+&'-]+@(?:{_LABEL}\.)+(?:xn--[A-Za-z0-9-]+|[^\W\d_]{{2,}})(?![^\W_])")
_GROUP = "(?: [A-Z0-9]{4})"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z]{{2}}[0-9]{{2}}"
    rf"(?:[A-Z0-9]{{11,30}}|{_GROUP}{{3,7}}(?: [A-Z0-9]{{1,3}})?|{_GROUP}{{2}} [A-Z0-9]{{3}})(?!\w)"
)
# Grouped as on most cards, with nineteen digits and with sixteen; as on cards of Amex and Diners; and without gaps.
_CARDS = [
    re.compile(rf"(?<![0-9])(?<![0-9][.,]){form}(?![0-9])")
    for form in (
        r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}",
        r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}",
        r"[0-9]{4}([ -])[0-9]{6}\1[0-9]{4,5}",
        r"[0-9]{13,19}",
    )
]
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9a-f]*:[0-9a-f]*:)(?:[0-9a-f:]*:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f:]+)(?!\w)", re.IGNORECASE
)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.[0-9])")


def redact_text(text: str) -> str:
    """Replace e-mail addresses, bank account numbers, card numbers and IP addresses in a text by placeholders.

    The placeholders are [EMAIL], [IBAN], [CARD] and [IP]. What looks like an IBAN (ISO 13616) is replaced even
    where its check digits are wrong: two capitals, two digits and 11 to 30 more capitals or digits, in one piece
    or in groups of four with spaces. A card number has 13 to 19 digits, in one piece or grouped by spaces or
    hyphens as on the card, and is replaced only where its check digit is right (Luhn, ISO/IEC 7812). IP addresses
    are those of version 4 and 6.

    Args:
        text: The text to redact.

    Returns:
        The text with the placeholders; all else in it is as it was.
    """
    text = _IBAN.sub(_without_iban, _EMAIL.sub("[EMAIL]", text))
    for form in _CARDS:
        text = _without_cards(text, form)
    return _IPV4.sub("[IP]", _IPV6.sub(_without_ipv6, text))


def _without_iban(match: re.Match[str]) -> str:
    """The placeholder; words in capitals behind a number with right check digits stay."""
    groups = match[0].split(" ")
    for end in range(len(groups), 3, -1):
        number = "".join(groups[:end])
        if int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1:
            return " ".join(["[IBAN]", *groups[end:]])
    return "[IBAN]"


def _without_cards(text: str, form: re.Pattern[str]) -> str:
    place = 0
    while match := form.search(text, place):
        place = match.start() + 1
        if _has_check_digit(re.sub("[ -]", "", match[0])):
            text = f"{text[: match.start()]}[CARD]{text[match.end() :]}"
    return text


def _has_check_digit(number: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2]]
    return (sum(doubled) + sum(map(int, number[::-2]))) % 10 == 0


def _without_ipv6(match: re.Match[str]) -> str:
    """The placeholder where it is an address; a colon behind one is punctuation."""
    for end in ("", ":"):
        address = match[0].removesuffix(end)
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            continue
        return match[0] if address == "::" else f"[IP]{match[0][len(address) :]}"
    return match[0]
