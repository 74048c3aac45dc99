"""Bad input of every kind: a message that names the thing and its place, a status that is not 0, and
whatever was served before goes on being served."""
import os
import shutil

from tests.e2e.base import LabCase, SLOW, ZONES, publisher
from tests.lib import programs
from tests.lib.dns_client import generation, texts
from tests.lib.lab import huge_pages, run, wait_for

GOOD_ZONE = "---\n'':\n  type: NS\n  value: ns1.small.test.\nns1:\n  type: A\n  value: 192.0.2.1\n"
GEO_ZONE = """---
'':
  type: NS
  value: ns1.small.test.
ns1:
  type: A
  value: 192.0.2.1
www:
  dynamic:
    pools:
      one:
        values:
          - status: up
            value: 192.0.2.2
    rules:
      - geos:
          - EU
        pool: one
      - pool: one
  type: A
  value: 192.0.2.3
"""


class Refusals(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.image = programs.compile_table(cls.lab, ZONES, cls.lab.path("e2e.table"),
                                           geo=programs.country_database(), generation=10)
        with open(cls.image, "rb") as file:
            cls.good = file.read()

    def bad_images(self):
        """(what is wrong, path, what the message must say)."""
        flipped = bytearray(self.good)
        flipped[len(flipped) // 2] ^= 0x10
        version = bytearray(self.good)
        version[8] = 99
        for name, content, message in (("truncated", self.good[:len(self.good) // 2], "byte|size|short"),
                                       ("bit-flipped", flipped, "checksum|hash"),
                                       ("other-version", version, "version"),
                                       ("empty", b"", "empty|size|byte"),
                                       ("not-a-table", b"hello\n" * 1000, "magic|not a")):
            path = self.lab.path(f"{name}.table")
            with open(path, "wb") as file:
                file.write(content)
            yield name, path, message

    def run_program(self, *command, namespace=True, seconds=20):
        environment = {**os.environ, **programs.sanitizer_environment(self.lab)}
        prefix = ["ip", "netns", "exec", self.server_side.name] if namespace else []
        return run(*prefix, *command, check=False, timeout=seconds * SLOW, env=environment)

    def assert_refused(self, done, *patterns, status=None):
        output = done.stdout + done.stderr
        if status is None:
            self.assertIn(done.returncode, (1, 2, 3), output)
        else:
            self.assertEqual(done.returncode, status, output)
        for pattern in patterns:
            self.assertRegex(output, pattern)

    def data_plane(self, name, *ports, **keys):
        return programs.DataPlane(self.lab, self.server_side, ports, name=name, **keys)

    def socket_port(self):
        return programs.port_lines("socket", listen=[f"{programs.SERVER4}:53"])

    def refuse_start(self, data_plane, *patterns, prefix=()):
        self.assert_refused(self.run_program(*prefix, programs.MERIDIAND, "--config", data_plane.config), *patterns)


def fill_disk(directory):
    fd = os.open(os.path.join(directory, "filler"), os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(fd, b"\0" * 512):
            pass
    except OSError:
        pass
    os.close(fd)


class DataPlaneStart(Refusals):
    def test_configuration_errors_all_at_once(self):
        path = self.lab.write("bad.yaml", "ports:\n  - kind: smoke\nmax_udp_bytes: 70000\nno_such_key: 1\n")
        done = self.run_program(programs.MERIDIAND, "--config", path)
        self.assert_refused(done, r"bad\.yaml:2:\d+:.*kind", r"bad\.yaml:3:\d+:.*max_udp_bytes",
                            r"bad\.yaml:4:\d+:.*no_such_key")

    def test_configuration_is_not_yaml(self):
        path = self.lab.write("broken.yaml", "ports: [\n")
        self.assert_refused(self.run_program(programs.MERIDIAND, "--config", path), r"broken\.yaml:\d+:\d+:")

    def test_configuration_is_missing(self):
        self.assert_refused(self.run_program(programs.MERIDIAND, "--config", "/nonexistent.yaml"),
                            r"/nonexistent\.yaml", "No such file")

    def test_interface_does_not_exist(self):
        for kind in ("af_xdp", "af_packet"):
            with self.subTest(kind):
                port = programs.port_lines(kind, interface="nosuch0")
                self.refuse_start(self.data_plane(f"missing-{kind}", port), "nosuch0")

    def test_kernel_refuses_xdp(self):
        """A veth takes no XDP program while its frames may be larger than a page."""
        port = programs.port_lines("af_xdp", interface="srv0")
        for mtu in ("9000", "1500"):
            self.client_side.ip("link", "set", "cli0", "mtu", mtu)
            self.server_side.ip("link", "set", "srv0", "mtu", mtu)
            if mtu == "9000":
                self.refuse_start(self.data_plane("mtu", port), "srv0", programs.XDP_REFUSED, "kind: af_packet")

    def test_port_is_bound_already(self):
        first = self.data_plane("first", self.socket_port())
        first.start(20 * SLOW)
        second = self.data_plane("second", self.socket_port())
        self.refuse_start(second, rf"{programs.SERVER4}.*53", "in use|bound")
        self.stop_cleanly(first.process)

    def test_no_root(self):
        port = programs.port_lines("af_xdp", interface="srv0")
        data_plane = self.data_plane("unprivileged", port)
        for path in (data_plane.run_dir, data_plane.state_dir):
            shutil.chown(path, "nobody", "nogroup")
        nobody = ("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups")
        self.refuse_start(data_plane, "root|CAP_", prefix=nobody)

    def test_no_root_is_needed_for_kernel_sockets(self):
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", programs.MERIDIAND,
                   "--table", self.image, "--listen", f"{programs.SERVER4}:5300"]
        process = self.lab.spawn(command, "nobody", self.server_side, programs.sanitizer_environment(self.lab),
                                 programs.DataPlaneProcess)
        client = type(self.client)(self.client_side, programs.SERVER4, programs.SERVER6, port=5300)
        programs.wait_answer(client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.80"],
                             "www.e2e.test")
        self.assertEqual(texts(client.ask("www.e2e.test", tcp=True).answer), ["192.0.2.80"])
        self.stop_cleanly(process)

    def test_huge_pages(self):
        """None to be had: `require` refuses, `auto` says so and works."""
        port = programs.port_lines("af_packet", interface="srv0")
        with huge_pages(0):
            self.refuse_start(self.data_plane("require", port, hugepages="require"), "huge ?page")
            auto = self.data_plane("auto", port, hugepages="auto")
            auto.start(20 * SLOW)
            self.assertRegex(auto.process.log(), "(?i)huge ?page.*slower|slower.*huge ?page")
            self.stop_cleanly(auto.process)
        with huge_pages(64):
            required = self.data_plane("required", port, hugepages="require")
            required.start(20 * SLOW)
            self.publish_file(required, self.image)
            self.assertEqual(texts(self.client.ask("www.e2e.test").answer), ["192.0.2.80"])
            self.stop_cleanly(required.process)

    def test_table_files(self):
        for name, path, message in self.bad_images():
            with self.subTest(name):
                done = self.run_program(programs.MERIDIAND, "--table", path, "--listen", "127.0.0.1:5300")
                self.assert_refused(done, os.path.basename(path), f"(?i){message}")

    def test_table_file_is_missing(self):
        done = self.run_program(programs.MERIDIAND, "--table", "/nonexistent.table", "--listen", "127.0.0.1:5300")
        self.assert_refused(done, r"/nonexistent\.table", "No such file")

    def test_usage(self):
        self.assert_refused(self.run_program(programs.MERIDIAND, "--no-such-option"), "no-such-option", status=2)
        self.assert_refused(self.run_program(programs.MERIDIAND), status=2)


class DataPlaneRunning(Refusals):
    def test_bad_images_leave_the_old_table(self):
        data_plane = self.data_plane("running", self.socket_port())
        data_plane.start(20 * SLOW)
        self.publish_file(data_plane, self.image)
        before = generation(self.client.ask("www.e2e.test", nsid=True))
        for name, path, message in self.bad_images():
            if name == "empty":
                continue  # a descriptor of no bytes cannot be made by the publisher
            with self.subTest(name):
                output = publisher(self.lab, data_plane, "file", path, check=False)
                self.assertRegex(output, f"(?i)^refused .*({message})")
                answer = self.client.ask("www.e2e.test", nsid=True)
                self.assertEqual((texts(answer.answer), generation(answer)), (["192.0.2.80"], before))
        self.stop_cleanly(data_plane.process)

    def test_disk_is_full(self):
        """A table that cannot be saved is served all the same, and the log names the place."""
        state = self.lab.path("tiny")
        os.mkdir(state)
        run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", state)
        self.addCleanup(run, "umount", state)
        data_plane = self.data_plane("full", self.socket_port(), state_dir=state)
        data_plane.start(20 * SLOW)
        self.publish_file(data_plane, self.image)
        self.assertEqual(texts(self.client.ask("www.e2e.test").answer), ["192.0.2.80"])
        wait_for(lambda: "No space left" in data_plane.process.log(), 10 * SLOW,
                 lambda: f"the log says so: {data_plane.process.log()}")
        self.assertRegex(data_plane.process.log(), rf"{state}.*No space left")
        self.assertEqual(texts(self.client.ask("www.e2e.test").answer), ["192.0.2.80"])
        self.stop_cleanly(data_plane.process)


class ControlPlane(Refusals):
    """A data plane of its own for each test, that has no table yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.truncated = cls.lab.path("truncated.mmdb")
        with open(programs.country_database(), "rb") as source, open(cls.truncated, "wb") as target:
            target.write(source.read(1_000_000))

    def setUp(self):
        self.plane = self.data_plane(f"plane-{self.id().rsplit('.', 1)[1]}", self.socket_port())
        self.plane.start(20 * SLOW)

    def tearDown(self):
        self.stop_cleanly(self.plane.process)

    def control(self, name, zone=GOOD_ZONE, **keys):
        directory = os.path.dirname(self.lab.write(f"{name}/small.test.yaml", zone))
        return programs.ControlPlane(self.lab, self.server_side, directory, self.plane, name=f"control-{name}", **keys)

    def small_disk(self, control):
        run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", control.state_dir)
        self.addCleanup(run, "umount", control.state_dir)

    def refuse_control(self, control, *patterns):
        self.assert_refused(self.run_program(programs.CONTROL, "--config", control.config), *patterns)


class ControlPlaneStart(ControlPlane):
    def test_configuration_errors(self):
        path = self.lab.write("control-bad.yaml", "zones_dir: /tmp\nno_such_key: 1\nprobes:\n  enabled: maybe\n")
        self.assert_refused(self.run_program(programs.CONTROL, "--config", path),
                            r"control-bad\.yaml:2:\d+:.*no_such_key", r"control-bad\.yaml:4:\d+:.*enabled")

    def test_zones_directory_is_missing(self):
        control = programs.ControlPlane(self.lab, self.server_side, "/nonexistent-zones", self.plane, name="control-none")
        self.refuse_control(control, "/nonexistent-zones")

    def test_database_is_truncated_at_start(self):
        self.refuse_control(self.control("mmdb", GEO_ZONE, geo=self.truncated), r"truncated\.mmdb")

    def test_only_zone_is_wrong_at_start(self):
        self.refuse_control(self.control("wrong", GOOD_ZONE + "www:\n  type: A\n  value: not-an-address\n"),
                            r'small\.test\.yaml:\d+:\d+:', 'invalid IPv4 address "not-an-address"')

    def test_disk_is_full_at_start(self):
        control = self.control("full")
        self.small_disk(control)
        fill_disk(control.state_dir)
        self.refuse_control(control, rf"{control.state_dir}.*No space left")


class ControlPlaneRunning(ControlPlane):
    def test_disk_is_full(self):
        """What cannot be written down is said, with its place, and what was served stays."""
        control = self.control("fuller")
        self.small_disk(control)
        control.start(30 * SLOW)
        programs.wait_answer(self.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.1"],
                             "ns1.small.test")
        fill_disk(control.state_dir)
        self.lab.write("fuller/small.test.yaml", GOOD_ZONE + "www:\n  type: A\n  value: 192.0.2.2\n")
        done = control.ctl("apply")
        self.assertEqual(texts(self.client.ask("www.small.test").answer), ["192.0.2.2"])
        self.assertRegex(control.ctl("status").stdout, rf"PROBLEM: {control.state_dir}/history: cannot save: No space")
        self.assertRegex(done.stdout + done.stderr + control.process.log(), rf"{control.state_dir}.*No space left")
        self.assertEqual(texts(self.client.ask("ns1.small.test").answer), ["192.0.2.1"])
        self.stop_cleanly(control.process)

    def test_apply_of_bad_input(self):
        """Each is refused with its place; answers stay. Once there is a table, a start with bad input is no
        error to end with either: it is said, and the table stays."""
        database = self.lab.path("country.mmdb")
        shutil.copy(programs.country_database(), database)
        control = self.control("running", GEO_ZONE, geo=database)
        self.lab.write("running/other.test.yaml", GOOD_ZONE)
        control.start(30 * SLOW)
        programs.wait_answer(self.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.1"],
                             "ns1.small.test")
        zone = self.lab.path("running", "small.test.yaml")

        def apply_is_refused(*patterns):
            self.assert_refused(control.ctl("apply", check=False), *patterns, status=1)
            self.assertEqual(texts(self.client.ask("ns1.small.test").answer), ["192.0.2.1"])
            self.assertEqual(texts(self.client.ask("www.small.test").answer), ["192.0.2.2"])
        with open(zone, "w", encoding="utf-8") as file:
            file.write(GEO_ZONE.replace("value: 192.0.2.1\n", "value: 300.1.2.3\n"))
        apply_is_refused(r"small\.test\.yaml:\d+:\d+:", 'invalid IPv4 address "300.1.2.3"')
        with open(zone, "w", encoding="utf-8") as file:
            file.write("---\n'': [\n")
        apply_is_refused(r"small\.test\.yaml:\d+:\d+:")
        os.rename(zone, zone + ".away")
        apply_is_refused(r"small\.test\.")
        os.rename(zone + ".away", zone)
        with open(zone, "w", encoding="utf-8") as file:
            file.write(GEO_ZONE)
        shutil.copy(self.truncated, database)
        apply_is_refused(r"country\.mmdb")
        shutil.copy(programs.country_database(), database)
        control.ctl("apply")
        second = programs.ControlPlane(self.lab, self.server_side, self.lab.path("running"), self.plane, name="second")
        with open(second.config, encoding="utf-8") as file:
            text = file.read().replace(second.socket, control.socket)
        self.lab.write("second.yaml", text)
        self.refuse_control(second, control.socket)
        self.stop_cleanly(control.process)
        started = programs.ControlPlane(self.lab, self.server_side, "/nonexistent-zones", self.plane, name="bare")
        started.start(30 * SLOW)
        wait_for(lambda: "/nonexistent-zones" in started.process.log(), 10 * SLOW,
                 lambda: f"the log names the directory:\n{started.process.log()}")
        self.assertEqual(texts(self.client.ask("www.small.test").answer), ["192.0.2.2"])
        self.stop_cleanly(started.process)


class CommandLine(Refusals):
    def ctl(self, *arguments):
        return self.run_program(programs.CTL, *arguments, namespace=False)

    def test_check(self):
        directory = os.path.dirname(self.lab.write("check/small.test.yaml", GOOD_ZONE))
        done = self.ctl("check", directory)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.lab.write("check/small.test.yaml", GOOD_ZONE + "www:\n  - type: A\n    value: x\n  - type: MX\n")
        self.lab.write("check/other.test.yaml", "---\n'': {type: A, value: 1.2.3}\n")
        self.assert_refused(self.ctl("check", directory), r"small\.test\.yaml:\d+:\d+:", r"other\.test\.yaml:\d+:\d+:",
                            'invalid IPv4 address "x"', 'invalid IPv4 address "1.2.3"', status=1)

    def test_check_follows_includes_within_the_directory(self):
        self.lab.write("including/parts/address", "type: A\nvalue: 192.0.2.1\n")
        self.lab.write("beside", "type: A\nvalue: x\n")
        path = self.lab.write("including/small.test.yaml", GOOD_ZONE + "www: !include parts/address\n")
        directory = os.path.dirname(path)
        done = self.ctl("check", directory)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.lab.write("including/small.test.yaml", GOOD_ZONE + "www: !include ../beside\n")
        self.assert_refused(self.ctl("check", directory), r"small\.test\.yaml:\d+:6:",
                            r"cannot include .*/beside: it is outside of", status=1)
        config = self.lab.write("including.yaml", f"zones_dir: {directory}\ninclude_outside: true\n")
        self.assert_refused(self.ctl("check", "--config", config), r"including/\.\./beside:1:1:",
                            'invalid IPv4 address "x"', status=1)

    def test_check_survives_bombs(self):
        laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
        bombs = {"deep": "a: " + "[" * 100000, "laughs": laughs, "long": "a: {type: TXT, value: " + "x" * 9000000 + "}\n"}
        expected = []
        for name, text in bombs.items():
            directory = os.path.dirname(self.lab.write(f"bombs/{name}.test.yaml", text))
            expected.append(rf"{name}\.test\.yaml:\d+:\d+: error: (nested too deeply|too many values|\d+ bytes of text)")
        with open(os.path.join(directory, "sparse.test.yaml"), "wb") as file:
            file.truncate(2 << 30)
        self.lab.write("bombs/wrong.test.yaml", "".join(f"a{i}: {{type: A, value: x}}\n" for i in range(20000)))
        self.lab.write("bombs/good.test.yaml", GOOD_ZONE)
        done = self.ctl("check", directory)
        self.assert_refused(done, *expected, r"sparse\.test\.yaml: error: File too large",
                            r"wrong\.test\.yaml: error: \.\.\. and 19000 more errors", status=1)
        self.assertNotIn("good.test.yaml", done.stderr)

    def test_compile(self):
        directory = os.path.dirname(self.lab.write("compile/small.test.yaml", GEO_ZONE))
        output = self.lab.path("compile.table")
        self.assert_refused(self.ctl("compile", "--zones", directory, "--geo", "/nonexistent.mmdb", "-o", output),
                            r"/nonexistent\.mmdb", status=1)
        with open(self.lab.path("short.mmdb"), "wb") as file:
            file.write(b"\0" * 5000)
        self.assert_refused(self.ctl("compile", "--zones", directory, "--geo", self.lab.path("short.mmdb"), "-o", output),
                            r"short\.mmdb", status=1)
        self.assert_refused(self.ctl("compile", "--zones", directory, "-o", output), "geo", status=1)
        self.assertFalse(os.path.exists(output))

    def test_dump_and_explain_refuse_bad_tables(self):
        for name, path, message in self.bad_images():
            with self.subTest(name):
                self.assert_refused(self.ctl("dump", path), os.path.basename(path), f"(?i){message}", status=1)
                self.assert_refused(self.ctl("explain", "www.e2e.test", "A", "--from", "192.0.2.1", "--table", path),
                                    os.path.basename(path), f"(?i){message}", status=1)

    def test_exit_statuses(self):
        self.assert_refused(self.ctl("no-such-command"), status=2)
        self.assert_refused(self.ctl("explain", "www.e2e.test"), status=2)
        self.assert_refused(self.ctl("explain", "www.e2e.test", "A", "--geo", "x.mmdb"), "--table", status=2)
        self.assert_refused(self.ctl("status", "--socket", "/nonexistent.sock"), r"/nonexistent\.sock", status=3)
