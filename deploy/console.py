"""Every command of Asterism: `asterism help`, or `python manage.py help` in a checkout."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError

from labeling.management.database_errors import remedy


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        if sentence := remedy(error):
            sys.exit(sentence)
        raise
