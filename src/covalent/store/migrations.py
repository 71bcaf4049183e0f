"""Brings a schema up to date, one numbered step after another. Two processes may try at once: the second finds nothing to do."""

from __future__ import annotations

from typing import Any

from ..errors import NewerDatabaseError
from .database import Database, Session
from .queries import Migration, load_migrations


def migrate(database: Database[Any]) -> None:
    """Apply the migrations that the database lacks, all of them or none.

    :raises NewerDatabaseError: if it has some that this program does not know
    """
    known = load_migrations(database.dialect)
    database.write(lambda session: _apply(session, known, database.where))


def _apply(session: Session, known: list[Migration], where: str) -> None:
    session.lock("migration")
    session.prepare_schema()
    session.run("create_migration")
    row = session.one("last_migration")
    found = row[0] if row else 0
    latest = known[-1].number
    if found > latest:
        raise NewerDatabaseError(where, found, latest)
    for migration in known:
        if migration.number > found:
            for script in migration.scripts:
                session.script(script)
            session.run("add_migration", number=migration.number, name=migration.name)
