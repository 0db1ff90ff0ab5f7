"""The conditions of measurement: durations, counts and connections, and where the results go."""

import os
import time

from latchkey_tests.project import PROJECT
from measure import FOLDER

ROUNDS = int(os.environ.get("ROUNDS", "5"))
DURATION = int(os.environ.get("DURATION", "1"))
USERS = int(os.environ.get("USERS", "1000000"))
CONNECTIONS = (1, 4, 16, 64)
# The published results are replaced only on request.
RESULTS = FOLDER if os.environ.get("UPDATE") == "1" else f"{PROJECT}/.build-bench"
CORES = os.cpu_count()
SYNCED = 40
# A slow disk: every wait for it takes so many ms more, without using a core. Other calls run unchanged.
DELAY = 5
ME, KEYS, REFRESH = "/auth/users/me", "/auth/api-keys/", "/auth/verification/refresh-token"


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
