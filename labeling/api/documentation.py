"""GET schema/ and docs/: the API describes itself, to programs and to people."""

from http import HTTPMethod

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

# Not OPTIONS: these views cannot render what it answers.
METHODS = [HTTPMethod.GET.lower(), HTTPMethod.HEAD.lower()]


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema, as YAML or JSON."""

    http_method_names = METHODS


class DocsView(SpectacularSwaggerSplitView):
    """The page on which the API can be read and tried."""

    http_method_names = METHODS
    url_name = "api:schema"
