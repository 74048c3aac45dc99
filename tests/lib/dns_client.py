"""Asks questions from inside a namespace and reads the answers, raw or parsed by dnspython."""
import ipaddress
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype

NSID = dns.edns.OptionType.NSID


def query(name, rdtype="A", ecs=None, nsid=False, payload=1232, edns=True, rdclass="IN", ident=None):
    """A dnspython query. ecs is a prefix as text: "84.128.0.0/24"."""
    options = []
    if ecs is not None:
        network = ipaddress.ip_network(ecs, strict=False)
        options.append(dns.edns.ECSOption(str(network.network_address), network.prefixlen))
    if nsid:
        options.append(dns.edns.GenericOption(NSID, b""))
    message = dns.message.make_query(name, rdtype, rdclass, use_edns=0 if edns else -1,
                                     payload=payload if edns else None,
                                     options=options if edns else None)
    message.flags &= ~dns.flags.RD
    if ident is not None:
        message.id = ident
    return message


class Client:
    """A place to ask from: one namespace, one server address for each family."""

    def __init__(self, namespace, server4, server6, port=53):
        self.namespace = namespace
        self.servers = {4: server4, 6: server6}
        self.port = port

    def _socket(self, family, kind):
        number = socket.AF_INET if family == 4 else socket.AF_INET6
        if self.namespace is None:
            return socket.socket(number, kind)
        return self.namespace.socket(number, kind)

    def udp_wire(self, wire, family=4, timeout=2.0):
        """One datagram there, the answer with the same ID back; None when nothing came."""
        with self._socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((self.servers[family], self.port))
            sock.send(wire)
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    answer = sock.recv(65535)
                except (TimeoutError, ConnectionRefusedError):
                    return None
                if answer[:2] == wire[:2]:
                    return answer
            return None

    def tcp_wire(self, wire, family=4, timeout=5.0):
        with self._socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect((self.servers[family], self.port))
            sock.sendall(struct.pack(">H", len(wire)) + wire)
            return _read_message(sock)

    def ask(self, name, rdtype="A", family=4, tcp=False, timeout=2.0, **options):
        """The parsed answer, or None when none came."""
        wire = query(name, rdtype, **options).to_wire()
        send = self.tcp_wire if tcp else self.udp_wire
        answer = send(wire, family, timeout)
        return None if answer is None else dns.message.from_wire(answer)


def _read_exactly(sock, count):
    chunks = b""
    while len(chunks) < count:
        chunk = sock.recv(count - len(chunks))
        if not chunk:
            raise ConnectionError(f"closed after {len(chunks)} of {count} bytes")
        chunks += chunk
    return chunks


def _read_message(sock):
    (length,) = struct.unpack(">H", _read_exactly(sock, 2))
    return _read_exactly(sock, length)


def rcode(message):
    return dns.rcode.to_text(message.rcode())


def texts(rrsets, rdtype=None):
    """Sorted presentation forms of the records in a section, of one type when asked."""
    wanted = None if rdtype is None else dns.rdatatype.from_text(rdtype)
    return sorted(rdata.to_text() for rrset in rrsets if wanted in (None, rrset.rdtype)
                  for rdata in rrset)


def generation(message):
    """(generation, sequence) that the NSID option of an answer claims, or None."""
    for option in message.options:
        if option.otype == NSID:
            return parse_generation(option.data)
    return None


def parse_generation(payload):
    """"name 12.3" -> (12, 3)."""
    number, _, sequence = payload.decode().rsplit(" ", 1)[1].partition(".")
    return int(number), int(sequence)


def ecs_scope(message):
    """The scope prefix length an answer's client-subnet option carries, or None without one."""
    for option in message.options:
        if option.otype == dns.edns.OptionType.ECS:
            return option.scopelen
    return None
