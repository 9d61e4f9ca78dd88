"""Where webhooks may go: pure rules, so that they can be asked before and right at the connection.

Sources: IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890) and what they leave out (multicast,
site-local), RFC 4291 (mapped), 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo) and 5214
(ISATAP), and the clouds' documents about their metadata services.
"""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_LENGTH = 2048
"""Characters of a URL as its user wrote it."""

# What `allow_private` opens: the networks that their owner decides about.
PRIVATE = {
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "a private address": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "an address behind a carrier's NAT": ("100.64.0.0/10",),
}

# The first that fits names the address, so the narrow ones stand first.
NEVER = {
    "a cloud's metadata address": (
        "169.254.169.254/32",  # AWS, Azure, Google and most others
        "169.254.170.0/24",  # AWS: credentials of containers
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure: a public address, served by the host
        "192.0.0.192/32",  # Oracle
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
        "fd00:c1::a9fe:a9fe/128",  # Oracle
        "fd00:42::42/128",  # Scaleway
    ),
    "an unspecified address": ("0.0.0.0/8", "::/128"),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "the broadcast address": ("255.255.255.255/32",),
    "a documentation address": (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
        "3fff::/20",
    ),
    "a benchmarking address": ("198.18.0.0/15", "2001:2::/48"),
    "a Teredo address": ("2001::/32",),
    "a 6to4 address": ("2002::/16", "192.88.99.0/24"),
    "a local NAT64 address": ("64:ff9b:1::/48",),
    "a site-local address": ("fec0::/10",),
    "a reserved address": ("192.0.0.0/24", "240.0.0.0/4", "2001::/23"),
}

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has ever given to hosts in the public IPv6 network (RFC 4291, section 2.4)."""

# These lead to the IPv4 address in their last 32 bits. What carries one elsewhere is in NEVER as a whole.
MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
ISATAP = (0x0000_5EFE, 0x0200_5EFE)

_HOST_NAME = re.compile(r"(?=.{1,253}\.?\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)


def problem_with(address: Address, *, allow_private: bool) -> str | None:
    """Say why webhooks may not reach `address`; None where they may.

    An IPv6 address that carries an IPv4 address is judged by that one too: it is where packets end.
    """
    carried = _carried(address)
    if carried and (kind := _kind(carried, allow_private=allow_private)):
        return f"{address} carries {carried}, {kind}, which webhooks may not reach"
    if kind := _kind(address, allow_private=allow_private):
        return f"{address} is {kind}, which webhooks may not reach"
    return None


def url_problem(url: str, *, allow_private: bool) -> str | None:
    """Say what is wrong with a webhook's URL, in one sentence; None where it may be stored.

    A name is not looked up: what it gives is judged when connecting.
    """
    if problem := _text_problem(url):
        return problem
    try:
        parsed = URL(url)  # what aiohttp reads URLs with: a second reading could differ from the first
    except ValueError:
        return "The URL must have a valid host and port, such as https://example.com/webhooks."
    if parsed.port == 0:
        return "The URL must have a port from 1 to 65535."
    return _host_problem(parsed.raw_host or "", allow_private=allow_private)


def _text_problem(url: str) -> str | None:
    if len(url) > MAX_URL_LENGTH:
        return f"The URL must have at most {MAX_URL_LENGTH} characters."
    if any(character in " \\" or not character.isprintable() for character in url):
        return "The URL must have no spaces, backslashes or control characters."
    if "#" in url:
        return "The URL must have no fragment: leave out what begins with #."
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return "The URL must begin with https:// or http://."
    if "@" in re.split("[/?]", rest, maxsplit=1)[0]:
        return "The URL must have no user name or password."
    return None


def _host_problem(host: str, *, allow_private: bool) -> str | None:
    address = _literal(host)
    if address is None:
        valid = _HOST_NAME.fullmatch(host)
        return None if valid else "The URL must have a host, such as https://example.com/webhooks."
    if problem := problem_with(address, allow_private=allow_private):
        return f"The URL must lead to a public address: {problem}."
    if "%" in host:
        return "The URL must name no network interface: leave out the % and what follows."
    if isinstance(address, IPv4Address) and host != str(address):
        return f"The URL must write its host as {address}."
    return None


def _literal(host: str) -> Address | None:
    """The address that a resolver takes `host` for without asking: 127.1 and 0x7f000001 are 127.0.0.1."""
    try:
        return ip_address(host.partition("%")[0])  # behind the % of IPv6 stands a network interface
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        return None


def _kind(address: Address, *, allow_private: bool) -> str | None:
    """What kind of refused address it is: "a loopback address"."""
    for network, kind in _RANGES[address.version]:
        if address in network:
            return None if allow_private and kind in PRIVATE else kind
    if isinstance(address, IPv4Address) or address in GLOBAL_UNICAST:
        return None
    return None if address in MAPPED or address in NAT64 else "a reserved address"


def _carried(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return None
    low, above = int(address) & 0xFFFF_FFFF, int(address) >> 32 & 0xFFFF_FFFF
    carries = address in MAPPED or address in NAT64 or above in ISATAP
    return IPv4Address(low) if carries else None


def _by_version(version: int) -> list[tuple[Network, str]]:
    ranges = [(ip_network(text), kind) for kind, texts in (NEVER | PRIVATE).items() for text in texts]
    return [(network, kind) for network, kind in ranges if network.version == version]


_RANGES = {4: _by_version(4), 6: _by_version(6)}
