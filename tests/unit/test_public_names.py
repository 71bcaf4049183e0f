"""What ``import covalent`` gives, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import covalent as ct

#: Programs rely on these. A name may be added here; one that is taken away breaks them.
NAMES = [
    "DepsBash",
    "DepsCall",
    "DepsModule",
    "DepsPip",
    "Result",
    "cancel",
    "covalent_start",
    "covalent_stop",
    "dispatch",
    "dispatch_sync",
    "electron",
    "executor",
    "get_config",
    "get_context",
    "get_result",
    "is_covalent_running",
    "lattice",
    "redispatch",
    "reload_config",
    "set_config",
    "status",
    "wait",
]

#: What belongs to the server, a database or a cloud, and has no business in a user's script.
HEAVY = {"azure", "boto3", "fastapi", "google", "obstore", "psycopg", "pydantic", "sqlite3", "starlette", "uvicorn"}

IMPORT_LIMIT_S = 0.150


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_public_names_are_those_that_programs_rely_on():
    assert sorted(ct.__all__) == NAMES
    assert set(NAMES) <= set(dir(ct))
    assert all(getattr(ct, name) is not None for name in NAMES)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    assert not hasattr(ct, "elektron")


def test_using_every_public_name_imports_no_server_database_or_cloud():
    code = f"import covalent, json, sys; [getattr(covalent, n) for n in {NAMES}]; print(json.dumps(list(sys.modules)))"
    assert not HEAVY & {name.partition(".")[0] for name in json.loads(run(code))}


def test_importing_covalent_takes_less_than_150_milliseconds():
    def seconds(code: str) -> float:
        started = time.perf_counter()
        run(code)
        return time.perf_counter() - started

    run("import covalent")  # compiles it
    assert min(seconds("import covalent") for _ in range(5)) - min(seconds("pass") for _ in range(5)) < IMPORT_LIMIT_S


@pytest.mark.parametrize("name", ["Lepton", "fs", "triggers"])
def test_names_of_earlier_generations_are_said_not_to_be_in_this_version(name):
    with pytest.raises(AttributeError, match=f"has no {name} in this version"):
        getattr(ct, name)
