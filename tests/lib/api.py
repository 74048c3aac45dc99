"""The control plane's API without a meridianctl for each question."""
import http.client
import json
import socket


class Api(http.client.HTTPConnection):
    """HTTP on the control plane's UNIX socket."""

    def __init__(self, path, timeout):
        super().__init__("meridian", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        """(status, what the JSON says), on a connection of its own: the daemon ends those that rest."""
        try:
            self.request(method, path, body=None if body is None else json.dumps(body))
            reply = self.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            self.close()
