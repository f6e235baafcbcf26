"""manage.py export_pack FIELD FOLDER: a field's stamps and labels for a notebook."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.core.errors import PackError
from labeling.export.packs import write_field_pack
from labeling.management.import_errors import as_command_errors
from labeling.models import Field
from labeling.number_texts import count_text
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.training_set import all_label_sources


class Command(BaseCommand):
    """Write a manifest and the stamp packs that it names into a new folder."""

    help = (
        "Write a field's stamp packs and the manifest training.csv (stamp, split and label of "
        "each candidate) into a new folder, for `python -m classifier` or a notebook."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of the field")
        parser.add_argument("folder", type=Path, help="a new, or empty, folder")
        parser.add_argument(
            "--labels",
            default=CONSENSUS.text,
            metavar="SOURCE",
            help="votes (the consensus, by default), expert:NAME, or a source of reference labels",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the folder, and print how to train on it."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}.")
        sources = [source.text for source in all_label_sources()]
        if options["labels"] not in sources:
            raise CommandError(f"--labels {options['labels']}: there are {', '.join(sources)}.")
        folder = options["folder"]
        try:
            with as_command_errors():
                rows, labelled = write_field_pack(field, LabelSource(options["labels"]), folder)
        except (PackError, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count_text(rows, 'candidate')}, {labelled} with a label, in {folder}.")
        self.stdout.write(
            f"Train: python -m classifier train {folder}/training.csv --packs {folder} --run RUN"
        )
