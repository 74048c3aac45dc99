#!/usr/bin/python3
"""Writes the seed inputs of fuzz_check beside this file: a good image of each kind, and one lie about
each section, so that a fuzzer starts behind the checksums. Run it after adding a section."""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus_check"
RAW, SELECTION, UNSEALED, SMALL_BASE = 1, 2, 4, 8

SECTIONS = """zones buckets nodes names rrsets answers wire cnames dyns pools values targets rulesets
rules class_rule scopes loc4_root loc4_nodes loc6_root loc6_nodes leaves strings selection
header""".split()


def question(qtype=1, random=0, family=4, address=b"\xc0\0\2\1", name="x.in.two.example"):
    labels = [label.encode() for label in name.split(".") if label]
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("<HQB", qtype, random, family == 6) + address.ljust(16, b"\0") + wire


def change(section, width, off, value):
    return struct.pack("<BBHI", section, width, off, value)


def seed(control, *changes, ask=question()):
    return bytes([control, len(changes)]) + b"".join(changes) + ask


V6 = question(28, 1 << 63, 6, bytes.fromhex("20010db800010000") + b"\0" * 7 + b"\1", "dyn.example")
SEEDS = {
    "good": seed(0),
    "good-v6": seed(0, ask=V6),
    "good-small": seed(SMALL_BASE, ask=question(name="y.a")),
    "good-dname": seed(0, ask=question(39, name="a.b.moved.example")),
    "good-dname-grows": seed(0, ask=question(name="x.grow.example")),
    "good-mx": seed(0, ask=question(15, name="x.y.example")),
    "good-srv": seed(0, ask=question(33, name="_sip.example")),
    "good-https": seed(0, ask=question(65, name="web.example")),
    "good-unsealed": seed(UNSEALED),
    "good-selection": seed(SELECTION, ask=V6),
    "ttl": seed(0, change(6, 2, 6, 0x01000000)),
    "two-lies": seed(0, change(2, 1, 8, 7), change(4, 2, 4, 1)),
    "raw-empty": bytes([RAW]),
    "raw-header": bytes([RAW]) + b"MRDTTBL1" + struct.pack("<IIQ", 3, 704, 704) + b"\0" * 680,
    "raw-unsealed": bytes([RAW | UNSEALED]) + b"MRDTTBL1" + b"\xff" * 1000,
    "selection-slot": seed(SELECTION, change(0, 2, 128, 5)),
    "selection-set": seed(SELECTION, change(0, 2, 196, 0xFFFFFFFF)),
    "selection-unsealed": seed(SELECTION | UNSEALED, change(0, 0, 130, 1)),
}
for number, section in enumerate(SECTIONS):
    SEEDS[f"lie-{section}"] = seed(0, change(number, 2, 0, 1))
    SEEDS[f"far-{section}"] = seed(0, change(number, 2, 4, 0x7FFFFFF0))

if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for file, data in SEEDS.items():
        (HERE / file).write_bytes(data)
