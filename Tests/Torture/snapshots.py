"""The rows of a state folder, before and after a fault; copies of it, and pages of its log."""

import collections
import os
import shutil
import sqlite3
import tempfile
import uuid

from latchkey_tests.home import Home


def state(home):
    """All rows of all tables, read from a copy; sent and queued mails are one table, `mail`. Without the counts
    for limits, whose rows depend on the moment: `counted` sums them."""
    tables = collections.defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal", "-journal"):
            if os.path.exists(f"{home.path}/latchkey.db{end}"):
                shutil.copy(f"{home.path}/latchkey.db{end}", f"{folder}/latchkey.db{end}")
        connection = sqlite3.connect(f"{folder}/latchkey.db", isolation_level=None)
        names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'limit_counts'"
        for (name,) in connection.execute(names).fetchall():
            rows = connection.execute(f"SELECT * FROM {name}").fetchall()
            tables["mail" if name == "mail_items" else name] = {
                str(uuid.UUID(bytes=row[0])) if name == "mail_items" else row for row in rows
            }
        connection.close()
    if os.path.isdir(f"{home.path}/mail/new"):
        tables["mail"] |= {name.split(".")[0] for name in os.listdir(f"{home.path}/mail/new")}
    return tables


def counted(home, moment):
    """The number of events that all limits have counted and still count at `moment`, seconds since 1970: clean-up may delete
    the others at any time."""
    return home.sql("SELECT ifnull(sum(count), 0) FROM limit_counts WHERE expires_at > ?", [int(moment * 1000)])[0][0]


def change(before, after):
    """The number of rows removed from and added to each table."""
    counts = {t: (len(before[t] - after[t]), len(after[t] - before[t])) for t in {*before, *after}}
    return {table: count for table, count in counts.items() if count != (0, 0)}


def copy(template, path=None):
    """A copy of a state folder, at `path`."""
    path = path or tempfile.mkdtemp(prefix="latchkey-torture-")
    shutil.copytree(template.path, path, dirs_exist_ok=True)
    return Home(at=path, settings=open(f"{template.path}/latchkey.conf").read())


def log_pages(home):
    """The number of pages in the WAL since its last restart (sqlite.org/fileformat2.html#walformat)."""
    with open(f"{home.path}/latchkey.db-wal", "rb") as file:
        log = file.read()
    frames = [log[at + 8 : at + 16] == log[16:24] for at in range(32, len(log), 24 + 4096)]
    return ([*frames, False]).index(False) if log[:3] == b"\x37\x7f\x06" else 0
