"""How fast lives go by: waits that can be sped up, and cut short when all is to come to its end."""

import asyncio
from contextlib import suppress
from random import Random


class Pace:
    """`speed` times as fast as life; after `hurry` nothing waits any more."""

    def __init__(self, speed: float = 1) -> None:
        self._speed = speed
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        self._hurry.set()

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds / self._speed)

    async def wait_about(self, random: Random, least: float, most: float) -> None:
        await self.wait(random.uniform(least, most))
