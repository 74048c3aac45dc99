#!/usr/bin/python3
"""Writes a directory of one large OctoDNS zone, for `./dev bench zones`.

usage: zone_gen.py DIR [RECORDS]

The mix is that of a hosting company's zone: mostly addresses, some aliases, mail and text, and one
record in a thousand dynamic. Names are in octoDNS's natural order. The same count gives the same
bytes.
"""
import os
import sys

ZONE = "bench.test."
DYNAMIC_EVERY = 1000  # a deployment steers few of its names


def address(number):
    """A documentation-like address: which one does not matter, that they differ does."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def simple(kind, value, ttl=None):
    lines = [f"  ttl: {ttl}\n"] if ttl is not None else []
    return "".join(lines) + f"  type: {kind}\n  value: {value}\n"


def several(kind, values):
    return f"  type: {kind}\n  values:\n" + "".join(f"  - {value}\n" for value in values)


def mail(number):
    return ("  type: MX\n  values:\n"
            f"  - exchange: mx{number % 7}.{ZONE}\n    preference: 10\n"
            f"  - exchange: mx{number % 7 + 7}.{ZONE}\n    preference: 20\n")


def dynamic(number):
    home, away = address(number), address(number + 1)
    return ("  dynamic:\n    pools:\n"
            f"      away:\n        fallback: home\n        values:\n        - value: {away}\n"
            f"      home:\n        values:\n        - value: {home}\n"
            "    rules:\n    - geos: [NA, SA]\n      pool: away\n    - pool: home\n"
            "  octodns:\n    healthcheck:\n      port: 443\n      protocol: TCP\n"
            f"  type: A\n  values:\n  - {home}\n  - {away}\n")


def record(number):
    if number % DYNAMIC_EVERY == 0:
        return dynamic(number)
    kind = number % 20
    if kind < 11:
        return simple("A", address(number), 300 if kind < 4 else None)
    if kind < 14:
        return simple("AAAA", f"2001:db8::{number >> 16:x}:{number & 0xffff:x}")
    if kind < 17:
        return simple("CNAME", f"host{number // 20}.{ZONE}")
    if kind == 17:
        return several("TXT", [f'"v=key1\\\\; k=rsa\\\\; p={number * 2654435761 % 2**64:016x}"'])
    if kind == 18:
        return mail(number)
    return several("A", [address(number), address(number + 1)])


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit("usage: bench/zone_gen.py DIRECTORY [COUNT]")
    directory = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, ZONE + "yaml"), "w", encoding="ascii") as out:
        out.write(f"---\n'':\n  type: NS\n  values:\n  - ns1.{ZONE}\n  - ns2.{ZONE}\n")
        for number in range(1, count):
            out.write(f"host{number}:\n{record(number)}")


if __name__ == "__main__":
    main()
