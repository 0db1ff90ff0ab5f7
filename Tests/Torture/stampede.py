"""200 concurrent clients on verify-code, through lighttpd, while others ask for users/me: by CGI, then by FastCGI.

Shown: all handlers together use no more than 8 MiB for each hashing slot plus what a waiting handler needs; every
guess gets one of our answers, 400 or 503, and a 503 uses no attempt; clients of GET /auth/users/me get 200
throughout. By FastCGI, where codes have their own pool: the time within which 99% of those answers come, under load
and while nobody guesses.
"""

import collections
import json
import multiprocessing
import socket
import threading
import time

from latchkey_tests.answers import Answer
from latchkey_tests.checks import Report, seconds
from latchkey_tests.home import NO_LIMITS, Home
from latchkey_tests.service import Service

CLIENTS, SLOTS, SLOT_SIZE = 200, 2, 8 << 20
FORKED = multiprocessing.get_context("fork")
report = Report()


def memory(process):
    """Bytes of a process: shared pages count by its share."""
    try:
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass  # it has ended
    return 0


def children(process):
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            return file.read().split()
    except OSError:
        return []


class Sampler(threading.Thread):
    """All handlers of a server together, every `pause` seconds: their peak memory and number."""

    def __init__(self, server, pause):
        super().__init__()
        self.server, self.pause, self.peak, self.most, self.samples = server, pause, 0, 0, 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            handlers = children(self.server)
            self.peak = max(self.peak, sum(memory(handler) for handler in handlers))
            self.most, self.samples = max(self.most, len(handlers)), self.samples + 1
            time.sleep(self.pause)

    def stop(self):
        self.over.set()
        self.join()


def base(home, count=40):
    """Bytes of a waiting handler: `count` of them wait, since the database is locked, and each has all its
    memory except the hashing memory. Its own, and its share of the shared memory."""
    lock = home.database()
    lock.execute("BEGIN IMMEDIATE")
    body = json.dumps({"email": "base@example.com", "code": "000000"}).encode()
    processes, found = [home.start("verify-code", "POST", body=body) for _ in range(count)], 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        found = max(found, sum(memory(process.pid) for process in processes))
        time.sleep(0.02)
    lock.close()
    for process in processes:
        process.communicate(timeout=60)
    return found // count


class Client(threading.Thread):
    """Sends `request` once all are ready; keeps its answer and its duration."""

    def __init__(self, server, request, ready):
        super().__init__()
        self.server, self.request, self.ready, self.answer, self.took = server, request, ready, Answer(b""), 0

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), 60) as connection:
                self.ready.wait(60)
                start = time.monotonic()
                connection.sendall(self.request)
                raw = b""
                while chunk := connection.recv(65536):
                    raw += chunk
                self.took = time.monotonic() - start
                self.answer = Answer(raw)
        except (OSError, threading.BrokenBarrierError) as error:
            self.failure = error


def post(fields):
    body = json.dumps(fields).encode()
    return (
        b"POST /auth/verification/verify-code HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body


def percentile(latencies):
    """The 99th percentile, in ms."""
    return sorted(latencies)[len(latencies) * 99 // 100] * 1000


class Askers:
    """A process with two clients that ask for users/me until stopped: the duration of each answer, and the statuses. A
    separate process: in this one it would wait for the threads of 200 clients."""

    def __init__(self, server, grant):
        self.server, self.latencies, self.statuses = server, [], collections.Counter()
        self.request = (
            f"GET /auth/users/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Authorization: Bearer {grant['access_token']}\r\n\r\n"
        ).encode()
        self.over = FORKED.Event()
        self.result, sender = FORKED.Pipe(duplex=False)
        self.process = FORKED.Process(target=self.ask_in_two_threads, args=(sender,))
        self.process.start()

    def ask_in_two_threads(self, sender):
        threads = [threading.Thread(target=self.ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sender.send((self.latencies, self.statuses))

    def ask(self):
        while not self.over.is_set():
            start = time.monotonic()
            try:
                status = self.server.exchange(self.request, 60).status
            except OSError:
                status = 0
            self.statuses[status] += 1
            self.latencies.append(time.monotonic() - start)
            time.sleep(0.005)

    def stop(self):
        self.over.set()
        self.latencies, self.statuses = self.result.recv()
        self.process.join(90)


def stampede(home, server, grant, addresses, pause):
    """200 concurrent clients guess at `addresses`; memory is measured every `pause` seconds. Returns the number
    of answers by status, and the peak memory."""
    sampler = Sampler(server.process.pid, pause)
    ready = threading.Barrier(CLIENTS)
    clients = [Client(server, post({"email": addresses[n % len(addresses)], "code": "000000"}), ready) for n in range(CLIENTS)]
    start = time.monotonic()
    askers = Askers(server, grant)
    for thread in [sampler, *clients]:
        thread.start()
    for client in clients:
        client.join(90)
    took = time.monotonic() - start
    askers.stop()
    sampler.stop()
    return clients, sampler, askers.latencies, askers.statuses, took


def rounds(home, server, grant, addresses, bound, idle=None):
    """`idle` is the 99th percentile of users/me while nobody guesses, in ms, where that is compared: one round of three
    must stay within three times that, in a sample within ten, since other work on the machine can only increase it."""
    within = []
    for round in range(1 if 0 < seconds() < 60 and not idle else 3):
        if any(within):
            break
        home.sql("UPDATE challenges SET attempts = 0")
        clients, sampler, latencies, others, took = stampede(
            home, server, grant, addresses, pause=0.05 if idle else 0.005
        )  # measuring takes time from the server
        statuses = collections.Counter(client.answer.status for client in clients)
        report.figure(f"answers, round {round + 1}", dict(sorted(statuses.items())))
        report.figure(f"seconds, round {round + 1}", f"{took:.1f}, slowest {max(c.took for c in clients):.1f}")
        report.figure(
            f"peak memory, round {round + 1}",
            f"{sampler.peak / (1 << 20):.0f} MiB in {sampler.most} handlers, {sampler.samples} samples",
        )
        report.figure(f"users/me, round {round + 1}", f"worst {max(latencies) * 1000:.0f} ms, {dict(others)}")
        if idle:
            report.figure(f"users/me, p99, round {round + 1}", f"{percentile(latencies):.1f} ms, idle {idle:.1f} ms")
            within.append(percentile(latencies) <= (10 if 0 < seconds() < 60 else 3) * idle)
        report.expect(sampler.peak <= bound, f"memory {sampler.peak / (1 << 20):.0f} MiB is over the bound")
        report.expect(set(statuses) <= {400, 503} and statuses[400] > 0, f"answers {statuses}")
        report.expect(all(client.answer.is_envelope() for client in clients), "an answer is not Latchkey's, or not complete")
        report.expect(all(client.answer.code in ("invalid_code", "temporarily_unavailable") for client in clients), "codes")
        report.expect(
            all("retry-after" in client.answer.headers for client in clients if client.answer.status == 503), "Retry-After"
        )
        report.expect(set(others) == {200}, f"users/me answered {dict(others)}")
        counted = home.sql("SELECT sum(attempts) FROM challenges WHERE email LIKE 'known%'")[0][0]
        report.expect(counted == statuses[400], f"{counted} attempts were counted, {statuses[400]} compared")
    report.expect(not idle or any(within), "users/me: p99 is far over that of an idle server, in every round")


def main():
    home = Home()
    home.configure(f"{NO_LIMITS}argon2_slots = {SLOTS}\ncode_attempts = 100\n")
    grant = home.sign_in("ada@example.com")
    addresses = [f"known{n}@example.com" for n in range(20)]
    for email in addresses:
        report.expect(home.post("send-code", {"email": email}).status == 202, "send-code")
    one = base(home)
    bound = SLOTS * SLOT_SIZE + CLIENTS * one
    report.figure("a waiting handler", f"{one / 1024:.0f} KiB")
    report.figure("bound", f"{bound / (1 << 20):.0f} MiB: {SLOTS} slots of 8 MiB, {CLIENTS} handlers that wait")
    server = Service(home)
    try:
        rounds(home, server, grant, addresses, bound)
    finally:
        server.stop()
    print("by FastCGI", flush=True)
    server = Service(home, {"LATCHKEY_FASTCGI": "1"})
    try:
        askers = Askers(server, grant)
        time.sleep(10)
        askers.stop()
        rounds(home, server, grant, addresses, bound, idle=percentile(askers.latencies[len(askers.latencies) // 4 :]))
    finally:
        server.stop()
    code = home.code("known0@example.com")
    report.expect(home.post("verify-code", {"email": "known0@example.com", "code": code}).status == 200, "no sign-in after it")
    report.expect(home.integrity() == "ok", "the database is damaged")
    home.remove()
    report.finish()


main()
