"""Questions that candidates leave open, and the answers to them, as a user types them."""

import json
import re
from datetime import UTC, datetime

import pytest
from divided_models import FIRST, SECOND, WISH, divided_script

from integrations.llm.fake_ollama import FakeOllama
from registry import Operations, QuestionRecord

AWAY = "http://127.0.0.1:9"

VOWELS = QuestionRecord(
    task_id="t1",
    task="count the vowels\nin a text, [y] included",
    function="count_vowels",
    arguments={"text": "yes [red]:smile:"},
    choices=[
        {"said": {"value": 2, "raises": False}, "candidates": [1, 3]},
        {"said": {"value": None, "raises": True}, "candidates": [2]},
    ],
    state={"secret": "what the work is taken up from"},
    created_at=datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
)


@pytest.fixture
def asked(home):
    """The number of a question that is kept."""
    operations = Operations.open(home.folder / "operations.sqlite")
    try:
        return str(operations.ask(VOWELS))
    finally:
        operations.close()


def answered(home, number):
    """Somebody says to the question that the call must fail."""
    operations = Operations.open(home.folder / "operations.sqlite")
    try:
        operations.answer_question(int(number), {"raises": True}, "ada")
        operations.settle_question(int(number), "count_vowels 1.0.0")
    finally:
        operations.close()


def test_open_questions_are_a_table(home, asked):
    """Each is one line: what was asked, on which call the candidates disagree, and what they say."""
    heading, row = home.with_(COLUMNS="200").run("questions").stdout.splitlines()
    assert heading.split() == ["id", "function", "task", "call", "answers", "asked"]
    for part in (
        f"{asked} ",
        "count_vowels",
        "count the vowels in a text, [y] included",
        'text = "yes [red]:smile:"',
        "[1] 2  [2] an error",
        "2026-02-03 04:05",
    ):
        assert part in row


def test_answered_questions_are_shown_on_request(home, asked):
    """An answered question is no longer open; `--all` shows what was said, by whom, and what came of it."""
    answered(home, asked)
    assert len(home.run("questions").stdout.splitlines()) == 1
    assert "an error, said ada: count_vowels 1.0.0" in home.with_(COLUMNS="200").run("questions", "--all").stdout
    assert home.json("questions") == []
    assert home.json("questions", "--all")[0]["answered_by"] == "ada"


def test_a_question_is_shown_in_full(home, asked):
    """Without an answer and without a terminal `answer` shows the question and how to answer it, and asks nobody."""
    said = home.run("answer", asked).stdout.splitlines()
    assert said == [
        "  count the vowels in a text, [y] included",
        f'? Question {asked}. For text = "yes [red]:smile:", what must count_vowels give?',
        "  [1] 2   (2 candidates)",
        "  [2] an error   (1 candidate)",
        f"  kowal answer {asked} CHOICE, or --value JSON, or --error",
    ]
    answered(home, asked)
    assert home.run("answer", asked).stdout.splitlines()[-1] == "  an error, said ada: count_vowels 1.0.0"


def test_programs_get_the_same_facts(home, asked):
    """With `--json` a question has its call and its choices, and nothing of the candidates' code."""
    shown = home.json("answer", asked)
    assert shown == home.json("questions")[0]
    assert (shown["id"], shown["arguments"], shown["choices"]) == (int(asked), VOWELS.arguments, list(VOWELS.choices))
    assert "state" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["3"], "'3' is none of the answers: [1] 2, [2] an error"),
        (["0"], "'0' is none of the answers: [1] 2, [2] an error"),
        (["yes"], "'yes' is none of the answers: [1] 2, [2] an error"),
        (["--value", "oops"], "--value is not JSON"),
        (["--value", "NaN"], "which JSON has no form for"),
        (["1", "--error"], "Only one answer can be right"),
        (["--value", "2", "--error"], "Only one answer can be right"),
        (["1", "--value", "2"], "Only one answer can be right"),
    ],
)
def test_what_is_no_answer_is_bad_input(home, asked, words, message):
    """A wrong answer is exit code 2 and names those there are; the question stays open."""
    done = home.run("answer", asked, *words, code=2)
    assert message in done.stderr
    assert "  next: " in done.stderr
    assert home.json("answer", asked, *words, code=2)["error"]["type"] in ("BadTask", "BadArguments")
    assert [question["answer"] for question in home.json("questions")] == [None]


@pytest.mark.parametrize("number", ["7", "0", "9" * 30])
def test_an_unknown_question_is_said_to_be_one(home, number):
    """Exit code 5, and where the open ones are."""
    assert "kowal questions" in home.run("answer", number, "1", code=5).stderr
    assert home.json("answer", number, code=5)["error"]["type"] == "UnknownQuestion"


def test_a_question_is_answered_once(home, asked):
    """A second answer is exit code 5 and changes nothing: the first one holds."""
    answered(home, asked)
    assert home.json("answer", asked, "1", code=5)["error"]["type"] == "AlreadyAnswered"
    assert home.json("questions", "--all")[0]["answer"] == {"raises": True}


@pytest.fixture
def divided(home):
    """A user whose two models write different functions, where the task does not say which is meant."""
    with FakeOllama(divided_script()) as server:
        models = {"generate": [FIRST, SECOND], "specify": FIRST}
        yield home.with_(
            OLLAMA_HOST=server.url, KOWAL_CANDIDATES="2", KOWAL_MODELS=json.dumps(models), NO_COLOR="1", TERM="dumb"
        )


def test_a_doubt_that_nobody_attends_is_kept_and_answered_later(divided):
    """Exit code 4 with the question's number; the answer promotes what it decides for, and no model is asked again."""
    done = divided.run("run", WISH, "-a", "text=yes", code=4)
    assert done.stdout == ""
    assert "question 1 is kept: kowal answer 1" in done.stderr
    assert "  next: `kowal answer 1` shows the question" in done.stderr
    assert len(divided.json("functions", "list")) == 8
    (question,) = divided.json("questions")
    choices = [choice["said"]["value"] for choice in question["choices"]]
    wanted = sum(letter in "aeiouy" for letter in question["arguments"]["text"].lower())
    said = divided.with_(OLLAMA_HOST=AWAY).run("answer", "1", str(choices.index(wanted) + 1))
    assert said.stdout.startswith("count_vowels 1.0.0 is production, commit ")
    assert divided.run("run", WISH, "-a", "text=yes").stdout == "2\n"
    assert divided.json("questions") == []
    assert divided.json("questions", "--all")[0]["outcome"] == "count_vowels 1.0.0"


def test_a_queued_task_waits_for_the_answer_and_outlives_its_worker(divided, worker, ended):
    """The question holds no worker; the answer, by whichever command, has the next one go on, and asks no model."""
    process = worker(divided)
    task = divided.run("tasks", "submit", WISH, "-a", "text=yes").stdout.strip()
    waits = divided.stands(task, "waiting", "failed")
    assert waits["waits_for"] == "question:1"
    ended(process)
    away = divided.with_(OLLAMA_HOST=AWAY)
    assert "what must count_vowels give?" in away.run("tasks", "answer", task).stdout
    (question,) = away.json("questions")
    choices = [choice["said"]["value"] for choice in question["choices"]]
    wanted = sum(letter in "aeiouy" for letter in question["arguments"]["text"].lower())
    said = away.run("answer", "1", str(choices.index(wanted) + 1)).stdout
    assert said == f"Task {task[:8]} is queued\n"
    worker(away)
    assert away.run("tasks", "follow", task).stdout == "2\n"
    assert away.json("functions", "show", "count_vowels")["status"] == "production"
    assert [row["action"] for row in away.json("audit", "--task", task)] == ["task.answered", "task.asked"]
    assert away.json("answer", "1", "1", code=5)["error"]["type"] == "AlreadyAnswered"


def test_a_person_at_the_terminal_is_asked_at_once(divided, terminal):
    """The question stands among the progress, a wrong answer is asked again, and the run goes on with what is right."""
    there = terminal(divided, "run", WISH, "-a", "text=yes")
    there.until("[Enter] I do not know")
    there.types("7")
    there.until("is none of the answers")
    first, second = re.findall(r"\[[12]\] (\d+)   \(1 candidate\)", there.seen)
    there.types("1" if int(first) > int(second) else "2")
    assert there.end() == (0, "2\n"), there.seen
    assert "what must count_vowels give?" in there.seen
    assert "next time: no model is asked" in there.seen


def test_who_does_not_know_leaves_the_question_open(divided, terminal):
    """Enter at the terminal ends as a run does that nobody attends; `answer` asks again."""
    there = terminal(divided, "functions", "create", WISH)
    there.until("[Enter] I do not know")
    there.types("")
    assert there.end() == (4, "")
    there = terminal(divided, "answer", "1")
    there.until("[Enter] I do not know")
    there.types("")
    assert there.end() == (0, "Question 1 stays open.\n")


def test_ctrl_c_at_a_question_leaves_nothing_half_done(divided, terminal):
    """Exit code 130, the registry as it was, and no traceback."""
    there = terminal(divided, "run", WISH, "-a", "text=yes")
    there.until("[Enter] I do not know")
    there.interrupt()
    assert there.end() == (130, "")
    assert "Stopped" in there.seen
    assert "Traceback" not in there.seen
    assert len(divided.json("functions", "list")) == 8


def test_programs_at_a_terminal_are_not_asked(divided, terminal):
    """With `--json` a doubt is an error with the question's number, even where somebody could type."""
    there = terminal(divided, "run", WISH, "-a", "text=yes", "--json")
    code, answer = there.end()
    error = json.loads(answer)["error"]
    assert (code, error["type"], error["question"]) == (4, "Undecided", 1)
    assert "Which is right" not in there.seen
