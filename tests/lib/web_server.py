"""Web servers that behave as they are told: `web_server.py FILE`, a JSON list of
{"address", "port", "manner", "certificate": PEM with its key, or absent: plain HTTP}.

Manners: "404", "200" and so on: that status, to every path; "/path": 200 there and 404 elsewhere; "mute":
takes requests and says nothing; "half": stops within the headers; "body": stops within the body; "endless": a body
without end; "reset": a reset instead of an answer; "hang": does not even begin TLS.
"""
import json
import socket
import ssl
import struct
import sys
import threading


def read_request(connection):
    """The path asked for; "" of what is no HTTP, since real servers answer that too; None of nothing."""
    data = b""
    while b"\r\n\r\n" not in data and data[:1] != b"\x16":
        chunk = connection.recv(4096)
        if not chunk:
            return None
        data += chunk
    return data.split(b" ")[1].decode() if data.startswith(b"GET ") else ""


def answer(connection, manner, path):
    """Says what the manner is; True when the connection then stays open until the client has enough."""
    if manner == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif manner == "half":
        connection.sendall(b"HTTP/1.1 200 OK\r\nServer: half")
    elif manner == "body":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    elif manner == "endless":
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 4096)
    elif manner != "mute":
        status = ("200" if path == manner else "404") if manner.startswith("/") else manner
        connection.sendall(f"HTTP/1.1 {status} So\r\nLocation: /elsewhere\r\nContent-Length: 5\r\n\r\nfine\n".encode())
    return manner in ("mute", "half", "body", "hang")


def serve_one(connection, manner, context):
    connection.settimeout(30)
    try:
        if manner == "hang":
            while connection.recv(4096):
                pass  # whatever the client says, until it has had enough
            return
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        path = read_request(connection)
        if path is not None and answer(connection, manner, path):
            connection.recv(1)
    except OSError:
        pass  # the client had enough
    finally:
        connection.close()


def serve(listener, manner, context):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_one, args=(connection, manner, context), daemon=True).start()


def listen(entry):
    family = socket.AF_INET6 if ":" in entry["address"] else socket.AF_INET
    listener = socket.create_server((entry["address"], entry["port"]), family=family, backlog=64)
    context = None
    if "certificate" in entry:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(entry["certificate"])
    threading.Thread(target=serve, args=(listener, entry["manner"], context), daemon=True).start()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        for entry in json.load(file):
            listen(entry)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
