"""The Python API as a program uses it, in a process of its own."""

from integrations.llm.fake_ollama import FakeOllama, Script


def test_a_task_is_done_in_one_line(home):
    """Named and positional arguments, files of values, and examples that hold."""
    home.python("""
from agent import execute_task, run_function

assert execute_task("count words in a text", text="a b") == 2
assert execute_task("count words in a text", "a b") == 2
assert execute_task("count words in a text", text="a b c", examples=[({"text": "a b"}, 2)]) == 3
assert run_function("count_words", "a b") == run_function("count_words", text="a b") == 2
assert run_function("slugify", text="Hello World", max_length="5") == "hello"
""")


def test_errors_are_typed_and_advise(home):
    """Each fault is a class of its own with an exit code and advice."""
    home.python("""
from agent import BadArguments, BadTask, KowalError, NoFunctionFits, RunFailed, execute_task, run_function
from registry import UnknownFunction

def caught(kind, call, *positional, **arguments):
    try:
        call(*positional, **arguments)
    except kind as error:
        assert error.advice, error
        return error
    raise AssertionError(f"{kind} expected")

assert caught(BadTask, execute_task, "").exit_code == 2
assert "txt" in str(caught(BadArguments, run_function, "count_words", txt="a"))
assert caught(BadArguments, execute_task, "count words in a text", text=5).facts["argument"] == "text"
assert caught(NoFunctionFits, execute_task, "fold a paper plane").exit_code == 3
assert caught(UnknownFunction, run_function, "no_such_function").exit_code == 5
failed = caught(RunFailed, run_function, "csv_group_sum", text="a", group_by="x", value="y")
assert failed.exit_code == 5 and isinstance(failed, KowalError) and failed.facts["traceback"]
""")


def test_functions_are_made_and_enhanced(home, author):
    """`create_function` makes without running, `enhance_function` adds without breaking, `Agent` tells the whole."""
    with FakeOllama(Script(rules=(*author("aeiouy", extends=True), *author()))) as server:
        home.with_(OLLAMA_HOST=server.url).python("""
from agent import Task, build_agent, create_function, enhance_function, execute_task, load_settings, run_function

made = create_function("count the vowels in a text", requirements=["ignore digits"], examples=[({"text": "Adele"}, 3)])
assert (made.function, made.version, made.status, made.ran) == ("count_vowels", "1.0.0", "production", False)
assert made.verdict["passed"] and made.attempts[0].verdict.passed and made.model == "ollama/fake-coder:latest"
assert execute_task("count the vowels in a text", text="Adele") == 3
assert run_function("count_vowels", "OUIJA") == 4
better = enhance_function("count_vowels", "count y too", examples=[({"text": "yes"}, 2)])
assert (better.version, better.status) == ("1.1.0", "production")
assert run_function("count_vowels", "yes") == 2

agent = build_agent(load_settings())
outcome = agent.execute(Task(text="count the vowels in a text", arguments={"text": "y"}))
assert (outcome.value, outcome.origin, outcome.version, outcome.attempts) == (1, "matched", "1.1.0", ())
agent.close()
""")
        told = str([request.body for request in server.requests])
    assert "ignore digits" in told


def test_a_process_ends_by_itself(home):
    """No sandbox, thread or lock keeps a program from ending; nothing is printed that it did not print."""
    done = home.python("from agent import execute_task\nprint(execute_task('count words in a text', text='a'))")
    assert done.stdout == "1\n"
    assert done.stderr == ""
