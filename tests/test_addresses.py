"""Where webhooks may go: addresses in all their forms, and URLs as users write them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.addresses import problem_with, url_problem

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
KINDS = {
    "a loopback address": ["127.0.0.1", "127.255.255.254", "::1"],
    "a private address": ["10.0.0.0", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::", "fdff::1"],
    "an address behind a carrier's NAT": ["100.64.0.0", "100.127.255.255"],
    "a cloud's metadata address": [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    ],
    "an unspecified address": ["0.0.0.0", "0.255.255.255", "::"],
    "a link-local address": ["169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::"],
    "a multicast address": ["224.0.0.1", "239.255.255.250", "ff02::1"],
    "the broadcast address": ["255.255.255.255"],
    "a documentation address": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "a benchmarking address": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "a Teredo address": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "a 6to4 address": ["2002:7f00:1::", "2002:808:808::", "192.88.99.1"],
    "a local NAT64 address": ["64:ff9b:1::7f00:1", "64:ff9b:1:ffff::"],
    "a site-local address": ["fec0::1"],
    "a reserved address": [
        "192.0.0.1",
        "240.0.0.1",
        "2001:1::1",
        "::2",
        "::8.8.8.8",
        "::127.0.0.1",
        "5f00::",
        "100::1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:0:1::1",
        "4000::",
        "e000::",
    ],
}
EACH = [(kind, address) for kind, addresses in KINDS.items() for address in addresses]
OPENED = ["a loopback address", "a private address", "an address behind a carrier's NAT"]
WRAPPINGS = ["::ffff:{}", "64:ff9b::{}", "2606:2800::5efe:{}", "2606:2800::200:5efe:{}"]


def outside(address: str) -> bool:
    """Whether nothing is wrong with it, on either kind of installation."""
    problems = {problem_with(ip_address(address), allow_private=allow) for allow in (False, True)}
    return problems == {None}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert outside(address)


@pytest.mark.parametrize(("kind", "address"), EACH)
def test_a_refused_address_is_named_by_its_kind(kind: str, address: str) -> None:
    found = ip_address(address)
    sentence = f"{found} is {kind}, which webhooks may not reach"
    assert problem_with(found, allow_private=False) == sentence
    assert problem_with(found, allow_private=True) == (None if kind in OPENED else sentence)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize(("kind", "address"), [(kind, one) for kind, one in EACH if ":" not in one])
def test_an_address_within_another_is_judged_as_if_alone(wrapping: str, kind: str, address: str) -> None:
    found = ip_address(wrapping.format(address))
    sentence = f"{found} carries {address}, {kind}, which webhooks may not reach"
    assert problem_with(found, allow_private=False) == sentence
    assert problem_with(found, allow_private=True) == (None if kind in OPENED else sentence)


@pytest.mark.parametrize(
    ("inside", "before", "after"),
    [
        ("10.0.0.0", "9.255.255.255", "11.0.0.0"),
        ("172.16.0.0", "172.15.255.255", "172.32.0.0"),
        ("100.64.0.0", "100.63.255.255", "100.128.0.0"),
        ("169.254.0.0", "169.253.255.255", "169.255.0.0"),
        ("192.168.0.0", "192.167.255.255", "192.169.0.0"),
        ("127.0.0.0", "126.255.255.255", "128.0.0.0"),
        ("198.18.0.0", "198.17.255.255", "198.20.0.0"),
        ("2001:db8::", "2001:db7:ffff::", "2001:db9::"),
        ("3fff::", "3ffe::", "3fff:1000::"),
    ],
)
def test_ranges_end_where_they_end(inside: str, before: str, after: str) -> None:
    assert (outside(inside), outside(before), outside(after)) == (False, True, True)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_python_knows_no_inner_ipv4_address_that_is_let_through(address: IPv4Address) -> None:
    if problem_with(address, allow_private=False) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_python_knows_no_inner_ipv6_address_that_is_let_through(address: IPv6Address) -> None:
    if problem_with(address, allow_private=False) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_what_is_open_stays_open_where_private_networks_are_too(address: IPv4Address | IPv6Address) -> None:
    if problem_with(address, allow_private=False) is None:
        assert problem_with(address, allow_private=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/webhooks?a=b",
        "HTTPS://EXAMPLE.COM/",
        "https://example.com./@here?to=@",
        "https://bücher.example/ភ្នំពេញ",
        "https://my_service.example/",
        "https://localhost/",
        "http://8.8.8.8/",
        "http://[2606:2800::1]:443/",
        "http://[::ffff:8.8.8.8]/",
        "https://example.com/" + "x" * 2028,
    ],
)
def test_a_good_url_may_be_stored(url: str) -> None:
    assert url_problem(url, allow_private=False) is None


TO_PUBLIC = "The URL must lead to a public address"
LOOPBACK = f"{TO_PUBLIC}: 127.0.0.1 is a loopback address, which webhooks may not reach."


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
        "017700000001", "0X7F.0.0.0x1", "①②⑦.⓪.⓪.①", "127。0。0。1", "\uff11\uff12\uff17.0.0.1",
    ],
)  # fmt: skip
def test_every_spelling_of_an_address_is_seen_through(host: str) -> None:
    assert url_problem(f"http://{host}/", allow_private=False) == LOOPBACK


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/", "http://[::1]/", "http://10.0.0.1/", "http://[fd00::1]/"]
)
def test_private_addresses_may_be_stored_where_they_are_allowed(url: str) -> None:
    assert url_problem(url, allow_private=False) is not None
    assert url_problem(url, allow_private=True) is None


SCHEME = "The URL must begin with https:// or http://."
HOST = "The URL must have a host, such as https://example.com/webhooks."
INVALID = "The URL must have a valid host and port, such as https://example.com/webhooks."
CHARACTERS = "The URL must have no spaces, backslashes or control characters."
USER = "The URL must have no user name or password."


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", SCHEME),
        ("example.com", SCHEME),
        ("//example.com", SCHEME),
        ("ftp://example.com", SCHEME),
        ("http:/example.com", SCHEME),
        ("javascript://example.com", SCHEME),
        ("http://", HOST),
        ("http:///path", HOST),
        ("http://a..b", HOST),
        ("http://.", HOST),
        ("http://" + "a" * 64, HOST),
        ("http://" + "a." * 127 + "a", HOST),
        ("http://%31%32%37.0.0.1/", HOST),
        ("http://example.com%00/", HOST),
        ("http://example.com:99999/", INVALID),
        ("http://example.com:x/", INVALID),
        ("http://[::1", INVALID),
        ("http://[1.2.3.4]/", INVALID),
        ("http://example.com:0/", "The URL must have a port from 1 to 65535."),
        ("http://user@example.com", USER),
        ("http://user:password@example.com", USER),
        ("http://@example.com", USER),
        ("http://example.com#top", "The URL must have no fragment: leave out what begins with #."),
        ("http://example.com/a b", CHARACTERS),
        (" http://example.com", CHARACTERS),
        ("http://example.com/\n", CHARACTERS),
        ("http://example.com/\0", CHARACTERS),
        ("http://example.com\\@127.0.0.1/", CHARACTERS),
        ("http://\ud800/", CHARACTERS),
        ("https://example.com/" + "x" * 2029, "The URL must have at most 2048 characters."),
        ("http://8.8.2056/", "The URL must write its host as 8.8.8.8."),
        ("http://8.8.8.8./", "The URL must write its host as 8.8.8.8."),
        (
            "http://[2606:2800::1%25eth0]/",
            "The URL must name no network interface: leave out the % and what follows.",
        ),
        (
            "http://[fe80::1%eth0]/",
            f"{TO_PUBLIC}: fe80::1 is a link-local address, which webhooks may not reach.",
        ),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, problem: str) -> None:
    assert url_problem(url, allow_private=False) == problem


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://[{}]:1/".format))
def test_no_text_breaks_it(url: str) -> None:
    assert url_problem(url, allow_private=False) != ""
