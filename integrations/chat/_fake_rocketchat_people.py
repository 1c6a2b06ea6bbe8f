"""Routes of a fake Rocket.Chat server about logins, people and what is subscribed."""

import hashlib

import pyotp

from integrations.chat._fake_rocketchat_chat import moment
from integrations.chat._fake_rocketchat_entities import me, seen_by
from integrations.chat._fake_rocketchat_logins import TwoFactor, by_password, new_login
from integrations.chat._fake_rocketchat_rest import Call, Route
from integrations.chat._fake_rocketchat_state import Account, Document, Refused, State, Token, new_id, now


def info(call: Call) -> Document:
    """`info`: the version, without its last number for who is no admin."""
    return {"version": call.state.version if call.user and "admin" in call.user.roles else public_version(call.state)}


def public_version(state: State) -> str:
    """What everybody is told of it."""
    return state.version.rpartition(".")[0]


def log_in(call: Call) -> Document:
    """`login`, as `loginCompatibility` of ApiClass.ts reads it: the code is in the body or the header `x-2fa-code`."""
    given = call.body
    if "resume" in given:
        user, token = call.state.by_token(str(given["resume"])), str(given["resume"])
        if user is None:
            raise LoginRefused(Refused("403", "You've been logged out by the server. Please log in again."))
    else:
        who = given.get("user") or given.get("username") or str(given.get("email", "")).partition("@")[0]
        name = who.get("username", "") if isinstance(who, dict) else str(who)
        login = {"user": {"username": name}, "password": given.get("password")}
        code = given.get("code") or call.headers.get("x-2fa-code")
        try:
            user = by_password(call.state, {"totp": {"code": code, "login": login}} if code else login)
        except Refused as refused:
            raise LoginRefused(refused) from refused
        token = new_login(user)
    return {"status": "success", "data": {"userId": user.id, "authToken": token, "me": me(call.state, user)}}


class LoginRefused(Refused):
    """Nobody is let in. Since 8.0 the server does not say why, nor that the second factor is missing (ApiClass.ts)."""

    def __init__(self, why: Refused) -> None:
        super().__init__("unauthorized", status=401)
        unknown = why.reason == "User not found"
        self.before_8 = {
            "status": "error",
            "success": False,
            "error": "Unauthorized" if unknown else why.kind,
            "message": "Unauthorized" if unknown else why.reason,
        }
        if isinstance(why, TwoFactor):
            self.before_8["details"] = why.details


def log_out(call: Call) -> Document:
    """`logout`: the token that is used for it is no more."""
    call.state.revoke(call.token)
    return {"status": "success", "data": {"message": "You've been logged out!"}}


def second_factor(call: Call, user: Account) -> None:
    """Raise `Refused` unless the call comes with the second factor (2fa/server/code/index.ts).

    For who has no other one it is the SHA-256 of their password; a token may skip it.
    """
    if user.tokens[call.token].skips_second_factor or not (user.totp or user.password):
        return
    given = call.headers.get("x-2fa-code", "")
    facts = {
        "method": "totp" if user.totp else "password",
        "codeGenerated": False,
        "availableMethods": ["totp"] if user.totp else [],
    }
    if not given:
        raise TwoFactor("totp-required", "TOTP Required", facts)
    fits = (
        pyotp.TOTP(user.totp).verify(given, valid_window=1)
        if user.totp
        else given == hashlib.sha256(user.password.encode()).hexdigest()
    )
    if not fits:
        raise TwoFactor("totp-invalid", "TOTP Invalid", facts)


def make_token(call: Call) -> Document:
    """`users.generatePersonalAccessToken`."""
    if not call.state.may(call.me, "create-personal-access-tokens"):
        raise Refused("not-authorized", "Not Authorized")
    second_factor(call, call.me)
    if any(token.name == call.body["tokenName"] for token in call.me.tokens.values()):
        raise Refused("error-token-already-exists", "A token with this name already exists")
    token = (new_id() + new_id() + new_id())[:43]
    call.me.tokens[token] = Token(
        personal=True, name=call.body["tokenName"], skips_second_factor=bool(call.body.get("bypassTwoFactor"))
    )
    return {"token": token}


def users_info(call: Call) -> Document:
    """`users.info`."""
    user = (
        call.state.users.get(call.query["userId"])
        if "userId" in call.query
        else call.state.user(call.query.get("username", ""))
    )
    if user is None:
        raise Refused("User not found.")
    found = seen_by(call.state, call.me, user)
    shows_rooms = user is call.me or call.state.may(call.me, "view-other-user-channels")
    if call.query.get("includeUserRooms") == "true" and shows_rooms:
        found["rooms"] = [
            {"_id": one["_id"], "rid": one["rid"], "t": one["t"], "name": one["name"], "roles": one.get("roles", [])}
            for (_, whose), one in call.state.subscriptions.items()
            if whose == user.id
        ]
    return {"user": found}


def public_roles(call: Call) -> Document:
    """`roles.getUsersInPublicRoles`: who has a role with a description, for everybody (authorization/service.ts)."""
    found = []
    for user in call.state.users.values():
        if roles := [role for role in user.roles if call.state.roles.get(role)]:
            found.append({"_id": user.id, "username": user.username, "roles": roles})
    return {"users": found}


def subscriptions_get(call: Call) -> Document:
    """`subscriptions.get`: one's own; with `updatedSince`, those that changed since."""
    mine = [one for (_, user), one in call.state.subscriptions.items() if user == call.me.id]
    if since := call.query.get("updatedSince"):
        at = moment(since, "updatedSince")
        mine = [one for one in mine if one["_updatedAt"] > at]
    return {"update": mine, "remove": []}


def subscriptions_one(call: Call) -> Document:
    """`subscriptions.getOne`: null for a room of which one is no member."""
    return {"subscription": call.state.subscriptions.get((call.query["roomId"], call.me.id))}


def subscriptions_read(call: Call) -> Document:
    """`subscriptions.read`."""
    room = call.body.get("rid") or call.body.get("roomId") or ""
    if (mine := call.state.subscriptions.get((room, call.me.id))) is None:
        raise Refused("error-invalid-subscription", "Invalid subscription")
    mine |= {"alert": False, "unread": 0, "userMentions": 0, "groupMentions": 0, "ls": now(), "_updatedAt": now()}
    if call.body.get("readThreads"):
        mine.pop("tunread", None)
    return {}


PEOPLE = {
    ("GET", "info"): Route(run=info, open=True),
    ("POST", "login"): Route(run=log_in, open=True),
    ("POST", "logout"): Route(run=log_out),
    ("GET", "me"): Route(run=lambda call: me(call.state, call.me)),
    ("POST", "users.generatePersonalAccessToken"): Route(run=make_token),
    ("GET", "users.info"): Route(run=users_info),
    ("GET", "roles.getUsersInPublicRoles"): Route(run=public_roles),
    ("GET", "subscriptions.get"): Route(run=subscriptions_get),
    ("GET", "subscriptions.getOne"): Route(run=subscriptions_one),
    ("POST", "subscriptions.read"): Route(run=subscriptions_read),
}
