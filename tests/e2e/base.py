"""What every suite stands on: a lab with two namespaces and a veth pair, and its clean end."""
import json
import os
import unittest

from tests.lib import programs
from tests.lib.dns_client import Client
from tests.lib.lab import Lab, LabError, run

ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zones")

# ASan costs about a factor of three and its shadow makes start-up slow; limits in seconds that are
# not the thing under test are stretched by this.
SLOW = 4 if programs.is_sanitized() else 1


class LabCase(unittest.TestCase):
    """One lab a class. Sanitizer reports found at its end fail the class, and so do counters that do not add up."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab("e2e")
        cls.addClassCleanup(cls.lab.close)
        cls.client_side = cls.lab.namespace("client")
        cls.server_side = cls.lab.namespace("server")
        cls.lab.veth(cls.client_side, "cli0", [f"{programs.CLIENT4}/24", f"{programs.CLIENT6}/64"],
                     cls.server_side, "srv0", [f"{programs.SERVER4}/24", f"{programs.SERVER6}/64"])
        cls.client = Client(cls.client_side, programs.SERVER4, programs.SERVER6)
        cls.addClassCleanup(cls.check_reports)
        cls.addClassCleanup(programs.check_counters, cls.lab, 15 * SLOW)

    @classmethod
    def check_reports(cls):
        reports = programs.sanitizer_reports(cls.lab)
        if reports:
            raise LabError(reports)

    @classmethod
    def add_backend_addresses(cls):
        cls.server_side.add_address("lo", *(f"{a}/{128 if ':' in a else 32}"
                                            for a in programs.AMERICA + programs.REST))

    @classmethod
    def start_data_plane(cls, *ports):
        """cls.data_plane with these ports; by default one that takes DNS from the kernel's own interface."""
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side,
                                            list(ports) or [programs.port_lines("af_xdp", interface="srv0")])
        cls.data_plane.start(20 * SLOW)

    @classmethod
    def stop_planes(cls):
        """Both end with status 0, at the end of a class whose tests end neither."""
        for process in (cls.control.process, cls.data_plane.process):
            if process.stop(15 * SLOW) != 0:
                raise LabError(process.log())

    @classmethod
    def publish_file(cls, data_plane, image):
        """Hands one image over as it is; returns what the data plane said."""
        return publisher(cls.lab, data_plane, "file", image)

    def stop_cleanly(self, process):
        """SIGTERM ends it with status 0: sanitizers report at exit, and only then."""
        status = process.stop(15 * SLOW)
        self.assertEqual(status, 0, process.log())


def publisher(lab, data_plane, *arguments, check=True, timeout=120):
    return run(programs.PUBLISHER, data_plane.socket, *arguments, check=check, timeout=timeout,
               env={**os.environ, **programs.sanitizer_environment(lab)}).stdout


# Of every port kind: packet workers have the first numbers, then come socket workers, last TCP.
FIRST_WORKER = 0


def counters(lab, data_plane, worker=None):
    """{"received": n, "noerror": n, ...} of one worker, else summed over all. The publish place must be free."""
    return json.loads(publisher(lab, data_plane, "counters", *([] if worker is None else [str(worker)])))


def counter_changes(before, after):
    """Only those that moved."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}
