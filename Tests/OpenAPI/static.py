"""The document by itself, and compared with the sources' tables: routes, refusals, and the servers' files."""

import os
import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from document import DOCUMENT, METHODS, OPERATIONS, faults, resolved
from latchkey_tests.project import PROJECT

ID = "1a42c90f-02a6-434b-b9e6-43801a9314d0"
REFERENCE = [
    ("POST", "/auth/verification/send-code", 202),
    ("POST", "/auth/verification/verify-code", 200),
    ("POST", "/auth/verification/refresh-token", 200),
    ("POST", "/auth/verification/revoke-token", 200),
    ("GET", "/auth/users/me", 200),
    ("GET", "/auth/api-keys/", 200),
    ("POST", "/auth/api-keys/", 201),
    ("DELETE", "/auth/api-keys/{key_id}", 200),
]


def source(*path):
    with open(os.path.join(PROJECT, *path), encoding="utf-8") as file:
        return file.read()


def routes():
    """{(method, path with {} for any part): executable} from Routes.swift."""
    found = {}
    pattern = r'Route\(\s*"([\w-]+)",\s*((?:\.\w+,\s*)+)at:\s*\[([^\]]*)\]'
    for name, methods, parts in re.findall(pattern, source("Sources", "API", "Routes.swift")):
        path = "/" + "/".join("{}" if p.strip() == "nil" else p.strip().strip('"') for p in parts.split(","))
        for method in re.findall(r"\.(\w+)", methods):
            found[method.upper(), path] = name
    return found


def shape(path):
    return re.sub(r"\{\w+\}", "{}", path).rstrip("/")


def lighttpd(method, path):
    """The executable for a request by lighttpd.conf; None if not-found answers it."""
    text = source("lighttpd.conf")
    for block in re.finditer(r'^\$HTTP\["request-method"\] (==|=~) "([^"]+)" \{\n(.*?)^\}', text, re.M | re.S):
        equal, wanted, body = block.groups()
        if not (method == wanted if equal == "==" else re.search(wanted, method)):
            continue
        entry = r'\$HTTP\["url"\] =~ "([^"]+)" \{\s*alias\.url = \("[^"]+" => var\.cgi \+ "/([\w-]+)/"\)'
        for url, name in re.findall(entry, body):
            if re.search(url, path):
                return name
    return None


def htaccess(method, path):
    """The executable for a request by .htaccess at the root of a host, where no file is requested."""
    condition, is_special = None, False
    for line in source("cgi-bin", ".htaccess").splitlines():
        if match := re.match(r"RewriteCond %\{REQUEST_METHOD\} (\S+)", line):
            condition = match.group(1)
        elif line.startswith("RewriteCond "):
            is_special = True
        elif match := re.match(r"RewriteRule (\S+) (\S+)", line):
            pattern, target = match.groups()
            wanted, condition = condition, None
            is_skipped, is_special = is_special or target == "-", False
            if is_skipped:
                continue
            if wanted and not (method == wanted[1:] if wanted.startswith("=") else re.search(wanted, method)):
                continue
            if found := re.search(pattern, path.removeprefix("/")):
                return re.sub(r"\$(\d)", lambda n: found.group(int(n.group(1))), target).split("/")[0]
    return None


def server_routes():
    """(method, path with {}) of every executable in lighttpd.conf, except not-found."""
    found = set()
    text = source("lighttpd.conf")
    for block in re.finditer(r'^\$HTTP\["request-method"\] (?:==|=~) "([^"]+)" \{\n(.*?)^\}', text, re.M | re.S):
        methods = re.findall("[A-Z]+", block.group(1))
        for url in re.findall(r'\$HTTP\["url"\] =~ "\^([^"]+)\$" \{\s*alias\.url = \("[^"]+" => var\.cgi', block.group(2)):
            path = url.replace("[^/]+", "{}").replace("\\.", ".").removesuffix("/?")
            found |= {(m, path) for m in methods if m != "HEAD"}
    return found


# Types of the languages of the generated clients, and types that generators add.
TAKEN = set(
    """
any apiclient apiexception apiresponse array bool boolean bundle calendar character configuration data date decimal dict
dictionary double enum error exception file float function genericopenapierror headers host int integer iterable list locale
long map none notification null nullable object operation optional partial process progress promise record request response
result scanner serverconfiguration set stream string thread timer type unit url urlsession uuid
""".split()
)


def schemas(value, where):
    """(path, schema) of every schema in a part of the document, nested ones included."""
    if isinstance(value, dict):
        if {"type", "anyOf", "oneOf", "allOf", "const", "enum", "properties", "items"} & set(value) and "in" not in value:
            yield where, value
        for key, inner in value.items():
            if key not in ("examples", "example", "default", "enum", "const", "required"):
                yield from schemas(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from schemas(inner, f"{where}/{index}")


def suits_generators(check):
    """Traps for common generators, each seen in one of them: openapi-generator's Python, Go and Swift,
    openapi-python-client."""
    names = list(DOCUMENT["components"]["schemas"])
    parts = list(schemas(DOCUMENT["paths"], "paths")) + list(schemas(DOCUMENT["components"], "components"))
    found = []
    for where, schema in parts:
        kind = schema.get("type")
        if kind == "null" and not where.rpartition("/")[0].endswith("anyOf"):
            found.append(f"{where}: null alone has no type in most languages; use a type or null")
        if "const" in schema and kind != "string":
            found.append(f"{where}: a constant that is no string is compared as a string")
        if "enum" in schema and kind != "string":
            found.append(f"{where}: an enumeration of no strings")
        if "oneOf" in schema or "allOf" in schema or "not" in schema:
            found.append(f"{where}: oneOf, allOf and not make unions that some languages lack")
        if "anyOf" in schema and not (len(schema["anyOf"]) == 2 and schema["anyOf"][1] == {"type": "null"}):
            found.append(f"{where}: anyOf is for a type or null, in this order")
        if isinstance(kind, list) and not (len(kind) == 2 and kind[1] == "null"):
            found.append(f"{where}: a list of types is for a type or null, in this order")
    check("schemas are of the kinds that generators know", found)
    check("no schema has the name of a type of some language", [n for n in names if n.lower() in TAKEN])
    check(
        "no schema has the name of another's constructor",
        [n for n in names if n.removeprefix("New") in names and n.startswith("New")],
    )

    # Generators name an unnamed schema by its place. Two names may not be equal, ignoring case.
    given = list(names)
    for operation in OPERATIONS:
        for status in operation.responses:
            _, schema, _ = operation.content(status)
            if "$ref" not in schema and schema.get("type") == "object":
                given.append(f"{operation.id}{status}Response")
        given.append(f"Api{operation.id}Request")
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            inner = inner.get("items", inner)
            if "properties" in inner or "enum" in inner:
                given.append(name + field.replace("_", ""))
    lower = [name.lower() for name in given]
    check("no two schemas get one name", [name for name in given if lower.count(name.lower()) > 1])
    ids = [operation.id.lower() for operation in OPERATIONS]
    check("no two operations get one name", [i for i in ids if ids.count(i) > 1])
    check(
        "an operation's name is a word of lower and upper case letters",
        [o.id for o in OPERATIONS if not re.fullmatch(r"[a-z][A-Za-z]+", o.id)],
    )


def run(results):
    check = results.check
    suits_generators(check)
    check("the document is OpenAPI 3.1", [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()])

    ids = [operation.id for operation in OPERATIONS]
    check("every operation has an id of its own", [i for i in ids if ids.count(i) > 1])
    for operation in OPERATIONS:
        item, name = operation.item, operation.id
        check(
            f"{name}: summary, description, tag, security",
            [key for key in ("summary", "description", "tags", "security") if key not in item],
        )
        check(
            f"{name}: the path's parts are its parameters",
            set(re.findall(r"\{(\w+)\}", operation.path)) ^ set(operation.parameter_names("path")),
        )
        found = []
        for parameter in operation.parameters:
            found += faults(parameter["schema"], parameter["example"])
        if operation.body:
            for content in operation.body["content"].values():
                for key, example in content["examples"].items():
                    found += [f"request {key}: {f}" for f in faults(content["schema"], example["value"])]
        check(f"{name}: examples of its request are as its schemas", found)
        found = []
        for status in operation.responses:
            _, schema, examples = operation.content(status)
            for key, example in examples.items():
                found += [f"{status} {key}: {f}" for f in faults(schema, example["value"])]
            shown = [e["value"]["error"]["code"] for e in examples.values()] if status >= 400 else []
            found += [
                f"{status}: no example of {c}" for c in (operation.codes(status) if status >= 400 else []) if c not in shown
            ]
            for header_name, header in operation.responses[status]["headers"].items():
                header = resolved(header)
                found += [f"{status} {header_name}: {f}" for f in faults(header["schema"], header["example"])]
        check(f"{name}: examples of its answers are as their schemas", found)

    documented = [(o.method, o.path, o.success) for o in OPERATIONS]
    check(
        "the reference's operations are there, with its statuses", [f"{r} is missing" for r in REFERENCE if r not in documented]
    )
    check("the reference's operations come first", [] if documented[:5] == REFERENCE[:5] else str(documented[:5]))
    check(
        "a component that nothing uses",
        [
            f"{kind}/{name}"
            for kind, items in DOCUMENT["components"].items()
            if kind != "securitySchemes"
            for name in items
            if f'"#/components/{kind}/{name}"' not in source("public", "openapi.json")
        ],
    )

    # The document, the table in Routes.swift, and both servers' files agree.
    table = routes()
    written = {(o.method, shape(o.path)): o.executable for o in OPERATIONS}
    for key, name in written.items():
        check(f"{' '.join(key)} is in Routes.swift, as {name}", [] if table.get(key) == name else f"there: {table.get(key)}")
    for key, name in table.items():
        check(f"{' '.join(key)} of Routes.swift is documented", [] if key in written else f"{name} is not")
    for key in sorted(server_routes()):
        check(f"{' '.join(key)} of lighttpd.conf is documented", [] if key in written else "it is not")
    for operation in OPERATIONS:
        path = re.sub(r"\{\w+\}", ID, operation.path)
        for method in [operation.method] + (["HEAD"] if operation.method == "GET" else []):
            for where, given in (("lighttpd.conf", lighttpd(method, path)), (".htaccess", htaccess(method, path))):
                check(
                    f"{method} {operation.path} in {where} is {operation.executable}",
                    [] if given == operation.executable else f"there: {given}",
                )

    # Both list the same refusals.
    swift = source("Sources", "API", "Failure.swift")
    sentence = r'Failure\(\s*\.\w+,\s*"(\w+)"'
    codes = set(re.findall(sentence, swift)) | set(re.findall(r'self\.init\(\s*\.\w+,\s*"(\w+)"', swift))
    codes |= set(re.findall(r'case \.\w+: "(\w+)"$', swift, re.M))
    mentioned = {code for o in OPERATIONS for _, code in o.failures()}
    for code in sorted(codes | mentioned):
        check(
            f"the refusal {code}",
            [f"not in {where}" for where, there in (("Failure.swift", codes), ("the document", mentioned)) if code not in there],
        )
    # So do the words for a field's faults.
    types = set()
    for name in ("Fields.swift", "Failure.swift"):
        text = source("Sources", "API", name)
        types |= set(re.findall(r'fault\(\s*(?:\[[^\]]*\]|at\(name\)|location),\s*"(\w+)"', text))
        types |= set(re.findall(r'type: "(\w+)"', text))
    listed = set(DOCUMENT["components"]["schemas"]["Fault"]["properties"]["type"]["enum"])
    for word in sorted(types | listed):
        check(
            f"the fault {word}",
            [f"not in {where}" for where, there in (("the sources", types), ("the document", listed)) if word not in there],
        )
    check("unknown methods", [m for item in DOCUMENT["paths"].values() for m in item if m not in METHODS])
