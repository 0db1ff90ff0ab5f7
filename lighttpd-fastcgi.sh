# Prints what lighttpd.conf needs for FastCGI, if LATCHKEY_FASTCGI is set: two pools of latchkey-fcgi processes. A process
# answers one request at a time. A request that hashes a code may have to wait, so those requests have their own pool,
# `codes`; all others go to `api`. Any process can answer any route.
#
# The number of processes in each pool is LATCHKEY_FASTCGI_PROCESSES, or else fastcgi_processes in latchkey.conf, or else the
# number of cores. With PostgreSQL, that is if the setting database is set, it is eight for each core, at most 64: most of a
# request is waiting for the server.
#
# The sockets are in the state folder, which only its owner can enter: anyone who can open a socket can forge identity headers.

[ -n "$LATCHKEY_FASTCGI" ] || exit 0
home=${LATCHKEY_HOME:-$PWD/var}
mkdir -p -m 700 "$home" "$home/run" || exit 1
# lighttpd that root starts gives up root's rights before it makes the sockets: the folder belongs to the state's owner.
[ "$(id -u)" != 0 ] || chown -h --reference="$home" "$home/run" || exit 1
processes=$LATCHKEY_FASTCGI_PROCESSES
standard=$(nproc)
mark=$(printf '\357\273\277')  # editors on Windows may begin a file with this byte order mark
if [ -n "$LATCHKEY_DATABASE" ] || sed "s/^$mark//" "$home/latchkey.conf" 2>/dev/null | grep -q '^[[:space:]]*database[[:space:]]*='; then
    standard=$((standard < 8 ? standard * 8 : 64))
fi
if [ -z "$processes" ] && [ -e "$home/latchkey.conf" ]; then
    processes=$(sed -n "s/^$mark//"';s/^[[:space:]]*fastcgi_processes[[:space:]]*=[[:space:]]*\([0-9]*\)[[:space:]]*$/\1/p' "$home/latchkey.conf")
fi
# For an invalid value, this uses the default. Latchkey then answers every request with 500 and logs the fault.
case $processes in
    [1-9] | [1-5][0-9] | 6[0-4]) ;;
    *) processes=$standard ;;
esac

# As with CGI, the processes do not inherit lighttpd's environment. lighttpd itself inserts the folders (var.home, var.cgi),
# so their names need no quoting here.
pool() {
    cat <<END
fastcgi.server += ("$1" => ((
    "socket" => var.home + "/run/$2.socket", "bin-path" => var.cgi + "/latchkey-fcgi", "max-procs" => $processes,
    "check-local" => "disable", "bin-copy-environment" => var.settings,
    "bin-environment" => ("LATCHKEY_HOME" => var.home))))
END
}
pool / api
pool /codes codes
cat <<'END'
# Written by `make routes`: routes.
$HTTP["request-method"] == "POST" {
    $HTTP["url"] =~ "^(?:/auth/verification/send-code|/auth/verification/verify-code|/auth/users/me/deletion-code|/auth/users/me/email|/auth/users/me/email/confirm)$" {
        fastcgi.map-extensions = ("" => "/codes")
    }
}
$HTTP["request-method"] == "DELETE" {
    $HTTP["url"] =~ "^(?:/auth/users/me)$" {
        fastcgi.map-extensions = ("" => "/codes")
    }
}
$HTTP["url"] =~ "^/(?:cgi-bin/(send-code|verify-code|delete-user|send-deletion-code|change-email|confirm-email)/?)$" {
    fastcgi.map-extensions = ("" => "/codes")
}
# End of routes.
END
