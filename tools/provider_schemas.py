"""Reduce the schema of a Terraform provider to what our modules use of it, as data for tests/unit/test_deploy_modules.py.

The schemas come from the packages that bind providers to Python and TypeScript: each holds a description of every class
(``.jsii``), made from the schema of the one version that the package names. Such a package can be had where a provider cannot::

    npm pack @cdktn/provider-azurerm
    python tools/provider_schemas.py cdktn-provider-azurerm-16.1.0.tgz

A wheel of the same from PyPI does as well. Once a module uses a resource that it did not use before, do that anew for the
versions that tests/data/provider_schemas/ has.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parent.parent
MODULES: Final = ROOT / "src/covalent/deploy/modules"
FACTS: Final = ROOT / "tests/data/provider_schemas"

Json: TypeAlias = dict[str, Any]

#: Where the documentation of something is: names the provider, its version, and what it is that is described.
_PAGE: Final = re.compile(
    r"/providers/(?P<provider>[\w-]+/[\w-]+)/(?P<version>[\w.-]+)/docs(?:/(?P<kind>resources|data-sources)/\w+)? (?P<type>\w+)}"
)
_ARGUMENT: Final = re.compile(r"/docs(?:/[\w-]+/\w+)?#(\w+) ")
_KINDS: Final = {"resources": "resource", "data-sources": "data", None: "provider"}


def assembly(package: Path) -> Json:
    """The description of all classes in a package of npm (``.tgz``), or in a wheel that has one inside."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            (inner,) = (name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
            data = wheel.read(inner)
    else:
        data = package.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        described = archive.extractfile("package/.jsii")
        assert described is not None
        found: Json = json.load(described)
    return found


def used_types() -> set[tuple[str, str]]:
    """Kind and type of all that our modules use: ``("data", "azurerm_client_config")``."""
    texts = (path.read_text() for path in MODULES.glob("*/*.tf"))
    return {pair for text in texts for pair in re.findall(r'^(resource|data|provider) "(\w+)"', text, re.M)}


def snake(name: str) -> str:
    """As Terraform writes it. What has a digit after an underscore cannot be told, and our modules read nothing of the kind."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def arguments_of(name: str, types: Mapping[str, Json]) -> Json:
    """What can be said in a resource or a block, and in the blocks within."""
    found: Json = {}
    for said in types[name].get("properties", []):
        docs = said.get("docs", {})
        named = _ARGUMENT.search(docs.get("remarks", "") + docs.get("summary", ""))
        fact: Json = {"kind": _kind(said["type"])}
        if not said.get("optional"):
            fact["required"] = True
        if "deprecated" in docs:
            fact["deprecated"] = docs["deprecated"]
        if inner := _structure(said["type"], types):
            fact["arguments"] = arguments_of(inner, types)
            if docs.get("summary", "").endswith(" block."):
                fact["kind"] = "blocks" if fact["kind"] == "list" else "block"
        found[named[1] if named else snake(said["name"])] = fact
    return dict(sorted(found.items()))


def readable_of(name: str, types: Mapping[str, Json], arguments: Json) -> list[str]:
    """What others can read of a resource, beside its arguments."""
    names = (snake(each["name"]) for each in types[name].get("properties", []) if not each["name"].endswith("Input"))
    return sorted({"id", *names} - arguments.keys() - {"tf_resource_type"})


def _kind(said: Json) -> str:
    """Text, a number, a truth, a list or a table; unions are of a kind and what stands for one that is not known yet."""
    if "union" in said:
        known = [one for one in said["union"]["types"] if not one.get("fqn", "").endswith(".IResolvable")]
        return _kind(known[0])
    if "collection" in said:
        return "map" if said["collection"]["kind"] == "map" else "list"
    primitive: str = said.get("primitive", "object")
    return "bool" if primitive == "boolean" else primitive


def _structure(said: Json, types: Mapping[str, Json]) -> str | None:
    """The class of which a value is one, or a list of some."""
    if "union" in said:
        return next((name for one in said["union"]["types"] if (name := _structure(one, types))), None)
    if "collection" in said:
        return _structure(said["collection"]["elementtype"], types)
    return said["fqn"] if said.get("fqn") in types else None


def described(types: Mapping[str, Json]) -> Iterator[tuple[str, re.Match[str]]]:
    """Classes that stand for a resource, a data source or a provider."""
    for name, each in types.items():
        page = _PAGE.search(each.get("docs", {}).get("summary", ""))
        if page and each["kind"] == "class":
            yield name, page


def reduce(package: Path, wanted: set[tuple[str, str]]) -> Json:
    """All that a test has to know of one provider."""
    whole = assembly(package)
    types: Mapping[str, Json] = whole["types"]
    facts: Json = {"name": "", "version": "", "source": f"{whole['name']} {whole['version']}"}
    for name, page in described(types):
        kind = _KINDS[page["kind"]]
        facts |= {"name": page["provider"], "version": page["version"]}
        if (kind, page["type"]) in wanted:
            arguments = arguments_of(f"{name}Config", types)
            readable = [] if kind == "provider" else readable_of(name, types, arguments)
            facts.setdefault(kind, {})[page["type"]] = {"arguments": arguments, "readable": readable}
    if not facts["name"]:
        raise ValueError(f"{facts['source']} describes no resources")
    return facts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="+", type=Path, metavar="PACKAGE", help="a .tgz of npm, or a wheel")
    wanted = used_types()
    for package in parser.parse_args().packages:
        try:
            facts = reduce(package, wanted)
        except (OSError, KeyError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
            parser.error(f"{package} is no binding of a provider that can be read: {error!r}")
        target = FACTS / f"{facts['name'].partition('/')[2]}-{facts['version']}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
        print(f"{target.relative_to(ROOT)}: {facts['name']} {facts['version']}, from {facts['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
