"""DNS over TCP: RFC 7766 and RFC 9210."""
import socket
import struct

from tests.conformance.check import BOTH, TCP, check
from tests.conformance.message import KEEPALIVE, QR, Bad, header, option, query

WWW = ["www.dns.test. 300 A 192.0.2.80"]
IDLE = 200  # connections; more than one client may have by default, so some are closed for others


def framed(wire):
    return struct.pack(">H", len(wire)) + wire


def receive(sock):
    """The next message, or None at the connection's end, RST included."""
    data = b""
    try:
        while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
            more = sock.recv(2 - len(data) if len(data) < 2 else 2 + int.from_bytes(data[:2], "big") - len(data))
            if not more:
                if data:
                    raise Bad(f"closed in the middle of a message: {data.hex()}")
                return None
            data += more
    except ConnectionResetError:
        return None
    except TimeoutError:
        raise Bad("no message, and no end of the connection") from None
    return data[2:]


def expect_www(ask, sock, wire):
    received = receive(sock)
    if received is None:
        raise Bad("the connection has ended")
    return ask.read(wire, received).expect(an=WWW)


def expect_end(sock):
    received = receive(sock)
    if received is not None:
        raise Bad(f"answered by {received.hex()}")


def expect_still_served(ask):
    """A new connection of the same client is answered."""
    with ask.connect() as sock:
        wire = query(ident=ask.next_id())
        sock.sendall(framed(wire))
        expect_www(ask, sock, wire)


@check("tcp-same-answer", "RFC 7766 §5", over=BOTH)
def same_answer(ask):
    """The answer over TCP is that over UDP, byte for byte, where that is not truncated."""
    for qname, qtype in (("dns.test.", "SOA"), ("www.dns.test.", "A"), ("many.dns.test.", "A"), ("s1100.dns.test.", "TXT"),
                         ("alias.dns.test.", "A"), ("x.wild.dns.test.", "A"), ("www.in.dns.test.", "A"),
                         ("no.www.dns.test.", "A"), ("www.dns.test.", "MX"), ("mx.dns.test.", "MX"),
                         ("www.example.org.", "A"), ("version.bind.", "TXT")):
        ask.query(qname, qtype, qclass=3 if qname == "version.bind." else 1)


@check("tcp-big", "RFC 7766 §8, RFC 1035 §4.2.2", over=TCP)
def big(ask):
    """An answer of 58,000 bytes comes whole, whatever UDP size the OPT says, and whole again on the same connection."""
    for fields in ({}, {"size": 512}, {"edns": False}):
        reply = ask.query("s60000.dns.test.", "TXT", **fields).expect(tc=False, aa=True)
        if len(reply.wire) < 58_000 or len(reply.answer) != 1:
            raise Bad(f"{len(reply.wire)} bytes, {len(reply.answer)} records")


@check("tcp-largest-query", "RFC 1035 §4.2.2", over=TCP)
def largest_query(ask):
    """A query of 65,535 bytes, nearly all of them behind its last record, is read to its end and answered."""
    for length in (65535, 65534, 513):
        wire = query(ident=ask.next_id())
        ask.send(wire + bytes(length - len(wire))).expect(an=WWW)


@check("tcp-byte-by-byte", "RFC 7766 §8", over=TCP)
def byte_by_byte(ask):
    """Length and message may come in segments of one byte."""
    wire = query(ident=ask.next_id())
    ask.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in framed(wire):
        ask.socket().send(bytes([byte]))
    expect_www(ask, ask.socket(), wire)


@check("tcp-pipelined-32", "RFC 7766 §6.2.1.1", over=TCP)
def pipelined(ask):
    """Thirty-two queries in one segment: each is answered once, with its own ID."""
    wires = [query(ident=ask.next_id()) for _ in range(32)]
    ask.socket().sendall(b"".join(map(framed, wires)))
    replies = {}
    for _ in wires:
        received = receive(ask.socket()) or b""
        replies[received[:2]] = received
    for wire in wires:
        if wire[:2] not in replies:
            raise Bad(f"no reply to {wire.hex()}")
        ask.read(wire, replies[wire[:2]]).expect(an=WWW)


@check("tcp-pipelined-split", "RFC 7766 §8", over=TCP)
def pipelined_split(ask):
    """Segments may end anywhere: in a length, in a message, behind one and a half."""
    for cut in (1, 2, 3, 30, 50):
        wires = [query(ident=ask.next_id()) for _ in range(3)]
        stream = b"".join(map(framed, wires))
        ask.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(stream), cut):
            ask.socket().send(stream[at:at + cut])
        for wire in wires:
            expect_www(ask, ask.socket(), wire)


@check("tcp-pipelined-refused", "RFC 7766 §6.2.1", over=TCP)
def pipelined_refused(ask):
    """An error is one query's: what is pipelined behind FORMERR, NOTIMP and REFUSED is answered."""
    wires = [header(ident=ask.next_id(), counts=(2, 0, 0, 0)), header(0x1000, (0, 0, 0, 0), ask.next_id()),
             query("www.example.org.", ident=ask.next_id()), query(ident=ask.next_id())]
    ask.socket().sendall(b"".join(map(framed, wires)))
    for wire, rcode in zip(wires, ("FORMERR", "NOTIMP", "REFUSED", "NOERROR")):
        ask.read(wire, receive(ask.socket()) or b"").expect(rcode=rcode)


@check("tcp-reuse", "RFC 7766 §6.2.1", over=TCP)
def reuse(ask):
    """A connection is kept for the next query."""
    before = ask.socket()
    for _ in range(50):
        ask.query(qtype="A").expect(an=WWW)
    if ask.socket() is not before:
        raise Bad("another connection")


@check("tcp-length-zero-no-harm", "practice", over=TCP)
def length_zero(ask):
    """A message of no bytes is no DNS: what came before is answered, the connection ends, others go on."""
    wire = query(ident=ask.next_id())
    with ask.connect() as other:
        ask.socket().sendall(framed(wire) + b"\0\0" + framed(wire))
        expect_www(ask, ask.socket(), wire)
        expect_end(ask.socket())
        ask.expected["drop_runt"] += 1
        other.sendall(framed(wire))
        expect_www(ask, other, wire)


@check("tcp-lying-length", "practice", over=TCP)
def lying_length(ask):
    """A length above what is sent: what came before is answered, the rest has no answer, nobody else waits."""
    wire = query(ident=ask.next_id())
    for lie in (len(wire) + 1, 65535):
        with ask.connect() as liar:
            liar.sendall(framed(wire) + struct.pack(">H", lie) + wire)
            expect_www(ask, liar, wire)
            expect_still_served(ask)
            liar.shutdown(socket.SHUT_WR)
            expect_end(liar)


@check("tcp-short-length", "practice", over=TCP)
def short_length(ask):
    """A length below what is sent: the message is what the length says, and what follows is read as the next."""
    wire = query(edns=False, ident=ask.next_id())
    sock = ask.socket()
    sock.sendall(struct.pack(">H", len(wire) - 1) + wire)
    ask.read(wire, receive(sock) or b"").expect(rcode="FORMERR")
    # What is left is the class's last byte, 1: with the next it is a length of 256.
    rest = query(ident=ask.next_id())
    sock.sendall(b"\0" + rest + bytes(256 - len(rest)))
    expect_www(ask, sock, rest)


@check("tcp-half-close", "RFC 7766 §6.2.4, RFC 9210 §4.3", over=TCP)
def half_close(ask):
    """Who has asked and closed its sending half gets every answer, then the end."""
    wires = [query(ident=ask.next_id()) for _ in range(3)]
    ask.socket().sendall(b"".join(map(framed, wires)))
    ask.socket().shutdown(socket.SHUT_WR)
    for wire in wires:
        expect_www(ask, ask.socket(), wire)
    expect_end(ask.socket())


@check("tcp-half-close-big", "RFC 7766 §6.2.4", over=TCP)
def half_close_big(ask):
    """The same when the answers are more than a socket takes at once."""
    wires = [query("s60000.dns.test.", "TXT", ident=ask.next_id()) for _ in range(10)]
    ask.socket().sendall(b"".join(map(framed, wires)))
    ask.socket().shutdown(socket.SHUT_WR)
    for wire in wires:
        if len(ask.read(wire, receive(ask.socket()) or b"").expect(aa=True).wire) < 58_000:
            raise Bad("not whole")
    expect_end(ask.socket())


@check("tcp-keepalive-option", "RFC 7828 §3.3.2", over=TCP)
def keepalive(ask):
    """Who sends edns-tcp-keepalive is told how long the connection may be idle: 10 s; who does not is told nothing."""
    told = ask.query("www.dns.test.", "A", option(KEEPALIVE)).expect(an=WWW).options(KEEPALIVE)
    if told != [struct.pack(">H", 100)]:
        raise Bad(told)
    if ask.query().options(KEEPALIVE):
        raise Bad("told without being asked")


@check("tcp-garbage-does-not-kill", "practice", over=TCP)
def garbage(ask):
    """What is no DNS at all (HTTP, TLS, noise) has no answer; meanwhile and after it others have."""
    # All but the third begin with the length of a message that never comes.
    for noise in (b"GET / HTTP/1.1\r\nHost: dns\r\n\r\n", bytes.fromhex("16030100050100000100"),
                  bytes(range(256)), b"\xff" * 5000):
        with ask.connect() as sock:
            sock.sendall(noise)
            expect_still_served(ask)
            if noise[:2] == b"\0\1":
                ask.expected["drop_runt"] += 1
            else:
                sock.shutdown(socket.SHUT_WR)
            expect_end(sock)


@check("tcp-200-idle-conns", "RFC 7766 §6.2.2, RFC 9210 §4.2", over=TCP)
def idle_connections(ask):
    """Two hundred connections of one client that ask nothing keep nobody from being answered, that client least."""
    idle = [ask.connect() for _ in range(IDLE)]
    try:
        expect_still_served(ask)
        wire = query(ident=ask.next_id())
        idle[-1].sendall(framed(wire))
        expect_www(ask, idle[-1], wire)
    finally:
        for sock in idle:
            sock.close()


@check("tcp-axfr-refused-or-complete", "RFC 5936 §2.2.1", over=TCP)
def axfr(ask):
    """A transfer is refused whole, and the connection goes on."""
    for qtype in ("AXFR", "IXFR"):
        ask.query("dns.test.", qtype).expect(rcode="REFUSED")
    ask.query().expect(an=WWW)


@check("tcp-response-bit", "practice", over=TCP)
def response_bit(ask):
    """A response is never answered: two servers must not talk to each other. The connection ends."""
    wire = query(ident=ask.next_id())
    ask.socket().sendall(framed(wire) + framed(query(flags=QR)) + framed(wire))
    expect_www(ask, ask.socket(), wire)
    expect_end(ask.socket())
    ask.expected["drop_response"] += 1


@check("tcp-slow-reader", "practice", over=TCP)
def slow_reader(ask):
    """Who asks for megabytes and does not read keeps nobody waiting; when it reads at last, each answer is there."""
    wires = [query("s60000.dns.test.", "TXT", ident=number) for number in range(60)]
    ask.socket().sendall(b"".join(map(framed, wires)))
    for _ in range(20):
        expect_still_served(ask)
    for wire in wires:
        if len(ask.read(wire, receive(ask.socket()) or b"").expect(aa=True).wire) < 58_000:
            raise Bad("not whole")
