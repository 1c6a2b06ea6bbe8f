"""What can be read of a function's signature without running it, and what is refused."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.source.signature import Signature, UnreadableSignature, read_signature

STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
WORDS = st.sampled_from(
    ["def f(", "x", ":", " ", "int", "list[", "Literal[", "Optional[", "()", "]", "|", ")", "->", "str", ":\n ",
     '"doc"', "\n", "=", "1e999", "...", "None", "'", "\\ud800", "0x" + "f" * 5000, "*", "/", ",", "async ", "@",
     "[" * 120, "-1"]
)  # fmt: skip


def source(parameters: str, result: str = "int", before: str = "", doc: str = "Do it.") -> str:
    """A module with one function `f`."""
    return f'{before}def f({parameters}) -> {result}:\n    """{doc}"""\n    return 1\n'


def schema_of(annotation: str) -> dict:
    """The schema of a parameter of that type."""
    return read_signature(source(f"x: {annotation}")).input_schema["properties"]["x"]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("bool", {"type": "boolean"}),
        ("int", INTEGER),
        ("float", NUMBER),
        ("str", STRING),
        ("None", {"type": "null"}),
        ("Any", {}),
        ("object", {}),
        ("date", STRING | {"format": "date"}),
        ("datetime.date", STRING | {"format": "date"}),
        ("datetime.datetime", STRING | {"format": "date-time"}),
        ("time", STRING | {"format": "time"}),
        ("Decimal", {"type": ["number", "string"]}),
        ("list", {"type": "array"}),
        ("list[int]", {"type": "array", "items": INTEGER}),
        ("Sequence[str]", {"type": "array", "items": STRING}),
        ("typing.List[str]", {"type": "array", "items": STRING}),
        ("list[list[int]]", {"type": "array", "items": {"type": "array", "items": INTEGER}}),
        ("set[str]", {"type": "array", "uniqueItems": True, "items": STRING}),
        ("frozenset[int]", {"type": "array", "uniqueItems": True, "items": INTEGER}),
        ("tuple[int, ...]", {"type": "array", "items": INTEGER}),
        ("tuple[int, str]", {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2}),
        ("dict", {"type": "object"}),
        ("dict[str, int]", {"type": "object", "additionalProperties": INTEGER}),
        ("Mapping[str, float]", {"type": "object", "additionalProperties": NUMBER}),
        ("int | None", {"anyOf": [INTEGER, {"type": "null"}]}),
        ("Optional[int]", {"anyOf": [INTEGER, {"type": "null"}]}),
        ("Union[int, str]", {"anyOf": [INTEGER, STRING]}),
        ("int | str | None", {"anyOf": [INTEGER, STRING, {"type": "null"}]}),
        ("Annotated[int, 'a count']", INTEGER),
        ("Literal['a', 'b']", {"enum": ["a", "b"], "type": "string"}),
        ("Literal[-1, 0, 1]", {"enum": [-1, 0, 1], "type": "integer"}),
        ("Literal['a', 1]", {"enum": ["a", 1]}),
        ("'int'", INTEGER),
        ("'list[int] | None'", {"anyOf": [{"type": "array", "items": INTEGER}, {"type": "null"}]}),
    ],
)
def test_each_annotation_has_its_schema(annotation, schema):
    """Every type a candidate may use has one JSON Schema, quoted or not, old spelling or new."""
    assert schema_of(annotation) == schema


@pytest.mark.parametrize(
    "annotation",
    ["bytes", "complex", "Path", "Callable[[int], int]", "list[int, str]", "list[Path]", "Iterator[int]", "f()", "1",
     "Optional[()]", "Union[()]", "dict[()]", "tuple[()]", "Annotated[()]", "Literal[()]", "Literal[x]",
     "Literal[b'x']", "Literal[...]", "Literal['\\ud800']", "'not a type'", "'('", "'\\x00'", "..."],
)  # fmt: skip
def test_a_type_without_a_json_form_is_refused(annotation):
    """What cannot cross the sandbox's border as JSON is no type for a parameter or a result."""
    with pytest.raises(UnreadableSignature):
        schema_of(annotation)
    with pytest.raises(UnreadableSignature):
        read_signature(source("x: int", result=annotation))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "found none"),
        ("x = 1\n", "found none"),
        ("def _f(x: int) -> int:\n    'Do it.'\n", "found none"),
        (source("x: int") + "\n\ndef g() -> int:\n    'Do it.'\n", "found f, g"),
        ("class A:\n    def f(self) -> int:\n        'Do it.'\n", "found none"),
        ("def f(x: int) -> int:\n    return x\n", "no docstring"),
        ("def f(x: int) -> int:\n    '''   '''\n", "no docstring"),
        ("def f(x: int):\n    'Do it.'\n", "does not say what it returns"),
        (source("x"), "the parameter `x` has no type"),
        (source("*args: int"), "a name of its own"),
        (source("**kwargs: int"), "a name of its own"),
        (source("x: int, /"), "a name of its own"),
        ("def f(:\n", "line 1"),
        ("def f() -> int:\n  'a'\n   return 1\n", "line 3"),
        ("\x00", "null bytes"),
        (source("x: int", doc="half a character: \\ud800"), "no Unicode text"),
    ],
)
def test_what_cannot_be_offered_is_refused_with_the_reason(text, why):
    """The message says what is wrong, in words that whoever wrote the function can act on."""
    with pytest.raises(UnreadableSignature, match=why):
        read_signature(text)


def test_parameters_keep_their_order_and_say_which_are_required():
    """Positional and keyword-only parameters are one object's properties, as written; no others are allowed."""
    schema = read_signature(source("b: int, a: str = 'x', *, d: bool, c: float | None = None")).input_schema
    assert list(schema["properties"]) == ["b", "a", "d", "c"]
    assert schema["required"] == ["b", "d"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["a"]["default"] == "x"
    assert schema["properties"]["c"]["default"] is None


@pytest.mark.parametrize(
    "default", ["1e999", "b'x'", "[b'x']", "(1, 2)", "{1, 2}", "UNKNOWN", "date(2026, 1, 1)", "'\\ud800'"]
)
def test_a_default_without_a_json_form_is_left_out(default):
    """The parameter stays optional; only JSON values are offered as its default."""
    schema = read_signature(source(f"x: Any = {default}")).input_schema
    assert schema["required"] == []
    assert "default" not in schema["properties"]["x"]


def test_the_args_section_describes_the_parameters():
    """Descriptions come from the docstring, with or without types; the next section is not theirs."""
    doc = """Do it.

    Args:
        text: The text,
            over two lines.
        count (int): How many.

    Returns:
        The result: a number.
    """
    properties = read_signature(source("text: str, count: int", doc=doc)).input_schema["properties"]
    assert properties["text"]["description"] == "The text, over two lines."
    assert properties["count"]["description"] == "How many."
    assert set(properties) == {"text", "count"}


def test_helpers_and_async_are_read():
    """Private helpers stand beside the one public function, and a coroutine function is known as one."""
    text = source("x: int", before="def _helper():\n    pass\n\n\nasync ")
    assert read_signature(text).is_async
    assert read_signature(text).name == "f"
    assert not read_signature(source("x: int")).is_async


def test_the_shape_is_what_callers_depend_on():
    """Descriptions do not change the shape; a name, a type, a default, an order or the result does."""

    def shape(parameters: str, result: str = "int", doc: str = "Do it.") -> tuple:
        return read_signature(source(parameters, result, doc=doc)).shape

    same = shape("x: int, y: int = 1", doc="Other words.\n\n    Args:\n        x: This.\n    ")
    assert same == shape("x: int, y: int = 1")
    others = ["z: int, y: int = 1", "x: str, y: int = 1", "x: int, y: int = 2", "y: int, x: int = 1", "x: int, y: int"]
    assert all(shape(other) != same for other in others)
    assert shape("x: int, y: int = 1", "str") != same


def test_a_fault_of_style_in_a_candidate_is_no_warning_of_ours():
    """Reading a source that Python would warn about is silent."""
    with warnings.catch_warnings(action="error"):
        read = read_signature("import re\n\n" + source("x: str") + '    re.compile("\\d")\n')
    assert list(read.input_schema["properties"]) == ["x"]


@given(
    st.text() | st.lists(WORDS, max_size=40).map("".join) | st.lists(WORDS).map(lambda parts: source("".join(parts)))
)
def test_arbitrary_text_is_read_or_refused(text):
    """No text raises anything but `UnreadableSignature`: a model may write anything."""
    try:
        result: object = read_signature(text)
    except UnreadableSignature as error:
        result = error
    assert isinstance(result, Signature) or str(result)
