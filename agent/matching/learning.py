"""What people say of a run becomes a lesson about its words. Lessons stay in the operational database."""

from registry import Operations


def said_right(operations: Operations, run_id: int, *, by: str) -> str:
    """What was learnt from a run that did what was meant, in a sentence. Raises `UnknownRun`."""
    run = operations.judge_run(run_id, right=True)
    if not run.task:
        return f"Noted: run {run_id} of `{run.function}` was right. It was called by its name: there are no words."
    operations.learn(run.task, run.function, by)
    return f"Learnt: {run.task!r} means `{run.function}`."


def said_wrong(operations: Operations, run_id: int, *, by: str, should_be: str | None = None) -> str:
    """What was learnt from a run that was not what was meant. Raises `UnknownRun`."""
    run = operations.judge_run(run_id, right=False)
    if not run.task:
        return f"Noted: run {run_id} of `{run.function}` was wrong. It was called by its name: there are no words."
    if should_be == run.function:
        return f"Noted: run {run_id} was wrong, though `{run.function}` is what was meant: `kowal enhance` mends it."
    operations.learn(run.task, run.function, by, meant=False)
    if should_be is None:
        return f"Learnt: {run.task!r} does not mean `{run.function}`."
    operations.learn(run.task, should_be, by)
    return f"Learnt: {run.task!r} means `{should_be}`, and not `{run.function}`."
