"""The backend that nginx guards."""

import http.server
import json
import threading


class Backend:
    """Answers with the received request, as JSON; under /reports/401 with its own 401."""

    def __init__(self):
        backend, self.count = self, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                backend.count += 1
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                text = json.dumps(
                    {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}
                ).encode()
                self.send_response(401 if self.path == "/reports/401" else 200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_POST = do_HEAD = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
