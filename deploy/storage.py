"""Static files under names that contain a hash of their content."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

OWN = "frontend/"


class ModuleManifestStaticFilesStorage(ManifestStaticFilesStorage):
    """Hashes file names and follows the imports of native ES modules."""

    support_js_module_import_aggregation = True
    # A module's name depends on those of its imports: each level of imports takes one pass.
    max_post_process_passes = 20
    # Pages work before collectstatic has run, in tests and in a fresh checkout.
    manifest_strict = False

    def url_converter(
        self, name: str, hashed_files: dict[str, Any], template: str | None = None, *more: Any
    ) -> Callable[[re.Match[str]], str]:
        """Return the function that rewrites a reference in the file `name`.

        References in files of other packages stay if their target is missing: comments there name
        files that are not shipped (`import("../htmx")` as a type).
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
