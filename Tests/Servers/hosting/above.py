"""A .htaccess in the folder above."""

import os
import re

from agreement import check_corpus
from latchkey_tests.checks import checks, expect
from latchkey_tests.project import write
from latchkey_tests.servers.alone import Alone
from latchkey_tests.servers.apache import Apache, FcgidOptions, Shared, SharedFastCGI
from latchkey_tests.servers.corpus import cases_of

WORDPRESS = """
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
"""
# Typical .htaccess files of sites, in the folder above Latchkey's.
HOSTILE = {
    "AcceptPathInfo": "AcceptPathInfo Off",
    "WordPress, before ours": f"RewriteEngine On\nRewriteOptions InheritDownBefore\n{WORDPRESS}",
    "WordPress, after ours": f"RewriteEngine On\nRewriteOptions InheritDown\n{WORDPRESS}",
    "forced HTTPS and www": """RewriteEngine On
RewriteOptions InheritDownBefore
RewriteCond %{HTTPS} off
RewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [L,R=301]
RewriteCond %{HTTP_HOST} !^www\\.
RewriteRule ^ - [F]""",
    "a base for all": "RewriteEngine On\nRewriteOptions MergeBase AllowAnyURI\nRewriteBase /blog/",
    "no rewriting": "RewriteEngine Off",
    "an index": "DirectoryIndex index.php index.html home.html",
    "a fallback": "FallbackResource /index.php",
    "slashes": "DirectorySlash On",
    "no programs": "Options -ExecCGI -Indexes",
    "listings": "Options +Indexes\nIndexOptions FancyIndexing",
    "negotiation": "Options +MultiViews",
    "another handler": "SetHandler server-info",
    "another handler by name": '<FilesMatch "^[a-z-]+$">\nSetHandler default-handler\nForceType text/plain\n</FilesMatch>',
    "another type": "ForceType application/x-httpd-php\nDefaultType text/html",
    "PHP by endings": "AddHandler application/x-httpd-php .php .html .js .json\n"
    "AddType application/x-httpd-php .html .js .css .svg",
    "SSI by endings": "Options +Includes\nAddHandler server-parsed .html .json .js",
    "encodings and languages": "AddEncoding x-gzip .js .json\nAddLanguage de .html .css\nAddCharset utf-16 .html .js .json",
    "an action": "Action cgi-script /handler.php\nAction application/x-httpd-php /handler.php",
    "pages for errors": "".join(
        f"ErrorDocument {status} /error.html\n" for status in (400, 401, 403, 404, 405, 411, 413, 500, 503)
    ),
    "texts for errors": "".join(f"ErrorDocument {status} 'no'\n" for status in (401, 403, 404, 405, 500)),
    "a character set": "AddDefaultCharset ISO-8859-1",
    "header fields": """Header set Cache-Control "max-age=31536000, public"
Header set Access-Control-Allow-Origin "*"
Header set Access-Control-Allow-Headers "*"
Header set X-Content-Type-Options nosniff
Header append Cache-Control immutable
Header set Pragma public
Header set Expires "Thu, 31 Dec 2099 00:00:00 GMT\"""",
    "expiry": 'ExpiresActive On\nExpiresDefault "access plus 1 year"\nExpiresByType application/json "access plus 1 month"',
    "small bodies": "LimitRequestBody 10",
    "no mod_security": "<IfModule mod_security.c>\nSecFilterEngine Off\n</IfModule>\n"
    "<IfModule mod_security2.c>\nSecRuleEngine Off\n</IfModule>",
    "PHP's settings": "<IfModule mod_php.c>\nphp_value upload_max_filesize 64M\nphp_flag display_errors on\n</IfModule>",
    "old access rules": "<Files wp-config.php>\nOrder allow,deny\nDeny from all\n</Files>\n"
    '<FilesMatch "\\.(sql|log|sh)$">\nRequire all denied\n</FilesMatch>',
    "no Authorization": "CGIPassAuth Off",
}
# These cancel others.
ALONE = {"no rewriting", "a base for all"}


class Below(Shared):
    """Below a folder with a .htaccess that the host's user wrote for something else."""

    name = Shared.name
    modules = [*Apache.modules, "expires", "autoindex", "include", "actions", "access_compat", "filter", "deflate", "info"]

    def install(self):
        super().install()
        for name in ("index.html", "error.html", "home.html"):
            write(f"{self.folder}/{name}", "the site's own page")

    def host(self):
        return f"""\
DocumentRoot {self.site}
<Directory {self.folder}>
    Require all granted
    AllowOverride All
    Options FollowSymLinks
</Directory>
"""

    def set_above(self, text):
        write(f"{self.folder}/.htaccess", text + "\n")
        os.chmod(f"{self.folder}/.htaccess", 0o644)


class BelowFastCGI(FcgidOptions, Below):
    name = SharedFastCGI.name
    modules = ["mpm_event", "fcgid", *Below.modules[2:]]
    htaccess = SharedFastCGI.htaccess


def check_above(fixture, probes):
    before = checks.passed
    server = Below(fixture)
    try:
        for name, text in HOSTILE.items():
            server.set_above(text)
            probes.check(server, name)
        expect(not re.search("not allowed here|Invalid command", server.log()), "the host takes all of it", server.log()[-1000:])
    finally:
        server.stop()
    together = "\n".join(text for name, text in HOSTILE.items() if name not in ALONE)
    cases = cases_of(fixture.variables)
    norm = {}
    alone = Alone(fixture)
    try:
        for case in cases:
            norm[(case.name, True)] = alone.ask(case).essence()
    finally:
        alone.stop()
    for kind in (Below, BelowFastCGI):
        server = kind(fixture)
        try:
            server.set_above(together)
            probes.check(server, f"{server.name}, together")
            check_corpus(server, cases, norm)
        finally:
            server.stop()
    print(
        f"above: {len(HOSTILE)} files of a host's, {len(probes.requests)} requests each; {checks.passed - before} held",
        flush=True,
    )
