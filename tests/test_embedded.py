"""The embedded servers: what a killed or unlucky run leaves must not stop the next one."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from cli.embedded import EmbeddedError, Postgres, Valkey
from tests.commands import is_alive, wait_until_dead

START = "import sys, time; from pathlib import Path; from cli.embedded import Postgres, Valkey\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """Not pytest's own directory: root's PostgreSQL runs as somebody who has to pass through."""
    with tempfile.TemporaryDirectory(prefix="carrierql-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@asynccontextmanager
async def connected(postgres: Postgres) -> "AsyncIterator[asyncpg.Connection[Any]]":
    connection = await asyncpg.connect(postgres.url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_what_was_committed_is_there_after_a_kill(home: Path) -> None:
    postgres = Postgres(home)
    postgres.start()
    async with connected(postgres) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert postgres.process is not None
    postgres.process.kill()
    postgres.process.wait()
    again = Postgres(home)
    again.start()
    async with connected(again) as connection:
        assert await connection.fetchval("SELECT number FROM kept") == 7
    again.stop()


def test_nobody_else_may_open_the_socket(home: Path) -> None:
    postgres = Postgres(home, durable=False)
    postgres.prepare()
    assert postgres.socket.stat().st_mode & 0o777 == 0o700


async def test_a_cluster_that_was_half_made_is_made_anew(home: Path) -> None:
    partial = home / "data.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18\n")
    postgres = Postgres(home, durable=False)
    postgres.start()
    async with connected(postgres) as connection:
        assert await connection.fetchval("SELECT current_database()") == "carrierql"
    postgres.stop()


def test_a_pid_file_that_names_another_program_is_not_believed(home: Path) -> None:
    postgres = Postgres(home, durable=False)
    postgres.prepare()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (postgres.data / "postmaster.pid").write_text(f"{stranger.pid}\n{postgres.data}\n")
    postgres.start()
    assert is_alive(stranger.pid)
    stranger.kill()
    stranger.wait()
    postgres.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
@pytest.mark.parametrize("kind", ["Postgres", "Valkey"])
def test_a_server_ends_when_the_process_that_started_it_is_killed(home: Path, kind: str) -> None:
    code = (
        f"{START}s = {kind}(Path(sys.argv[1])); s.start(); print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    assert is_alive(server)
    parent.kill()
    parent.communicate()
    assert wait_until_dead([server]) == []


def test_an_orphan_on_the_same_data_is_stopped_first(home: Path) -> None:
    orphan = Postgres(home, durable=False)
    orphan.start()
    postgres = Postgres(home, durable=False)
    postgres.start()
    assert orphan.process is not None
    assert orphan.process.wait(10) == 0
    postgres.stop()


async def test_a_path_too_long_for_a_socket_is_no_obstacle(home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    postgres, valkey = Postgres(deep / "postgres", durable=False), Valkey(deep / "valkey", durable=False)
    postgres.start()
    valkey.start()
    async with connected(postgres) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    with redis.from_url(valkey.url) as client:
        assert client.ping()
    postgres.stop()
    valkey.stop()
    for directory in (postgres.socket, valkey.socket.parent):
        shutil.rmtree(directory)


def test_valkey_keeps_what_it_acknowledged(home: Path) -> None:
    valkey = Valkey(home)
    valkey.start()
    with redis.from_url(valkey.url) as client:
        client.set("kept", "7")
    valkey.stop()
    valkey.start()
    with redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"7"
    valkey.stop()


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    postgres = Postgres(home, durable=False)
    postgres.prepare()
    (postgres.data / "postgresql.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(EmbeddedError, match=r"postgres did not start; its last words: .*nonsense"):
        postgres.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
def test_root_below_a_private_directory_keeps_its_data_where_postgres_can_go(home: Path) -> None:
    home.chmod(0o700)
    postgres = Postgres(home / "postgres", durable=False)
    try:
        postgres.start()
        assert home not in postgres.data.parents
        assert Postgres(home / "postgres", durable=False).data == postgres.data
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        postgres.stop()
        shutil.rmtree(postgres.place)
