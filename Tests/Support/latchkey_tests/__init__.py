"""What all Python tests stand on, by subject:

project     where things are: the project, its executables, the operator's command
checks      counts of what holds, and how a test ends
waiting     until something is true
ports       free ports, and servers that answer on them
maildir     the delivered mails, and the codes in them
home        a state folder, and the executables run on it by environment and standard input
answers     what an executable or a server answered
service     the project's own lighttpd on a state folder
deliverers  the processes that deliver mail
fastcgi     a process that answers by FastCGI, and the protocol's records
servers     every server that Latchkey runs under, as samples/ and the docs have them

`Tests/run` puts this package on Python's path.
"""
