"""How a fake Rocket.Chat server lets people in: by password and second factor."""

import hashlib
from typing import Any

import pyotp

from integrations.chat._fake_rocketchat_state import Account, Document, Refused, State, Token, new_id


def new_login(user: Account) -> str:
    """A token of a login."""
    token = f"{new_id()}{new_id()}{new_id()}"[:43]
    user.tokens[token] = Token(personal=False)
    return token


def by_password(state: State, given: dict[str, Any]) -> Account:
    """Who logs in by password, and by the second factor where they have one, as Meteor's `login` is given it.

    Raises `Refused`: an unknown user and a wrong password are told apart for nobody.
    """
    code = ""
    if isinstance(given.get("totp"), dict):
        code, given = str(given["totp"].get("code", "")), given["totp"].get("login") or {}
    who, word = given.get("user") or {}, given.get("password") or ""
    user = state.user(str(who.get("username", ""))) if isinstance(who, dict) else None
    if user is None or not user.password or not fits(word, user.password):
        raise Refused("403", "User not found")
    if user.totp:
        facts = {"method": "totp", "codeGenerated": False, "availableMethods": ["totp"]}
        if not code:
            raise TwoFactor("totp-required", "TOTP Required", facts)
        if not pyotp.TOTP(user.totp).verify(code, valid_window=1):
            raise TwoFactor("totp-invalid", "TOTP Invalid", facts)
    return user


class TwoFactor(Refused):
    """The second factor is missing or wrong."""

    def __init__(self, kind: str, reason: str, details: Document) -> None:
        super().__init__(kind, reason)
        self.details = details


def fits(given: Any, password: str) -> bool:
    """Whether a password is the one, given plainly or as its SHA-256."""
    if isinstance(given, dict):
        return bool(given.get("digest") == hashlib.sha256(password.encode()).hexdigest())
    return bool(given == password)
