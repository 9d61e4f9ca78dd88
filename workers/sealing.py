"""Seals entries of the audit: each gets its place in its chain, and a hash over the one before and itself.

An entry waits for its seal from its own commit on: what commits late is sealed late, and nothing is missed.
"""

from typing import Any

from models.audit_entry import CONTENT, START, sealing_hash

ENTRIES_AT_ONCE = 500
LOCK = 0x6175646974  # any constant: one scheduler seals, the others have nothing to do meanwhile

# Two statements, so that the second sees all that the lock's last holder has committed.
TAKE_TURN = "SELECT pg_try_advisory_xact_lock($1)"
WAITING = f"""
SELECT s.chain, {", ".join(f"e.{name}" for name in CONTENT)}
FROM (SELECT entry_id, chain FROM audit_seal WHERE place IS NULL ORDER BY entry_id LIMIT $1) s
JOIN audit_entry e ON e.id = s.entry_id ORDER BY e.id
"""  # noqa: S608 - names of ours
HEADS = """
SELECT c.chain, h.place, h.hash FROM unnest($1::uuid[]) AS c (chain) CROSS JOIN LATERAL (
    SELECT place, hash FROM audit_seal WHERE chain = c.chain AND place IS NOT NULL ORDER BY place DESC LIMIT 1
) h
"""
SEAL = """
UPDATE audit_seal s SET place = new.place, hash = new.hash
FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS new (entry_id, place, hash)
WHERE s.entry_id = new.entry_id
"""


async def seal(connection: Any) -> int:
    """Seal up to ENTRIES_AT_ONCE entries in one transaction of the asyncpg `connection`; how many it took."""
    async with connection.transaction():
        if not await connection.fetchval(TAKE_TURN, LOCK):
            return 0
        entries = await connection.fetch(WAITING, ENTRIES_AT_ONCE)
        if not entries:
            return 0
        found = await connection.fetch(HEADS, list({entry["chain"] for entry in entries}))
        heads = {head["chain"]: (head["place"], head["hash"]) for head in found}
        sealed = []
        for entry in entries:
            place, previous = heads.get(entry["chain"], (0, START))
            head = place + 1, sealing_hash(previous, place + 1, entry)
            heads[entry["chain"]] = head
            sealed.append((entry["id"], *head))
        await connection.execute(SEAL, *map(list, zip(*sealed, strict=True)))
    return len(sealed)
