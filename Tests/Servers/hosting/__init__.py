"""What hosts place around Latchkey's folder; hosts.py runs all parts."""
