"""Signed webhooks, checked as receivers do: by Standard Webhooks' library and the document's Ruby lines."""

import asyncio
import base64
import hashlib
import json
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from models.secrets import new_signing_secret, signing_secret_problem
from tests.endpoints import Endpoint, Request
from workers.sending import Sender
from workers.signing import Signer

ID = "01a20cf1-5494-7661-80e5-a36c7ce8de20"
BODY = '{"data": {"type": "event", "name": "ភ្នំពេញ"}}'.encode()
STANDARD = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OWN = "a secret that the carrier brought along".replace(" ", "-")
DOCUMENT = Path(__file__).parent.parent / "docs" / "carrier-api.txt"


async def received(signer: Signer) -> Request:
    """What an endpoint gets over the wire."""
    async with (
        Endpoint.listening(b"HTTP/1.1 204 X\r\n\r\n") as endpoint,
        Sender(allow_private=True, attempt_seconds=15) as sender,
    ):
        headers = signer.headers(ID, BODY, datetime.now(UTC))
        assert (await sender.send(endpoint.url, BODY, headers)).succeeded
    return endpoint.requests[0]


def claims(request: Request, secret: str) -> dict[str, object]:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    found: dict[str, object] = jwt.decode(token, secret, algorithms=["HS256"], issuer="Somleng")
    return found


async def test_the_headers_are_the_documented_ones() -> None:
    request = await received(Signer("Somleng", new_signing_secret()))
    assert request.body == BODY
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"carrierql/{version('carrierql')}"
    assert request.headers["webhook-id"] == ID
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", request.headers["webhook-signature"])


async def test_the_token_names_issuer_time_webhook_and_body() -> None:
    secret = new_signing_secret()
    request = await received(Signer("Somleng", secret))
    issued = int(request.headers["webhook-timestamp"])
    assert abs(issued - datetime.now(UTC).timestamp()) < 60
    assert claims(request, secret) == {
        "iss": "Somleng",
        "iat": issued,
        "exp": issued + 300,
        "jti": ID,
        "body_sha256": hashlib.sha256(BODY).hexdigest(),
    }


@pytest.mark.parametrize("secret", [STANDARD, OWN])
async def test_the_standard_library_accepts_it_and_refuses_a_tampered_one(secret: str) -> None:
    request = await received(Signer("Somleng", secret))
    receiver = Webhook(secret if secret != OWN else OWN.encode())
    assert receiver.verify(request.body, request.headers) == json.loads(BODY)
    for body, headers in (
        (BODY.replace(b"event", b"Event"), request.headers),
        (BODY, request.headers | {"webhook-id": "another"}),
        (BODY, request.headers | {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_signing_secret()).verify(BODY, request.headers)


@pytest.mark.parametrize("by_old", [False, True])
async def test_during_a_rotation_both_secrets_are_good(by_old: bool) -> None:
    new, old = new_signing_secret(), OWN
    request = await received(Signer("Somleng", new, old_secret=old, token_by_old_secret=by_old))
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for receiver in (Webhook(new), Webhook(old.encode())):
        assert receiver.verify(request.body, request.headers) == json.loads(BODY)
    right, wrong = (old, new) if by_old else (new, old)
    assert claims(request, right)["jti"] == ID
    with pytest.raises(jwt.InvalidSignatureError):
        claims(request, wrong)


@given(
    st.sampled_from([STANDARD, OWN]),
    st.uuids(),
    st.dictionaries(st.text(), st.text()),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001
)
def test_the_two_signatures_speak_of_the_same_webhook(
    secret: str, webhook_id: object, data: dict[str, str], at: datetime
) -> None:
    body = json.dumps(data, ensure_ascii=False).encode(errors="replace")
    headers = Signer("Somleng", secret).headers(str(webhook_id), body, at)
    token = headers["Authorization"].removeprefix("Bearer ")
    found = jwt.decode(
        token, secret, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert (found["jti"], str(found["iat"])) == (headers["webhook-id"], headers["webhook-timestamp"])
    assert found["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert abs(found["iat"] - at.timestamp()) <= 1


def test_a_new_secret_is_256_bits_that_may_be_brought_too() -> None:
    secret = new_signing_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret != new_signing_secret()
    assert signing_secret_problem(secret) is None


def standard(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(length)).decode()


@pytest.mark.parametrize("secret", ["x" * 32, "~!" * 128, standard(24), standard(25), standard(64)])
def test_a_good_secret_may_be_brought(secret: str) -> None:
    assert signing_secret_problem(secret) is None


LENGTH = "The signing secret must have 32 to 256 characters."
ASCII = "The signing secret must consist of printable ASCII characters without spaces."
BASE64 = "The signing secret must have base64 of 24 to 64 bytes after whsec_."


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", LENGTH),
        ("x" * 31, LENGTH),
        ("x" * 257, LENGTH),
        ("x" * 31 + " ", ASCII),
        ("x" * 31 + "\n", ASCII),
        ("x" * 31 + "\0", ASCII),
        ("x" * 31 + "é", ASCII),
        ("x" * 31 + "\ud800", ASCII),
        (standard(23), BASE64),
        (standard(65), BASE64),
        (standard(32).rstrip("="), BASE64),
        (standard(32) + "=", BASE64),
        (standard(32).replace("A", "-"), BASE64),
    ],
)
def test_what_is_wrong_with_a_secret_is_said(secret: str, problem: str) -> None:
    assert signing_secret_problem(secret) == problem


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=32, max_size=256))
def test_any_secret_that_may_be_brought_signs(secret: str) -> None:
    for brought in (secret, f"whsec_{secret}"):
        if signing_secret_problem(brought) is None:
            assert Signer("Somleng", brought).headers(ID, BODY, datetime.now(UTC))["webhook-signature"]


@pytest.mark.debian
async def test_the_ruby_lines_of_the_document_accept_it_and_refuse_a_tampered_one() -> None:
    secret = new_signing_secret()
    header = (await received(Signer("Somleng", secret))).headers["Authorization"]
    assert json.loads(await by_ruby(header, secret)) == [
        jwt.decode(header.removeprefix("Bearer "), secret, algorithms=["HS256"]),
        {"alg": "HS256", "typ": "JWT"},
    ]
    head, _, signature = header.split(".")
    other = base64.urlsafe_b64encode(b'{"iss":"Somleng"}').decode().rstrip("=")
    assert await by_ruby(f"{head}.{other}.{signature}", secret) == "JWT::VerificationError"
    assert await by_ruby(header, new_signing_secret()) == "JWT::VerificationError"
    stranger = (await received(Signer("Stranger", secret))).headers["Authorization"]
    assert await by_ruby(stranger, secret) == "JWT::InvalidIssuerError"


async def by_ruby(header: str, secret: str) -> str:
    """What the document's lines, as they stand, give for this header: JSON, or the error's name."""
    lines = DOCUMENT.read_text().splitlines()
    start = lines.index("JWT.decode(")
    example = "\n".join(lines[start : lines.index(")", start) + 1])
    program = f"""
        require "jwt"
        require "json"
        header, secret = ARGV
        request = Struct.new(:headers).new({{"Authorization" => header}})
        begin
          puts JSON.dump(({example.replace('"[your-webhook-signing-secret]"', "secret")}))
        rescue JWT::DecodeError => error
          puts error.class
        end
    """
    done = await asyncio.to_thread(
        subprocess.run, ["ruby", "-e", program, header, secret], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
