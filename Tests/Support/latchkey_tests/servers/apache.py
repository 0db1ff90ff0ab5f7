"""Apache, as hosts and the samples configure it."""

import grp
import os
import pwd
import shutil

from latchkey_tests.project import AS_ROOT, PROJECT, PUBLIC, executable_names, write
from latchkey_tests.servers.server import Server, own, user


class Apache(Server):
    """Apache with a host's own configuration, and Latchkey in a served folder."""

    modules = ["mpm_prefork", "cgi"]
    # The minimum that .htaccess needs.
    override = "FileInfo Options=ExecCGI"
    # The Options that the host itself allows.
    options = "FollowSymLinks"
    htaccess = f"{PROJECT}/cgi-bin/.htaccess"
    # The users of the executables and of the server.
    user = "www-data"
    worker = "www-data"
    # Whether the file latchkey.home names the state folder; otherwise it is ../var from the executables.
    named = False

    def prepare(self, world):
        super().prepare(world)
        self.site = f"{self.folder}/site"
        self.install()
        loaded = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in [
                *self.modules,
                "authz_core",
                "rewrite",
                "dir",
                "mime",
                "headers",
                "env",
                "setenvif",
                "negotiation",
                "alias",
            ]
        )
        write(
            f"{self.folder}/apache.conf",
            f"""\
ServerRoot {self.folder}
ServerName localhost
PidFile {self.folder}/apache.pid
ErrorLog {self.folder}/error.log
LogLevel warn
Listen 127.0.0.1:{self.port}
{loaded}
{f"User {self.worker}" if AS_ROOT else ""}
{"Group www-data" if AS_ROOT else ""}
TypesConfig /dev/null
Mutex file:{self.folder} default
ScriptSock {self.folder}/cgid.sock
<Directory />
    Require all denied
    AllowOverride None
</Directory>
{self.host()}
""".replace("" if "cgid" in self.modules else f"ScriptSock {self.folder}/cgid.sock\n", ""),
        )
        self.run("apache2", "-DFOREGROUND", "-f", f"{self.folder}/apache.conf")
        self.wait()

    def install(self):
        """The files that an operator uploads."""
        os.mkdir(self.site)
        for name in executable_names(self.executables):
            shutil.copy(f"{self.executables}/{name}", self.site)
        shutil.copy(self.htaccess, f"{self.site}/.htaccess")
        shutil.copytree(PUBLIC, f"{self.site}/public")
        if self.named:
            elsewhere = f"{self.folder}/elsewhere"
            os.rename(self.home, elsewhere)
            self.home = elsewhere
            write(f"{self.site}/latchkey.home", self.home + "\n")
        for path in (self.site, self.home):
            own(path, user(self.user))

    def host(self):
        return f"""\
DocumentRoot {self.site}
<Directory {self.site}>
    Require all granted
    AllowOverride {self.override}
    Options {self.options}
</Directory>
"""


class Shared(Apache):
    name = "Apache, .htaccess"
    named = True


class SharedWithoutOptions(Apache):
    name = "Apache, .htaccess without Options"
    override = "FileInfo"
    options = "ExecCGI SymLinksIfOwnerMatch"
    htaccess = f"{PROJECT}/samples/apache/htaccess-without-options"


class Vhost(Apache):
    """samples/apache/latchkey.conf, with other places."""

    name = "Apache, samples/apache/latchkey.conf"
    sample_name = "latchkey.conf"
    modules = ["mpm_event", "cgid"]

    def host(self):
        text = open(f"{PROJECT}/samples/apache/{self.sample_name}").read()
        for old, new in [
            ("*:80>", f"127.0.0.1:{self.port}>"),
            ("/srv/latchkey/cgi-bin", self.site),
            ("/var/lib/latchkey", self.home),
        ]:
            assert old in text, old
            text = text.replace(old, new)
        return text


class FcgidOptions:
    """What Apache needs for mod_fcgid: the name of the second pool, and its own files."""

    is_fastcgi = True

    def install(self):
        super().install()
        os.link(f"{self.site}/latchkey-fcgi", f"{self.site}/latchkey-fcgi-codes")

    def host(self):
        return f"FcgidIPCDir {self.folder}/fcgid\nFcgidProcessTableFile {self.folder}/fcgid_shm\n" + super().host()


class VhostFastCGI(FcgidOptions, Vhost):
    """samples/apache/fastcgi.conf, with other places."""

    name = "Apache, mod_fcgid"
    modules = ["mpm_event", "fcgid"]
    sample_name = "fastcgi.conf"

    def host(self):
        samples = "/srv/latchkey/samples"
        assert f"Include {samples}/apache/" in open(f"{PROJECT}/samples/apache/{self.sample_name}").read()
        return super().host().replace(samples, f"{PROJECT}/samples")


class SharedFastCGI(FcgidOptions, Apache):
    """A host that offers FastCGI."""

    name = "Apache, .htaccess, mod_fcgid"
    named = True
    modules = ["mpm_event", "fcgid"]
    htaccess = f"{PROJECT}/samples/apache/htaccess-fastcgi"


class SuEXEC(Apache):
    """As on shared hosts: another user's files below /var/www, and an environment with only the request."""

    name = "Apache, suEXEC, latchkey.home"
    user = "nobody"
    named = True
    modules = ["mpm_prefork", "cgi", "suexec"]

    def __init__(self, world):
        # Where Debian's suexec runs programs, and where it writes its log.
        for folder in ("/var/www", "/var/log/apache2"):
            os.makedirs(folder, exist_ok=True)
        super().__init__(world, base="/var/www")

    def install(self):
        # A state folder below /var/www is refused unless the operator insists.
        with open(f"{self.home}/latchkey.conf", "a") as file:
            file.write("allow_state_in_web_root = yes\n")
        super().install()
        os.chmod(self.folder, 0o755)

    def host(self):
        group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        return f"SuexecUserGroup {self.user} {group}\n" + super().host()


class SuEXECBeside(SuEXEC):
    name = "Apache, suEXEC, ../var"
    named = False


class SuEXECFastCGI(FcgidOptions, SuEXEC):
    """The same by FastCGI."""

    name = "Apache, suEXEC, mod_fcgid"
    modules = ["mpm_event", "fcgid", "suexec"]
    htaccess = f"{PROJECT}/samples/apache/htaccess-fastcgi"


class OwnFolder(Apache):
    """A host's own cgi-bin, as in Debian's serve-cgi-bin.conf: it reads no .htaccess, drops Authorization, and passes
    an environment with only the request. The executables are copied there, with latchkey.home next to them."""

    name = "Apache, the host's cgi-bin"
    named = True
    serves_files = False
    serves_routes = False
    # Since 2.4.59 Apache drops it unless told to trust it.
    keeps_length = False

    def install(self):
        super().install()
        shutil.rmtree(f"{self.site}/public")
        os.mkdir(f"{self.folder}/html")

    def host(self):
        return f"""\
DocumentRoot {self.folder}/html
ScriptAlias /cgi-bin/ {self.site}/
<Directory {self.site}>
    AllowOverride None
    Options +ExecCGI -MultiViews +SymLinksIfOwnerMatch
    Require all granted
</Directory>
"""


class OwnFolderSuEXEC(SuEXEC, OwnFolder):
    """The same where programs run as the owner of their files."""

    name = "Apache, the host's cgi-bin, suEXEC"
