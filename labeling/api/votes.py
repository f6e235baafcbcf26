"""PUT votes/{uuid}/ casts a vote, exactly once; DELETE takes it back."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.filters import FieldIn, asked_for
from labeling.api.strict import SettingsField
from labeling.auth.requests import AuthenticatedRequest
from labeling.classes import Certainty, Label, Reason
from labeling.models import Candidate, Lease, SetAside, Vote
from labeling.rules.decision_tree import classify_answers

UNSURE = "unsure"
DISPLAY_CHARACTERS = 4000
_SCHEMA = [{"type": "integer", "minimum": 1, "maximum": 4}, {"type": "string", "enum": [UNSURE]}]


@extend_schema_field({"oneOf": _SCHEMA})
class LabelField(serializers.Field[int, Any, Any, Any]):
    """A class from 1 to 4, or "unsure"."""

    def to_internal_value(self, data: Any) -> int:
        """The label as it is stored."""
        if data == UNSURE:
            return Label.UNSURE
        if isinstance(data, int) and not isinstance(data, bool) and 1 <= data <= 4:
            return data
        raise serializers.ValidationError(f'must be 1, 2, 3, 4 or "{UNSURE}", not {data!r}.')

    def to_representation(self, value: int) -> int | str:
        """The label as people say it."""
        return UNSURE if value == Label.UNSURE else value


class AnswerIn(serializers.Serializer[Any]):
    """One step on the way through the questions."""

    question = serializers.CharField(max_length=20)
    answer = serializers.CharField(max_length=20)


class VoteIn(serializers.Serializer[Any]):
    """An expert's answer for a candidate."""

    candidate = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    label = LabelField()  # type: ignore[assignment]
    certainty = serializers.ChoiceField(Certainty.choices, default=Certainty.SURE)
    reason = serializers.ChoiceField(Reason.choices, default="", allow_blank=True)
    comment = serializers.CharField(default="", allow_blank=True, max_length=4000)
    flagged = serializers.BooleanField(default=False)
    seconds = serializers.FloatField(default=None, allow_null=True, min_value=0, max_value=86400)
    display = SettingsField(DISPLAY_CHARACTERS, default=dict)
    answers = AnswerIn(many=True, default=list)
    replaces = serializers.UUIDField(
        default=None, allow_null=True, help_text="The caller's earlier vote that this one corrects."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Answers lead to the class that is named, and to its reason."""
        attrs["answers"] = [dict(answer) for answer in attrs["answers"]]
        if attrs["answers"]:
            try:
                path = classify_answers(attrs["answers"])
            except ValueError as error:
                raise serializers.ValidationError({"answers": str(error)}) from None
            if path != (attrs["label"], attrs["reason"]):
                end = " ".join(map(str, path)).rstrip()
                complaint = f"lead to class {end}, not to this one."
                raise serializers.ValidationError({"answers": complaint})
        return attrs


class VoteOut(serializers.ModelSerializer[Vote]):
    """A vote as it was recorded."""

    label = LabelField()  # type: ignore[assignment]

    class Meta:
        model = Vote
        fields = (
            "id",
            "candidate",
            "label",
            "certainty",
            "reason",
            "comment",
            "flagged",
            "answers",
            "seconds",
            "surplus",
            "cast_at",
            "retracted_at",
        )


# Made once: to describe what they read and write takes them longer than to do it.
_IN, _OUT = VoteIn(), VoteOut()


class VoteView(APIView):
    """One vote, under a UUID that the client made."""

    @extend_schema(request=VoteIn, responses={200: VoteOut})
    def put(self, request: AuthenticatedRequest, uuid: UUID) -> Response:
        """Cast, or change, the caller's vote; the same request again has the same answer.

        A vote always counts. `surplus` says that nobody had asked for it: it came without a lease
        that still held, when others had given all the votes needed or a curator had ruled.
        """
        answer = dict(_IN.run_validation(request.data))
        candidate = Candidate(pk=answer.pop("candidate"))
        try:
            vote = candidate.cast_vote(request.user, uuid, **answer)
        except (Candidate.DoesNotExist, SetAside) as error:
            raise serializers.ValidationError({"candidate": str(error)}) from None
        return Response(_OUT.to_representation(vote))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, uuid: UUID) -> Response:
        """Take the caller's vote back; doing so again changes nothing."""
        get_object_or_404(Vote.objects.by(request.user), pk=uuid).retract()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProgressOut(serializers.Serializer[Any]):
    """Where the caller is."""

    voted_today = serializers.IntegerField()
    voted = serializers.IntegerField()
    left = serializers.IntegerField()
    votes_needed = serializers.IntegerField(allow_null=True)


class ProgressView(APIView):
    """How far the caller is."""

    @extend_schema(parameters=[FieldIn], responses=ProgressOut)
    def get(self, request: AuthenticatedRequest) -> Response:
        """Counts of the caller's votes, and of what still waits for them."""
        field = asked_for(request).get("field")
        # Hidden repeats too: the page counts every answer at once, and one that fell away at the
        # next count would be betrayed.
        votes = Vote.objects.standing().by(request.user)
        candidates = Candidate.objects.all()
        held = Lease.objects.live().of(request.user)
        if field:
            votes = votes.filter(candidate__field=field)
            candidates = candidates.filter(field=field)
            held = held.filter(candidate__field=field)
        counts = {
            "voted_today": votes.today().count(),
            "voted": votes.count(),
            "left": candidates.count_waiting_for(request.user) + held.count(),
            "votes_needed": field.votes_needed if field else None,
        }
        return Response(ProgressOut(counts).data)
