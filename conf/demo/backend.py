"""A web backend for the demo: answers every GET on port 80 of the given addresses with its name."""
import http.server
import socket
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{sys.argv[1]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def main():
    servers = [(Server6 if ":" in address else http.server.ThreadingHTTPServer)((address, 80), Handler)
               for address in sys.argv[2:]]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: backend.py NAME ADDRESS...")
    main()
