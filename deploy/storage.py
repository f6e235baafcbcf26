"""Static files under names that carry their content's hash."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

OWN = "frontend/"


class ModuleManifestStaticFilesStorage(ManifestStaticFilesStorage):
    """Hashes file names and follows the imports of native ES modules."""

    support_js_module_import_aggregation = True
    # A module's name is known when those of its imports are: one pass for each link of the chain.
    max_post_process_passes = 20
    # A page of a test or of a fresh checkout works before collectstatic ran.
    manifest_strict = False

    def url_converter(
        self, name: str, hashed_files: dict[str, Any], template: str | None = None, *more: Any
    ) -> Callable[[re.Match[str]], str]:
        """What rewrites one reference in the file `name`; in other people's files, if it can.

        Packages mention files in comments (`import("../htmx")` as a type) that they do not ship.
        """
        convert = super().url_converter(name, hashed_files, template, *more)

        def rewritten(match: re.Match[str]) -> str:
            try:
                return str(convert(match))
            except ValueError:
                if name.startswith(OWN):
                    raise
                return match["matched"]

        return rewritten
