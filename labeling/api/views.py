"""The views that all of the API's derive from: they refuse unknown query parameters."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import generics, views
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from labeling.api.strict import unknown_names

M = TypeVar("M", bound=Model)


class StrictQuery(views.APIView):
    """Refuse query parameters that the view does not have, so that no misspelt one is ignored."""

    query_serializer: type[Serializer[Any]] | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the names once the caller is known to have access."""
        super().initial(request, *args, **kwargs)
        if not request.query_params:
            return
        if unknown := unknown_names(request.query_params, self._query_names(request)):
            raise ValidationError(unknown)

    def _query_names(self, request: Request) -> list[str]:
        """Return the names of the parameters that the request may have."""
        names = [self.settings.URL_FORMAT_OVERRIDE]
        if request.method in SAFE_METHODS:
            paginator = getattr(self, "paginator", None)
            if paginator is not None:
                names = [paginator.page_query_param, paginator.page_size_query_param, *names]
            if self.query_serializer is not None:
                names = [*self.query_serializer().fields, *names]
        return names


class APIView(StrictQuery):
    """A view of the API."""


class GenericAPIView(StrictQuery, generics.GenericAPIView[M]):
    """A view of one row."""


class ListAPIView(StrictQuery, generics.ListAPIView[M]):
    """A paginated list."""


class RetrieveAPIView(StrictQuery, generics.RetrieveAPIView[M]):
    """One row."""
