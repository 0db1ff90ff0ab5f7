"""What all Python tests use, by subject:

project     paths: the project, its executables, the operator's command
checks      counts of checks, and how a test ends
waiting     waiting for a condition
ports       free ports, and servers that answer on them
maildir     the delivered mails, and the codes in them
home        a state folder, and the executables run on it with environment and standard input
answers     the answer of an executable or a server
service     the project's own lighttpd on a state folder
deliverers  the processes that deliver mail
fastcgi     a process that answers by FastCGI, and the protocol's records
servers     every server that Latchkey runs under, set up as in samples/ and the docs

`Tests/run` puts this package on Python's path.
"""
