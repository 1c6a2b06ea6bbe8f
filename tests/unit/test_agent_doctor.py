"""What the doctor says of the choice of sandboxes, before any is looked at."""

from agent.doctor import choice_detail


def test_the_choice_of_sandboxes_is_told() -> None:
    """`auto` names what proves and what runs; a back end that is named is told as the only one."""
    assert (
        choice_detail("auto") == "auto: functions are proven in wasm, and in docker where it works; wasm is the faster"
    )
    assert choice_detail("docker") == "docker alone, as the settings say"
