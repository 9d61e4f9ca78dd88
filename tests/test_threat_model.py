"""docs/threat-model.md names tests that there are, and at least one for each of its threats."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "threat-model.md").read_text()
REFERENCE = re.compile(r"tests/(\w+\.py)::(\w+)")
THREATS = [line for line in PAGE.splitlines() if line.startswith("| **")]


def names(file: str) -> set[str]:
    """The functions of a file of tests, by name."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {part.name for part in ast.parse((TESTS / file).read_text()).body if isinstance(part, functions)}


def test_every_test_that_is_named_is_there() -> None:
    named = set(REFERENCE.findall(PAGE))
    assert len(named) == len(re.findall(r"tests/\w+\.py", PAGE))  # each once, and none half named
    assert [f"{file}::{name}" for file, name in sorted(named) if name not in names(file)] == []
    assert all(name.startswith("test_") for _, name in named)


def test_every_threat_has_a_test() -> None:
    assert [threat for threat in THREATS if not REFERENCE.search(threat)] == []
    assert [number for number in range(1, 11) if f"| **API{number}** " not in PAGE] == []
