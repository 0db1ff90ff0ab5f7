"""public/openapi.json as the tests read it: operations with every reference resolved, and schemas that check
real answers."""

import json
import re

from jsonschema import Draft202012Validator, FormatChecker

from latchkey_tests.project import PUBLIC

OPENAPI = f"{PUBLIC}/openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")

with open(OPENAPI, encoding="utf-8") as file:
    DOCUMENT = json.load(file)


def resolved(value):
    """`value`, or the target of its reference."""
    while isinstance(value, dict) and "$ref" in value:
        target = DOCUMENT
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def faults(schema, value):
    """How `value` violates `schema`, which may refer to others in the document, as sentences."""
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def disagreements(status, envelope):
    """Rules that a schema cannot express for generators: which of `data` and `error` is null, and the contents of
    `detail`."""
    found = []
    if envelope["success"] is not (status < 400):
        found.append(f"success is {envelope['success']} with {status}")
    if envelope["error" if status < 400 else "data"] is not None:
        found.append("both data and error")
    for fault in envelope.get("detail") or []:
        found += [f"loc has {part!r}" for part in fault["loc"] if type(part) not in (str, int)]
    return found


class Operation:
    """One method of one path."""

    def __init__(self, method, path, item):
        self.method, self.path, self.item = method.upper(), path, item
        self.id = item["operationId"]
        self.parameters = [resolved(p) for p in item.get("parameters", [])]
        self.body = item.get("requestBody")
        self.responses = {int(s): resolved(r) for s, r in item["responses"].items()}

    @property
    def executable(self):
        """The executable's name for the id: verifyApiKeyByPost is verify-api-key's other method."""
        name = self.id.removesuffix("ByPost")
        return re.sub("[A-Z]", lambda letter: "-" + letter.group().lower(), name)

    def parameter_names(self, where):
        return [p["name"] for p in self.parameters if p["in"] == where]

    def content(self, status):
        """(media type, schema, examples) of an answer."""
        ((media, content),) = self.responses[status]["content"].items()
        return media, content["schema"], content["examples"]

    def codes(self, status):
        """The values of `error.code` that the document lists for `status`."""
        schema = resolved(self.content(status)[1])
        code = schema["properties"]["error"]["properties"]["code"]
        return [code["const"]] if "const" in code else code["enum"]

    @property
    def success(self):
        return next(status for status in self.responses if status < 300)

    def failures(self):
        """(status, code) of every documented failure."""
        return [(s, code) for s in self.responses if s >= 400 for code in self.codes(s)]

    def judge(self, status, headers, body):
        """How an answer violates the document, as sentences. `headers` has lower-case names."""
        if status not in self.responses:
            return [f"status {status} is not documented"]
        media, schema, _ = self.content(status)
        found = []
        if headers.get("content-type", "").partition(";")[0] != media:
            found.append(f"Content-Type {headers.get('content-type')} is not documented")
            return found
        try:
            value = json.loads(body) if media == "application/json" else body.decode()
        except ValueError as error:
            return [f"body: {error}"]
        found += faults(schema, value)
        if isinstance(value, dict) and "success" in value:
            found += disagreements(status, value)
        for name, header in self.responses[status]["headers"].items():
            header = resolved(header)
            text = headers.get(name.lower())
            if text is None:
                if header.get("required"):
                    found.append(f"no header field {name}")
                continue
            kind = resolved(header["schema"]).get("type")
            found += [f"{name}: {f}" for f in faults(header["schema"], int(text) if kind == "integer" else text)]
        return found


OPERATIONS = [
    Operation(method, path, item[method]) for path, item in DOCUMENT["paths"].items() for method in item if method in METHODS
]
BY_ID = {operation.id: operation for operation in OPERATIONS}
