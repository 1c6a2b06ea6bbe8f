"""Names of packages: what a wrong one was meant to be, the module one brings, and the operator's list."""

from datetime import UTC, datetime

import pytest

from agent.config import load_settings
from agent.errors import BadSettings
from agent.packages import ages, beyond, hint, is_borne_out
from agent.well_known import KNOWN, meant_by, module_of, resembled_by
from sandbox.locks import Lock, Pin
from sandbox.package_index import uploads


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("reqeusts", "requests"),
        ("Numpyy", "numpy"),
        ("pandsa", "pandas"),
        ("sklearn", "scikit-learn"),
        ("bs4", "beautifulsoup4"),
        ("PIL", "pillow"),
        ("yaml", "pyyaml"),
        ("qqzzxxyyww", ""),
    ],
)
def test_a_wrong_name_is_mended(wrong, meant):
    """A slip of the pen and a module's name lead to the package; what is near nothing leads nowhere."""
    assert meant_by(wrong) == meant
    assert (meant or "without") in hint(wrong)


def test_a_name_that_could_be_taken_for_another_is_seen():
    """A package that exists under nearly a known name is named to the person who signs; a known one is not."""
    assert resembled_by("reqeusts") == "requests"
    assert resembled_by("python-dateutils") == "python-dateutil"
    assert resembled_by("zzyzx") == ""
    assert [name for name in KNOWN if resembled_by(name)] == []


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("numpy", "numpy"),
        ("Scikit_Learn", "sklearn"),
        ("python-dateutil", "dateutil"),
        ("more-itertools", "more_itertools"),
    ],
)
def test_the_module_of_a_package(package, module):
    """The package's own name with underscores, or what it is known to bring."""
    assert module_of(package) == module


def test_the_operators_list_is_read_from_the_settings(tmp_path, monkeypatch):
    """Entries are packages with versions and extras; anything else is an error that names the setting."""
    file = tmp_path / "kowal.toml"
    monkeypatch.setenv("KOWAL_SETTINGS", str(file))
    file.write_text('[requirements]\nallow = ["numpy", "pandas>=2"]\nallow_unlisted = false\nmin_age_days = 7\n')
    settings = load_settings().requirements
    assert (settings.as_allowed().entries, settings.as_allowed().others) == (("numpy", "pandas>=2"), False)
    assert settings.as_resolver().min_age_days == 7
    file.write_text('[requirements]\nallow = ["numpy @ http://127.0.0.1/x.whl"]\n')
    with pytest.raises(BadSettings, match=r"requirements\.allow"):
        load_settings()


def test_the_installer_gets_the_way_to_the_network_and_nothing_else(monkeypatch):
    """Proxies and certificates are passed on; a token of the environment is not."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environment = load_settings().requirements.as_resolver().environment
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert not {"UV_INDEX_URL", "SECRET_TOKEN"} & set(environment)


def test_ages_are_those_of_the_version_and_of_the_package():
    """A version is found however it is written; what is not known is left out."""
    dates = {"1.0": datetime(2020, 1, 2, tzinfo=UTC), "2.0.0": datetime(2021, 3, 4, tzinfo=UTC)}
    assert ages("2.0", dates) == {"released": "2021-03-04", "first_released": "2020-01-02"}
    assert ages("3.0", dates) == {"first_released": "2020-01-02"}
    assert ages("1.0", {}) == {}


def test_what_is_there_already_is_asked_for_once():
    """Of what somebody wants, what is there in other letters is left out; other versions and extras are not."""
    had = ("Vowel.Letters", "pandas")
    wanted = ("vowel_letters", "pandas", "pandas>=2", "pandas[excel]", "numpy", "NumPy", "no package", "no package")
    assert beyond(wanted, had) == ("pandas>=2", "pandas[excel]", "numpy", "no package")
    assert beyond((), had) == ()


def test_an_index_page_in_json_is_read():
    """Files with their times are taken from a page of PEP 691; what is not as it should be is passed over."""
    page = '{"files": [{"filename": "a-1.0.tar.gz", "upload-time": "2020-01-02T03:04:05Z"}, {"filename": "b"}, 3]}'
    assert list(uploads("application/vnd.pypi.simple.v1+json", page)) == [
        ("a-1.0.tar.gz", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    ]
    for broken in ("", "[]", '{"files": 1}', "[" * 100_000):
        assert list(uploads("application/json", broken)) == []


def test_a_lock_is_borne_out_by_the_same_versions_and_files():
    """Fewer files than the index has are fine; another version, package or file is not."""
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64

    def lock(*hashes: str, version: str = "1.0", name: str = "six") -> Lock:
        return Lock(python="3.14", pins=(Pin(name=name, version=version, hashes=hashes),))

    assert is_borne_out(lock(one), lock(one, two))
    assert not is_borne_out(lock(one, two), lock(one))
    assert not is_borne_out(lock(one), lock(one, version="2.0"))
    assert not is_borne_out(lock(one), lock(one, name="seven"))
