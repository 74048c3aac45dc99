"""Whole frames: what a check of frames sends and receives where packets arrive, beneath the kernel's own stack."""
import socket
import struct
import time

from tests.conformance.message import Bad
from tests.lib import programs

ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6, PACKET_OUTGOING = 3, 0x0800, 0x0806, 0x86dd, 4
CTAG, STAG = 0x8100, 0x88a8
SOL_PACKET, PACKET_AUXDATA = 263, 8
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6  # of struct tpacket_auxdata's status
ICMP, TCP, UDP, FRAGMENT, DESTINATION_OPTIONS = 1, 6, 17, 44, 60
PORT = 40053  # every frame's source port unless it says otherwise
TIMEOUT_S = 10.0


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Link:
    """One interface of the client at whose other end the port under test is. `has_filter`: an XDP program stands before
    it, which leaves to the kernel what is not plainly ours. `has_kernel`: a kernel listens there too, for ARP and ICMP;
    where none does the port takes frames to any MAC, for there is nobody else. `has_joined_ipv4`: the kernel puts IPv4
    fragments together before the port sees them. `left_to`: (namespace, interface) of the port under a filter; what the
    filter leaves to the kernel there is seen."""

    def __init__(self, namespace, interface, server_mac, client=(programs.CLIENT4, programs.CLIENT6),
                 server=(programs.SERVER4, programs.SERVER6), has_filter=False, has_kernel=True,
                 has_joined_ipv4=False, left_to=None):
        self.interface = interface
        self.has_filter, self.has_kernel, self.has_joined_ipv4 = has_filter, has_kernel, has_joined_ipv4
        self.socket = frame_socket(namespace, interface)
        self.tap = frame_socket(*left_to) if left_to else None
        self.client_mac = self.socket.getsockname()[4]
        self.server_mac = bytes.fromhex(server_mac.replace(":", ""))
        self.client4, self.client6 = (socket.inet_pton(f, a) for f, a in
                                      zip((socket.AF_INET, socket.AF_INET6), client))
        self.server4, self.server6 = (socket.inet_pton(f, a) for f, a in
                                      zip((socket.AF_INET, socket.AF_INET6), server))
        # Never read: without them the client's kernel would answer each reply by an ICMP error.
        self._held = []
        for family, address in ((socket.AF_INET, ""), (socket.AF_INET6, "::")):
            held = namespace.socket(family, socket.SOCK_DGRAM)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # another link of this namespace holds it too
            if family == socket.AF_INET6:
                held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            held.bind((address, PORT))
            self._held.append(held)

    # Building: every field can be said otherwise; lengths and checksums are right unless given.

    def ethernet(self, ethertype, payload, dst=None, src=None):
        return (dst or self.server_mac) + (src or self.client_mac) + struct.pack(">H", ethertype) + payload

    def udp4(self, payload, *, sport=PORT, dport=53, udp_length=None, udp_checksum=None, dst=None, src=None,
             **ip_fields):
        src, dst = src or self.client4, dst or self.server4
        length = 8 + len(payload) if udp_length is None else udp_length
        if udp_checksum is None:
            pseudo = src + dst + struct.pack(">BBH", 0, UDP, length)
            udp_checksum = checksum(pseudo + struct.pack(">4H", sport, dport, length, 0) + payload) or 0xffff
        datagram = struct.pack(">4H", sport, dport, length, udp_checksum) + payload
        return self.ipv4(datagram, src=src, dst=dst, **ip_fields)

    def ipv4(self, payload, *, src=None, dst=None, version=4, ihl=None, options=b"", total_length=None, tos=0, ident=0,
             fragment=0, ttl=64, protocol=UDP, header_checksum=None):
        """`fragment` is the field of flags and offset. Returns the packet; ethernet() makes a frame of it."""
        ihl = 5 + len(options) // 4 if ihl is None else ihl
        total = 20 + len(options) + len(payload) if total_length is None else total_length
        head = struct.pack(">BBHHHBBH", version << 4 | ihl, tos, total, ident, fragment, ttl, protocol, 0)
        head += (src or self.client4) + (dst or self.server4) + options
        if header_checksum is None:
            header_checksum = checksum(head)
        return head[:10] + struct.pack(">H", header_checksum) + head[12:] + payload

    def udp6(self, payload, *, sport=PORT, dport=53, udp_length=None, udp_checksum=None, dst=None, src=None,
             **ip_fields):
        src, dst = src or self.client6, dst or self.server6
        length = 8 + len(payload) if udp_length is None else udp_length
        if udp_checksum is None:
            pseudo = src + dst + struct.pack(">IHBB", length, 0, 0, UDP)
            udp_checksum = checksum(pseudo + struct.pack(">4H", sport, dport, length, 0) + payload) or 0xffff
        datagram = struct.pack(">4H", sport, dport, length, udp_checksum) + payload
        return self.ipv6(datagram, src=src, dst=dst, **ip_fields)

    def ipv6(self, payload, *, src=None, dst=None, version=6, traffic_class=0, flow=0, payload_length=None,
             next_header=UDP, hop_limit=64):
        length = len(payload) if payload_length is None else payload_length
        return (struct.pack(">IHBB", version << 28 | traffic_class << 20 | flow, length, next_header, hop_limit) +
                (src or self.client6) + (dst or self.server6) + payload)

    def query_frame(self, payload, family=4, **fields):
        """A right frame with a DNS message in it."""
        if family == 4:
            return self.ethernet(ETH_P_IP, self.udp4(payload, **fields))
        return self.ethernet(ETH_P_IPV6, self.udp6(payload, **fields))

    def kernel_query_frames(self, payload, family):
        """A right query that an XDP program leaves to the kernel: in two fragments, or behind an options header."""
        if family == 4:
            packet = self.udp4(payload)
            return [self.ethernet(ETH_P_IP, self.ipv4(packet[20:36], fragment=0x2000, ident=PORT)),
                    self.ethernet(ETH_P_IP, self.ipv4(packet[36:], fragment=2, ident=PORT))]
        return [self.ethernet(ETH_P_IPV6, self.ipv6(bytes((UDP, 0, 1, 4, 0, 0, 0, 0)) + self.udp6(payload)[40:],
                                                    next_header=DESTINATION_OPTIONS))]

    # Sending and receiving.

    def drain(self):
        """Forgets what has come until now, here and at the kernel's."""
        frames_in(self.socket)
        if self.tap is not None:
            frames_in(self.tap)

    def expect_left(self, frame):
        """The filter leaves this frame, sent just now, to the kernel, byte for byte. Without a filter nothing is said."""
        if self.tap is not None:
            receive_from(self.tap, lambda found: found == frame, "is left to the kernel")

    def left_frames(self):
        """What the filter has left to the kernel since this was last asked."""
        return frames_in(self.tap) if self.tap is not None else []

    def send(self, frame):
        self.socket.send(frame)

    def receive(self, is_wanted):
        """The first frame that comes in of which is_wanted(frame) is true."""
        return receive_from(self.socket, is_wanted, "comes back")

    def close(self):
        for held in (self.socket, self.tap, *self._held):
            if held is not None:
                held.close()


def frame_socket(namespace, interface):
    """Sees every frame of an interface; tags that the kernel takes off are told apart (with_tag)."""
    made = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    made.bind((interface, ETH_P_ALL))
    made.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return made


def next_frame(sock):
    """(frame as it was on the wire, whether it came in)."""
    frame, control, _, address = sock.recvmsg(65535, 256)
    return with_tag(frame, control), address[2] != PACKET_OUTGOING


def frames_in(sock):
    """What has come in until now."""
    frames = []
    sock.setblocking(False)
    try:
        while True:
            frame, is_incoming = next_frame(sock)
            if is_incoming:
                frames.append(frame)
    except BlockingIOError:
        sock.setblocking(True)
    return frames


def receive_from(sock, is_wanted, what):
    """The first frame that comes in of which is_wanted(frame) is true."""
    deadline = time.monotonic() + TIMEOUT_S
    while (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            frame, is_incoming = next_frame(sock)
        except TimeoutError:
            break
        if is_incoming and is_wanted(frame):
            return frame
    raise Bad(f"no frame {what} in {TIMEOUT_S} s")


def tagged(frame, *tags):
    """With tags (type, TCI) behind its addresses, the outer one first."""
    return frame[:12] + b"".join(struct.pack(">HH", *tag) for tag in tags) + frame[12:]


def with_tag(frame, control):
    """The frame as it was on the wire: the kernel has taken its outer tag off."""
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = struct.unpack("=3I4H", data[:20])
            if status & VLAN_VALID:
                return frame[:12] + struct.pack(">HH", tpid if status & VLAN_TPID_VALID else CTAG, tci) + frame[12:]
    return frame


def packet_at(frame):
    """Where the packet behind the tags begins, and its ethertype."""
    at = 14
    while struct.unpack_from(">H", frame, at - 2)[0] in (CTAG, STAG):
        at += 4
    return at, struct.unpack_from(">H", frame, at - 2)[0]


def is_fragment_of_ipv4(frame):
    return frame[12:14] == b"\x08\0" and len(frame) >= 22 and struct.unpack_from(">H", frame, 20)[0] & 0x3fff != 0


def dns_of(frame):
    """The DNS message in a frame from port 53, or None: UDP over IPv4 without options, or over IPv6."""
    ip, ethertype = packet_at(frame)
    at = ip + {ETH_P_IP: 20, ETH_P_IPV6: 40}.get(ethertype, 0)
    if at == ip or len(frame) < at + 8 or frame[ip + (9 if at == ip + 20 else 6)] != UDP:
        return None
    sport, _, length, _ = struct.unpack_from(">4H", frame, at)
    return frame[at + 8:at + length] if sport == 53 else None
