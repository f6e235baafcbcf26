"""The pages of the site, and what is too wide on one."""

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

OVERFLOW = """() => {
    const right = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= right) return [];
    const excess = e => Math.round(e.getBoundingClientRect().right - right);
    return [...document.querySelectorAll("body *")]
        .filter(e => excess(e) > 1 && !e.closest(".scroll, nav"))
        .map(e => `${e.tagName.toLowerCase()}.${e.className} ${excess(e)} px`)
        .slice(0, 4);
}"""
"""What reaches beyond the right edge of the screen, and how far, if the page is wider."""
