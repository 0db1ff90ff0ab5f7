"""Figures, and the targets that they must meet."""

import os

from conditions import CORES, DELAY, USERS
from latchkey_tests.project import EXECUTABLES
from measure import summary


class Findings:
    """The results, compared with their targets."""

    def target(self, what, figure, bound, at_least=True, form="{:.2f}"):
        met = figure >= bound if at_least else figure <= bound
        self.targets.append((what, form.format(figure), ("≥ " if at_least else "≤ ") + form.format(bound), met))

    def process(self, name, column=0):
        return summary([figures[column] for figures in self.processes[name]])

    def process_ratio(self, name, other):
        return summary([ours[0] / theirs[0] for ours, theirs in zip(self.processes[name], self.processes[other])])[0]

    def judge(self):
        size = max(
            os.path.getsize(f"{EXECUTABLES}/{name}")
            for name in os.listdir(EXECUTABLES)
            if os.access(f"{EXECUTABLES}/{name}", os.X_OK)
        )
        self.target("users/me by CGI: requests/s, relative to the C program", self.swift.against(self.baseline), 0.95)
        self.target(f"… relative to FastAPI ({CORES} processes)", self.swift.against(self.fastapi), 1.2)
        self.target("… relative to FastAPI (1 process)", self.swift.against(self.fastapi_one), 1.2)
        self.target("one process: time, relative to the C program", self.process_ratio("me", "c"), 1.05, False)
        self.target("largest executable, MB", size / 1e6, 3.0, False)
        self.target("peak memory without Argon2 (users/me), MB", self.process("me", 2)[2] / 1024, 6, False)
        self.target("… with Argon2, by API key, MB", self.process("key", 2)[2] / 1024, 14, False)
        self.target("… with Argon2, verify-code, MB", self.verify_resident / 1024, 14, False)
        self.target(
            "list-api-keys by API key: time of a process, relative to a JWT", self.process_ratio("key", "jwt"), 1.1, False
        )
        self.target(
            "refreshes/s at 16 connections, relative to SQLite's durable commits/s",
            summary([ours / raw for (ours, _), raw in zip(self.refreshes, self.raw_commits)])[0],
            0.8,
        )
        for name, found in self.slow_refreshes.items():
            self.target(f"… with {DELAY} ms more per disk sync, by {name}", summary([ratio for _, _, ratio in found])[0], 0.8)
        self.target("page 1,000 of 12,000 keys: time, relative to page 1", self.process_ratio("thousandth", "first"), 2, False)
        worst = max(self.growth, key=lambda name: self.growth[name][2])
        self.target(
            f"{USERS:,} users: time, relative to 1,000 users, worst endpoint ({worst})", self.growth[worst][2], 1.1, False
        )
        # Writes wait for the disk, which other programs keep busy, so their shortest time shows nothing.
        worst = max(self.reading, key=lambda name: self.growth[name][3])
        self.target(f"… worst endpoint that only reads, by minimum times ({worst})", self.growth[worst][3], 1.1, False)
        self.target(
            f"users/me by FastCGI: requests/s, relative to FastAPI ({CORES} processes)",
            self.fastcgi.against(self.fastapi, count=16),
            10,
        )
        for count in (4, 16, 64):
            self.target(
                f"… relative to the C program by FastCGI, {count} connections",
                self.fastcgi.against(self.fcgi_baseline, count=count),
                1.0,
            )
