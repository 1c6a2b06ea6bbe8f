"""Where settings come from, which source wins, and what is said of a wrong one."""

import os
from pathlib import Path

import pytest

from agent.config import Settings, load_settings, settings_file
from agent.errors import BadSettings
from agent.making.budget import Budget
from agent.making.models import Models
from agent.model_settings import (
    BudgetSettings,
    LearningSettings,
    ModelSettings,
    ReplySettings,
    SpendingSettings,
    VeilSettings,
)
from agent.routing.budgets import Budgets, Limit


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of this machine counts; the settings file is `kowal.toml` in the test's folder, not there yet."""
    for name in [name for name in os.environ if name.startswith(("KOWAL_", "OLLAMA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KOWAL_SETTINGS", str(tmp_path / "kowal.toml"))
    return tmp_path / "kowal.toml"


def test_without_any_source_the_defaults_hold():
    """Nothing needs to be set: an embedded sandbox, a local model server, and places in the user's folders."""
    settings = load_settings()
    assert (settings.sandbox, settings.providers, settings.promotion) == ("auto", ("ollama",), "default")
    assert settings.registry.is_absolute()
    assert settings.database_place == str(settings.registry.with_name("operations.sqlite"))
    assert settings.limits.as_limits().max_memory_bytes == settings.limits.max_memory_mib * 1024 * 1024


def test_the_file_is_read(clean):
    """TOML tables are nested settings, sections of providers included."""
    clean.write_text(
        'candidates = 7\n[limits]\nwall_clock_s = 2.5\n[llm.ollama]\nnum_ctx = 1024\nmodels = ["a", "b"]\n'
    )
    settings = load_settings()
    assert settings.candidates == 7
    assert settings.limits.as_limits().wall_clock_s == 2.5
    assert settings.provider_section("ollama") == {"num_ctx": 1024, "models": ["a", "b"]}


def test_the_environment_wins_over_the_file_and_arguments_over_both(clean, monkeypatch):
    """The nearer source counts, setting by setting, nested ones too."""
    clean.write_text("candidates = 7\naccepted_error = 0.5\n[limits]\nwall_clock_s = 2\nmax_memory_mib = 64\n")
    monkeypatch.setenv("KOWAL_CANDIDATES", "8")
    monkeypatch.setenv("KOWAL_LIMITS__WALL_CLOCK_S", "3.5")
    monkeypatch.setenv("KOWAL_PROVIDERS", '["scripted", "ollama"]')
    settings = load_settings()
    assert (settings.candidates, settings.accepted_error) == (8, 0.5)
    assert (settings.limits.wall_clock_s, settings.limits.max_memory_mib) == (3.5, 64)
    assert settings.providers == ("scripted", "ollama")
    assert load_settings(candidates=9).candidates == 9


def test_models_and_budget_are_as_the_agent_takes_them(clean, monkeypatch):
    """Names by purpose, one or several, and where the work ends; what is not set keeps its default."""
    assert (load_settings().models.as_models(), load_settings().budget.as_budget()) == (Models(), Budget())
    clean.write_text(
        '[models]\nspecify = "big"\ntest = "ollama/hf.co/x/y"\ngenerate = ["a", "b"]\nstronger = ["c"]\n'
        "[budget]\nrequests = 9\ncost_eur = 0\n"
    )
    monkeypatch.setenv("KOWAL_MODELS__SPECIFY", "other")
    monkeypatch.setenv("KOWAL_BUDGET__SECONDS", "60")
    settings = load_settings()
    assert settings.models.as_models() == Models(
        specify="other", test="ollama/hf.co/x/y", generate=("a", "b"), stronger=("c",)
    )
    assert settings.budget.as_budget() == Budget(requests=9, cost_eur=0.0, seconds=60.0)


def test_ollamas_own_variables_count_where_ours_are_silent(clean, monkeypatch):
    """OLLAMA_HOST and OLLAMA_API_KEY are what users of Ollama have set already."""
    monkeypatch.setenv("OLLAMA_HOST", "10.0.0.7:11434")
    monkeypatch.setenv("OLLAMA_API_KEY", "key")
    assert load_settings().provider_section("ollama") == {"host": "10.0.0.7:11434", "api_key": "key"}
    assert load_settings().provider_section("scripted") == {}
    clean.write_text('[llm.ollama]\nhost = "example.org"\n')
    assert load_settings().provider_section("ollama")["host"] == "example.org"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("canddates = 3\n", "canddates"),
        ("candidates = 0\n", "candidates"),
        ('candidates = "many"\n', "candidates"),
        ('promotion = "never"\n', "promotion"),
        ("[limits]\nwall_clock = 3\n", "limits.wall_clock"),
        ("[limits]\nwall_clock_s = -1\n", "limits.wall_clock_s"),
        ("[limits]\nmax_memory_mib = 8\n", "limits.max_memory_mib"),
        ("accepted_error = 0.6\n", "accepted_error"),
        ("reliability = 1.0\n", "reliability"),
        ("canary_share = 0\n", "canary_share"),
        ("recorded_calls = -1\n", "recorded_calls"),
        ('llm = "ollama"\n', "llm"),
        ("candidates = \n", ""),
        ("\x00", ""),
    ],
)
def test_a_wrong_setting_is_named_with_the_place_to_mend_it(clean, text, named):
    """The error names the setting and the file; a file that is no TOML is named too."""
    clean.write_text(text)
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert f"`{named}`" in str(caught.value) if named else "cannot be read" in str(caught.value)
    assert str(clean) in caught.value.advice
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("KOWAL_CANDIDATES", "many", "candidates"),
        ("KOWAL_LIMITS__WALL_CLOCK_S", "soon", "limits.wall_clock_s"),
        ("KOWAL_PROVIDERS", "ollama,scripted", "providers"),
        ("KOWAL_LLM", "not json", "llm"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch, variable, value, named):
    """What the environment says is checked as the file is."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings, match=named):
        load_settings()


def test_a_file_that_is_not_utf8_is_named(clean):
    """A settings file in another encoding is an error, not a crash."""
    clean.write_bytes(b"candidates = 3 # \xff\n")
    with pytest.raises(BadSettings, match="cannot be read") as caught:
        load_settings()
    assert str(clean) in caught.value.advice


def test_a_secret_does_not_come_back_in_an_error(clean):
    """The message for a wrong neighbour of a key says nothing of the key."""
    clean.write_text('candidates = 0\n[llm.ollama]\napi_key = "geheim-4711"\n')
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert "geheim" not in str(caught.value) + caught.value.advice


def test_a_remote_is_a_copys_truth_and_shows_no_credentials(clean, monkeypatch, tmp_path):
    """Address and age become one value; neither the settings nor it show the token; what stands alone has no remote."""
    assert load_settings().remote is None
    monkeypatch.setenv("KOWAL_REGISTRY_REMOTE", "https://bot:s3cret-token@git.example/r.git")
    settings = load_settings(registry_max_age_s=5)
    assert settings.remote is not None
    assert (settings.remote.shown, settings.remote.max_age_s) == ("https://git.example/r.git", 5)
    assert "s3cret-token" not in repr(settings) + repr(settings.remote) + settings.model_dump_json()
    alone = settings.alone_in(tmp_path)
    assert (alone.remote, alone.registry.parent, Path(alone.database_place).parent) == (None, tmp_path, tmp_path)


def test_settings_do_not_change():
    """Who holds the settings holds them for good."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings().candidates = 3  # type: ignore[misc]


def test_the_files_place_can_be_named(clean, monkeypatch):
    """KOWAL_SETTINGS names it; else it lies in the user's configuration folder."""
    assert settings_file() == clean
    monkeypatch.delenv("KOWAL_SETTINGS")
    assert settings_file().name == "kowal.toml"
    assert "kowal" in settings_file().parent.name


def test_what_may_be_spent_is_read_from_the_settings(clean):
    """Nothing said is no limit; zero is a limit."""
    assert load_settings().budgets.as_budgets() == Budgets()
    clean.write_text('[budgets]\ntask_eur = 0.5\nday_eur = 0\nuser_day_tokens = 1000\nexceeded = "ask"\n')
    assert load_settings().budgets.as_budgets() == Budgets(
        task=Limit(eur=0.5), user_day=Limit(tokens=1000), day=Limit(eur=0.0), exceeded="ask"
    )
    clean.write_text("[budgets]\ntask_eur = -1\n")
    with pytest.raises(BadSettings, match=r"budgets\.task_eur"):
        load_settings()


@pytest.mark.parametrize(
    "section",
    [Settings, ModelSettings, BudgetSettings, SpendingSettings, LearningSettings, ReplySettings, VeilSettings],
)
def test_every_setting_says_what_it_is(section):
    """Each field carries a sentence beneath it in the source."""
    import inspect

    source = inspect.getsource(section)
    for name in section.model_fields:
        assert '\n    """' in source.partition(f"    {name}: ")[2].split("\n    \n")[0], name


def test_grants_that_need_nobody_are_read_in_their_one_form(clean):
    """The operator's grants are those of a manifest, and a line that is none is refused with its reason."""
    clean.write_text('[grants]\nallow = ["http get API.example.org", "llm 5"]\n')
    assert [str(grant) for grant in load_settings().grants.as_grants()] == ["http GET api.example.org", "llm 5"]
    assert load_settings().limits.granted_wall_clock_s == 60.0
    clean.write_text('[grants]\nallow = ["http GET *.org"]\n')
    with pytest.raises(BadSettings, match="too wide"):
        load_settings()


def test_a_secret_comes_from_a_value_a_file_or_the_environment(clean, monkeypatch, tmp_path):
    """Each source gives the value; the end of a file's line does not count; the environment may name it whole."""
    (tmp_path / "key").write_text("from-the-file\n")
    monkeypatch.setenv("MY_KEY", "from-the-variable")
    monkeypatch.setenv("KOWAL_SECRETS__FOURTH__VALUE", "from-our-variable")
    clean.write_text(
        f'[secrets]\nFIRST = {{value = "from-the-settings"}}\nSECOND = {{file = "{tmp_path}/key"}}\n'
        'THIRD = {env = "MY_KEY"}\n'
    )
    settings = load_settings()
    found = [settings.secret(name) for name in ("FIRST", "SECOND", "THIRD", "FOURTH")]
    assert found == ["from-the-settings", "from-the-file", "from-the-variable", "from-our-variable"]
    assert "from-the-settings" not in f"{settings!r} {settings.model_dump()}"


def test_the_keys_of_all_model_servers_are_hidden(clean, monkeypatch):
    """Those of listed servers and of the environment count as well; a key that is a word hides no such word."""
    monkeypatch.setenv("OLLAMA_API_KEY", "from-the-environment")
    clean.write_text(
        'providers = ["ollama", "openai"]\n[llm.openai]\napi_key = "key-for-all"\nservers = [{name = "a", api_key = '
        '"key-of-one"}, {name = "b", api_key = "EMPTY"}]\n'
    )
    hidden = load_settings().hidden
    assert hidden == {
        "llm.ollama": "from-the-environment",
        "llm.openai": "key-for-all",
        "llm.openai.servers.0": "key-of-one",
    }


def test_what_is_secret_of_a_chat_is_hidden(clean, tmp_path):
    """Tokens, passwords and secrets of its section, and what their files hold; a file that is away hides nothing."""
    (tmp_path / "token").write_text("token-of-the-file\n")
    clean.write_text(
        f'[chat.rocketchat]\nurl = "https://chat.example.org"\nuser = "kowal-the-bot"\npassword = "the-password"\n'
        f'token_file = "{tmp_path}/token"\ntotp_secret = "the-second-factor"\nwebhook_token_file = "/no/such/file"\n'
        'ca_file = "/no/such/ca"\n'
    )
    assert load_settings().hidden == {
        "chat.rocketchat.password": "the-password",
        "chat.rocketchat.token": "token-of-the-file",
        "chat.rocketchat.totp_secret": "the-second-factor",
    }


def test_a_key_for_openai_is_not_for_others_who_speak_its_api(clean, monkeypatch):
    """What the environment holds for OpenAI goes to OpenAI, not to a server that the settings name."""
    monkeypatch.setenv("OPENAI_API_KEY", "key-for-openai")
    assert load_settings().provider_section("openai") == {"api_key": "key-for-openai"}
    clean.write_text('[llm.openai]\nbase_url = "https://x.example/v1"\n')
    assert load_settings().provider_section("openai") == {"base_url": "https://x.example/v1"}


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('KEY = {value = "shorter"}', "fewer than 8"),
        ('KEY = {file = "/no/such/file"}', "cannot be read"),
        ('KEY = {env = "NO_SUCH_VARIABLE"}', "is not there"),
        ("", "have no secret"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(clean, section, says):
    """The error names the secret and how to write it, never its value."""
    clean.write_text(f"[secrets]\n{section}\n")
    with pytest.raises(BadSettings, match=says) as caught:
        load_settings().secret("KEY")
    assert "KEY" in str(caught.value)
    assert "[secrets] KEY" in caught.value.advice
    assert "shorter" not in str(caught.value)


@pytest.mark.parametrize("section", ['{value = "from-here-1", env = "X"}', "{}", '{valu = "from-here-1"}'])
def test_a_secret_has_one_source(clean, section):
    """None, two, or a misspelt one is refused when the settings are read, without a value in the error."""
    clean.write_text(f"[secrets]\nKEY = {section}\n")
    with pytest.raises(BadSettings, match=r"secrets\.KEY") as caught:
        load_settings()
    assert "from-here-1" not in f"{caught.value} {caught.value.__cause__}"
