"""Kernels and containers that lack newer system calls: each of them in turn answers ENOSYS to every handler and deliverer, by
strace, and a person signs in, makes an API key, uses it and leaves, with mail by a mail command. The same with all of them
at once. (Locks of an opening of a file, Linux 3.15, are a use of `fcntl`, which strace cannot refuse by itself.)
"""

import os
import re
import sys
import time

from service import NO_LIMITS, Home, bearer

# memfd_create: Linux 3.17. getrandom: 3.17. statx: 4.11. close_range: 5.9. Containers refuse the others.
CALLS = ["memfd_create", "getrandom", "close_range", "statx", "clone3", "rseq", "prlimit64", "prctl", "faccessat2", "openat2"]
COMMAND = """\
#!/bin/sh
for recipient; do :; done
cat > "$HOME/arriving" && mv "$HOME/arriving" "$HOME/mail-to-$recipient"
"""

failed = 0


def expect(holds, what, seen):
    global failed
    if not holds:
        failed += 1
        print(f"FAILED: {what}: {seen}", flush=True)
    return holds


def story(calls):
    """What a person does, on a kernel that lacks `calls`; whether all of it worked."""
    prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={','.join(calls)}"]
    for call in calls:
        prefix += ["-e", f"inject={call}:error=ENOSYS"]
    home = Home(NO_LIMITS)
    command = f"{home.path}/sendmail"
    with open(command, "w") as file:
        file.write(COMMAND)
    os.chmod(command, 0o700)
    home.configure(NO_LIMITS + f"mail = sendmail {command}\n")
    name = ", ".join(calls)
    try:
        answer = home.post("send-code", {"email": "ann@example.com"}, prefix=prefix)
        if not expect(answer.status == 202, f"{name}: send-code", (answer.status, answer.log)):
            return
        mail = f"{home.path}/mail-to-ann@example.com"
        end = time.monotonic() + 20
        while not os.path.exists(mail) and time.monotonic() < end:
            time.sleep(0.05)
        if not expect(os.path.exists(mail), f"{name}: a mail", home.sql("SELECT attempts, last_error FROM mail_items")):
            return
        code = re.search(r"^Subject: (\d+)", open(mail).read(), re.M).group(1)
        answer = home.post("verify-code", {"email": "ann@example.com", "code": code}, prefix=prefix)
        if not expect(answer.status == 200, f"{name}: verify-code", (answer.status, answer.log)):
            return
        grant = answer.data
        me = home.get("current-user", bearer(grant), prefix=prefix)
        if not expect(me.status == 200, f"{name}: current-user", (me.status, me.log)):
            return
        project = {"HTTP_X_PROJECT_ID": me.data["projects"][0]["id"]}
        key = home.post("create-api-key", {"name": "k"}, {**bearer(grant), **project}, prefix=prefix)
        expect(key.status == 201, f"{name}: create-api-key", (key.status, key.log))
        used = home.get("verify-api-key", {"HTTP_X_API_KEY": (key.data or {}).get("full_key", "")}, prefix=prefix)
        expect(used.status == 200, f"{name}: verify-api-key", (used.status, used.log))
        spent = home.post(
            "refresh-token", {"refresh_token": grant["refresh_token"], "user_uuid": grant["user_uuid"]}, prefix=prefix)
        expect(spent.status == 200, f"{name}: refresh-token", (spent.status, spent.log))
    finally:
        home.remove()


def main():
    for calls in [[call] for call in CALLS] + [CALLS]:
        before = failed
        story(calls)
        print(f"figure without {', '.join(calls) if len(calls) == 1 else 'all of them'}: {'works' if failed == before else 'fails'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
