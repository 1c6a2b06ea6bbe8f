"""Who may do what over MCP: tokens and their scopes, sessions that are one caller's, pages of other sites."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp_stand import MODES, Stand, call, posted, said, standing

from agent.service.callers import Scope
from integrations.mcp.own import OWN, SCOPES

revisions = pytest.mark.parametrize("revision", MODES)
FUNCTIONS = {"count_words", "slugify"}
BEGIN = call(
    "initialize",
    {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
)
HEADERS = {"accept": "application/json, text/event-stream"}


@pytest.fixture
def stand(workshop: Any, tmp_path: Path) -> Iterator[Stand]:
    """A server with two built-in functions."""
    with standing(workshop(functions=sorted(FUNCTIONS)), tmp_path) as place:
        yield place


def token_for(stand: Stand, by: str, *scopes: Scope) -> str:
    """A token of that person, good for that."""
    return stand.service.tokens.create(by, scopes, by="root")[1]


@revisions
@pytest.mark.parametrize("scope", [Scope.TASKS, Scope.FUNCTIONS, Scope.FUNCTIONS_RUN, Scope.METRICS])
def test_what_a_token_is_not_good_for_is_neither_shown_nor_done(stand: Stand, revision: str, scope: Scope) -> None:
    """Each scope has its tools; a call of another names the scope that it lacks."""
    own = {name for name, needed in SCOPES.items() if needed is scope}
    shown = own | (FUNCTIONS if scope is Scope.FUNCTIONS_RUN else set())

    async def work(client: Any) -> None:
        assert {tool.name for tool in (await client.list_tools()).tools} == shown
        for name in {*OWN, "slugify"} - shown:
            result = await client.call_tool(name, {"text": "a"})
            assert result.is_error
            assert "lacks the scope" in said(result)
        listed = (await client.list_resources()).resources
        assert bool(listed) is (scope is Scope.FUNCTIONS)
        if scope is not Scope.FUNCTIONS:
            with pytest.raises(MCPError):
                await client.read_resource("kowal://functions/slugify/1.0.0/source")

    stand.talk(revision, work, token=token_for(stand, "ann", scope))


@revisions
def test_tasks_are_their_askers_own(stand: Stand, revision: str) -> None:
    """Another's task is not there: not to look at, not to answer, not to cancel."""

    async def ask(client: Any) -> str:
        result = await client.call_tool("execute_task", {"task": "count words", "wait_s": 0})
        return str(result.structured_content["task"])

    task = stand.talk(revision, ask, token=token_for(stand, "ann", Scope.TASKS))

    async def pry(client: Any) -> None:
        for name, more in (("get_status", {}), ("cancel_task", {}), ("answer", {"choice": 1})):
            result = await client.call_tool(name, {"task": task, **more})
            assert result.is_error
            assert "no task" in said(result)

    stand.talk(revision, pry, token=token_for(stand, "eve", Scope.TASKS))


def test_without_a_good_token_nothing_is_said(stand: Stand) -> None:
    """Once a token was made, whoever has none, or a wrong one, gets 401 and how to come back."""
    record, token = stand.service.tokens.create("ann", [Scope.TASKS], by="root")
    stand.service.tokens.revoke(record.id, by="root")
    with httpx2.Client() as http:
        for given in (
            {},
            {"authorization": "Bearer x"},
            {"authorization": f"Bearer {token}"},
            {"authorization": token},
        ):
            refused = http.post(stand.url, json=BEGIN, headers=HEADERS | given)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert "slugify" not in refused.text


def test_a_session_is_its_callers_alone(stand: Stand) -> None:
    """With another's token it is not there, not even to be ended; with its own it is."""
    ann, eve = (token_for(stand, by, Scope.TASKS) for by in ("ann", "eve"))
    with httpx2.Client() as http:
        mine, other = (HEADERS | {"authorization": f"Bearer {token}"} for token in (ann, eve))
        session = {"mcp-session-id": http.post(stand.url, json=BEGIN, headers=mine).headers["mcp-session-id"]}
        ping = call("ping", {})
        assert http.post(stand.url, json=ping, headers=other | session).status_code == 404
        assert http.delete(stand.url, headers=other | session).status_code == 404
        assert http.post(stand.url, json=ping, headers=mine | session).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"host": "evil.example.com"}, 421), ({"origin": "http://evil.example.com"}, 403), ({"host": "localhost:1"}, 200)],
)
def test_other_sites_pages_are_not_answered(stand: Stand, headers: dict[str, str], status: int) -> None:
    """A name that leads here, or a page from elsewhere, is refused before anything is looked at."""
    with httpx2.Client() as http:
        assert http.post(stand.url, json=BEGIN, headers=HEADERS | headers).status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc": "1.0"}', b"9" * (9 << 20)]
)
@revisions
def test_what_is_no_message_is_refused(stand: Stand, revision: str, body: bytes) -> None:
    """With a status of the client's fault, and the next message is answered."""
    version = {} if revision == "2025-11-25" else {"mcp-protocol-version": revision}
    with httpx2.Client() as http:
        headers = HEADERS | version | {"content-type": "application/json"}
        refused = http.post(stand.url, content=body, headers=headers)
        assert 400 <= refused.status_code < 500
    assert posted(stand, revision, "slugify", '{"text": "A b"}')[1]["result"]["structuredContent"] == {"result": "a-b"}


def test_many_clients_at_a_time(stand: Stand) -> None:
    """Fifty calls side by side, in both revisions, each get their own answer."""
    answers: dict[int, Any] = {}

    def one(number: int) -> None:
        revision = list(MODES)[number % 2]
        _, answers[number] = posted(stand, revision, "slugify", json.dumps({"text": f"Number {number}"}))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answers[number]["result"]["structuredContent"]["result"] for number in range(50)] == [
        f"number-{number}" for number in range(50)
    ]


def test_a_token_that_is_revoked_ends_its_session(stand: Stand) -> None:
    """From the next message on, whatever the session was allowed."""
    record, token = stand.service.tokens.create("ann", [Scope.TASKS], by="root")
    with httpx2.Client() as http:
        headers = HEADERS | {"authorization": f"Bearer {token}"}
        headers["mcp-session-id"] = http.post(stand.url, json=BEGIN, headers=headers).headers["mcp-session-id"]
        assert http.post(stand.url, json=call("ping", {}), headers=headers).status_code == 200
        stand.service.tokens.revoke(record.id, by="root")
        assert http.post(stand.url, json=call("ping", {}), headers=headers).status_code == 401
