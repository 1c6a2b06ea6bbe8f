"""What all tests share: the folder where the sandbox's snapshot is kept between runs."""

import os
from pathlib import Path

import platformdirs
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that talk to a real model run only when they are asked for."""
    parser.addoption("--real-model", action="store_true", help="also run tests that ask a real model server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests with a real model unless `--real-model` was given."""
    if config.getoption("--real-model"):
        return
    for item in items:
        if item.get_closest_marker("real_model"):
            item.add_marker(pytest.mark.skip(reason="asks a real model; give --real-model to run it"))


@pytest.fixture(scope="session")
def cache() -> Path:
    """The folder of the sandbox's snapshot: it takes 15 s to build, so all runs share one."""
    return Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
