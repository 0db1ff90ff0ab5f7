# Prints the lines of lighttpd.conf that depend on the environment: the address to listen on, the state folder, and the
# settings, which are the variables LATCHKEY_<KEY>. lighttpd itself reads the values (env.NAME), so they need no quoting here.

case ${PORT:=8000} in
    *[!0-9]* | ??????*) echo "PORT is not a number: $PORT" >&2; exit 1 ;;
esac
echo "server.port = $PORT"
if [ -n "$BIND" ]; then echo 'server.bind = env.BIND'; else echo 'server.bind = "127.0.0.1"'; fi
if [ -n "$LATCHKEY_HOME" ]; then echo 'var.home = env.LATCHKEY_HOME'; else echo 'var.home = var.CWD + "/var"'; fi
# LATCHKEY_FASTCGI is only for lighttpd.conf. awk fails if its standard error is closed.
awk 'BEGIN {
    printf "var.settings = (\"LATCHKEY_HOME\""
    for (name in ENVIRON)
        if (name ~ /^LATCHKEY_[A-Z0-9_]+$/ && name != "LATCHKEY_HOME" && name != "LATCHKEY_FASTCGI") {
            printf ", \"%s\"", name
            given = given "setenv.add-environment += (\"" name "\" => env." name ")\n"
        }
    print ")"
    print "setenv.add-environment = (\"LATCHKEY_HOME\" => var.home)"
    printf "%s", given
}' 2>/dev/null
