"""One transaction at a time: all of it, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def atomic(connection: Any) -> Iterator[None]:
    """Commit what the block did on this connection; whatever it raises rolls all of it back, tables included."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
