"""`sudo COMMAND` and `sudo -u USER COMMAND`, as root."""

import os
import sys

words = sys.argv[1:]
if words[0] == "-u":
    words = ["runuser", "-u", words[1], "--", *words[2:]]
os.execvp(words[0], words)
