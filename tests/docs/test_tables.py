"""What the pages say of executors is what the code says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from covalent.executor.registry import executor_class

ROOT = Path(__file__).resolve().parents[2]
TOOL = [sys.executable, str(ROOT / "tools" / "doc_tables.py")]

#: Pages that quote messages in tables of their own, and where the code gives them.
QUOTING = {"docs/how-to/local-executor.md": ("executor/local", "runner")}


def test_tables_that_are_made_from_the_code_are_as_the_code_is_now():
    done = subprocess.run([*TOOL, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, f"say 'make tables'\n{done.stdout}{done.stderr}"


def test_a_table_that_somebody_wrote_into_is_noticed_and_made_anew(tmp_path):
    script = (
        "import doc_tables, pathlib, sys; doc_tables.DOCS = pathlib.Path(sys.argv.pop(1)); sys.exit(doc_tables.main())"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    page = tmp_path / "page.md"
    before = "Above.\n\n<!-- table: settings local -->\nold\n<!-- end of table -->\n\nBelow.\n"
    page.write_text(before)

    def run(*arguments: str) -> int:
        return subprocess.run([*command, *arguments], cwd=ROOT / "tools", capture_output=True).returncode

    assert run("--check") == 1
    assert page.read_text() == before
    assert run() == 0
    text = page.read_text()
    assert text.startswith("Above.") and text.endswith("Below.\n")
    assert "| `retries` |" in text and "old" not in text
    assert run("--check") == 0


def quoted(page: str) -> Iterator[str]:
    """Messages in the tables of a page that are written by hand."""
    is_quoting = False
    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("| message |"):
            is_quoting = True
        elif not line.startswith("|"):
            is_quoting = False
        elif is_quoting and not line.startswith("| --"):
            yield line.split("|")[1].strip()


@pytest.mark.parametrize("page", QUOTING)
def test_messages_that_a_page_quotes_are_given_by_the_code(page):
    folders = (ROOT / "src" / "covalent" / name for name in QUOTING[page])
    code = "\n".join(path.read_text() for folder in folders for path in sorted(folder.rglob("*.py")))
    messages = list(quoted(page))
    assert messages
    for message in messages:
        parts = (re.escape(part) for part in re.split(r"\s*…\s*", message))
        assert re.search(r"[^\n]*?".join(parts), code), f"nothing says {message!r}"


MIGRATED = re.findall(
    r"^### `\[executors\.(\w+)\]`\n(.*?)(?=^##)",
    (ROOT / "docs" / "how-to" / "migrate.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.parametrize(("name", "section"), MIGRATED)
def test_a_setting_that_is_said_to_be_the_same_as_in_the_plugin_has_that_name_and_default(name, section):
    settings = executor_class(name).settings()
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.+)`)? ?\| same\b", section, re.MULTILINE)
    assert len(rows) > 10
    for key, default in rows:
        found = settings[key].default
        assert ("" if found is None else str(found)) == default, key


def test_the_policy_that_the_page_on_aws_shows_allows_what_that_of_covalent_deploy_does():
    page = (ROOT / "docs" / "how-to" / "awsbatch.md").read_text()
    shown = json.loads(re.search(r"cat > client-policy.json << 'END'\n(.*?)\nEND\n", page, re.DOTALL)[1])
    lists = (one if isinstance(one, list) else [one] for one in (each["Action"] for each in shown["Statement"]))
    actions = {action for actions in lists for action in actions}
    module = (ROOT / "src" / "covalent" / "deploy" / "modules" / "awsbatch" / "client.tf").read_text()
    # With a key of one's own there are two more, which the page says in words.
    made = {action for action in re.findall(r'"([a-z0-9]+:[A-Z]\w+)"', module) if not action.startswith("kms:")}
    assert actions == made - {"iam:PassedToService"}
