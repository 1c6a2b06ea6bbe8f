"""Acts in a chat by grant: what is granted is done and written down, whatever else the code says is not."""

import base64
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from rights_house import FAULTS, TOKEN, House, Kept, holds_list, house_in

from agent.chat_ports import ChatActions
from agent.errors import ChannelUnavailable, NotGranted, RunFailed
from agent.rights.chat import MOST_FILE_BYTES, MOST_TEXT_CHARS, Chats
from agent.types import Task
from registry import Function, Manifest

POST = {"kind": "chat", "act": "post", "room": "general", "text": "the build is done"}
UPLOAD = {"kind": "chat", "act": "upload", "room": "general", "name": "a.csv", "body": "MSwy"}
CALL = {"kind": "chat", "act": "call", "room": "general", "title": "stand-up"}
CREATE = {"kind": "chat", "act": "create", "room": "incident-7", "members": ["ann", "bob"], "private": True}
ALL = ("chat post general", "chat upload general", "chat call general", "chat create incident-* private")


@dataclass
class Spoken(Kept):
    """A chat that keeps what was done in it; it fails where the test says so."""

    url: str = "https://meet.example.org/1"

    def post(self, room: str, text: str) -> str:
        """Keeps a message."""
        return self._keep("m1", "post", room, text)

    def start_call(self, room: str, title: str) -> str:
        """Begins no call."""
        return self._keep(self.url, "call", room, title)

    def create_room(self, name: str, members: Sequence[str], *, private: bool) -> str:
        """Keeps a room."""
        return self._keep("r1", "create", name, tuple(members), private)

    def upload(self, room: str, name: str, data: bytes) -> str:
        """Keeps a file."""
        return self._keep("m2", "upload", room, name, data)


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    """A house with one chat."""
    with house_in(tmp_path, chats={"rocketchat": Spoken()}) as made:
        yield made


@pytest.mark.parametrize(
    ("ask", "gives", "done", "subject", "sizes", "came"),
    [
        (POST, None, ("post", "general", "the build is done"), ALL[0], {"chars": 17}, {"id": "m1"}),
        (UPLOAD, None, ("upload", "general", "a.csv", b"1,2"), ALL[1], {"bytes": 3}, {"id": "m2"}),
        (CALL, "https://meet.example.org/1", ("call", "general", "stand-up"), ALL[2], {}, {}),
        (
            CREATE, None, ("create", "incident-7", ("ann", "bob"), True), "chat create incident-7 private",
            {"members": 2}, {"id": "r1"},
        ),
    ],
)  # fmt: skip
def test_a_granted_act_is_done_and_written_down(house, ask, gives, done, subject, sizes, came):
    """Who had it done, by which function, in which room; not what was said, and not where the call is."""
    session = house.session(*ALL)
    assert session.answer(ask) == {"value": gives}
    assert house.done == [done]
    assert house.rows() == [("chat", subject, "allowed"), ("chat.done", subject, "allowed")]
    after, before = house.operations.audit()
    assert (after.actor, after.function, after.version, after.run) == ("ann", "announce", "1.0.0", session.run)
    assert dict(before.facts) == sizes
    assert {key: value for key, value in after.facts.items() if key != "seconds"} == came
    assert session.reached == (subject,)
    assert not session.troubled
    for said in ("build is done", "a.csv", "stand-up", "meet.example.org", "bob"):
        assert said not in house.text()


@pytest.mark.parametrize("ask", [POST, UPLOAD, CALL, CREATE])
def test_each_act_needs_a_line_of_its_own(house, ask):
    """All the other lines together do not allow it; the refusal is the code's own fault, and is told."""
    session = house.session("http * chat.example.org", *(line for line in ALL if line.split()[1] != ask["act"]))
    reply = session.answer(ask)
    assert reply["refused"] is True
    assert f"no grant allows `chat {ask['act']} {ask['room']}" in reply["error"]
    assert house.done == []
    assert not session.troubled
    ((action, subject, outcome),) = house.rows()
    assert (action, outcome) == ("chat", "refused")
    assert subject.startswith(f"chat {ask['act']} {ask['room']}")
    assert [event.action for event in house.events] == ["host.refused"]


@pytest.mark.parametrize(
    "room",
    [
        "secret", "General", "GENERAL", "general\n", "general ", "general\0", "#general", "@ann", "../general",
        "general/..", "g\u0435neral", "gene\u200bral", "\uff47eneral", "general\u202e", "general?x=1",
        "general&room=secret", "*", "gen*", "", None, 5, ["general"], {"name": "general"}, "a" * 10_000, "\ud800",
        "rocketchat:general",
        "other:general", ":general", "general:",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ask", [POST, UPLOAD, CALL])
def test_another_room_is_refused_however_it_is_written(house, ask, room):
    """No spelling makes one room pass for another, and the record holds no line ends or marks that came of it."""
    session = house.session(*ALL)
    reply = session.answer(ask | {"room": room})
    assert (reply["refused"], house.done, session.reached, session.troubled) == (True, [], (), False)
    ((_, subject, outcome),) = house.rows()
    assert outcome == "refused"
    assert subject.isprintable()
    assert subject != f"chat {ask['act']} general"


@pytest.mark.parametrize(
    "change",
    [
        {"private": False}, {"private": None}, {"private": "yes"}, {"private": 1}, {"room": "incident-"},
        {"room": "incident-*"}, {"room": "incident"}, {"room": "general"}, {"room": "rocketchat:incident-7"},
        {"members": "ann"}, {"members": None}, {"members": ["@all"]}, {"members": ["ann", ""]}, {"members": ["a b"]},
        {"members": ["ann\n"]}, {"members": [["ann"]]}, {"members": ["ann"] * 51}, {"members": ["a,b"]},
    ],
)  # fmt: skip
def test_a_room_of_another_kind_or_name_or_with_no_people_is_not_made(house, change):
    """What was granted is private rooms whose names begin so, with people by their names."""
    session = house.session(*ALL)
    assert session.answer(CREATE | change)["refused"] is True
    assert house.done == []


@pytest.mark.parametrize(
    ("ask", "change", "says"),
    [
        (POST, {"text": ""}, "says something"),
        (POST, {"text": " \n\t"}, "says something"),
        (POST, {"text": "\u202e\x00"}, "says something"),
        (POST, {"text": None}, "is a text"),
        (POST, {"text": ["a"]}, "is a text"),
        (POST, {"text": "x" * (MOST_TEXT_CHARS + 1)}, "at most 5,000 characters"),
        (POST, {"text": "a\ud800"}, "characters that are none"),
        (CALL, {"title": ""}, "says something"),
        (CALL, {"title": "x" * 101}, "at most 100 characters"),
        (CALL, {"title": "a\nb"}, "one line"),
        (UPLOAD, {"name": "../a.csv"}, "plain one"),
        (UPLOAD, {"name": "a/b"}, "plain one"),
        (UPLOAD, {"name": "a\nb"}, "plain one"),
        (UPLOAD, {"name": "exe.\u202evsc"}, "plain one"),
        (UPLOAD, {"name": ""}, "plain one"),
        (UPLOAD, {"name": None}, "plain one"),
        (UPLOAD, {"body": None}, "is base64"),
        (UPLOAD, {"body": "not base64!"}, "is not base64"),
        (UPLOAD, {"body": base64.b64encode(bytes(MOST_FILE_BYTES + 3)).decode()}, "at most 5 MiB"),
        (POST, {"act": "delete"}, "post, upload, call, create"),
        (POST, {"act": None}, "post, upload, call, create"),
        (POST, {"act": ["post"]}, "post, upload, call, create"),
        (POST, {"act": "start_call"}, "post, upload, call, create"),
    ],
)
def test_what_cannot_be_said_or_sent_is_refused(house, ask, change, says):
    """Empty, too long, too large, of the wrong kind: refused in words, written down, and nothing done."""
    house.holds_refused(house.session(*ALL), ask | change, says)


def test_the_largest_that_may_be_sent_is_sent(house):
    """A message and a file of just the limit."""
    session = house.session(*ALL)
    assert session.answer(POST | {"text": "x" * MOST_TEXT_CHARS}) == {"value": None}
    data = bytes(MOST_FILE_BYTES)
    assert session.answer(UPLOAD | {"body": base64.b64encode(data).decode()}) == {"value": None}
    assert [len(act[-1]) for act in house.done] == [MOST_TEXT_CHARS, MOST_FILE_BYTES]


@pytest.mark.parametrize(("ask", "most"), [(POST, 20), (UPLOAD, 10), (CALL, 3), (CREATE, 5)])
def test_a_run_does_so_many_acts_and_no_more(house, ask, most):
    """Each act has a count of its own; one act more is refused."""
    asks = [ask | ({"room": f"incident-{number}"} if ask is CREATE else {}) for number in range(most)]
    house.holds_counted(house.session(*ALL), asks)


def test_a_message_calls_nobody_and_hides_no_link(house):
    """`@all` in what a function says, or was given to say, is only a word; so it is in the title of a call."""
    session = house.session(*ALL)
    text = "@all\n> @here\n```\n@ann\n```\nmail ann@example.org [https://bank.example](https://evil.example)"
    session.answer(POST | {"text": text})
    session.answer(CALL | {"title": "@all come"})
    (_, _, said), (_, _, title) = house.done
    for name in ("@all", "@here", "@ann\n", "]("):
        assert name not in said
    assert "ann@example.org" in said
    assert said.replace("\u200d", "").replace("] (", "](") == text
    assert title == "@\u200dall come"


@pytest.mark.parametrize(("error", "says"), FAULTS)
@pytest.mark.parametrize("ask", [POST, UPLOAD, CALL, CREATE])
def test_a_chat_that_does_not_do_it_is_no_fault_of_the_function(house, ask, error, says):
    """The code gets the chat's word, cut and without a token, the record the kind of error only."""
    house.chats["rocketchat"].error = error
    house.holds_failed(house.session(*ALL), ask, says, error)


def test_the_address_of_a_call_holds_no_token(house):
    """Whatever the server puts into it."""
    house.chats["rocketchat"].url = f"https://meet.example.org/1?auth={TOKEN}"
    reply = house.session(*ALL).answer(CALL)
    assert TOKEN not in str(reply)
    assert reply["value"].startswith("https://meet.example.org/1?auth=kowal-secret-")


def test_a_secret_of_the_settings_is_not_said(house):
    """However the function came by it, and also in a file; the record does not hold it either."""
    session = house.session(*ALL)
    packed = base64.b64encode(f"it is {TOKEN}".encode()).decode()
    for ask in (POST | {"text": f"it is {TOKEN}"}, UPLOAD | {"body": packed}, CALL | {"title": TOKEN}):
        assert "a secret of the settings" in session.answer(ask)["error"]
    assert house.done == []
    assert session.troubled
    assert TOKEN not in house.text()


def test_of_several_chats_one_is_named(house):
    """A line that names a chat goes there; one that names none is refused, and goes nowhere by chance."""
    house.chats["second"] = Spoken()
    session = house.session("chat post general", "chat post second:general", "chat post third:general")
    assert session.answer(POST | {"room": "second:general"}) == {"value": None}
    assert (house.done, house.chats["second"].done) == ([], [("post", "general", "the build is done")])
    unclear = session.answer(POST)
    assert unclear["refused"] is True
    assert "`rocketchat:ROOM`, `second:ROOM`" in unclear["error"]
    assert "no chat `third`" in session.answer(POST | {"room": "third:general"})["error"]
    assert house.done == []
    assert session.troubled  # nobody set it up: that is not the function's fault


def test_without_a_chat_nothing_is_said(house):
    """A house that has none says so."""
    house.chats.clear()
    assert "no chat is set up" in house.session(*ALL).answer(POST)["error"]


def test_a_chat_is_opened_once_and_only_when_it_is_needed():
    """Also where several threads need it first; one that cannot be opened is tried again."""
    opened: list[ChatActions] = []

    def opener() -> ChatActions:
        opened.append(Spoken())
        return opened[-1]

    chats = Chats({"rocketchat": opener})
    assert opened == []
    threads = [threading.Thread(target=chats.open, args=(name,)) for name in ("", "rocketchat") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert chats.open("") is chats.open("rocketchat") is opened[0]


def test_the_wiring_names_a_chat_that_there_is_none_of(house):
    """A section of the settings that no file of `integrations.chat` is for is told, not ignored; its token is not."""
    house.holds_unknown("chat")


ANNOUNCE = """import kowal_host as host


async def announce(what: str) -> str:
    await host.chat.post("general", what)
    await host.chat.upload("general", "what.txt", what)
    await host.chat.create("incident-" + what, members=["ann"])
    return await host.chat.call("general", "about " + what)
"""


def put(shop, *grants: str) -> None:
    """The function, in the registry with these grants."""
    schema = {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]}
    manifest = Manifest(name="announce", description="Announces.", input_schema=schema, grants=grants)
    shop.put(Function(manifest=manifest, source=ANNOUNCE, tests="# none\n"))


def test_a_function_in_a_sandbox_acts_in_a_chat(workshop):
    """Real code in a real sandbox: what it does arrives, and the outcome says what was reached."""
    chat = Spoken()
    shop = workshop(chats={"rocketchat": lambda: chat})
    put(shop, *ALL)
    outcome = shop.agent.run("announce", Task(text="", arguments={"what": "7"}))
    assert outcome.value == "https://meet.example.org/1"
    assert chat.done == [
        ("post", "general", "7"),
        ("upload", "general", "what.txt", b"7"),
        ("create", "incident-7", ("ann",), True),
        ("call", "general", "about 7"),
    ]
    assert outcome.reached == (*ALL[:2], "chat create incident-7 private", ALL[2])
    assert shop.operations.recorded_calls("announce") == []


@pytest.mark.parametrize(
    ("grants", "what", "error", "fault", "done"),
    [
        (ALL[1:], "7", None, "function", []),
        (ALL[:1], "7", None, "function", ["post"]),
        (ALL, "../7", None, "function", ["post", "upload"]),
        (ALL, "7", ChannelUnavailable("away"), "host", []),
    ],
)
def test_a_run_that_a_chat_ends_says_whose_fault_it_was(workshop, grants, what, error, fault, done):
    """What nobody granted is the function's fault, a chat that is away the host's; what was done before stays done."""
    chat = Spoken(error=error)
    shop = workshop(chats={"rocketchat": lambda: chat})
    put(shop, *grants)
    with pytest.raises(RunFailed) as caught:
        shop.agent.run("announce", Task(text="", arguments={"what": what}))
    assert caught.value.facts["fault"] == fault
    assert [act[0] for act in chat.done] == done


def test_nothing_is_said_before_somebody_granted_it(workshop):
    """An approved version waits for a person; a policy that allows it beforehand needs none."""
    chat = Spoken()
    shop = workshop(chats={"rocketchat": lambda: chat}, allow=ALL[:3])
    put(shop, *ALL)
    version = shop.registry.get("announce")
    assert shop.agent.runner.broker.approval.was_trusted(version)
    waiting = Function(
        manifest=version.function.manifest.model_copy(update={"name": "waiting"}),
        source=ANNOUNCE.replace("def announce", "def waiting"),
        tests="# none\n",
    )
    shop.registry.approve("waiting", shop.registry.add_candidate(waiting, {}).digest, by="test")
    with pytest.raises(NotGranted) as caught:
        shop.agent.run("waiting", Task(text="", arguments={"what": "7"}))
    assert caught.value.facts["findings"] == list(ALL)
    assert chat.done == []


TESTS = """import kowal_host as host
import pytest
from function import announce


@pytest.mark.parametrize("number", ["7", "8"])
async def test_all_of_it_is_announced(number) -> None:
    host.script(chat=f"create incident-{number} private ann")
    host.script(chat=f"call general about {number}", url=f"https://meet.example.org/{number}")
    assert await announce(number) == f"https://meet.example.org/{number}"
    posted, uploaded, made, called = host.asked()
    assert (posted["room"], posted["text"]) == ("general", number)
    assert (uploaded["name"], called["title"]) == ("what.txt", f"about {number}")
    assert (made["members"], made["private"]) == (["ann"], True)


async def test_a_room_that_is_gone_is_an_error() -> None:
    host.script(chat="post general 7", error="the room is gone")
    with pytest.raises(host.HostError, match="gone"):
        await announce("7")
"""
SAID = ({"ask": {"chat": "post general"}, "reply": {"done": True}},
        {"ask": {"chat": "upload general what.txt"}, "reply": {"done": True}})  # fmt: skip


@pytest.mark.parametrize(
    ("listed", "finding"),
    [
        (ALL, ""),
        (ALL[1:], "it asks for `chat post general`"),
        ((*ALL, "chat post secret"), "it lists `chat post secret`"),
        ((*ALL[:3], "chat create incident-7 private"), "it asks for `chat create incident-* private`"),
        ((*ALL[:3], "chat create * private"), "is no grant"),
    ],
)
def test_the_gate_holds_the_list_to_what_was_seen_in_the_tests(wasm, listed, finding):
    """What the scripted chat was asked for in the tests is what the manifest lists: no less, and no more."""
    schema = {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]}
    manifest = Manifest(name="announce", description="Announces.", input_schema=schema, grants=listed)
    function = Function(manifest=manifest, source=ANNOUNCE, tests=TESTS)
    holds_list(wasm, function, SAID, finding)
