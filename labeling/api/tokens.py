"""GET and POST tokens/, DELETE tokens/{id}/: the caller's own API tokens."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import ApiToken
from labeling.models.api_token import ApiTokenQuerySet


class TokenIn(StrictSerializer):
    """The name of a new token, which says what it is for."""

    name = serializers.CharField(max_length=80)


class TokenOut(serializers.ModelSerializer[ApiToken]):
    """A token that is not revoked; its last use is known to the hour."""

    class Meta:
        model = ApiToken
        fields = ("id", "name", "created_at", "last_used_at")


class NewTokenOut(TokenOut):
    """A new token with its key, which is shown only now."""

    key = serializers.CharField()

    class Meta(TokenOut.Meta):
        fields = (*TokenOut.Meta.fields, "key")  # type: ignore[assignment]


class TokenListView(ListAPIView[ApiToken]):
    """The caller's tokens, the latest first."""

    request: AuthenticatedRequest
    permission_classes = [IsAuthenticated]
    serializer_class = TokenOut

    def get_queryset(self) -> ApiTokenQuerySet:
        """Return the caller's tokens that are not revoked."""
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return ApiToken.objects.live().filter(account=self.request.user)

    @extend_schema(request=TokenIn, responses={201: NewTokenOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make a token; its key is in this answer and never shown again."""
        if isinstance(request.auth, ApiToken):
            raise PermissionDenied("A token makes no tokens; log in on the pages to make one.")
        body = TokenIn(data=request.data)
        body.is_valid(raise_exception=True)
        token, key = ApiToken.objects.issue(request.user, body.validated_data["name"])
        data: dict[str, Any] = {**TokenOut(token).data, "key": key}
        return Response(data, status=status.HTTP_201_CREATED)


class TokenView(APIView):
    """One of the caller's tokens."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Revoke it."""
        token = get_object_or_404(ApiToken, pk=pk, account=request.user)
        ApiToken.objects.filter(pk=token.pk).revoke()
        return Response(status=status.HTTP_204_NO_CONTENT)
