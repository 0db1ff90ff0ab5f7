"""The blocks of commands and code in the documents, as Tests/TestSupport/Guide.swift reads them."""

import re

from latchkey_tests.project import PROJECT


def blocks(document, test, project=PROJECT):
    """The blocks of `document` that a line `<!-- test: NAME -->` marks for the Python file `test`, in order, without fences."""
    with open(f"{project}/{document}", encoding="utf-8") as file:
        text = file.read()
    return re.findall(rf"^<!-- test: {re.escape(test)} -->\n```\w*\n(.*?)^```$", text, re.M | re.S)
