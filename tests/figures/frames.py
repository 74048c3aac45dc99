"""Frames by class, hostile and not, and the verdict that each must get."""
import struct

from tests.conformance import message
from tests.conformance.link import ETH_P_IP, Link
from tests.lib.lab import run

ETH_P_ARP, ETH_P_VLAN = 0x0806, 0x8100
MORE_FRAGMENTS = 0x2000


def address_of(namespace, interface):
    """Its hardware address."""
    return namespace.ip("-br", "link", "show", interface).stdout.split()[2]


def link_to(lab, namespace, interface, server_mac):
    """A Link whose sockets live as long as the lab does."""
    link = Link(namespace, interface, server_mac)
    lab.links = [*getattr(lab, "links", []), link]
    return link


def spoofed(rng):
    """A source that nobody has: of the network for benchmarks (RFC 2544)."""
    return bytes([198, 18 + rng.randrange(2), rng.randrange(1, 255), rng.randrange(1, 255)])


def port_of(rng):
    return rng.randrange(1024, 65536)


def from_anywhere(link, rng, payloads):
    """A frame for each payload, from a spoofed address and a random port."""
    return [link.query_frame(payload, src=spoofed(rng), sport=port_of(rng)) for payload in payloads]


def garbage(rng, valid):
    """Something like a message: cut, overwritten, all random, or with counts that lie."""
    kind = rng.randrange(4)
    if kind == 0:
        return valid[:rng.randrange(len(valid))]
    if kind == 1:
        at = rng.randrange(len(valid))
        return valid[:at] + rng.randbytes(rng.randrange(1, 20)) + valid[at + 10:]
    if kind == 2:
        return rng.randbytes(rng.randrange(12, 300))
    return valid[:4] + rng.randbytes(8) + valid[12:]


def random_label(rng):
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(rng.randrange(6, 20)))


def leak_classes(link, zone):
    """{class: (verdict, frame)}: one of every way that a frame's buffer can go."""
    name = f"n0.{zone}."
    good = message.query(name)
    return {
        "answer": ("noerror", link.query_frame(good)),
        "answer over IPv6": ("noerror", link.query_frame(good, family=6)),
        "no such name": ("nxdomain", link.query_frame(message.query(f"absent.{zone}."))),
        "refused": ("refused", link.query_frame(message.query("example.org."))),
        "FORMERR": ("formerr", link.query_frame(message.header() + b"\x3fcut")),
        "TC": ("truncated", link.query_frame(message.query(f"big.{zone}.", "TXT", edns=False))),
        "response": ("drop_response", link.query_frame(message.query(name, flags=message.QR))),
        "runt": ("drop_runt", link.query_frame(b"12345")),
        "wrong checksum": ("drop_udp_checksum", link.query_frame(good, udp_checksum=1)),
        "wrong length": ("drop_udp_length", link.query_frame(good, udp_length=len(good) + 200)),
        "not ours": ("drop_not_ours", link.query_frame(good, dst=bytes([10, 53, 0, 99]))),
        "other port": ("drop_not_dns", link.query_frame(good, dport=5353)),
        "ARP": ("drop_not_dns", link.ethernet(ETH_P_ARP, struct.pack(">HHBBH", 1, ETH_P_IP, 6, 4, 2) + link.client_mac +
                                              link.client4 + link.server_mac + link.server4)),
        "first fragment": ("drop_fragment", link.query_frame(good, fragment=MORE_FRAGMENTS)),
        "later fragment": ("drop_fragment", link.query_frame(good, fragment=3)),
        "VLAN": ("drop_vlan", link.ethernet(ETH_P_VLAN, struct.pack(">HH", 7, ETH_P_IP) + link.udp4(good))),
        "cut frame": ("drop_frame", link.query_frame(good)[:40]),
    }


def dropped_by_link(client_side, interface):
    """Frames the cable itself lost: the receiving end's ring was full before any program saw them."""
    shown = run("ip", "-n", client_side.name, "-s", "-s", "link", "show", interface).stdout.splitlines()
    at = next(number for number, line in enumerate(shown) if line.strip().startswith("TX:"))
    return int(shown[at + 1].split()[3])
