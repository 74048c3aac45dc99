"""kill -9 of everything, residue left in place, and a start on top of it."""
import ctypes
import os
import shutil
import time

from tests.e2e import large_zone
from tests.e2e.base import LabCase, SLOW, ZONES, publisher
from tests.lib import programs
from tests.lib.dns_client import generation, texts
from tests.lib.lab import LabError, wait_for

RESTART_LIMIT_S = 2 * SLOW
NAME = "h99999.large.test"


class Crash(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_backend_addresses()
        cls.start_data_plane()
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, large_zone.write(cls.lab), cls.data_plane,
                                            probes={"enabled": False})
        cls.control.start(60 * SLOW)
        programs.wait_answer(cls.client, 30 * SLOW, lambda answer: answer.answer, NAME)

    def served(self):
        return generation(self.client.ask(NAME, nsid=True))

    def residue(self):
        """What a clean exit would have taken away."""
        shown = self.server_side.ip("-details", "link", "show", "srv0").stdout
        return "xdp" in shown, os.path.exists(self.data_plane.socket), os.path.exists(self.control.socket)

    def wait_saved(self):
        """The image is on disk, renamed into place, a moment after it is served."""
        served = self.served()[0]
        wait_for(lambda: os.path.exists(os.path.join(self.data_plane.state_dir, f"table-{served}")),
                 20 * SLOW, f"generation {served} is on disk")

    def restart_and_measure(self):
        """Starts the data plane alone; returns seconds from exec to the first right answer."""
        process = self.data_plane.start(wait_seconds=0)
        programs.wait_answer(self.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.249"], NAME)
        return time.monotonic() - process.started

    def test_1_everything_killed(self):
        self.wait_saved()
        before = self.served()
        self.control.process.kill()
        self.data_plane.process.kill()
        self.assertEqual(self.residue(), (True, True, True))
        took = self.restart_and_measure()
        print(f"\n    first answer {took:.2f} s after the start, {large_zone.NAMES} names", end="")
        self.assertLess(took, RESTART_LIMIT_S)
        self.assertEqual(self.served(), before)
        # The control plane finds in its history what is served, and has nothing to add to it.
        self.control.start(60 * SLOW)
        wait_for(lambda: "nothing changes" in self.control.process.log(), 60 * SLOW,
                 lambda: f"the zones have been read:\n{self.control.process.log()}")
        self.assertEqual(self.served(), before)
        self.assertEqual(self.control.ctl_json("status")["problems"], [])

    def test_2_half_written_images_are_ignored(self):
        self.control.process.kill()
        self.data_plane.process.kill()
        newest = max((os.path.join(self.data_plane.state_dir, name)
                      for name in os.listdir(self.data_plane.state_dir)), key=os.path.getsize)
        for name, size in (("half.tmp", 1000), (os.path.basename(newest) + ".tmp", 5000)):
            with open(newest, "rb") as source, open(os.path.join(self.data_plane.state_dir, name), "wb") as target:
                target.write(source.read(size))
        self.restart_and_measure()

    def test_9_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)


class TwiceCrashed(LabCase):
    """An image that was served at two crashes is passed over, and refused when it is offered again; the good
    one before it answers."""

    def start(self, promote_after_s):
        data_plane = programs.DataPlane(self.lab, self.server_side,
                                        [programs.port_lines("socket", listen=[f"{programs.SERVER4}:53"])],
                                        promote_after_s=promote_after_s)
        data_plane.start(20 * SLOW)
        return data_plane

    def served(self):
        answer = self.client.ask("www.e2e.test", nsid=True)
        self.assertEqual(texts(answer.answer), ["192.0.2.80"])
        return generation(answer)[0]

    def test_passed_over(self):
        image = programs.compile_table(self.lab, ZONES, self.lab.path("e2e.table"), geo=programs.country_database(),
                                       generation=5)
        first = self.start(promote_after_s=1)
        publisher(self.lab, first, "file", image)
        state = os.path.join(first.state_dir, "state")
        # Serving and asked for a second makes it good; a clean exit leaves no crash behind.
        wait_for(lambda: self.served() == 5 and "good 5\n" in read_text(state), 20 * SLOW,
                 lambda: f"generation 5 is good: {read_text(state)}")
        self.stop_cleanly(first.process)
        second = self.start(promote_after_s=3600)
        # Content is told apart without the generation: a zone more makes it another.
        zones = shutil.copytree(ZONES, self.lab.path("poison-zones"))
        with open(os.path.join(zones, "poison.test.yaml"), "w", encoding="ascii") as zone:
            zone.write("'':\n  type: NS\n  value: ns.poison.test.\n")
        poison = programs.compile_table(self.lab, zones, self.lab.path("poison.table"), geo=programs.country_database(),
                                        generation=6)
        publisher(self.lab, second, "file", poison)
        self.assertEqual(self.served(), 6)
        wait_for(lambda: os.path.exists(os.path.join(first.state_dir, "table-6")), 10 * SLOW, "generation 6 is on disk")
        for expected in (6, 5):
            self.assertRegex(read_text(os.path.join(first.state_dir, "serving")), r"^serving [1-9]")
            second.process.kill()
            second.start(20 * SLOW)
            wait_for(lambda: self.client.ask("www.e2e.test", timeout=0.2), 10 * SLOW, "answers")
            self.assertEqual(self.served(), expected)
        # Under another number it is refused too; other content under the old number is not.
        with self.assertRaisesRegex(LabError, "content of generation 6 was being served at 2 crashes"):
            publisher(self.lab, second, "reseal", poison, "1", "0")
        self.assertEqual(self.served(), 5)
        publisher(self.lab, second, "reseal", image, "1", "0")
        self.assertEqual(self.served(), 6)
        self.stop_cleanly(second.process)


class HungWorker(LabCase):
    """One worker stops for good, the cold thread does not: the process ends itself for a supervisor to restart."""

    def test_ends_with_a_status_of_its_own(self):
        data_plane = programs.DataPlane(self.lab, self.server_side,
                                        [programs.port_lines("af_packet", interface="srv0")],
                                        idle_sleep_us=0)  # a worker asleep is offline, and cannot hang
        process = data_plane.start(20 * SLOW)
        with StoppedThread(process.pid, "rte-worker") as thread:
            wait_for(thread.is_gone, 20 * SLOW, lambda: f"the process gives up:\n{process.log()}")
        self.assertEqual(process.wait(5 * SLOW), 3, process.log())
        self.assertIn("a worker has hung for 5 s", process.log())
        data_plane.start(20 * SLOW)
        self.stop_cleanly(data_plane.process)


class StoppedThread:
    """Holds one thread as a debugger would, while the others of its process go on."""

    SEIZE, DETACH, INTERRUPT = 0x4206, 17, 0x4207
    WALL = 0x40000000  # waitpid: threads too

    def __init__(self, pid, name):
        self.tid = next(int(tid) for tid in os.listdir(f"/proc/{pid}/task")
                        if read_text(f"/proc/{pid}/task/{tid}/comm").startswith(name))
        self.has_ended = False
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self.ptrace.restype = ctypes.c_long

    def _request(self, request):
        if self.ptrace(request, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._request(self.SEIZE)
        self._request(self.INTERRUPT)
        os.waitpid(self.tid, self.WALL)
        return self

    def __exit__(self, *_):
        if not self.has_ended:
            self._request(self.DETACH)

    def is_gone(self):
        """Also lets go of the ended thread: its process cannot end before."""
        tid, status = os.waitpid(self.tid, self.WALL | os.WNOHANG)
        self.has_ended = tid != 0 and (os.WIFEXITED(status) or os.WIFSIGNALED(status))
        return self.has_ended


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
