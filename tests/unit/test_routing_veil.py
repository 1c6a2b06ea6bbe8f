"""What no cloud hears: the settings' secrets in any form, keys, tokens, personal data; and that code is left alone."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.ports import Message, ModelReply, ModelRequest, Purpose
from agent.rights.secrets import forms
from agent.routing.veil import MARK, KeptVeil

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t/Pa$$ wörd+1"
VEIL = KeptVeil(forms(SECRET))


def request(*texts: str, **facts: object) -> ModelRequest:
    """A request of these messages."""
    said = tuple(Message(role="user", content=text) for text in texts)
    return replace(ModelRequest(messages=said, purpose=Purpose.GENERATE), **facts)  # type: ignore[arg-type]


def sent(drawn: ModelRequest) -> str:
    """All texts of the request that leave."""
    return "\n".join([*(message.content for message in drawn.messages), drawn.task, json.dumps(drawn.schema or {})])


def replied(text: str) -> ModelReply:
    """A reply of that text."""
    return ModelReply(text=text, provider="p", model="m")


def hidden(text: str, veil: KeptVeil = VEIL) -> str:
    """The text as it leaves."""
    return veil.drawn(request(text))[0].messages[-1].content


PERSONAL = {
    "ann.o'hara": None,
    "ann.smith+tag@mail.acme.co.uk": "EMAIL",
    "żółw@poczta.pl": "EMAIL",
    "ann@example.com": None,
    "bob@mail.example.org": None,
    "git@github.com": None,
    "+48 600 700 800": "PHONE",
    "+1 650-253-0000": "PHONE",
    "600 700 800": None,
    "GB82 WEST 1234 5698 7654 32": "IBAN",
    "PL61109010140000071219812874": "IBAN",
    "pl61 1090 1014 0000 0712 1981 2874": "IBAN",
    "61 1090 1014 0000 0712 1981 2874": "IBAN",
    "GB82 WEST 1234 5698 7654 33": None,
    "4111 1111 1111 1111": "CARD",
    "5500-0000-0000-0004": "CARD",
    "378282246310005": "CARD",
    "4111 1111 1111 1112": None,
    "44051401359": "ID",
    "44051401358": None,
    "856-734-62-15": "ID",
    "NIP: 8567346215": "ID",
    "8567346215": None,
    "536-90-4399": "ID",
    "2 95 10 99 126 111 93": "ID",
    "RCCMNL83S18D969H": "ID",
    "54362315K": "ID",
    "x-2482300W": "ID",
    "36574261809": "ID",
    "ghp_" + "a1B2" * 9: "TOKEN",
    "github_pat_" + "A1b2" * 10: "TOKEN",
    "glpat-" + "x1Y2" * 5: "TOKEN",
    "AKIA" + "ABCDEFGH23456777": "TOKEN",
    "AIza" + "Sy0-_" * 7: "TOKEN",
    "sk-" + "abcDEF123" * 4: "TOKEN",
    "sk-ant-api03-" + "abcDEF123" * 4: "TOKEN",
    "sk-proj-" + "abcDEF123" * 4: "TOKEN",
    "hf_" + "abcdEFGH" * 4: "TOKEN",
    "xoxb-123456789012-abcdef": "TOKEN",
    "sk_live_" + "a1b2" * 6: "TOKEN",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27u": "TOKEN",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----": "KEY",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl and no end": "KEY",
    "Bearer abcdef0123456789abcdef": "PASSWORD",
}


@pytest.mark.parametrize(("text", "kind"), PERSONAL.items(), ids=[text[:24] for text in PERSONAL])
def test_what_tells_of_a_person_or_opens_a_door_is_known_by_its_form(text, kind):
    """Numbers only where their check digit is right and their form is one that is used; nobody's addresses never."""
    text = text.upper() if text.startswith("x-") else text
    for around in ("{}", "write to {}, please", 'x = "{}"\n', "({})", "{} AND THE REST"):
        said = around.format(text)
        found = re.findall(r"HIDDEN_1_([A-Z]+)", hidden(said))
        assert found == ([kind] if kind else []), hidden(said)
        if kind and kind != "PASSWORD" and "no end" not in text:
            assert hidden(said).replace(f"HIDDEN_1_{kind}", text) == said or kind == "ID", "no more than that is hidden"


def test_a_password_in_an_address_is_hidden():
    """With who it is for, and the host where both together look like an e-mail address."""
    assert hidden("see postgresql://ann:pa55@db.acme.com/x") == "see postgresql://HIDDEN_1_PASSWORD/x"
    assert hidden("see redis://:pa55-word@cache:6379/0") == "see redis://HIDDEN_1_PASSWORD@cache:6379/0"


def test_phone_numbers_without_a_country_are_known_where_the_operator_is():
    """By the setting `veil.region`."""
    assert hidden("call 600 700 800", KeptVeil((), region="PL")) == "call HIDDEN_1_PHONE"


def test_one_value_has_one_mark_and_another_has_another():
    """In all messages of a request, and in the schema and the task's text."""
    asked = request("a@b.pl c@d.pl", "c@d.pl", task="of c@d.pl", schema={"enum": ["a@b.pl"], "c@d.pl": {"x": 1}})
    drawn, _ = VEIL.drawn(asked)
    first, second = "HIDDEN_1_EMAIL", "HIDDEN_2_EMAIL"
    assert [message.content for message in drawn.messages[1:]] == [f"{first} {second}", second]
    assert (drawn.task, drawn.schema) == (f"of {second}", {"enum": [first], second: {"x": 1}})
    assert VEIL.drawn(asked)[0] == drawn


def test_the_model_is_told_what_the_marks_are():
    """In the rules where there are some, else in rules of their own; not where nothing is hidden."""
    system = Message(role="system", content="Be brief.\n")
    drawn, _ = VEIL.drawn(replace(request("a@b.pl"), messages=(system, Message(role="user", content="a@b.pl"))))
    assert [message.role for message in drawn.messages] == ["system", "user"]
    assert drawn.messages[0].content.startswith("Be brief.\n\nA word such as HIDDEN_N_EMAIL")
    assert [message.role for message in VEIL.drawn(request("a@b.pl"))[0].messages] == ["system", "user"]
    plain = request("count words")
    assert VEIL.drawn(plain)[0] is plain


def test_the_reply_has_the_values_again():
    """Inside of JSON they are written as JSON wants them."""
    said = 'ann@acme.pl -----BEGIN PRIVATE KEY-----\n"x"\n-----END PRIVATE KEY-----'
    marked = "to HIDDEN_1_EMAIL HIDDEN_1_EMAIL5, not HIDDEN_9_EMAIL: HIDDEN_1_KEY"
    _, back = VEIL.drawn(request(said))
    key = said.partition(" ")[2]
    assert back(replied(marked)).text == f"to ann@acme.pl ann@acme.pl5, not HIDDEN_9_EMAIL: {key}"
    _, back = VEIL.drawn(request(said, schema={}))
    assert json.loads(back(replied(json.dumps({"a": marked}))).text)["a"].endswith(key)


@pytest.mark.parametrize("written", sorted(forms(SECRET)))
def test_a_secret_is_known_in_whatever_way_it_is_written(written):
    """Plain, quoted for a URL or for JSON, in hexadecimal, in base64."""
    said = hidden(f"x{written}y")
    assert written not in said
    assert "SECRET" in said


def test_a_short_secret_is_known_as_a_word():
    """Such a password may be part of ordinary words; as a word of its own it goes."""
    veil = KeptVeil(["kowal", "abc"])
    assert hidden("kowal://kowalski abc", veil) == "HIDDEN_1_SECRET://kowalski abc"


def test_personal_data_may_be_told_where_the_operator_says_so():
    """Secrets never."""
    assert hidden(f"a@b.pl {SECRET}", KeptVeil(forms(SECRET), personal=False)) == "a@b.pl HIDDEN_1_SECRET"


ANYTHING = st.text(max_size=60)
SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=30).filter(
    lambda text: not MARK.search(text) and text.strip()
)


@given(secrets=st.lists(SECRETS, min_size=1, max_size=4), parts=st.lists(ANYTHING, max_size=6), data=st.data())
@example(secrets=["abcdefgh", "efghijkl"], parts=["abcdefghijkl", "1"], data=None)
@example(secrets=["the value"], parts=["a@b.pl"], data=None)
def test_no_secret_leaves_and_the_reply_is_restored_exactly(secrets, parts, data):
    """Whatever the secrets are and wherever they stand: none is in what leaves, and what echoes it is as it was."""
    if data is not None:
        for _ in range(3):
            at = data.draw(st.integers(0, len(parts)))
            parts = [*parts[:at], data.draw(st.sampled_from(secrets)), *parts[at:]]
    text = "".join(parts)
    veil = KeptVeil({form for secret in secrets for form in forms(secret)})
    drawn, back = veil.drawn(request(text, task=text))
    leaves = MARK.sub("\0", sent(replace(drawn, schema=None)))
    assert not [secret for secret in secrets if secret in leaves]
    assert back(replied(drawn.messages[-1].content)).text == text
    assert back(replied(drawn.task)).text == text


@given(ANYTHING, st.integers(0, 20))
def test_words_that_look_like_marks_come_back_as_they_were(text, number):
    """A task about marks is as good as any other."""
    said = f"{text}HIDDEN_{number}_EMAIL a@b.pl HIDDEN_1_TEXT{text}"
    drawn, back = VEIL.drawn(request(said))
    assert back(replied(drawn.messages[-1].content)).text == said


SOURCES = sorted(
    path for folder in ("agent", "registry", "sandbox", "integrations") for path in (ROOT / folder).rglob("*.py")
)


def test_code_is_left_as_it_is():
    """In all of this project's own sources there is nothing that looks like a person's."""
    found = {path.name: MARK.findall(hidden(text)) for path in SOURCES if (text := path.read_text())}
    assert {name: marks for name, marks in found.items() if marks} == {}
    assert len(SOURCES) > 150


@pytest.mark.parametrize(
    "text",
    [
        "sum 100 200 300 400 and 500 600 700 800",
        "on 2026-11-21 at 17:10:00, 1700000000 seconds or 1700000000000 ms after 1970",
        "pi is 3.14159265358979323846 and e is 2.718281828459045",
        "versions 1.2.3, 10.20.30-rc1; port 127.0.0.1:8080; commit 4d9e1f0a2b3c4d5e6f708192a3b4c5d6e7f80911",
        "ISBN 978-3-16-148410-0, order 2026/000123/44, uuid 123e4567-e89b-12d3-a456-426614174000",
        "matrix = [[1111, 2222, 3333, 4444], [5555, 6666, 7777, 8888]]; c = a@b; total: 12 345 678,90 zł",
        "0b1010101010101010 0xDEADBEEF 1e100 9999999999 123456789012345678901234567890",
        "def test_a(): assert f('a@example.com, b@example.org') == 2",
        "@pytest.mark.parametrize('x', [1]) @app.command() price=12345678.90",
        "parse `key: value` lines, tokens, sk-learn, glob *-sk-1, password=None, user@host, hf_hub",
    ],
)
def test_ordinary_numbers_are_left_as_they_are(text):
    """Dates, sums, versions, digests, matrices, addresses that nobody has."""
    assert hidden(text) == text
