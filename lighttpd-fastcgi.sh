# Prints what lighttpd.conf needs for FastCGI, if LATCHKEY_FASTCGI is set: for every executable that a request may
# reach, how many processes there are of it. Whatever lighttpd.conf's table chooses is run by mod_fastcgi where
# it is named here, so that CGI and FastCGI have one table.
#
# Sockets lie in the state folder, which is its owner's alone: whoever reaches one can say who asks.

[ -n "$LATCHKEY_FASTCGI" ] || exit 0
home=${LATCHKEY_HOME:-$PWD/var}
mkdir -p -m 700 "$home" "$home/run" || exit 1
for path in "$PWD"/cgi-bin/*; do
    name=${path##*/}
    case $name in
        deliver-mail | latchkey.home) continue ;;
        # Asked all the time, or busy with hashes and the disk: one for each of two cores.
        current-user | list-api-keys | verify-api-key | send-code | verify-code | refresh-token) count=2 ;;
        *) count=1 ;;
    esac
    # lighttpd's environment stays out of it, as by CGI.
    cat <<END
fastcgi.server += ("$name" => ((
    "socket" => "$home/run/$name", "bin-path" => "$path", "max-procs" => $count,
    "bin-copy-environment" => ("LATCHKEY_HOME"), "bin-environment" => ("LATCHKEY_HOME" => "$home"))))
END
done
