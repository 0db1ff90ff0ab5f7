"""The relay between nginx and Latchkey."""

import contextlib
import socket
import threading

from latchkey_tests.ports import free_port


class Relay:
    """Forwards questions to `port`, and keeps their bytes. `canned`: bytes to answer instead, or empty ones
    for no answer; `down`: refuses connections."""

    def __init__(self, port):
        self.target, self.questions, self.canned = port, [], None
        self.port = free_port()
        self.up()

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        question = b""
        with connection:
            while b"\r\n\r\n" not in question:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                question += chunk
            connection.settimeout(0.05)  # does nginx send a body?
            with contextlib.suppress(TimeoutError):
                question += connection.recv(65536)
            connection.settimeout(30)
            self.questions.append(question)
            canned = self.canned
            if canned is not None:
                if canned:
                    connection.sendall(canned)
                else:
                    connection.recv(1)  # until nginx gives up
                return
            with socket.create_connection(("127.0.0.1", self.target), 30) as server:
                server.sendall(question)
                while chunk := server.recv(65536):
                    connection.sendall(chunk)
