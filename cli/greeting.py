"""What `carrierql up` says once it runs."""

import socket

WIDE_OPEN = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared with, not listened on

PLACES = "&".join(
    ["filter[available]=true", "filter[type]=local"]
    + [f"group_by[]={part}" for part in ("country", "region", "locality")]
)


def near_address(listener: socket.socket) -> tuple[str, int]:
    """Where this machine itself reaches the listener."""
    host, port = listener.getsockname()[:2]
    return WIDE_OPEN.get(host, host), port


def origin_of(listener: socket.socket) -> str:
    host, port = near_address(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def service(origin: str, key: str | None) -> None:
    told = (
        f"{key}   (shown this once)"
        if key
        else "shown at the first start; another: carrierql keys create --platform"
    )
    show(
        f"""
The Carrier API runs. Ctrl-C stops it.

  REST          {origin}/carrier/v1
  GraphQL       {origin}/graphql
  health        {origin}/health/ready
  platform key  {told}
"""
    )


def demo(origin: str, carrier: str, key: str | None) -> None:
    told = (
        f"{key}   (shown this once)"
        if key
        else f"shown at the first start; another: carrierql keys create --carrier {carrier}"
    )
    bearer = f'-H "Authorization: Bearer {key or "$KEY"}"'
    query = '{"query": "{ phoneCalls(first: 3) { nodes { to status duration account { name } } } }"}'
    show(
        f"""
The demo carrier has 30 days of calls and messages, and more keep coming.

  carrier       Mekong Telecom, {carrier}
  its API key   {told}

Try:

  curl {bearer} {origin}/carrier/v1/accounts
  curl -g {bearer} '{origin}/carrier/v1/phone_numbers/stats?{PLACES}'
  curl {bearer} -H "Content-Type: application/json" -d '{query}' {origin}/graphql
"""
    )


def show(text: str) -> None:
    print(text, flush=True)  # noqa: T201  this is the terminal
