# Prints the lines of lighttpd.conf that depend on the environment: the address to listen on, the state folder, and the
# settings, which are the variables LATCHKEY_<KEY>. lighttpd itself reads the values (env.NAME), so they need no quoting here.
# With PostgreSQL, that is if the setting database is set, libpq's variables (PGPASSWORD, PGPASSFILE …) are passed on, too.

case ${PORT:=8000} in
    *[!0-9]* | ??????*) echo "PORT is not a number: $PORT" >&2; exit 1 ;;
esac
echo "server.port = $PORT"
if [ -n "$BIND" ]; then echo 'server.bind = env.BIND'; else echo 'server.bind = "127.0.0.1"'; fi
if [ -n "$LATCHKEY_HOME" ]; then echo 'var.home = env.LATCHKEY_HOME'; else echo 'var.home = var.CWD + "/var"'; fi
names='^LATCHKEY_[A-Z0-9_]+$'
mark=$(printf '\357\273\277')  # editors on Windows may begin a file with this byte order mark
if [ -n "$LATCHKEY_DATABASE" ] ||
    sed "s/^$mark//" "${LATCHKEY_HOME:-var}/latchkey.conf" 2>/dev/null | grep -q '^[[:space:]]*database[[:space:]]*='; then
    names='^(LATCHKEY_[A-Z0-9_]+|PG[A-Z]+)$'
fi
# LATCHKEY_FASTCGI is only for lighttpd.conf. awk fails if its standard error is closed.
awk -v names="$names" 'BEGIN {
    printf "var.settings = (\"LATCHKEY_HOME\""
    for (name in ENVIRON)
        if (name ~ names && name != "LATCHKEY_HOME" && name != "LATCHKEY_FASTCGI") {
            printf ", \"%s\"", name
            given = given "setenv.add-environment += (\"" name "\" => env." name ")\n"
        }
    print ")"
    print "setenv.add-environment = (\"LATCHKEY_HOME\" => var.home)"
    printf "%s", given
}' 2>/dev/null
