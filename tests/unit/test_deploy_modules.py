"""What the Terraform modules say, against the schemas of their providers, and against what executors take."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tools.provider_schemas import reduce, snake

from covalent.deploy.modules import MODULES
from covalent.executor.registry import executor_class
from tests.support.terraform_modules import TerraformModule, complaints, read_schemas

FACTS = Path(__file__).parents[1] / "data" / "provider_schemas"
EXECUTORS = sorted(MODULES)

#: Those of the oldest and of the newest versions that there are data of.
SCHEMAS = {
    "awsbatch": (("aws-5.100.0",), ("aws-6.45.0",)),
    "azurebatch": (
        ("azurerm-4.9.0", "azuread-3.0.2", "random-3.6.0"),
        ("azurerm-4.73.0", "azuread-3.7.0", "random-3.7.2"),
    ),
    "gcpbatch": (("google-5.30.0", "time-0.10.0"), ("google-8.7.0", "time-0.13.1")),
}


def files(names: tuple[str, ...]) -> list[Path]:
    return [FACTS / f"{name}.json" for name in names]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


# Against the providers


@pytest.mark.parametrize(
    ("executor", "schemas"), [(name, each) for name, both in SCHEMAS.items() for each in both], ids=str
)
def test_modules_say_only_what_their_providers_know(executor: str, schemas: tuple[str, ...]) -> None:
    module = TerraformModule.read(MODULES[executor].directory)
    assert len(module.resources) > 10
    assert complaints(module, read_schemas(*files(schemas))) == []


@pytest.mark.parametrize("executor", SCHEMAS)
def test_there_are_schemas_of_the_oldest_version_that_a_module_allows_and_of_the_last_major_one(executor: str) -> None:
    versions = (MODULES[executor].directory / "versions.tf").read_text()
    for oldest, newest in zip(*SCHEMAS[executor], strict=True):
        source = json.loads(files((oldest,))[0].read_text())["name"]
        wanted = re.search(rf'source +?= "{source}"\s+version = ">= ([\d.]+), < ([\d.]+)"', versions)
        assert wanted, source
        assert version(oldest.rpartition("-")[2])[:2] == version(wanted[1])
        assert version(newest.rpartition("-")[2])[0] + 1 == version(wanted[2])[0]


ACCOUNT = 'name = "a", resource_group_name = "b", location = "c"'.replace(", ", "\n  ")
POOL = """
  name = "a"
  resource_group_name = "b"
  account_name = "c"
  vm_size = "d"
  node_agent_sku_id = "e"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('resource "azurerm_batch_acount" "x" {}', "azurerm_batch_acount.x: no such resource"),
        ('data "azurerm_batch_account" "x" {}', "azurerm_batch_account.x: no such data"),
        ('resource "azurerm_batch_account" "x" {\n  name = "a"\n}', "azurerm_batch_account.x: location is missing"),
        (f'resource "azurerm_batch_account" "x" {{\n  {ACCOUNT}\n  colour = "d"\n}}', "x.colour: no such argument"),
        (f'resource "azurerm_batch_account" "x" {{\n  {ACCOUNT}\n  tags = "d"\n}}', "x.tags: not a map"),
        (f'resource "azurerm_batch_account" "x" {{\n  {ACCOUNT}\n  tags {{\n  }}\n}}', "x.tags: not a block"),
        (f'resource "azurerm_batch_pool" "x" {{{POOL}}}', "azurerm_batch_pool.x: storage_image_reference is missing"),
        (
            f'resource "azurerm_batch_pool" "x" {{{POOL}  storage_image_reference = "y"\n}}',
            "storage_image_reference: a block, not an argument",
        ),
        (
            f'resource "azurerm_batch_pool" "x" {{{POOL}  storage_image_reference {{}}\n  storage_image_reference {{}}\n}}',
            "storage_image_reference: only one such block is allowed",
        ),
        (
            f'resource "azurerm_batch_pool" "x" {{{POOL}  storage_image_reference {{}}\n  auto_scale {{}}\n}}',
            "x.auto_scale: formula is missing",
        ),
        (
            f'resource "azurerm_batch_pool" "x" {{{POOL}  storage_image_reference {{}}\n'
            '  dynamic "network_configuration" {\n    for_each = []\n    content {\n      subnet = "s"\n    }\n  }\n}',
            "network_configuration.subnet: no such argument",
        ),
        ('provider "azurerm" {\n  subscription = "a"\n}', "provider azurerm.subscription: no such argument"),
        (
            'data "azurerm_client_config" "x" {}\noutput "y" {\n  value = data.azurerm_client_config.x.token\n}',
            "azurerm_client_config.x.token: no such attribute",
        ),
        ('output "y" {\n  value = azurerm_batch_pool.x[0].id\n}', "azurerm_batch_pool.x: not declared"),
        ('output "y" {\n  value = "${var.z}-${local.z}"\n}', "local.z: not declared"),
    ],
)
def test_a_module_that_is_wrong_is_found(text: str, said: str) -> None:
    found = complaints(TerraformModule.parse(text), read_schemas(*files(SCHEMAS["azurebatch"][1])))
    assert any(said in each for each in found), found


def test_what_is_deprecated_is_found() -> None:
    schemas = read_schemas(*files(SCHEMAS["azurebatch"][1]))
    schemas["resource"]["azurerm_resource_group"]["arguments"]["tags"]["deprecated"] = "Say it elsewhere."
    text = 'resource "azurerm_resource_group" "x" {\n  name = "a"\n  location = "b"\n  tags = {}\n}'
    assert complaints(TerraformModule.parse(text), schemas) == [
        "azurerm_resource_group.x.tags: deprecated: Say it elsewhere."
    ]


DOCS = "Docs: {@link https://registry.terraform.io/providers/some/cloud/1.2.3/docs"


def test_what_is_known_of_a_provider_is_read_from_its_binding(tmp_path: Path) -> None:
    def argument(name: str, **more: Any) -> dict[str, Any]:
        docs = {"remarks": f"{DOCS}/resources/box#{snake(name)} Box#{snake(name)}}}", **more.pop("docs", {})}
        return {"name": name, "type": {"primitive": "string"}, "docs": docs, **more}

    lids = {"collection": {"kind": "array", "elementtype": {"fqn": "b.box.Lid"}}}
    types = {
        "b.box.Box": {
            "kind": "class",
            "docs": {"summary": f"{DOCS}/resources/box cloud_box}}."},
            "properties": [{"name": "selfLink", "type": {}}, {"name": "sizeMb", "type": {}}, {"name": "sizeMbInput"}],
        },
        "b.box.BoxConfig": {
            "kind": "interface",
            "properties": [
                argument("sizeMb", docs={"deprecated": "Say it in GB."}),
                argument("lids", optional=True, type=lids, docs={"summary": "lids block."}),
            ],
        },
        "b.box.Lid": {"kind": "interface", "properties": [argument("colour", type={"primitive": "boolean"})]},
    }
    package = tmp_path / "binding.tgz"
    with tarfile.open(package, "w:gz") as archive:
        data = json.dumps({"name": "b", "version": "9", "types": types}).encode()
        entry = tarfile.TarInfo("package/.jsii")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    assert reduce(package, {("resource", "cloud_box")}) == {
        "name": "some/cloud",
        "version": "1.2.3",
        "source": "b 9",
        "resource": {
            "cloud_box": {
                "arguments": {
                    "lids": {"kind": "blocks", "arguments": {"colour": {"kind": "bool", "required": True}}},
                    "size_mb": {"kind": "string", "required": True, "deprecated": "Say it in GB."},
                },
                "readable": ["id", "self_link"],
            }
        },
    }


# Against executors


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_output_for_the_configuration_is_a_setting_of_the_executor(executor: str) -> None:
    outputs = TerraformModule.read(MODULES[executor].directory).outputs
    names = keys(outputs["executor"]["value"])
    secrets = outputs.get("executor_secrets", {}).get("value", {})
    assert len(names) >= 6
    assert {*names, *secrets} <= executor_class(executor).settings().keys()


def keys(expression: str) -> list[str]:
    """Those of the tables that are merged."""
    tables = re.findall(r"\{([^{}]*)\}", re.sub(r"^\$\{|\}$|\$\{[^{}]*\}", "", expression))
    return [name for table in tables for name in re.findall(r"(?:^|[\n,])\s*(\w+)\s*=(?!=)", table)]


# For whoever reviews them


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_the_policy_scan_passes_over_has_a_reason(executor: str) -> None:
    lines = [line for path in MODULES[executor].directory.glob("*.tf") for line in path.read_text().splitlines()]
    skips = [line for line in lines if "checkov:skip" in line]
    assert skips
    assert [line for line in skips if not re.search(r"#checkov:skip=CKV2?_\w+_\d+:\w.{30,}$", line)] == []


def test_tasks_on_google_cloud_have_the_roles_that_are_documented_and_no_others() -> None:
    resources = TerraformModule.read(MODULES["gcpbatch"].directory).resources
    tasks = json.dumps(
        [body for (_, kind, name), body in resources.items() if "iam_member" in kind and name == "tasks"]
    )
    assert set(re.findall(r"roles/[\w.]+", tasks)) == {
        "roles/batch.agentReporter",
        "roles/logging.logWriter",
        "roles/logging.viewer",
        "roles/artifactregistry.reader",
        "roles/storage.objectUser",  # objectCreator and objectViewer together, and more
    }


def test_all_that_makes_a_bucket_safe_is_known_to_go_with_it() -> None:
    bucket = MODULES["awsbatch"].bucket
    assert bucket
    resources = TerraformModule.read(MODULES["awsbatch"].directory).resources
    addresses = {f"{kind}.{name}" for _, kind, name in resources}
    assert bucket.address in addresses
    assert bucket.protections == {address for address in addresses if address.startswith("aws_s3_bucket_")}


def test_what_is_told_of_buckets_and_secrets_is_in_the_modules() -> None:
    for executor, module in MODULES.items():
        resources = TerraformModule.read(module.directory).resources
        addresses = {f"{kind}.{name}" for _, kind, name in resources}
        assert {address.partition("[")[0] for address in module.renewed} <= addresses
        assert module.bucket is None or module.bucket.address in addresses, executor
    secret = resources_of("azurebatch")["azuread_application_password.this"]
    assert "rotate_when_changed" in secret
    assert secret["lifecycle"][0]["create_before_destroy"] is True


def resources_of(executor: str) -> dict[str, Any]:
    resources = TerraformModule.read(MODULES[executor].directory).resources
    return {f"{kind}.{name}": body for (_, kind, name), body in resources.items()}


def test_nothing_is_asked_of_google_before_its_services_are_enabled() -> None:
    resources = TerraformModule.read(MODULES["gcpbatch"].directory).resources
    bodies = {f"{kind}.{name}": json.dumps(body) for (_, kind, name), body in resources.items()}
    ready = {"time_sleep.services"}
    for _ in bodies:
        ready |= {
            each for each, body in bodies.items() if any(re.search(rf"\b{re.escape(one)}\b", body) for one in ready)
        }
    assert bodies.keys() - ready == {"google_project_service.this"}


def test_a_subscription_is_registered_for_all_that_is_made_in_it() -> None:
    # The provider's sets, internal/resourceproviders/required.go: none has Microsoft.Batch, and the smallest no registries either.
    said = TerraformModule.read(MODULES["azurebatch"].directory).providers["azurerm"]
    assert "core" in said["resource_provider_registrations"]
    assert {"Microsoft.Batch", "Microsoft.ContainerRegistry"} <= {
        each.strip('"') for each in said["resource_providers_to_register"]
    }


def test_everything_that_can_have_tags_has_those_of_the_deployment() -> None:
    known = read_schemas(*files(SCHEMAS["azurebatch"][1]))["resource"]
    resources = TerraformModule.read(MODULES["azurebatch"].directory).resources
    said = {
        kind: body.get("tags")
        for (_, kind, _), body in resources.items()
        if kind.startswith("azurerm_") and "tags" in known.get(kind, {"arguments": {}})["arguments"]
    }
    assert len(said) >= 5
    assert set(said.values()) == {"${local.tags}"}
    google = TerraformModule.read(MODULES["gcpbatch"].directory).providers["google"]
    assert "covalent-deployment" in json.dumps(google["default_labels"])
