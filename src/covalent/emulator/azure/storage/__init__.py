"""Blob Storage: Azurite, and before it a gateway.

Azurite takes no bearer tokens over plain HTTP, knows no roles, and breaks nothing on request. The gateway does, and hands on what passes,
in both directions as it comes.

====================  ==========================================================
:mod:`.azurite`       finds or installs it, runs it, ends it
:mod:`.operations`    what a request asks for
:mod:`.access`        whom Blob Storage lets in
:mod:`.refusal`       errors in its form
:mod:`.batches`       requests that consist of several
:mod:`.gateway`       the server that clients see
====================  ==========================================================
"""
