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
            f"`make bench` writes this file; `compare.py` explains how. {CORES} cores, {ROUNDS} rounds, each of which measures "
            "everything in turn. Figures are medians of the rounds (minimum–maximum); a ratio is the median of the rounds' "
            f"ratios. The machine's load average before the start: {self.others:.1f}"
            + ("." if self.others < 0.5 else ": **other programs were running**, so rely on the ratios, not on the rates."),
            "",
            "| target | figure | bound | |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {what} | {figure} | {bound} | {'met' if met else '**missed**'} |" for what, figure, bound, met in self.targets
        ]
        for kind, title in (
            ("me", "GET /auth/users/me"),
            ("jwt", "GET /auth/api-keys/ by access token"),
            ("key", "GET /auth/api-keys/ by API key"),
        ):
            lines += [
                "",
                f"## {title}",
                "",
                "Requests/s under load by `wrk`. lighttpd serves all but FastAPI, which uvicorn serves. "
                "Below each rate: the time within which 50% / 99% of the answers came, in ms.",
                "",
                "| | " + " | ".join(f"{count} conn." for count in CONNECTIONS) + " | relative to Latchkey, CGI, 4 conn. |",
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
            "From start to end, started by `spawn.c`, without a server.",
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
            "| users/me | Latchkey | C | relative to C |",
            "|---|---|---|---|",
            "| instructions (callgrind) | {:,} | {:,} | {:.3f} |".format(
                *self.instructions, self.instructions[0] / self.instructions[1]
            ),
            "| size, bytes | {:,} | {:,} | {:.3f} |".format(*sizes, sizes[0] / sizes[1]),
            "",
            "## Memory without requests",
            "",
            "Of the processes that run beside the web server. Memory that they share counts once.",
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
            "A refresh is one durable commit of the session, an audit event and its counter; by CGI each is a new process. "
            "SQLite's commits, for comparison: one connection, opened once, `WAL`, `synchronous=FULL`; each commit changes one "
            "row (`commits.c`).",
            "",
            "| | per second | 99% within, ms |",
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
            f"A disk sync takes at most {1e6 / summary(self.raw_commits)[0]:,.0f} µs here, so it does not limit refreshes: by "
            f"CGI, starting processes does. By FastCGI a refresh takes {cost:,.0f} µs of a core, including wrk and lighttpd, so "
            f"{CORES} cores without any wait would make {CORES * 1e6 / cost:,.0f} per second.",
            "",
            f"If the disk is the slowest part, the number of syncs counts: {self.syncs:.2f} per refresh, in {SYNCED} processes "
            "one after the other; 1 per commit of SQLite, and sometimes 2 more. "
            f"With {DELAY} ms more per sync (strace delays only `fdatasync`):",
            "",
            "| | per second | 99% within, ms | relative to commits |",
            "|---|---|---|---|",
            "| SQLite's commits | {:,.0f} ({:,.0f}–{:,.0f}) | | |".format(*summary(self.slow_commits)),
            *(
                "| refreshes, 16 connections, {} | {:,.0f} ({:,.0f}–{:,.0f}) | {:.1f} | {:.2f} |".format(
                    name, *summary([rate for rate, _, _ in found]), *(summary(column)[0] for column in list(zip(*found))[1:])
                )
                for name, found in self.slow_refreshes.items()
            ),
            "",
            f"## 1,000 and {USERS:,} users",
            "",
            f"With {USERS:,} users, as many API keys and three times as many sessions, the database has "
            f"{self.database_size / 1e6:,.0f} MB. Times of whole processes, in turn.",
            "",
            f"| | 1,000: µs | {USERS:,}: µs | ratio | ratio of the minimums |",
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
