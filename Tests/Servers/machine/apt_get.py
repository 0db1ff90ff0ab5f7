"""`apt-get install -y PACKAGE…`, where they are installed already: fails if one is not."""

import subprocess
import sys

assert sys.argv[1:3] == ["install", "-y"], sys.argv
missing = []
for name in sys.argv[3:]:
    state = subprocess.run(["dpkg-query", "-W", "-f=${Status}", name], capture_output=True, text=True).stdout
    if not state.endswith(" ok installed"):
        missing.append(name)
if missing:
    sys.exit(f"not installed: {' '.join(missing)}")
