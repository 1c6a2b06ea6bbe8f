"""Projects, branches and files are named in one strict way, and what is written at a code host commands nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.loader import available
from agent.projects import ACTS, BadName, act_in, is_host_act, read_file_path, read_host_act, read_project, read_ref
from agent.rights.acts import JOINER
from agent.rights.codehost import harmless
from agent.rights.grants import READERS

WORDS = st.lists(st.sampled_from(["gitlab", "a/b", "main", *ACTS, "../x", "é/b", ""]) | st.text(max_size=6), max_size=6)
ASKS = st.fixed_dictionaries(
    {},
    optional={key: st.text(max_size=8) | st.sampled_from(["gitlab", "issue", "a/b"]) | st.none()
              for key in ("host", "act", "project", "branch")},
)  # fmt: skip
SIGNS = st.text(alphabet="@/ \tall#1!&64;[]():<>a-x=\n\r\u2028\u202e\ufeff\x00GLClosesfix.", max_size=40)

COMMAND = re.compile(r"^[^\S\n]*/\w", re.MULTILINE)
"""What GitLab takes for a quick action, and more (lib/gitlab/quick_actions/extractor.rb: a line with `/` first)."""
MENTION = re.compile(r"(?<!\w)@[a-zA-Z0-9_.]")
"""What it takes for a name (app/models/user.rb, `reference_pattern`)."""
CLOSING = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)(:?) +\S", re.IGNORECASE
)
"""The beginning of its issue closing pattern, as it is unless an administrator changes it."""


@given(WORDS)
def test_no_words_make_the_reader_fail(words):
    """Whatever somebody writes, it is an act that says itself back, or a `BadName`."""
    try:
        act = read_host_act(words)
    except BadName:
        return
    assert str(act).split(" ") == words


@given(ASKS)
def test_no_ask_makes_the_reader_fail(ask):
    """Whatever a guest says, it is an act whose line reads as the same, or a `BadName`."""
    try:
        act = act_in(ask)
    except BadName:
        return
    assert read_host_act(str(act).split(" ")) == act


@given(st.text(max_size=20))
def test_no_name_makes_a_reader_fail(text):
    """A name that is read is the name as it was given."""
    for read in (read_project, read_ref, read_file_path):
        try:
            assert read(text) == text
        except BadName:
            continue


def test_no_kind_of_grant_passes_for_a_code_host():
    """The first word tells them apart: no code host that there is has the name of a kind."""
    assert not set(READERS) & set(available("integrations.codehost"))
    assert not any(is_host_act(words) for words in (["gitlab"], ["gitlab", "a/b"], ["GitLab", "issue"], []))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**bold** `code`\n- [ ] a\n> b\n| a | b |", "**bold** `code`\n- [ ] a\n> b\n| a | b |"),
        ("see https://git.example.org/a?b=1&c=2", "see https://git.example.org/a?b=1&c=2"),
        ("a < b && c > d, 1/2", "a < b && c > d, 1/2"),
        ("/close", f"{JOINER}/close"),
        ("a\n \u00a0/close", f"a\n \u00a0{JOINER}/close"),
        ("a\u2028/close", "a/close"),
        ("\x00/close", f"{JOINER}/close"),
        ("```\n/close\n```", f"```\n{JOINER}/close\n```"),
        ("@all", f"@{JOINER}all"),
        ("&#64;all &commat;all", f"&{JOINER}#{JOINER}64;all &{JOINER}commat;all"),
        ("Closes #1", f"Closes{JOINER} #{JOINER}1"),
        ("fixes: a/b!2, GL-3 [issue:4]", f"fixes{JOINER}: a/b!{JOINER}2, GL-{JOINER}3 [{JOINER}issue:4]"),
        ("<!-- kowal:1 --><a href=x>", f"<{JOINER}!-- kowal:1 --><{JOINER}a href=x>"),
        ("[words](https://evil.example)", "[words] (https://evil.example)"),
        ("[words]: https://evil.example", f"[words]{JOINER}: https://evil.example"),
        ("[[words|page]]", f"[{JOINER}[words|page]]"),
    ],
)
def test_a_text_is_made_harmless_and_stays_what_it_was(text, said):
    """Only what a server would obey, or hide, is changed, and to the eye hardly that."""
    assert harmless(text) == said


@given(SIGNS)
def test_no_text_commands_calls_or_closes_anything(text):
    """Whatever it is put together from: what servers look for is not in it."""
    said = harmless(text)
    for looked_for in (COMMAND, MENTION, CLOSING, re.compile(r"</?[A-Za-z!?]|&#\d|[#!]\d|\](?:\(|:)")):
        assert not looked_for.search(said)
