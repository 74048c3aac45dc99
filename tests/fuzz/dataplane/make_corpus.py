#!/usr/bin/python3
"""Writes the seed inputs of fuzz_frame, fuzz_message and fuzz_stream beside this file: one of each shape the code
tells apart, so that a fuzzer starts behind every check. Run it after adding a shape."""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent


def name(text):
    labels = [label.encode() for label in text.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(options=b"", size=1232, ttl=0):
    return b"\0" + struct.pack("!HHIH", 41, size, ttl, len(options)) + options


def query(owner, qtype, qclass=1, flags=0x0100, extra=b"", arcount=None):
    count = (1 if extra else 0) if arcount is None else arcount
    header = struct.pack("!HHHHHH", 0xCAFE, flags, 1, 0, 0, count)
    return header + name(owner) + struct.pack("!HH", qtype, qclass) + extra


ECS4 = option(8, bytes.fromhex("00011800c63364"))
ECS6 = option(8, bytes.fromhex("0002380020010db8000a00"))
NSID = option(3)
COOKIE = option(10, b"abcdefgh")
GOOD_COOKIE = option(10, bytes.fromhex("2464c4abcf10c957010000005cf79f111f8130c3eee29480"))  # RFC 9018 Appendix A.1
KEEPALIVE = option(11)
ZONEVERSION = option(19)
TSIG_RDATA = name("hmac-sha256") + bytes.fromhex("000065000001" "012c" "0004") + b"mac!" + bytes.fromhex("cafe00000000")


def tsig(owner=name("Key.example.test"), rdata=TSIG_RDATA, rclass=255, ttl=0):
    return owner + struct.pack("!HHIH", 250, rclass, ttl, len(rdata)) + rdata


RECORD = b"\0" + struct.pack("!HHIH", 1, 1, 0, 4) + b"\1\2\3\4"

MESSAGES = {
    "static-a": query("www.example.test", 1),
    "static-aaaa-edns": query("www.example.test", 28, extra=opt()),
    "geo-ecs4": query("example.test", 1, extra=opt(ECS4)),
    "geo-ecs6-nsid-do": query("example.test", 28, extra=opt(NSID + ECS6 + COOKIE, ttl=0x8000)),
    "wildcard": query("a.b.example.test", 1, extra=opt(ECS4)),
    "nxdomain": query("x.www.example.test", 1, extra=opt()),
    "chain": query("chain.example.test", 1),
    "loop": query("loop.example.test", 1),
    "dname": query("WwW.Moved.example.test", 1),
    "dname-itself": query("moved.example.test", 39, extra=opt()),
    "dname-round": query("round.moved.example.test", 1, extra=opt(ECS4)),
    "dname-too-long": query(".".join(["x" * 63] * 3 + ["x" * 42, "moved.example.test"]), 1, extra=opt()),
    "referral": query("x.sub.example.test", 1, extra=opt()),
    "big": query("big.example.test", 16),
    "huge": query("huge.example.test", 16, extra=opt(NSID + ECS4)),
    "any": query("example.test", 255),
    "refused": query("example.net", 1, extra=opt(NSID)),
    "chaos": query("generation.meridian", 16, 3, extra=opt(NSID)),
    "version": query("version.bind", 16, 3),
    "badvers": query("example.test", 1, extra=opt(ttl=0x010000)),
    "two-opts": query("example.test", 1, extra=opt() + opt(), arcount=2),
    "record-then-opt": query("example.test", 1, extra=RECORD + opt(ECS4), arcount=2),
    "cookie-good": query("www.example.test", 1, extra=opt(GOOD_COOKIE)),
    "cookie-bad": query("www.example.test", 1, extra=opt(option(10, bytes(40)) + COOKIE)),
    "cookie-cut": query("www.example.test", 1, extra=opt(option(10, bytes(15)))),
    "cookie-alone": struct.pack("!HHHHHH", 1, 0, 0, 0, 0, 1) + opt(GOOD_COOKIE),
    "cookie-terse": query("", 2, extra=opt(COOKIE)),
    "every-option": query("example.test", 1, extra=opt(ZONEVERSION + KEEPALIVE + NSID + ECS4 + COOKIE)),
    "zoneversion-referral": query("x.sub.example.test", 1, extra=opt(ZONEVERSION)),
    "nxname": query("example.test", 128, extra=opt()),
    "axfr": query("example.test", 252),
    "notify": query("example.test", 6, flags=0x2400),
    "update": query("example.test", 6, flags=0x2800, extra=tsig()),
    "tsig": query("www.example.test", 1, extra=tsig()),
    "tsig-opt": query("www.example.test", 1, extra=opt(NSID) + tsig(b"\3key\xc0\x10"), arcount=2),
    "tsig-long": query("www.example.test", 1, extra=tsig(name(".".join(["k" * 63] * 3 + ["k" * 60])))),
    "tsig-not-last": query("www.example.test", 1, extra=tsig() + opt(), arcount=2),
    "tsig-class-in": query("www.example.test", 1, extra=tsig(rclass=1)),
    "tsig-cut": query("www.example.test", 1, extra=tsig(rdata=TSIG_RDATA[:-1])),
    "response": query("example.test", 1, flags=0x8180),
    "no-question": struct.pack("!HHHHHH", 1, 0, 0, 0, 0, 1) + opt(COOKIE),
    "cut-option": query("example.test", 1, extra=opt(ECS4))[:-2],
    "runt": b"\0" * 11,
}


def total(data):
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def udp(pseudo, message, port=53):
    length = 8 + len(message)
    head = struct.pack("!HHHH", 40000, port, length, 0)
    data = pseudo + struct.pack("!HH", 17, length) + head + message
    checksum = 0xFFFF ^ total(data + b"\0" * (len(data) % 2))
    return head[:6] + struct.pack("!H", checksum or 0xFFFF) + message


def ipv4(message, options=b"", port=53, fragment=0, proto=17):
    addresses = bytes([198, 51, 100, 7, 192, 0, 2, 53])
    body = udp(addresses, message, port)
    header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(body),
                         0, fragment, 64, proto, 0) + addresses + options
    header = header[:10] + struct.pack("!H", 0xFFFF ^ total(header)) + header[12:]
    return bytes.fromhex("020000000001020000000002") + b"\x08\0" + header + body


def ipv6(message, extensions=b"", first=17):
    addresses = bytes.fromhex("20010db8000000000000000000000007" "20010db8000000000000000000000053")
    body = extensions + udp(addresses, message)
    header = struct.pack("!IHBB", 0x60000000, len(body), first, 64) + addresses
    return bytes.fromhex("020000000001020000000002") + b"\x86\xdd" + header + body


def tagged(frame, *tags):
    return frame[:12] + b"".join(struct.pack("!HH", *tag) for tag in tags) + frame[12:]


QUERY = query("www.example.test", 1)
PADN = bytes([17, 0, 1, 4, 0, 0, 0, 0])

FRAMES = {
    "ipv4": ipv4(QUERY),
    "ipv4-padded": ipv4(QUERY) + b"\0" * 9,
    "ipv4-options": ipv4(QUERY, b"\x94\4\0\0\1\1\1\0"),
    "ipv4-fragment": ipv4(QUERY, fragment=0x2000),
    "ipv4-tcp": ipv4(QUERY, proto=6),
    "ipv4-port-54": ipv4(QUERY, port=54),
    "ipv4-empty": ipv4(b""),
    "ipv4-cut": ipv4(QUERY)[:-1],
    "ipv6": ipv6(QUERY),
    "ipv6-hop-by-hop": ipv6(QUERY, PADN, 0),
    "ipv6-two-options": ipv6(QUERY, bytes([60, 1, 1, 12]) + b"\0" * 12 + PADN, 0),
    "ipv6-fragment": ipv6(QUERY, PADN, 44),
    "ipv6-routing": ipv6(QUERY, PADN, 43),
    "ipv6-atomic-fragment": ipv6(QUERY, b"\x11" + b"\0" * 7, 44),
    "ipv6-routing-arrived": ipv6(QUERY, bytes([17, 0, 4, 0, 0, 0, 0, 0]), 43),
    "ipv6-five-headers": ipv6(QUERY, bytes([60, 0, 1, 4, 0, 0, 0, 0]) + bytes([43, 0, 1, 4, 0, 0, 0, 0]) +
                              bytes([44, 0, 4, 0, 0, 0, 0, 0]) + b"\x3c" + b"\0" * 7 + PADN, 0),
    "vlan-100": tagged(ipv4(QUERY), (0x8100, 0xF064)),
    "vlan-7": tagged(ipv4(QUERY), (0x8100, 7)),
    "vlan-priority": tagged(ipv6(QUERY), (0x8100, 0xE000)),
    "qinq-300-100": tagged(ipv6(QUERY, PADN, 0), (0x88A8, 300), (0x8100, 100)),
    "qinq-300-7": tagged(ipv4(QUERY), (0x88A8, 300), (0x8100, 7)),
    "vlan-three": tagged(ipv4(QUERY), (0x88A8, 300), (0x8100, 100), (0x8100, 100)),
    "vlan-cut": tagged(ipv4(QUERY), (0x8100, 100))[:17],
    "arp": b"\xff" * 6 + b"\2\0\0\0\0\2" + b"\x08\6" + b"\0" * 28,
    "short": b"\0" * 13,
}


def stream(*messages):
    return b"".join(struct.pack("!H", len(message)) + message for message in messages)


STREAMS = {
    "one": stream(QUERY),
    "every-kind": stream(*(message for seed, message in MESSAGES.items() if seed not in ("response", "runt"))),
    "pipelined-32": stream(*[QUERY] * 32),
    "turns": stream(*[MESSAGES["huge"]] * 40),
    "length-zero": stream(QUERY, b"", QUERY),
    "runt": stream(QUERY, MESSAGES["runt"]),
    "response": stream(QUERY, MESSAGES["response"], QUERY),
    "lying-length": stream(QUERY) + b"\xff\xff" + QUERY,
    "half-a-prefix": stream(QUERY) + b"\0",
    "large": stream(QUERY + b"\0" * 20000, QUERY),
}


def write(folder, seeds, controls):
    (HERE / folder).mkdir(exist_ok=True)
    for seed, data in seeds.items():
        for control, suffix in controls:
            (HERE / folder / (seed + suffix)).write_bytes(control + data)


write("corpus_message", MESSAGES, [(b"\0", "-udp"), (b"\5", "-tcp"), (b"\x0a", "-exact")])
write("corpus_message", {seed: data for seed, data in MESSAGES.items() if seed.startswith("cookie")},
      [(b"\x20", "-off"), (b"\x40", "-required")])
write("corpus_frame", FRAMES, [(b"\3\x20", "-verify"), (b"\4\xf0", "-any")])
write("corpus_frame", {seed: data for seed, data in FRAMES.items() if seed[:4] in ("vlan", "qinq")},
      [(b"\x0b\x20", "-in-vlans"), (b"\x0c\xf0", "-in-vlans-any")])
write("corpus_stream", STREAMS, [(b"\0\0\0\1", "-a"), (b"\xff\x7a\0\2", "-b")])
