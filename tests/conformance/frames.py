"""Ethernet, VLAN tags, IP and UDP: which frames carry a question, and what replies look like on the wire.

What the XDP program of an AF_XDP port leaves to the kernel is silent there too, or answered by a kernel socket; is_taken
says which frames those are.
"""
import random
import socket
import struct

from tests.conformance import link as wire_link
from tests.conformance.check import FRAMES, check
from tests.conformance.link import (CTAG, STAG, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, FRAGMENT, ICMP, TCP, checksum, dns_of,
                                    is_fragment_of_ipv4, packet_at, tagged)
from tests.conformance.message import Bad, query

WWW = ["www.dns.test. 300 A 192.0.2.80"]
BROADCAST, MULTICAST, STRANGER = b"\xff" * 6, b"\x01\0\x5e\0\0\x01", b"\x02\0\0\0\x77\x77"
NOP = b"\x01"


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def udp(ask, payload=None, **fields):
    """A packet to us, right but for the fields that are named."""
    payload = query() if payload is None else payload
    return ask.link.udp4(payload, **fields) if ask.family == 4 else ask.link.udp6(payload, **fields)


def ether(ask, packet, **macs):
    return ask.link.ethernet(ETH_P_IP if ask.family == 4 else ETH_P_IPV6, packet, **macs)


def expect_reply_headers(ask, sent, received):
    """`sent` turned round, and everything else as a reply of ours has it."""
    at, ethertype = packet_at(received)
    if received[:6] != sent[6:12] or received[6:12] != sent[:6]:
        raise Bad(f"from {received[6:12].hex()} to {received[:6].hex()}")
    sent_at, _ = packet_at(sent)
    packet, asked = received[at:], sent[sent_at:]
    if ethertype == ETH_P_IP:
        version, tos, total, ident, fragment, ttl = struct.unpack(">BBHHHB", packet[:9])
        if (version, tos, ident, fragment, ttl) != (0x45, 0, 0, 0x4000, 64):
            raise Bad(f"IPv4 header {packet[:20].hex()}")
        if checksum(packet[:20]) != 0:
            raise Bad("IPv4 header checksum")
        length, pseudo, addresses, asked_addresses = total - 20, packet[12:20], packet[12:20], asked[12:20]
    else:
        first, length, next_header, hops = struct.unpack(">IHBB", packet[:8])
        if (first, next_header, hops) != (0x60000000, wire_link.UDP, 64):
            raise Bad(f"IPv6 header {packet[:40].hex()}")
        pseudo, addresses, asked_addresses = packet[8:40], packet[8:40], asked[8:40]
    half = len(addresses) // 2
    if addresses != asked_addresses[half:] + asked_addresses[:half]:
        raise Bad(f"addresses {addresses.hex()}")
    datagram = packet[20 if ethertype == ETH_P_IP else 40:][:length]
    sport, dport, udp_length, udp_sum = struct.unpack_from(">4H", datagram)
    if (sport, dport, udp_length) != (53, wire_link.PORT, length) or udp_sum == 0:
        raise Bad(f"UDP header {datagram[:8].hex()}")
    if checksum(pseudo + struct.pack(">IHBB", length, 0, 0, wire_link.UDP) + datagram) != 0:
        raise Bad("UDP checksum")


def answered(ask, frame, wire=None, is_taken=True):
    wire = wire or query()
    received, reply = ask.frame(frame, wire, is_taken=is_taken)
    if is_taken or not ask.link.has_filter:  # else the kernel's, which has its own ways
        expect_reply_headers(ask, frame, received)
    reply.expect(an=WWW)
    return received


def wrong_sum(packet, at):
    return packet[:at] + bytes([packet[at] ^ 0x55]) + packet[at + 1:]


def udp_at(ask):
    return 20 if ask.family == 4 else 40


@check("normal-query", "RFC 768, RFC 2181 §4.1, RFC 2181 §4.2", over=FRAMES)
def normal_query(ask):
    """A right frame with a query in it is answered, to the asking MAC, address and port, with right checksums."""
    answered(ask, ask.link.query_frame(query(), ask.family))


@check("ethernet-padding-ignored", "RFC 894", over=FRAMES)
def padding(ask):
    """Bytes behind the IP packet belong to nobody."""
    answered(ask, ether(ask, udp(ask)) + b"\xaa" * 40)


@check("udp-checksum-wrong", "RFC 1122 §4.1.3.4", over=FRAMES)
def udp_checksum_wrong(ask):
    """A datagram whose checksum is wrong is dropped."""
    packet = udp(ask)
    ask.frame_silence(ether(ask, wrong_sum(packet, len(packet) - 1)), "drop_udp_checksum")


@check("udp-checksum-none", "RFC 768, RFC 8200 §8.1", over=FRAMES)
def udp_checksum_none(ask):
    """A checksum of zero is none: good over IPv4, dropped over IPv6."""
    frame = ether(ask, udp(ask, udp_checksum=0))
    if ask.family == 4:
        answered(ask, frame)
    else:
        ask.frame_silence(frame, "drop_udp_checksum")


@check("ip-checksum-wrong", "RFC 1122 §3.2.1.2", over=FRAMES)
def ip_checksum_wrong(ask):
    """An IPv4 header whose checksum is wrong is dropped."""
    if ask.family == 4:
        ask.frame_silence(ether(ask, wrong_sum(udp(ask), 8)), "drop_ip_checksum")


@check("udp-length-beyond-ip", "RFC 768", over=FRAMES)
def udp_length_beyond_ip(ask):
    """A UDP length above what IP carries is dropped, in padding too."""
    for padded in (b"", b"\0" * 40):
        ask.frame_silence(ether(ask, udp(ask, udp_length=8 + len(query()) + 1)) + padded, "drop_udp_length")


@check("udp-length-7", "RFC 768", over=FRAMES)
def udp_length_7(ask):
    """A UDP length below its own header is dropped."""
    ask.frame_silence(ether(ask, udp(ask, udp_length=7)), "drop_udp_length")


@check("udp-length-shorter-than-ip", "RFC 9868 §7", over=FRAMES)
def udp_length_shorter(ask):
    """What follows the datagram inside its packet is UDP options, which are ignored."""
    wire, rest = query(), b"\0" * 12
    datagram = udp(ask, wire)[udp_at(ask):] + rest
    packet = ask.link.ipv4(datagram) if ask.family == 4 else ask.link.ipv6(datagram)
    answered(ask, ether(ask, packet))


@check("ip-total-length-beyond-frame", "RFC 791 §3.1, RFC 8200 §3", over=FRAMES)
def ip_length_beyond(ask):
    """An IP length above the frame's is dropped."""
    length = {"total_length": 29 + len(query())} if ask.family == 4 else {"payload_length": 9 + len(query())}
    ask.frame_silence(ether(ask, udp(ask, **length)), "drop_frame")


@check("ip-total-length-19", "RFC 791 §3.1", over=FRAMES)
def ip_total_length_19(ask):
    """An IPv4 length below its own header is dropped."""
    if ask.family == 4:
        ask.frame_silence(ether(ask, udp(ask, total_length=19)), "drop_ip_header")


@check("ihl-4", "RFC 791 §3.1", over=FRAMES)
def ihl_4(ask):
    """A header length below the least is dropped."""
    if ask.family == 4:
        ask.frame_silence(ether(ask, udp(ask, ihl=4)), "drop_ip_header", is_taken=False)


@check("ihl-15-no-options", "RFC 791 §3.1", over=FRAMES)
def ihl_15(ask):
    """A header length that makes options of the datagram is dropped: its checksum cannot be right."""
    if ask.family == 4:
        ask.frame_silence(ether(ask, udp(ask, ihl=15)), "drop_ip_checksum", is_taken=False)


@check("ip-options-nop", "RFC 1122 §3.2.1.8", over=FRAMES)
def ip_options(ask):
    """IPv4 options are skipped, up to the 40 bytes there may be; the reply goes without."""
    for count in (4, 40):
        if ask.family == 4:
            answered(ask, ether(ask, udp(ask, options=NOP * count)))


@check("version-5", "RFC 1122 §3.2.1.1, RFC 8200 §3", over=FRAMES)
def version_5(ask):
    """Another IP version than the frame says is dropped."""
    ask.frame_silence(ether(ask, udp(ask, version=5)), "drop_ip_header", is_taken=False)


def fragment_silence(ask, frame):
    """Where fragments are put together one alone stays in the kernel."""
    is_kept = ask.link.has_joined_ipv4 and ask.family == 4
    ask.frame_silence(frame, None if is_kept else "drop_fragment", is_taken=False)


@check("first-fragment-alone", "RFC 9715 §3", over=FRAMES)
def first_fragment(ask):
    """A first fragment is no query, even with a whole message in it."""
    if ask.family == 4:
        frame = ether(ask, udp(ask, fragment=0x2000, ident=7))
    else:
        frame = ether(ask, ask.link.ipv6(struct.pack(">BBHI", wire_link.UDP, 0, 1, 7) + udp(ask)[40:],
                                         next_header=FRAGMENT))
    fragment_silence(ask, frame)


@check("last-fragment-alone", "RFC 791 §3.2, RFC 8200 §4.5", over=FRAMES)
def last_fragment(ask):
    """A later fragment is no query, even where one could be read."""
    if ask.family == 4:
        frame = ether(ask, udp(ask, fragment=185, ident=8))
    else:
        frame = ether(ask, ask.link.ipv6(struct.pack(">BBHI", wire_link.UDP, 0, 185 << 3, 8) + udp(ask)[40:],
                                         next_header=FRAGMENT))
    fragment_silence(ask, frame)


@check("two-fragment-query", "RFC 9715 §3", over=FRAMES)
def two_fragments(ask):
    """A query in two fragments is not put together by us; beside AF_XDP, and over IPv4 for AF_PACKET, the kernel does."""
    if ask.family == 6:
        return
    packet, wire = udp(ask), query()
    head = ether(ask, ask.link.ipv4(packet[20:36], fragment=0x2000, ident=9))
    tail = ether(ask, ask.link.ipv4(packet[36:], fragment=2, ident=9))
    if ask.link.has_filter or ask.link.has_joined_ipv4:
        ask.link.send(head)
        answered(ask, tail, wire, is_taken=False)
    else:
        fragment_silence(ask, head)
        fragment_silence(ask, tail)


@check("atomic-fragment", "RFC 6946 §4", over=FRAMES)
def atomic_fragment(ask):
    """A fragment header of a packet that is whole is skipped."""
    if ask.family == 6:
        frame = ether(ask, ask.link.ipv6(struct.pack(">BBHI", wire_link.UDP, 0, 0, 10) + udp(ask)[40:],
                                         next_header=FRAGMENT))
        answered(ask, frame, is_taken=False)


@check("extension-headers", "RFC 8200 §4.1", over=FRAMES)
def extension_headers(ask):
    """Hop-by-hop and destination options before UDP are skipped; the reply goes without."""
    if ask.family == 6:
        headers = b"".join(bytes((following, 0, 1, 4, 0, 0, 0, 0)) for following in (60, wire_link.UDP))
        answered(ask, ether(ask, ask.link.ipv6(headers + udp(ask)[40:], next_header=0)), is_taken=False)


@check("dst-mac-not-ours", "RFC 1122 §3.3.6", over=FRAMES)
def dst_mac(ask):
    """A frame to a group, or to another MAC where there is another host, is not ours, whatever its IP address."""
    if not ask.link.has_filter:  # the kernel takes these for ours unless its administrator says otherwise
        for mac in (BROADCAST, MULTICAST):
            ask.frame_silence(ether(ask, udp(ask), dst=mac), "drop_not_ours")
    if ask.link.has_kernel:
        ask.frame_silence(ether(ask, udp(ask), dst=STRANGER), "drop_not_ours", is_taken=False)
    else:
        answered(ask, ether(ask, udp(ask), dst=STRANGER))


@check("dst-ip-not-ours", "RFC 1122 §3.2.1.3", over=FRAMES)
def dst_ip(ask):
    """Another host's address, broadcast and multicast are not ours."""
    for text in ("10.53.0.54", "255.255.255.255", "10.53.0.255", "224.0.0.251") if ask.family == 4 else \
            ("fd53::54", "ff02::1"):
        ask.frame_silence(ether(ask, udp(ask, dst=address(text))), "drop_not_ours", is_taken=False)


@check("src-ip-broadcast", "RFC 1122 §3.2.1.3", over=FRAMES)
def src_broadcast(ask):
    """A query from the broadcast address has no asker."""
    if ask.family == 4:
        ask.frame_silence(ether(ask, udp(ask, src=address("255.255.255.255"))), "drop_source")


@check("src-ip-multicast", "RFC 1122 §3.2.1.3, RFC 4291 §2.7", over=FRAMES)
def src_multicast(ask):
    """A query from a group has no asker."""
    ask.frame_silence(ether(ask, udp(ask, src=address("224.0.0.1" if ask.family == 4 else "ff02::1"))), "drop_source")


@check("src-ip-loopback", "RFC 1122 §3.2.1.3, RFC 4291 §2.5.3", over=FRAMES)
def src_loopback(ask):
    """A query from a loopback address does not come from the wire."""
    ask.frame_silence(ether(ask, udp(ask, src=address("127.0.0.1" if ask.family == 4 else "::1"))), "drop_source")


@check("src-ip-zero", "RFC 1122 §3.2.1.3, RFC 4291 §2.5.2", over=FRAMES)
def src_zero(ask):
    """A query from the unspecified address has no asker."""
    ask.frame_silence(ether(ask, udp(ask, src=address("0.0.0.0" if ask.family == 4 else "::"))), "drop_source")


@check("src-ip-is-ours", "RFC 1122 §3.2.1.3", over=FRAMES)
def src_ours(ask):
    """A query from our own address would have us answer ourselves."""
    ours = ask.link.server4 if ask.family == 4 else ask.link.server6
    ask.frame_silence(ether(ask, udp(ask, src=ours)), "drop_source")


@check("src-mac-multicast", "RFC 1122 §3.3.6", over=FRAMES)
def src_mac(ask):
    """A query from a group's MAC has no host to answer to."""
    ask.frame_silence(ether(ask, udp(ask), src=MULTICAST), "drop_source")


@check("src-port-0-dropped", "RFC 768", over=FRAMES)
def src_port_0(ask):
    """Source port 0 says that no reply is wanted."""
    ask.frame_silence(ether(ask, udp(ask, sport=0)), "drop_source")


@check("dst-port-54", "RFC 1035 §4.2.1", over=FRAMES)
def dst_port_54(ask):
    """Another port is no query."""
    ask.frame_silence(ether(ask, udp(ask, dport=54)), "drop_not_dns", is_taken=False)


@check("ttl-1-for-us", "RFC 1122 §3.2.1.7", over=FRAMES)
def ttl_1(ask):
    """A query that has arrived may have used up its hops."""
    for ttl in (1, 0):
        answered(ask, ether(ask, udp(ask, **{"ttl" if ask.family == 4 else "hop_limit": ttl})))


@check("udp-empty-payload", "RFC 1035 §4.1.1", over=FRAMES)
def udp_empty(ask):
    """A datagram of nothing is dropped."""
    ask.frame_silence(ether(ask, udp(ask, b"")), "drop_runt")


@check("udp-11-bytes", "RFC 1035 §4.1.1", over=FRAMES)
def udp_11_bytes(ask):
    """A datagram below a DNS header is dropped, padded to an Ethernet frame or not."""
    ask.frame_silence(ether(ask, udp(ask, query()[:11])), "drop_runt")
    ask.frame_silence(ether(ask, udp(ask, query()[:11])).ljust(60, b"\0"), "drop_runt")


@check("frame-cut-in-ip-header", "RFC 791 §3.1, RFC 8200 §3", over=FRAMES)
def cut_in_ip(ask):
    """A frame that ends in its IP header is dropped."""
    ask.frame_silence(ether(ask, udp(ask)[:udp_at(ask) - 1]), "drop_frame", is_taken=False)


@check("frame-cut-in-udp-header", "RFC 768", over=FRAMES)
def cut_in_udp(ask):
    """A packet that ends in its UDP header is dropped."""
    cut = udp(ask)[udp_at(ask):][:7]
    packet = ask.link.ipv4(cut) if ask.family == 4 else ask.link.ipv6(cut)
    ask.frame_silence(ether(ask, packet), "drop_udp_length", is_taken=False)


@check("ethertype-unknown", "RFC 894", over=FRAMES)
def ethertype_unknown(ask):
    """A frame of another kind is no query, though one be in it."""
    ask.frame_silence(ask.link.ethernet(0x88b5, udp(ask)), "drop_not_dns", is_taken=False)


@check("vlan-tag-99", "practice", over=FRAMES)
def vlan_99(ask):
    """A tag that the port does not name is somebody else's network: alone, outside, inside, and three of them."""
    frame = ether(ask, udp(ask))
    for tags in ([(CTAG, 99)], [(CTAG, 300)], [(STAG, 300), (CTAG, 99)], [(STAG, 100), (CTAG, 300)],
                 [(STAG, 300), (CTAG, 100), (CTAG, 100)]):
        ask.frame_silence(tagged(frame, *tags), "drop_vlan", is_taken=False)


@check("vlan-answered-where-it-asked", "practice", over=FRAMES)
def vlan_answered(ask):
    """A query in a VLAN that the port names is answered in it, with the priority it came with, not drop-eligible."""
    frame = ether(ask, udp(ask))
    for tags in ([(CTAG, 100)], [(CTAG, 0xb064)], [(CTAG, 300), (CTAG, 100)], [(STAG, 100)], [(STAG, 300), (CTAG, 100)],
                 [(STAG, 0xb12c), (CTAG, 0x7064)]):
        received = answered(ask, tagged(frame, *tags))
        if ask.link.has_kernel and not ask.link.has_filter:  # AF_PACKET: DPDK's driver does not tell the outer one's type
            tags[0] = (CTAG, tags[0][1])
        wanted = b"".join(struct.pack(">HH", kind, tci & ~0x1000) for kind, tci in tags)
        if received[12:12 + len(wanted)] != wanted:
            raise Bad(f"tags {received[12:12 + len(wanted)].hex()}, not {wanted.hex()}")


@check("vlan-priority-tag-alone", "practice", over=FRAMES)
def vlan_priority(ask):
    """A tag with VID 0 says a priority and no VLAN."""
    answered(ask, tagged(ether(ask, udp(ask)), (CTAG, 0x6000)))


@check("tos-ecn-bits", "RFC 8085 §3.1.7, RFC 6437 §3", over=FRAMES)
def tos_ecn(ask):
    """DSCP, ECN and the flow label of a query are none of the reply's."""
    fields = {"tos": 0xff} if ask.family == 4 else {"traffic_class": 0xff, "flow": 0xfffff}
    answered(ask, ether(ask, udp(ask, **fields)))


def reply_to(ask, wire, **macs):
    """The frame that answers a right query, with right headers."""
    frame = ether(ask, udp(ask, wire), **macs)
    received, _ = ask.frame(frame, wire)
    expect_reply_headers(ask, frame, received)
    return received


def queries_of_all_lengths():
    """Their replies are odd and even in length, from a few words to all there may be."""
    return [query(f"{'n' * count}.www.dns.test.") for count in range(1, 18)] + [
        query("s1100.dns.test.", "TXT"), query("s1400.dns.test.", "TXT"), query("example.org.", edns=False)]


@check("reply-ip-checksum-right", "RFC 791 §3.1", over=FRAMES)
def reply_ip_checksum(ask):
    """The header checksum of a reply is right, whatever its length; there is none over IPv6."""
    if ask.family == 4:
        for wire in queries_of_all_lengths():
            reply_to(ask, wire)


@check("reply-udp-checksum-right", "RFC 768, RFC 8200 §8.1", over=FRAMES, same=False)
def reply_udp_checksum(ask):
    """So is the datagram's; one that is computed as zero, which would mean none, goes out as all ones."""
    for wire in queries_of_all_lengths():
        at, _ = packet_at(received := reply_to(ask, wire))
        (field,) = struct.unpack_from(">H", received, at + udp_at(ask) + 6)
        # The ID that makes the sum 0xffff, and so the checksum 0 (RFC 1624: adding moves the sum by as much).
        ident = struct.unpack_from(">H", wire)[0] + field
        zero = struct.pack(">H", (ident & 0xffff) + (ident >> 16)) + wire[2:]
        if reply_to(ask, zero)[at + udp_at(ask) + 6:][:2] != b"\xff\xff":
            raise Bad("a checksum of zero")


@check("reply-to-the-asking-mac", "practice", over=FRAMES)
def reply_mac(ask):
    """A reply goes to the MAC that asked, whoever the address is thought to belong to: routers come in pairs."""
    for mac in (ask.link.client_mac, STRANGER, b"\0\0\x5e\0\1\1"):
        reply_to(ask, query(), src=mac)


@check("reply-not-fragmented", "RFC 9715 §3", over=FRAMES)
def not_fragmented(ask):
    """A reply of the largest size goes in one packet that may not be fragmented."""
    if len(received := reply_to(ask, query("s1100.dns.test.", "TXT"))) < 1100:
        raise Bad(f"{len(received)} bytes")


@check("icmp-frag-needed-no-harm", "RFC 9715 §3", over=FRAMES)
def frag_needed(ask):
    """Whoever says that our packets are too big, the next reply is as it was; the kernel socket's beside AF_XDP too."""
    wire = query("s1100.dns.test.", "TXT")
    before = reply_to(ask, wire)
    for mtu in (0, 68, 576, 1279, 1280):
        said = ether(ask, too_big(ask, before[14:14 + 48], mtu))
        ask.link.drain()
        ask.link.send(said)
        ask.link.expect_left(said)
        if not ask.link.has_filter:  # to a worker that gets it, it is no query
            ask.expected["drop_not_dns"] += 1
        if reply_to(ask, wire) != before:
            raise Bad(f"another reply after an MTU of {mtu}")
        if ask.link.has_filter:
            for frame in ask.link.kernel_query_frames(wire, ask.family):
                ask.link.send(frame)
            received = ask.link.receive(lambda frame: (dns_of(frame) or b"")[:2] == wire[:2])
            if dns_of(received) != dns_of(before) or is_fragment_of_ipv4(received):
                raise Bad(f"the kernel socket's reply after an MTU of {mtu}: {received.hex()}")


def too_big(ask, quoted, mtu):
    if ask.family == 4:
        message = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + quoted
        return ask.link.ipv4(message[:2] + struct.pack(">H", checksum(message)) + message[4:], protocol=ICMP)
    message = struct.pack(">BBHI", 2, 0, 0, mtu) + quoted
    pseudo = ask.link.client6 + ask.link.server6 + struct.pack(">II", len(message), 58)
    return ask.link.ipv6(message[:2] + struct.pack(">H", checksum(pseudo + message)) + message[4:], next_header=58)


def arp(ask, operation=1, lengths=(6, 4)):
    return ask.link.ethernet(ETH_P_ARP, struct.pack(">HHBBH", 1, ETH_P_IP, *lengths, operation) + ask.link.client_mac +
                             ask.link.client4 + bytes(6) + ask.link.server4, dst=BROADCAST)


@check("arp-request-answered", "RFC 826", over=FRAMES)
def arp_request(ask):
    """Beside AF_XDP and AF_PACKET the kernel answers ARP; to a port alone it is no query."""
    if not ask.link.has_kernel:
        ask.frame_silence(arp(ask), "drop_not_dns", is_taken=False)
        return
    ask.link.send(arp(ask))
    reply = ask.link.receive(lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x02")
    if reply[22:32] != ask.link.server_mac + ask.link.server4:
        raise Bad(f"ARP says {reply[22:32].hex()}")


@check("arp-cut", "RFC 826", over=FRAMES)
def arp_cut(ask):
    """ARP cut anywhere does no harm."""
    for length in (14, 15, 21, 28, 41):
        ask.frame_silence(arp(ask)[:length], "drop_not_dns", is_taken=False)


@check("arp-lengths-255", "RFC 826", over=FRAMES)
def arp_lengths(ask):
    """Neither does ARP whose address lengths lie."""
    ask.frame_silence(arp(ask, lengths=(255, 255)), "drop_not_dns", is_taken=False)


@check("icmp-echo-answered", "RFC 1122 §3.2.2.6", over=FRAMES)
def icmp_echo(ask):
    """Beside AF_XDP and AF_PACKET the kernel answers a ping; to a port alone it is no query."""
    if ask.family == 6:
        return
    message = struct.pack(">BBHHH", 8, 0, 0, 77, 1) + b"meridian"
    frame = ether(ask, ask.link.ipv4(message[:2] + struct.pack(">H", checksum(message)) + message[4:], protocol=ICMP))
    if not ask.link.has_kernel:
        ask.frame_silence(frame, "drop_not_dns", is_taken=False)
        return
    ask.link.send(frame)
    ask.link.receive(lambda f: f[12:14] == b"\x08\0" and f[23] == ICMP and f[34] == 0 and f[42:50] == b"meridian")


@check("tcp-offset-1-no-harm", "RFC 9293 §3.1", over=FRAMES)
def tcp_offset_1(ask):
    """A TCP segment whose header is shorter than the least does no harm."""
    segment = struct.pack(">HHIIBBHHH", 40053, 53, 1, 0, 0x10, 2, 1024, 0, 0)
    packet = ask.link.ipv4(segment, protocol=TCP) if ask.family == 4 else ask.link.ipv6(segment, next_header=TCP)
    ask.frame_silence(ether(ask, packet), "drop_not_dns", is_taken=False)


@check("200-random-frames", "practice", over=FRAMES)
def random_frames(ask):
    """Frames of random bytes to our MAC, half of them as IP, do no harm, and each counts once or is the kernel's."""
    draw = random.Random(200)
    ask.frames_no_harm([ether(ask, draw.randbytes(draw.randrange(1, 1400))) if number % 2 else
                        ask.link.ethernet(draw.randrange(65536), draw.randbytes(draw.randrange(1400)))
                        for number in range(200)])


@check("2000-mutated-frames", "practice", over=FRAMES)
def mutated_frames(ask):
    """Right frames with a few bytes changed do no harm, and each counts once or is the kernel's."""
    draw = random.Random(2000 + ask.family)
    frames = []
    for _ in range(2000):
        frame = bytearray(ether(ask, udp(ask)))
        for _ in range(draw.randrange(1, 4)):
            frame[draw.randrange(12, len(frame))] = draw.randrange(256)
        frames.append(bytes(frame[:draw.randrange(14, len(frame))] if draw.randrange(8) == 0 else frame))
    ask.frames_no_harm(frames)
