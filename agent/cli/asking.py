"""Puts a question to the person at the terminal, and reads what they say."""

import sys
import termios
from typing import Any

from agent.cli.opening import read_json
from agent.cli.render import err
from agent.errors import BadTask
from agent.making.doubts import refuse_misfit
from agent.questions import Ask, Asked, Choice, Said, nobody
from agent.showing import cut, shown

ERROR = "an error"
"""How a call that must fail is called."""


def attendant(*, json_output: bool) -> Ask:
    """Whoever can be asked: the person at the terminal, or nobody where a program reads or nothing is typed."""
    return ask_person if attended() and not json_output else nobody


def attended() -> bool:
    """True where a person sits at a terminal and can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def ask_person(asked: Asked) -> Said | None:
    """What the person says; None where they do not know. What is no answer is asked again."""
    other = len(asked.choices) + 1
    lines = [*question_lines(asked), f"  [{other}] something else", "  [Enter] I do not know"]
    err.print("\n".join(lines), markup=False)
    while typed := read_line("  > "):
        try:
            if typed == str(other):
                said = read_said(read_line("  The right answer as JSON, or error > "))
                refuse_misfit(said, asked.gives)
                return said
            return picked(asked, typed)
        except BadTask as error:
            err.print(f"  {error}", markup=False)
    return None


def read_line(prompt: str) -> str:
    """What is typed until Enter, without the spaces around it; nothing at the end of input."""
    err.print(prompt, markup=False, end="")
    try:
        return input().strip()
    except EOFError:
        err.print()
        return ""
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}"  # no answer, so it is asked again


def read_hidden(prompt: str) -> str:
    """The same, not shown as it is typed. Only at a terminal."""
    shown = termios.tcgetattr(sys.stdin)
    silent = [shown[0], shown[1], shown[2], shown[3] & ~termios.ECHO, *shown[4:]]
    try:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
        return read_line(prompt)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, shown)
        err.print()


def picked(asked: Asked, typed: str) -> Said:
    """The answer of that number, from 1. Raises `BadTask`, which names the answers there are."""
    answers = {str(number): choice.said for number, choice in enumerate(asked.choices, 1)}
    if typed in answers:
        return answers[typed]
    there = ", ".join(f"[{number}] {said_text(said)}" for number, said in answers.items())
    raise BadTask(
        f"{cut(typed, 80)!r} is none of the answers: {there}",
        advice="Name one by its number, or say --value JSON or --error.",
    )


def read_said(text: str) -> Said:
    """The answer in the words of a person: a JSON value, or `error`. Raises `BadTask`."""
    return Said(raises=True) if text == "error" else Said(value=read_result(text, "The answer"))


def read_result(text: str, where: str) -> Any:
    """The JSON value that a call must give. Raises `BadTask` for what is none, `NaN` included."""
    from agent.arguments import plain

    return plain(read_json(text, where), where)


def question_lines(asked: Asked) -> list[str]:
    """The question as a person reads it: the call, and each competing answer with how many give it."""
    number = f"Question {asked.id}. " if asked.id is not None else ""
    choices = [choice_text(at, choice) for at, choice in enumerate(asked.choices, 1)]
    return [f"? {number}For {call_text(asked)}, what must {asked.function} give?", *choices]


def choice_text(number: int, choice: Choice) -> str:
    """One competing answer."""
    count = len(choice.candidates)
    by = f"{count} candidate{'s' if count != 1 else ''}" if count else "a test"
    return f"  [{number}] {said_text(choice.said)}   ({by})"


def call_text(asked: Asked) -> str:
    """The arguments by name."""
    return ", ".join(f"{name} = {shown(value)}" for name, value in asked.arguments.items()) or "no arguments"


def said_text(said: Said) -> str:
    """An answer: the value as JSON, or that it must fail."""
    return ERROR if said.raises else shown(said.value)
