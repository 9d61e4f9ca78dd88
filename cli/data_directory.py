"""What `carrierql up` keeps between its runs, and how other commands find the one that runs."""

import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError

DEFAULT = Path(".carrierql")


class DataDirectory:
    """`--data-dir`: both servers' data, the secret key, and what the first start told.

    One `up` at a time holds its lock; the kernel lets it go however that `up` ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = self.path / "lock"
        self._secret = self.path / "secret-key"
        self._addresses = self.path / "addresses.json"
        self._told = self.path / "told.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the directory and keep every other `up` out of it."""
        # PostgreSQL's user passes through when root runs `up`; nobody else reads a list of it.
        self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    f"another carrierql up runs under {self.path}; choose a --data-dir"
                ) from None
            yield

    def secret_key(self) -> str:
        """The key that encrypts secrets here, made on the first call and never again."""
        if not self._secret.exists():
            _write_private(self._secret, secrets.token_urlsafe(48))
        return self._secret.read_text()

    def existing_secret_key(self) -> str | None:
        return self._secret.read_text() if self._secret.exists() else None

    @contextmanager
    def published(self, addresses: dict[str, str]) -> Iterator[None]:
        """Let other commands find the running servers: settings by name, such as DATABASE_URL."""
        _write_private(self._addresses, json.dumps(addresses))
        try:
            yield
        finally:
            self._addresses.unlink()

    def addresses(self) -> dict[str, str]:
        """What the `up` that runs here has published; a dead one's addresses do not count."""
        if not self._addresses.exists() or not self._is_held():
            return {}
        found: dict[str, str] = json.loads(self._addresses.read_text())
        return found

    def told(self) -> dict[str, str]:
        """What earlier starts have made and told, such as the id of the platform key."""
        found: dict[str, str] = json.loads(self._told.read_text()) if self._told.exists() else {}
        return found

    def tell(self, **facts: str) -> None:
        _write_private(self._told, json.dumps(self.told() | facts))

    def _is_held(self) -> bool:
        with self._lock.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


def _write_private(file: Path, text: str) -> None:
    """Write for our own user alone, whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(file)
