"""The text-to-speech voices that accounts may choose; voices.json lists them.

A Polly voice is "Polly.NAME", and "Polly.NAME-Neural" where Amazon offers it on its neural engine.
"""

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

DEFAULT = "Basic.Kal"


class Voice(TypedDict):
    gender: str
    language: str


def is_voice(identifier: str) -> bool:
    return identifier in _voices()


def describe(identifier: str) -> str:
    """Write a voice as "Basic.Kal (Male, en-US)"; one that the list does not know as its bare identifier."""
    voice = _voices().get(identifier)
    return f"{identifier} ({voice['gender']}, {voice['language']})" if voice else identifier


@cache
def _voices() -> dict[str, Voice]:
    voices: dict[str, Voice] = json.loads(Path(__file__).with_name("voices.json").read_bytes())
    return voices
