"""What killed imports have left: sources, stamps, resampled mosaics, half-built fields."""

from labeling.ingest.aligned_files import remove_abandoned_files
from labeling.ingest.field_building import remove_abandoned_builds
from labeling.ingest.pack_claims import remove_abandoned_imports


def remove_abandoned() -> list[str]:
    """Remove all of it; return the names of files and fields."""
    return [*remove_abandoned_imports(), *remove_abandoned_builds(), *remove_abandoned_files()]
