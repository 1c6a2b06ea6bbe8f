"""Two models that write different functions for a wish which does not say what is meant: a person must."""

import json

from integrations.llm.fake_ollama import Model, Rule, Script

WISH = "how many vowels does a text have"
SPECIFICATION = {
    "name": "count_vowels",
    "description": "Count the vowels in a text.",
    "aliases": ["how many vowels does a text have", "number of vowels"],
    "signature": "def count_vowels(text: str) -> int",
    "parameters": {"text": "Any text."},
    "ensures": ["The number of letters that are vowels, in either case."],
    "examples": [{"in": {"text": "Adele"}, "out": 3}],
}
TESTS = (
    "from function import count_vowels\n\n\n"
    "def test_some():\n    assert count_vowels('Queue') == 4\n\n\n"
    "def test_none():\n    assert count_vowels('xz') == 0\n\n\n"
    "def test_capitals():\n    assert count_vowels('OBOE') == 3\n"
)
CODE = (
    'def count_vowels(text: str) -> int:\n    """Count the vowels in a text.\n\n'
    '    Args:\n        text: Any text.\n    """\n'
    "    return sum(letter in {letters!r} for letter in text.lower())\n"
)
FIRST, SECOND = "qwen2.5-coder:7b", "llama3.1:8b"


def divided_script() -> Script:
    """What the two say."""
    replies = (
        ("Some of its tests", FIRST, CODE.format(letters="aeiou")),
        ("Some of its tests", SECOND, CODE.format(letters="aeiouy")),
        ("did not pass", FIRST, CODE.format(letters="aeiou")),
        ("did not pass", SECOND, CODE.format(letters="aeiouy")),
        ("<specification>", "", TESTS),
        ("<task>", "", json.dumps(SPECIFICATION)),
        ("", "", "{}"),
    )
    rules = tuple(Rule(match=match, model=model, reply=reply) for match, model, reply in replies)
    return Script(models=(Model(name=FIRST), Model(name=SECOND)), rules=rules)
