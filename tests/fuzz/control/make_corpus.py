#!/usr/bin/python3
"""Writes the seed databases of fuzz_mmdb beside this file: one of each shape the reader tells apart
(record sizes, schemas, pointers, aliases of the IPv4 tree), and what libmaxminddb must not be shown.
Run it after adding a shape."""
import ipaddress
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
EMPTY = None


class Pointer(int):
    """The offset of a value written before."""


class Uint16(int):
    """A number of the metadata: its types are fixed."""


class Uint32(int):
    """Likewise."""


class Raw(bytes):
    """A value already encoded."""


def head(kind, size):
    extra = b""
    if size >= 29:
        size, extra = 29, bytes([size - 29])
    if kind > 7:
        return bytes([size, kind - 7]) + extra
    return bytes([kind << 5 | size]) + extra


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Pointer):
        return bytes([0x20 | value >> 8, value & 0xFF])
    if isinstance(value, Uint16):
        return head(5, 2) + struct.pack("!H", value)
    if isinstance(value, Uint32):
        return head(6, 4) + struct.pack("!I", value)
    if isinstance(value, str):
        return head(2, len(value)) + value.encode()
    if isinstance(value, bool):
        return head(14, int(value))
    if isinstance(value, float):
        return head(3, 8) + struct.pack("!d", value)
    if isinstance(value, int):
        return head(9, 8) + struct.pack("!Q", value)
    if isinstance(value, list):
        return head(11, len(value)) + b"".join(map(encode, value))
    return head(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


class Tree:
    """Records are EMPTY, ("node", number) or ("data", offset)."""

    def __init__(self, version):
        self.version = version
        self.nodes = [[EMPTY, EMPTY]]

    def put(self, prefix, record):
        network = ipaddress.ip_network(prefix)
        width = 32 if self.version == 4 else 128
        base = width - network.max_prefixlen
        address = int(network.network_address)
        node = 0
        for depth in range(base + network.prefixlen):
            side = address >> (width - 1 - depth) & 1
            if depth == base + network.prefixlen - 1:
                self.nodes[node][side] = record
                return
            if self.nodes[node][side] is EMPTY:
                self.nodes.append([EMPTY, EMPTY])
                self.nodes[node][side] = ("node", len(self.nodes) - 1)
            node = self.nodes[node][side][1]

    def node_at(self, prefix):
        network = ipaddress.ip_network(prefix)
        node = 0
        for depth in range(network.prefixlen):
            side = int(network.network_address) >> (127 - depth) & 1
            node = self.nodes[node][side][1]
        return ("node", node)

    def number(self, record):
        if record is EMPTY:
            return len(self.nodes)
        kind, value = record
        return value if kind == "node" else len(self.nodes) + 16 + value

    def encode(self, bits):
        out = b""
        for left, right in self.nodes:
            left, right = self.number(left), self.number(right)
            if bits == 28:
                out += (left & 0xFFFFFF).to_bytes(3, "big") + bytes([left >> 24 << 4 | right >> 24])
                out += (right & 0xFFFFFF).to_bytes(3, "big")
            else:
                out += left.to_bytes(bits // 8, "big") + right.to_bytes(bits // 8, "big")
        return out


def database(version, bits, entries, aliases=(), **metadata):
    tree = Tree(version)
    data = b""
    for prefix, value in entries:
        tree.put(prefix, ("data", len(data)))
        data += encode(value)
    for prefix in aliases:
        tree.put(prefix, tree.node_at("::/96"))
    metadata = {"binary_format_major_version": Uint16(2),
                "binary_format_minor_version": Uint16(0), "build_epoch": 1781725900,
                "database_type": "Test", "description": {}, "ip_version": Uint16(version),
                "languages": [], "node_count": Uint32(len(tree.nodes)),
                "record_size": Uint16(bits)} | metadata
    return (tree.encode(bits) + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(metadata))


def city(country, subdivision):
    return {"city": {"names": {"en": "Example"}}, "country": {"iso_code": country},
            "location": {"latitude": 1.5}, "subdivisions": [{"iso_code": subdivision}],
            "traits": {"is_anycast": True}}


def nested(levels):
    return Raw(encode([""])[:-1] * levels + encode(""))


def doubling(first, levels):
    """Arrays one behind the other from `first` on, each of two pointers to the next one."""
    return b"".join(encode([Pointer(first + 6 * (i + 1))] * 2) for i in range(levels)) + encode([])


def languages_doubling():
    entries = [("192.0.2.0/24", {"country_code": "DE"})]
    placeholder = database(4, 24, entries, languages=[Pointer(0)] * 2)
    first = len(placeholder) - placeholder.rindex(b"MaxMind.com") - len(b"MaxMind.com")
    return (database(4, 24, entries, languages=[Pointer(first)] * 2) + doubling(first, 40))


SEEDS = {
    "flat-v4-24": database(4, 24, [("192.0.2.0/24", {"country_code": "DE"}),
                                   ("10.0.0.0/8", {"country_code": "US", "state1": "California"})]),
    "flat-v6-28": database(6, 28, [("192.0.2.0/24", {"country_code": "DE"}),
                                   ("2001:db8::/32", {"country_code": "XK"})]),
    "city-v6-32": database(6, 32, [("2001:db8::/32", city("US", "CA")),
                                   ("203.0.113.0/24", city("GB", "ENG"))]),
    "aliases": database(6, 24, [("10.0.0.0/8", {"country_code": "US"})],
                        ["2002::/16", "2001::/32", "::ffff:0:0/96"]),
    "pointers": database(4, 24, [("192.0.2.0/24", {"country": {"iso_code": "DE"}}),
                                 ("10.0.0.0/8", {"country": Pointer(9)})]),
    "above-ipv4": database(6, 24, [("::/64", {"country_code": "FR"})]),
    "asn": database(4, 24, [("192.0.2.0/24", {"autonomous_system_number": 64500})]),
    "legacy": database(4, 24, [("192.0.2.0/24", {"country_code": "A1"}),
                               ("10.0.0.0/8", {"country_code": "AP"})]),
    "described": database(4, 24, [("192.0.2.0/24", {"country_code": "DE"})],
                          languages=["en", "de"], description={"en": "Example"}),
    "wraps-32-bits": database(6, 32, [("2001:db8::/32", {"country_code": "DE"}),
                                      ("::/8", {"country_code": "US"})],
                              node_count=Uint32(0x1FFFFFFE)),
    "languages-double": languages_doubling(),
    "too-deep": database(4, 24, [("192.0.2.0/24", {"names": nested(9000)})]),
}

directory = HERE / "corpus_mmdb"
directory.mkdir(exist_ok=True)
for seed, content in SEEDS.items():
    (directory / seed).write_bytes(content)
