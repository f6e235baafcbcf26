"""GET consensus/: the consensus of the votes."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from classifier.core.classes import VOTE_COLUMNS
from labeling.api.filters import ConsensusIn, checked_query
from labeling.api.views import ListAPIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.auth.roles import Role, has_role
from labeling.models import Candidate, Consensus, Vote


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
