"""What a merge request says of a version: the verdict as a table, what changes in behaviour above what it is.

Nothing that functions or people brought begins a line or leaves its ticks, so none of it is a heading, a mention, a
quick action (`/merge` at the beginning of a line) or HTML. A bar would end a table's cell, in code too: see `cell`; and
`Closes #1` closes an issue, in code too: see `unclosing`.
"""

from collections.abc import Iterable, Sequence

from agent.showing import shown
from agent.talking.asking import MOST_VALUE_CHARS, Wish, near_lines
from agent.talking.describing import example_text, lines_of
from agent.talking.marking import span
from agent.talking.phrases import Language, say
from registry import Example
from registry.messages import unclosing

MOST_ROWS = 10
MOST_CELL_CHARS = 300


def title_of(wish: Wish, language: Language) -> str:
    """One line that says what is asked."""
    version = wish.version
    if wish.kind == "rollback":
        return say("review_title_back", language, name=version.name, version=version.version)
    return say("review_title", language, name=version.name, digest=version.label)


def page_of(wish: Wish, who: str, language: Language) -> str:
    """The whole description, in Markdown with tables; `who` may sign, as people read it."""
    version, before = wish.version, wish.before
    facts = {"name": version.name, "days": wish.days, "who": who or "–"}
    if wish.kind == "rollback":
        replaced = before.version if before else "–"
        how = say("review_how_back", language, version=version.version, before=replaced, **facts)
    else:
        how = say("review_how", language, digest=f"`{version.digest}`", **facts)
    asks = [say("asks_for", language, text=", ".join(map(span, wish.asks)))] if wish.asks else []
    page = "\n\n".join(
        [
            how,
            *behaviour(wish, language),
            section(
                "review_about", bulleted([*lines_of(version, language), *asks, *task_of(wish, language)]), language
            ),
            *nearly(wish, language),
            *verdict(wish, language),
            *answers(wish, language),
        ]
    )
    return unclosing(page)


def behaviour(wish: Wish, language: Language) -> list[str]:
    """The recorded calls that it answers otherwise than what serves now, or that there is none; else nothing."""
    replayed = wish.version.evidence.get("replay")
    if wish.differences:
        rows = [[shown(value, MOST_VALUE_CHARS) for value in (each.arguments, each.before, each.after)]
                for each in wish.differences]  # fmt: skip
        return [section("review_behaviour", table("review_differences", rows, language), language)]
    if not replayed or wish.before is None:
        return []
    said = say("review_nothing_changes", language, calls=int(replayed["calls"]), version=wish.before.version)
    return [section("review_behaviour", said, language)] if not replayed["different"] else []


def task_of(wish: Wish, language: Language) -> list[str]:
    """What somebody asked for, whom it was made for."""
    task = wish.version.evidence.get("provenance", {}).get("task", "")
    return [say("review_task", language, text=span(str(task), 500))] if task else []


def nearly(wish: Wish, language: Language) -> list[str]:
    """A function that does nearly the same; nothing where there is none."""
    lines = near_lines(wish.version, language)
    return [section("review_near", bulleted(lines), language)] if lines else []


def verdict(wish: Wish, language: Language) -> list[str]:
    """Each check with what it showed; nothing where none is kept."""
    said = {True: "yes", False: "no"}
    kept = wish.version.evidence.get("verdict", {}).get("checks", ())
    rows = [[str(row["check"]), said.get(row["passed"], "–"), str(row.get("summary", ""))] for row in kept]
    return [section("review_verdict", table("review_checks", rows, language, most=len(rows)), language)] if rows else []


def answers(wish: Wish, language: Language) -> list[str]:
    """What people answered where candidates disagreed; nothing where nobody was asked."""
    kept = [Example.model_validate(row) for row in wish.version.evidence.get("answers", ())]
    lines = [example_text(wish.version.name, each) for each in kept[:MOST_ROWS]]
    more = [say("and_more", language, count=len(kept) - len(lines))] if len(kept) > len(lines) else []
    return [section("review_answers", bulleted([*lines, *more]), language)] if lines else []


def section(heading: str, text: str, language: Language) -> str:
    """The text under its heading."""
    return f"### {say(heading, language)}\n\n{text}"


def bulleted(lines: Iterable[str]) -> str:
    """One point a line."""
    return "\n".join(f"- {line}" for line in lines)


def table(heads: str, rows: Sequence[Sequence[str]], language: Language, most: int = MOST_ROWS) -> str:
    """The rows under their heads, and how many there are more."""
    words = say(heads, language).split(" | ")
    lines = [f"| {' | '.join(words)} |", f"|{' --- |' * len(words)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows[:most]]
    more = [f"\n{say('and_more', language, count=len(rows) - most)}"] if len(rows) > most else []
    return "\n".join([*lines, *more])


def cell(text: str) -> str:
    """The text as code in a cell; a bar is shown as another sign like it, for hosts disagree on how one is escaped."""
    return span(text.replace("|", "\N{LIGHT VERTICAL BAR}"), MOST_CELL_CHARS) if text else ""
