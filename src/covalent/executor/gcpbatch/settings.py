"""The settings of the Google Batch executor: what each takes, and what it is if nothing is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from ...errors import ExecutorError
from ..batch.options import PREFIX, variables
from ..configured import ConfiguredExecutor, Setting, flag, number, optional, text, texts, whole

_REGION: Final = r"[a-z]+-[a-z]+\d{1,2}"
_LOCATION: Final = re.compile(rf"(?:regions/)?{_REGION}|(?:zones/)?{_REGION}-[a-z]")
_SECRET: Final = re.compile(r"(?:projects/[^/\s]+/secrets/)?[\w-]+(?:/versions/(?:latest|\d+|[\w-]+))?")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{0,63}")

#: Labels of one job. Source: documentation of Google Batch, "Organize resources by using labels". Some are left for Covalent's own.
MOST_LABELS: Final = 56

#: Tasks of one job that run at the same time. Source: documentation of Google Batch, "Quotas and limits".
MOST_PARALLEL: Final = 5000


def _label_complaint(key: str, value: str) -> str | None:
    if not _LABEL.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
        return "is no label that Google takes: up to 63 small letters, digits, hyphens and underscores, the name with a letter first"
    return "is a label that Google Batch or Covalent sets itself" if re.match(r"batch-|goog|covalent-", key) else None


def _secret_complaint(key: str, value: str) -> str | None:
    if not _SECRET.fullmatch(value):
        return "must be the name of a secret, or projects/PROJECT/secrets/NAME/versions/VERSION"
    return _variable_complaint(key, value)


_variable_complaint = variables("BATCH_")
_labels = texts("a table of text by name", _label_complaint)


def _some_labels(name: str, value: Any) -> Any:
    found = _labels(name, value)
    if len(found) > MOST_LABELS:
        raise ExecutorError(f"{name} must be at most {MOST_LABELS}, not {len(found)}")
    return found


def _locations(name: str, value: Any) -> Sequence[str]:
    is_list = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
    if not is_list or not value or not all(_LOCATION.fullmatch(one) for one in value):
        raise ExecutorError(f"{name} must be a list of zones or regions, such as ['us-east1-b'], not {value!r}")
    return list(value)


def _network(kind: str, middle: str) -> Any:
    pattern = rf"(?:(?:https://\S+/)?(?:projects/[^/\s]+/)?{middle}/)?[a-z][a-z0-9-]*"
    return optional(text(pattern, f"the name of a {kind}, or its path"))


class GCPBatchSettings(ConfiguredExecutor):
    """The settings as attributes, each showing the value that applies."""

    short_name: ClassVar[str] = "gcpbatch"

    # Those that everybody knows, in the order in which they are written.
    project_id = Setting(
        optional(text(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "the id of a Google Cloud project")), None
    )
    region = Setting(text(_REGION, "the name of a region, such as us-east1"), "us-east1")
    bucket_name = Setting(
        optional(text(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", "the name of a bucket, without gs:// and without a path")),
        None,
    )
    container_image_uri = Setting(optional(text(r"\S+", "the name of a container image")), None)
    service_account_email = Setting(optional(text(r"\S+", "the email address of a service account")), None)
    vcpus = Setting(number("a number of vCPUs above 0", above=0), 2)
    memory = Setting(whole("a whole number of MiB above 0", least=1), 256)
    retries = Setting(whole("a whole number from 0 on", least=0), 3)
    time_limit = Setting(number("a number of seconds above 0", above=0), 300)
    poll_freq = Setting(number("a number of seconds above 0", above=0), 5)
    cache_dir = Setting(text(), "/tmp/covalent")  # noqa: S108 - where it has always been

    machine_type = Setting(optional(text(r"[a-z][a-z0-9-]*", "a machine type, such as n2-standard-4")), None)
    spot = Setting(flag, default=False)
    gpu_type = Setting(optional(text(r"[a-z][a-z0-9-]*", "a type of GPU, such as nvidia-tesla-t4")), None)
    num_gpus = Setting(whole("a whole number from 0 on", least=0), 0)
    install_gpu_drivers = Setting(optional(flag), None)
    boot_disk_mib = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    network = Setting(_network("network", "global/networks"), None)
    subnetwork = Setting(_network("subnetwork", rf"regions/{_REGION}/subnetworks"), None)
    assign_public_ip = Setting(flag, default=True)
    allowed_locations = Setting(optional(_locations), None)
    reservation = Setting(optional(text(r"\S+", "the name of a reservation")), None)
    parallelism = Setting(
        optional(whole(f"a whole number from 1 to {MOST_PARALLEL}", least=1, most=MOST_PARALLEL)), None
    )
    max_memory = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    labels = Setting(optional(_some_labels), None)
    environment = Setting(optional(texts("a table of text by name", _variable_complaint)), None)
    secrets = Setting(optional(texts("a table of names of secrets by variable", _secret_complaint)), None)
    container_options = Setting(optional(text(r"[^\n]+", "options of 'docker run', in one line")), None)
    bucket_prefix = Setting(text(*PREFIX), "covalent")
