"""Reads what a model wrote: a value out of fences, prose, thoughts and broken JSON, or the reason why not."""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

MAX_JSON_STARTS = 256
"""How many opening braces are tried: prose full of braces must not cost more than a moment."""
MAX_MENDED_CHARS = 200_000
"""Broken JSON longer than this is not mended: mending costs a second and more from there on."""
MAX_BLOCKS = 64
MOST_TRIPLES = 8
"""Triple-quoted values that are read out of one object."""
EMPTY = "The reply is empty."
NO_CODE = "The reply holds no Python code."
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


class Code(BaseModel):
    """A module as a model may wrap it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("code", "tests", "source"))]


def read_code(text: str, having: str = "def ") -> Code | str:
    """The Python module in a model's reply, or the reason why there is none, in words a model can act on.

    `having` is what the wanted module holds, where a reply has several. Takes blocks, tags, bare code, or JSON with
    the one key `code`. Never raises. Whether it parses is for whoever asked to say.
    """
    answer = text[_thought_end(text) :]
    if not text.strip():
        return EMPTY
    if _still_thinking(text):
        return THINKING
    if answer.strip().removeprefix("```json").lstrip().startswith("{"):
        wrapped = read_reply(text, Code)
        return wrapped if isinstance(wrapped, str) else Code(code=_unfenced(wrapped.code))
    code = extract_code(text, having)
    blocks = _blocks(answer)
    if blocks and not blocks[-1].closed and (code is None or blocks[-1].text == code):
        return CUT_OFF
    if code is None:
        return NO_CODE
    try:
        code.encode()
    except UnicodeEncodeError:
        return NOT_TEXT
    return Code(code=code)


def read_reply[M: BaseModel](text: str, model: type[M]) -> M | str:
    """The structured value in a model's reply, or the reason why there is none. Never raises.

    What stands in a model's thoughts is not its answer and is passed over.
    """
    value = _read_whole(text, model)
    if isinstance(value, str):  # its reason may be that of a mere part, where the whole is broken
        value = _read_mended(text, model) or value
    return value if not isinstance(value, str) else value or "The reply holds no JSON object."


def extract_code(text: str, having: str = "def ") -> str | None:
    """The Python source in a reply that holds only code, fenced, tagged or bare; None where there is none.

    Cut-off code is returned as it is, so that whoever compiles it can name the line.
    """
    answer = text[_thought_end(text) :]
    if tagged := _CODE_TAGS.search(answer):
        return tagged[1]
    blocks = [block.text for block in _blocks(answer) if having in block.text]
    whole = [block for block in blocks if _parse(block) is not None]
    if blocks:
        return (whole or blocks)[0]
    return _bare_code(answer)


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
    for _ in range(MOST_TRIPLES):
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
