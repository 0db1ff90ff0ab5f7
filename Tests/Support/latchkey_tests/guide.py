"""The code blocks of a document, for tests that run them as printed."""

import re

from latchkey_tests.project import PROJECT


def blocks(document, name):
    """The texts of the blocks in `document` that are marked `<!-- test: NAME -->`, in order, without their fences."""
    with open(f"{PROJECT}/{document}", encoding="utf-8") as file:
        text = file.read()
    return re.findall(rf"^<!-- test: {re.escape(name)} -->\n```[^\n]*\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
