"""schemathesis through lighttpd: all checks, all phases. MAX_EXAMPLES (25) for each operation and phase; MAX_TIME
(120) seconds in total, which may cut the last phases short."""

import itertools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

from document import OPENAPI, OPERATIONS
from world import METRICS_TOKEN, SETTINGS, World

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.environ.get("MAX_EXAMPLES", "25")
TIME = os.environ.get("MAX_TIME", "120")


def run(results):
    world = World()
    try:
        world.home.configure(SETTINGS + "access_ttl = 1d\n")
        ada = world.sign_in("ada@example.com")
        key = world.key(ada)
        report = f"{world.home.path}/junit.xml"
        program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
        command = [
            program,
            "--config-file",
            f"{HERE}/schemathesis.toml",
            "run",
            OPENAPI,
            "--url",
            world.base,
            "--checks",
            "all",
            "--max-examples",
            EXAMPLES,
            "--max-time",
            TIME,
            "--seed",
            os.environ.get("SEED", "1"),
            "--report",
            "junit",
            "--report-junit-path",
            report,
            "--output-truncate",
            "false",
        ]
        outcome = subprocess.run(
            command,
            cwd=world.home.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([HERE, os.environ["PYTHONPATH"]]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "LATCHKEY_FUZZ_HOME": world.home.path,
                "LATCHKEY_FUZZ_PORT": str(world.server.port),
                "LATCHKEY_FUZZ_EMAIL": "ada@example.com",
                "LATCHKEY_BEARER": ada.access,
                "LATCHKEY_KEY": key["full_key"],
                "LATCHKEY_KEY_ID": key["id"],
                "LATCHKEY_METRICS": METRICS_TOKEN,
            },
        )
        print(outcome.stdout, flush=True)
        seen = {}
        if os.path.exists(report):
            for case in xml.etree.ElementTree.parse(report).iter("testcase"):
                seen[case.get("name")] = [
                    re.findall(r"^- (ST\d.*)", part.text or "", re.M) or [(part.text or part.tag).strip()[:300]]
                    for part in case
                    if part.tag in ("failure", "error", "skipped")
                ]
        for name in [f"{o.method} {o.path}" for o in OPERATIONS] + ["Stateful tests"]:
            results.check(f"schemathesis: {name}", itertools.chain(*seen.get(name, [["it was not tested"]])))
        results.check("schemathesis ends well", [] if outcome.returncode == 0 else f"it ended with {outcome.returncode}")
        faults = world.home.sql("PRAGMA integrity_check")
        results.check("the database is whole afterwards", [] if faults == [("ok",)] else str(faults))
    finally:
        world.close()
