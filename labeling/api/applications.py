"""Applications of runs to fields: start, follow, cancel, resume, promote."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from labeling.api.field_names import FieldNameField
from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.job_actions import CancellationView, ResumptionView
from labeling.api.permissions import MayAct
from labeling.api.runs import PromotionIn
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView, RetrieveAPIView
from labeling.auth.actions import Action
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import Application, TrainingRun


class ApplicationIn(StrictSerializer):
    """The field whose candidates the run predicts."""

    field = FieldNameField()


class ApplicationOut(serializers.ModelSerializer[Application]):
    """An application: request, status, progress and result."""

    field: Any = serializers.CharField(source="field.name")
    requested_by = serializers.CharField(source="requested_by.username")
    share = serializers.FloatField(help_text="Share of its candidates that is predicted, 0 to 1.")
    promoted = serializers.BooleanField(
        source="is_promoted", help_text="The run is promoted in this field."
    )

    class Meta:
        model = Application
        fields = (
            "id",
            "run",
            "field",
            "status",
            "promoted",
            "share",
            "requested_by",
            "requested_at",
            "started_at",
            "finished_at",
            "outcome",
            "verdict",
            "error",
        )


class ApplicationListView(ListAPIView[Application]):
    """The applications of a run, the latest first; administrators start new ones."""

    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW, "POST": Action.START}
    serializer_class = ApplicationOut
    queryset = Application.objects.all().to_show()

    def get_queryset(self) -> QuerySet[Application]:
        """Return those of the run."""
        run = get_object_or_404(TrainingRun, pk=self.kwargs["pk"])
        return super().get_queryset().filter(run=run)

    @extend_schema(parameters=[PARAMETER], request=ApplicationIn, responses={201: ApplicationOut})
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Queue the prediction of the field's candidates that the run has not predicted.

        The same request while one is queued or running returns that one. 409 for an imported or
        unfinished run, and where all candidates are predicted.
        """
        run = get_object_or_404(TrainingRun, pk=pk)
        body = ApplicationIn(data=request.data)
        body.is_valid(raise_exception=True)
        field = body.validated_data["field"]
        application = make_once(
            request,
            self.get_queryset(),
            lambda key: Application.objects.request(run, field, request.user, key),
        )
        return Response(ApplicationOut(application).data, status=status.HTTP_201_CREATED)


class ApplicationView(RetrieveAPIView[Application]):
    """One application."""

    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW}
    serializer_class = ApplicationOut
    queryset = Application.objects.all().to_show()


class ApplicationPromotionView(APIView):
    """The promotion of a run in the field of an application."""

    permission_classes = [MayAct]
    actions = {"POST": Action.PROMOTE, "DELETE": Action.ROLL_BACK}

    @extend_schema(request=PromotionIn, responses=ApplicationOut)
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Promote the run in this field, judged again beside the promoted run.

        409 with the reasons if the gate refuses it there and no `reason` is given to overrule the
        gate.
        """
        application = get_object_or_404(Application, pk=pk)
        body = PromotionIn(data=request.data)
        body.is_valid(raise_exception=True)
        application.promote(request.user, body.validated_data["reason"])
        application.refresh_from_db()
        return Response(ApplicationOut(application).data)

    @extend_schema(responses={200: ApplicationOut})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Roll back: return this field to its previous run; other fields keep this run."""
        application = get_object_or_404(Application, pk=pk)
        application.roll_back()
        application.refresh_from_db()
        return Response(ApplicationOut(application).data)


class ApplicationResumptionView(ResumptionView):
    """Resume an application."""

    queryset = Application.objects.all()
    serializer_class = ApplicationOut


class ApplicationCancellationView(CancellationView):
    """Cancel an application."""

    queryset = Application.objects.all()
    serializer_class = ApplicationOut
