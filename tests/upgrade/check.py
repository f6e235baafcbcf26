"""Two steps of the upgrade test, as scripts: `load COPY`, and `report TOKEN` after the migration.

Each needs a process of its own, on a database of its own.
"""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import django

django.setup()

import copies  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

from labeling.models import Session  # noqa: E402

# Nothing is collected here, so static files keep their own names.
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def output_of(*command: str) -> str:
    """What a command prints; its own exit status is in its words."""
    text = StringIO()
    try:
        call_command(*command, stdout=text)
    except SystemExit as end:
        text.write(f"exit {end.code}")
    return text.getvalue()


def pages_of(name: str) -> dict[str, int]:
    """Status of pages for whoever was signed in when the copy was made."""
    browser = Client()
    browser.cookies["sessionid"] = Session.objects.filter(account__username=name)[0].session_key
    addresses = ["/", "/classify/", "/candidates/", "/runs/", "/runs/1/", "/experiments/1/"]
    return {address: browser.get(address).status_code for address in addresses}


def status_by_token(key: str) -> int:
    """Status of the API's answer to this token."""
    headers = {"Authorization": f"Token {key}"}
    return Client().get("/api/v1/progress/", headers=headers).status_code


@override_settings(STORAGES=PLAIN)
def report(token: str) -> dict[str, Any]:
    """All that the test compares with the copy."""
    return {
        "tables": copies.tables(),
        "audit": output_of("audit"),
        "changes": output_of("makemigrations", "--check", "--dry-run"),
        "catalogue": output_of("export_catalogue", "-"),
        "pages": pages_of("ada"),
        "token": status_by_token(token),
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load", path]:
            copies.load(Path(path))
        case ["report", token]:
            json.dump(report(token), sys.stdout, default=str)
