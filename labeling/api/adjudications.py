"""GET and POST adjudications/, DELETE adjudications/{id}/: rulings of curators."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.consensus import ConsensusOut
from labeling.api.filters import FieldIn, checked_query
from labeling.api.permissions import IsCurator
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.classes import CLASS_CHOICES
from labeling.models import Adjudication, Candidate, Consensus


class AdjudicationIn(StrictSerializer, serializers.ModelSerializer[Adjudication]):
    """A curator's class for a candidate, and the reason."""

    candidate = serializers.PrimaryKeyRelatedField(
        queryset=Candidate.objects.in_play(),
        error_messages={"does_not_exist": "There is no candidate {pk_value}."},
    )
    label = serializers.ChoiceField(CLASS_CHOICES)  # type: ignore[assignment]

    class Meta:
        model = Adjudication
        fields = ("candidate", "label", "reason")


class AdjudicationOut(serializers.ModelSerializer[Adjudication]):
    """A ruling: it counts unless it is corrected or withdrawn."""

    field = serializers.CharField(source="candidate.field.name")
    catalogue_id = serializers.CharField(source="candidate.catalogue_id")
    curator = serializers.CharField(source="curator.username")
    corrected_at = serializers.DateTimeField(
        allow_null=True, help_text="Time of the next ruling on the candidate."
    )
    corrected_by = serializers.CharField(allow_null=True)
    withdrawn_by = serializers.CharField(
        source="withdrawn_by.username", allow_null=True, default=None
    )

    class Meta:
        model = Adjudication
        fields = (
            "id",
            "candidate",
            "field",
            "catalogue_id",
            "curator",
            "label",
            "reason",
            "decided_at",
            "corrected_at",
            "corrected_by",
            "withdrawn_at",
            "withdrawn_by",
        )


class AdjudicationListView(ListAPIView[Adjudication]):
    """Rulings of curators, which replace the consensus of the votes."""

    permission_classes = [IsCurator]
    query_serializer = FieldIn
    request: AuthenticatedRequest
    serializer_class = AdjudicationOut

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return a page of rulings, the latest first, corrected and withdrawn ones included."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Adjudication]:
        """Return the rulings, in one field or in all."""
        rulings = Adjudication.objects.history()
        field = checked_query(self.request).get("field")
        return rulings.filter(candidate__field=field) if field else rulings

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return one page, and record that its candidates are disclosed to the caller."""
        page = super().paginate_queryset(queryset)
        Candidate.objects.disclose(self.request.user, [row.candidate_id for row in page or ()])
        return page

    @extend_schema(request=AdjudicationIn, responses={201: ConsensusOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Adjudicate one candidate; its latest ruling counts and corrects earlier ones."""
        body = AdjudicationIn(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        candidate = values["candidate"]
        candidate.adjudicate(request.user, values["label"], values["reason"])
        consensus = Consensus.objects.get(candidate=candidate)
        return Response(ConsensusOut(consensus).data, status=status.HTTP_201_CREATED)


class AdjudicationView(APIView):
    """One ruling."""

    permission_classes = [IsCurator]

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Withdraw the ruling, so that the votes decide; doing so again changes nothing.

        It stays in the list. 409 if another ruling on the candidate has corrected it.
        """
        get_object_or_404(Adjudication.objects.in_play(), pk=pk).withdraw(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
