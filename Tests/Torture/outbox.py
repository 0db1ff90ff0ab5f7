"""The outbox under faults.

Shown: whatever the mail command does, its exit code decides whether the mail is sent, tried again, or given up;
however many deliverers run at once, each mail goes out once; a deliverer killed at any moment loses nothing, and a
mail that goes out twice keeps its Message-ID; attempts end when the code expires; no mail is cut short; nothing is
sent for a code that expired, was used or was replaced. The test passes time by changing the times in the database.
"""

import os
import random
import signal
import time

from latchkey_tests.checks import Report, seconds
from mail_command import Outbox

report = Report()
limit = seconds()
SLOW = 'touch "$HOME/begun"; sleep 0.3'


def commands():
    """A command's behaviour, and the fate of the mail: sent, later, or never."""
    later, never, sent = "later", "never", "sent"
    cases = [
        ("exits 0", {}, sent),
        ("reads nothing, exits 0", {"script": "#!/bin/sh\nexit 0\n"}, sent),
        ("writes 50 MB", {"end": "head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&2; exit 0"}, sent),
        ("is missing", {"script": ""}, later),
        ("may not be run", {"mode": 0o600}, later),
        ("is no program", {"script": "nothing to run\n"}, later),
        ("is empty", {"script": ""}, later),
        ("kills itself", {"end": "kill -KILL $$"}, later),
        ("traps", {"end": "kill -SEGV $$"}, later),
        ("reads nothing, exits 75", {"script": "#!/bin/sh\nexit 75\n"}, later),
    ]
    # msmtp exits with 68 when it cannot look up the relay's name at the moment.
    cases += [(f"exits {code}", {"end": f"exit {code}"}, later) for code in (1, 64, 68, 69, 71, 73, 74, 75, 77, 78, 255)]
    cases += [(f"exits {code}", {"end": f"exit {code}"}, never) for code in (65, 67)]
    for name, how, expected in cases:
        box = Outbox(**how).promise()
        if name == "is missing":
            os.unlink(box.command)
        row = box.attempt()
        became = sent if row is None else never if row[1] is None else later if row[2] else "stuck"
        report.expect(became == expected, f"a command that {name}: {became}, not {expected}: {row}")
        if became == "later":
            wait = row[1] - time.time() * 1000
            report.expect(3000 < wait <= 5000, f"a command that {name}: tried again in {wait:.0f} ms")
        box.remove()
    report.figure("ways a mail command behaved", len(cases))


def retries():
    """Attempts until the code expires; the test passes time by changing every time in the database."""
    box, waits = Outbox(end="exit 75").promise(), []
    while len(waits) < 50:
        row = box.attempt()
        if row is None or row[1] is None:
            break
        waits.append(round((row[1] - time.time() * 1000) / 1000))
        report.expect(row[1] < row[3], "an attempt is planned after the code's expiry")
        passed = row[1] - time.time() * 1000
        box.home.sql("UPDATE mail_items SET expires_at = expires_at - ?", (int(passed),))
    report.expect(waits[:5] == [5, 10, 20, 40, 80], f"waits {waits}")
    report.expect(all(wait <= 120 for wait in waits) and len(waits) <= 10, f"waits {waits}")
    report.expect(len(box.got()) == len(waits) + 1 and len(set(box.ids())) == 1, "attempts differ in their Message-ID")
    report.figure("attempts in a code's life", len(box.got()))
    box.remove()

    # Two failing mails: the older one's late retry delays nothing.
    box = Outbox(end="exit 75").promise()
    box.home.sql("UPDATE mail_items SET attempts = 6")
    staying = box.deliverer()
    box.until(lambda: box.row()[2])
    box.promise().deliverer()
    box.until(lambda: len(box.got()) == 2)
    start = time.monotonic()
    came = box.until(lambda: len(box.got()) == 3, 9)
    report.expect(staying.poll() is None, "no deliverer stayed for what failed")
    report.expect(came, "a mail that is due again in 5 s waits behind a deliverer that sleeps for another")
    report.figure("a second mail was tried again after", f"{time.monotonic() - start:.1f} s" if came else "more than 9 s")
    box.remove()


def useless():
    """Mail that became useless while it waited is not sent: in the outbox, and under a deliverer that waits."""
    ways = {
        "expired": "UPDATE mail_items SET expires_at = 1",
        "used": "UPDATE challenges SET used_at = 1",
        "replaced": "UPDATE challenges SET id = randomblob(16)",
        "deleted": "DELETE FROM challenges",
        "used up": "UPDATE challenges SET attempts = 5",
    }
    for way, sql in ways.items():
        box = Outbox().promise()
        box.home.sql(sql)
        report.expect(box.deliverer().wait(20) == 0, f"{way}: the deliverer failed")
        report.expect(not box.got(), f"a mail was sent for a code that was {way}")
        report.expect(not box.row() or box.row()[1] is None, f"{way}: it waits on")
        box.remove()
    box = Outbox(end="exit 75").promise()
    process = box.deliverer()
    box.until(lambda: box.row()[2])
    box.home.sql("UPDATE mail_items SET expires_at = ?", (int(time.time() * 1000) + 2000,))
    report.expect(box.until(lambda: box.row()[1] is None, 15), "a code expired in the outbox, and its mail waits on")
    report.expect(len(box.got()) == 1, "a mail was sent after its code expired in the outbox")
    report.expect(process.wait(15) == 0, "a deliverer stays with nothing to do")
    box.remove()


def crowd(deliverers, count):
    box = Outbox(end="sleep 0.0$(($$ % 5))").promise(count)
    processes = [box.deliverer() for _ in range(deliverers)]
    codes = [process.wait(120) for process in processes]
    ids = box.ids()
    report.expect(set(codes) == {0}, f"{deliverers} deliverers ended with {codes}")
    report.expect(len(ids) == count and len(set(ids)) == count, f"{deliverers} deliverers sent {len(ids)} mails for {count}")
    report.expect(not box.row(), "something is left in the outbox")
    report.figure(f"mails sent by {deliverers} deliverers", f"{len(ids)} of {count}")
    box.remove()


def killed_at(moment):
    """SIGKILL before, during and after the command: how often the mail went out."""
    box = Outbox(begin=SLOW if moment == "during" else "").promise()
    if moment == "before":
        strace = [
            "strace",
            "-f",
            "-o",
            "/dev/null",
            "-e",
            "trace=clone,clone3,vfork",
            "-e",
            "inject=clone,clone3,vfork:signal=KILL:when=1",
        ]
        box.deliverer(strace).wait(30)
    elif moment == "during":
        process = box.deliverer()
        box.begun()
        process.kill()
        report.expect(box.until(lambda: len(box.got()) == 1), "a command whose deliverer was killed lost its mail")
    else:
        # The database is locked once the command has started, so the deliverer cannot record the result.
        box.write(begin=SLOW)
        process = box.deliverer()
        box.begun()
        lock = box.home.database()
        lock.execute("BEGIN IMMEDIATE")
        box.until(lambda: len(box.got()) == 1)
        time.sleep(0.2)
        process.kill()
        process.wait()
        lock.close()
    report.expect(box.row() is not None and box.row()[0] == 1, f"killed {moment}: the attempt is not counted")
    report.expect(len(box.got()) == (moment != "before"), f"killed {moment}: {len(box.got())} went out")
    box.deliverer().wait(30)
    report.expect(len(box.got()) == (moment != "before"), f"killed {moment}: tried again within the lease")
    box.due()
    report.expect(box.deliverer().wait(30) == 0 and box.row() is None, f"killed {moment}: not delivered after the lease")
    report.expect(len(set(box.ids())) == 1, f"killed {moment}: two Message-IDs")
    report.figure(f"copies if killed {moment} the command", len(box.got()))
    box.remove()


def killed_anywhere(rounds):
    chance, copies = random.Random(7), []
    for _ in range(rounds):
        box = Outbox().promise(2)
        for _ in range(6):
            box.due()
            process = box.deliverer()
            time.sleep(chance.uniform(0, 0.03))
            process.kill()
            process.wait()
        box.due()
        box.deliverer().wait(30)
        box.until(lambda: not [n for n in os.listdir(f"{box.home.path}/got") if n[0] == "."])
        report.expect(not box.halves(), f"a deliverer was killed, and a mail of {box.halves()} bytes was accepted")
        report.expect(len(set(box.ids()) - {""}) == 2 and not box.row(), "a mail was lost")
        report.expect(box.home.integrity() == "ok", "the database is damaged")
        copies.append(len(box.ids()))
        box.remove()
    report.figure("copies of two mails under six kills each, on average", round(sum(copies) / len(copies), 1))


def whole(killing):
    """A mail that is longer than a pipe, to a slow reader: sent whole, or not at all."""
    box = Outbox(begin='touch "$HOME/begun"; sleep 1')
    os.mkdir(f"{box.home.path}/templates")
    for ending, head in (("txt", "Subject: {code}\n\n"), ("html", "")):
        with open(f"{box.home.path}/templates/code.{ending}", "w") as file:
            file.write(head + "{code} {minutes}\n" + "a line of a long mail\n" * 8000 + "the end of it\n")
    process = box.promise().deliverer()
    box.begun()
    if killing:
        process.kill()
    box.until(lambda: box.got())
    report.expect(not box.halves(), f"half a mail, {box.halves()} bytes, was accepted; deliverer killed: {killing}")
    box.remove()


def unrecorded():
    """The database stays locked for longer than a deliverer waits, just when a mail was accepted."""
    box = Outbox(begin=SLOW).promise()
    process = box.deliverer()
    box.begun()
    lock = box.home.database()
    lock.execute("BEGIN IMMEDIATE")
    time.sleep(7)
    lock.close()
    process.wait(60)
    box.due()
    box.deliverer().wait(60)
    report.expect(len(box.got()) == 1, f"sent {len(box.got())} times though no deliverer was killed: the record was given up")
    box.remove()


def ended(process):
    """Whether it has ended, even if its exit code was not collected yet."""
    try:
        return "\nState:\tZ" in open(f"/proc/{process}/status").read()
    except OSError:
        return True


def hanging():
    """A command that hangs is killed after a minute, with its child processes."""
    box = Outbox(begin='sleep 300 & echo $! > "$HOME/child"; wait').promise()
    start = time.monotonic()
    row = box.attempt(80)
    report.figure("a hanging command was killed after", f"{time.monotonic() - start:.0f} s")
    report.expect(row and row[2] and "in time" in row[2], f"a hanging command: {row}")
    report.expect(not box.got(), "half a mail was accepted")
    child = int(open(f"{box.home.path}/child").read())
    alive = not box.until(lambda: ended(child), 5)
    report.expect(not alive, "what the hanging command had started still runs")
    if alive:
        os.kill(child, signal.SIGKILL)
    box.remove()


def main():
    full = limit == 0
    commands()
    retries()
    useless()
    for deliverers in (2, 4, 8) if full or limit > 60 else (8,):
        crowd(deliverers, 20)
    for moment in ("before", "during", "after"):
        killed_at(moment)
    killed_anywhere(20 if full else 4)
    whole(killing=False)
    whole(killing=True)
    unrecorded()
    if full or limit > 90:
        hanging()
    else:
        print("left out: a command that hangs for a minute")
    report.finish()


main()
