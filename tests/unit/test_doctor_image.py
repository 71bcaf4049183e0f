"""Whether ``covalent doctor`` knows an image that is not there from one that it may not see."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from covalent.executor.awsbatch.examination import AWSExamination
from covalent.executor.batch.registry import Image, Presence, presence
from covalent.executor.registry import executor_class
from covalent.troubles import Trouble


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """The host of a registry with ``open/tasks:1``, for whoever shows what everybody is given, and with what nobody may see."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            _, _, kind, *rest = self.path.split("/")
            if kind == "mine":
                self._answer(401, **{"WWW-Authenticate": 'Basic realm="mine"'})
            elif self.headers.get("Authorization") != f"Bearer for-{kind}":
                realm = f'Bearer realm="http://{host}/token",service="{host}"'
                self._answer(401, **{"WWW-Authenticate": realm})
            else:
                self._answer(200 if rest == ["tasks", "manifests", "1"] else 404)

        def do_GET(self) -> None:
            scope = parse_qs(urlsplit(self.path).query)["scope"][0]
            kind = scope.removeprefix("repository:").partition("/")[0]
            if kind == "closed":
                self._answer(401)
            else:
                self._answer(200)
                self.wfile.write(json.dumps({"token": f"for-{kind}"}).encode())

        def _answer(self, status: int, **headers: str) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is to be written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield host
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("open/tasks:1", Presence.THERE),
        ("open/tasks:2", Presence.MISSING),
        ("open/taks:1", Presence.MISSING),
        ("closed/tasks:1", Presence.CLOSED),
        ("mine/tasks:1", Presence.CLOSED),
    ],
)
def test_an_image_is_looked_for_as_everybody_may(registry: str, name: str, found: Presence) -> None:
    assert presence(f"{registry}/{name}") is found


def test_a_registry_that_does_not_answer_says_nothing_of_its_images() -> None:
    assert presence("127.0.0.1:9/open/tasks:1") is Presence.UNREACHABLE


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("python", Image("registry-1.docker.io", "library/python", "latest")),
        ("me/tasks:2", Image("registry-1.docker.io", "me/tasks", "2")),
        ("docker.io/python:3.12", Image("registry-1.docker.io", "library/python", "3.12")),
        ("public.ecr.aws/docker/library/python:3.11-slim", Image("public.ecr.aws", "docker/library/python", "3.11-slim")),
        ("localhost:5000/tasks", Image("localhost:5000", "tasks", "latest")),
        ("ghcr.io/me/tasks:1@sha256:ab", Image("ghcr.io", "me/tasks", "sha256:ab")),
    ],
)  # fmt: skip
def test_the_parts_of_a_name_are_those_that_container_engines_see(name: str, image: Image) -> None:
    assert Image.parse(name) == image


@pytest.mark.parametrize(
    ("name", "state", "trouble", "said"),
    [
        ("open/tasks:1", "ok", None, "for everybody"),
        ("open/tasks:2", "failed", Trouble.MISSING_IMAGE, "does not have the image"),
        ("mine/tasks:1", "ok", None, "only a task tells"),
    ],
)
def test_a_missing_image_is_told_before_a_task_needs_it(
    registry: str, name: str, state: str, trouble: Trouble | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_BATCH"):
        monkeypatch.delenv(variable, raising=False)
    examination = executor_class("awsbatch").from_options({"container_image_uri": f"{registry}/{name}"}).examination()
    assert isinstance(examination, AWSExamination)
    finding = asyncio.run(examination.image())
    assert (finding.state, finding.trouble) == (state, trouble)
    assert said in finding.said
    assert bool(finding.mend) is (trouble is not None)
