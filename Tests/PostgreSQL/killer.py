"""Ends a random connection to a database every 200 ms."""

import collections
import subprocess

from latchkey_tests.cluster import tools

# Half of the time one that is at work, if there is one.
END = """SELECT pg_terminate_backend(pid), state FROM
(SELECT pid, state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
ORDER BY random() + CASE state WHEN 'idle' THEN 0.5 ELSE 0 END LIMIT 1) AS chosen"""


class Killer:
    """Works until `stop`. `connection`: a libpq connection string to the database."""

    def __init__(self, connection):
        self.process = subprocess.Popen(
            [f"{tools()}/psql", "-XAtq", "-d", connection], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdin.write(f"{END} \\watch 0.2\n")
        self.process.stdin.flush()

    def stop(self):
        """How many connections it ended, by their state."""
        self.process.terminate()
        lines = self.process.communicate()[0].splitlines()
        return collections.Counter(line.split("|")[1] or "starting" for line in lines if line.startswith("t|"))
