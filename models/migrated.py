"""Whether a database is as this code needs it, without Alembic, which takes time to load."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg

from models.wall import TENANT, WRITER

REVISIONS = sorted(
    "_".join(path.stem.split("_")[:2])
    for path in (Path(__file__).parent / "migrations/versions").glob("2*.py")
)
STATE = f"""
SELECT version_num, to_regrole('{TENANT}') IS NOT NULL AND to_regrole('{WRITER}') IS NOT NULL AS has_roles
FROM alembic_version
"""  # noqa: S608 - constants


async def is_migrated(fetchrow: Callable[[str], Awaitable[Any]]) -> bool:
    """Whether `carrierql migrate` of this version, or of a newer one, has been run. Raises UNAVAILABLE's."""
    try:
        state = await fetchrow(STATE)
    except asyncpg.UndefinedTableError:
        return False
    if state is None or not state["has_roles"]:
        return False
    return state["version_num"] not in REVISIONS[:-1]  # one that is unknown here is newer
