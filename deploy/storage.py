"""Static files under names that carry their content's hash."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class ModuleManifestStaticFilesStorage(ManifestStaticFilesStorage):
    """Hashes file names and follows the imports of native ES modules."""

    support_js_module_import_aggregation = True
    # A page of a test or of a fresh checkout works before collectstatic ran.
    manifest_strict = False
