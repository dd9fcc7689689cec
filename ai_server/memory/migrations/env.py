"""How alembic runs the versions: on the connection that `migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from ai_server.memory.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
