"""The rows that Asterism keeps, one noun a file."""

from labeling.models.adjudication import Adjudication
from labeling.models.api_token import ApiToken
from labeling.models.application import Application, NothingToPredict
from labeling.models.candidate import Candidate, CandidateQuerySet, SetAside
from labeling.models.catalogue_import import CatalogueImport
from labeling.models.comment import Comment
from labeling.models.consensus import Consensus
from labeling.models.disclosure import Disclosure
from labeling.models.experiment import Experiment
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey, KeyReused
from labeling.models.import_job import ImportJob, ImportStage
from labeling.models.job import RunCancelled, RunStatus, WorkerJob
from labeling.models.lease import Lease, Sample
from labeling.models.member import Member
from labeling.models.mosaic import Mosaic
from labeling.models.prediction import Prediction
from labeling.models.preferences import Preferences, Theme
from labeling.models.promotion import NotReady, Promotion, RefusedByGate
from labeling.models.reference_label import ReferenceLabel
from labeling.models.refresh import Refresh
from labeling.models.release import Release
from labeling.models.run_event import RunEvent
from labeling.models.session import Session
from labeling.models.shard import Shard
from labeling.models.training_run import TrainingRun
from labeling.models.upload import NoSpace, Upload, UploadConflict
from labeling.models.vote import NotReplaceable, Vote, VoteConflict
from labeling.models.vote_import import VoteImport

__all__ = [
    "Adjudication",
    "ApiToken",
    "Application",
    "Candidate",
    "CandidateQuerySet",
    "CatalogueImport",
    "Comment",
    "Consensus",
    "Disclosure",
    "Experiment",
    "Field",
    "IdempotencyKey",
    "ImportJob",
    "ImportStage",
    "KeyReused",
    "Lease",
    "Member",
    "Mosaic",
    "NoSpace",
    "NotReady",
    "NotReplaceable",
    "NothingToPredict",
    "Prediction",
    "Preferences",
    "Promotion",
    "ReferenceLabel",
    "Refresh",
    "RefusedByGate",
    "Release",
    "RunCancelled",
    "RunEvent",
    "RunStatus",
    "Sample",
    "Session",
    "SetAside",
    "Shard",
    "Theme",
    "TrainingRun",
    "Upload",
    "UploadConflict",
    "Vote",
    "VoteConflict",
    "VoteImport",
    "WorkerJob",
]
