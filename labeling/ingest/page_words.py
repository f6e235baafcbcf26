"""Sentences of imports in the words of the page, where they name options of commands."""

import re
from collections.abc import Mapping

from labeling.models import ImportJob

_PHRASES: Mapping[str, str] = {
    r"name it with --column \w+=NAME": "choose it below",
    r"--mosaic FILTER=\S+?(?=[.,;]?(\s|$))": "choose its band below",
    r"--keep NAME keeps one": "Choose below what to keep",
    r"--no-header --column id=1 --column x=2 …": "tick “no line of column names”",
    r"import it with --no-wcs and --pixel-scale": "tick “no WCS” and give the pixel scale",
    r"; name the candidates in a table \(--table\)": "; add a table with their ids",
    r"name them: --bands V, or --bands I,V,B for the colours red, green and blue": (
        "name them below, V for one band, or I,V,B for the colours red, green and blue"
    ),
    r"--min-ci MAG, or --min-ci none": "“least concentration index”, such as 0 for no cut",
    r"give it to import_field with --distance MPC": "enter the distance",
    r"; give it to import_field with --zero-point \w+=MAG:Vega": "",
    r"which a dry run shows with what each removes": "and see what each removes",
    r"--allow-outside sets such rows aside": "“set rows outside the image aside” uses the others",
}
"""Words of the page for patterns of commands' words; the longest come first."""

_OPTIONS: Mapping[str, str] = {
    "align": "“resample the mosaics onto one grid”",
    "allow-outside": "“set rows outside the image aside”",
    "bands": "“bands of the stamps”",
    "aperture-correction": "“aperture correction” of build_field",
    "column": "the columns below",
    "dataset": "“array in the file”",
    "description": "“description of the columns”",
    "force": "“import although the positions look wrong”",
    "frame": "“sky frame”",
    "keep": "“keep with the candidates”",
    "min-detected": "“bands in which it must be detected”",
    "min-observed": "“bands that must cover a candidate”",
    "no-header": "“no line of column names”",
    "no-wcs": "“no WCS”",
    "origin": "“first pixel in x and y”",
    "pixel-scale": "“pixel scale”",
    "reference": "“column of classes”",
    "table": "“table of the file”",
}
"""Labels of the page by option."""


def for_page(sentence: str, job: ImportJob) -> str:
    """Return a sentence for the command line in the words of the page, without folders."""
    for upload in job.uploads.all():
        sentence = sentence.replace(str(upload.path), upload.name)
        # What an archive holds is in a folder of its name.
        sentence = sentence.replace(str(upload.path.with_suffix("")), upload.name)
    for pattern, words in _PHRASES.items():
        sentence = re.sub(pattern, words, sentence)
    return re.sub(r"--([a-z][a-z-]*[a-z])", _label, sentence)


def _label(option: re.Match[str]) -> str:
    return _OPTIONS.get(option[1], option[0])
