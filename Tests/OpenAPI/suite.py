"""All of the document's tests, or only the named parts."""

import importlib
import sys
import time
import traceback

from latchkey_tests.checks import Results

PARTS = ("static", "defaults", "answers", "client", "generators", "page", "fuzz")


def main():
    results = Results()
    for name in sys.argv[1:] or PARTS:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        try:
            importlib.import_module(name).run(results)
        except Exception:  # an aborted part has failed; the others continue
            results.check(f"{name} runs to its end", traceback.format_exc().splitlines())
        results.part(name, time.monotonic() - start)
    results.finish()


if __name__ == "__main__":
    main()
