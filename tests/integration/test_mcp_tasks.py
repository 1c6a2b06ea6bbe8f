"""Tasks over MCP, in both revisions: waited for, with progress; asked about by tool and by form; cancelled, or not."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp_stand import DOUBT, DOUBTFUL, MODES, Stand, said, standing
from mcp_types import ElicitResult

from agent.errors import BadArguments, BudgetExceeded, Unclear

revisions = pytest.mark.parametrize("revision", MODES)
SLUG = {"task": "slugify a text", "arguments": {"text": "Ala ma kota"}}


@pytest.fixture
def stand(workshop: Any, tmp_path: Path) -> Iterator[Stand]:
    """A server with two built-in functions, and nobody who works."""
    with standing(workshop(functions=["count_words", "slugify"], recorded=True), tmp_path) as place:
        yield place


@pytest.fixture
def doubtful(workshop: Any, tmp_path: Path) -> Iterator[Stand]:
    """A server with a worker, whose model leaves it open what is right."""
    with standing(workshop(recorded=True, **DOUBTFUL), tmp_path) as place, place.working():
        yield place


@revisions
def test_a_task_is_waited_for_and_its_progress_is_told(stand: Stand, revision: str) -> None:
    """Its id comes first, then what happens; the end is the value, and what gave it."""
    told: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message or ""))

    async def work(client: Any) -> None:
        result = await client.call_tool("execute_task", SLUG, progress_callback=hear)
        facts = result.structured_content
        assert (facts["state"], facts["value"], facts["function"]) == ("done", "ala-ma-kota", "slugify")
        assert said(result).startswith("ala-ma-kota\n(slugify 1.0.0, matched")
        again = (await client.call_tool("get_status", {"task": facts["task"]})).structured_content
        assert again == facts
        assert told[0][1] == f"task {facts['task']}"

    with stand.working():
        stand.talk(revision, work)
    assert [number for number, _ in told] == sorted({number for number, _ in told})
    assert [word for word in ("queued", "matched", "ran") if any(word in message for _, message in told)] == [
        "queued", "matched", "ran",
    ]  # fmt: skip


@revisions
def test_a_task_goes_on_behind_the_time_that_is_waited(stand: Stand, revision: str) -> None:
    """Where nobody works yet, the task's id comes back, and how to ask for it; later it is there."""

    async def work(client: Any) -> None:
        begun = time.monotonic()
        result = await client.call_tool("execute_task", {**SLUG, "wait_s": 0.3, "key": "k"})
        assert time.monotonic() - begun > 0.2
        facts = result.structured_content
        assert (facts["state"], result.is_error) == ("queued", False)
        assert "get_status" in facts["next"]
        again = await client.call_tool("execute_task", {**SLUG, "wait_s": 0, "key": "k"})
        assert again.structured_content["task"] == facts["task"]
        with stand.working():
            done = await client.call_tool("get_status", {"task": facts["task"], "wait_s": 20})
        assert done.structured_content["value"] == "ala-ma-kota"

    stand.talk(revision, work)


@revisions
def test_a_question_is_answered_by_the_tool(doubtful: Stand, revision: str) -> None:
    """A client without forms gets the call and the choices, and says the right one; the task ends by it."""

    async def work(client: Any) -> None:
        result = await client.call_tool("execute_task", {**DOUBT, "wait_s": 60})
        for _ in range(5):
            facts = result.structured_content
            if facts["state"] == "done":
                break
            wait = facts["waits_for"]
            assert (facts["state"], wait["kind"], result.is_error) == ("waiting", "question", False)
            assert "What must longest(" in said(result)
            assert "answer" in facts["next"]
            right = max(wait["question"]["arguments"]["words"], key=len, default="")
            values = [choice["value"] for choice in wait["question"]["choices"]]
            wrong = await client.call_tool("answer", {"task": facts["task"], "choice": 99})
            assert (wrong.is_error, "no choice 99" in said(wrong)) == (True, True)
            choice = {"task": facts["task"], "choice": values.index(right) + 1, "wait_s": 60}
            result = await client.call_tool("answer", choice)
        assert result.structured_content["value"] == "geheim"

    doubtful.talk(revision, work)


@revisions
def test_a_question_is_put_to_the_person_as_a_form(doubtful: Stand, revision: str) -> None:
    """A client with forms shows the choices, and the call that asked ends with the value."""
    seen: list[Any] = []

    async def fill(context: Any, params: Any) -> ElicitResult:
        seen.append(params)
        first, *rest = params.message.splitlines()[1:]
        words = json.loads(first.partition("words=")[2].removesuffix(") give?"))
        right = json.dumps(max(words, key=len, default=""))
        options = params.requested_schema["properties"]["choice"]["oneOf"]
        assert [option["title"] for option in options[:2]] == [line.partition(". ")[2] for line in rest[:2]]
        chosen = next(option["const"] for option in options if option["title"] == right)
        return ElicitResult(action="accept", content={"choice": chosen})

    async def work(client: Any) -> None:
        result = await client.call_tool("execute_task", {**DOUBT, "wait_s": 60})
        assert result.structured_content["value"] == "geheim"

    doubtful.talk(revision, work, elicitation_callback=fill)
    assert 1 <= len(seen) <= 3
    assert seen[0].message.startswith("Kowal, on the task: the longest of the words")


@revisions
def test_whoever_will_not_fill_in_a_form_can_answer_later(doubtful: Stand, revision: str) -> None:
    """Declined, the task waits on, and says how the tool answers it."""

    async def decline(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="decline")

    async def work(client: Any) -> None:
        result = await client.call_tool("execute_task", {**DOUBT, "wait_s": 60})
        facts = result.structured_content
        assert (facts["state"], facts["waits_for"]["kind"]) == ("waiting", "question")
        assert (await client.call_tool("cancel_task", {"task": facts["task"]})).structured_content[
            "state"
        ] == "cancelled"

    doubtful.talk(revision, work, elicitation_callback=decline)


@revisions
@pytest.mark.parametrize(
    ("error", "field", "answer"),
    [
        (BadArguments("needs", missing=["text"], argument="text"), "text", {"arguments": {"text": "A b"}}),
        (
            Unclear("which?", options=[{"name": "slugify"}, {"name": "count_words"}]),
            "function",
            {"function": "slugify"},
        ),
    ],
    ids=["arguments", "which"],
)
def test_what_is_missing_or_meant_is_asked(
    stand: Stand, revision: str, error: Exception, field: str, answer: dict[str, Any]
) -> None:
    """Missing arguments and which function is meant come by the tool and by a form, and the task goes on."""
    wait = {"wait_s": 0}

    async def fill(context: Any, params: Any) -> ElicitResult:
        assert params.requested_schema["required"] == [field]
        return ElicitResult(action="accept", content={field: "slugify" if field == "function" else "A b"})

    async def begun(client: Any) -> str:
        begin = await client.call_tool("execute_task", {"task": "slugify", "arguments": {}, **wait})
        task: str = begin.structured_content["task"]
        await anyio.to_thread.run_sync(stand.waits, task, error)
        return task

    async def by_tool(client: Any) -> None:
        task = await begun(client)
        facts = (await client.call_tool("get_status", {"task": task})).structured_content
        assert f'"{"arguments" if field == "text" else "function"}"' in facts["next"]
        result = await client.call_tool("answer", {"task": task, **answer, **wait})
        assert (result.structured_content["state"], result.is_error) == ("queued", False)

    async def by_form(client: Any) -> None:
        task = await begun(client)
        result = await client.call_tool("get_status", {"task": task, "wait_s": 0.2})
        assert result.structured_content["state"] == "queued"

    stand.talk(revision, by_tool)
    stand.talk(revision, by_form, elicitation_callback=fill)


@revisions
def test_nobody_signs_over_mcp(stand: Stand, revision: str) -> None:
    """What waits for a budget or a signature says where it is given; no form is put, and the tool is refused."""

    async def fill(context: Any, params: Any) -> ElicitResult:
        raise AssertionError(params.message)

    async def work(client: Any) -> None:
        begin = await client.call_tool("execute_task", {**SLUG, "wait_s": 0})
        task = begin.structured_content["task"]
        await anyio.to_thread.run_sync(stand.waits, task, BudgetExceeded("spent", budget="day", asks=True))
        result = await client.call_tool("get_status", {"task": task, "wait_s": 5})
        facts = result.structured_content
        assert (facts["state"], facts["waits_for"]["kind"]) == ("waiting", "budget")
        assert "whoever asks must not sign" in facts["next"]
        assert (await client.call_tool("answer", {"task": task, "choice": 1})).is_error

    stand.talk(revision, work, elicitation_callback=fill)


@revisions
@pytest.mark.parametrize("ends", [False, True])
def test_a_client_that_goes_away_does_not_lose_its_task(stand: Stand, revision: str, *, ends: bool) -> None:
    """An aborted call leaves its task alone, unless it was said that the task ends with it."""

    async def work(client: Any) -> None:
        with anyio.move_on_after(1.0):
            await client.call_tool("execute_task", {**SLUG, "key": "k", "cancel_on_abort": ends})
        again = await client.call_tool("execute_task", {**SLUG, "key": "k", "cancel_on_abort": ends, "wait_s": 0})
        task, wanted = again.structured_content["task"], "cancelled" if ends else "queued"
        with anyio.move_on_after(5.0):
            while again.structured_content["state"] != wanted:
                await anyio.sleep(0.05)
                again = await client.call_tool("get_status", {"task": task})
        assert again.structured_content["state"] == wanted
        if not ends:
            await anyio.sleep(0.5)
            stays = await client.call_tool("get_status", {"task": task})
            assert stays.structured_content["state"] == "queued"

    stand.talk(revision, work)


def test_the_state_that_a_client_carries_is_ours_or_refused(doubtful: Stand) -> None:
    """Changed, made up, or of another call, it is refused before anything is done."""

    async def work(client: Any) -> None:
        call, other = {**DOUBT, "wait_s": 60}, {**DOUBT, "wait_s": 59}
        asked = await client.session.call_tool("execute_task", call, allow_input_required=True)
        state = asked.request_state
        assert asked.input_requests["answer"].params.message
        assert "task" not in state
        filled = {"answer": ElicitResult(action="accept", content={"choice": "1"})}
        mine = {"input_responses": filled, "allow_input_required": True}
        for arguments, wrong in ((call, state[:-2] + "AA"), (call, '{"task": "x"}'), (other, state)):
            with pytest.raises(MCPError, match="requestState"):
                await client.session.call_tool("execute_task", arguments, request_state=wrong, **mine)

    async def never(context: Any, params: Any) -> ElicitResult:
        raise AssertionError("the loop is driven by hand")

    doubtful.talk("2026-07-28", work, elicitation_callback=never)
