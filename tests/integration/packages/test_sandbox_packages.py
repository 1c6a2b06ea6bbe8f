"""Packages from the index to the sandbox: locked, unpacked without running anything, read-only, checked, pruned."""

import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from sandbox import Call, Packages, Sandbox, SandboxUnavailable, Surroundings
from sandbox.backends import docker, wasm
from sandbox.locks import Lock, read_lock, read_requirements
from sandbox.package_index import released
from sandbox.packages import LayerRefused, Layers
from sandbox.resolver import PackagesUnavailable, Resolution, Resolver

YOUNG = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
GREETS = {"greetings/__init__.py": "def hello(name):\n    return f'Hello, {name}!'\n"}
SOURCE = "import greetings\n\ndef f(name):\n    return greetings.hello(name)\n"
POISON = """
import contextlib, os, greetings

def f():
    changed = []
    folder = os.path.dirname(greetings.__file__)
    for place in (folder, os.path.dirname(folder)):
        with contextlib.suppress(OSError):
            os.chmod(place, 0o777)
        for name in ("__init__.py", "planted.py", "../planted.pth"):
            with contextlib.suppress(OSError):
                open(os.path.join(place, name), "w").write("hacked = True")
                changed.append(name)
        with contextlib.suppress(OSError):
            os.rename(place, place + ".old")
            changed.append("renamed")
        with contextlib.suppress(OSError):
            os.symlink("/tmp", os.path.join(place, "link"))
            changed.append("linked")
        with contextlib.suppress(OSError):
            os.remove(greetings.__file__)
            changed.append("removed")
    greetings.hello = lambda name: "hacked"
    return changed
"""

MISSING = "ModuleNotFoundError: No module named 'greetings'"

Resolve = Callable[..., Resolution]


@pytest.fixture
def resolve(resolver: Resolver) -> Resolve:
    """Asks the index for the packages of these texts."""
    return lambda *texts, keeping=None: resolver.resolve(read_requirements(texts), "3.14", keeping)


def lock_of(resolution: Resolution) -> Lock:
    """The lock of a resolution that has one."""
    assert resolution.lock is not None, resolution.fault
    return resolution.lock


@pytest.fixture(scope="module", params=["wasm", "docker"])
def box(request: pytest.FixtureRequest, cache: Path) -> Iterator[Sandbox]:
    """One sandbox of each back end."""
    info = {"wasm": wasm, "docker": docker}[request.param].BACKEND
    opened = info.open({"cache": str(cache)} if request.param == "wasm" else {"waiting": 1}, lambda _: None)
    try:
        opened.call(Call(source="def f():\n    return 1\n", function="f"))
    except SandboxUnavailable as error:
        if request.param == "wasm":
            raise
        pytest.skip(f"docker: {error}. {error.advice}")
    yield opened
    opened.close()


def greeted(box: Sandbox, packages: Packages | None) -> object:
    """What the package says in the sandbox, or the failure's message."""
    result = box.within(Surroundings(packages=packages)).call(
        Call(source=SOURCE, function="f", arguments={"name": "Ola"})
    )
    return result.value if result.failure is None else result.failure.message


def test_a_lock_holds_all_that_is_needed(index, resolve):
    """What packages need themselves is locked with them, each with its version and its files' digests."""
    index.add("greetings", "1.0", requires=("words>=2",))
    index.add("words", "1.0")
    index.add("words", "2.5")
    lock = lock_of(resolve("Greetings"))
    assert lock.versions == {"greetings": "1.0", "words": "2.5"}
    assert read_lock(lock.text) == lock


def test_an_earlier_lock_keeps_its_versions(index, resolve):
    """A newer release does not get in by itself; a new package comes beside what was locked."""
    index.add("greetings", "1.0")
    earlier = lock_of(resolve("greetings"))
    index.add("greetings", "2.0")
    index.add("words", "1.0")
    assert lock_of(resolve("greetings", "words", keeping=earlier)).versions == {"greetings": "1.0", "words": "1.0"}
    assert lock_of(resolve("greetings")).versions == {"greetings": "2.0"}


def test_nothing_young_gets_in(index, resolve):
    """Of a package the newest release that is old enough is taken; a young file of an old release is not."""
    index.add("greetings", "1.0")
    index.add("greetings", "2.0", uploaded=YOUNG)
    index.add("greetings", "1.0", {"greetings/__init__.py": "hacked = 1\n"}, uploaded=YOUNG, tag="cp314-none-any")
    lock = lock_of(resolve("greetings"))
    assert lock.versions == {"greetings": "1.0"}
    assert len(lock.pins[0].hashes) == 1


@pytest.mark.parametrize("uploaded", [YOUNG, ""], ids=["yesterday", "unknown"])
def test_a_package_that_is_new_is_refused(index, resolve, resolver, uploaded):
    """A package whose every release is young is refused, as is one of unknown age; unless age does not matter."""
    index.add("greetings", "1.0", uploaded=uploaded)
    found = resolve("greetings")
    assert found.lock is None
    assert "`greetings`" in found.fault
    assert "30 days" in found.fault or not uploaded
    ageless = replace(resolver, min_age_days=0).resolve(read_requirements(["greetings"]), "3.14")
    assert lock_of(ageless).versions == {"greetings": "1.0"}


def test_a_package_that_does_not_exist_is_named(resolve):
    """A name that the index does not know is an answer and no error."""
    found = resolve("no-such-thing")
    assert found.lock is None
    assert found.absent == ("no-such-thing",)
    assert found.fault == "the package index does not have `no-such-thing`"


def test_nothing_is_built(index, resolve):
    """A package that comes as source only is refused: building would run it."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("greetings-1.0/setup.py", "raise SystemExit('built')\n")
    index.files["greetings-1.0.zip"] = archive.getvalue()
    index.pages["greetings"] = [("greetings-1.0.zip", "0" * 64, "2020-01-01T00:00:00Z")]
    assert "nothing is built" in resolve("greetings").fault


def test_an_index_that_does_not_answer_is_an_error_without_its_password(tmp_path):
    """Where the index is away the error says so, and never shows what the address holds."""
    away = Resolver(index="http://user:hunter2@127.0.0.1:9/simple")
    with pytest.raises(PackagesUnavailable) as caught:
        away.resolve(read_requirements(["greetings"]), "3.14")
    assert "hunter2" not in f"{caught.value} {caught.value.advice}"
    lock = Lock(python="3.14", pins=read_lock(ANY_LOCK).pins)
    with pytest.raises(PackagesUnavailable):
        Layers(tmp_path / "layers", away, on_progress=lambda line: None).installed(lock)
    assert not list((tmp_path / "layers").iterdir())


ANY_LOCK = Lock(python="3.14", pins=()).text + "six==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def test_a_layer_is_made_once_and_needs_no_index_then(index, resolve, layers, resolver, tmp_path):
    """The second use of a lock fetches nothing, in this process and in the next."""
    index.add("greetings", "1.0", GREETS)
    lock = lock_of(resolve("greetings"))
    made = layers.installed(lock)
    index.asked.clear()
    again = Layers(tmp_path / "layers", Resolver(index="http://127.0.0.1:9/simple"), on_progress=print)
    assert layers.installed(lock) == made == again.installed(lock)
    assert index.asked == []
    assert made.pure


def test_installing_runs_and_keeps_nothing_that_runs_by_itself(index, resolve, layers, tmp_path):
    """`.pth` files, commands and compiled files are not kept, and no code of the package has run."""
    proof = tmp_path / "proof"
    code = f"open({str(proof)!r}, 'w')\n"
    index.add(
        "greetings",
        "1.0",
        {
            **GREETS,
            "greetings/setup.py": code,
            "evil.pth": f"import os; {code}",
            "greetings/__pycache__/a.cpython-314.pyc": "x",
            "greetings-1.0.data/scripts/tool": f"#!python\n{code}",
            "greetings-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool2 = greetings:hello\n",
        },
    )
    folder = layers.installed(lock_of(resolve("greetings"))).folder
    names = {path.name for path in folder.rglob("*")}
    assert not names & {"evil.pth", "a.cpython-314.pyc", "tool", "tool2", "bin"}
    assert not proof.exists()
    assert all(not path.stat().st_mode & 0o222 for path in (folder, *folder.rglob("*")))


def test_a_wheel_that_was_exchanged_is_refused(index, resolve, layers):
    """A file with another digest than the lock's is not installed."""
    index.add("greetings", "1.0", GREETS)
    lock = lock_of(resolve("greetings"))
    index.files.clear()
    index.pages.clear()
    index.add("greetings", "1.0", {"greetings/__init__.py": "hacked = 1\n"})
    with pytest.raises(PackagesUnavailable):
        layers.installed(lock)
    assert layers.listed() == []


def test_a_wheel_cannot_leave_its_folder(index, resolve, layers, tmp_path):
    """A file whose name leads out of the folder stays in it or is refused."""
    index.add("greetings", "1.0", {**GREETS, "../../../escaped.py": "x = 1\n", "/escaped2.py": "x = 1\n"})
    lock = lock_of(resolve("greetings"))
    try:
        layers.installed(lock)
    except PackagesUnavailable:
        assert layers.listed() == []
    assert not [*tmp_path.glob("escaped*"), *tmp_path.parent.glob("escaped*")]
    assert not Path("/escaped2.py").exists()


def forge(path: Path, text: str) -> None:
    """Write what nobody may write."""
    path.parent.chmod(0o755)
    if path.exists():
        path.chmod(0o644)
    path.write_text(text)


@pytest.mark.parametrize("change", ["changed", "added", "removed", "mode"])
def test_a_layer_that_was_changed_is_made_anew(index, resolve, layers, resolver, tmp_path, change):
    """What somebody did to installed packages is seen at their next first use, and they are installed again."""
    index.add("greetings", "1.0", GREETS)
    lock = lock_of(resolve("greetings"))
    folder = layers.installed(lock).folder
    module = folder / "greetings/__init__.py"
    if change == "removed":
        module.parent.chmod(0o755)
        module.unlink()
    elif change == "mode":
        module.chmod(0o755)
    else:
        forge(module if change == "changed" else folder / "planted.py", "hacked = True\n")
    told: list[str] = []
    fresh = Layers(tmp_path / "layers", resolver, on_progress=told.append).installed(lock)
    assert (fresh.folder / "greetings/__init__.py").read_text() == GREETS["greetings/__init__.py"]
    assert not (fresh.folder / "planted.py").exists()
    assert "were changed" in told[0]


def test_a_layer_that_was_changed_is_not_used_without_the_index(index, resolve, layers, tmp_path):
    """Where it cannot be installed again, changed packages are an error."""
    index.add("greetings", "1.0", GREETS)
    lock = lock_of(resolve("greetings"))
    forge(layers.installed(lock).folder / "greetings/__init__.py", "hacked = True\n")
    away = Layers(tmp_path / "layers", Resolver(index="http://127.0.0.1:9/simple"), on_progress=lambda line: None)
    with pytest.raises(PackagesUnavailable):
        away.installed(lock)


def test_a_layer_that_others_could_write_is_refused(index, resolve, layers, resolver, tmp_path):
    """A folder that everybody may write is not used, whatever its digest."""
    index.add("greetings", "1.0", GREETS)
    lock = lock_of(resolve("greetings"))
    folder = layers.installed(lock).folder
    folder.chmod(0o777)
    with pytest.raises(LayerRefused):
        Layers(tmp_path / "layers", resolver, on_progress=lambda line: None).installed(lock)


def test_unused_layers_are_pruned(index, resolve, resolver, layers, tmp_path):
    """What was not used for a month goes, and beyond the size the least used; what was used today stays."""
    locks = {}
    for name in ("one", "two", "three"):
        index.add(name, "1.0")
        locks[name] = lock_of(resolve(name))
        layers.installed(locks[name])
    by_name = {next(iter(layer.packages)): layer for layer in layers.listed()}
    assert [next(iter(layer.packages)) for layer in layers.listed()] == ["three", "two", "one"]
    for name, days in (("one", 31), ("two", 2)):
        file = tmp_path / "layers" / by_name[name].key / "layer.json"
        past = datetime.now(UTC).timestamp() - days * 86_400
        os.utime(file, (past, past))
    assert [next(iter(layer.packages)) for layer in layers.prune()] == ["one"]
    small = Layers(tmp_path / "layers", resolver, max_bytes=1, on_progress=lambda line: None)
    assert [next(iter(layer.packages)) for layer in small.prune()] == ["two"]
    assert [next(iter(layer.packages)) for layer in small.listed()] == ["three"]
    assert layers.installed(locks["one"]).folder.is_dir()


def test_the_index_tells_since_when(index):
    """Each version's first upload, in HTML; an index that does not answer or does not say tells nothing."""
    index.add("greetings", "1.0", uploaded="2020-05-06T07:08:09Z")
    index.add("greetings", "1.0", uploaded=YOUNG, tag="cp314-none-any")
    index.add("greetings", "2.0", uploaded="")
    assert released(f"{index.address}/simple", "Greetings") == {"1.0": datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC)}
    assert released(f"{index.address}/simple", "words") == released("http://127.0.0.1:9", "x") == {}
    assert released("not an address", "x") == {}


def test_packages_are_found_in_the_sandbox(index, resolve, layers, box):
    """A function with the packages around it imports them, in calls and in tests; others do not find them."""
    index.add("greetings", "1.0", GREETS)
    packages = layers.installed(lock_of(resolve("greetings")))
    assert box.lacks(Surroundings(packages=packages)) == ""
    assert greeted(box, packages) == "Hello, Ola!"
    suite = "from function import f\n\ndef test_f():\n    assert f('Ewa') == 'Hello, Ewa!'\n"
    files = {"function.py": SOURCE, "test_function.py": suite}
    assert box.within(Surroundings(packages=packages)).run_tests(files).ok
    assert not box.run_tests(files).ok
    assert greeted(box, None) == MISSING


def test_packages_of_another_function_are_not_found(index, resolve, layers, box):
    """Two functions with different packages see their own only, at the versions of their own locks."""
    index.add("greetings", "1.0", GREETS)
    old = layers.installed(lock_of(resolve("greetings")))
    index.add("greetings", "2.0", {"greetings/__init__.py": "def hello(name):\n    return f'Hi {name}'\n"})
    new = layers.installed(lock_of(resolve("greetings")))
    index.add("words", "1.0")
    other = layers.installed(lock_of(resolve("words")))
    assert [greeted(box, each) for each in (old, new, old)] == ["Hello, Ola!", "Hi Ola", "Hello, Ola!"]
    assert greeted(box, other) == MISSING


def test_packages_cannot_take_the_place_of_what_the_guest_has(index, resolve, layers, box):
    """A package that brings modules named like Python's or pytest's does not stand before them."""
    evil = {f"{name}/__init__.py": "raise RuntimeError('taken over')\n" for name in ("json", "pytest", "_pytest")}
    index.add("greetings", "1.0", {**GREETS, **evil, "sitecustomize.py": "raise RuntimeError('taken over')\n"})
    packages = layers.installed(lock_of(resolve("greetings")))
    source = "import json, pytest, greetings\n\ndef f():\n    return json.dumps(greetings.hello('a'))\n"
    around = Surroundings(packages=packages)
    assert box.within(around).call(Call(source=source, function="f")).value == '"Hello, a!"'
    assert box.within(around).run_tests({"test_it.py": "import json\ndef test_it(): assert json.dumps(1) == '1'\n"}).ok


def test_code_cannot_poison_its_packages(index, resolve, layers, box, tally):
    """Code that writes into, renames or replaces its packages changes nothing for the next call, nor on the host."""
    index.add("greetings", "1.0", GREETS)
    packages = layers.installed(lock_of(resolve("greetings")))
    result = box.within(Surroundings(packages=packages)).call(Call(source=POISON, function="f"))
    contained = result.value == [] and greeted(box, packages) == "Hello, Ola!"
    tally(f"poisoning of packages, {box.name}", 1, int(contained))
    assert result.value == [], result
    assert greeted(box, packages) == "Hello, Ola!"
    assert {path.name for path in packages.folder.iterdir()} == {"greetings", "greetings-1.0.dist-info"}
    assert not packages.folder.stat().st_mode & stat.S_IWUSR


def test_native_packages_run_where_they_can(resolve, layers, box, index):
    """Packages with native code are refused by name where nothing native is loaded, and mounted elsewhere."""
    index.add("greetings", "1.0", {**GREETS, "greetings/fast.cpython-314-x86_64-linux-gnu.so": "no library"})
    packages = layers.installed(lock_of(resolve("greetings")))
    assert not packages.pure
    if box.name == "wasm":
        assert "native code" in box.lacks(Surroundings(packages=packages))
    else:
        assert greeted(box, packages) == "Hello, Ola!"


def test_numpy_computes_in_a_container(layers, tmp_path, box):
    """A native package from the real index works in a container, where the index answers."""
    if box.name != "docker":
        pytest.skip("numpy is native code: it runs in a container")
    resolver = Resolver(environment={name: os.environ[name] for name in CONNECTION if name in os.environ})
    try:
        python = box.environment()["python"].rpartition(".")[0]
        found = resolver.resolve(read_requirements(["numpy"]), python)
        packages = Layers(tmp_path / "real", resolver, on_progress=lambda line: None).installed(lock_of(found))
    except PackagesUnavailable as error:
        pytest.skip(f"the package index does not answer: {error}")
    source = "import numpy\n\ndef f():\n    return float((numpy.eye(50) @ numpy.ones(50)).sum())\n"
    result = box.within(Surroundings(packages=packages)).call(Call(source=source, function="f"))
    assert result.value == 50.0, result


CONNECTION: Sequence[str] = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def test_a_joined_folder_that_was_changed_is_made_anew(index, resolve, layers, cache, box):
    """What the WebAssembly guest imports from is checked before an engine starts on it."""
    if box.name != "wasm":
        pytest.skip("containers see the layer itself")
    index.add("greetings", "1.0", GREETS)
    packages = layers.installed(lock_of(resolve("greetings")))
    assert greeted(box, packages) == "Hello, Ola!"
    folder = next(cache.glob(f"wasm-*-{packages.digest[:16]}"))
    forge(folder / "site-packages/greetings/__init__.py", "def hello(name):\n    return 'hacked'\n")
    fresh = wasm.BACKEND.open({"cache": str(cache)}, lambda _: None)
    try:
        assert greeted(fresh, packages) == "Hello, Ola!"
    finally:
        fresh.close()
        shutil.rmtree(folder, ignore_errors=True)
