"""Canaries, promotion and quarantine by statistics, on a real registry, database and sandbox."""

import pytest

from agent.errors import RunFailed
from agent.promoter import Promoter
from agent.types import Origin, Task
from registry import Example, Function, Manifest, Status

GOOD = "number // 2"
FRAGILE = "number // 2 if number < 100 else {}[number]"
"""Fails with a KeyError from 100 on."""
NEGATIVE = "is negative"


def halve(result: str = GOOD, **manifest) -> Function:
    """A function that halves a number, or does it in another way, and refuses negative ones."""
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
    facts = {"name": "halve", "description": "Halve a number.", "input_schema": schema} | manifest
    source = (
        "def halve(number: int) -> int:\n"
        f'    if number < 0:\n        raise ValueError("{NEGATIVE}")\n'
        f"    return {result}\n"
    )
    return Function(manifest=Manifest(**facts), source=source, tests=f"# {result}\n")


def approved(shop, function: Function) -> str:
    """The number of the version that the function became."""
    shop.registry.add_candidate(function, {"verdict": {"summary": "given"}})
    return shop.registry.approve(function.name, function.digest, by="test").version


def on_trial(shop, function: Function) -> str:
    """The number of the version, which is a canary now."""
    version = approved(shop, function)
    return shop.registry.canary(function.name, version, by="test").version


def by_record(shop, function: Function, calls: int = 59) -> str:
    """The number of the version, in production by the record of its calls."""
    version = on_trial(shop, function)
    for number in range(calls):
        shop.agent.run("halve", Task(text="", arguments={"number": number}), version=version)
    assert shop.registry.get("halve").version == version
    return version


def call(shop, number: int):
    """One call by name, as anybody makes it."""
    return shop.agent.run("halve", Task(text="", arguments={"number": number}))


def told(shop, action: str) -> list[dict]:
    """The facts of the events of that kind."""
    return [dict(event.facts) for event in shop.events if event.action == action]


def status(shop, version: str) -> Status:
    """Where the version stands."""
    return shop.registry.get("halve", version).status


@pytest.mark.parametrize(
    ("policy", "became"),
    [("statistics", Status.CANARY), ("default", Status.PRODUCTION), ("person", Status.APPROVED)],
)
def test_the_policy_says_how_far_an_approved_version_goes(workshop, policy, became):
    """On trial by statistics, into production at once, or no further without a person; asking again changes nothing."""
    shop = workshop(policy=policy)
    promoter = Promoter(registry=shop.registry, policy=policy)
    for _ in range(2):
        assert promoter.admit(halve(), {}).status is became


@pytest.mark.parametrize("needs", [{"grants": ("http GET api.example.org",)}, {"requirements": ("numpy",)}])
def test_what_needs_a_person_never_goes_on_trial(workshop, needs):
    """A grant or a requirement waits for a signature under this policy, too."""
    shop = workshop(policy="statistics")
    promoter = Promoter(registry=shop.registry, policy="statistics")
    assert promoter.admit(halve(**needs), {}).status is Status.APPROVED


def test_fifty_nine_distinct_good_calls_promote_a_canary(workshop):
    """Not one call sooner, and by statistics: the history and an event say on what ground."""
    shop = workshop(policy="statistics")
    version = on_trial(shop, halve())
    for number in range(58):
        assert call(shop, number).status == "canary"
    assert status(shop, version) is Status.CANARY
    last = call(shop, 58)
    assert (last.value, last.version) == (29, version)
    assert status(shop, version) is Status.PRODUCTION
    (event,) = told(shop, "function.promoted")
    assert (event["version"], event["status"], event["by"]) == (version, "production", "statistics")
    assert event["note"] == "59 of 59 distinct calls, at least 0.95 (95 %)"
    newest = shop.registry.history("halve")[-1]
    assert (newest.status, newest.by, newest.note) == (Status.PRODUCTION, "statistics", event["note"])


def test_one_call_made_often_shows_one_thing(workshop):
    """The same call 70 times, its arguments in whatever form, is one distinct call."""
    shop = workshop(policy="statistics")
    version = on_trial(shop, halve())
    for turn in range(70):
        shop.agent.run("halve", Task(text="", arguments={"number": "4"} if turn % 2 else {"number": 4.0}))
    assert status(shop, version) is Status.CANARY
    counts = shop.operations.call_counts("halve", halve().digest)
    assert (counts.ok, counts.failed) == (1, 0)


def test_bad_input_counts_for_nobody(workshop):
    """Refusals by ValueError are no failures of the function, and no successes either."""
    shop = workshop(policy="statistics")
    version = on_trial(shop, halve())
    for number in range(1, 30):
        with pytest.raises(RunFailed, match=NEGATIVE) as caught:
            call(shop, -number)
    assert caught.value.facts["fault"] == "caller"
    assert "stays as it is" in caught.value.kept
    assert status(shop, version) is Status.CANARY
    for number in range(59):
        call(shop, number)
    assert status(shop, version) is Status.PRODUCTION


def test_a_failure_delays_a_canary_and_does_not_end_it(workshop):
    """One failure of 60 is neither enough to come in nor enough to be thrown out."""
    shop = workshop(policy="statistics")
    version = on_trial(shop, halve(FRAGILE))
    for number in range(30):
        call(shop, number)
    with pytest.raises(RunFailed):
        call(shop, 100)
    for number in range(30, 60):
        call(shop, number)
    assert status(shop, version) is Status.CANARY


def test_under_the_policy_of_a_person_no_record_promotes(workshop):
    """A canary from another time keeps serving, and waits for a signature."""
    shop = workshop(policy="person")
    version = on_trial(shop, halve())
    for number in range(60):
        call(shop, number)
    assert status(shop, version) is Status.CANARY


@pytest.mark.parametrize("policy", ["default", "person", "statistics"])
def test_a_production_version_that_is_surely_worse_is_taken_out(workshop, policy):
    """Two failing calls of two disprove 0.95 under every policy: the predecessor is back, and people are told."""
    shop = workshop(policy=policy)
    shop.put(halve())
    worse = approved(shop, halve(FRAGILE))
    shop.registry.promote("halve", worse, by="Ann")
    with pytest.raises(RunFailed) as first:
        call(shop, 100)
    assert "stays as it is" in first.value.kept
    with pytest.raises(RunFailed) as second:
        call(shop, 101)
    assert f"`halve` {worse} is quarantined" in second.value.kept
    assert "2 of 2 distinct calls failed" in second.value.kept
    assert "in production now: 1.0.0" in second.value.kept
    assert status(shop, worse) is Status.QUARANTINED
    assert call(shop, 102).version == "1.0.0"
    (event,) = told(shop, "function.quarantined")
    assert (event["name"], event["version"], event["restored"]) == ("halve", worse, "1.0.0")
    assert "2 of 2 distinct calls failed: at most 0.78 succeed" in event["reason"]
    entry = next(entry for entry in shop.registry.history("halve") if entry.status is Status.QUARANTINED)
    assert (entry.version, entry.by, entry.note) == (worse, "statistics", event["reason"])


def test_the_same_failing_call_is_one_failure(workshop):
    """Somebody who repeats one unlucky call cannot take a function out."""
    shop = workshop()
    shop.put(halve(FRAGILE))
    for _ in range(5):
        with pytest.raises(RunFailed):
            call(shop, 100)
    assert status(shop, "1.0.0") is Status.PRODUCTION


def test_what_came_by_statistics_goes_by_statistics(workshop):
    """Promoted by 59 calls, a version whose bound falls at the 60th is out; one that a person signed for is not."""
    shop = workshop(policy="statistics")
    shop.put(halve())
    version = by_record(shop, halve(FRAGILE))
    with pytest.raises(RunFailed) as caught:
        call(shop, 100)
    assert "1 of 60 distinct calls failed: at least 0.92 succeed" in caught.value.kept
    assert status(shop, version) is Status.QUARANTINED
    assert shop.registry.get("halve").version == "1.0.0"


def test_a_persons_word_outweighs_a_fallen_bound(workshop):
    """A version that somebody put into production stays after one failure, as does one brought back for another."""
    shop = workshop(policy="statistics")
    shop.put(halve(FRAGILE))
    by_record(shop, halve(f"{FRAGILE} + 0"))
    with pytest.raises(RunFailed):
        call(shop, 100)
    assert shop.registry.get("halve").version == "1.0.0", "restored by statistics, but signed for by a person"
    for number in range(59):
        call(shop, number)
    with pytest.raises(RunFailed):
        call(shop, 100)
    assert status(shop, "1.0.0") is Status.PRODUCTION


def test_a_canarys_failed_call_is_answered_by_production(workshop):
    """Whoever calls gets the value; the failure is kept under the canary, told, and in the end takes it out."""
    shop = workshop(policy="statistics", canary_share=1.0)
    shop.put(halve())
    canary = on_trial(shop, halve(FRAGILE))
    assert (call(shop, 8).version, call(shop, 8).status) == (canary, "canary")
    answered = call(shop, 100)
    assert (answered.value, answered.version, answered.status) == (50, "1.0.0", "production")
    assert [(run.version, run.outcome, run.fault) for run in shop.operations.runs("halve", limit=2)] == [
        ("1.0.0", "ok", ""),
        (canary, "exception", "function"),
    ]
    (event,) = told(shop, "canary.failed")
    assert (event["version"], event["instead"], event["fault"]) == (canary, "1.0.0", "function")
    for number in (101, 102, 103):
        assert call(shop, number).value == number // 2
    assert status(shop, canary) is Status.QUARANTINED
    (event,) = told(shop, "function.quarantined")
    assert (event["version"], event["restored"]) == (canary, "")
    assert call(shop, 104).version == "1.0.0"


def test_bad_input_to_a_canary_is_production_s_to_refuse(workshop):
    """What the canary refuses goes to production, which refuses it in its own words; nobody's record suffers."""
    shop = workshop(policy="statistics", canary_share=1.0)
    shop.put(halve())
    on_trial(shop, halve("number / 2"))
    with pytest.raises(RunFailed, match=r"`halve` 1\.0\.0 failed: .*is negative"):
        call(shop, -1)
    assert [run.fault for run in shop.operations.runs("halve")] == ["caller", "caller"]


def test_a_canary_serves_its_share_and_a_call_goes_one_way(workshop):
    """About a fifth of the calls, always the same ones."""
    shop = workshop(policy="statistics")
    shop.put(halve())
    canary = on_trial(shop, halve("int(number / 2)"))
    first = [call(shop, number).version for number in range(50)]
    assert 4 <= first.count(canary) <= 18
    assert [call(shop, number).version for number in range(50)] == first


def test_a_named_version_is_the_one_that_runs(workshop):
    """Who names production's version gets it, and who names the canary gets that."""
    shop = workshop(policy="statistics", canary_share=1.0)
    shop.put(halve())
    canary = on_trial(shop, halve("int(number / 2)"))
    for version in ("1.0.0", canary):
        task = Task(text="", arguments={"number": 4})
        assert shop.agent.run("halve", task, version=version).version == version


def test_a_canary_of_another_signature_gets_only_what_it_takes(workshop):
    """Arguments that do not fit it go to production, without an error in between."""
    shop = workshop(policy="statistics", canary_share=1.0)
    shop.put(halve())
    schema = {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]}
    on_trial(shop, halve("number", input_schema=schema))
    assert call(shop, 4).version == "1.0.0"
    assert told(shop, "canary.failed") == []


def test_words_find_a_canary_where_nothing_is_in_production(workshop):
    """A function on trial is matched and run like another, by confirmed words too; a preview shows it."""
    shop = workshop(functions=["count_words"], policy="statistics")
    version = on_trial(shop, halve())
    assert shop.agent.preview(Task(text="halve a number")).chosen.status is Status.CANARY
    outcome = shop.agent.execute(Task(text="halve a number", arguments={"number": 8}))
    assert (outcome.value, outcome.origin, outcome.version, outcome.status) == (4, Origin.MATCHED, version, "canary")
    shop.operations.learn("cut it in two", "halve", "Ann")
    assert shop.agent.execute(Task(text="cut it in two", arguments={"number": 6})).value == 3


def test_words_find_production_and_its_canary_serves(workshop):
    """Matching sees the production version; the outcome names the version that answered."""
    shop = workshop(policy="statistics", canary_share=1.0)
    shop.put(halve())
    canary = on_trial(shop, halve("int(number / 2)"))
    task = Task(text="halve a number", arguments={"number": 8})
    assert shop.agent.preview(task).chosen.version == "1.0.0"
    assert shop.agent.execute(task).version == canary
    held = Task(text="halve a number", arguments={"number": 8}, examples=(Example(arguments={"number": 2}, output=1),))
    assert shop.agent.execute(held).version == "1.0.0", "examples were held against this version"


def test_an_answer_outranks_a_record_that_cannot_be_acted_on(workshop, monkeypatch):
    """Where the registry refuses the promotion, the caller has the value, and people are told why nothing moved."""
    shop = workshop(policy="statistics")
    version = on_trial(shop, halve())
    for number in range(58):
        call(shop, number)
    (shop.registry.path / "refs" / "heads" / "production.lock").touch()
    monkeypatch.setattr("registry.moves._ATTEMPTS", 1)
    assert call(shop, 58).value == 29
    (event,) = told(shop, "function.stays")
    assert event["version"] == version
    (shop.registry.path / "refs" / "heads" / "production.lock").unlink()
    assert call(shop, 59).value == 29
    assert status(shop, version) is Status.PRODUCTION


def test_calls_that_gave_a_value_are_recorded_for_replay(workshop):
    """Arguments and value, once a distinct call, the newest of them; failures and long ones are not kept."""
    shop = workshop(recorded_calls=3)
    shop.put(halve())
    for number in (2, 4, 4, 6, 8):
        call(shop, number)
    with pytest.raises(RunFailed):
        call(shop, -1)
    kept = shop.operations.recorded_calls("halve")
    assert sorted((each.arguments["number"], each.value) for each in kept) == [(4, 2), (6, 3), (8, 4)]
    assert {each.version for each in kept} == {"1.0.0"}


@pytest.mark.parametrize(
    ("recorded_calls", "manifest", "size"),
    [(0, {}, 1), (200, {"grants": ("http GET api.example.org",)}, 1), (200, {}, 40_000)],
)
def test_what_is_not_recorded(workshop, recorded_calls, manifest, size):
    """Nothing where that is turned off, of a function with grants, or above 64 KiB; the run is counted all the same."""
    shop = workshop(recorded_calls=recorded_calls)
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    facts = Manifest(name="echo", description="Echo a text.", input_schema=schema, **manifest)
    source = "def echo(text: str) -> str:\n    return text\n"
    shop.put(Function(manifest=facts, source=source, tests=""))
    text = "x" * size
    assert shop.agent.run("echo", Task(text="", arguments={"text": text})).value == text
    assert shop.operations.recorded_calls("echo") == []
    (run,) = shop.operations.runs("echo")
    assert len(run.call) == 64


@pytest.mark.parametrize(("recorded_calls", "found"), [(200, True), (0, False)])
def test_without_recorded_calls_no_argument_is_in_the_database(workshop, tmp_path, recorded_calls, found):
    """The setting decides whether what people give to functions is written to the disk at all."""
    secret = "geheim-4711"
    shop = workshop(functions=["count_words"], recorded_calls=recorded_calls)
    shop.agent.execute(Task(text="count words in a text", arguments={"text": secret}))
    shop.operations.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("operations.sqlite*"))
    assert (secret.encode() in kept) is found
