"""What a run is to do, and what it found."""

import json
import random
import shlex
import string
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis.generation import GenerationMode

AT_ONCE = 50
ODD = 5  # one case of so many is an oddity
SHOWN = 400  # characters of what is wrong
SHOWN_BODY = 4000
PLAIN = frozenset(string.printable) - frozenset("'\\\t\n\r\v\f")  # as bash reads it within $'…'


@dataclass
class Failure:
    times: int
    curl: str


@dataclass
class Findings:
    """`answers` counts them by operation and status."""

    cases: int
    seed: int
    seconds: float
    done: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def odd(self, kinds: dict[str, list[Any]]) -> Iterator[Any]:
        """A fifth of the cases: of each kind one in turn, in an order that the seed decides."""
        chosen = random.Random(self.seed)
        queues = [chosen.sample(found, len(found)) for found in kinds.values()]
        turns = [one for turn in zip_longest(*queues) for one in turn if one is not None]
        for one in turns[: self.cases // ODD]:
            if self.is_over:
                return
            yield one

    def note(self, asked: str, answered: str, wrong: Iterable[str], curl: Callable[[], str]) -> None:
        """One case: what was asked, what came back, and all that is wrong with that."""
        self.done += 1
        self.answers[answered] += 1
        for complaint in wrong:
            found = self.failures.setdefault(f"{asked}: {complaint:.{SHOWN}}", Failure(0, ""))
            found.times += 1
            found.curl = found.curl or curl()

    def draw(self, operations: list[Any], beside: SearchStrategy[Any], use: Callable[[Any], None]) -> None:
        """Call `use` with the rest of the cases, each with a value of `beside`, unless time is over.

        Each operation has its turn, with right cases and with wrong ones.
        """
        strategies = [
            st.tuples(operation.as_strategy(mode), beside)
            for operation in operations
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
        at_once, turn = min(AT_ONCE, max(self.cases // len(strategies), 1)), 0
        while self.done < self.cases and not self.is_over:
            count = min(at_once, self.cases - self.done)
            _draw(strategies[turn % len(strategies)], count, self.seed + turn, use)
            turn += 1

    def report(self) -> str:
        told = [f"{self.done} cases with seed {self.seed}, {len(self.failures)} kinds of failure"]
        told += [f"{count:8} {answered}" for answered, count in sorted(self.answers.items())]
        for complaint, failure in self.failures.items():
            told += ["", f"{failure.times} times {complaint}", f"    {failure.curl}"]
        return "\n".join(told)


def _draw(strategy: SearchStrategy[Any], count: int, number: int, use: Callable[[Any], None]) -> None:
    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(case: Any) -> None:
        use(case)

    run()


def written(body: Any) -> bytes | None:
    """A body as it goes over the wire: bytes as they are, anything else as JSON."""
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


def curl(request: httpx.Request) -> str:
    """The line that sends the request again; $KEY stands for the key."""
    headers = [
        "Authorization: Bearer $KEY" if name == b"Authorization" else f"{name.decode()}: {_written(value)}"
        for name, value in request.headers.raw
        if name not in (b"Host", b"Content-Length", b"User-Agent", b"Accept-Encoding", b"Connection")
    ]
    line = ["curl", "-g", "-X", request.method, *(part for header in headers for part in ("-H", header))]
    body = f" --data-binary $'{_written(request.content)}'" if request.content else ""
    return f"{shlex.join([*line, str(request.url)])}{body}"


def _written(value: bytes) -> str:
    shown = (chr(byte) if chr(byte) in PLAIN else f"\\x{byte:02x}" for byte in value[:SHOWN_BODY])
    return "".join(shown) + (f"... ({len(value)} bytes)" if len(value) > SHOWN_BODY else "")
