"""Cookie secrets shared by servers: cookies made by another, by other software and by hand; a secret rolled over while
clients ask; files that are wrong."""
import os
import signal
import socket
import struct
import time

from tests.conformance.message import COOKIE, Reply, option, query
from tests.e2e.base import LabCase, SLOW, ZONES
from tests.lib import programs
from tests.lib.lab import run, wait_for

CLIENT = b"\x24\x64\xc4\xab\xcf\x10\xc9\x57"
SECRETS = [bytes(range(start, start + 16)) for start in (0x10, 0x40, 0x80)]
PORTS = {"a": 5301, "b": 5302, "knot": 5303}
WORD = (1 << 64) - 1


def siphash(key, data):
    """SipHash-2-4, from its paper: not the code under test."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def rotate(x, bits):
        return (x << bits | x >> 64 - bits) & WORD

    def rounds(count):
        for _ in range(count):
            for a, b, c, d, left, right in ((0, 1, 2, 3, 13, 16), (2, 1, 0, 3, 17, 21)):
                v[a] = v[a] + v[b] & WORD
                v[b] = rotate(v[b], left) ^ v[a]
                v[a] = rotate(v[a], 32)
                v[c] = v[c] + v[d] & WORD
                v[d] = rotate(v[d], right) ^ v[c]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xff])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xff
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def make_cookie(secret, made_s, address=programs.CLIENT4):
    """The whole option, as RFC 9018 §4 has it."""
    head = CLIENT + struct.pack(">II", 1 << 24, made_s & 0xffffffff)
    return head + siphash(secret, head + socket.inet_aton(address))


class CookieCase(LabCase):
    @classmethod
    def secrets_path(cls, name):
        return cls.lab.path(f"{name}.secrets")

    @classmethod
    def put_secrets(cls, name, text, mode=0o600):
        """Renamed into place: no reader sees half of it."""
        path = cls.lab.write(f"{name}.secrets.new", text)
        os.chmod(path, mode)
        os.rename(path, cls.secrets_path(name))

    def ask(self, name, cookie):
        """(rcode, cookie of the reply) from one of the servers."""
        with self.client_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5 * SLOW)
            sock.connect((programs.SERVER4, PORTS[name]))
            sock.send(query("www.e2e.test.", "A", option(COOKIE, cookie)))
            reply = Reply(sock.recv(4096))
        options = reply.options(COOKIE)
        self.assertEqual(len(options), 1)
        self.assertEqual((len(options[0]), options[0][:8]), (24, CLIENT))
        return reply.rcode_text, options[0]


# conformance: cookie-shared-secret | RFC 9018 §5, RFC 7873 §6 | What one server makes another accepts, Knot DNS too,
# while the secret rolls over.
class SharedSecrets(CookieCase):
    """Two servers that require cookies, so that a reply says whether one was accepted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        image = programs.compile_table(cls.lab, ZONES, cls.lab.path("cookies.table"), geo=programs.country_database())
        cls.servers = {}
        for name in ("a", "b"):
            cls.put_secrets(name, f"# {name}\n{SECRETS[0].hex()}\n")
            server = programs.DataPlane(
                cls.lab, cls.server_side, [programs.port_lines("socket", listen=f"{programs.SERVER4}:{PORTS[name]}")],
                name=name, tcp=False, cookies={"require": True, "secret_file": cls.secrets_path(name)})
            server.start(20 * SLOW)
            cls.publish_file(server, image)
            cls.servers[name] = server

    def wait_log(self, name, text, count):
        process = self.servers[name].process
        wait_for(lambda: process.log().count(text) >= count, 10 * SLOW, lambda: f"'{text}' in\n{process.log()}")
        self.assertEqual(process.log().count(text), count, process.log())

    def test_1_a_cookie_is_good_on_every_server(self):
        rcode, cookie = self.ask("a", CLIENT)
        self.assertEqual(rcode, "BADCOOKIE")
        for name in ("a", "b"):
            self.assertEqual(self.ask(name, cookie), ("NOERROR", cookie))

    def test_2_age_decides(self):
        now = int(time.time())
        for age_s, rcode, is_kept in ((60, "NOERROR", True), (1500, "NOERROR", True), (2100, "NOERROR", False),
                                      (3300, "NOERROR", False), (3900, "BADCOOKIE", False), (-240, "NOERROR", True),
                                      (-600, "BADCOOKIE", False), (1 << 31, "BADCOOKIE", False)):
            with self.subTest(age_s):
                cookie = make_cookie(SECRETS[0], now - age_s)
                found, returned = self.ask("a", cookie)
                self.assertEqual((found, returned == cookie), (rcode, is_kept))
                made_s = struct.unpack(">I", returned[12:16])[0]
                self.assertEqual(returned, make_cookie(SECRETS[0], made_s))
        self.assertEqual(self.ask("a", make_cookie(SECRETS[0], now, "10.53.0.2"))[0], "BADCOOKIE")

    def test_3_a_secret_rolls_over_while_clients_ask(self):
        """Each server takes each step at another time; a client that asks both by turns never notices."""
        held = {"a": self.ask("a", CLIENT)[1], "b": self.ask("b", CLIENT)[1]}
        reads = {"a": 0, "b": 0}

        def ask_all():
            for name in ("a", "b"):
                for other in ("a", "b"):
                    rcode, cookie = self.ask(name, held[other])
                    self.assertEqual(rcode, "NOERROR")
                    held[name] = cookie
        old, new = SECRETS[0].hex(), SECRETS[1].hex()
        for step in (f"{old}\n{new}\n", f"{new}\n{old}\n", f"{new}\n"):
            for name in ("a", "b"):
                self.put_secrets(name, step)
                reads[name] += 1

                def is_read():
                    ask_all()
                    return self.servers[name].process.log().count("cookies: ") >= reads[name]
                wait_for(is_read, 10 * SLOW, lambda: self.servers[name].process.log())
                ask_all()
        for name in ("a", "b"):
            made_s = struct.unpack(">I", held[name][12:16])[0]
            self.assertEqual(held[name], make_cookie(SECRETS[1], made_s))
            self.assertEqual(self.ask(name, make_cookie(SECRETS[0], int(time.time())))[0], "BADCOOKIE")

    def test_4_a_wrong_file_changes_nothing(self):
        cookie = self.ask("a", CLIENT)[1]
        for text, mode, says in (("secret\n", 0o600, "a.secrets:1:1: not a hexadecimal digit"),
                                 (SECRETS[2].hex(), 0o604, "a.secrets:0:0: secrets that everybody may read are none"),
                                 ("", 0o600, "a.secrets:0:0: no secret in it")):
            with self.subTest(says):
                kept = self.servers["a"].process.log().count("the secrets in use stay")
                self.put_secrets("a", text, mode)
                self.wait_log("a", "the secrets in use stay", kept + 1)
                self.assertEqual(self.servers["a"].process.log().count(says), 1)
                self.assertEqual(self.ask("a", cookie), ("NOERROR", cookie))

    def test_5_sighup_reads_again(self):
        self.put_secrets("b", f"{SECRETS[2].hex()}\n{SECRETS[1].hex()}\n")
        self.wait_log("b", "cookies: 2 secrets read", 3)
        self.servers["b"].process.popen.send_signal(signal.SIGHUP)
        self.wait_log("b", "cookies: 2 secrets read", 4)
        self.assertEqual(self.ask("b", make_cookie(SECRETS[2], int(time.time())))[0], "NOERROR")

    def test_6_check_config_reads_the_secrets(self):
        path = self.secrets_path("a")
        self.put_secrets("a", "0102\n")
        result = run(programs.MERIDIAND, "--check-config", self.servers["a"].config, check=False,
                     env={**os.environ, **programs.sanitizer_environment(self.lab)})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"{path}:1:1: error: a secret of 4 hexadecimal digits; it has 32", result.stderr)

    def test_7_knot_and_we_accept_each_others(self):
        """Knot DNS with the same secret: what RFC 9018 is for."""
        os.makedirs(self.lab.path("knot"))
        zone = self.lab.write("knot/e2e.test.zone",
                              "$ORIGIN e2e.test.\n@ 60 SOA ns. host. 1 60 60 60 60\n@ 60 NS ns.\nwww 60 A 192.0.2.1\n")
        config = self.lab.write("knot.conf", f"""
server:
    listen: {programs.SERVER4}@{PORTS["knot"]}
    rundir: {self.lab.path("knot")}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {self.lab.path("knot")}
log:
  - target: stderr
    any: warning
mod-cookies:
  - id: shared
    secret: 0x{SECRETS[1].hex()}
    badcookie-slip: 1
template:
  - id: default
    global-module: mod-cookies/shared
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: e2e.test
    file: {zone}
""")
        self.put_secrets("a", f"{SECRETS[1].hex()}\n")
        knot = self.lab.spawn(["knotd", "-c", config], "knot", self.server_side)

        def ask_knot():
            try:
                return self.ask("knot", CLIENT)
            except OSError:
                return None
        rcode, theirs = wait_for(ask_knot, 20 * SLOW, knot.log)
        self.assertEqual(rcode, "BADCOOKIE")
        wait_for(lambda: self.ask("a", theirs) == ("NOERROR", theirs), 10 * SLOW, "their cookie accepted by us")
        self.assertEqual(self.ask("knot", self.ask("a", CLIENT)[1])[0], "NOERROR")
        knot.stop(15)

    def test_zz_clean_exit(self):
        for server in self.servers.values():
            self.stop_cleanly(server.process)


class OwnSecret(CookieCase):
    """Without a file: good for one process, and SIGHUP harms nobody."""

    def test_each_start_has_its_own(self):
        image = programs.compile_table(self.lab, ZONES, self.lab.path("cookies.table"), geo=programs.country_database())
        server = programs.DataPlane(
            self.lab, self.server_side, [programs.port_lines("socket", listen=f"{programs.SERVER4}:{PORTS['a']}")],
            tcp=False, cookies={"require": True})
        server.start(20 * SLOW)
        self.publish_file(server, image)
        rcode, cookie = self.ask("a", CLIENT)
        self.assertEqual(rcode, "BADCOOKIE")
        server.process.popen.send_signal(signal.SIGHUP)
        wait_for(lambda: "no cookies.secret_file" in server.process.log(), 10 * SLOW, "SIGHUP is answered")
        self.assertEqual(self.ask("a", cookie), ("NOERROR", cookie))
        self.stop_cleanly(server.process)
        server.start(20 * SLOW)
        wait_for(lambda: self.ask("a", CLIENT)[1] != cookie, 10 * SLOW, "another secret")
        self.assertEqual(self.ask("a", cookie)[0], "BADCOOKIE")
        self.stop_cleanly(server.process)
