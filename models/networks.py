"""Networks that a key may be used from, and the address that a request comes from."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def network_problem(text: str) -> str | None:
    """Say what is wrong with a network that a user names: an address, or one with a prefix length."""
    example = "give an address or a network such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32"
    try:
        interface = ip_interface(text)
    except ValueError:
        return f"{text!r:.80} is no IP address or network; {example}"
    network = interface.network
    if "%" in text:
        return f"{text!r:.80} has a zone, which holds on one machine alone; {example}"
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        return f"{text!r:.80} is an IPv4 network in IPv6's words; {example}"
    if interface.ip != network.network_address:
        return f"{text!r:.80} has bits set beyond its prefix length; did you mean {network}?"
    return None


def parsed(texts: Sequence[str]) -> tuple[Network, ...]:
    """Those networks, which have no problem, each once."""
    return tuple(dict.fromkeys(ip_network(text) for text in texts))


def address_of(text: str) -> Address | None:
    """The address in `text`; of an IPv4 client of an IPv6 socket its IPv4 address. None where it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def is_within(text: str, networks: Sequence[Network]) -> bool:
    address = address_of(text)
    return address is not None and any(address in network for network in networks)
