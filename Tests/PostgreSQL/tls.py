"""A server on the network: TLS and passwords.

1. `database_tls = verify-full`, the default, refuses a server whose certificate is not trusted, or has another name.
2. `verify-ca` does not look at the name; `require` does not look at the certificate; `disable` does not encrypt, and a server
   that wants TLS refuses it. `sslmode` in the address changes nothing.
3. The password comes from the environment, from `.pgpass`, or from the address. It is in no log, no answer, no process's
   arguments and no backup.
"""

import os
import shutil
import subprocess
import tempfile

from latchkey_tests.checks import expect, finish
from latchkey_tests.cluster import AS_POSTGRES, Cluster, PostgreSQLHome
from latchkey_tests.home import NO_LIMITS
from latchkey_tests.ports import free_port
from latchkey_tests.project import COMMAND

PASSWORD = "correct-horse-battery"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def certificates(folder):
    """A CA, and a server's certificate for the name localhost and no address."""
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test CA"),
        *("-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt"),
    )
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr"),
    )
    openssl(
        *("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key"),
        *("-copy_extensions", "copy", "-days", "2", "-out", f"{folder}/server.crt"),
    )


def on_network(cluster, folder, port):
    """Lets `cluster` listen on `port` of this machine, with TLS and a password only."""
    for name in ("server.key", "server.crt"):
        shutil.copy(f"{folder}/{name}", f"{cluster.data}/{name}")
        os.chmod(f"{cluster.data}/{name}", 0o600)
        if AS_POSTGRES:
            shutil.chown(f"{cluster.data}/{name}", "postgres", "postgres")
    with open(f"{cluster.data}/pg_hba.conf", "w") as file:
        file.write("local all latchkey trust\nhostssl all app 127.0.0.1/32 scram-sha-256\n")
    cluster.sql(f"CREATE USER app PASSWORD '{PASSWORD}'")
    cluster.sql("CREATE DATABASE app OWNER app")
    cluster.stop()
    cluster.settings += ["ssl=on", "listen_addresses=127.0.0.1", f"port={port}"]
    cluster.start_on(port)


def answer(home, settings, variables=()):
    home.configure(NO_LIMITS + settings)
    return home.get("health", variables)


def main():
    folder, cluster = tempfile.mkdtemp(prefix="latchkey-tls-"), Cluster()
    home = PostgreSQLHome(cluster.connection("app"))
    try:
        certificates(folder)
        port = free_port()
        on_network(cluster, folder, port)
        with_password = {"PGPASSWORD": PASSWORD}
        trusted = f"sslrootcert={folder}/ca.crt"

        def at(host, rest=""):
            return f"database = host={host} port={port} dbname=app user=app {rest}\n"

        for host, rest, tls, status, what in [
            ("localhost", trusted, "", 200, "verify-full: the right name, and a trusted certificate"),
            ("localhost", "", "", 503, "verify-full: no certificate is trusted"),
            ("127.0.0.1", trusted, "", 503, "verify-full: another name"),
            ("127.0.0.1", f"{trusted} sslmode=disable", "", 503, "sslmode in the address changes nothing"),
            ("127.0.0.1", trusted, "verify-ca", 200, "verify-ca: another name, and a trusted certificate"),
            ("127.0.0.1", f"sslrootcert={folder}/server.csr", "verify-ca", 503, "verify-ca: no certificate is trusted"),
            ("127.0.0.1", "", "require", 200, "require: any certificate"),
            ("127.0.0.1", "", "disable", 503, "disable: the server wants TLS"),
        ]:
            settings = at(host, rest) + (f"database_tls = {tls}\n" if tls else "")
            found = answer(home, settings, with_password)
            expect(found.status == status, what, (found.raw, found.log))
        found = answer(home, at("localhost", trusted) + "database_tls = prefer\n", with_password)
        expect(found.status == 500 and "database_tls" in found.log, "prefer is no value", found.log)

        found = answer(home, at("localhost", trusted))
        expect(found.status == 503 and "password" in found.log, "without a password", found.log)
        passfile = f"{folder}/pgpass"
        with open(passfile, "w") as file:
            file.write(f"localhost:{port}:app:app:{PASSWORD}\n")
        os.chmod(passfile, 0o600)
        expect(answer(home, at("localhost", f"{trusted} passfile={passfile}")).status == 200, "the password of passfile")
        expect(answer(home, at("localhost", trusted), {"PGPASSFILE": passfile}).status == 200, "the password of PGPASSFILE")

        uri = f"database = postgresql://app:{PASSWORD}@localhost:{port}/app?sslrootcert={folder}/ca.crt\n"
        expect(answer(home, uri).status == 200, "the password of the address")
        wrong = answer(home, uri.replace(PASSWORD, PASSWORD + "x"))
        expect(wrong.status == 503 and PASSWORD not in wrong.log + str(wrong.raw), "a wrong password is in no log", wrong.log)
        answer(home, uri)
        environment = {"PATH": os.environ["PATH"], "LATCHKEY_HOME": home.path}
        for arguments in (["settings"], ["doctor"], ["init"], ["backup", f"{folder}/backup.tar"]):
            done = subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60)
            shown = done.stdout + done.stderr
            expect(done.returncode == 0 and PASSWORD not in shown, f"{arguments[0]} does not show it", shown[-800:])
        with open(f"{folder}/backup.tar", "rb") as file:
            expect(PASSWORD.encode() not in file.read(), "the backup lacks it")
    finally:
        home.remove()
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
