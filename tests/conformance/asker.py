"""Where a check asks: one server, over one transport and one address family.

Every reply that passes here must be a reply to its query in the first place, have no bit set that an authoritative
server never sets, no record twice, and be no larger than it may. What each message must be counted as is noted, for the
suite to compare with the counters.
"""
import collections
import socket
import struct
import zlib

from tests.conformance import message
from tests.conformance.check import TCP
from tests.conformance.link import dns_of, is_fragment_of_ipv4
from tests.conformance.message import AD, QR, RA, TC, Z, Bad, Reply

TIMEOUT_S = 10.0      # a reply that does not come in this time is none; only ever waited for by a failing check
SENTINEL_ID = 0xfeed
SENTINEL = message.query("sentinel.dns.test.", "TXT", edns=False, ident=SENTINEL_ID)
# More than any resolver keeps in flight; less than socket buffers and receive rings hold.
WINDOW = 64

VERDICTS = {"NOERROR": "noerror", "NXDOMAIN": "nxdomain", "YXDOMAIN": "yxdomain", "REFUSED": "refused",
            "FORMERR": "formerr", "NOTIMP": "notimp", "BADVERS": "badvers", "NOTAUTH": "notauth",
            "BADCOOKIE": "badcookie"}


def verdict_of(reply):
    if reply.has(TC):
        return "truncated"
    if reply.rcode_text not in VERDICTS:
        raise Bad(f"rcode {reply.rcode_text} is no verdict's")
    return VERDICTS[reply.rcode_text]


def check_reply(wire, reply):
    """What holds of any reply to `wire`, whatever it says."""
    if reply.wire[:2] != wire[:2]:
        raise Bad("another ID")
    if not reply.has(QR) or (reply.flags ^ struct.unpack_from(">H", wire, 2)[0]) & 0x7800:
        raise Bad("not a reply, or to another opcode")
    if reply.flags & (RA | Z | AD):
        raise Bad(f"RA, Z or AD is set: {reply.flags:#06x}")
    if reply.counts[0] > 1 or not wire[12:].startswith(reply.question):
        raise Bad("the question is not echoed as it was asked")
    texts = [(item.rdtype, item.text().lower()) for item in reply.answer + reply.authority]
    if len(texts) != len(set(texts)):
        raise Bad("a record twice")


class Arrivals:
    """Where frames that were sent have gone: to the worker, or by the filter to the kernel."""

    def __init__(self, link, frames):
        self.link, self.frames, self.ask_cnt, self._left = link, frames, 0, collections.Counter()

    def look(self):
        """Must be called often: the kernel's socket holds only so many."""
        self._left.update(self.link.left_frames())

    def is_right(self, received):
        """Whether the worker's count fits what was sent. Behind a filter exactly what is not the kernel's; elsewhere
        there is no filter, but there may be frames of others, and IPv4 fragments that wait in the kernel."""
        self.look()
        if self.link.tap is not None:
            left = sum((self._left & collections.Counter(self.frames)).values())
            return received == len(self.frames) + self.ask_cnt - left
        kept = sum(is_fragment_of_ipv4(frame) for frame in self.frames) if self.link.has_joined_ipv4 else 0
        return received >= len(self.frames) + self.ask_cnt - kept


class Asker:
    """`namespace` and `servers` ({4: address, 6: address}) say whom; `link` is for frames (tests/conformance/link.py)
    and None elsewhere."""

    def __init__(self, check, transport, family, namespace, servers, link=None):
        self.check, self.transport, self.family = check, transport, family
        self.link = link
        self.replies = []                        # of udp and tcp, in order: compared between transports
        self.expected = collections.Counter()    # verdicts
        self.answered_cnt = None                 # where not they are known, but how many are of answers
        self.received = None                     # Arrivals, where frames were sent of which some are answered
        self._namespace, self._server = namespace, servers[family]
        self._socket = None
        self._asked = 0

    @property
    def is_tcp(self):
        return self.transport == TCP

    # What checks call.

    def query(self, qname="www.dns.test.", qtype="A", *options, verdict=None, **fields):
        """Asks as message.query() builds it, with an ID of its own; returns the Reply."""
        fields.setdefault("ident", self.next_id())
        return self.send(message.query(qname, qtype, *options, **fields), verdict)

    def send(self, wire, verdict=None):
        """Sends any bytes, returns the Reply; there must be one. It counts as what it says, or as `verdict`."""
        reply = self.read(wire, self._exchange(wire), verdict)
        self.replies.append(reply.wire)
        return reply

    def silence(self, wire, verdict):
        """Sends any bytes, to which nothing may be said: over UDP a question that is sent behind them is answered
        first, over TCP the connection ends without a byte."""
        self.expected[verdict] += 1
        if self.is_tcp:
            self.close()
            sock = self.socket()
            sock.sendall(struct.pack(">H", len(wire)) + wire)
            sock.shutdown(socket.SHUT_WR)
            if received := sock.recv(65537):
                raise Bad(f"answered by {received.hex()}")
            self.close()
            return
        self.socket().send(wire)
        if (received := self._exchange(SENTINEL))[:2] != SENTINEL[:2]:
            raise Bad(f"answered by {received.hex()}")
        self.expected["noerror"] += 1

    def silence_all(self, wires, verdict):
        """The same of many over UDP, a window of them before each question that is answered."""
        for first in range(0, len(wires), WINDOW):
            window = wires[first:first + WINDOW]
            for wire in window[:-1]:
                self.socket().send(wire)
            self.expected[verdict] += len(window) - 1
            self.silence(window[-1], verdict)

    def flood(self, wires, verdict=None):
        """Sends many messages, a window in flight at a time, and yields (wire, Reply) in the order of the wires.
        Those in one window have different IDs. The replies are not compared between transports one by one."""
        for wire, received in self.flood_raw(wires):
            yield wire, self.read(wire, received, verdict)

    def flood_raw(self, wires):
        """The same with replies as bytes: each must be given to read(), or count() must be told what it is like."""
        for first in range(0, len(wires), WINDOW):
            window = wires[first:first + WINDOW]
            if self.is_tcp:
                self.socket().sendall(b"".join(struct.pack(">H", len(wire)) + wire for wire in window))
            else:
                for wire in window:
                    self.socket().send(wire)
            found = {received[:2]: received for received in (self._receive() for _ in window)}
            for wire in window:
                if wire[:2] not in found:
                    raise Bad(f"no reply to {wire.hex()}")
                yield wire, found[wire[:2]]

    def read(self, wire, received, verdict=None):
        """The Reply to `wire`, looked at and counted."""
        reply = Reply(received)
        check_reply(wire, reply)
        self.count(reply, verdict)
        return reply

    def count(self, reply, verdict=None):
        self.expected[verdict or verdict_of(reply)] += 1

    def socket(self):
        """The socket of this check, connected to the server: for what no method here does."""
        if self._socket is None:
            self._socket = self.connect()
        return self._socket

    def connect(self):
        """Another socket connected to the server; the check closes it."""
        sock = self._namespace.socket(socket.AF_INET if self.family == 4 else socket.AF_INET6,
                                      socket.SOCK_STREAM if self.is_tcp else socket.SOCK_DGRAM)
        sock.settimeout(TIMEOUT_S)
        sock.connect((self._server, 53))
        return sock

    def next_id(self):
        """The same on every transport, so that replies can be compared."""
        self._asked += 1
        return zlib.crc32(f"{self.check.ident} {self._asked}".encode()) & 0x7fff  # below the sentinel's

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # Frames.

    def frame(self, frame, wire, verdict=None, is_taken=True):
        """Sends a frame that carries the query `wire`; returns (frame of the reply, Reply). `is_taken` False: an XDP
        program leaves it to the kernel, and a kernel socket answers."""
        self.link.send(frame)
        received = self.link.receive(lambda f: (dns_of(f) or b"")[:2] == wire[:2])
        counted = self.expected.copy()
        reply = self.read(wire, dns_of(received), verdict)
        if self.link.has_filter and not is_taken:
            self.expected = counted
            self.link.expect_left(frame)
        self.replies.append(reply.wire)
        return received, reply

    def frame_silence(self, frame, verdict, is_taken=True):
        """Sends a frame that nothing may be said to by DNS: a right one that follows, the same way, is answered first.
        `is_taken` False: an XDP program leaves the frame to the kernel, and the worker counts nothing. `verdict` None:
        neither does it come to a worker of any other port."""
        is_kernels = self.link.has_filter and not is_taken
        self.link.drain()
        self.link.send(frame)
        for right in (self.link.kernel_query_frames(SENTINEL, self.family) if is_kernels else
                      [self.link.query_frame(SENTINEL, self.family)]):
            self.link.send(right)
        received = dns_of(self.link.receive(lambda f: dns_of(f) is not None))
        if received[:2] != SENTINEL[:2]:
            raise Bad(f"answered by {received.hex()}")
        if is_kernels:
            self.link.expect_left(frame)
        else:
            self.expected["noerror"] += 1
        if not is_kernels and verdict is not None:
            self.expected[verdict] += 1

    def frames_no_harm(self, frames):
        """Sends many frames, of which some may be answered, a window of them before each question that is. What each
        counts as is not known: only that it counts once, that as many count as answered as were, and that each was
        received or is somebody else's (`received`)."""
        self.answered_cnt = 0

        def is_sentinel(frame):
            message = dns_of(frame)
            self.answered_cnt += message is not None
            return message is not None and message[:2] == SENTINEL[:2]
        self.link.drain()
        self.received = Arrivals(self.link, frames)
        for first in range(0, len(frames), WINDOW):
            for frame in frames[first:first + WINDOW]:
                self.link.send(frame)
            self.link.send(self.link.query_frame(SENTINEL, self.family))
            self.received.ask_cnt += 1
            self.link.receive(is_sentinel)
            self.received.look()

    # How.

    def _exchange(self, wire):
        self.socket().sendall((struct.pack(">H", len(wire)) if self.is_tcp else b"") + wire)
        return self._receive()

    def _receive(self):
        try:
            if not self.is_tcp:
                return self.socket().recv(65535)
            (length,) = struct.unpack(">H", self._receive_exactly(2))
            return self._receive_exactly(length)
        except TimeoutError:
            raise Bad(f"no reply in {TIMEOUT_S} s") from None

    def _receive_exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket().recv(count - len(data))
            if not more:
                self.close()
                raise Bad(f"closed after {len(data)} of {count} bytes")
            data += more
        return data
