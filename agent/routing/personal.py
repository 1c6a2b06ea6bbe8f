"""Finds what tells of a person or opens a door in a text: addresses, numbers with a check digit, keys, tokens."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import phonenumbers
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.pl import nip, pesel
from stdnum.us import ssn

Check = Callable[[str], bool]


@dataclass(frozen=True, order=True)
class Found:
    """A place in a text, and what is there."""

    start: int
    end: int
    kind: str
    """In capital letters."""


TOKENS = re.compile(
    r"""\b(?:
    gh[pousr]_[A-Za-z0-9]{36,} | github_pat_\w{22,} | gl(?:pat|ptt|dt|rt|cbt|soat)-[\w-]{20,}   # GitHub, GitLab
  | (?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16} | AIza[\w-]{35} | ya29\.[\w-]{20,} | GOCSPX-[\w-]{20,}   # Amazon, Google
  | sk-(?:[a-z]+-)*[\w-]{20,} | hf_[A-Za-z]{30,} | gsk_\w{40,} | r8_\w{37} | pplx-\w{40,}         # models
  | xox[abeoprs]-[\w-]{10,} | xapp-\d-[\w-]{10,} | \d{8,10}:AA[\w-]{33}                          # Slack, Telegram
  | [rs]k_(?:live|test)_\w{16,} | whsec_\w{24,} | SG\.[\w-]{16,}\.[\w-]{16,} | key-[0-9a-f]{32}   # Stripe, mail
  | npm_\w{36} | pypi-[\w-]{50,} | dop_v1_[0-9a-f]{64} | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32} | lin_api_\w{32,}
  | hv[sbr]\.[\w-]{24,} | AGE-SECRET-KEY-1[0-9A-Z]{58} | tskey-[a-z]+-[\w-]{10,}               # Vault, Tailscale
  | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}                                                     # JSON web tokens
    )""",
    re.VERBOSE,
)
"""What these services' tokens begin with: their own documents, and the rules of gitleaks."""
KEYS = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
PASSWORDS = re.compile(r"(?<=://)[^\s/:@\"'<>]*:[^\s/@\"'<>]+(?=@)|(?<=[Bb]earer )[\w.~+/-]{20,}=*")
"""In a URL, and in a header."""
EMAILS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}\b")
NOBODYS = re.compile(r"@(?:.*\.)?(?:example(?:\.(?:com|net|org|edu))?|test|invalid|localhost)\Z|^git@", re.IGNORECASE)
"""Addresses that nobody has: RFC 2606; and how a git server is named."""
CARDS = re.compile(r"(?<![\w.-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -]?)\d{6}\2\d{5})(?![\w-]|\.\d)")
IBANS = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b")
SHORTEST_IBAN = 15


def is_card(text: str) -> bool:
    """Whether it is the number of a payment card: its first digit, its length, its check digit."""
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1 and luhn.is_valid(digits)


def is_polish_account(text: str) -> bool:
    """Whether it is an account's number without its country."""
    return iban.is_valid(f"PL{text}")


CHECKED: tuple[tuple[str, re.Pattern[str], Check], ...] = (
    ("CARD", CARDS, is_card),
    ("IBAN", re.compile(r"(?<![\w.-])\d{2}(?: ?\d{4}){6}(?![\w-])"), is_polish_account),
    ("ID", re.compile(r"(?<![\w.-])\d{11}(?![\w-]|\.\d)"), lambda text: pesel.is_valid(text) or idnr.is_valid(text)),
    ("ID", re.compile(r"(?<![\w-])\d{2} \d{3} \d{3} \d{3}(?![\w-])"), idnr.is_valid),
    ("ID", re.compile(r"(?<![\w-])(?:PL ?)?\d{3}-(?:\d{3}-\d{2}-\d{2}|\d{2}-\d{2}-\d{3})(?![\w-])"), nip.is_valid),
    ("ID", re.compile(r"(?<=NIP )\d{10}\b|(?<=NIP: )\d{10}\b|(?<=NIP:)\d{10}\b", re.IGNORECASE), nip.is_valid),
    ("ID", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), ssn.is_valid),
    ("ID", re.compile(r"(?<![\w-])[12]( ?)\d{2}\1\d{2}\1\d[\dAB]\1\d{3}\1\d{3}\1\d{2}(?![\w-])"), nir.is_valid),
    ("ID", re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b"), codicefiscale.is_valid),
    ("ID", re.compile(r"\b\d{8}-?[A-Z]\b"), dni.is_valid),
    ("ID", re.compile(r"\b[XYZ]-?\d{7}-?[A-Z]\b"), nie.is_valid),
)
"""Numbers by their form, and what checks them: python-stdnum, by the rules of those who give them out."""


def personal_in(text: str, region: str | None) -> Iterator[Found]:
    """All of it; places may overlap. Phone numbers are known by their `+`, or as they are written in the region."""
    for kind, pattern in (("TOKEN", TOKENS), ("KEY", KEYS), ("PASSWORD", PASSWORDS)):
        yield from (Found(*match.span(), kind) for match in pattern.finditer(text))
    for match in EMAILS.finditer(text):
        if not NOBODYS.search(match[0]):
            yield Found(*match.span(), "EMAIL")
    for kind, pattern, is_right in CHECKED:
        yield from (Found(*match.span(), kind) for match in pattern.finditer(text) if is_right(match[0]))
    yield from ibans_in(text)
    for number in phonenumbers.PhoneNumberMatcher(text, region):
        is_opened = number.raw_string.startswith("(") and ")" not in number.raw_string
        yield Found(number.start + is_opened, number.end, "PHONE")


def ibans_in(text: str) -> Iterator[Found]:
    """Accounts with their country; the words that follow one may look as if they belonged to it."""
    for match in IBANS.finditer(text):
        for end in range(match.end(), match.start() + SHORTEST_IBAN - 1, -1):
            is_whole = end == len(text) or not text[end].isalnum()
            if is_whole and text[end - 1].isalnum() and iban.is_valid(text[match.start() : end]):
                yield Found(match.start(), end, "IBAN")
                break
