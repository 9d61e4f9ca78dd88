"""The voices that accounts may choose, and how TTS events name them."""

import json
import re
from pathlib import Path

import pytest

from models import voices

LISTED = json.loads(Path(voices.__file__).with_name("voices.json").read_text())


def test_the_default_is_the_voice_of_the_document() -> None:
    assert voices.DEFAULT == "Basic.Kal"
    assert voices.describe(voices.DEFAULT) == "Basic.Kal (Male, en-US)"


@pytest.mark.parametrize(
    ("identifier", "description"),
    [
        ("Basic.Slt", "Basic.Slt (Female, en-US)"),
        ("Polly.Joanna", "Polly.Joanna (Female, en-US)"),
        ("Polly.Joanna-Neural", "Polly.Joanna-Neural (Female, en-US)"),
        ("Polly.Hala-Neural", "Polly.Hala-Neural (Female, ar-AE)"),
        ("Polly.Mads", "Polly.Mads (Male, da-DK)"),
        ("Polly.Geraint", "Polly.Geraint (Male, en-GB-WLS)"),
        ("Polly.Zeina", "Polly.Zeina (Female, arb)"),
    ],
)
def test_a_voice_is_described_by_gender_and_language(identifier: str, description: str) -> None:
    assert voices.is_voice(identifier)
    assert voices.describe(identifier) == description


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "Kal",
        "Basic.Nobody",
        "basic.kal",
        "Basic.Kal ",
        "Polly.Nobody",
        "Polly.Mads-Neural",
        "Joanna",
        "man",
    ],
)
def test_an_unknown_identifier_is_no_voice_and_describes_itself(identifier: str) -> None:
    assert not voices.is_voice(identifier)
    assert voices.describe(identifier) == identifier


def test_every_neural_voice_has_its_plain_name() -> None:
    neural = {identifier for identifier in LISTED if identifier.endswith("-Neural")}
    assert {identifier.removesuffix("-Neural") for identifier in neural} < LISTED.keys()


def test_every_listed_voice_has_a_name_a_gender_and_a_language() -> None:
    for identifier, voice in LISTED.items():
        assert re.fullmatch(r"(Basic|Polly)\.[A-Z][a-z]+(-Neural)?", identifier)
        assert voice.keys() == {"gender", "language"}
        assert voice["gender"] in {"Female", "Male"}
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2,3}){0,2}", voice["language"])
        assert voices.is_voice(identifier)
