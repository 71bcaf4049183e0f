"""The emulated Cloud Storage, as obstore and the JSON API see it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import obstore
import pytest
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    NotModifiedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import GCSStore

from covalent.testing import EmulatedGoogle, emulated_google
from tests.support.emulated_google import EmulatedGoogleBatch

BUCKET = "things"


@pytest.fixture(scope="module")
def google() -> Iterator[EmulatedGoogle]:
    with emulated_google(buckets=[BUCKET], slots=1) as google:
        yield google


@pytest.fixture
def cloud(google: EmulatedGoogle) -> Iterator[EmulatedGoogleBatch]:
    cloud = EmulatedGoogleBatch(google)
    yield cloud
    cloud.close()
    google.faults.clear()


@pytest.fixture
def store(cloud: EmulatedGoogleBatch) -> GCSStore:
    return cloud.store(BUCKET)


def ask(google: EmulatedGoogle, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
    """Status, headers and body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(google.endpoint + path, body or None, named, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def keys(store: GCSStore, *arguments: Any, **more: Any) -> list[str]:
    return [found["path"] for page in store.list(*arguments, **more) for found in page]


# Through obstore


def test_an_object_comes_back_with_its_attributes(store):
    put = store.put("a/b.txt", b"hello", attributes={"Content-Type": "text/plain", "k": "v"})
    got = store.get("a/b.txt")
    assert bytes(got.bytes()) == b"hello"
    assert dict(got.attributes) == {"Content-Type": "text/plain", "k": "v"}
    assert got.meta["e_tag"] == put["e_tag"] == store.head("a/b.txt")["e_tag"]
    assert got.meta["version"] == put["version"]


def test_parts_of_an_object_are_read(store):
    store.put("ranges", b"0123456789")
    assert bytes(store.get_range("ranges", start=2, end=5)) == b"234"
    assert bytes(store.get("ranges", options={"range": {"offset": 7}}).bytes()) == b"789"
    assert bytes(store.get("ranges", options={"range": {"suffix": 3}}).bytes()) == b"789"
    with pytest.raises(Exception, match="416"):
        store.get_range("ranges", start=10, end=12)


def test_keys_are_listed_in_order_whatever_is_in_them_and_over_several_pages(store):
    names = [f"list/{number:04}" for number in range(1003)] + ["list/sp ace+%#é&<>.txt", "listed"]
    for name in names:
        store.put(name, b"x")
    assert keys(store, "list/") == sorted(names[:-1])
    assert keys(store, "list/", offset="list/0999") == sorted(names[1000:-1])
    found = store.list_with_delimiter()
    assert "list" in found["common_prefixes"]
    assert "listed" in [each["path"] for each in found["objects"]]


def test_what_is_to_be_created_is_not_overwritten(store):
    store.put("created", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        store.put("created", b"2", mode="create")
    assert bytes(store.get("created").bytes()) == b"1"
    store.put("other", b"1")
    with pytest.raises(AlreadyExistsError):
        store.copy("other", "created", overwrite=False)


def test_what_is_updated_must_be_what_was_read(store):
    first = store.put("updated", b"1")
    second = store.put("updated", b"2", mode=first)
    assert second["version"] != first["version"]
    with pytest.raises(PreconditionError):
        store.put("updated", b"3", mode=first)
    with pytest.raises(NotModifiedError):
        store.get("updated", options={"if_none_match": second["e_tag"]})
    with pytest.raises(PreconditionError):
        store.get("updated", options={"if_match": '"other"'})


def test_objects_are_copied_renamed_and_deleted(store):
    store.put("from", b"1")
    store.copy("from", "to")
    store.rename("to", "end")
    store.delete(["from", "end"])
    assert not {"from", "to", "end"} & set(keys(store))
    with pytest.raises(FileNotFoundError):
        store.get("end")


def test_large_objects_arrive_in_parts(store, google):
    google.reset_calls()
    data = bytes(range(256)) * (12 << 12)
    store.put("large", data, use_multipart=True, chunk_size=5 << 20, max_concurrency=3)
    with obstore.open_writer(store, "written") as writer:
        for _ in range(3):
            writer.write(b"q" * (6 << 20))
    assert bytes(store.get("large").bytes()) == data
    assert store.head("written")["size"] == 18 << 20
    counted = google.calls().client["storage"]
    assert (counted["CreateMultipartUpload"], counted["CompleteMultipartUpload"]) == (2, 2)


def test_a_bucket_that_is_not_there_is_missed(cloud):
    with pytest.raises(GenericError, match="NoSuchBucket"):
        keys(cloud.store("no-such-bucket"))


def test_a_token_of_nobodys_is_refused(cloud):
    with pytest.raises(UnauthenticatedError):
        cloud.store(BUCKET, "somebody").put("x", b"")


def test_what_is_damaged_on_its_way_is_not_kept(google, store):
    assert ask(google, "PUT", f"/{BUCKET}/damaged", b"x", content_md5="AAAAAAAAAAAAAAAAAAAAAA==")[0] == 400
    assert "damaged" not in keys(store)


# Through the JSON API


def test_the_json_api_has_the_same_objects(google, store):
    status, _, body = ask(
        google, "POST", f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=json%2Fa", b"12345", content_type="x/y"
    )
    made = json.loads(body)
    assert (status, made["name"], made["size"], made["contentType"]) == (200, "json/a", "5", "x/y")
    assert bytes(store.get("json/a").bytes()) == b"12345"
    place = f"/storage/v1/b/{BUCKET}/o/json%2Fa"
    assert json.loads(ask(google, "GET", place)[2])["generation"] == made["generation"]
    assert ask(google, "GET", f"{place}?alt=media", range="bytes=1-2")[::2] == (206, b"23")
    assert ask(google, "DELETE", f"{place}?ifGenerationMatch=1")[0] == 412
    assert ask(google, "DELETE", f"{place}?ifGenerationMatch={made['generation']}")[0] == 204
    assert ask(google, "GET", place)[0] == 404


def test_the_json_api_lists_by_prefix_and_in_pages(google, store):
    for name in ("pages/a", "pages/b", "pages/c/d"):
        store.put(name, b"")
    base = f"/storage/v1/b/{BUCKET}/o?prefix=pages/&delimiter=/&maxResults=2"
    first = json.loads(ask(google, "GET", base)[2])
    second = json.loads(ask(google, "GET", f"{base}&pageToken={first['nextPageToken']}")[2])
    assert [each["name"] for each in first["items"]] == ["pages/a", "pages/b"]
    assert (second["items"], second["prefixes"]) == ([], ["pages/c/"])


def test_the_json_api_creates_only_what_is_not_there(google, store):
    path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=once&ifGenerationMatch=0"
    assert [ask(google, "POST", path, b"x")[0] for _ in range(2)] == [200, 412]


def test_uploads_with_a_description_and_resumable_ones_arrive(google, store):
    body = (
        b'--line\r\nContent-Type: application/json\r\n\r\n{"name": "described", "metadata": {"k": "v"}}\r\n'
        b"--line\r\nContent-Type: text/plain\r\n\r\n\x00\r\nbytes\r\n--line--\r\n"
    )
    path = f"/upload/storage/v1/b/{BUCKET}/o"
    answer = ask(google, "POST", f"{path}?uploadType=multipart", body, content_type="multipart/related; boundary=line")
    assert json.loads(answer[2])["metadata"] == {"k": "v"}
    assert bytes(store.get("described").bytes()) == b"\x00\r\nbytes"

    begun = ask(google, "POST", f"{path}?uploadType=resumable", b'{"name": "resumed"}')
    session = begun[1]["location"].removeprefix(google.endpoint)
    status, headers, _ = ask(google, "PUT", session, b"abc", content_range="bytes 0-2/6")
    assert (status, headers["range"]) == (308, "bytes=0-2")
    assert ask(google, "PUT", session, b"def", content_range="bytes 3-5/6")[0] == 200
    assert bytes(store.get("resumed").bytes()) == b"abcdef"


def test_buckets_are_known_to_both_apis(google):
    assert json.loads(ask(google, "GET", f"/storage/v1/b/{BUCKET}")[2])["name"] == BUCKET
    assert ask(google, "GET", "/storage/v1/b/no-such-bucket")[0] == 404
    assert ask(google, "POST", "/storage/v1/b?project=p", b'{"name": "made"}')[0] == 200
    assert ask(google, "HEAD", "/made")[0] == 200
    assert ask(google, "POST", "/storage/v1/b?project=p", b'{"name": "made"}')[0] == 409
    assert ask(google, "POST", "/storage/v1/b?project=p", b'{"name": "NO"}')[0] == 400


# Faults and counts


def test_faults_hit_storage_as_they_hit_batch(google, store, cloud):
    google.faults.throttle("storage:PutObject")
    with pytest.raises(Exception, match="429"):
        store.put("x", b"1")
    google.faults.refuse("storage:PutObject", "AccessDenied", "read only")
    with pytest.raises(PermissionDeniedError, match="read only"):
        store.put("x", b"1")
    google.faults.lose_answer("PutObject")
    with pytest.raises(Exception, match="request"):
        store.put("lost", b"1")
    assert bytes(store.get("lost").bytes()) == b"1"
    google.faults.unreachable(600)
    with pytest.raises(Exception, match="request"):
        store.get("lost")


def test_calls_and_bytes_are_counted(google, store):
    google.reset_calls()
    store.put("counted", b"x" * 1000)
    store.get("counted").bytes()
    calls = google.calls()
    assert calls.client["storage"] == {"PutObject": 1, "GetObject": 1}
    assert calls.client_bytes["storage"] == {"sent": 1000, "received": 1000}
    assert not calls.job
