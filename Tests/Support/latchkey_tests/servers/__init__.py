"""Every server that Latchkey runs under, each on a free loopback port with a copy of one state:

fixture   the state that is copied, with people and things in it
routes    the table of routes
server    what all servers have
alone     no server: environment and standard input
lighttpd  the project's own configuration
apache    .htaccess, virtual hosts, suEXEC, mod_fcgid, a host's own cgi-bin
nginx     fcgiwrap, FastCGI
corpus    the requests of Tests/Parity
"""
