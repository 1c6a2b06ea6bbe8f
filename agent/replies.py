"""Reads what a model wrote: a value out of fences, prose, thoughts and broken JSON, or the reason why not."""

import ast
import json
import keyword
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

MAX_JSON_STARTS = 256
"""How many opening braces are tried: prose full of braces must not cost more than a moment."""
MAX_MENDED_CHARS = 200_000
"""Broken JSON longer than this is not mended: mending costs a second and more from there on."""
MAX_BLOCKS = 64
EMPTY = "The reply is empty."
THINKING = "The reply ended while the model was still thinking."
CUT_OFF = "The reply was cut off: its last part is missing."
NOT_TEXT = "The reply holds characters that are not Unicode text (lone surrogates)."

_OBJECT_STARTS = re.compile(r'\{\s*(?=["}])')
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)|[{}]', re.DOTALL)
_TRIPLE_OPENS = re.compile(r':\s*"""')
_TRIPLE_CLOSES = re.compile(r'"""(?=\s*(?:,\s*"\w+"\s*:|\}))')
_THOUGHT_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_THOUGHT_STARTS = re.compile(r"\s*<think(?:ing)?>", re.IGNORECASE)
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([\w+.-]*)(.*)")
_CODE_TAGS = re.compile(r"\[PYTHON\]\n?(.*?)(?:\[/PYTHON\]|\Z)", re.DOTALL | re.IGNORECASE)
_CODE_STARTS = re.compile(r"^[ \t]?(?:def |async def |class |import |from [\w.]+ import |@\w)", re.MULTILINE)


def _not_a_keyword(name: str) -> str:
    if keyword.iskeyword(name):
        raise ValueError(f"{name!r} is a Python keyword")
    return name


class Draft(BaseModel):
    """A function with its tests, as a model proposes it; nothing about it is trusted yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$"), AfterValidator(_not_a_keyword)]
    """The name of the one public function in `code`."""
    description: Annotated[str, Field(min_length=1)]
    """What it does, in a sentence or two."""
    aliases: tuple[str, ...] = ()
    """Other words in which people ask for it."""
    code: Annotated[str, Field(min_length=1)]
    """`function.py`"""
    tests: Annotated[str, Field(min_length=1)]
    """`test_function.py`"""


def read_draft(text: str) -> Draft | str:
    """The draft in a model's reply, or the reason why there is none, in words a model can act on.

    Takes JSON; else broken but whole JSON, mended; else two Python blocks, function and tests. Never raises.
    """
    reasons: list[str] = []
    for read in (_whole_draft, _mended_draft, _draft_from_blocks):
        draft = read(text)
        if isinstance(draft, Draft):
            return draft.model_copy(update={"code": _unfenced(draft.code), "tests": _unfenced(draft.tests)})
        reasons.append(draft)
    return next(filter(None, reasons))


def read_reply[M: BaseModel](text: str, model: type[M]) -> M | str:
    """The structured value in a model's reply, or the reason why there is none. Never raises.

    What stands in a model's thoughts is not its answer and is passed over.
    """
    value = _read_whole(text, model)
    if isinstance(value, str) and not value:
        value = _read_mended(text, model)
    return value if not isinstance(value, str) else value or "The reply holds no JSON object."


def extract_code(text: str) -> str | None:
    """The Python source in a reply that holds only code, fenced, tagged or bare; None where there is none.

    Cut-off code is returned as it is, so that whoever compiles it can name the line.
    """
    answer = text[_thought_end(text) :]
    if tagged := _CODE_TAGS.search(answer):
        return tagged[1]
    blocks = [block.text for block in _blocks(answer) if "def " in block.text]
    whole = [block for block in blocks if _parse(block) is not None]
    if blocks:
        return (whole or blocks)[0]
    return _bare_code(answer)


def _whole_draft(text: str) -> Draft | str:
    return _read_whole(text, Draft)


def _mended_draft(text: str) -> Draft | str:
    draft = _read_mended(text, Draft)
    if isinstance(draft, str):
        return draft
    if not _is_python(draft):
        return "The reply's JSON is broken, and mending it gives no valid Python."
    # Mending strips the ends of strings.
    return draft.model_copy(update={"code": draft.code.rstrip() + "\n", "tests": draft.tests.rstrip() + "\n"})


# --- JSON


def _read_whole[M: BaseModel](text: str, model: type[M]) -> M | str:
    """The first JSON object that is a `model`; else the reason, empty where no object looks like one."""
    if not text.strip():
        return EMPTY
    reason = ""
    for value in _answers(text):
        read = _validated(value, model)
        if not isinstance(read, str):
            return read
        reason = reason or (read if set(value) & set(model.model_fields) else "")
    return reason


def _answers(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of the answer, in order; those inside thoughts are left out."""
    thought_end = _thought_end(text)
    if thought_end:
        yield from (value for value, _ in _objects(text[thought_end:]))
    unfinished = _still_thinking(text)
    for value, end in _objects(text):
        # After thoughts that never closed only what ends the reply can be the answer.
        if end > thought_end and not (unfinished and text[end:].strip(" \t\r\n`")):
            yield value


def _objects(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Each JSON object in the text, and the one thing it wraps, with the position behind it."""
    decoder = json.JSONDecoder(strict=False)  # models write raw newlines into strings
    at = 0
    for _ in range(MAX_JSON_STARTS):
        start = _OBJECT_STARTS.search(text, at)
        if start is None:
            return
        try:
            value, at = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at = start.start() + 1
            continue
        yield value, at
        inner = next(iter(value.values())) if len(value) == 1 else None
        if isinstance(inner, dict):
            yield inner, at


def _validated[M: BaseModel](value: dict[str, Any], model: type[M]) -> M | str:
    try:
        json.dumps(value, ensure_ascii=False).encode()
        return model.model_validate(value)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3]]
        return "The reply's JSON does not fit: " + "; ".join(faults) + "."
    except UnicodeEncodeError:
        return NOT_TEXT
    except RecursionError:
        return "The reply's JSON is nested too deep."


def _read_mended[M: BaseModel](text: str, model: type[M]) -> M | str:
    """The value in broken JSON that is whole, mended; else the reason, empty where nothing looks like it."""
    keys = "|".join(map(re.escape, model.model_fields))
    start = re.search(rf"\{{\s*[\"']?(?:{keys})[\"']?\s*:", text[_thought_end(text) :])
    if start is None:
        return "" if text.strip() else EMPTY
    if _still_thinking(text):
        return THINKING
    body = text[_thought_end(text) + start.start() :]
    if len(body) > MAX_MENDED_CHARS:
        return "The reply's JSON is broken, and too long to be mended."
    whole = _whole_object(_without_triple_quotes(body))
    if whole is None:
        return CUT_OFF
    import json_repair  # rarely needed

    try:
        value = json_repair.loads(whole, skip_json_loads=True)
    except (ValueError, RecursionError):
        return "The reply's JSON is broken."
    return _validated(value, model) if isinstance(value, dict) else "The reply's JSON is broken."


def _without_triple_quotes(body: str) -> str:
    """The text with Python's triple-quoted values, which small models like, as JSON strings."""
    parts, at = list[str](), 0
    for _ in Draft.model_fields:
        opening = _TRIPLE_OPENS.search(body, at)
        closing = _TRIPLE_CLOSES.search(body, opening.end()) if opening else None
        if opening is None or closing is None:
            break
        parts += [body[at : opening.start()], ": ", json.dumps(body[opening.end() : closing.start()])]
        at = closing.end()
    return "".join(parts) + body[at:]


def _whole_object(body: str) -> str | None:
    """The object at the start of the text up to its closing brace; None where it is cut off."""
    depth = 0
    for part in _JSON_PARTS.finditer(body):
        depth += {"{": 1, "}": -1}.get(part[0], 0)
        if depth == 0:
            return body[: part.end()]
    return None


def _thought_end(text: str) -> int:
    """Where the last thought ends, if it stands outside any JSON string; 0 without thoughts."""
    ends = [match.end() for match in _THOUGHT_ENDS.finditer(text)]
    return ends[-1] if ends else 0


def _still_thinking(text: str) -> bool:
    return _THOUGHT_STARTS.match(text) is not None and not _thought_end(text)


# --- Python


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What stands between two fences."""

    text: str
    closed: bool


def _blocks(text: str) -> list[_Block]:
    """The fenced blocks, the last one open where its closing fence is missing."""
    blocks: list[_Block] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.splitlines():
        fence = _FENCE.fullmatch(line)
        if opening and fence and _closes(fence, opening):
            blocks.append(_Block(text="\n".join(lines) + "\n", closed=True))
            opening = None
        elif opening:
            lines.append(line)
        elif fence and len(blocks) < MAX_BLOCKS:
            opening, lines = fence, []
    return [*blocks, _Block(text="\n".join(lines) + "\n", closed=False)] if opening else blocks


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    """True unless the fence stands deeper (in a docstring, say), is shorter, or names a language."""
    indent, marks, language, rest = fence.groups()
    return len(indent) <= len(opening[1]) + 3 and marks.startswith(opening[2]) and not (language + rest).strip()


def _unfenced(code: str) -> str:
    """The code without a fence around it."""
    if not _FENCE.match(code.strip()):
        return code
    blocks = _blocks(code.strip())
    return blocks[0].text if blocks else code


def _draft_from_blocks(text: str) -> Draft | str:
    """A draft from a reply without JSON: one block with the function, one with its tests."""
    blocks = _blocks(text[_thought_end(text) :])
    if _still_thinking(text):
        return THINKING
    if blocks and not blocks[-1].closed:
        return CUT_OFF
    sources = [block.text for block in blocks]
    tests = next((source for source in sources if re.search(r"^\s*def test_", source, re.M)), "")
    functions = [(source, node) for source in sources if source != tests for node in _public_functions(source)]
    if tests and not functions:
        return "The reply holds no block with the function alone: function and tests belong into two blocks."
    if not functions:
        return "The reply holds neither a JSON object nor a Python block with a public function."
    code, function = functions[0]
    if not tests:
        return "The reply holds a function and no tests."
    if sum(source == code for source, _ in functions) > 1:
        return "The reply's code holds more than one public function."
    summary = (ast.get_docstring(function) or function.name.replace("_", " ")).split("\n")[0]
    return _validated({"name": function.name, "description": summary, "code": code, "tests": tests}, Draft)


def _public_functions(source: str) -> list[ast.FunctionDef]:
    tree = _parse(source)
    nodes = tree.body if tree else []
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _is_python(draft: Draft) -> bool:
    """True where mending left both files readable; a mangled file must not pass for what the model wrote."""
    return all(_parse(_unfenced(source)) is not None for source in (draft.code, draft.tests))


def _bare_code(text: str) -> str | None:
    """Code without fences: from its first statement on, without the prose behind it."""
    start = _CODE_STARTS.search(text)
    if start is None or "def " not in text:
        return None
    lines = text[start.start() :].lstrip(" ").splitlines()
    for _ in range(5):
        error_line = _syntax_error_line("\n".join(lines))
        # Only unindented lines are prose; an error inside a function means that the function is cut off.
        if error_line is None or not 1 < error_line <= len(lines) or lines[error_line - 1][:1].isspace():
            break
        lines = lines[: error_line - 1]
    return "\n".join(lines) + "\n"


def _syntax_error_line(source: str) -> int | None:
    parsed = _parsed(source)
    return parsed.lineno if isinstance(parsed, SyntaxError) else None


def _parse(source: str) -> ast.Module | None:
    parsed = _parsed(source)
    return parsed if isinstance(parsed, ast.Module) else None


def _parsed(source: str) -> ast.Module | Exception:
    """The syntax tree, or what is wrong with the source. Nothing is executed."""
    if len(source) > MAX_MENDED_CHARS:
        return ValueError("too long")
    with warnings.catch_warnings(action="ignore"):
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return error
