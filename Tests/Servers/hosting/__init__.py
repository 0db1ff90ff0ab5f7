"""What hosts set around Latchkey's folder; hosts.py runs all of it."""
