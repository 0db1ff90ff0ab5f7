"""nginx with samples/nginx/auth_request.conf, and its answers."""

import http.client
import json
import re
import shutil
import subprocess
import tempfile

from latchkey_tests.checks import expect
from latchkey_tests.ports import free_port, wait_for_port
from latchkey_tests.project import PATH, PROJECT
from latchkey_tests.servers.nginx import nginx_configuration

SAMPLE = open(f"{PROJECT}/samples/nginx/auth_request.conf").read()
# Other configuration for errors: it must let nobody in, and replace no answer.
AROUND = (
    "proxy_intercept_errors on; recursive_error_pages on; error_page 401 403 418 =200 /others.html;"
    "proxy_next_upstream error http_500; proxy_request_buffering off;"
)


class Gateway:
    """nginx with the sample, on its own port; `around`: other configuration around the sample."""

    def __init__(self, latchkey, backend, cached, around=""):
        self.folder = tempfile.mkdtemp(prefix="latchkey-nginx-")
        self.port = free_port()
        sample = SAMPLE
        for old, new in [
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{latchkey}"),
            ("127.0.0.1:9000", f"127.0.0.1:{backend}"),
            ("/var/cache/nginx-latchkey", f"{self.folder}/cache"),
        ]:
            assert old in sample, old
            sample = sample.replace(old, new)
        # Two more guarded locations, made as the sample describes.
        guarded = re.search(r"    location /reports/ \{.*?\n    \}\n", sample, re.S).group()
        for place, query in [("/files/", "?scope=files:read"), ("/any/", '""')]:
            more = guarded.replace("/reports/", place).replace("?scope=reports:read", query)
            assert more.count(f"set $latchkey_query {query};") == 1
            sample = sample.replace(guarded, guarded + more)
        modules = ""
        if cached:
            sample = sample.replace("#+ ", "")
            modules = "load_module modules/ndk_http_module.so; load_module modules/ngx_http_set_misc_module.so;"
        with open(f"{self.folder}/sample.conf", "w") as file:
            file.write(sample)
        nginx_configuration(self.folder, f"{self.folder}/sample.conf", modules, around)
        self.process = subprocess.Popen(
            ["nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"],
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
        )
        if wait_for_port(self.port):
            return
        log = self.log()
        self.stop()
        raise AssertionError(f"nginx does not answer: {log}")

    def log(self):
        return open(f"{self.folder}/error.log").read()

    def get(self, key=None, path="/reports/a?b=c", headers=(), method="GET", body=None):
        """The answer, with `status`, `headers` (lower-case), `text`, `json` and `code`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path)
        for name, value in [*([("x-api-key", key)] if key else []), *headers]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        answer.fields = {name.lower(): value for name, value in answer.getheaders()}
        try:
            answer.json = json.loads(answer.text)
            answer.code = (answer.json.get("error") or {}).get("code")
        except ValueError:
            answer.json, answer.code = None, None
        connection.close()
        return answer

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def latchkey_fields(answer):
    """Our header names that reached the backend, in any spelling."""
    return sorted(
        (name.lower(), value) for name, value in answer.json["headers"] if name.lower().replace("_", "-").startswith("x-latchkey")
    )


def refused(answer, status, code, what):
    """Whether `answer` is Latchkey's refusal, as JSON."""
    expect(
        answer.status == status
        and answer.code == code
        and answer.json["success"] is False
        and answer.fields["content-type"] == "application/json"
        and answer.fields["cache-control"] == "no-store",
        f"{what}: {status} {code}",
        (answer.status, answer.fields, answer.text),
    )
