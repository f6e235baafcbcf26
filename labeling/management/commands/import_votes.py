"""manage.py import_votes FIELD FILE: import votes that were cast elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest.imported_votes import plan_votes
from labeling.ingest.vote_options import VoteOptions
from labeling.management.import_errors import as_command_errors
from labeling.management.table_arguments import parse_pairs
from labeling.models import Field, VoteImport
from labeling.number_texts import count_text


class Command(BaseCommand):
    """Read votes of a CSV file or a Zooniverse export as those of named, inactive accounts."""

    help = (
        "Import votes that were cast elsewhere: a CSV file with the columns catalogue_id, person, "
        "class (optional: field, time, certainty, informed), or a Zooniverse classification "
        "export. They count like other votes, under accounts that nobody can log in with, and are "
        "marked as imported. All or none; the same file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of the field")
        parser.add_argument("file", type=Path, nargs="?", help="the votes")
        parser.add_argument(
            "--answer",
            action="append",
            metavar="ANSWER=CLASS",
            help='what an answer stands for: 1 to 4, unsure, or skip; e.g. "Symmetric cluster=1"',
        )
        parser.add_argument(
            "--column",
            action="append",
            metavar="OURS=THEIRS",
            help="a column by what it is: id, person, class, field, time",
        )
        parser.add_argument(
            "--account",
            action="append",
            metavar="PERSON=NAME",
            help="name of a person's account; skip leaves their votes out",
        )
        parser.add_argument("--task", default="", help="Zooniverse's task with the class, e.g. T0")
        parser.add_argument("--workflow", default="", help="number of the Zooniverse workflow")
        parser.add_argument(
            "--subject-id", default="", help="the Zooniverse subject's entry with the catalogue id"
        )
        parser.add_argument(
            "--informed",
            action="store_true",
            help="the voters were shown others' or a network's opinion before",
        )
        parser.add_argument(
            "--skip-unknown", action="store_true", help="leave out ids that the field does not have"
        )
        parser.add_argument("--dry-run", action="store_true", help="show the counts, write nothing")
        parser.add_argument("--list", action="store_true", help="list the field's imports of votes")
        parser.add_argument(
            "--take-back", type=int, metavar="NUMBER", help="retract the votes of an import"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, list or take back."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        if options["list"]:
            self._list(field)
        elif options["take_back"] is not None:
            self._take_back(field, options["take_back"])
        elif options["file"] is None:
            raise CommandError("Name the file with the votes.")
        else:
            self._import(field, options["file"], _options(options), dry_run=options["dry_run"])

    def _import(self, field: Field, path: Path, options: VoteOptions, *, dry_run: bool) -> None:
        with as_command_errors():
            plan = plan_votes(field, path, options)
            self._print(plan.report)
            if dry_run:
                self.stdout.write("Nothing was written (--dry-run).")
                return
            record = plan.write()
        if record is None:
            self.stdout.write("All these votes were imported before: nothing changed.")
            return
        self.stdout.write(
            f"Import {record.pk}. To take it back: "
            f"manage.py import_votes {field} --take-back {record.pk}"
        )

    def _print(self, report: dict[str, Any]) -> None:
        """Print what came of the rows."""
        self.stdout.write(
            f"{count_text(report['rows'], 'row')} ({report['format']}): "
            f"{count_text(report['votes'], 'new vote')} of "
            f"{count_text(len(report['people']), 'person', 'people')} on "
            f"{count_text(report['candidates'], 'candidate')}."
        )
        for name, column in report["columns"].items():
            self.stdout.write(f"  {name}: column {column}")
        for label, n in report["classes"].items():
            name = label if label == "unsure" else f"class {label}"
            self.stdout.write(f"  {count_text(n, 'vote')} for {name}")
        people = sorted(report["people"].items(), key=lambda person: -person[1])
        for name, n in people[:20]:
            self.stdout.write(f"  {name}: {count_text(n, 'vote')}")
        if len(people) > 20:
            more = count_text(len(people) - 20, "more person", "more people")
            self.stdout.write(f"  and {more}")
        if report["already_imported"]:
            self.stdout.write(f"  {report['already_imported']} imported before")
        for reason, n in report["left_out"].items():
            self.stdout.write(f"  {n} left out: {reason}")
        for note in report["notes"]:
            self.stdout.write(f"  {note}")

    def _list(self, field: Field) -> None:
        """Print the imports of a field."""
        for record in field.vote_imports.all():
            state = count_text(record.votes.live().count(), "vote")
            if record.taken_back_at:
                state = f"taken back {record.taken_back_at:%Y-%m-%d %H:%M} UTC"
            time = f"{record.imported_at:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(f"{record.pk}: {record.file_name}, {time}, {state}")

    def _take_back(self, field: Field, number: int) -> None:
        """Retract the votes of an import."""
        record = VoteImport.objects.filter(field=field, pk=number).first()
        if record is None:
            raise CommandError(f"Field {field} has no import of votes {number}; see --list.")
        with as_command_errors():
            votes = count_text(record.take_back(), "vote")
            self.stdout.write(f"{votes} of {record.file_name} retracted.")


def _options(options: dict[str, Any]) -> VoteOptions:
    return VoteOptions(
        answers=parse_pairs(options["answer"], "--answer"),
        columns=parse_pairs(options["column"], "--column"),
        accounts=parse_pairs(options["account"], "--account"),
        **{
            name: options[name]
            for name in ("task", "workflow", "subject_id", "informed", "skip_unknown")
        },
    )
