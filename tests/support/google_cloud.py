"""What there is on the Google Cloud on this machine that :mod:`.google_fixtures` makes."""

from __future__ import annotations

PROJECT, BUCKET = "my-gcp-project-id", "covalent-tasks"
