#!/usr/bin/env python3
"""Every statement of Sources/Store/Records is one text that SQLite and PostgreSQL both speak.

1. Values are `$1`, `$2` … in the order of their first use, so both stores bind them alike.
2. SQLite and PostgreSQL prepare each statement, with the schema that the service makes.

Those that differ are in Sources/Store/Dialect.swift, and are not prepared here.
"""

import glob
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from latchkey_tests.checks import expect, finish
from latchkey_tests.project import AS_ROOT, EXECUTABLES, PROJECT

LITERAL = re.compile(r'"""\n(.*?)"""|"((?:\\.|[^"\\\n])*)"', re.S)
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
TYPES = {"BLOB": "bytea", "INTEGER": "bigint", "TEXT": "text"}
# PostgreSQL's servers do not run as root.
USER = "postgres"


def statements():
    """(file, SQL) of each statement, in the order of the files' names."""
    found = []
    for path in sorted(glob.glob(f"{PROJECT}/Sources/Store/Records/*.swift")):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"^\s*//.*$", "", file.read(), flags=re.M)
        for match in LITERAL.finditer(text):
            sql = match.group(1) if match.group(1) is not None else match.group(2)
            if STATEMENT.match(sql):
                found.append((name, " ".join(sql.split())))
    return found


def order(sql):
    """The numbers of the values, in the order of their first use."""
    seen = []
    for number in re.findall(r"\$(\d+)", sql):
        if int(number) not in seen:
            seen.append(int(number))
    return seen


def made_database(folder):
    """A database that the service made."""
    home = f"{folder}/home"
    os.mkdir(home, 0o700)
    body = b'{"email":"ada@example.com"}'
    subprocess.run(
        [f"{EXECUTABLES}/send-code"],
        input=body,
        check=True,
        capture_output=True,
        env={"LATCHKEY_HOME": home, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))},
    )
    return sqlite3.connect(f"{home}/latchkey.db")


def postgresql_schema(database):
    """The tables of `database` in PostgreSQL's types, without their indexes and references."""
    script = []
    for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        columns, keys = [], []
        for name, kind, is_needed, key in database.execute(
            f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')"
        ):
            columns.append(f"{name} {TYPES[kind]}{' NOT NULL' if is_needed else ''}")
            if key:
                keys.append((key, name))
        columns.append(f"PRIMARY KEY ({', '.join(name for _, name in sorted(keys))})")
        for (index,) in database.execute(
            f"SELECT name FROM pragma_index_list('{table}') WHERE \"unique\" AND origin = 'u'"
        ).fetchall():
            names = [row[0] for row in database.execute(f"SELECT name FROM pragma_index_info('{index}')")]
            columns.append(f"UNIQUE ({', '.join(names)})")
        script.append(f"CREATE TABLE {table} ({', '.join(columns)});")
    return "\n".join(script)


class PostgreSQL:
    """A server in `folder`, with a socket there."""

    def __init__(self, folder):
        self.folder = folder
        tools = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not tools:
            sys.exit("shared_sql: PostgreSQL is not installed")
        self.tools = tools[-1]
        shutil.chown(folder, USER)
        self.run(f"{self.tools}/initdb", "-D", f"{folder}/data", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.run(
            f"{self.tools}/pg_ctl",
            "-D",
            f"{folder}/data",
            "-w",
            "-l",
            f"{folder}/log",
            "-o",
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off",
            "start",
        )

    def run(self, *words, text=None):
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"] if AS_ROOT else []
        return subprocess.run([*as_user, *words], input=text, text=True, check=False, capture_output=True, cwd=self.folder)

    def script(self, text):
        """psql's errors about `text`; empty if there are none."""
        done = self.run(f"{self.tools}/psql", "-h", self.folder, "-d", "postgres", "-q", "-v", "VERBOSITY=terse", text=text)
        return done.stderr.strip()

    def stop(self):
        self.run(f"{self.tools}/pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")


def main():
    folder = tempfile.mkdtemp(prefix="latchkey-sql-")
    os.chmod(folder, 0o711)
    found = statements()
    expect(len(found) >= 140, "the statements are found", len(found))
    try:
        database = made_database(folder)
        os.mkdir(f"{folder}/postgresql", 0o700)
        server = PostgreSQL(f"{folder}/postgresql")
        try:
            trouble = server.script(postgresql_schema(database))
            expect(not trouble, "PostgreSQL takes the schema", trouble)
            for name, sql in found:
                numbers = order(sql)
                in_order = numbers == list(range(1, len(numbers) + 1)) and "?" not in re.sub(r"'[^']*'", "", sql)
                expect(in_order, f"{name}: values are in order: {sql}")
                try:
                    database.execute(f"EXPLAIN {sql}", {str(number): None for number in numbers})
                    trouble = None
                except sqlite3.Error as error:
                    trouble = error
                expect(trouble is None, f"{name}: SQLite prepares {sql}", trouble)
                trouble = server.script(f"PREPARE one AS {sql};")
                expect(not trouble, f"{name}: PostgreSQL prepares {sql}", trouble)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
