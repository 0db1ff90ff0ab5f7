"""A certificate authority for one test."""

import shutil
import ssl
import subprocess
import tempfile

from latchkey_tests.project import write

NAME = "localhost"


class Authority:
    """A certificate authority, and its certificate for the host `name`."""

    def __init__(self, name=NAME):
        self.folder = tempfile.mkdtemp(prefix="latchkey-https-")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Latchkey test")
        self.openssl("req", *curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", f"/CN={name}")
        write(f"{self.folder}/names", f"subjectAltName = DNS:{name}\n")
        self.openssl(
            "x509",
            "-req",
            "-in",
            "request.pem",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "names",
            "-out",
            "chain.pem",
        )
        self.certificate, self.key = f"{self.folder}/chain.pem", f"{self.folder}/key.pem"
        self.trusting = ssl.create_default_context(cafile=f"{self.folder}/ca.pem")
        self.strangers = ssl.create_default_context()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def remove(self):
        shutil.rmtree(self.folder)
