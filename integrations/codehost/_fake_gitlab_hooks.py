"""The webhooks of a fake GitLab server: what happens, posted to whoever configured one."""

import base64
import hashlib
import hmac
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import httpx

from integrations.codehost._fake_gitlab_records import Document, Place
from integrations.codehost._fake_gitlab_state import State

EVENTS = {
    "Issue Hook": "issues_events",
    "Confidential Issue Hook": "confidential_issues_events",
    "Note Hook": "note_events",
    "Confidential Note Hook": "confidential_note_events",
    "Merge Request Hook": "merge_requests_events",
    "Pipeline Hook": "pipeline_events",
    "Push Hook": "push_events",
    "Tag Push Hook": "tag_push_events",
    "Emoji Hook": "emoji_events",
}
"""By the event's name the switch of a hook."""
TOGETHER_S, ENOUGH = 0.05, 10
"""How long a delivery waits for others, where they are to be shuffled, and how many do."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One post to a hook."""

    hook: int
    url: str
    event: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    """0 until there is an answer, and where there was none."""
    sent_at: float = 0.0
    """On the monotonic clock."""
    took_s: float = 0.0

    @property
    def payload(self) -> Document:
        """The body."""
        return json.loads(self.body)  # type: ignore[no-any-return]


class Hooks:
    """Posts in a thread, in order unless told otherwise; what fails is not posted again by itself."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.delivered: list[Delivery] = []
        self.held = False
        self.double = 0.0
        self.shuffle = False
        self.chance = random.Random(0)  # noqa: S311
        self._waiting: list[Delivery] = []
        self._changed = threading.Condition()
        self._busy = self._over = False
        self._thread = threading.Thread(target=self._post, daemon=True)
        state.on_event.append(self.tell)
        state.deliver = self.post

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Post no more, and wait for what is under way."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join(15)

    def tell(self, event: str, place: Place, payload: Document, confidential: bool) -> None:  # noqa: FBT001
        """Something happened: post it to the hooks of the project that want to hear it."""
        name = f"Confidential {event}" if confidential else event
        for hook in place.hooks.values():
            if hook.get(EVENTS[name]):
                self.post(hook, name, payload)

    def post(self, hook: Document, event: str, payload: Document) -> None:
        """Post something to a hook soon; twice where chance wants it."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        one = Delivery(
            hook=hook["id"], url=hook["url"], event=event, headers=self._headers(hook, event, body), body=body
        )
        with self._changed:
            self._waiting += [one, one] if self.chance.random() < self.double else [one]
            self._changed.notify_all()

    def again(self, one: Delivery) -> None:
        """Post something another time, as the button in the list of a hook's events does: with the same key."""
        with self._changed:
            self._waiting.append(replace(one, status=0))
            self._changed.notify_all()

    def release(self) -> None:
        """Post what was held back, in another order where it is to be shuffled."""
        with self._changed:
            self.held = False
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing is left to post."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def _headers(self, hook: Document, event: str, body: bytes) -> dict[str, str]:
        key = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{self.state.version}",
            "Idempotency-Key": key,
            "X-Gitlab-Event": event,
            "X-Gitlab-Webhook-UUID": hook["uuid"],
            "X-Gitlab-Instance": self.state.url,
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
        }
        if hook.get("token"):
            headers["X-Gitlab-Token"] = hook["token"]
        return headers | (signed(hook["signing_token"], key, body) if hook.get("signing_token") else {})

    def _post(self) -> None:
        with httpx.Client(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501 - of a fake
            while (one := self._next()) is not None:
                began = time.monotonic()
                try:
                    status = client.post(one.url, content=one.body, headers=one.headers).status_code
                except httpx.HTTPError:
                    status = 0
                took_s = time.monotonic() - began
                with self._changed:
                    self.delivered.append(replace(one, status=status, sent_at=began, took_s=took_s))
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> Delivery | None:
        """What to post now; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or (bool(self._waiting) and not self.held))
            if self.shuffle and not self._over:
                self._changed.wait_for(lambda: self._over or len(self._waiting) >= ENOUGH, TOGETHER_S)
            if self._over:
                return None
            self._busy = True
            return self._waiting.pop(self.chance.randrange(len(self._waiting)) if self.shuffle else 0)


def signed(secret: str, key: str, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 with the base64-decoded part after `whsec_`."""
    at = str(int(time.time()))
    try:
        secret_bytes = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret_bytes = secret.encode()
    digest = hmac.digest(secret_bytes, f"{key}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": key,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def settings(state: State, given: dict[str, Any]) -> Document:
    """A new hook, as its creator wants it."""
    names = sorted(set(EVENTS.values()) | {"job_events", "wiki_page_events", "releases_events"})
    switches = {name: bool(given.get(name, name == "push_events")) for name in names}
    return switches | {
        "id": state.next("hook"),
        "uuid": str(uuid.uuid4()),
        "url": given["url"],
        "name": given.get("name"),
        "description": given.get("description"),
        "token": given.get("token"),
        "signing_token": given.get("signing_token"),
        "enable_ssl_verification": bool(given.get("enable_ssl_verification", True)),
        "push_events_branch_filter": given.get("push_events_branch_filter"),
        "branch_filter_strategy": "wildcard",
        "alert_status": "executable",
        "disabled_until": None,
    }
