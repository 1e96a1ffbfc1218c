"""Web addresses of photos: which are asked for, and which machines may answer."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
#: Left as they are: reserved signs, and escapes that are written already.
_SAFE = "%/?:@!$&'()*+,;=~[]|"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
#: Mapped, compatible, translated (RFC 2765) and NAT64 addresses.
_ENDING_IN_IPV4 = [
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("::/96"),
    ipaddress.IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
    _NAT64_LOCAL,
]
#: Bits 64 to 95 of an ISATAP address.
_ISATAP = (f"{0x00005EFE:032b}", f"{0x02005EFE:032b}")
#: Where clouds tell a virtual machine its credentials, beside link-local addresses.
_METADATA_SERVERS = [
    ipaddress.ip_network(network)
    for network in (
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle
        "fd00:ec2::/32",  # Amazon
        "fd00:42::42",  # Scaleway
        "fd20:ce::254",  # Google
    )
]
_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect and what to ask for.

    Parameters
    ----------
    scheme : {"http", "https"}
        How to talk to the server.

    host : str
        Name in ASCII, or an IP address without brackets.

    port : int
        Port of the server.

    target : str
        Path and query, percent-encoded.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def url(self) -> str:
        """The address in one piece, for redirects that are relative to it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def parse_address(url: str) -> Address:
    """Take a web address apart.

    Spaces and letters beyond ASCII are encoded as browsers do; the part after ``#`` is
    left out.

    Parameters
    ----------
    url : str
        An absolute address.

    Returns
    -------
    Address
        Its parts.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong.
    """
    if _CONTROL.search(url):
        raise ValueError("The address holds control characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("The address has no valid host or port.") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("The address does not start with http:// or https://.")
    if "@" in parts.netloc:
        # They would be sent to whoever answers, and be kept in the manifest.
        raise ValueError("The address holds a user name or password.")
    if port == 0 or not host:
        raise ValueError("The address has no valid host or port.")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Address(parts.scheme, _check_host(host), port, path + query)


def follow_redirect(address: Address, location: str) -> Address:
    """Give the address that a redirect leads to.

    Parameters
    ----------
    address : Address
        Where the redirect came from.

    location : str
        Header of the answer, as ``http.client`` decoded it.

    Returns
    -------
    Address
        Where it leads to.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong.
    """
    with contextlib.suppress(UnicodeError):
        # Headers are read as Latin-1, but what servers send raw is UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    try:
        joined = urljoin(address.url, location)
    except ValueError:
        raise ValueError("The address has no valid host or port.") from None
    return parse_address(joined)


def is_forbidden(ip: str) -> bool:
    """Tell whether a machine is never asked for a photo, whatever the table says.

    A table that is trusted may name a server that is not, and that one may redirect to
    where clouds give credentials to any machine that asks.

    Parameters
    ----------
    ip : str
        IPv4 or IPv6 address, as the socket gives it.

    Returns
    -------
    bool
        True for link-local addresses and the metadata servers of clouds, also where
        one of IPv6 stands for one of IPv4.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    return any(
        each.is_link_local or any(each in network for network in _METADATA_SERVERS)
        for each in (address, *_embedded(address))
    )


def is_public(ip: str) -> bool:
    """Tell whether an IP address belongs to the public internet.

    Parameters
    ----------
    ip : str
        IPv4 or IPv6 address, as the socket gives it.

    Returns
    -------
    bool
        False for this machine, private and link-local networks, multicast, and what
        is reserved. An IPv6 address that stands for one of IPv4 is judged by that.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local or address in _NAT64_LOCAL:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _embedded(address: _IP) -> list[ipaddress.IPv4Address]:
    """Give the addresses of IPv4 that one of IPv6 may be translated to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [*(address.teredo or ())]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    bits = f"{int(address):0128b}"
    if any(address in network for network in _ENDING_IN_IPV4) or bits[64:96] in _ISATAP:
        found.append(ipaddress.IPv4Address(int(bits[96:], 2)))
    if address in _NAT64_LOCAL:
        # RFC 6052: behind a prefix of any of these lengths, skipping bits 64 to 71.
        skipping = bits[:64] + bits[72:]
        found += [
            ipaddress.IPv4Address(int(skipping[start : start + 32], 2))
            for start in (48, 56, 64)
        ]
    return found


def _check_host(host: str) -> str:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError("The address has no valid host or port.") from None
        return host
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    if not _HOST_NAME.fullmatch(ascii_host):
        raise ValueError("The address has no valid host or port.")
    return ascii_host
