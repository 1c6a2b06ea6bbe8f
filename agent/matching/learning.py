"""What people say of a run becomes a lesson about its words. It goes into git by the operator's word alone."""

from collections.abc import Iterable
from dataclasses import replace

from registry import Function, Lesson, Operations, Run


def said_right(operations: Operations, run_id: int, *, by: str) -> str:
    """What was learnt from a run that did what was meant, in a sentence. Raises `UnknownRun`."""
    run = operations.judge_run(run_id, right=True)
    if not run.task:
        return wordless(run, "right")
    operations.learn(run.task, run.function, by)
    return f"Learnt: {run.task!r} means `{run.function}`."


def said_wrong(operations: Operations, run_id: int, *, by: str, should_be: str | None = None) -> str:
    """What was learnt from a run that was not what was meant. Raises `UnknownRun`."""
    run = operations.judge_run(run_id, right=False)
    if not run.task:
        return wordless(run, "wrong")
    if should_be == run.function:
        return f"Noted: run {run_id} was wrong, though `{run.function}` is what was meant: `kowal enhance` mends it."
    operations.learn(run.task, run.function, by, meant=False)
    if should_be is None:
        return f"Learnt: {run.task!r} does not mean `{run.function}`."
    operations.learn(run.task, should_be, by)
    return f"Learnt: {run.task!r} means `{should_be}`, and not `{run.function}`."


def wordless(run: Run, said: str) -> str:
    """What is said of a run that teaches nothing."""
    return f"Noted: run {run.id} of `{run.function}` was {said}. It was called by its name: there are no words."


def new_words(function: Function, lessons: Iterable[Lesson]) -> tuple[str, ...]:
    """The learnt words that are not among the function's aliases yet."""
    known = {alias.casefold() for alias in function.manifest.aliases}
    learnt = (lesson.text for lesson in lessons if lesson.meant and lesson.function == function.name)
    return tuple(text for text in learnt if text not in known)


def with_words(function: Function, words: Iterable[str]) -> Function:
    """The function, with these as further aliases: another version, since a manifest is part of what it is."""
    manifest = function.manifest
    return replace(function, manifest=manifest.model_copy(update={"aliases": (*manifest.aliases, *words)}))
