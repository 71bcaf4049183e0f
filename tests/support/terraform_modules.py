"""Terraform's files as data, and what is wrong with them by the schemas of their providers.

``terraform validate`` says the same and more, but needs the providers themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import hcl2

Json: TypeAlias = dict[str, Any]

#: What Terraform itself understands, in every resource and data source, and what marks the parser's own notes.
META = {"count", "for_each", "depends_on", "provider", "lifecycle", "dynamic", "__is_block__", "__comments__"}

_REFERENCE = re.compile(r"(?<![\w.])(data\.)?([a-z]+_\w+)\.(\w+)(?:\[[^]]*\])?(?:\.(\w+))?")
_OWN = re.compile(r"(?<![\w.])(var|local)\.(\w+)")


@dataclass(kw_only=True)
class TerraformModule:
    """What is in a directory, with names that have lost their quotes."""

    resources: dict[tuple[str, str, str], Json] = field(default_factory=dict)  #: By kind, type and name.
    providers: dict[str, Json] = field(default_factory=dict)
    variables: dict[str, Json] = field(default_factory=dict)
    locals: Json = field(default_factory=dict)
    outputs: dict[str, Json] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> TerraformModule:
        return cls.parse(*(path.read_text() for path in sorted(directory.glob("*.tf"))))

    @classmethod
    def parse(cls, *texts: str) -> TerraformModule:
        found = cls()
        for document in (_unquoted(hcl2.loads(text)) for text in texts):
            for kind in ("resource", "data"):
                for block in document.get(kind, []):
                    ((of_type, named),) = block.items()
                    ((name, body),) = named.items()
                    found.resources[kind, of_type, name] = body
            for kind, known in (
                ("provider", found.providers),
                ("variable", found.variables),
                ("output", found.outputs),
            ):
                for block in document.get(kind, []):
                    known.update(block)
            for block in document.get("locals", []):
                found.locals |= {name: value for name, value in block.items() if name not in META}
        return found

    @property
    def texts(self) -> Iterator[str]:
        """Every expression, as it is written."""
        parts = [self.providers, self.variables, self.locals, self.outputs, *self.resources.values()]
        yield from _texts(parts)


def _unquoted(value: Any) -> Any:
    """Keys without the quotes that the parser leaves around labels."""
    if isinstance(value, dict):
        return {key.strip('"'): _unquoted(inner) for key, inner in value.items()}
    return [_unquoted(inner) for inner in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not key.startswith("__") and key != "description" and key != "error_message":
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def read_schemas(*files: Path) -> Json:
    """Those of several providers, in one."""
    found: Json = {"resource": {}, "data": {}, "provider": {}}
    for facts in (json.loads(path.read_text()) for path in files):
        for kind, known in found.items():
            known.update(facts.get(kind, {}))
    return found


def complaints(module: TerraformModule, schemas: Json) -> list[str]:
    """What is wrong, each with its place; empty if nothing is."""
    found: list[str] = []
    for (kind, of_type, name), body in module.resources.items():
        facts = schemas[kind].get(of_type)
        place = f"{of_type}.{name}"
        found += [f"{place}: no such {kind}"] if facts is None else _of_body(place, body, facts["arguments"])
    for name, body in module.providers.items():
        facts = schemas["provider"].get(name)
        place = f"provider {name}"
        found += [f"{place}: nothing is known of it"] if facts is None else _of_body(place, body, facts["arguments"])
    return found + [wrong for text in module.texts for wrong in _of_text(text, module, schemas)]


def _of_body(place: str, body: Json, known: Mapping[str, Json]) -> list[str]:
    dynamic = {
        name: inner["content"] for block in body.get("dynamic", []) for name, inner in block.items() if name not in META
    }
    said = {name: value for name, value in body.items() if name not in META}
    found = [
        f"{place}: {name} is missing"
        for name, fact in known.items()
        if fact.get("required") and name not in {*said, *dynamic}
    ]
    for name, value in [*said.items(), *dynamic.items()]:
        here = f"{place}.{name}"
        if name not in known:
            found.append(f"{here}: no such argument")
        else:
            found += _of_argument(here, value, known[name])
            times = len(_blocks(said.get(name, []))) + (name in dynamic)
            if known[name]["kind"] == "block" and times > 1 and not (name in dynamic and name in said):
                found.append(f"{here}: only one such block is allowed")
    return found


def _of_argument(here: str, value: Any, fact: Json) -> list[str]:
    found = [f"{here}: deprecated: {fact['deprecated']}"] if "deprecated" in fact else []
    if blocks := _blocks(value):
        # A list of objects may be written as blocks, too: Terraform calls that attributes as blocks.
        if "arguments" not in fact:
            return [*found, f"{here}: not a block"]
        return found + [wrong for block in blocks for wrong in _of_body(here, block, fact["arguments"])]
    if fact["kind"] in ("block", "blocks"):
        return [*found, f"{here}: a block, not an argument"]
    return found if _fits(value, fact["kind"]) else [*found, f"{here}: not a {fact['kind']}: {value}"]


def _blocks(value: Any) -> list[Json]:
    return (
        [each for each in value if isinstance(each, dict) and "__is_block__" in each] if isinstance(value, list) else []
    )


def _fits(value: Any, kind: str) -> bool:
    """Whether a constant is of a kind, as far as Terraform does not turn one into the other; expressions are taken as they are."""
    if isinstance(value, str) and not value.startswith('"'):
        return True
    constant = {bool: "bool", int: "number", float: "number", str: "string", list: "list", dict: "map"}[type(value)]
    return constant == kind or (kind == "object" and constant == "map")


def _of_text(text: str, module: TerraformModule, schemas: Json) -> list[str]:
    found = [
        f"{kind}.{name}: not declared"
        for kind, name in _OWN.findall(text)
        if name not in (module.variables if kind == "var" else module.locals)
    ]
    prefixes = {of_type.partition("_")[0] for kind in ("resource", "data") for of_type in schemas[kind]}
    for data, of_type, name, attribute in _REFERENCE.findall(text):
        kind = "data" if data else "resource"
        if (
            of_type.partition("_")[0] not in prefixes
        ):  # the value of a dynamic block, or a part of what the service is told
            continue
        facts = schemas[kind].get(of_type)
        if (kind, of_type, name) not in module.resources:
            found.append(f"{data}{of_type}.{name}: not declared")
        elif attribute and facts and attribute not in {*facts["arguments"], *facts["readable"]}:
            found.append(f"{data}{of_type}.{name}.{attribute}: no such attribute")
    return found
