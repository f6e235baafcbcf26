"""The pages of the site: whom each is for, and the arguments of its address."""

PAGES = {
    "login": [("", {})],
    "progress": [("ada", {})],
    "candidates": [("ada", {})],
    "candidate": [("ada", {"pk": "tied"}), ("cur", {"pk": "tied"})],
    "field": [("ada", {"name": "demo"})],
    "agreement": [("ada", {}), ("cur", {})],
    "diagnosis": [("cur", {})],
    "guide": [("ada", {})],
    "questions": [("ada", {})],
    "disagreements": [("cur", {})],
    "rulings": [("cur", {})],
    "exports": [("cur", {})],
    "imports": [("admin", {})],
    "new-import": [("admin", {})],
    "import-job": [("admin", {"pk": job}) for job in ("previewed import", "refused import")],
    "runs": [("admin", {})],
    "run": [("admin", {"pk": run}) for run in ("ready", "refused", "running", "failed")],
    "experiments": [("ada", {}), ("admin", {})],
    "experiment": [
        ("ada", {"pk": "compared"}),
        *(("admin", {"pk": found}) for found in ("compared", "comparing", "stopped")),
    ],
}
"""Visitors of each page, and the arguments of its address."""
