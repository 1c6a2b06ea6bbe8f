"""Laws that hold for every input of the built-in functions."""

import importlib.util
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


def function(name: str) -> Callable[..., Any]:
    """The built-in function of that name."""
    spec = importlib.util.spec_from_file_location(f"law_{name}", ROOT / "functions" / name / "function.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


add_days = function("add_days")
business_days_between = function("business_days_between")
compare_semver = function("compare_semver")
count_words = function("count_words")
csv_group_sum = function("csv_group_sum")
days_between = function("days_between")
extract_emails = function("extract_emails")
parse_log_levels = function("parse_log_levels")
slugify = function("slugify")
sort_lines = function("sort_lines")
unique_lines = function("unique_lines")
validate_iban = function("validate_iban")

dates = st.dates(date(1990, 1, 1), date(2090, 1, 1))
identifiers = st.from_regex(r"(0|[1-9][0-9]{0,3}|[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3})", fullmatch=True)
versions = st.builds(
    lambda core, parts: ".".join(map(str, core)) + ("-" + ".".join(parts) if parts else ""),
    st.tuples(*[st.integers(0, 12)] * 3),
    st.lists(identifiers, max_size=3),
)
accounts = st.text("0123456789", min_size=24, max_size=24)


def polish_iban(account: str) -> str:
    """A Polish IBAN with right check digits: P is 25 and L is 21."""
    return f"PL{98 - int(f'{account}252100') % 97:02}{account}"


@given(versions, versions)
def test_semver_is_antisymmetric(a: str, b: str):
    """Comparing the other way round gives the opposite answer, and zero only for equal texts."""
    assert compare_semver(a, b) == -compare_semver(b, a)
    assert (compare_semver(a, b) == 0) == (a == b)


@given(versions, versions, versions)
def test_semver_is_transitive(a: str, b: str, c: str):
    """What comes before something that comes before a third comes before that one too."""
    if compare_semver(a, b) <= 0 and compare_semver(b, c) <= 0:
        assert compare_semver(a, c) <= 0
    assert compare_semver(f"v{a}+build", a) == 0


@given(st.text(), st.integers(1, 40))
def test_slug_is_ascii_bounded_and_final(text: str, max_length: int):
    """A slug holds words of ASCII letters and digits, fits its length, and is its own slug."""
    slug = slugify(text, max_length)
    assert len(slug) <= max_length
    assert all(word.isalnum() and word.isascii() and word == word.lower() for word in slug.split("-") if slug)
    assert slugify(slug, max_length) == slug


@given(accounts, st.integers(2, 27), st.integers(1, 9))
def test_iban_with_one_wrong_digit_is_always_caught(account: str, at: int, by: int):
    """A right IBAN is accepted, and no single digit of it can change unnoticed."""
    iban = polish_iban(account)
    wrong = iban[:at] + str((int(iban[at]) + by) % 10) + iban[at + 1 :]
    assert validate_iban(iban) is True
    assert validate_iban(wrong) is False


@given(st.text())
def test_iban_of_any_text_is_an_answer(text: str):
    """Any text gets a plain yes or no, never an error."""
    assert validate_iban(text) in (True, False)


@given(dates, st.integers(0, 60), st.integers(1, 60), st.lists(dates, max_size=5))
def test_business_days_add_up(start: date, first: int, second: int, holidays: list[date]):
    """The days of a period are those of its first part and those of the rest."""
    middle, end = start + timedelta(first), start + timedelta(first + second)
    parts = business_days_between(start, middle, holidays)
    parts += business_days_between(middle + timedelta(1), end, holidays)
    assert business_days_between(start, end, holidays) == parts


@given(dates, dates)
def test_the_days_between_two_dates_lead_from_one_to_the_other(start: date, end: date):
    """Added to the first date they give the second, and taken from the second the first."""
    assert add_days(start, days_between(start, end)) == end
    assert add_days(end, -days_between(start, end)) == start


@given(st.lists(st.text("aAąbłŁ9 ", max_size=3), min_size=1), st.randoms())
def test_sorted_lines_do_not_depend_on_their_order(lines: list[str], chance: Random):
    """However lines stand, they come out in one order, all of them, and each once where that is asked for."""
    text = "\n".join([*lines, "x"])
    chance.shuffle(lines)
    ordered = sort_lines("\n".join([*lines, "x"]))
    assert sort_lines(text) == sort_lines(ordered) == ordered
    assert sorted(ordered.split("\n")) == sorted([*lines, "x"])
    assert sorted(unique_lines(text).split("\n")) == sorted({*lines, "x"})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.decimals(-(10**12), 10**12, places=2)), max_size=30))
def test_group_sums_agree_with_exact_arithmetic(rows: list[tuple[str, Decimal]]):
    """Every group's total is the float nearest to the exact sum, in files of either decimal sign."""
    expected: dict[str, Decimal] = {}
    for group, amount in rows:
        expected[group] = expected.get(group, Decimal(0)) + amount
    floats = {group: float(total) for group, total in expected.items()}
    text = "".join(f"{group},{amount}\n" for group, amount in rows)
    comma = "".join(f"{group};{amount}\n".replace(".", ",") for group, amount in rows)
    assert csv_group_sum(f"group,amount\n{text}", "group", "amount") == floats
    assert csv_group_sum(f"group;amount\n{comma}", "group", "amount") == floats


@given(st.text(), st.text())
def test_words_of_two_paragraphs_add_up(first: str, second: str):
    """A line end between two texts neither joins nor splits words."""
    assert count_words(f"{first}\n{second}") == count_words(first) + count_words(second)


@given(st.text(), st.text())
def test_log_counts_add_up(first: str, second: str):
    """The counts of two logs in one are the sums of their counts, at most one a line."""
    both, parts = parse_log_levels(f"{first}\n{second}"), [parse_log_levels(first), parse_log_levels(second)]
    assert both == {level: sum(part.get(level, 0) for part in parts) for level in both}
    assert sum(both.values()) <= f"{first}\n{second}".count("\n") + 1


@given(st.lists(st.from_regex(r"[a-z0-9]{1,5}(\.[a-z]{1,3})?@[a-z]{1,5}\.(pl|com)", fullmatch=True), max_size=8))
def test_addresses_are_found_in_order(addresses: list[str]):
    """Exactly the addresses put into a text come out, each once, in their order."""
    assert extract_emails(", ".join(addresses)) == list(dict.fromkeys(addresses))


@pytest.mark.parametrize("column", ["region", "product"])
def test_totals_of_the_demo_file_agree(column: str):
    """The demo's file totals the same by region as by product, quoted fields included."""
    text = (ROOT / "agent" / "demo_data" / "sales.csv").read_text()
    totals = csv_group_sum(text, column, "amount")
    assert round(sum(totals.values()), 2) == 36149.09
    assert len(totals) == {"region": 4, "product": 10}[column]
