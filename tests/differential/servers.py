"""The four servers: configurations over the same zone files, each on an address of its own of a namespace's loopback.

Minimal responses; no rate limit, rotation, recursion, DNSSEC, cookies, transfers or control channels: what is left to
compare is RFC 1034 section 4.3.2 and its successors.
"""
import os
import socket
import struct

from tests.differential import names, wire
from tests.lib import programs
from tests.lib.lab import LabError, run, wait_for

PORT = 53
UDP_BYTES = 1232  # what each of the four sends at most; the default of all
# Datagrams under way at once: far below what receive buffers hold, so that nothing may be lost.
WINDOW = 48
WAIT_S = 10 * (4 if programs.is_sanitized() else 1)

OURS, PEERS = "meridian", ("knot", "nsd", "bind")
ADDRESSES = {OURS: "127.0.0.1", "knot": "127.0.0.2", "nsd": "127.0.0.3", "bind": "127.0.0.4"}
CLIENT_ADDRESS = "127.0.0.1"
SOA, IN = 6, 1


class Silent(Exception):
    """A server did not answer."""


class Server:
    """One running server and two ways to ask it."""

    def __init__(self, name, lab, namespace, command):
        self.name, self.namespace = name, namespace
        self.address = ADDRESSES[name]
        if name == OURS:
            self.process = lab.spawn(command, name, namespace, programs.sanitizer_environment(lab),
                                     programs.DataPlaneProcess)
        else:
            self.process = lab.spawn(command, name, namespace)
        self.socket = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((CLIENT_ADDRESS, 0))
        self.socket.connect((self.address, PORT))
        self.socket.settimeout(WAIT_S)

    def wait_ready(self, apexes, seconds):
        """Until it answers for the last zone and the first: then it has loaded all."""
        for apex in (apexes[-1], apexes[0]):
            wait_for(lambda apex=apex: self._has_loaded(apex), seconds,
                     lambda: f"{self.name} serves {names.text(apex)}\n{self.process.log()[-4000:]}")

    def _has_loaded(self, apex):
        if not self.process.is_running():
            raise LabError(f"{self.name} ended with {self.process.popen.returncode}:\n{self.process.log()[-4000:]}")
        # A socket of its own: what comes late must not be taken for an answer to something else.
        with self.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            sock.connect((self.address, PORT))
            try:
                sock.send(struct.pack(">6H", 0, 0, 1, 0, 0, 0) + names.wire(apex) + struct.pack(">2H", SOA, IN))
                reply = sock.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return False
        return reply[3] & 15 == wire.NOERROR and reply[6:8] != b"\0\0"

    def receive(self, count):
        """Up to `count` replies as (ID, octets): fewer when no more come."""
        try:
            for _ in range(count):
                reply = self.socket.recv(65535)
                yield struct.unpack_from(">H", reply)[0], reply
        except TimeoutError:
            return

    def ask_tcp(self, message):
        with self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(WAIT_S)
            sock.bind((CLIENT_ADDRESS, 0))
            sock.connect((self.address, PORT))
            sock.sendall(struct.pack(">H", len(message)) + message)
            reply = b""
            while len(reply) < 2 or len(reply) < 2 + struct.unpack_from(">H", reply)[0]:
                chunk = sock.recv(65537)
                if not chunk:
                    raise Silent(f"{self.name} closed TCP after {len(reply)} octets")
                reply += chunk
            return reply[2:]


def _knot(lab, zones):
    storage = lab.path("knot")
    os.makedirs(storage)
    listed = "".join(f'  - domain: "{_quoted(names.text(apex))}"\n    file: "{path}"\n' for apex, path in zones)
    path = lab.write("knot.conf", f"""
server:
    listen: {ADDRESSES["knot"]}@{PORT}
    rundir: {storage}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    answer-rotation: off
    udp-max-payload: {UDP_BYTES}
    tcp-reuseport: off
database:
    storage: {storage}
log:
  - target: stderr
    any: warning
template:
  - id: default
    semantic-checks: off
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: none
zone:
{listed}""")
    return ["knotd", "-c", path]


def _quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _nsd(lab, zones):
    storage = lab.path("nsd")
    os.makedirs(storage)
    listed = "".join(f'zone:\n    name: "{names.text(apex)}"\n    zonefile: "{path}"\n' for apex, path in zones)
    path = lab.write("nsd.conf", f"""
server:
    ip-address: {ADDRESSES["nsd"]}@{PORT}
    username: ""
    database: ""
    zonesdir: "{storage}"
    pidfile: "{storage}/nsd.pid"
    zonelistfile: "{storage}/zone.list"
    xfrdfile: "{storage}/xfrd.state"
    xfrdir: "{storage}"
    server-count: 1
    minimal-responses: yes
    round-robin: no
    refuse-any: no
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    ipv4-edns-size: {UDP_BYTES}
remote-control:
    control-enable: no
{listed}""")
    return ["nsd", "-d", "-c", path]


def _bind(lab, zones):
    storage = lab.path("bind")
    os.makedirs(storage)
    listed = "".join(f'    zone "{_quoted(names.text(apex))}" {{ type primary; file "{path}"; }};\n' for apex, path in zones)
    path = lab.write("named.conf", f"""
options {{
    directory "{storage}";
    pid-file none;
    lock-file none;
    session-keyfile "{storage}/session.key";
    listen-on port {PORT} {{ {ADDRESSES["bind"]}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    allow-query {{ any; }};
    allow-transfer {{ none; }};
    minimal-responses no-auth;
    minimal-any no;
    notify no;
    dnssec-validation no;
    empty-zones-enable no;
    answer-cookie no;
    max-udp-size {UDP_BYTES};
    check-names primary ignore;
    check-integrity no;
    check-sibling no;
    check-wildcard no;
    check-mx ignore;
    check-mx-cname ignore;
    check-srv-cname ignore;
    check-dup-records ignore;
    check-spf ignore;
    rrset-order {{ order none; }};
}};
controls {{ }};
# BIND's own view of class CHAOS answers three times a second; one of ours comes before it.
view "chaos" CH {{ match-clients {{ any; }}; }};
view "zones" IN {{
    match-clients {{ any; }};
{listed}}};
""")
    return ["named", "-g", "-n", "1", "-c", path]


def _meridian(lab, directory):
    table = lab.path("differential.table")
    run(programs.CTL, "compile", "--zones", directory, "-o", table, "--generation", "1", timeout=120,
        env={**os.environ, **programs.sanitizer_environment(lab)})
    return [programs.MERIDIAND, "--table", table, "--listen", f"{ADDRESSES[OURS]}:{PORT}"]


def start(lab, namespace, directory, zones):
    """All four over what Family.write() returned; {name: Server} once each answers for the zones. NSD has one tree for
    all zones and refuses those below another's DNAME, so it is not given them."""
    namespace.add_address("lo", *(f"{ADDRESSES[name]}/32" for name in PEERS))  # BIND listens on what an interface has
    files = [(apex, path) for apex, path, _ in zones]
    nsd_files = [(apex, path) for apex, path, is_below_dname in zones if not is_below_dname]
    commands = {OURS: _meridian(lab, directory), "knot": _knot(lab, files), "nsd": _nsd(lab, nsd_files),
                "bind": _bind(lab, files)}
    servers = {name: Server(name, lab, namespace, command) for name, command in commands.items()}
    for server in servers.values():
        server.wait_ready([apex for apex, _ in nsd_files], 30 * (4 if programs.is_sanitized() else 1))
    return servers


def stop(servers):
    """Ends them; our own must end with status 0."""
    for server in servers.values():
        server.socket.close()
        status = server.process.stop(20)
        if server.name == OURS and status != 0:
            raise LabError(f"meridiand ended with {status}:\n{server.process.log()}")


def ask_all(servers, messages):
    """UDP replies of every server to every message, [{name: octets}] in order. IDs are ours to set."""
    replies = []
    for first in range(0, len(messages), WINDOW):
        window = [struct.pack(">H", first + i & 0xffff) + message[2:]
                  for i, message in enumerate(messages[first:first + WINDOW])]
        for message in window:
            for server in servers.values():
                server.socket.send(message)
        found = [{} for _ in window]
        for server in servers.values():
            for number, reply in server.receive(len(window)):
                found[number - first & 0xffff][server.name] = reply
        for message, by_server in zip(window, found):
            if len(by_server) < len(servers):
                silent = set(servers) - set(by_server)
                raise Silent(f"{', '.join(sorted(silent))} did not answer {message.hex()} within {WAIT_S} s")
        replies += found
    return replies
