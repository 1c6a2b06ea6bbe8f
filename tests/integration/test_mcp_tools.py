"""Functions as tools of the MCP server, in both revisions: typed, listed page by page, told of when they change."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp_stand import MODES, Stand, posted, said, standing
from mcp_types import ToolListChangedNotification

from integrations.mcp.own import OWN
from registry import Function, Manifest

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
revisions = pytest.mark.parametrize("revision", MODES)


def function(name: str, *, gives: str = "text", description: str = "Gives it back.", **more: Any) -> Function:
    """A function of one text."""
    manifest = Manifest(name=name, description=description, input_schema=TEXT, output_schema={"type": "string"}, **more)
    source = f'def {name}(text: str) -> str:\n    """{description}"""\n    return {gives}\n'
    return Function(manifest=manifest, source=source, tests=f"# of {name}\n")


@pytest.fixture
def stand(workshop: Any, tmp_path: Path) -> Iterator[Stand]:
    """A server with two built-in functions."""
    with standing(workshop(functions=["count_words", "slugify"]), tmp_path) as place:
        yield place


@revisions
def test_a_function_in_production_is_a_typed_tool(stand: Stand, revision: str) -> None:
    """It has schemas for what it takes and gives, says that it only reads, and gives its value in both forms."""

    async def work(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {*OWN, "count_words", "slugify"} == set(tools)
        tool = tools["count_words"]
        assert tool.input_schema["properties"]["text"]["type"] == "string"
        assert tool.output_schema["properties"]["result"]["type"] == "integer"
        assert (tool.title, tool.annotations.read_only_hint) == ("Count words", True)
        assert tool.annotations.open_world_hint is False
        result = await client.call_tool("count_words", {"text": "to be or not"})
        assert (result.is_error, result.structured_content, said(result)) == (False, {"result": 4}, "4")
        assert result.meta["kowal/version"] == "count_words 1.0.0"
        assert said(await client.call_tool("slugify", {"text": "Zażółć gęślą"})) == "zazolc-gesla"

    stand.talk(revision, work)


@revisions
def test_what_goes_wrong_is_a_result_in_words(stand: Stand, revision: str) -> None:
    """Unknown tools, wrong arguments and functions that fail are errors of the tool, with what to do next."""
    stand.place.put(function("fail", gives="text[100]"))

    async def work(client: Any) -> None:
        for name, arguments, words in (
            ("no_such_tool", {}, "list_functions"),
            ("slugify", {"txt": "a"}, "takes no argument `txt`"),
            ("slugify", {}, "needs `text`"),
            ("slugify", {"text": {}}, "text"),
            ("execute_task", {"task": ""}, "task: String should have at least 1 character"),
            ("execute_task", {"task": "a", "wait": 1}, "wait: Extra inputs"),
            ("get_status", {"task": "0" * 32}, "no task"),
            ("answer", {"task": "0" * 32}, "exactly one"),
            ("fail", {"text": "a"}, "IndexError"),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error, name
            assert words in said(result), said(result)
            assert "Next: " in said(result), said(result)

    stand.talk(revision, work)


@revisions
def test_our_tools_keep_their_names(stand: Stand, revision: str) -> None:
    """A function that is called as one of them is called with a prefix, and ours stays what it is."""
    stand.place.put(function("answer", gives="text.upper()"))

    async def work(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["answer"].title == "Answer a task"
        assert tools["function-answer"].input_schema["required"] == ["text"]
        result = await client.call_tool("function-answer", {"text": "a"})
        assert result.structured_content == {"result": "A"}
        assert (await client.call_tool("answer", {"text": "a"})).is_error
        assert (await client.call_tool("function-slugify", {"text": "a"})).is_error

    stand.talk(revision, work)


def test_a_session_is_told_that_the_tools_have_changed(stand: Stand) -> None:
    """Once after a promotion, once after going back: a client of 2025-11-25 hears of it by itself."""
    heard: list[str] = []

    async def hear(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            heard.append(message.method)

    async def work(client: Any) -> None:
        assert client.server_capabilities.tools.list_changed
        await client.list_tools()
        await anyio.sleep(0.3)  # the stream on which it is told is opened after the handshake
        for count, (move, words) in enumerate(moves(stand.place), 1):
            await anyio.to_thread.run_sync(move)
            with anyio.fail_after(10):
                while len(heard) < count:
                    await anyio.sleep(0.02)
            assert said(await client.call_tool("echo", {"text": "a"})) == words

    stand.talk("2025-11-25", work, message_handler=hear)
    assert len(heard) == 3


def moves(place: Any) -> list[Any]:
    """A promotion, a second one, and back; with what the function gives then for `a`."""

    def first() -> None:
        place.put(function("echo"))

    def second() -> None:
        place.put(function("echo", gives="text * 2", description="Doubles it."))

    def back() -> None:
        place.registry.rollback("echo", "1.0.0", by="test")

    return [(first, "a"), (second, "aa"), (back, "a")]


def test_whoever_listens_is_told_that_the_tools_have_changed(stand: Stand) -> None:
    """A client of 2026-07-28 asks to be told, and sees the new list."""

    async def work(client: Any) -> None:
        async with client.listen(tools_list_changed=True) as changes:
            for move, words in moves(stand.place):
                await anyio.to_thread.run_sync(move)
                with anyio.fail_after(10):
                    await anext(changes)
                assert "echo" in {tool.name for tool in (await client.list_tools()).tools}
                assert said(await client.call_tool("echo", {"text": "a"})) == words

    stand.talk("2026-07-28", work)


@revisions
def test_resources_are_what_speaks_for_a_version(stand: Stand, revision: str) -> None:
    """Source, tests and evidence of each, by addresses that clients are told; a wrong one has its revision's code."""
    code = {"2025-11-25": -32002, "2026-07-28": -32602}[revision]

    async def work(client: Any) -> None:
        listed = {str(each.uri) for each in (await client.list_resources()).resources}
        assert len(listed) == 6
        where = "kowal://functions/slugify/1.0.0/"
        assert {f"{where}{kind}" for kind in ("source", "tests", "evidence")} <= listed
        source = (await client.read_resource(f"{where}source")).contents[0]
        assert source.text == stand.place.registry.get("slugify").function.source
        evidence = (await client.read_resource(f"{where}evidence")).contents[0]
        assert (evidence.mime_type, evidence.text.startswith("{")) == ("application/json", True)
        assert len((await client.list_resource_templates()).resource_templates) == 3
        for wrong in (
            "x/1.0.0/source",
            "slugify/9.9.9/source",
            "slugify/1.0.0/x",
            "../../etc/passwd",
            "slugify/main/tests",
        ):
            with pytest.raises(MCPError) as refused:
                await client.read_resource(f"kowal://functions/{wrong}")
            assert refused.value.error.code == code, wrong

    stand.talk(revision, work)


HOSTILE = {
    "half a surrogate pair": '{"text": "a\\ud800b"}',
    "deep nesting": '{"text": ' + "[" * 900 + "]" * 900 + "}",
    "very deep nesting": '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a name with dunders": '{"__class__": "x", "text": "a"}',
    "null": '{"text": null}',
    "no object": '["text"]',
    "ten thousand arguments": "{" + ",".join(f'"n{number}": 1' for number in range(10_000)) + "}",
    "a large text": '{"text": "' + "word " * 200_000 + '"}',
    "a huge number": '{"text": 1' + "0" * 5_000 + "}",
    "no number": '{"text": NaN}',
    "one name twice": '{"text": 1, "text": "a"}',
    "a null character": '{"text": "a\\u0000b"}',
    "no JSON": '{"text": ',
}


@revisions
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_arguments_are_answered(stand: Stand, revision: str, name: str) -> None:
    """Whatever is sent is answered or refused, to functions and to our own tools, and the server goes on."""
    for tool in ("slugify", "list_functions", "answer"):
        status, answer = posted(stand, revision, tool, HOSTILE[name])
        assert status < 500, (tool, status, answer)
        assert "error" in answer or "result" in answer, (tool, answer)
        assert "internal" not in str(answer).lower(), (tool, answer)
    status, answer = posted(stand, revision, "slugify", '{"text": "Still There"}')
    assert answer["result"]["structuredContent"] == {"result": "still-there"}


COUNT = 5_000


@pytest.fixture(scope="module")
def many() -> list[Manifest]:
    """The manifests of very many functions."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    return [
        Manifest(name=f"function_{number}", description=f"Does number {number}.", input_schema=schema)
        for number in range(COUNT)
    ]


@revisions
def test_a_list_of_thousands_comes_in_pages(
    stand: Stand, revision: str, many: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function is in one page, no page is large, and one that goes or comes meanwhile moves no other."""
    registry = stand.place.registry
    real, shown = registry.fingerprint, list(many)
    monkeypatch.setattr(registry, "manifests", lambda: sorted(shown, key=lambda each: each.name))
    monkeypatch.setattr(registry, "fingerprint", lambda: f"{real()} {len(shown)}")

    async def work(client: Any) -> None:
        names: list[str] = []
        cursor, longest = None, 0.0
        for page in range(200):
            begun = time.perf_counter()
            listed = await client.list_tools(cursor=cursor)
            longest = max(longest, time.perf_counter() - begun)
            names += [tool.name for tool in listed.tools]
            assert len(listed.tools) <= 105
            cursor = listed.next_cursor
            if page == 3:
                del shown[0]  # `function_0`, which was on the first page
            if cursor is None:
                break
        assert names == [*OWN, *sorted(each.name for each in many)]
        with pytest.raises(MCPError) as refused:
            await client.list_tools(cursor="what?")
        assert refused.value.error.code == -32602

    stand.talk(revision, work)
