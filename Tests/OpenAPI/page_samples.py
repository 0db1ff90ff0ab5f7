"""Every sample of the reference on /docs, in curl, JavaScript and Python, run as it is printed: it gets the success that the
document names. Only addresses that must be new each time are replaced."""

import os
import re
import subprocess
import sys
import tempfile

from document import OPERATIONS
from drafts import Drafts
from world import Refused

SAMPLE = """
    return document.querySelector(`#${arguments[0]} [role=tabpanel][id$="-${arguments[1]}"] code`).textContent
"""
HEADERS = {"x-project-id": "PROJECT_ID", "x-api-key": "API_KEY", "x-verification-code": "CODE"}
FIELDS = {"code": "CODE", "current_code": "CURRENT_CODE", "refresh_token": "REFRESH_TOKEN", "user_uuid": "USER_UUID"}
LANGUAGES = ("curl", "javascript", "python")


def variables(draft):
    """The environment variables of the samples, from a valid request."""
    found = {name.upper(): value for name, value in draft.path.items()}
    for name, value in draft.headers.items():
        if name == "Authorization":
            found["ACCESS_TOKEN"] = value.removeprefix("Bearer ")
        else:
            found[HEADERS[name]] = value
    found |= {FIELDS[name]: value for name, value in (draft.body or {}).items() if name in FIELDS}
    return found


def prepared(drafts, operation, text):
    """The sample `text` of `operation`, and its variables, so that it succeeds."""
    draft = drafts.draft(operation)
    if operation.id.startswith("verifyApiKey"):
        # Samples ask for another scope than drafts do.
        draft.headers["x-api-key"] = drafts.world.key(drafts.ada)["full_key"]
    example = next(iter(operation.body["content"]["application/json"]["examples"].values()))["value"] if operation.body else {}
    if "email" in example:
        text = text.replace(example["email"], draft.body["email"])
    return text, variables(draft)


def executed(command, values=(), folder=None):
    """What `command` printed, with the environment variables `values`."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **dict(values)}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, timeout=60, cwd=folder
    )
    return done.stdout.strip()


def program(language, text, folder):
    """The command that runs the program `text`, from a file in `folder`."""
    path = f"{folder}/sample.{'mjs' if language == 'javascript' else 'py'}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return ["node" if language == "javascript" else sys.executable, path]


def run(results, page, world):
    drafts = Drafts(world)
    with tempfile.TemporaryDirectory() as folder:
        for operation in OPERATIONS:
            for language in LANGUAGES:
                name = f"the sample of {operation.id} in {language}"
                try:
                    text, values = prepared(drafts, operation, page.js(SAMPLE, operation.id, language))
                except Refused as refusal:
                    results.check(name, str(refusal))
                    continue
                if language == "curl":
                    command = ["sh", "-c", f"{text} -o /dev/null -w '%{{http_code}}'"]
                else:
                    command = program(language, text, folder)
                seen = executed(command, values)
                results.check(name, [] if re.match(rf"{operation.success}\b", seen) else [seen[-300:], *text.splitlines()])
