"""URLs of images: how they are parsed, and to which IP addresses they may lead."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

_NO_HOST = "The URL has no valid host or port."
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
#: Not encoded: reserved characters (RFC 3986), and "%", as URLs may be encoded already.
_SAFE = "%/?:@!$&'()*+,;=~[]|"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
#: Mapped, compatible (RFC 4291), translated (RFC 2765) and NAT64 (RFC 6052) addresses.
_ENDING_IN_IPV4 = [
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("::/96"),
    ipaddress.IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
    _NAT64_LOCAL,
]
#: Bits 64 to 95 of an ISATAP address (RFC 5214).
_ISATAP = (f"{0x00005EFE:032b}", f"{0x02005EFE:032b}")
#: Where clouds serve the credentials of a machine, besides link-local addresses.
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
    """A server to connect to, and the path and query to request, percent-encoded."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def url(self) -> str:
        """The whole URL, which relative redirects are joined with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def parse_address(url: str) -> Address:
    """Parse a URL; raise ValueError with a sentence about the problem.

    Spaces and non-ASCII characters are encoded as browsers do.
    """
    if _CONTROL.search(url):
        raise ValueError("The URL contains control characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(_NO_HOST) from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("The URL does not start with http:// or https://.")
    if "@" in parts.netloc:
        # They would be sent to any server, and be stored in the manifest.
        raise ValueError("The URL contains a user name or password.")
    if port == 0 or not host:
        raise ValueError(_NO_HOST)
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Address(parts.scheme, _check_host(host), port, path + query)


def follow_redirect(address: Address, location: str) -> Address:
    """Return the address that a redirect leads to; raise ValueError if it is invalid.

    `location` is the header as decoded by ``http.client``.
    """
    with contextlib.suppress(UnicodeError):
        # http.client decodes headers as Latin-1, but servers send UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    try:
        joined = urljoin(address.url, location)
    except ValueError:
        raise ValueError(_NO_HOST) from None
    return parse_address(joined)


def is_forbidden(ip: str) -> bool:
    """Return whether an IP address is link-local or the metadata server of a cloud.

    Even if private addresses are allowed, a server may redirect to where clouds give
    credentials to any program on the machine. An IPv6 address that embeds an IPv4
    address is checked for that one, too.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    return any(
        each.is_link_local or any(each in network for network in _METADATA_SERVERS)
        for each in (address, *_embedded(address))
    )


def is_public(ip: str) -> bool:
    """Return whether an IP address belongs to the public internet.

    An IPv6 address that embeds an IPv4 address is as public as that one.
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
    """Return the IPv4 addresses that an IPv6 address may be translated to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [*(address.teredo or ())]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    bits = f"{int(address):0128b}"
    if any(address in network for network in _ENDING_IN_IPV4) or bits[64:96] in _ISATAP:
        found.append(ipaddress.IPv4Address(int(bits[96:], 2)))
    if address in _NAT64_LOCAL:
        # RFC 6052, section 2.2: the IPv4 address follows a prefix of 48, 56 or 64 bits;
        # bits 64 to 71 are skipped.
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
            raise ValueError(_NO_HOST) from None
        return host
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    if not _HOST_NAME.fullmatch(ascii_host):
        raise ValueError(_NO_HOST)
    return ascii_host
