# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   emolib:
#     title: "What held, what didn't, and what to believe"
#     corpora: [oasis, warriner]
#     reads_runs: true
# ---

# %% [markdown]
# # What held, what didn't, and what to believe
#
# Five papers, some hundreds of printed numbers, and many sentences of the kind "this beats that". The chapters before
# this one rebuilt what the papers describe and measured it. This chapter adds a ledger, and one contest on common
# photographs: it reads what those chapters left behind, holds it against the papers and against what others measured later,
# and says what it comes to.
#
# **After this chapter you can**
#
# - read a verdict: what was compared, on which pictures, with what interval, and what it does *not* say (question 1);
# - tell a claim that failed from a claim that nobody here could test, and from one that is not a paper's (question 2);
# - check a paper against itself before checking it against the world, and its differences against ours (question 3, exercise 3);
# - compare systems only where they were tested on the same pictures and the same folds (question 4);
# - count how many verdicts chance alone would hand out, and correct for it (exercise 1);
# - plan how many more pictures an open question needs, and say when it is settled in practice (exercise 2).
#
# It takes less than a minute once the other chapters have been run. Where one of them has not, the page says so, and the
# claims that wait for it are listed as not judged.

# %% [markdown]
# ## Settings
#
# Four parameters decide what this chapter computes, and a fifth, `smoke`, only proves that every cell runs. The table
# below them shows what each profile changes.

# %% tags=["parameters"]
profile = "laptop"
seed = 0
device = "auto"
data_root = None
smoke = False

# %% tags=["hide-input"]
import html

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display

from emolib import claims, course, evaluation, exercises, figures, runner
from emolib.claims import export, overview
from emolib.claims.forest import forest, forest_words

common = {"photographs": "oasis", "pictures": None, "backbone": "lite0", "folds": 5}
profiles = {
    "ci": common | {"pictures": 120, "folds": 3},
    "laptop": common,
    "open": common | {"backbone": "resnet50"},
    "paper": common | {"backbone": "resnet50"},
    "smoke": {"pictures": 48, "folds": 2},
}
run = course.start(
    "06_scorecard",
    profiles,
    profile=profile,
    seed=seed,
    device=device,
    data_root=data_root,
    smoke=smoke,
)
settings = run.settings
figures.style()
table = pd.DataFrame({name: profiles[name] for name in course.PROFILES})
table.map(lambda v: "all" if v is None else v)

# %% [markdown]
# ## What was run
#
# Only runs of one profile belong together: a network that was trained for seconds to prove that its code runs says nothing beside
# one that was trained to be measured.

# %% tags=["hide-input"]
found = {content["chapter"]: content for content in run.others()}
results = list(found.values())
names = [chapter.name for chapter in runner.chapters() if not chapter.reads_runs]
pd.DataFrame(
    [
        {
            "chapter": name,
            "state": (
                "not run"
                if name not in found
                else "run"
                if found[name]["metrics"]
                else "lacked its data"
            ),
            "numbers": len(found[name]["metrics"]) if name in found else 0,
            "read": ", ".join(found[name]["corpora"]) if name in found else "",
        }
        for name in names
    ]
).set_index("chapter")

# %% tags=["hide-input"]
every = claims.claims()
rows = claims.scorecard(results)
about = {claim.id: claim for claim in every}
missing = [name for name in names if name not in found or not found[name]["metrics"]]
kinds = {kind: sum(claim.kind == kind for claim in every) for kind in claims.KINDS}
text = (
    f"The claims files hold **{kinds['number']}** printed numbers,"
    f" **{kinds['direction']}** directional claims and **{kinds['consistency']}**"
    " checks of a paper against itself. "
)
if not found:
    text += (
        f"> **Nothing has been run in the profile `{profile}`.** Below stand the papers"
        " alone: what they print, and whether it agrees with itself. `python -m emolib"
        f" run --profile {profile}` measures the rest."
    )
elif missing:
    chapters = {int(name[:2]) for name in missing}
    papers = overview.in_order(
        s.paper for s in claims.systems() if s.chapter in chapters
    )
    waiting = sum(
        r["kind"] == "direction" and r["paper"] in papers and r["ours"] is None
        for r in rows
    )
    text += (
        f"**Not run in this profile: {', '.join(missing)}.** {waiting} directional"
        f" claims of {', '.join(map(overview.called, papers)) or 'no paper'} wait"
        " for them."
    )
else:
    text += "All chapters were run."
display(Markdown(text.replace(" > ", "\n\n> ")))

# %% [markdown] tags=["slide"]
# ## Every claim, with its verdict
#
# A directional claim says that one thing beats another. It **holds** on a corpus when the whole 95% interval of the paired difference
# lies above zero, is **contradicted** when it lies below, and is **inconclusive** otherwise. "Inconclusive" does not mean "no
# difference"; it means that these pictures can't tell. A verdict on `scenes` speaks of painted pictures whose feelings are simulated:
# it shows that a method finds what was planted. A verdict on `openmoji` speaks of drawings, and of how people judged the tweets
# that contained them, not the drawings. A verdict on `oasis` speaks of photographs and of people's ratings, but not of the
# photographs that the papers used.
#
# Not every claim is a paper's. Some are this book's: controls, repairs, questions that a paper leaves open. Some are what others
# found later. A column says whose each is, and the lists below keep them apart. And some verdicts come **with caution**: the chapter
# that measured them says what stands between its number and the claim, such as a rival that had fewer pixels here than in the paper.

# %% tags=["hide-input", "slide-part"]
counts = overview.verdict_counts(rows)
display(counts.set_index(["paper", "corpus"]))
judged = [
    row
    for row in rows
    if row["kind"] == "direction" and row["verdict"] in overview.VERDICTS
]
tested = {row["id"] for row in judged}
theirs = [row for row in judged if row["source"] == "paper"]
told_as = lambda n, verdict: "hold" if verdict == "holds" and n != 1 else verdict
tallied = lambda some: {
    v: sum(row["verdict"] == v for row in some) for v in overview.VERDICTS
}
counted = lambda some: ", ".join(
    f"{n} {told_as(n, v)}" for v, n in tallied(some).items()
)
display(
    Markdown(
        f"Tested here: {len(tested)} of {kinds['direction']} directional claims, in"
        f" {len(judged)} comparisons. "
        + (claims.tally(rows) + ". " if judged else "")
        + f"{len(theirs)} of the comparisons test what a paper says: {counted(theirs)};"
        f" the other {len(judged) - len(theirs)} test claims of this book or of"
        f" others: {counted([r for r in judged if r not in theirs])}."
    )
)


# %% tags=["hide-input"]
def folded(title, frame, note="", opened=False, raw=False):
    """A table under a line that opens and closes it."""
    with pd.option_context("display.max_colwidth", None):
        body = frame.to_html(
            index=raw,
            classes="" if raw else "sentences",
            border=0,
            na_rep="",
            justify="left",
            escape=not raw,
        )
    extra = f"<p>{html.escape(note)}</p>" if note else ""
    mark = " open" if opened else ""
    display(
        HTML(
            f"<details{mark}><summary>{html.escape(title)}</summary>{body}{extra}</details>"
        )
    )


for paper in overview.in_order(claims.papers()):
    frame = overview.directions(rows, paper)
    said, ours = (
        [row for row in judged if row["paper"] == paper and (row in theirs) == own]
        for own in (True, False)
    )
    others = (
        f" Claims of this book or of others about it: {counted(ours)}." if ours else ""
    )
    waiting = int((frame.verdict.str.startswith("needs")).sum())
    folded(
        f"{overview.called(paper)} claims: {counted(said)}.{others} {waiting} not judged here",
        frame,
    )

# %% [markdown]
# ## The effects
#
# A verdict is a word; an effect has a size. Each line below is one comparison with its 95% interval, in the unit of the measure that decides
# the claim; to the right of zero the claim is right. Look at the width before the side: a wide interval that just misses zero
# is weak evidence, a narrow one around zero is strong evidence that the difference is small.

# %% tags=["hide-input"]
metrics = {claim.id: claim.metric for claim in every}
drawn = 0
for paper in overview.in_order(claims.papers()):
    figure = forest(rows, metrics, paper)
    if figure is not None:
        figures.show(figure, alt=forest_words(rows, paper))
        drawn += 1
if not drawn:
    display(
        Markdown(
            "*No difference has been measured in this profile, so there is nothing to"
            " draw.*"
        )
    )

# %% [markdown]
# ## Every table, ours below theirs
#
# The papers' tables as they are printed, shares in place of percentages; **in bold** below a number what we measured, and on which
# corpus. Below a table, what others measured later. Numbers from different pictures are not comparable: accuracy depends on how many classes there are
# and how often each occurs, squared error on the spread of the ratings. Ours stand there for the *order* of the systems. Only on the
# paper's own corpus does a number get a verdict, *within* or *outside* a stated tolerance.

# %% tags=["hide-input"]
tables = overview.printed_tables(every)
with_ours = 0
for key, cells in tables.items():
    paper, _ = key.split("/")
    frame = overview.beside(cells, rows)
    ours = sum(
        any(r["id"] == c.id and r["ours"] is not None for r in rows) for c in cells
    )
    with_ours += ours > 0
    where = cells[0].where.split(", row ")[0]
    note = (
        "Measured later by others: " + "; ".join(overview.later(cells))
        if overview.later(cells)
        else ""
    )
    folded(
        f"{overview.called(paper)}, {where}: {len(cells)} numbers, {ours} with"
        " ours beside",
        frame,
        note,
        raw=True,
    )
numbers = [row for row in rows if row["kind"] == "number"]
on_own = sum(row["verdict"] in ("within", "outside") for row in numbers)
display(
    Markdown(
        f"{len(tables)} tables with {sum(map(len, tables.values()))} numbers,"
        f" {with_ours} of them with a measurement of ours. On a paper's own corpus we"
        f" could test **{on_own}** of {kinds['number']} numbers; for the others the"
        " pictures are not here."
    )
)

# %% [markdown]
# ## The fine print
#
# Before a number is a target it has to agree with the other numbers of its paper: shares with their counts, sums with their parts,
# sentences with the tables that they describe. Every such check is executed. What fails is shown first; it is no verdict on a method.

# %% tags=["hide-input"]
checks = overview.fine_print(rows, every)
wrong = checks[checks.verdict == "contradicted"]
total = checks.groupby("paper").size()
order = [overview.called(paper) for paper in overview.in_order(claims.papers())]
share = (
    wrong.groupby("paper")
    .size()
    .reindex([name for name in order if name in total], fill_value=0)
)
display(
    Markdown(
        f"**{len(wrong)}** of {len(checks)} checks fail: "
        + ", ".join(
            f"{paper} {share[paper]} of {total[paper]}" for paper in share.index
        )
        + "."
    )
)
folded(f"The {len(wrong)} that fail", wrong.drop(columns="verdict"), opened=True)
folded(
    f"The {len(checks) - len(wrong)} that hold",
    checks[checks.verdict == "holds"].drop(columns="verdict"),
)

# %% [markdown] tags=["slide"]
# ## All systems on the same pictures
#
# The papers can't be compared with one another. Three of them report accuracy over the eight emotions of FI, on different copies
# and different random splits; the poster has other pictures, and Kim et al. have their own, with ratings. So here is one contest with one rule. The pictures are the photographs of OASIS, the folds keep a theme together, and a *description* of a picture is
# judged by what a ridge regression reads from it: valence, arousal, and the quadrant of the plane, cut at the medians. No
# description was learned from these photographs. The penalty is chosen inside the training rows.
#
# The folds are those of chapters 4 and 5, which measured their systems on the same quadrants; their rows are read from their runs. Their readers
# differ from ours, a ridge on coded classes in chapter 4 and the paper's linear layer in chapter 5, so compare them with
# the row of plain features *of their own chapter*, not with ours. Chapter 2 used other folds of the same photographs, and trains networks
# where we fit a ridge: its table stays in its chapter.

# %%
from emolib import corpora
from emolib.errors import Unavailable
from emolib.features import histograms
from emolib.features.deep import deep_features, probabilities
from emolib.features.low import low_from_files
from emolib.features.reading import pixels
from emolib.features.words import match_norms
from emolib.probes import ridge_probe

shots = (
    run.load(settings["photographs"])
    if corpora.available(settings["photographs"], data_root)
    else None
)
joint, descriptions = {}, {}
if shots is None:
    display(
        Markdown(
            f"> **Not run: {settings['photographs']} is not within reach.** The contest"
            " needs rated photographs."
        )
    )
else:
    if settings["pictures"] is not None:
        series = shots.table.group.drop_duplicates().sample(frac=1, random_state=seed)
        sizes = shots.table.group.value_counts().loc[series].cumsum()
        shots = shots.subset(
            shots.table.group.isin(
                sizes.index[: int((sizes < settings["pictures"]).sum()) + 1]
            )
        )
    shown = shots.table.reset_index(drop=True)
    groups = shown.group.to_numpy()
    folds = evaluation.folds(groups, settings["folds"], seed)
    Y = shown[["valence", "arousal"]].to_numpy(float)
    high = Y > np.median(Y, 0)
    quadrant = 2 * high[:, 0] + high[:, 1]
    paths = shots.paths
    with run.timed("descriptions"):
        descriptions["pixels, 32 by 32 (chapter 3)"] = pixels(paths, 32).reshape(
            len(paths), -1
        ) / np.float32(255)
        descriptions["colour histogram (chapter 4)"] = np.sqrt(
            histograms.histograms_from_files(paths, grid=1)
        )
        descriptions["colour, GIST, local patterns (chapter 2)"] = np.array(
            low_from_files(paths)
        )
        try:
            embedding = np.array(
                deep_features(paths, settings["backbone"], device=run.device)
            )
        except Unavailable as why:
            display(
                Markdown(
                    f"> {settings['backbone']} is out of reach, lite0 stands in. {why}"
                )
            )
            settings["backbone"] = "lite0"
            embedding = np.array(deep_features(paths, "lite0", device=run.device))
        descriptions["object probabilities (chapter 2)"] = np.sqrt(
            probabilities(embedding, settings["backbone"])
        )
        descriptions["ImageNet features (chapters 1, 2, 5)"] = np.sqrt(
            np.maximum(embedding, 0)
        )
        if corpora.available("warriner", data_root):
            words = shown.theme.str.replace(r"\s*\d+$", "", regex=True)
            norms = match_norms(words, run.load("warriner").table)[
                ["valence", "arousal"]
            ].to_numpy(float)
            # A word that is in no list gets the middle of those that are, and a mark
            # that says so.
            word = np.column_stack(
                [
                    np.where(np.isnan(norms), np.nanmean(norms, 0), norms),
                    np.isnan(norms).any(1),
                ]
            )
            descriptions["the word for it, no picture (chapter 2)"] = word
            features = descriptions["ImageNet features (chapters 1, 2, 5)"]
            descriptions["ImageNet features and the word"] = np.hstack([features, word])
        else:
            display(
                Markdown(
                    "> **Not run: warriner is not within reach.** The rows about words"
                    " are left out."
                )
            )

# %%
SLUGS = {
    "always the mean": "constant",
    "pixels, 32 by 32 (chapter 3)": "pixels",
    "colour histogram (chapter 4)": "gch",
    "colour, GIST, local patterns (chapter 2)": "low",
    "object probabilities (chapter 2)": "object",
    "ImageNet features (chapters 1, 2, 5)": "imagenet",
    "the word for it, no picture (chapter 2)": "word",
    "ImageNet features and the word": "imagenet_word",
}
answers = {}
if shots is not None:
    coded = np.hstack([Y, np.eye(4)[quadrant]])
    level = np.full_like(coded, np.nan)
    for train, held in folds:
        level[held] = coded[train].mean(0)
    answers["always the mean"] = level
    with run.timed("ridges"):
        for label, x in descriptions.items():
            answers[label] = ridge_probe(
                np.asarray(x, np.float32), coded, groups, folds
            )
    contest = {}
    for label, p in answers.items():
        said = p[:, 2:].argmax(1)
        # The mean of each fold's training rows is no prediction: its correlation only
        # tells how the folds fell.
        measured = (
            {}
            if label == "always the mean"
            else {
                t: run.record(
                    f"scorecard/joint/{SLUGS[label]}/{shots.name}/{t}_r",
                    evaluation.score(p[:, k], Y[:, k], groups, "r", seed=seed),
                )
                for k, t in enumerate(("valence", "arousal"))
            }
        )
        joint[label] = measured | {
            "quadrant": run.record(
                f"scorecard/joint/{SLUGS[label]}/{shots.name}/accuracy4",
                evaluation.score(said, quadrant, groups, "accuracy", seed=seed),
            )
        }
        contest[label] = {
            "valence, r": str(measured.get("valence", "")),
            "arousal, r": str(measured.get("arousal", "")),
            "quadrant, accuracy": str(joint[label]["quadrant"]),
            "read by": "ridge (this chapter)",
        }
    # The same photographs, folds and quadrants, measured by the chapters themselves.
    same = {
        f"rao2019/table1/{system}/oasis/accuracy4": f"chapter 4: {label}"
        for system, label in {
            "global": "whole picture",
            "object": "object regions",
            "emotional": "emotional regions",
            "global_object": "whole picture and object regions",
            "global_emotional": "whole picture and emotional regions",
        }.items()
    } | {
        "wei2020/quadrants/imagenet/oasis/accuracy": "chapter 5: ImageNet features",
        "wei2020/quadrants/emotionnet/oasis/accuracy": (
            "chapter 5: EmotionNet's features"
        ),
    }
    whole = shots.content_hash
    for content in results:
        if content["corpora"].get(shots.name) != whole or content["seed"] != seed:
            continue  # other photographs or other folds: not the same contest
        for name, label in same.items():
            if name in content["metrics"]:
                entry = content["metrics"][name]
                reader = (
                    "ridge on classes"
                    if label.startswith("chapter 4")
                    else "linear layer"
                )
                contest[label] = {
                    "valence, r": "",
                    "arousal, r": "",
                    "quadrant, accuracy": str(evaluation.Estimate(**entry)),
                    "read by": f"{reader} (chapter {label.split(':')[0][-1]})",
                }
    display(
        pd.DataFrame(contest).T.rename_axis(
            f"{len(shown)} photographs, {len(np.unique(groups))} themes"
        )
    )

# %% tags=["hide-input", "slide-part"]
if joint:
    figure, axis = plt.subplots(figsize=(7.4, 3.6))
    listed = [label for label in joint if "valence" in joint[label]]
    for k, target in enumerate(("valence", "arousal")):
        figures.interval_plot(
            axis,
            listed,
            [joint[label][target] for label in listed],
            figures.PALETTE[target],
            0.12 - 0.24 * k,
            target,
        )
    axis.axvline(0, color="black", lw=0.8, ls=":")
    axis.set(
        xlabel="correlation with people's ratings (r), 95% intervals",
        title="One reader, one set of photographs, one set of folds",
    )
    axis.legend(loc="upper right")
    figures.show(
        figure,
        alt="Correlation with the ratings of every description. "
        + "; ".join(
            f"{label}: valence {joint[label]['valence']}, arousal"
            f" {joint[label]['arousal']}"
            for label in listed
        )
        + ".",
    )

# %% tags=["hide-input"]
DUELS = {
    "objects_over_colours": (
        "colour, GIST, local patterns (chapter 2)",
        "object probabilities (chapter 2)",
    ),
    "features_over_objects": (
        "object probabilities (chapter 2)",
        "ImageNet features (chapters 1, 2, 5)",
    ),
    "word_over_features": (
        "ImageNet features (chapters 1, 2, 5)",
        "the word for it, no picture (chapter 2)",
    ),
    "word_beside_features": (
        "ImageNet features (chapters 1, 2, 5)",
        "ImageNet features and the word",
    ),
}
if joint:
    lines = []
    for slug, (first, second) in DUELS.items():
        if second not in answers:
            continue
        gaps = {
            t: run.record(
                f"scorecard/duel/{slug}/{shots.name}/{t}_r_difference",
                evaluation.difference(
                    answers[first][:, k],
                    answers[second][:, k],
                    Y[:, k],
                    groups,
                    "r",
                    seed=seed,
                ),
            )
            for k, t in enumerate(("valence", "arousal"))
        }
        lines.append(
            {
                "second over first": f"{second}, over {first}",
                **{f"{t}, difference in r": str(gap) for t, gap in gaps.items()},
            }
        )
    figures.sentences(pd.DataFrame(lines))

# %% [markdown]
# ### In the laboratory, chapter by chapter
#
# Every chapter paints its own scenes, in its own number and difficulty, and splits them in its own way. Accuracies of two chapters can't be put into
# one order; within a chapter they can, for there they were tested on the same pictures. What each learned from, its chapter says. A system goes by its
# row in the paper's table; the network behind it is the one of this profile.

# %% tags=["hide-input"]
# A system of a printed table goes by the name of its row there, others by these.
printed_as = {
    "/".join(claim.id.split("/")[:3]): claim.where.rpartition(", column")[0]
    for claims_of_table in tables.values()
    for claim in claims_of_table
}
spoken = {
    "bayes": "bound: the best possible guess",
    "posterior": "bound: the best possible guess",
    "colour_only": "bound: the best guess by colour alone",
    "object_only": "bound: the best guess by the object alone",
    "majority": "baseline: always the most frequent label",
    "nearest_neighbour": "baseline: the label of the nearest picture",
    "colour_histogram": "baseline: a colour histogram",
    "gch": "baseline: a colour histogram",
    "lite0": "features of EfficientNet-Lite0",
    "imagenet": "features of ImageNet",
    "fine_tuned": "fine-tuned on verified labels",
    "noisy_fine_tuned": "fine-tuned on weak labels",
    "global": "Table 1, the whole picture alone",
    "one_branch": "Table 3, Rao(b) with one branch",
    "ours_cls": "Table 3, Ours with the classification loss alone",
    "averaging": "Table 3, averaging for the text model",
    "equation": "Table 3, the targets of Eqs. 1 and 2 as printed",
    "own_vectors": "Table 3, own word vectors",
    "resnet": "residual network",
    "fractalnet": "FractalNet",
    "embedding": "network on an embedding",
    "poster": "as on the poster",
}


def system_name(paper, experiment, system):
    """What a reader would call it."""
    row = printed_as.get(f"{paper}/{experiment}/{system}")
    if row:
        return row.replace(", row ", ", ")
    plain = spoken.get(system, system.replace("_", " "))
    if experiment in ("poster", "repaired"):
        return f"{spoken.get(experiment, experiment)}: {plain}"
    return plain


shown_any = False
for name, content in found.items():
    own = {}
    for metric, entry in content["metrics"].items():
        paper, experiment, system, corpus, measure = metric.split("/")
        compared = experiment in (
            "benchmark",
            "baseline",
            "bound",
            "bounds",
            "probe",
            "table1",
            "table2",
            "table3",
            "repaired",
            "as_printed",
            "poster",
        )
        if (
            corpus == "scenes"
            and measure in ("accuracy", "accuracy_multi")
            and compared
            and entry["value"] is not None
        ):
            own[system_name(paper, experiment, system)] = evaluation.Estimate(**entry)
    if own:
        shown_any = True
        ranked = sorted(own.items(), key=lambda item: -item[1].value)
        frame = pd.DataFrame(
            {
                "system": [label for label, _ in ranked],
                "accuracy": [str(e) for _, e in ranked],
            }
        )
        folded(
            f"Chapter {int(name[:2])}: {len(own)} systems, from {ranked[-1][1].value:.2f} to"
            f" {ranked[0][1].value:.2f}",
            frame,
        )
if not shown_any:
    display(
        Markdown(
            "*No chapter that measures accuracy in the laboratory has been run in this"
            " profile.*"
        )
    )

# %% [markdown]
# ## What held and what did not, and why
#
# Six questions that several of the papers answer. Below each stand the claims that bear on it, with what this run found. The sentence after
# them does not depend on how the run came out.


# %% tags=["hide-input"]
def bearing(*slugs):
    """The claims by their ids, each corpus with verdict and effect; what was not
    measured says so."""
    lines = []
    for row in rows:
        if row["id"] not in slugs:
            continue
        said = f"- {row['statement']} ({overview.attributed(row)}): "
        if row["ours"] is None:
            lines.append(said + f"*not judged here, needs {row['needs']}*")
        else:
            lines.append(
                said
                + f"**{row['verdict']}** on {row['corpus']}, {overview.interval(row)}"
            )
    if unknown := [slug for slug in slugs if slug not in about]:
        raise KeyError(f"no claims {unknown}")
    return "\n".join(lines)


both = lambda slug: (f"kim2017/claims/{slug}/valence", f"kim2017/claims/{slug}/arousal")
Markdown(
    "**Does what is in a picture tell more than its colours?**\n\n"
    + bearing(
        *both("object_beats_low"),
        *both("scene_beats_low"),
        "rao2019/claims/deep_beats_hand_made",
        "you2016/claims/small_deep_beats_hand",
    )
)

# %% [markdown]
# A photograph of a snake is frightening in any light, so what names the snake should win. But a network that names objects has also seen
# a million photographs, and hand-made colour features none: the comparison is of *learned* with *designed* as much as of objects with colours.
# In the laboratory, where we decide how much colour matters, only the order within a page means something.

# %% tags=["hide-input"]
Markdown(
    "**Are networks on pixels worse than networks on features?**\n\n"
    + bearing(
        *both("ffnn_beats_cnn_trained"),
        *both("ffnn_beats_cnn_frozen"),
        *both("svr_beats_cnn"),
        *both("fine_tune_beats_ffnn"),
        "you2016/claims/fine_tuned_beats_imagenet",
    )
)

# %% [markdown]
# Kim and colleagues concluded that they are; You and colleagues the opposite. The two claims can both be right about what was measured, because
# a network that is trained with the wrong learning rate for too few passes loses to anything. A comparison of *systems* is a comparison of how carefully each was
# trained. The row of the network that is fine-tuned with more care is the one to look at.

# %% tags=["hide-input"]
Markdown(
    "**Do emotional regions help?**\n\n"
    + bearing(
        "rao2019/claims/global_plus_regions_beats_global",
        "rao2019/claims/global_plus_objects_beats_global",
        "rao2019/claims/emotional_regions_beat_object_regions",
        "rao2019/claims/regions_gain_needs_emotional_regions",
        "rao2019/claims/regions_transfer_to_photographs",
    )
)

# %% [markdown]
# The paper credits the *emotional* regions with the gain over the whole picture. It has one control itself, regions of plain objects in place of
# emotional ones. The laboratory adds another: pictures in which no single thing evokes the emotion. If the gain stays in the controls, it came from more
# numbers to learn from or from looking closer, and not from emotion.

# %% tags=["hide-input"]
Markdown(
    "**Do labels that are distributions help?**\n\n"
    + bearing(
        "rao2019/claims/multi_loss_beats_cls",
        "rao2019/claims/wheel_beats_even_spread",
        "rao2019/claims/multi_gain_needs_uncertain_labels",
        "rao2019/claims/multi_loss_predicts_distributions",
        "wei2020/claims/soft_targets_help",
        "jacobson2019/claims/all_votes_help",
    )
)

# %% [markdown]
# People disagree about pictures, and a label with one winner throws that away. What a wheel or a text model puts back is a guess about the disagreement,
# not the disagreement. Where real votes exist they are the fair comparison; and the gain has to show in how well *distributions* are
# predicted, since accuracy asks for the winner only.

# %% tags=["hide-input"]
Markdown(
    "**Are many weak labels as good as few verified ones?**\n\n"
    + bearing(
        "you2016/claims/fine_tuned_beats_noisy",
        "you2016/claims/noisy_beats_imagenet",
        "wei2020/claims/emotion_net_beats_imagenet",
        "wei2020/claims/keywords_690_beat_8",
        "wei2020/claims/more_pictures_help",
        "jacobson2019/claims/verified_labels_help",
    )
)

# %% [markdown]
# You asks about weak labels for the task itself, Wei about weak labels for *features*. (The poster doesn't ask; the claim about its labels is ours.) A small
# run can say whether words beside pictures carry a signal at all. It can't say what a million of them are worth: that is a curve, and only its
# beginning is within reach here.

# %% tags=["hide-input"]
Markdown(
    "**Why did the small networks fail?**\n\n"
    + bearing(
        "jacobson2019/claims/resnet_beats_embedding",
        "jacobson2019/claims/repair_helps_resnet",
        "jacobson2019/claims/repair_helps_fractalnet",
        "jacobson2019/claims/resolution_helps",
        "jacobson2019/claims/fractal_gradients_explode",
        "jacobson2019/claims/networks_memorise",
    )
)

# %% [markdown]
# The poster says that its FractalNet ran into exploding gradients, and not why. Chapter 3 makes one explode by first weights that are twice too
# large; that is our guess, and other causes would look the same. A failed training run is no evidence against an architecture until somebody
# has looked at what failed.

# %% [markdown] tags=["slide"]
# ## What a reader should believe
#
# Believe **directions that hold on people's ratings with room to spare**, and for which the papers and later measurements agree. Hold
# loosely what holds in the laboratory alone: it tells that a method can find what is there, not that it is there. Do not believe a
# ranking of systems that were trained with different care, an accuracy without the share of the most frequent class, a gain
# without an interval, or a small-set result whose measure is not named.

# %% [markdown]
# The lists below apply the first half of that rule to this run: a claim is in the first list if the lower end of its interval lies above
# zero by more than a quarter of the interval's width, and if its chapter names nothing that stands between measurement and claim. Whether the paper and later measurements agree with it stands in the tables above; the
# lists don't know. What people said of tweets with an emoji is not what they said of a picture, so `openmoji` has a line of its own.

# %% tags=["hide-input"]
rated = {name for name in corpora.names() if not corpora.card(name).simulated}
people = rated - {"openmoji"}
by_verdict = {
    v: [row for row in judged if row["verdict"] == v and row["corpus"] in people]
    for v in overview.VERDICTS
}
rest = [
    row for row in judged if row["verdict"] == "holds" and row["corpus"] not in rated
]
tweets = [row for row in judged if row["corpus"] == "openmoji"]
plain = lambda some: [row for row in some if not row["caution"]]
firm = [
    row
    for row in plain(by_verdict["holds"])
    if row["low"] > 0.25 * (row["high"] - row["low"])
]
against = plain(by_verdict["contradicted"])
careful = [
    row for v in ("holds", "contradicted") for row in by_verdict[v] if row["caution"]
]
warned = "\n".join(
    f"- {row['statement']}: {row['verdict']} ({overview.attributed(row)}; measured on"
    f" {row['corpus']}). {row['caution']}"
    for row in careful
)
told = lambda some: (
    "\n".join(
        f"- {row['statement']} ({overview.attributed(row)}; measured on"
        f" {row['corpus']})"
        for row in some
    )
    or "- none in this run"
)
display(
    Markdown(
        f"**Held on what people rated, the interval well clear of zero ({len(firm)} of"
        f" {len(by_verdict['holds'])} that hold"
        f" there):**\n\n{told(firm)}\n\n**Contradicted by what people rated"
        f" ({len(against)}):**\n\n{told(against)}\n\n**Decided by what people rated,"
        " but with a caution; do not believe these before somebody has measured them"
        f" without it ({len(careful)}):**\n\n{warned or '- none in this run'}\n\n**On"
        " drawings, with how people felt about tweets that contain them:**"
        f" {counted(tweets)}.\n\n**Held in the laboratory ({len(rest)})**, which is a"
        " start, and **inconclusive on what people rated"
        f" ({len(by_verdict['inconclusive'])})**, which is no verdict: both are in the"
        " tables above."
    )
)

# %% [markdown]
# ## Take it with you
#
# Every claim with its place in the paper, the published value, ours, the interval, the verdict, what is missing, and what others measured: as
# JSON for programs and as CSV for a spreadsheet. The link holds the files themselves; nothing is fetched.

# %% tags=["hide-input"]
files = export.contents(export.entries(rows, every))
written = export.write(files, run.folder)
display(HTML(f"<p>Download {export.link(files)}: {len(rows)} rows.</p>"))
for kind in claims.KINDS:
    mine = [row for row in rows if row["kind"] == kind]
    good = sum(row["verdict"] in ("holds", "within") for row in mine)
    bad = sum(row["verdict"] in ("contradicted", "outside") for row in mine)
    unsure = sum(row["verdict"] == "inconclusive" for row in mine)
    for verdict, n in {
        "agrees": good,
        "disagrees": bad,
        "inconclusive": unsure,
        "not_judged": len(mine) - good - bad - unsure,
    }.items():
        run.record(
            f"scorecard/verdicts/{verdict}/{kind}/count",
            evaluation.Estimate(float(n), None, None, max(1, len(mine)), "rows"),
        )

# %% [markdown]
# ## Exercises

# %% [markdown] tags=["exercise"]
# ### How many verdicts does chance hand out?
#
# Each comparison has one chance in twenty to come out as holding or contradicted without any truth in it. Turn every interval of `judged` into a
# p-value (the interval of a normal difference is 1.96 standard errors to either side), and control the false discovery rate at 5% by the procedure of
# Benjamini and Hochberg: sort the p-values, and keep all up to the largest that lies at or below its rank's share of 5%. Write
# `survivors(p, level)`, which says of each p-value whether it is kept. How many verdicts survive?

# %% tags=["solution"]
from scipy.stats import norm


def survivors(p, level):
    order = np.argsort(p)
    below = np.flatnonzero(
        p[order] <= level * np.arange(1, len(p) + 1) / max(1, len(p))
    )
    kept = np.zeros(len(p), bool)
    kept[order[: below[-1] + 1] if len(below) else []] = True
    return kept


tests = [row for row in judged if row["low"] is not None and row["high"] > row["low"]]
z = np.array([2 * 1.96 * row["ours"] / (row["high"] - row["low"]) for row in tests])
kept = survivors(2 * norm.sf(np.abs(z)), 0.05)
decided = np.array([row["verdict"] != "inconclusive" for row in tests], bool)
# Intervals come from a bootstrap that need not be symmetric, so the two ways to decide
# may differ by a few at the margin.
print(
    f"{len(tests)} comparisons, {decided.sum()} decided, of which"
    f" {(kept & decided).sum()} survive the correction"
)
print(f"decided by chance alone, if nothing were true: about {0.05 * len(tests):.0f}")

# %% tags=["solution", "check"]
exercises.check(run.chapter, 1, globals())

# %% [markdown] tags=["exercise"]
# ### How many more pictures would settle it?
#
# The width of an interval shrinks with the square root of the number of groups that it is drawn over. Write `groups_needed(value, low, high)`: how
# many times as many groups it would take for an effect of the measured size to stand clear of zero. And write `settled(low, high, matters)`: whether
# an open question is settled in practice, because the whole interval lies nearer to zero than the smallest effect that would matter. Apply both to
# the inconclusive claims whose measure is a share or a correlation, with .05 as what matters. Which are worth the pictures?


# %% tags=["solution"]
def groups_needed(value, low, high):
    return ((high - low) / 2 / abs(value)) ** 2


def settled(low, high, matters):
    return -matters < low and high < matters


of_shares = (
    "accuracy_difference",
    "map_difference",
    "r_difference",
    "auc_difference",
    "precision_difference",
)
answer = pd.DataFrame(
    [
        {
            "claim": row["statement"],
            "corpus": row["corpus"],
            "effect [95%]": overview.interval(row),
            "times as many groups": groups_needed(row["ours"], row["low"], row["high"]),
            "settled at .05": "yes" if settled(row["low"], row["high"], 0.05) else "",
        }
        for row in judged
        if row["verdict"] == "inconclusive"
        and row["ours"]
        and row["low"] is not None
        and (about[row["id"]].metric or "").endswith(of_shares)
    ],
    columns=[
        "claim",
        "corpus",
        "effect [95%]",
        "times as many groups",
        "settled at .05",
    ],
).sort_values("times as many groups")
# Two warnings. An effect that chance has made small looks as if it needed millions: the
# number is a hint for planning, not a result. And an interval that draws seeds as well
# as groups does not shrink with groups alone.
print(
    f"{len(answer)} open claims, of which {(answer['settled at .05'] == 'yes').sum()}"
    " are settled in practice"
)
figures.sentences(answer.head(12).round(1))

# %% tags=["solution", "check"]
exercises.check(run.chapter, 2, globals())

# %% [markdown] tags=["exercise"]
# ### Do large printed differences come out large?
#
# For many claims the paper prints its own difference. Does its size say how far from zero ours lies, in standard errors? Correlate the ranks of the two
# within each kind of measure, for units differ: write `rank_correlation(a, b)`, which gives equal values the mean of their ranks. What would you expect
# if the papers' differences were mostly noise?


# %% tags=["solution"]
def rank_correlation(a, b):
    return pd.Series(a).rank().corr(pd.Series(b).rank())


frame = pd.DataFrame(
    [
        {
            "measure": (about[row["id"]].metric or "").split("/")[-1],
            "printed": float(row["published"]),
            "in standard errors": 2 * 1.96 * row["ours"] / (row["high"] - row["low"]),
        }
        for row in judged
        if row["low"] is not None
        and row["high"] > row["low"]
        and isinstance(row["published"], (int, float))
    ],
    columns=["measure", "printed", "in standard errors"],
)
# A rank correlation needs a handful of claims to mean anything; of noise it would be
# near zero.
pd.DataFrame(
    {
        measure: {
            "claims": len(own),
            "rank correlation": rank_correlation(
                own["printed"].to_numpy(), own["in standard errors"].to_numpy()
            ),
        }
        for measure, own in frame.groupby("measure")
        if len(own) >= 4
    }
).T.round(2)

# %% tags=["solution", "check"]
exercises.check(run.chapter, 3, globals())

# %% [markdown]
# ## What to take along
#
# - A verdict has four parts: a comparison, a corpus, an interval, and what is left open. A word alone is none of them.
# - Check a paper against itself first. It costs an afternoon, needs no data, and tells which numbers can be targets.
# - "Could not be tested here" is a result. It says what to ask whom for.
# - Compare systems on the same pictures, the same folds, and with the same care in training; otherwise don't.
# - Ask for the baseline that knows nothing, and the one that knows only the word.
# - Count your comparisons. Of many verdicts, some are chance.

# %%
path = run.save()
Markdown(
    f"{len(run.metrics)} numbers of this page are in `{path.parent.name}/{path.name}`,"
    f" beside {' and '.join(files)}."
)
