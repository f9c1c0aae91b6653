"""Reading a claims file: what it becomes, and that every slip is refused with its place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emolib.claims import claims, papers, read_paper, systems
from emolib.claims.expressions import evaluate, evaluate_bool, evaluate_number, mean, namespace, near
from emolib.errors import BadInput

SMALL = """
paper: doe2020
corpus: fi
facts:
  half: {value: 20, statement: Pictures from one source, where: Sec. 3, needs: the records}
  whole: {value: 50, statement: Pictures, where: Sec. 3, metric: "doe2020/pictures/all/{corpus}/count", tolerance: 0, reason: a count}
  left_out: {value: null}
tables:
  - id: table1
    where: Table 1
    statement: "Error of {row} with {column}"
    tolerance: 0.5
    reason: the spread over folds
    metric: "doe2020/table1/{row}/{corpus}/{column}_mse"
    independent: [{value: "3.3", source: "Roe 2021"}]
    columns: {fold: {mark: F, needs: the folds}, total: {label: all folds}}
    row_labels: {ours: {mark: Ours, label: our model}}
    rows:
      ours:     [1.5, 2.5]
      baseline: [null, 4]
    checks:
      - {id: small, statement: "{row} stays below three", published: below 3, expression: total < 3, shows: total}
checks:
  - {id: adds_up, statement: Two halves make the whole, where: Sec. 3, published: "20 + 20 = 50", expression: half + half == whole, shows: half + half}
directions:
  - id: ours_beats_baseline
    statement: "Our model predicts {target} better"
    where: Sec. 4
    definition: "error of the baseline minus ours, {target}"
    metric: "doe2020/claims/{id}/{corpus}/{target}_mse_difference"
    needs: oasis
    targets: {valence: table1.baseline.total - table1.ours.total, arousal: null}
systems:
  - {id: model, name: The model, where: Sec. 4, chapter: 2, code: "collections:OrderedDict", test: tests/test_model.py}
"""  # noqa: E501


@pytest.fixture
def read(tmp_path):
    def read_text(text: str, name: str = "doe2020.yml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_paper(path)

    return read_text


def by_id(paper):
    return {claim.id.removeprefix("doe2020/"): claim for claim in paper.claims}


def test_a_file_becomes_claims_of_three_kinds(read):
    found = by_id(read(SMALL))
    assert sorted((claim.kind, name) for name, claim in found.items()) == [
        ("consistency", "check/adds_up"),
        ("consistency", "table1/baseline/small"),
        ("consistency", "table1/ours/small"),
        ("direction", "claims/ours_beats_baseline/arousal"),
        ("direction", "claims/ours_beats_baseline/valence"),
        ("number", "table1/baseline/total"),
        ("number", "table1/ours/fold"),
        ("number", "table1/ours/total"),
        ("number", "text/half"),
        ("number", "text/whole"),
    ]


def test_a_cell_knows_its_place_label_metric_and_tolerance(read):
    cell = by_id(read(SMALL))["table1/ours/total"]
    assert (cell.published, cell.corpus, cell.paper) == (2.5, "fi", "doe2020")
    assert cell.statement == "Error of our model with all folds"
    assert cell.where == "Table 1, row Ours, column total"
    assert cell.metric == "doe2020/table1/ours/{corpus}/total_mse"
    assert (cell.tolerance, cell.reason, cell.needs) == (0.5, "the spread over folds", None)
    assert cell.independent == ({"value": "3.3", "source": "Roe 2021"},)


def test_a_cell_that_needs_something_has_no_metric(read):
    cell = by_id(read(SMALL))["table1/ours/fold"]
    assert (cell.metric, cell.needs, cell.tolerance, cell.independent) == (None, "the folds", None, ())


def test_a_direction_has_the_difference_that_the_tables_give(read):
    found = by_id(read(SMALL))
    valence, arousal = found["claims/ours_beats_baseline/valence"], found["claims/ours_beats_baseline/arousal"]
    assert valence.published == 1.5 and arousal.published is None
    assert valence.metric == "doe2020/claims/ours_beats_baseline/{corpus}/valence_mse_difference"
    assert valence.statement == "Our model predicts valence better"
    assert (valence.needs, valence.source) == ("oasis", "paper")


def test_systems_resolve_to_objects_and_say_when_they_do_not(read):
    from collections import OrderedDict

    (system,) = read(SMALL).systems
    assert system.resolve() is OrderedDict and system.chapter == 2
    (missing,) = read(SMALL.replace("collections:OrderedDict", "collections:Nothing")).systems
    with pytest.raises(BadInput, match="doe2020/model.*collections:Nothing"):
        missing.resolve()
    (missing,) = read(SMALL.replace("collections:OrderedDict", "no_such_module_here:Nothing")).systems
    with pytest.raises(BadInput, match="no_such_module_here"):
        missing.resolve()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("paper: doe2020", "paper:", "doe2020.yml: the key 'paper' is missing"),
        ("corpus: fi", "corpus: 3", 'corpus has to be text, not 3; put it in quotes: corpus: "3"'),
        ("corpus: fi", "corpus: oasys", "doe2020.yml: corpus: There is no corpus called 'oasys'. Did you mean 'oasis'"),
        ('published: "20 + 20 = 50"', "published: 50", 'not 50; put it in quotes: published: "50"'),
        ("/{corpus}/count", "/{corpus}/", "does not read paper/experiment/system/{corpus}/measure"),
        ("pictures/all/{corpus}/", "pictures/{corpus}/", "does not read paper/experiment/system/{corpus}/measure"),
        ("pictures/all/{corpus}/", "pictures/{corpus}/all/", "does not read paper/experiment/system/{corpus}/measure"),
        ("claims/{id}/{corpus}", "claims/more/{id}/{corpus}", "does not read paper/experiment/system/{corpus}/measure"),
        ("checks:\n  -", "cheks:\n  -", "unknown key 'cheks'"),
        ("value: 20,", "value: twenty,", "facts, 'half': value has to be a number, not 'twenty'"),
        ("value: 20,", "value: .nan,", "facts, 'half': value has to be a number"),
        ("value: 20,", "value: true,", "facts, 'half': value has to be a number"),
        ("  half: {", "  class: {", "'class' cannot be a name"),
        ("  half: {", "  _half: {", "'_half' cannot be a name"),
        ("  half: {", "  whole: {", "the key 'whole' is written twice"),
        (", needs: the records", "", "'half': a number has either a metric or a note of what it `needs`"),
        (", tolerance: 0, reason", ", reason", "'whole': a number with a metric needs a tolerance"),
        (", reason: a count", "", "'whole': a number with a metric needs a tolerance and the reason"),
        ("tolerance: 0.5", "tolerance: -0.5", "tables, table1: the tolerance is negative"),
        ("[1.5, 2.5]", "[1.5]", "tables, table1, row 'ours': expected a list of 2 numbers"),
        ("[1.5, 2.5]", "[1.5, x]", "row 'ours', column total: 'x' is not a number"),
        ("row_labels: {ours:", "row_labels: {theirs:", "row_labels names 'theirs', which is no row"),
        ("{corpus}/{column}_mse", "{column}_mse", "needs one part that is {corpus}"),
        ("{column}_mse", "{colunm}_mse", "a placeholder is left over"),
        ("expression: total < 3", "expression: totle < 3", "checks, small, row ours: cannot evaluate 'totle < 3'"),
        ("expression: total < 3", "expression: total", "gives 2.5, not true or false"),
        ("shows: half + half}", "shows: half / 0}", "'half / 0' fails: ZeroDivisionError"),
        ("shows: half + half}", "shows: half == 1}", "gives False, not a number"),
        ("expression: half + half == whole", "expression: left_out > 1", "checks, adds_up: 'left_out > 1' fails"),
        ("arousal: null}", "arousal: table2.x}", "directions, ours_beats_baseline: cannot evaluate 'table2.x'"),
        ("    needs: oasis", "    needs: oasis\n    source: rumour", "source is 'rumour'; known: paper,"),
        ("    needs: oasis", "    needs: oasis\n    published: both", "either an expression"),
        ("  - id: table1", "  - id: half", "'half' already names another fact or table"),
        ("chapter: 2", "chapter: two", "systems, model: chapter has to be a number"),
        ("chapter: 2", "chapter: 2.5", "the chapter has to be a whole number"),
        ("collections:OrderedDict", "collections.OrderedDict", "has to read package.module:object"),
        ("collections:OrderedDict", "os;evil:x", "has to read package.module:object"),
        ("  - {id: adds_up,", "  - {id: small-one,", "'small-one' cannot be a name"),
        ("  - {id: adds_up,", "  - {", "checks, entry 1: the key 'id' is missing"),
        (', source: "Roe 2021"}', "}", "'source' is missing"),
    ],
)  # fmt: skip
def test_a_slip_is_refused_with_its_place(read, before, after, says):
    assert before in SMALL
    with pytest.raises(BadInput) as refusal:
        read(SMALL.replace(before, after, 1))
    assert says in str(refusal.value) and "doe2020.yml" in str(refusal.value)


def test_an_id_cannot_be_used_twice(read):
    twice = SMALL.replace(
        "directions:", "  - {id: adds_up, statement: s, where: w, published: p, expression: 1 < 2}\ndirections:"
    )
    with pytest.raises(BadInput, match="checks, adds_up: the id is used twice"):
        read(twice)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        ("# nothing yet\n", "the file is empty"),
        ("[1, 2]", "expected a mapping, got a list"),
        ("paper: [unclosed", "line 1"),
        ("paper: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("paper: doe2020\ncorpus: fi\n", "holds no claim"),
        ("a: 2020-13-45", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("# " + "x" * 1_000_001, "larger than"),
    ],
)
def test_what_is_no_claims_file_is_refused(read, content, says):
    with pytest.raises(BadInput) as refusal:
        read(content)
    assert says in str(refusal.value) and "doe2020.yml" in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="absent.yml: cannot be read"):
        read_paper(tmp_path / "absent.yml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 12), st.text(max_size=4))
def test_a_damaged_file_is_read_or_refused_but_never_crashes(read, start, length, filling):
    damaged = SMALL[:start] + filling + SMALL[start + length :]
    try:
        assert read(damaged.encode("utf-8", "surrogatepass")).claims
    except BadInput as refusal:
        assert "doe2020.yml" in str(refusal)


# ---------------------------------------------------------------------------------------------------- expressions
def test_expressions_know_names_tables_and_functions():
    names = {"a": 2, "t": namespace({"x": namespace({"p": 1.5, "q": 4}), "y": namespace({"q": 6})}), "gone": None}
    assert evaluate("cells(t.x)", names, "here") == [1.5, 4]
    assert evaluate("column(t, 'q')", names, "here") == [4, 6]
    assert evaluate_number("mean(a, t.x.q, 3) + max(1, 2)", names, "here") == 5
    assert evaluate_bool("stated(a) and not stated(gone)", names, "here") is True
    assert evaluate_bool("a < 3 < 2", names, "here") is False


def test_near_includes_its_ends_in_decimals():
    assert near(1.474, 1.479, 0.005) and not near(1.474, 1.48, 0.005)
    assert near(0.1 + 0.2, 0.3)
    assert mean(1, 2, 6) == 3


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').getcwd()", "(1).__class__", "().__class__.__bases__", "a = 3", "1; 2", "lambda: 1",
        "import os", "open('x')", "eval('1')", "a.__init__", "9 ** 9 ** 9 ** 9", "'x' * 10 ** 9", "", "(", "unknown",
        "mean()", "column(3, 'x')", "a.b", "[1][5]", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_plain_expression_is_refused(expression):
    with pytest.raises(BadInput, match="file.yml, entry"):
        evaluate(expression, {"a": 1}, "file.yml, entry")


# --------------------------------------------------------------------------------------------------- the real files
def test_papers_are_read_by_name_and_unknown_ones_refused():
    assert "kim2017" in papers()
    assert {claim.paper for claim in claims("kim2017")} == {"kim2017"}
    assert len(claims()) >= len(claims("kim2017"))
    with pytest.raises(BadInput, match="did you mean kim2017"):
        claims("kim2018")
    with pytest.raises(BadInput, match="known: .*kim2017"):
        systems("zzz")


def test_ids_are_unique_over_all_papers_and_start_with_the_paper():
    found = claims()
    assert len({claim.id for claim in found}) == len(found)
    assert all(claim.id.startswith(claim.paper + "/") for claim in found)
