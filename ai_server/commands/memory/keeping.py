"""Backups of what the robots remember, and the key that it is encrypted with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from ai_server.commands.memory.asker import who
from ai_server.commands.memory.opening import drop_spills, place_to_use, visiting
from ai_server.commands.memory.showing import print_json, size
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.steward import backup_name
from ai_server.memory.storage.backup import back_up, restore
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.rekeying import rekey
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.settings import Settings


async def write_backup(settings: Settings, file: Path | None, *, as_json: bool) -> None:
    """Write a copy of the database as it is at one moment; the daemon may run."""
    target = file or settings.backup_dir / backup_name(datetime.now(UTC))
    async with visiting(settings) as database:
        count = await back_up(database.place, target)
        await Audit(database).note(who(), "backup", target.name, 1)
    if as_json:
        print_json({"file": str(target), "bytes": count})
    else:
        typer.echo(f"{target}: {size(count)}")


async def bring_back(settings: Settings, backup: Path, *, sure: bool, as_json: bool) -> None:
    """Put a backup in the database's place; no daemon may run. What was there before is kept beside it."""
    place = place_of(settings)
    if not sure:
        typer.confirm(f"Have {place} be what {backup} holds, and forget what was said since?", abort=True, err=True)
    before = await restore(backup, place)
    drop_spills(settings)
    database = await Database.open(place)
    try:
        await Audit(database).note(who(), "restore", backup.name, 1)
    finally:
        await database.close()
    if as_json:
        print_json({"restored": str(place), "before": None if before is None else str(before)})
        return
    typer.echo(f"{place} is what {backup} holds.")
    if before is not None:
        typer.echo(f"What was there before is kept as {before}: delete it once you do not need it.")


async def change_key(settings: Settings, new_key: Path | None, *, plain: bool, as_json: bool) -> None:
    """Encrypt the database with another key, or for the first time, or no more; no daemon may run."""
    place = place_to_use(settings)
    if not isinstance(place, SqliteFile):
        raise DatabaseError(str(place), "a server encrypts what it keeps by itself", "see the manual of PostgreSQL")
    new = None if plain else Key.read(new_key) if new_key else place.key
    if new is None and not plain:
        raise DatabaseError(str(place), "no new key is given", "name its file, or set NAILA_DATABASE_KEY_FILE")
    await rekey(place, new)
    if new:
        drop_spills(settings)  # they hold in the clear what is encrypted now
    database = await Database.open(SqliteFile(place.path, new))
    try:
        await Audit(database).note(who(), "rekey", "plain" if new is None else "encrypted", 1)
    finally:
        await database.close()
    if as_json:
        print_json({"file": str(place.path), "encrypted": new is not None})
        return
    typer.echo(f"{place.path} is {'plain' if new is None else 'encrypted'} now.")
    if new != place.key:
        setting = f"set NAILA_DATABASE_KEY_FILE={new_key}" if new_key else "take NAILA_DATABASE_KEY_FILE away"
        typer.echo(f"Before you start naila: {setting}.")
