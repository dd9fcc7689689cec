"""A database on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, event, exc, make_url
from sqlalchemy.pool import NullPool

from ai_server.memory.migrations import HEAD, UnknownRevisionError, migrate, stored_revision
from ai_server.memory.schema import metadata
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.refusal import HELD_ELSEWHERE, DatabaseError
from ai_server.memory.storage.rows import is_unreadable
from ai_server.memory.storage.store import Access

T = TypeVar("T")

_OURS = 0x6E61_696C
"""The first half of the keys of our advisory locks: `nail` in ASCII."""

_DAEMON = 1
_WRITER = 2
"""The second half: of who serves robots with this database, and of the transaction that writes."""

_PATIENCE = "SET LOCAL lock_timeout = '1s'"
"""The server notices a moment later than others do that a connection is closed, and holds its lock until then."""

_SOLE_USER = f"SELECT pg_advisory_lock({_OURS}, {_DAEMON})"
_HOLDER = """
SELECT coalesce(host(client_addr), 'the same host'), pid FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_WRITE = f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITER})"
_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_WRITE_LATER = f"{_WRITE}, set_config('synchronous_commit', 'off', true)"
_BEGIN: Mapping[Access, str] = {"read": _READ, "write": _WRITE, "write_later": _WRITE_LATER}

_CONNECT = {
    "connect_timeout": "5",
    "application_name": "naila",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""Parameters of libpq that the URL may override: a server that is gone is noticed within half a minute."""

_SESSION = (
    "SET lock_timeout = '5s'",
    # The server notices too when this end is gone, and gives its lock to the next connection.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    # A server may be set up to tell of commits that are not on its disk yet; a standby may be waited for as it is.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)

_MEASURED_ROWS = 1000

_MENDS = {
    "25006": ("the server takes no writes", "connect to the primary, not to a standby"),
    "42501": ("the role may not do this", "make it the owner of the database"),
    "55P03": HELD_ELSEWHERE,
    "40P01": HELD_ELSEWHERE,
    "XX001": ("the server found damage", "look at its log, and restore a backup"),
    "XX002": ("the server found a damaged index", "look at its log, and say REINDEX DATABASE there"),
}
"""By PostgreSQL's error codes: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

_DISK_FULL = "53100"
_URL = "it must read postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password as %XX"


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A database on a server.

    Attributes:
        url: where it is, with all that libpq knows as its query.
        directory: where what a backup takes the place of is kept, as a backup itself.
        key: what encrypts backups, which are files; the server encrypts its own as its operator has it do.
        path: None: the server keeps it.
    """

    url: URL = field(repr=False)
    directory: Path
    key: Key | None = None
    path: None = field(default=None, init=False)

    @classmethod
    def of_url(cls, text: str, directory: Path, key: Key | None = None) -> PostgresqlServer:
        """Take a `postgresql://` URL.

        Raises:
            DatabaseError: if it is none, or names no database; no part of it is shown.
        """
        try:
            url = make_url(text)
        except (exc.ArgumentError, ValueError):
            raise DatabaseError("NAILA_DATABASE_URL", "this is no URL of a database", _URL) from None
        if url.drivername not in {"postgresql", "postgres"} or not url.database:
            raise DatabaseError("NAILA_DATABASE_URL", "this names no database of PostgreSQL", _URL)
        return cls(url.set(drivername="postgresql+psycopg"), directory, key)

    def __str__(self) -> str:
        shown = URL.create(
            "postgresql", self.url.username, host=self.url.host, port=self.url.port, database=self.url.database
        )
        return shown.render_as_string()

    def exists(self) -> bool:
        """Say whether NAILA has used the database yet.

        Raises:
            DatabaseError: if the server does not answer, or does not let us in.
        """
        with self.look() as connection:
            return stored_revision(connection) is not None

    def open(self) -> PostgresqlStore:
        """Open the database as its daemon; `Place.open` tells more."""
        store = self._connect(sole=True)
        try:
            store.transact(migrate, "write")
        except DatabaseError:
            store.close()
            raise
        return store

    def visit(self) -> PostgresqlStore:
        """Open the database beside its daemon; `Place.visit` tells more."""
        store = self._connect(sole=False)
        try:
            revision = store.transact(stored_revision, "read")
            if revision != HEAD:
                raise DatabaseError.of_other_version(str(self), revision)
        except DatabaseError:
            store.close()
            raise
        return store

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Lend a connection that only reads; `Place.look` tells more."""
        with self.refusals(), self._engine(sole=False).connect() as connection:
            connection.exec_driver_sql(_READ)
            yield connection

    def require_sound(self) -> None:
        """Do nothing: the server looks after its files itself."""

    def measure(self, connection: Connection) -> int:
        """Return the bytes that the database takes on the server's disk."""
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Raise whatever the server refuses as a `DatabaseError`."""
        try:
            yield
        except UnknownRevisionError as error:
            raise DatabaseError.of_newer_version(str(self), str(error)) from error
        except (exc.DBAPIError, ValueError, TypeError) as error:
            if is_unreadable(error):
                raise DatabaseError.of_row(str(self), type(error).__name__) from error
            raise self._refusal(error) from error

    def _connect(self, *, sole: bool) -> PostgresqlStore:
        engine = self._engine(sole=sole)
        with self.refusals():
            return PostgresqlStore(self, engine.connect())

    def _engine(self, *, sole: bool) -> Engine:
        given = {name: value for name, value in _CONNECT.items() if name not in self.url.query}
        # Errors show the statement, and not what people said.
        engine = create_engine(self.url, poolclass=NullPool, hide_parameters=True, connect_args=given)

        def prepare(connection: psycopg.Connection, _: object) -> None:
            connection.autocommit = True
            for statement in _SESSION:
                connection.execute(statement)
            self._require_utf8(connection)
            if sole:
                self._become_sole_user(connection)
            connection.autocommit = False

        event.listen(engine, "connect", prepare)
        return engine

    def outside(self) -> Engine:
        """Return an engine whose connections have no transactions."""
        return self._engine(sole=False).execution_options(isolation_level="AUTOCOMMIT")

    def _require_utf8(self, connection: psycopg.Connection) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise DatabaseError(
                str(self),
                f"its encoding is {encoding}, which cannot hold what people say",
                "make another one: CREATE DATABASE naila ENCODING 'UTF8' TEMPLATE template0",
            )

    def _become_sole_user(self, connection: psycopg.Connection) -> None:
        with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            connection.execute(_PATIENCE)
            connection.execute(_SOLE_USER)
            return
        host, pid = connection.execute(_HOLDER, (_OURS, _DAEMON)).fetchone() or ("unknown", "unknown")
        raise DatabaseError(
            str(self),
            f"another naila uses it (from {host}, the server's process {pid})",
            "stop that one, or give this one its own NAILA_DATABASE_URL",
            held=True,
        )

    def _refusal(self, error: Exception) -> DatabaseError:
        cause = getattr(error, "orig", None)
        code = cause.sqlstate if isinstance(cause, psycopg.Error) else None
        if code == _DISK_FULL:
            mend = "free some space on the server; nothing else needs to be done"
            return DatabaseError(str(self), "the disk is full", mend, passing=True)
        if code in _MENDS:
            return DatabaseError(str(self), *_MENDS[code])
        if _is_away(error, code):
            return DatabaseError(
                str(self),
                f"the server cannot be used ({_first_line(cause)})",
                "see that it runs and lets this user in; naila goes on by itself then",
                passing=True,
            )
        # What the server says beside its first line may quote what people said.
        primary = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
        return DatabaseError.of_fault(str(self), primary or _first_line(cause or error))


class PostgresqlStore:
    """A database on a server that is open; `Store` tells of the methods.

    A connection that is lost is made anew by the next transaction.

    Attributes:
        set_aside: None: a server's files are not ours.
        size_bytes: that the database takes, as of the last `ping`.
    """

    set_aside: Path | None = None

    def __init__(self, server: PostgresqlServer, connection: Connection) -> None:
        self._server = server
        self._connection = connection
        self.size_bytes = self.transact(server.measure, "read")

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._connection.closed

    def transact(self, work: Callable[[Connection], T], access: Access) -> T:
        """Run `work` in one transaction."""
        with self._server.refusals(), self._begin(_BEGIN[access]):
            return work(self._connection)

    def outside(self, work: Callable[[Connection], T]) -> T:
        """Run `work` outside of any transaction."""
        with self._server.refusals(), self._server.outside().connect() as connection:
            return work(connection)

    def held_bytes(self, connection: Connection) -> int:
        """Return about how many bytes the rows take: their number, by how long the newest are."""
        return sum(_bytes_of_rows(connection, table) for table in metadata.tables)

    def ping(self, *, well: bool) -> None:
        """Take and give back the right to write; where it was not `well`, write something."""

        def work(connection: Connection) -> int:
            if not well:
                connection.exec_driver_sql("SELECT txid_current()").close()  # its number is written down
            return self._server.measure(connection)

        self.size_bytes = self.transact(work, "write")

    def close(self) -> None:
        """Close the connection, which gives the lock back."""
        self._connection.close()

    def _begin(self, statement: str, *, again: bool = True) -> RootTransaction:
        """Begin a transaction, on a new connection where the server has closed the old one meanwhile."""
        transaction = self._connection.begin()
        try:
            self._connection.exec_driver_sql(statement).close()
        except BaseException as error:
            transaction.rollback()
            if again and isinstance(error, exc.DBAPIError) and error.connection_invalidated:
                return self._begin(statement, again=False)
            raise
        return transaction


def _bytes_of_rows(connection: Connection, table: str) -> int:
    newest = f"SELECT * FROM {table} ORDER BY id DESC LIMIT {_MEASURED_ROWS}"  # noqa: S608
    count = f"SELECT count(*) FROM {table}"  # noqa: S608
    mean = f"SELECT coalesce(avg(pg_column_size(newest.*)), 0) FROM ({newest}) AS newest"  # noqa: S608
    return int(connection.exec_driver_sql(f"SELECT ({count}) * ({mean})").scalar_one())


def _is_away(error: Exception, code: str | None) -> bool:
    """Say whether an error means that the server did not answer, closed the connection, or let nobody in."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, exc.OperationalError) and code is None:
        return True
    return code is not None and code.startswith(("08", "28", "57P", "3D"))


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
