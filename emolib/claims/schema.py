"""What a paper claims, as data: the shape of a claims file and its reading into :class:`Claim` and :class:`System`.

All chapters use this module; a file `<paper>.yml` beside it holds one paper. Such a file has the keys

paper, corpus
    the paper's key in the bibliography and the corpus that its own numbers come from, one that
    `python -m emolib data list` shows;
facts
    single numbers of the text: ``name: {value, statement, where, needs | metric, tolerance, reason}``, in the unit in
    which a chapter records them, so that 61.5% is 0.615; `value: null` records that the text leaves a number out. Each
    one with a value becomes a claim of kind "number";
tables
    the paper's tables, written row by row as they are printed; each cell becomes a claim of kind "number", except
    `null`, an empty cell. ``{row}`` and ``{column}`` in `metric` stand for the keys, in `statement` for the labels.
    `checks` of a table are made for each of its rows, whose cells are then names;
checks
    ``{id, statement, where, published, expression, shows}``, claims of kind "consistency": an expression over facts
    and tables (``table3.valence.low``) that is true when the paper agrees with itself (see
    :mod:`emolib.claims.expressions`);
directions
    ``{id, statement, where, definition, metric, needs, published | difference, targets, source}``, claims of kind
    "direction": "A beats B", one for each target, with the metric that holds the paired difference, positive when A
    does beat B; `needs` is the corpus that would test it, if not the paper's own;
systems
    ``{id, name, where, chapter, code, test}``: everything that the paper builds, and the code and test of each here.

Wherever a key `metric` stands, it reads ``paper/experiment/system/{corpus}/measure``: the name under which the chapter
records the number, with ``{corpus}`` for any corpus on which it was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emolib import corpora
from emolib.claims.claim import KINDS, Claim, Paper, System
from emolib.claims.expressions import evaluate_bool, evaluate_number, namespace
from emolib.claims.reading import Node, check_name, is_number, read_yaml, show
from emolib.errors import BadInput

__all__ = ["KINDS", "Claim", "Paper", "System", "read_paper"]


def read_paper(path: Path) -> Paper:
    """Read and check one claims file. Raises BadInput naming the file and the entry that is wrong."""
    root = Node(read_yaml(path), path.name, "paper corpus facts tables checks directions systems")
    reader = _Reader(root)
    claims = [*reader.facts(), *reader.tables(), *reader.checks(), *reader.directions()]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise BadInput(f"{claim.place}: the id {claim.id!r} is used twice")
        seen.add(claim.id)
    if not claims:
        raise BadInput(f"{path.name}: holds no claim")
    return Paper(reader.paper, reader.corpus, tuple(claims), tuple(reader.systems()))


class _Reader:
    """Reads the parts of a file in order; what was read becomes names for the expressions that follow."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.paper, self.corpus = root.text("paper"), root.text("corpus")
        try:
            corpora.card(self.corpus)
        except BadInput as error:
            raise BadInput(f"{root.place}: corpus: {error}") from error
        self.names: dict[str, Any] = {}
        self.row_checks: list[tuple[Node, str, str, Node, dict[str, float]]] = []

    def _claim(self, node: Node, name: str, kind: str, **fields: Any) -> Claim:
        if "where" not in fields:
            fields["where"] = node.text("where")
        names = fields.pop("names", {})
        claim = Claim(id=f"{self.paper}/{name}", paper=self.paper, kind=kind, corpus=self.corpus, names=names,
                      place=node.place, **fields)  # fmt: skip
        claim.check()
        return claim

    # ------------------------------------------------------------------------------------------- numbers of the text
    def facts(self) -> list[Claim]:
        claims = []
        for name, data in self.root.mapping("facts", {}).items():
            place = f"{self.root.place}, facts, {show(name)}"
            self._define(check_name(name, place), data.get("value") if isinstance(data, dict) else None, place)
            node = Node(data, place, "value statement where needs metric tolerance reason independent")
            value = node.number("value", None)
            if value is not None:
                claims.append(
                    self._claim(node, f"text/{name}", "number", published=value, statement=node.text("statement"),
                                metric=node.text("metric", None), needs=node.text("needs", None),
                                independent=_independent(node), **_tolerance(node))
                )  # fmt: skip
        return claims

    # -------------------------------------------------------------------------------------------------------- tables
    def tables(self) -> list[Claim]:
        claims = []
        known = "where statement metric needs tolerance reason independent columns rows row_labels checks"
        for table, node in self.root.entries("tables", known):
            columns = [
                (check_name(key, node.place), Node(data, f"{node.place}, column {key}", "mark label metric needs"))
                for key, data in node.mapping("columns").items()
            ]
            labels = node.mapping("row_labels", {})
            rows = {}
            for key, values in node.mapping("rows").items():
                place = f"{node.place}, row {show(key)}"
                check_name(key, place)
                if not isinstance(values, list) or len(values) != len(columns):
                    raise BadInput(f"{place}: expected a list of {len(columns)} numbers, got {show(values)}")
                label = Node(labels.get(key, {}), f"{place}, label", "mark label")
                cells = {}
                for (column, spec), value in zip(columns, values, strict=True):
                    if value is None:
                        continue
                    if not is_number(value):
                        raise BadInput(f"{place}, column {column}: {show(value)} is not a number")
                    cells[column] = value
                    claims.append(self._cell(node, table, (key, label), (column, spec), value))
                rows[key] = namespace(cells)
                self.row_checks.append((node, table, key, label, cells))
            if stray := [key for key in labels if key not in rows]:
                raise BadInput(f"{node.place}: row_labels names {show(stray[0])}, which is no row")
            self._define(table, namespace(rows), node.place)
        return claims

    def _cell(self, node: Node, table: str, row: tuple[str, Node], column: tuple[str, Node], value: float) -> Claim:
        (row_key, row_label), (column_key, column_label) = row, column
        needs = column_label.text("needs", None) or node.text("needs", None)
        metric = None if needs else column_label.text("metric", None) or node.text("metric", None)
        return self._claim(
            node, f"{table}/{row_key}/{column_key}", "number", published=value, needs=needs,
            statement=_fill(node.text("statement"), row=_label(row), column=_label(column)),
            where=f"{node.text('where')}, row {row_label.text('mark', row_key)}, "
                  f"column {column_label.text('mark', column_key)}",
            metric=metric and _fill(metric, row=row_key, column=column_key),
            **({"independent": _independent(node), **_tolerance(node)} if metric else {}),
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------------- checks
    def checks(self) -> list[Claim]:
        claims = []
        for table_node, table, row, label, cells in self.row_checks:
            for name, node in table_node.entries("checks", "statement published expression shows"):
                node.place += f", row {row}"
                where = f"{table_node.text('where')}, row {label.text('mark', row)}"
                statement = _fill(node.text("statement"), row=_label((row, label)), table=table_node.text("where"))
                names = {**self.names, **cells}
                claims.append(self._check(node, f"{table}/{row}/{name}", names, where=where, statement=statement))
        for name, node in self.root.entries("checks", "statement where published expression shows"):
            statement = node.text("statement")
            claims.append(self._check(node, f"check/{name}", self.names, statement=statement))
        return claims

    def _check(self, node: Node, name: str, names: Mapping[str, Any], **fields: Any) -> Claim:
        expression, shows = node.text("expression"), node.text("shows", None)
        # Evaluated here as well as when judged, so that a slip in the file is found where it is read.
        evaluate_bool(expression, names, node.place)
        if shows:
            evaluate_number(shows, names, node.place)
        return self._claim(node, name, "consistency", published=node.text("published"), expression=expression,
                           shows=shows, names=names, **fields)  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- directions
    def directions(self) -> list[Claim]:
        claims = []
        known = "statement where definition metric needs published difference targets independent source"
        for slug, node in self.root.entries("directions", known):
            targets = node.mapping("targets", {"": node.text("difference", None)})
            for target, difference in targets.items():
                if target != "":
                    check_name(target, node.place)
                published = node.text("published", None)
                if difference is not None:
                    if published is not None or not isinstance(difference, str):
                        raise BadInput(f"{node.place}: either an expression for the paper's difference or `published`")
                    published = evaluate_number(difference, self.names, node.place)
                claims.append(
                    self._claim(
                        node, f"claims/{slug}" + (f"/{target}" if target else ""), "direction", published=published,
                        statement=_fill(node.text("statement"), target=target), where=node.text("where"),
                        definition=_fill(node.text("definition"), target=target),
                        metric=_fill(node.text("metric"), target=target, id=slug),
                        needs=node.text("needs", self.corpus), independent=_independent(node),
                        source=node.choice("source", ("paper", "independent", "book"), "paper"),
                    )
                )  # fmt: skip
        return claims

    # ------------------------------------------------------------------------------------------------------- systems
    def systems(self) -> list[System]:
        systems = []
        for name, node in self.root.entries("systems", "name where chapter code test"):
            code, chapter = node.text("code"), node.number("chapter")
            module, _, attribute = code.partition(":")
            if not attribute.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
                raise BadInput(f"{node.place}: the code {code!r} has to read package.module:object")
            if not isinstance(chapter, int):
                raise BadInput(f"{node.place}: the chapter has to be a whole number, not {chapter}")
            fields = {key: node.text(key) for key in ("name", "where", "test")}
            systems.append(System(id=name, paper=self.paper, chapter=chapter, code=code, **fields))
        return systems

    def _define(self, name: str, value: Any, place: str) -> None:
        if name in self.names:
            raise BadInput(f"{place}: {name!r} already names another fact or table")
        self.names[name] = value


def _fill(text: str, **values: str) -> str:
    """`text` with {key} replaced; str.format would trip over other braces and reach into attributes."""
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def _label(part: tuple[str, Node]) -> str:
    key, node = part
    return node.text("label", key.replace("_", " "))


def _tolerance(node: Node) -> dict[str, Any]:
    return {"tolerance": node.number("tolerance", None), "reason": node.text("reason", None)}


def _independent(node: Node) -> tuple[dict[str, str], ...]:
    entries = []
    for data in node.sequence("independent", []):
        entry = Node(data, f"{node.place}, independent", "value source")
        entries.append({"value": entry.text("value"), "source": entry.text("source")})
    return tuple(entries)
