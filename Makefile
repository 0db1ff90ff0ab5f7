# make build  the executables, in cgi-bin/; STORE=postgresql: those that keep their data in PostgreSQL
# make run    serve at http://localhost:8000 (PORT=, BIND=, LATCHKEY_HOME=, and settings as LATCHKEY_<KEY>=); STORE=postgresql:
#             with a PostgreSQL server that is thrown away at the end, unless the setting database names one
# make test   everything a change must pass
# make test-clients   the console, openapi.json and its page, in a browser and by generated clients
# make test-postgresql   the unit tests once more with PostgreSQL, on a server that the tests start
# make test-postgresql-end-to-end   the operator's command, endpoints and servers with PostgreSQL, also through PgBouncer
# make test-postgresql-servers   failover, two machines, PgBouncer, cut connections, the move there and back
# make test-servers   Apache, nginx, lighttpd and none give the same answers; servers that ask; the package
# make lint   the format of Swift and Python sources, and what ruff finds in Python
# make admin  bin/latchkey, the operator's command
# make routes the servers' configurations, from the table of routes
# make package [VERSION=]   dist/latchkey-<version>-linux-<arch>.tar.xz, reproducible; the version is that of the file VERSION
# make torture [SAMPLE=1]   faults, full disks, kills, floods, fuzzing: about an hour, or five minutes of it
# make bench [UPDATE=1]   against C, FastAPI and PHP, and with a million users: .build-bench/results.md, or Benchmarks/results.md
# make bench-check [UPDATE=1]   instructions and sizes against Benchmarks/instructions.md

SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin

EMBEDDED ?= 1
STORE ?= sqlite
export STORE
RUFF := 0.17.6
PACKAGES := libsqlite3-dev libargon2-dev nettle-dev libgmp-dev lighttpd
TEST_PACKAGES := argon2 curl file openssl python3 python3-jwt python3-cryptography python3-jwcrypto fail2ban
CLIENT_PACKAGES := python3 python3-venv nodejs python3-selenium python3-pil chromium chromium-driver default-jre-headless golang-go
SERVER_PACKAGES := python3 curl fail2ban file openssl lighttpd-mod-openssl apache2 apache2-suexec-custom libapache2-mod-fcgid fcgiwrap spawn-fcgi nginx libnginx-mod-http-set-misc golang-go nodejs postgresql python3-jwt python3-cryptography
POSTGRESQL_PACKAGES := libpq-dev postgresql pgbouncer python3 procps
TORTURE_PACKAGES := python3 strace msmtp procps
BENCH_PACKAGES := gcc wrk valgrind strace libfcgi-dev python3 python3-fastapi uvicorn python3-uvloop python3-httptools python3-jwt python3-argon2 python3-cryptography php-cgi php-fpm php-sqlite3

RESOURCES = $(shell swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
TRIPLE = $(shell swift -print-target-info | sed -n 's/.*"triple": "\(.*\)".*/\1/p' | head -n 1)
EXECUTABLES = $(filter-out latchkey write-routes write-settings,$(notdir $(wildcard Sources/Executables/*)))
# Each store has build folders of its own.
SUFFIX = $(if $(filter postgresql,$(STORE)),-postgresql)
SCRATCH = .build-embedded$(SUFFIX)
STATIC = .build-static$(SUFFIX)

.PHONY: package-store lint run serve serve-postgresql admin routes settings package test-postgresql test-postgresql-servers test-postgresql-end-to-end store-end-to-end-tests copy-postgresql store-tests store-servers setup-postgresql test-clients test-servers setup-clients setup-servers setup-lint test build setup setup-test setup-torture setup-bench unit-tests end-to-end-tests fallback fallback-check torture bench bench-postgresql bench-check bench-account clean

# Prints the missing packages, then installs them, as root or with sudo.
define install
	@missing=""; for package in $(1); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "Installing Debian packages:$$missing"; \
		as=""; [ "$$(id -u)" = 0 ] || as=sudo; \
		$$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$missing; \
	fi
endef

setup:
	$(call install,$(PACKAGES)$(if $(SUFFIX), libpq-dev))

setup-test: setup
	$(call install,$(TEST_PACKAGES))

setup-clients: setup
	$(call install,$(CLIENT_PACKAGES))

setup-postgresql: setup
	$(call install,$(POSTGRESQL_PACKAGES))

setup-servers: setup
	$(call install,$(SERVER_PACKAGES))

# ruff from PyPI, one version, so that everyone has the same format.
setup-lint:
	$(call install,python3-venv)
	@.build-lint/bin/ruff --version 2>/dev/null | grep -qxF "ruff $(RUFF)" || { \
		/usr/bin/python3 -m venv --clear .build-lint && \
		.build-lint/bin/pip install --quiet --disable-pip-version-check "ruff==$(RUFF)"; }

setup-torture: setup
	$(call install,$(TORTURE_PACKAGES))

setup-bench: setup
	$(call install,$(BENCH_PACKAGES))

# Puts the executables into cgi-bin/, each in one step: a server never runs half of one meanwhile.
define place
mkdir -p .build-placed && for name in $(EXECUTABLES); do \
		install $(2) -m 755 $(1)/release/$$name .build-placed/ && mv .build-placed/$$name cgi-bin/$$name || exit 1; \
	done
endef

# The executables, in cgi-bin/: Embedded Swift, or with EMBEDDED=0 ordinary static Swift.
build: setup
ifeq ($(EMBEDDED),1)
	@[[ "$(STORE)" =~ ^(sqlite|postgresql)$$ ]] || { echo "STORE is neither sqlite nor postgresql: $(STORE)" >&2; exit 1; }
	EMBEDDED=1 swift build -c release --scratch-path $(SCRATCH) \
		-Xlinker -L$(RESOURCES)/embedded/$(TRIPLE)
	@$(call place,$(SCRATCH))
else
	$(MAKE) fallback
	@$(call place,$(STATIC),-s)
endif
	@ls -l $(addprefix cgi-bin/,$(EXECUTABLES))

# The same source as ordinary Swift, static too.
fallback: setup
	@for name in $(EXECUTABLES); do \
		swift build -c release --scratch-path $(STATIC) --static-swift-stdlib \
			$(if $(SUFFIX),,-Xswiftc -static-executable) --product $$name || exit 1; \
	done

# The fallback still builds, is static, and answers.
fallback-check: fallback setup-test
	@! ldd .build-static/release/send-code 2>/dev/null
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
		printf '{"email":"ada@example.com"}' | env -i LATCHKEY_HOME=$$home REQUEST_METHOD=POST \
		CONTENT_LENGTH=27 .build-static/release/send-code | grep -q '"success":true' && \
		echo "fallback: static, and answers"

# The operator's command: ordinary Swift, static.
admin: setup
	swift build -c release --scratch-path $(STATIC) --static-swift-stdlib \
		$(if $(SUFFIX),,-Xswiftc -static-executable) --product latchkey
	@install -D -s -m 755 $(STATIC)/release/latchkey bin/latchkey.new && mv bin/latchkey.new bin/latchkey
	@ls -l bin/latchkey

# The sections of lighttpd.conf, .htaccess and samples/ that come from the table of routes.
routes: setup
	swift run write-routes

# The table of settings in docs/configuration.md, and samples/latchkey.conf, from Sources/Settings/SettingTable.swift.
settings: setup
	swift run write-settings

UPDATE ?= 0
PORT ?= 8000
export PORT
LATCHKEY_HOME ?= var
# Not by abspath, which splits a path with spaces.
override LATCHKEY_HOME := $(if $(filter /%,$(LATCHKEY_HOME)),$(LATCHKEY_HOME),$(CURDIR)/$(LATCHKEY_HOME))
export LATCHKEY_HOME

# The URL for browsers: localhost, unless BIND is another address of this machine.
served_url = host=$${BIND:-localhost}; case $$host in 127.0.0.1 | 0.0.0.0 | "[::]" | "[::1]") host=localhost ;; esac; \
	url=http://$$host:$$((10\#$$PORT));

# Sets base_url, which tokens and links contain, to that URL, unless it is already set.
own_base_url = if [ -z "$$LATCHKEY_BASE_URL" ] && ! grep -Eqs $$'^(\xEF\xBB\xBF)?[[:space:]]*base_url[[:space:]]*=' "$(LATCHKEY_HOME)/latchkey.conf"; \
	then export LATCHKEY_BASE_URL=$$url; fi;

# Reports an invalid or occupied port before it builds anything.
run:
	@[[ "$$PORT" =~ ^[0-9]{1,5}$$ ]] && (( 10#$$PORT >= 1 && 10#$$PORT <= 65535 )) || { \
		echo "PORT is not a port from 1 to 65535: $$PORT" >&2; exit 1; }
	@address=$${BIND:-127.0.0.1}; case $$address in 0.0.0.0) address=127.0.0.1 ;; "[::]") address=::1 ;; esac; \
	address=$${address#[}; address=$${address%]}; \
	if (: </dev/tcp/$$address/$$PORT) 2>/dev/null; then \
		echo "Port $$PORT is in use by another program. Choose another port: make run PORT=$$((PORT < 65000 ? PORT + 1 : 8001))" >&2; exit 1; \
	fi
	@$(MAKE) --no-print-directory build
	@$(if $(SUFFIX),$(MAKE) --no-print-directory serve-postgresql,$(MAKE) --no-print-directory serve)

# By FastCGI, since a process pays for a connection. With a server of its own, the state is thrown away with it.
serve-postgresql: export LATCHKEY_FASTCGI ?= 1
serve-postgresql: setup-postgresql
	@if [ -n "$$LATCHKEY_DATABASE" ] || grep -Eqs $$'^(\xEF\xBB\xBF)?[[:space:]]*database[[:space:]]*=' "$(LATCHKEY_HOME)/latchkey.conf"; then \
		exec $(MAKE) --no-print-directory serve; \
	fi; \
	home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	echo "The setting database is missing: a PostgreSQL server starts, and is thrown away at the end with all state." && \
	Tests/Support/with-postgresql bash -c 'export LATCHKEY_DATABASE="$$LATCHKEY_TEST_POSTGRESQL dbname=postgres"; unset LATCHKEY_TEST_POSTGRESQL; exec "$$@"' bash \
		$(MAKE) --no-print-directory serve LATCHKEY_HOME="$$home/state"

serve:
	@mkdir -p -m 700 "$(LATCHKEY_HOME)"
	@$(served_url) echo "Latchkey: $$url   state: $(LATCHKEY_HOME)   mail: $(LATCHKEY_HOME)/mail/new   (Ctrl-C stops)"
	@$(served_url) $(own_base_url) exec lighttpd -D -f lighttpd.conf

lint: setup-lint
	swift format lint --strict --recursive --parallel Package.swift Sources Tests samples
	.build-lint/bin/ruff check --no-cache
	.build-lint/bin/ruff format --check --no-cache

test: setup-test build unit-tests end-to-end-tests

unit-tests:
	env -u LATCHKEY_HOME -u PORT swift test --skip '^(Endpoint|Server|Admin)Tests\.'

end-to-end-tests:
	env -u LATCHKEY_HOME -u PORT swift test --filter '^(Endpoint|Server|Admin)Tests\.'
	env -u LATCHKEY_HOME -u PORT LATCHKEY_TEST_GATEWAY=fastcgi swift test --skip-build --filter '^(Endpoint|Server)Tests\.'

# The second store, in a copy of the project, which has a build and a cgi-bin/ of its own. Its cluster is in memory as far as
# possible: with fsync off.
test-postgresql: setup-test copy-postgresql
	$(MAKE) --no-print-directory -C .build-postgresql STORE=postgresql store-tests

test-postgresql-end-to-end: setup-test copy-postgresql
	$(MAKE) --no-print-directory -C .build-postgresql STORE=postgresql store-end-to-end-tests

# Needs the operator's command for SQLite, too, for the way back.
test-postgresql-servers: setup-test copy-postgresql
	STORE=sqlite swift build --product latchkey
	SQLITE_COMMAND="$(CURDIR)/.build/debug/latchkey" $(MAKE) --no-print-directory -C .build-postgresql STORE=postgresql store-servers

copy-postgresql: setup-postgresql
	@mkdir -p .build-postgresql && rm -rf .build-postgresql/Sources .build-postgresql/Tests
	@git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -C .build-postgresql -xf -

# Which of the unit tests.
STORE_TESTS ?= --skip '^(Endpoint|Server|Admin)Tests\.'
export STORE_TESTS
store-tests: build
	swift build --build-tests
	Tests/Support/with-postgresql env -u LATCHKEY_HOME -u PORT swift test --skip-build $(STORE_TESTS)

# The same with whole requests: the operator's command, endpoints and servers by FastCGI, and endpoints through PgBouncer.
store-end-to-end-tests: store-tests
	Tests/Support/with-postgresql env -u LATCHKEY_HOME -u PORT swift test --skip-build --filter '^AdminTests\.'
	Tests/Support/with-postgresql env -u LATCHKEY_HOME -u PORT LATCHKEY_TEST_GATEWAY=fastcgi \
		swift test --skip-build --filter '^(Endpoint|Server)Tests\.'
	Tests/Support/with-pgbouncer env -u LATCHKEY_HOME -u PORT LATCHKEY_TEST_GATEWAY=fastcgi \
		swift test --skip-build --filter '^EndpointTests\.'

store-servers: build admin
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/instances
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/tls
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/cuts
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/storm
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/pooled
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/failover
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/move
	env -u LATCHKEY_HOME -u PORT Tests/run PostgreSQL/guide

# The clients' view: the console in a browser, openapi.json against real answers, its reference page, a generated client.
test-clients: setup-clients build
	env -u LATCHKEY_HOME -u PORT Tests/Console/run
	env -u LATCHKEY_HOME -u PORT Tests/OpenAPI/run

# Every server gives the same answers; what hosts set around the folder, and their own files; nginx asks Latchkey; tokens are verified in Node, Go and Swift; HTTPS; a first
# release's database; statements in SQLite and PostgreSQL; the package, and it on a shared host and on a server of one's own, which
# need root.
test-servers: setup-servers build admin
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/parity
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/refusals
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/headers
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/well_known
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/hosts
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/nginx_auth_request
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/verify_samples
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/https
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/postfix
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/upgrade
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/shared_sql
	env -u LATCHKEY_HOME -u PORT Tests/run Servers/making
	@dist=$$(mktemp -d) && trap 'rm -rf "$$dist"' EXIT && \
		env -u LATCHKEY_HOME -u PORT DIST=$$dist Tests/run Servers/package && \
		env -u LATCHKEY_HOME -u PORT DIST=$$dist Tests/run Servers/install && \
		env -u LATCHKEY_HOME -u PORT DIST=$$dist Tests/run Servers/deploy

VERSION ?= $(shell cat VERSION)

# Before anything is built.
package-store:
	@[ -z "$(SUFFIX)" ] || { echo "make package is for SQLite: the executables for PostgreSQL need this machine's libraries" >&2; exit 1; }

# What is handed out: one archive, the same bytes for the same files.
package: package-store build admin
	$(call install,python3)
	packaging/package "$(VERSION)"

# Fault tests; SAMPLE=1: a sample of them.
SAMPLE ?= 0
torture: setup-torture build admin
	SAMPLE=$(SAMPLE) env -u LATCHKEY_HOME -u PORT Tests/Torture/run

# Measures all figures of speed and size, in one run of 15 minutes at most. Writes the results into .build-bench, which git
# ignores; UPDATE=1 replaces Benchmarks/results.md and results.svg.
bench: setup-bench build bench-postgresql
	UPDATE=$(UPDATE) env -u LATCHKEY_HOME -u PORT Tests/run Benchmarks/compare

# Both stores, in one run: .build-bench/postgresql.md, or Benchmarks/postgresql.md.
bench-postgresql: setup-bench build copy-postgresql
	$(MAKE) --no-print-directory -C .build-postgresql STORE=postgresql build admin
	UPDATE=$(UPDATE) env -u LATCHKEY_HOME -u PORT Tests/run Benchmarks/postgresql

# Fails if an endpoint takes more instructions or bytes than before; UPDATE=1 records the current figures.
bench-check: setup-bench build
	UPDATE=$(UPDATE) env -u LATCHKEY_HOME -u PORT Tests/run Benchmarks/instructions

# Measures the instructions and the time of one request; UPDATE=1 replaces Benchmarks/ACCOUNT.md.
bench-account: setup-bench build
	UPDATE=$(UPDATE) env -u LATCHKEY_HOME -u PORT Tests/run Benchmarks/account

clean:
	rm -rf .build .build-bench .build-embedded .build-postgresql .build-lint .build-placed .build-static .build-fuzz bin $(addprefix cgi-bin/,$(EXECUTABLES))
