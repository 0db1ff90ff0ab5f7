"""The results, as text and as a picture."""

import os

import plot
from conditions import CONNECTIONS, CORES, DELAY, RESULTS, ROUNDS, SYNCED, USERS
from latchkey_tests.project import EXECUTABLES
from measure import summary


class Report:
    """results.md and results.svg."""

    def report(self):
        lines = [
            "# Results",
            "",
            f"Of `make bench` on {CORES} cores, {ROUNDS} rounds, all in turn in each; medians (least–most); a ratio is the "
            "median of the rounds' own. Written by "
            "`compare.py`, which tells how. Other work on the machine before it began (load average): "
            f"{self.others:.1f}"
            + ("." if self.others < 0.5 else ": **the machine was shared**, so take the ratios, not the rates."),
            "",
            "| bar | figure | bound | |",
            "|---|---|---|---|",
        ]
        lines += [f"| {what} | {figure} | {bound} | {'met' if met else '**missed**'} |" for what, figure, bound, met in self.bars]
        for kind, title in (
            ("me", "GET /auth/users/me"),
            ("jwt", "GET /auth/api-keys/ by access token"),
            ("key", "GET /auth/api-keys/ by API key"),
        ):
            lines += [
                "",
                f"## {title}",
                "",
                "Requests/s under load by `wrk`; lighttpd but for FastAPI, which uvicorn serves by itself. "
                "Below each, 50% and 99% of answers came within so many ms.",
                "",
                "| | " + " | ".join(f"{count} conn." for count in CONNECTIONS) + " | of ours, 4 conn. |",
                "|---" * (len(CONNECTIONS) + 2) + "|",
            ]
            for rival in self.rivals:
                if rival.rate(kind, 4):
                    cells = []
                    for count in CONNECTIONS:
                        rate = rival.rate(kind, count)
                        cells.append(
                            "–"
                            if not rate
                            else "{:,.0f} ({:,.0f}–{:,.0f})<br>{:.2f} / {:.2f}".format(*rate, *rival.latency(kind, count))
                        )
                    lines.append(f"| {rival.name} | " + " | ".join(cells) + f" | {rival.against(self.swift, kind):.2f} |")
        lines += [
            "",
            "## One process",
            "",
            "From start to end, started by `spawn.c`: no server.",
            "",
            "| | µs | page faults | peak memory, KiB |",
            "|---|---|---|---|",
        ]
        for name, title in (
            ("me", "users/me"),
            ("c", "users/me, C"),
            ("earlier", "users/me, by an access token before the session's last"),
            ("jwt", "list-api-keys by access token"),
            ("key", "list-api-keys by API key"),
            ("c key", "list-api-keys by API key, C"),
            ("first", "page 1 of 12,000 keys"),
            ("thousandth", "page 1,000"),
        ):
            lines.append(
                "| {} | {:,.0f} ({:,.0f}–{:,.0f}) | {:.0f} | {:,.0f} |".format(
                    title, *self.process(name), self.process(name, 1)[0], self.process(name, 2)[2]
                )
            )
        sizes = [os.path.getsize(path) for path in (f"{EXECUTABLES}/current-user", self.programs["current-user"])]
        lines += [
            f"| verify-code | | | {self.verify_resident:,.0f} |",
            "",
            "| users/me | Latchkey | C | of C's |",
            "|---|---|---|---|",
            "| instructions (callgrind) | {:,} | {:,} | {:.3f} |".format(
                *self.instructions, self.instructions[0] / self.instructions[1]
            ),
            "| size, bytes | {:,} | {:,} | {:.3f} |".format(*sizes, sizes[0] / sizes[1]),
            "",
            "## Memory while nobody asks",
            "",
            "Of what stays beside the web server; what processes share is counted once.",
            "",
            "| | before, KiB | after the load, KiB |",
            "|---|---|---|",
            "| Latchkey, C, PHP, Python by CGI | 0 | 0 |",
        ]
        lines += [f"| {name} | {idle:,} | {self.busy[name]:,} |" for name, idle in self.idle.items()]
        cost = summary(self.fastcgi_costs)[0]
        lines += [
            "",
            "## Writing",
            "",
            "A refresh is one durable commit, by CGI in a process of its own, of the session, the audit and its counter. "
            "SQLite alone: "
            "one connection, opened once, `WAL`, `synchronous=FULL`, one row changed by each commit (`commits.c`).",
            "",
            "| | a second | 99% within, ms |",
            "|---|---|---|",
            "| SQLite's commits | {:,.0f} ({:,.0f}–{:,.0f}) | |".format(*summary(self.raw_commits)),
            *(
                "| {} | {:,.0f} ({:,.0f}–{:,.0f}) | {:.1f} |".format(
                    name, *summary([rate for rate, _ in found]), summary([latest for _, latest in found])[0]
                )
                for name, found in (
                    ("refreshes, 16 connections, CGI", self.refreshes),
                    ("refreshes, 16 connections, FastCGI", self.fastcgi_refreshes),
                )
                if found
            ),
            "",
            f"The disk syncs in {1e6 / summary(self.raw_commits)[0]:,.0f} µs here at most, so that it is not what bounds "
            "refreshes: by CGI the "
            f"start of a process does. By FastCGI one takes {cost:,.0f} µs of a core, wrk and lighttpd with it, so that "
            f"{CORES} cores without any wait "
            f"made {CORES * 1e6 / cost:,.0f} a second.",
            "",
            f"Where the disk takes longer than all else, waits for it count: {self.syncs:.2f} a refresh, by {SYNCED} processes "
            "one "
            f"after the other; 1 a commit, and now and then 2 more. With {DELAY} ms more for each (by strace, which delays "
            "`fdatasync` alone):",
            "",
            "| | a second | 99% within, ms | of commits |",
            "|---|---|---|---|",
            "| SQLite's commits | {:,.0f} ({:,.0f}–{:,.0f}) | | |".format(*summary(self.slow_commits)),
            *(
                "| refreshes, 16 connections, {} | {:,.0f} ({:,.0f}–{:,.0f}) | {:.1f} | {:.2f} |".format(
                    name, *summary([rate for rate, _, _ in found]), *(summary(column)[0] for column in list(zip(*found))[1:])
                )
                for name, found in self.slow_refreshes.items()
            ),
            "",
            f"## A thousand users and {USERS:,}",
            "",
            f"As many API keys as users, three times as many sessions: {self.database_size / 1e6:,.0f} MB. Whole processes, in "
            "turn.",
            "",
            f"| | 1,000: µs | {USERS:,}: µs | ratio | of the shortest |",
            "|---|---|---|---|---|",
        ]
        lines += [
            "| {} | {:,.0f} ({:,.0f}–{:,.0f}) | {:,.0f} ({:,.0f}–{:,.0f}) | {:.2f} | {:.2f} |".format(
                name, *few, *many, ratio, least
            )
            for name, (few, many, ratio, least) in self.growth.items()
        ]
        os.makedirs(RESULTS, exist_ok=True)
        with open(f"{RESULTS}/results.md", "w") as file:
            file.write("\n".join(lines) + "\n")
        plot.draw(
            f"{RESULTS}/results.svg",
            f"GET /auth/users/me, requests/s on {CORES} cores",
            [
                (rival.name, {count: rival.rate("me", count) for count in CONNECTIONS if rival.rate("me", count)})
                for rival in self.rivals
            ],
        )
