"""Random RDATA as text for every type that a zone file may hold here.

Types that the four parsers spell alike are in their own form. The rest are in that of RFC 3597, which all must take.
"""
from tests.differential import names


def _octets(rng, low, high):
    return bytes(rng.randrange(256) for _ in range(rng.randint(low, high)))


def _generic(octets):
    return f"\\# {len(octets)} {octets.hex()}".rstrip()


def _string(rng, high=40):
    """A character string in quotes, any octet in it."""
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\;' else f"\\{c:03d}" for c in _octets(rng, 0, high)) + '"'


def _a(rng, _):
    return f"192.0.2.{rng.randrange(256)}"


def _aaaa(rng, _):
    return f"2001:db8::{rng.randrange(1, 65536):x}:{rng.randrange(1, 65536):x}"


def _numbers(rng, *limits):
    return " ".join(str(rng.randrange(limit)) for limit in limits)


def _hex(rng, size):
    return bytes(rng.randrange(256) for _ in range(size)).hex()


def _svcb(rng, target):
    if rng.random() < 0.3:
        return f"0 {names.text(target())}"
    keys = ["alpn=h2,h3", "port=8443", "ipv4hint=192.0.2.1,192.0.2.2", "ipv6hint=2001:db8::1", "key667=hello"]
    return " ".join([str(rng.randint(1, 9)), rng.choice([".", names.text(target())]), *rng.sample(keys, rng.randint(0, 3))])


def _loc(rng, _):
    return (f"{rng.randrange(90)} {rng.randrange(60)} {rng.randrange(60)}.{rng.randrange(1000):03d} {rng.choice('NS')} "
            f"{rng.randrange(180)} {rng.randrange(60)} {rng.randrange(60)}.{rng.randrange(1000):03d} {rng.choice('EW')} "
            f"{rng.randrange(-1000, 9000)}m 1m 10000m 10m")


def _groups(rng, count, separator, digits):
    return separator.join(f"{rng.randrange(16 ** digits):0{digits}x}" for _ in range(count))


TXT_STRINGS = [1, 1, 1, 2, 5, 20]

# Type -> text of one RDATA from (rng, a function that gives a target's name)
KINDS = {
    "A": _a,
    "AAAA": _aaaa,
    "MX": lambda rng, target: f"{rng.randrange(65536)} {names.text(target())}",
    "TXT": lambda rng, _: " ".join(_string(rng, 200) for _ in range(rng.choice(TXT_STRINGS))),
    "PTR": lambda rng, target: names.text(target()),
    "HINFO": lambda rng, _: f"{_string(rng)} {_string(rng)}",
    "RP": lambda rng, target: f"{names.text(target())} {names.text(target())}",
    "AFSDB": lambda rng, target: f"{rng.randrange(3)} {names.text(target())}",
    "RT": lambda rng, target: f"{rng.randrange(99)} {names.text(target())}",
    "KX": lambda rng, target: f"{rng.randrange(99)} {names.text(target())}",
    "SRV": lambda rng, target: f"{_numbers(rng, 9, 9, 65536)} {names.text(target())}",
    "NAPTR": lambda rng, target: f'{_numbers(rng, 999, 999)} "s" "http+I2L" "!^.*$!sip:{rng.randrange(99)}!" {names.text(target())}',
    "MINFO": lambda rng, target: f"{names.text(target())} {names.text(target())}",
    "LOC": _loc,
    "SSHFP": lambda rng, _: f"{rng.randint(1, 4)} 2 {_hex(rng, 32)}",
    "TLSA": lambda rng, _: f"3 1 1 {_hex(rng, 32)}",
    "SMIMEA": lambda rng, _: f"3 0 0 {_hex(rng, 20)}",
    "CAA": lambda rng, _: f'{rng.choice([0, 128])} issue "ca{rng.randrange(99)}.example.net"',
    "URI": lambda rng, _: f'{_numbers(rng, 9, 9)} "https://example.net/{rng.randrange(999)}"',
    "SVCB": _svcb,
    "HTTPS": _svcb,
    "SPF": lambda rng, _: f'"v=spf1 ip4:192.0.2.{rng.randrange(256)} -all"',
    "EUI48": lambda rng, _: _groups(rng, 6, "-", 2),
    "EUI64": lambda rng, _: _groups(rng, 8, "-", 2),
    "NID": lambda rng, _: f"{rng.randrange(99)} {_groups(rng, 4, ':', 4)}",
    "L32": lambda rng, _: f"{rng.randrange(99)} 192.0.2.{rng.randrange(256)}",
    "L64": lambda rng, _: f"{rng.randrange(99)} {_groups(rng, 4, ':', 4)}",
    "LP": lambda rng, target: f"{rng.randrange(99)} {names.text(target())}",
    "CERT": lambda rng, _: "PKIX 1 8 AAAA",
    "APL": lambda rng, _: f"1:192.0.2.{rng.randrange(255) | 1}/32 !2:2001:db8::/32",
    "OPENPGPKEY": lambda rng, _: "mDMEXEcE6RYJKwYBBAHaRw8BAQdA",
    "DHCID": lambda rng, _: "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "TYPE13": lambda rng, _: _generic(bytes([3]) + b"cpu" + bytes([2]) + b"os"),  # HINFO by its number
    "TYPE7": lambda rng, target: _generic(names.wire(target())),                 # MB, MG, MR: not in libzscanner's words
    "TYPE8": lambda rng, target: _generic(names.wire(target())),
    "TYPE9": lambda rng, target: _generic(names.wire(target())),
    "TYPE19": lambda rng, _: _generic(bytes([5]) + _digits(rng, 5)),              # X25
    "TYPE20": lambda rng, _: _generic(bytes([4]) + _digits(rng, 4)),              # ISDN
    "TYPE62": lambda rng, _: _generic(bytes([0, 0, 0, rng.randrange(256), 0, 3, 0, 1, 0x60])),  # CSYNC
    "TYPE63": lambda rng, _: _generic(bytes([0, 0, 0, rng.randrange(256), 1, 1]) + _octets(rng, 48, 48)),  # ZONEMD
    "TYPE1": lambda rng, _: _generic(bytes([192, 0, 2, rng.randrange(256)])),
    "TYPE28": lambda rng, _: _generic(_octets(rng, 16, 16)),
    "TYPE65280": lambda rng, _: _generic(_octets(rng, 0, 60)),
    "TYPE65534": lambda rng, _: _generic(_octets(rng, 0, 9)),
    "TYPE1234": lambda rng, _: _generic(_octets(rng, 1, 300)),
}


def _digits(rng, count):
    return bytes(rng.choice(b"0123456789") for _ in range(count))


NUMBERS = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15,
    "TXT": 16, "RP": 17, "AFSDB": 18, "RT": 21, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37,
    "DNAME": 39, "APL": 42, "DS": 43, "SSHFP": 44, "DHCID": 49, "TLSA": 52, "SMIMEA": 53, "OPENPGPKEY": 61,
    "SVCB": 64, "HTTPS": 65, "SPF": 99, "NID": 104, "L32": 105, "L64": 106, "LP": 107, "EUI48": 108, "EUI64": 109,
    "URI": 256, "CAA": 257,
}


def number(kind):
    return NUMBERS[kind] if kind in NUMBERS else int(kind[4:])


def ds(rng):
    return f"{rng.randrange(65536)} 13 2 {_hex(rng, 32)}"


def soa(rng, mname, minimum_s):
    return f"{names.text(mname)} hostmaster.example.net. {rng.randrange(1, 2 ** 31)} 7200 900 1209600 {minimum_s}"
