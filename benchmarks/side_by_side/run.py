"""Runs the machine at a place."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.side_by_side.doors import Place
from benchmarks.side_by_side.machine import SideBySide


def run(place: Place, cases: int, steps: int, seed: int | None = None) -> None:
    """So many cases of up to so many steps; always the same ones without a seed. Raises what it finds."""

    class Here(SideBySide):
        def __init__(self) -> None:
            super().__init__(place)

    run_state_machine_as_test(
        Here if seed is None else seeded(seed)(Here),
        settings=settings(
            max_examples=cases,
            stateful_step_count=steps,
            derandomize=seed is None,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
