"""A client generated from the document signs in with the mailed code, and creates, lists and deactivates a key."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

from document import OPENAPI, OPERATIONS
from world import World


def run(results):
    check = results.check
    folder = tempfile.mkdtemp(prefix="latchkey-client-")
    world = World()
    try:
        programs = os.path.dirname(sys.executable)
        outcome = subprocess.run(
            [
                os.path.join(programs, "openapi-python-client"),
                "generate",
                "--path",
                OPENAPI,
                "--meta",
                "none",
                "--output-path",
                f"{folder}/latchkey",
                "--fail-on-warning",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"]},
        )
        check("a client is generated without a warning", [] if outcome.returncode == 0 else outcome.stdout)
        modules = {n[:-3] for _, _, names in os.walk(f"{folder}/latchkey/api") for n in names}
        check("it has every operation", [o.id for o in OPERATIONS if o.executable.replace("-", "_") not in modules])
        if outcome.returncode == 0:
            try:
                load(f"{folder}/latchkey")
                use(check, world)
            except Exception as error:  # any exception means that the client is unusable
                check("the client can be used", f"{type(error).__name__}: {error}")
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)


def load(folder):
    """Makes the package in `folder` available as the module `latchkey`."""
    spec = importlib.util.spec_from_file_location("latchkey", f"{folder}/__init__.py", submodule_search_locations=[folder])
    sys.modules["latchkey"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def use(check, world):
    def operation(tag, name):
        return importlib.import_module(f"latchkey.api.{tag}.{name}")

    models = importlib.import_module("latchkey.models")
    latchkey = importlib.import_module("latchkey")
    email = "ada@example.com"

    with latchkey.Client(base_url=world.base) as client:
        answers = []
        code = world.code(
            email,
            lambda: answers.append(
                operation("authentication", "send_code").sync_detailed(client=client, body=models.SendCode(email=email))
            ),
        )
        (sent,) = answers
        check("send_code", [] if sent.status_code == 202 and sent.parsed.data.expires_in == 600 else str(sent))
        grant = operation("authentication", "verify_code").sync_detailed(
            client=client, body=models.VerifyCode(email=email, code=code)
        )
        check("verify_code", [] if grant.status_code == 200 and grant.parsed.data.token_type == "bearer" else str(grant))
        wrong = operation("authentication", "verify_code").sync_detailed(
            client=client, body=models.VerifyCode(email=email, code="000000")
        )
        check("a failure has its code", [] if wrong.parsed.error.code == "invalid_code" else str(wrong))

    with latchkey.AuthenticatedClient(base_url=world.base, token=grant.parsed.data.access_token) as client:
        me = operation("users", "current_user").sync_detailed(client=client)
        check("current_user", [] if me.parsed.data.email == email else str(me))
        project = str(me.parsed.data.projects[0].id)
        made = operation("api_keys", "create_api_key").sync_detailed(
            client=client, x_project_id=project, body=models.CreateApiKey(name="test", scopes=["api-keys:read"])
        )
        key = made.parsed.data
        check("create_api_key", [] if made.status_code == 201 and key.full_key.startswith("sk_") else str(made))
        listed = operation("api_keys", "list_api_keys").sync_detailed(client=client, x_project_id=project, limit=5)
        check("list_api_keys", [] if [k.id for k in listed.parsed.data.items] == [key.id] else str(listed))
        check("a list does not contain the key's secret", [] if listed.parsed.data.items[0].full_key is None else "it has one")
        gone = operation("api_keys", "delete_api_key").sync_detailed(key.id, client=client, x_project_id=project)
        check("delete_api_key", [] if gone.parsed.data.is_active is False else str(gone))
        listed = operation("api_keys", "list_api_keys").sync_detailed(client=client, x_project_id=project)
        check("the key is inactive in the list", [] if not listed.parsed.data.items[0].is_active else str(listed))

    with latchkey.AuthenticatedClient(base_url=world.base, token=key.full_key, prefix="", auth_header_name="x-api-key") as client:
        dead = operation("api_keys", "verify_api_key").sync_detailed(client=client)
        check("verify_api_key", [] if dead.parsed.error.code == "api_key_deactivated" else str(dead))
