"""The routes of a fake GitLab server about protected branches."""

from integrations.codehost._fake_gitlab_code_entities import protection
from integrations.codehost._fake_gitlab_records import Document, Protection, Refused
from integrations.codehost._fake_gitlab_rest import Call, Listing, Route
from integrations.codehost._fake_gitlab_world import MAINTAINER

LEVELS = {0: "No one", 30: "Developers + Maintainers", 40: "Maintainers", 60: "Instance admins"}


def _protected(call: Call) -> Listing:
    rules = list(call.project(MAINTAINER).protections.values())
    return Listing(items=rules, show=lambda rule: protection(rule, LEVELS))


def _rule(call: Call) -> Protection:
    if (found := call.project(MAINTAINER).protections.get(call.place["name"])) is None:
        raise Refused(404, "404 Not found")
    return found


def _protect(call: Call) -> Document:
    place = call.project(MAINTAINER)
    name = str(call.need("name"))
    if name in place.protections:
        raise Refused(409, f"Protected branch '{name}' already exists")
    rule = Protection(id=call.state.next("protection"), name=name, force=call.says("allow_force_push"))
    for side in ("push", "merge"):
        users = {int(one["user_id"]) for one in call.body.get(f"allowed_to_{side}") or [] if one.get("user_id")}
        levels = [
            int(one["access_level"]) for one in call.body.get(f"allowed_to_{side}") or [] if "access_level" in one
        ]
        usual = call.body.get(f"{side}_access_level", levels[0] if levels else 0 if users else MAINTAINER)
        setattr(rule, side, int(usual))
        setattr(rule, f"{side}_users", users)
    place.protections[name] = rule
    return protection(rule, LEVELS)


def _unprotect(call: Call) -> None:
    del call.project(MAINTAINER).protections[_rule(call).name]


PROTECTED = {
    ("GET", "projects/:id/protected_branches"): Route(run=_protected),
    ("POST", "projects/:id/protected_branches"): Route(run=_protect, status=201),
    ("GET", "projects/:id/protected_branches/:name"): Route(run=lambda call: protection(_rule(call), LEVELS)),
    ("DELETE", "projects/:id/protected_branches/:name"): Route(run=_unprotect, status=204),
}
