"""A function's files as bytes: made, read, exported, and read back from a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from registry.commands import system_failure
from registry.errors import InvalidFunction
from registry.layout import EVIDENCE, LOCK, MANIFEST, SOURCE, TESTS, require_name
from registry.types import Function, Manifest, manifest_text


def files_of(function: Function, evidence: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a function. Raises `InvalidFunction` for text or evidence that no file can hold."""
    require_name(function.name)
    try:
        stamped = {**evidence, "digest": function.digest}
        texts = {
            SOURCE: function.source,
            TESTS: function.tests,
            MANIFEST: manifest_text(function.manifest),
            **({LOCK: function.lock} if function.lock else {}),
            EVIDENCE: json.dumps(stamped, indent=2, ensure_ascii=False) + "\n",
        }
        return {name: text.encode() for name, text in texts.items()}
    except UnicodeEncodeError as error:
        raise InvalidFunction(f"A file of {function.name} holds text that is not Unicode: {error}.") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidFunction(f"The files of {function.name} have no JSON form: {error}.") from error


def function_from(files: Mapping[str, bytes], *, where: str) -> Function:
    """The function that these files make. Raises `InvalidFunction` naming the file at fault."""
    for name in (SOURCE, TESTS, MANIFEST):
        if name not in files:
            raise InvalidFunction(f"{where} has no {name}.")
    try:
        manifest = Manifest.model_validate(json.loads(files[MANIFEST].decode()))
        source, tests, lock = (files.get(name, b"").decode() for name in (SOURCE, TESTS, LOCK))
        return Function(manifest=manifest, source=source, tests=tests, lock=lock)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidFunction(f"{MANIFEST} of {where}: {place}: {first['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidFunction(f"The files of {where} cannot be read: {error}.") from error


def evidence_from(text: bytes) -> dict[str, Any]:
    """The evidence in a file. Raises `InvalidFunction` where it is no JSON object."""
    try:
        evidence = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFunction(f"{EVIDENCE} cannot be read: {error}.") from error
    if not isinstance(evidence, dict):
        raise InvalidFunction(f"{EVIDENCE} holds no JSON object.")
    return evidence


def write_export(files: Mapping[str, bytes], folder: Path) -> Path:
    """The folder, with the files in it; older ones of a function are replaced or, where it has none such, removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if LOCK not in files:
            (folder / LOCK).unlink(missing_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise system_failure(error, folder) from error
    return folder


def read_export(folder: Path) -> Function:
    """The function whose files lie in the folder. Raises `InvalidFunction` naming the file at fault."""
    locked = (LOCK,) if (folder / LOCK).exists() else ()
    files = {name: _read(folder / name) for name in (SOURCE, TESTS, MANIFEST, *locked)}
    return function_from(files, where=str(folder))


def read_suites(folder: Path) -> tuple[str, ...]:
    """The text of the folder's `test_function.py`, then of every other `test_*.py`, by name.

    Raises `InvalidFunction` for one that is missing, cannot be read or is not UTF-8.
    """
    others = sorted(path.name for path in folder.glob("test_*.py") if path.name != TESTS)
    return tuple(_text(folder / name) for name in (TESTS, *others))


def _text(path: Path) -> str:
    try:
        return _read(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidFunction(f"{path} is not UTF-8: {error}.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidFunction(f"{path} does not exist.") from error
    except OSError as error:
        raise InvalidFunction(f"{path} cannot be read: {error.strerror}.") from error
