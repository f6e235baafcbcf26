"""The classifier is usable without the rest of the project."""

import json
import subprocess
import sys

PROGRAM = """
import classifier, json, sys
for name in classifier.__all__:
    getattr(classifier, name)
print(json.dumps(sorted(sys.modules)))
"""


def test_it_imports_neither_django_nor_celery_nor_the_other_packages():
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    modules = {name.partition(".")[0] for name in json.loads(shown.stdout)}
    assert "torch" in modules
    assert not modules & {"django", "celery", "labeling", "frontend", "celery_worker", "deploy"}
