"""A state folder, and the release executables run on it with environment and standard input."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

from latchkey_tests import maildir
from latchkey_tests.answers import Answer
from latchkey_tests.project import EXECUTABLES
from latchkey_tests.waiting import until

NO_LIMITS = """\
limit_send_per_ip = off
limit_verify_per_ip = off
limit_refresh_per_ip = off
limit_send_per_email = off
limit_failures_per_email = off
limit_send_total = off
limit_write_per_user = off
max_projects_per_user = 10000
max_keys_per_project = 10000
max_keys_per_member = 10000
resend_after = 0s
"""


class Home:
    """A state folder, removed by `remove`."""

    def __init__(self, settings=NO_LIMITS, at=None, executables=EXECUTABLES):
        self.path, self.executables = at or tempfile.mkdtemp(prefix="latchkey-tests-"), executables
        os.chmod(self.path, 0o700)
        self.configure(settings)

    @classmethod
    def existing(cls, path):
        """The state folder of another process."""
        home = cls.__new__(cls)
        home.path, home.executables = path, EXECUTABLES
        return home

    def configure(self, settings):
        with open(f"{self.path}/latchkey.conf", "w") as file:
            file.write(settings)

    def remove(self):
        remove_folder(self.path)

    def environment(self, method, body=b"", variables=()):
        values = {
            "LATCHKEY_HOME": self.path,
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
        }
        values.update(variables)
        return values

    def start(self, name, method, variables=(), body=b"", prefix=(), **options):
        """Starts the handler `name` through the command `prefix`, with its whole input."""
        reading, writing = os.pipe()
        os.write(writing, body)  # bodies here are shorter than a pipe
        os.close(writing)
        try:
            return subprocess.Popen(
                [*prefix, f"{self.executables}/{name}"],
                env=self.environment(method, body, variables),
                stdin=reading,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **options,
            )
        finally:
            os.close(reading)

    def run(self, name, method, variables=(), body=b"", prefix=(), **options):
        process = self.start(name, method, variables, body, prefix, **options)
        output, errors = process.communicate(timeout=120)
        answer = Answer(output)
        answer.log, answer.exit = errors.decode("latin-1"), process.returncode
        return answer

    def post(self, name, fields, variables=(), prefix=(), **options):
        return self.run(name, "POST", variables, json.dumps(fields).encode(), prefix, **options)

    def get(self, name, variables=(), **options):
        return self.run(name, "GET", variables, **options)

    def database(self):
        return sqlite3.connect(f"{self.path}/latchkey.db", timeout=30, isolation_level=None)

    def sql(self, text, values=()):
        """The rows of one statement, which is then committed."""
        connection = self.database()
        try:
            return connection.execute(text, values).fetchall()
        finally:
            connection.close()

    def mails(self):
        """(recipient, code, Message-ID) of every delivered mail, oldest first; "" if it has no code."""
        return [(mail.to, mail.code, mail.message_id) for mail in maildir.mails(self.path)]

    def code(self, email, timeout=10):
        """The code in the last mail to `email`; waits for it."""
        return maildir.code(self.path, email, timeout=timeout)

    def sign_in(self, email):
        """The tokens from a sign-in with a code."""
        assert self.post("send-code", {"email": email}).status == 202
        answer = self.post("verify-code", {"email": email, "code": self.code(email)})
        assert answer.status == 200, (answer.raw, answer.log)
        grant = answer.data
        me = self.get("current-user", bearer(grant))
        grant["project"] = me.data["projects"][0]["id"]
        grant["email"] = email
        return grant

    def has_delivered(self, timeout=20):
        """Whether all mail is delivered within `timeout` seconds."""
        return until(lambda: not self.sql("SELECT 1 FROM mail_items LIMIT 1"), timeout)

    def integrity(self):
        """The errors of `integrity_check` and `foreign_key_check`; "ok" if there are none."""
        connection = self.database()
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
            return "ok" if found == ["ok"] else "; ".join(found)
        finally:
            connection.close()


def remove_folder(path):
    """Removes a state folder, or a folder around it, although a running deliverer may add a file meanwhile."""

    def is_removed():
        shutil.rmtree(path, ignore_errors=True)
        return not os.path.exists(path)

    until(is_removed, 5, 0.1)


def bearer(grant, project=False):
    """The variables of a request by the holder of `grant`, on their own project if `project`."""
    variables = {"HTTP_AUTHORIZATION": f"Bearer {grant['access_token']}"}
    if project:
        variables["HTTP_X_PROJECT_ID"] = grant["project"]
    return variables
