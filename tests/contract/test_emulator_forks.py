"""What an emulator forks in the place of starting it runs as if it had been started."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: Runs each command of its argument twice on one host and prints how they ended. In a process of its own, as a host adopts orphans.
_RUN = """
import json, os, secrets, sys, time
from covalent.emulator.hosts.base import Container
from covalent.emulator.hosts.processes import ProcessHost

def run(host, words, environment):
    name = secrets.token_hex(4)
    container = Container(
        name=name, image="", command=tuple(words), environment=environment, files={}, vcpus=1, memory_mib=512, separate_errors=True
    )
    process = host.start(container)
    is_fork = type(process._process).__name__ == "Forked"
    while (code := process.exit_code()) is None:
        time.sleep(0.005)
    out, err = (os.read(end, 100_000).decode() for end in (process.output, process.errors))
    process.clean_up()
    return {"fork": is_fork, "code": code, "out": out, "err": err}

host = ProcessHost()
try:
    print(json.dumps([run(host, words, environment) for words, environment in json.loads(sys.argv[1]) for _ in range(2)]))
finally:
    host.close()
"""


def ran(*commands: tuple[list[str], dict[str, str]]) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(commands)], capture_output=True, text=True, check=True, timeout=60
    )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is forked on")
@pytest.mark.parametrize("words", [["python3"], ["python"], ["/usr/bin/env", "python3"]], ids=" ".join)
def test_an_interpreter_is_forked_and_ends_as_one_does(words: list[str]) -> None:
    shows = "import os, sys; print(__name__, sys.argv, os.environ['MINE']); print('oh', file=sys.stderr); sys.exit(3)"
    says, broken, killed = (
        "raise SystemExit('no more')",
        "def (",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    )
    found = ran(
        ([*words, "-c", shows, "one"], {"MINE": "yes"}),
        ([*words, "-c", says], {}),
        ([*words, "-c", broken], {}),
        ([*words, "-c", killed], {}),
    )
    assert all(each["fork"] for each in found)
    assert [each["code"] for each in found] == [3, 3, 1, 1, 1, 1, 137, 137]
    assert {(each["out"], each["err"]) for each in found[:2]} == {("__main__ ['-c', 'one'] yes\n", "oh\n")}
    assert {each["err"] for each in found[2:4]} == {"no more\n"}
    assert all("SyntaxError: invalid syntax" in str(each["err"]) for each in found[4:6])
    assert not any("fork_server" in str(each["err"]) for each in found)


def test_what_an_interpreter_would_do_otherwise_is_started() -> None:
    command = "import sys; print(sys.flags.optimize)"
    found = ran((["python3", "-O", "-c", command], {}), (["python3", "-c", command], {"PYTHONOPTIMIZE": "2"}))
    assert [(each["fork"], each["out"]) for each in found] == [(False, "1\n")] * 2 + [(False, "2\n")] * 2
