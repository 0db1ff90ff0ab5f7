"""All of the tests of the document, or the parts that are named: static, answers, client, page, fuzz."""

import importlib
import sys
import time
import traceback

from latchkey_tests.checks import Results

PARTS = ("static", "answers", "client", "generators", "page", "fuzz")


def main():
    results = Results()
    for name in sys.argv[1:] or PARTS:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        try:
            importlib.import_module(name).run(results)
        except Exception:  # a part that breaks off has failed; the others go on
            results.check(f"{name} runs to its end", traceback.format_exc().splitlines())
        results.part(name, time.monotonic() - start)
    results.finish()


if __name__ == "__main__":
    main()
