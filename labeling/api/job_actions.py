"""Views that cancel and resume a job; each kind of job names its rows and their form."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from labeling.api.permissions import MayAct
from labeling.api.strict import refuse_body
from labeling.api.views import GenericAPIView
from labeling.auth.actions import Action
from labeling.auth.requests import AuthenticatedRequest


class CancellationView(GenericAPIView[Any]):
    """Cancel a job."""

    permission_classes = [MayAct]
    actions = {"POST": Action.CANCEL}

    @extend_schema(request=None)
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Cancel it, queued or running; 409 if it has ended."""
        refuse_body(request)
        job = self.get_object()
        job.cancel()
        return Response(self.get_serializer(job).data)


class ResumptionView(GenericAPIView[Any]):
    """Resume a job."""

    permission_classes = [MayAct]
    actions = {"POST": Action.RESUME}

    @extend_schema(request=None)
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Queue it again, to continue with the same labels; 409 if it has not stopped.

        Parts of it that are finished are kept.
        """
        refuse_body(request)
        job = self.get_object()
        job.resume()
        return Response(self.get_serializer(job).data)
