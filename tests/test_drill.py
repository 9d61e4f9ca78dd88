"""The kill drill, short: `python -m benchmarks.drill` is the long one."""

import pytest

from benchmarks.drill import drill


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broker", ["valkey", pytest.param("rabbitmq", marks=pytest.mark.debian)])
async def test_no_webhook_is_lost_whatever_is_killed(broker: str) -> None:
    result = await drill(broker, seed=5, seconds=10, rate=20)
    assert result.committed >= 8 * result.acknowledged > 0, result
    assert sum(result.kills.values()) > 0, result
    assert (result.lost, result.unheard, result.disorder) == (0, 0, 0), result
