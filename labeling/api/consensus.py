"""Consensus and adjudication."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.core.classes import VOTE_COLUMNS
from labeling.api.filters import ConsensusIn, checked_query
from labeling.api.permissions import IsCurator
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView, ListAPIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.auth.roles import Role, has_role
from labeling.classes import CLASS_CHOICES
from labeling.models import Adjudication, Candidate, Consensus, Vote


class ConsensusOut(serializers.ModelSerializer[Consensus]):
    """The consensus of the live votes on a candidate."""

    field = serializers.CharField(source="candidate.field.name")
    catalogue_id = serializers.CharField(source="candidate.catalogue_id")

    class Meta:
        model = Consensus
        fields = (
            "candidate",
            "field",
            "catalogue_id",
            "label",
            "status",
            "n_votes",
            *VOTE_COLUMNS,
            "n_unsure",
            "agreement",
            "class_mean",
            "vote_entropy",
            "provenance",
            "rule_version",
        )


class ConsensusListView(ListAPIView[Consensus]):
    """The consensus of the candidates whose opinions are disclosed to the caller.

    Curators see all; an expert sees those that they have voted on.
    """

    query_serializer = ConsensusIn
    request: AuthenticatedRequest
    serializer_class = ConsensusOut

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return a page of consensus rows, in the order of the candidates."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Consensus]:
        """Return the rows that the caller may see, with the field and status of the query."""
        rows = Consensus.objects.select_related("candidate__field").order_by("candidate")
        if not has_role(self.request.user, Role.CURATOR):
            votes = Vote.objects.live().by(self.request.user)
            rows = rows.filter(Exists(votes.filter(candidate=OuterRef("candidate"))))
        query = checked_query(self.request, ConsensusIn)
        if field := query.pop("field", None):
            rows = rows.filter(candidate__field=field)
        return rows.filter(**query)

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return one page, and record that its candidates are disclosed to the caller."""
        page = super().paginate_queryset(queryset)
        Candidate.objects.disclose(self.request.user, [row.candidate_id for row in page or ()])
        return page


class AdjudicationIn(StrictSerializer, serializers.ModelSerializer[Adjudication]):
    """A curator's class for a candidate, and the reason."""

    candidate = serializers.PrimaryKeyRelatedField(queryset=Candidate.objects.in_play())
    label = serializers.ChoiceField(CLASS_CHOICES)  # type: ignore[assignment]

    class Meta:
        model = Adjudication
        fields = ("candidate", "label", "reason")


class AdjudicationView(APIView):
    """Rulings of curators, which replace the consensus of the votes."""

    permission_classes = [IsCurator]

    @extend_schema(request=AdjudicationIn, responses={201: ConsensusOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Adjudicate one candidate; its latest ruling counts."""
        body = AdjudicationIn(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        candidate = values["candidate"]
        candidate.adjudicate(request.user, values["label"], values["reason"])
        consensus = Consensus.objects.get(candidate=candidate)
        return Response(ConsensusOut(consensus).data, status=status.HTTP_201_CREATED)
