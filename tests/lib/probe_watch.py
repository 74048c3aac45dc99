"""When did health probes see a backend down? Read off the wire, not from the program that probes.

A stopped backend's port answers each connection attempt with RST. The moment of the fall-th RST is
when the probe's own threshold was reached; whatever passes after it is ours.
"""
import socket
import struct

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
TCP = 6
RST, SYN, ACK = 0x04, 0x02, 0x10


class ProbeWatch:
    """Collects TCP segments on one interface; the kernel stamps and queues them until they are read."""

    def __init__(self, namespace, interface="lo"):
        self.sock = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.setblocking(False)
        with namespace.entered():  # the name is looked up in the caller's namespace
            self.sock.bind((interface, ETH_P_ALL))
        self.segments = []  # (unix time in s, source address, source port, TCP flags)

    def _drain(self):
        while True:
            try:
                packet, ancillary, _, address = self.sock.recvmsg(128, 128)
            except BlockingIOError:
                return
            segment = _parse(address[1], packet) if address[2] != PACKET_OUTGOING else None
            for level, kind, data in ancillary:
                if segment and level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", data[:16])
                    self.segments.append((seconds + nanoseconds / 1e9, *segment))

    def _times(self, address, port, flags):
        self._drain()
        return [time for time, source, source_port, seen in self.segments
                if source == address and source_port == port and seen & (RST | SYN | ACK) == flags]

    def refusals(self, address, port, since):
        """Times of connection attempts refused at (address, port) after `since`."""
        return [time for time in self._times(address, port, RST | ACK) if time >= since]

    def acceptances(self, address, port, since):
        """Times of connection attempts accepted at (address, port) after `since`."""
        return [time for time in self._times(address, port, SYN | ACK) if time >= since]

    def close(self):
        self.sock.close()


def _parse(protocol, packet):
    """(source address, source port, flags) of a TCP segment, or None."""
    if protocol == ETH_P_IP and len(packet) >= 20 and packet[9] == TCP:
        offset, source = (packet[0] & 15) * 4, socket.inet_ntop(socket.AF_INET, packet[12:16])
    elif protocol == ETH_P_IPV6 and len(packet) >= 40 and packet[6] == TCP:
        offset, source = 40, socket.inet_ntop(socket.AF_INET6, packet[8:24])
    else:
        return None
    if len(packet) < offset + 14:
        return None
    return source, struct.unpack_from(">H", packet, offset)[0], packet[offset + 13]
