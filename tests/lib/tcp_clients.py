"""Clients over TCP, good and bad: many at once, from many addresses, in one thread and without waiting."""
import contextlib
import resource
import select
import socket
import struct
import threading
import time

from tests.lib import programs


def raise_descriptor_limit():
    """As many sockets as we may have; thousands are."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def framed(wire):
    return struct.pack(">H", len(wire)) + wire


def addresses(count, first=100):
    """Of the client's network; add_addresses() gives them to its interface."""
    return [f"10.53.0.{first + number}" for number in range(count)]


def add_addresses(namespace, interface, texts):
    namespace.add_address(interface, *(f"{text}/24" for text in texts))


class Crowd:
    """Connections of a namespace to one server."""

    def __init__(self, namespace, sources, server=programs.SERVER4):
        self.namespace, self.sources, self.server = namespace, sources, server
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, count, timeout=10.0):
        """So many more, spread over the sources; each source's connect one after the other."""
        with self.namespace.entered():
            for _ in range(count):
                sock = socket.socket()
                sock.settimeout(timeout)
                sock.bind((self.sources[len(self.sockets) % len(self.sources)], 0))
                sock.connect((self.server, 53))
                self.sockets.append(sock)
        return self.sockets[-count:]

    def open_count(self):
        """How many the server has not closed; what it says is thrown away."""
        poll = select.poll()
        by_fd = {sock.fileno(): sock for sock in self.sockets}
        for fd in by_fd:
            poll.register(fd, select.POLLIN | select.POLLRDHUP)
        closed = {fd for fd, events in poll.poll(0) if events & (select.POLLRDHUP | select.POLLHUP | select.POLLERR)}
        return len(by_fd) - len(closed)

    def close(self):
        for sock in self.sockets:
            sock.close()
        self.sockets = []


class Asking:
    """One connection that waits for each answer."""

    def __init__(self, sock):
        self.sock = sock

    @classmethod
    def connect(cls, crowd):
        return cls(crowd.connect(1)[0])

    def ask(self, wire):
        """The answer; ConnectionError at the connection's end."""
        self.sock.sendall(framed(wire))
        return self.receive()

    def receive(self):
        length = int.from_bytes(self._exactly(2), "big")
        return self._exactly(length)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise ConnectionError("closed by the server")
            data += more
        return data


@contextlib.contextmanager
def repeating(action, interval):
    """Runs action() every `interval` seconds in a thread of its own; its first exception is raised at the end."""
    stop, faults = threading.Event(), []

    def run():
        try:
            while not stop.wait(interval):
                action()
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if faults:
        raise faults[0]


def drip(sockets, stream):
    """An action: the next byte of `stream` on every connection that is still there."""
    state = {"at": 0}

    def act():
        byte = stream[state["at"] % len(stream):][:1]
        state["at"] += 1
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.send(byte)
    return act


def reset(sock):
    """Closes it by an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def seconds_to_answer(crowd, wire, is_right):
    """From before connect() to the end of the answer, on a connection of its own."""
    began = time.monotonic()
    asking = Asking.connect(crowd)
    reply = asking.ask(wire)
    took = time.monotonic() - began
    crowd.sockets.remove(asking.sock)
    asking.sock.close()
    assert is_right(reply), reply
    return took
