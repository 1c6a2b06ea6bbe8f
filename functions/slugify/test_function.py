"""What slugify promises."""

import pytest
from function import slugify


def test_words_joined_by_hyphens():
    """Words become lower case with one hyphen between them."""
    assert slugify("Hello World Again") == "hello-world-again"


@pytest.mark.parametrize(
    "text", ["  Hello,   World! ", "hello_world", "--hello--world--", "hello—world…", "hello\n\tworld"]
)
def test_everything_else_separates(text: str):
    """Punctuation and white space of any length become one hyphen, and none at the ends."""
    assert slugify(text) == "hello-world"


def test_digits_stay():
    """Digits are kept, and a dot between them separates."""
    assert slugify("Report 2026: v1.0") == "report-2026-v1-0"


def test_polish_letters():
    """All Polish letters lose their accents, ł included, in both cases."""
    assert slugify("Zażółć gęślą jaźń") == "zazolc-gesla-jazn"
    assert slugify("ŁÓDŹ ŚWIĘTA ĆMA") == "lodz-swieta-cma"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Größe STRAẞE", "grosse-strasse"),
        ("Ærø smørrebrød", "aero-smorrebrod"),
        ("Œuvre déjà vu", "oeuvre-deja-vu"),
        ("Þór Ðan Đuro", "thor-dan-duro"),
        ("İzmir Diyarbakır", "izmir-diyarbakir"),
        ("Ħamrun Ŋeŋ Ŧana", "hamrun-nen-tana"),
    ],
)
def test_other_latin_letters(text: str, slug: str):
    """Letters that do not decompose get their usual ASCII spelling, in both cases."""
    assert slugify(text) == slug


def test_separate_accents_and_wide_forms():
    """Accents stored apart, ligatures and full-width letters give the same slug as their plain form."""
    assert slugify("Cafe\u0301 ﬁne ＡＢＣ™") == "cafe-fine-abctm"


def test_apostrophes_and_soft_hyphens_vanish():
    """An apostrophe of any kind or a soft hyphen does not break a word."""
    assert slugify("Don't can’t Hawaiʼi co\u00adop") == "dont-cant-hawaii-coop"


@pytest.mark.parametrize("text", ["x", ""])
def test_nothing_in_ascii_gives_nothing(text: str):
    """Text that ASCII cannot spell adds nothing to the slug, not even a hyphen."""
    assert slugify(f"{text} привет 東京 — !") == text


@pytest.mark.parametrize(
    ("max_length", "slug"),
    [
        (15, "alpha-beta-gamm"),
        (14, "alpha-beta"),
        (11, "alpha-beta"),
        (10, "alpha-beta"),
        (9, "alpha"),
        (4, "alph"),
        (1, "a"),
    ],
)
def test_cut_between_words(max_length: int, slug: str):
    """A slug too long loses whole words, and letters only where its first word is too long."""
    assert slugify("Alpha beta gamm", max_length=max_length) == slug


def test_cut_at_eighty_by_default():
    """Eighty characters stay whole; one more is cut."""
    assert slugify("a" * 80) == "a" * 80
    assert slugify("b" * 81) == "b" * 80


def test_slug_of_a_slug():
    """Making a slug of a slug changes nothing."""
    slug = slugify("Crème brûlée, à la carte!", 12)
    assert slug == "creme-brulee"
    assert slugify(slug, 12) == slug


@pytest.mark.parametrize("max_length", [0, -1])
def test_length_below_one_is_refused(max_length: int):
    """A slug without room for a character is an error that names the number."""
    with pytest.raises(ValueError, match=f"^max_length must be at least 1, not {max_length}$"):
        slugify("text", max_length)
