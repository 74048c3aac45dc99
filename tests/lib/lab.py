"""A small network to run the programs in: namespaces without a way out, veth pairs, processes.

Everything a Lab makes bears its own suffix and ends with it, by name and by process id, so that
several can run at once and none touches the machine's own network.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """Something of the lab itself (not of the programs under test) failed."""


def run(*command, check=True, timeout=60, **options):
    """Runs a command to its end; its output goes into the error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False, **options)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition, seconds, what, interval=0.01):
    """Polls until condition() is true and returns its value; the deadline is an error."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(interval)


class Namespace:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)

    def ip(self, *arguments):
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command, **options):
        return run("ip", "netns", "exec", self.name, *command, **options)

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside for a moment; sockets made there stay there for good."""
        with open("/proc/thread-self/ns/net", "rb") as home:
            with open(f"/run/netns/{self.name}", "rb") as inside:
                _setns(inside.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def socket(self, *arguments):
        with self.entered():
            return socket.socket(*arguments)

    def add_address(self, interface, *addresses):
        for address in addresses:
            # nodad: a veth has nobody to collide with, and waiting for it takes a second.
            options = ["nodad"] if ":" in address else []
            self.ip("address", "add", address, "dev", interface, *options)

    def delete(self):
        run("ip", "netns", "delete", self.name, check=False)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Process:
    """A running program: its output in a file, ended by process id alone."""

    def __init__(self, command, log_path, namespace=None, environment=None):
        self.command = command
        self.log_path = log_path
        self.started = time.monotonic()
        prefix = ["ip", "netns", "exec", namespace.name] if namespace else []
        with open(log_path, "wb") as log:
            # ip execs the command, so the id is the program's own.
            self.popen = subprocess.Popen([*prefix, *command], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env={**os.environ, **(environment or {})},
                                          start_new_session=True)  # Ctrl-C is for the lab's owner

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_running(self):
        return self.popen.poll() is None

    def wait(self, seconds):
        """Its exit status once it has ended by itself."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.command[0]} still runs after {seconds} s\n{self.log()}") from None

    def kill(self):
        """SIGKILL: no clean-up of its own, residue stays."""
        if self.is_running():
            self.popen.kill()
        self.popen.wait()

    def stop(self, seconds=15):
        """SIGTERM, then the exit status; one that does not end in time is killed and an error."""
        if self.is_running():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise LabError(f"{self.command[0]} ignored SIGTERM for {seconds} s\n{self.log()}") from None
        return self.popen.returncode


class Lab:
    """Owns namespaces, processes and one temporary directory; leaving it removes all of them."""

    def __init__(self, title="lab"):
        self.suffix = f"{os.getpid():x}{os.urandom(2).hex()}"
        self.directory = tempfile.mkdtemp(prefix=f"meridian-{title}-")
        os.chmod(self.directory, 0o755)  # tests drop to an unprivileged user that must reach it
        self.namespaces = []
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def namespace(self, name):
        namespace = Namespace(f"mrd-{name}-{self.suffix}")
        self.namespaces.append(namespace)  # before anything can fail in it
        namespace.ip("link", "set", "lo", "up")
        return namespace

    def veth(self, left, left_name, left_addresses, right, right_name, right_addresses):
        """One cable between two namespaces; addresses carry their prefix length."""
        left.ip("link", "add", left_name, "type", "veth", "peer", "name", right_name, "netns", right.name)
        for namespace, interface, addresses in ((left, left_name, left_addresses),
                                                (right, right_name, right_addresses)):
            namespace.ip("link", "set", interface, "up")
            namespace.add_address(interface, *addresses)
            # The kernel leaves UDP checksums to the "hardware" of a veth, which computes none: the
            # frame that a packet program at the other end sees would carry a wrong one.
            namespace.run("ethtool", "--offload", interface, "tx", "off")

    def spawn(self, command, name, namespace=None, environment=None, kind=Process):
        process = kind(command, self.path(f"{name}.log"), namespace, environment)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        for namespace in self.namespaces:
            namespace.delete()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def huge_pages(count):
    """Asks for at least so many 2 MiB pages, 0 for none at all, and gives back what was there before. Yields how
    many there are."""
    path = "/proc/sys/vm/nr_hugepages"
    with open(path, encoding="ascii") as file:
        before = int(file.read())
    try:
        if before < count or count == 0:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(count))
        with open(path, encoding="ascii") as file:
            now = int(file.read())
        yield now
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(before))
