"""Packages to install, made on the spot."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path


def make_wheel(directory: Path, name: str, version: str, value: object) -> str:
    """A package with one module, which holds a value, and one script; returns the requirement for it."""
    files = {
        f"{name}.py": f"VALUE = {value!r}\ndef main(): print(VALUE)\n",
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-{version}.dist-info/entry_points.txt": f"[console_scripts]\n{name}-tool = {name}:main\n",
    }
    record = f"{name}-{version}.dist-info/RECORD"
    lines = []
    wheel = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{path},sha256={digest},{len(text)}\n")
            archive.writestr(path, text)
        archive.writestr(record, "".join(lines) + f"{record},,\n")
    return f"{name} @ {wheel.as_uri()}"
