"""The check of names in `make lint`."""

from tests import names

PYTHON = """
def f(found, *args, own=1, **kwargs):
    told: int = [one for one in args]
    with open(found) as file, open(own):
        said.seen = (row := file)
    try:
        a, (b, *c) = kwargs
    except OSError as error:
        raise
"""


def test_it_counts_what_gets_a_value_in_python():
    counted = [name for _, name in names.names_in_python(PYTHON)]
    expected = ["found", "args", "own", "kwargs", "told", "one", "file", "row", "a", "b", "c"]
    assert sorted(counted) == sorted([*expected, "error"])


def test_it_leaves_out_self():
    assert list(names.names_in_python("class A:\n def f(self, x): self.y = x")) == [(2, "x")]


def test_it_counts_declarations_in_javascript():
    source = "// let it\nconst found = rows.map((row) => row.own);\nfor (let i of a) b(one => one);"
    assert list(names.names_in_javascript(source)) == [(2, "found"), (3, "i"), (3, "one")]


def test_it_fails_above_the_limit_and_names_the_lines(tmp_path, capsys):
    (tmp_path / "labeling").mkdir()
    (tmp_path / "labeling/a.py").write_text("x = 1\nfound = 2\n")
    (tmp_path / "labeling/b.js").write_text("const x = 1;")
    assert names.main(tmp_path) == 1
    assert "labeling/a.py:2: found\n" in capsys.readouterr().out
