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
#     title: "What is an emotion label?"
#     corpora: [oasis, openmoji, scenes]
# ---

# %% [markdown]
# # What is an emotion label?
#
# A photograph has no emotion. People who look at it do, and not all of them the same. Before five papers teach machines
# what pictures make us feel, this chapter asks what it is that they are taught: which words and scales there are for
# feelings, how much people disagree when they use them, and what that disagreement means for any model.
#
# **After this chapter you can**
#
# - name the emotion models of the five papers, and measure how far two emotions lie apart (exercise 1, question 1);
# - read a rating from the Self-Assessment Manikin, and move it from one scale to another (question 2);
# - look at a corpus before believing a number that was measured on it (question 3);
# - compute the ceiling that people's disagreement puts on every model that does not know who is asked (exercise 2);
# - tell what a laboratory with planted effects can show, and what it can't (exercise 3, question 4);
# - say why near-duplicates must never be split (question 5).

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
import pandas as pd
from IPython.display import Markdown, display

from emolib import course

common = {
    "scenes": 1400,
    "scenes, all effects off": 700,
    "picture size": 160,
    "folds": 5,
}
profiles = {
    "ci": common | {"scenes": 160, "scenes, all effects off": 80, "folds": 3},
    "laptop": common,
    "open": common | {"scenes": 20_000, "scenes, all effects off": 4_000},
    "paper": common | {"scenes": 20_000, "scenes, all effects off": 4_000},
    "smoke": {"scenes": 96, "scenes, all effects off": 48, "folds": 2},
}
run = course.start(
    "00_emotions_and_images",
    profiles,
    profile=profile,
    seed=seed,
    device=device,
    data_root=data_root,
    smoke=smoke,
)
settings = run.settings
pd.DataFrame({name: profiles[name] for name in course.PROFILES})

# %% [markdown] tags=["slide"]
# ## Eight words: Mikels' wheel
#
# Mikels and colleagues asked people what they felt when they saw photographs, and found eight emotions that came up
# again and again {cite}`mikels2005`: four pleasant, four unpleasant. Three of the five papers label with them, a
# fourth tests on them. They are usually put on a wheel, so that confusing *awe* with *excitement* counts as a smaller error than confusing it with
# *disgust* {cite}`zhao2016`.

# %% tags=["hide-input", "slide-part"]
import matplotlib.pyplot as plt
import numpy as np

from emolib import emotions, figures

figures.style()
n = len(emotions.WHEEL)
angles = np.pi / 2 - 2 * np.pi * np.arange(n) / n
figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), width_ratios=[1, 1.15])
wheel, matrix = axes
for angle, name in zip(angles, emotions.WHEEL, strict=True):
    degrees = np.degrees(angle)
    wedge = plt.matplotlib.patches.Wedge(
        (0, 0),
        1,
        degrees - 180 / n,
        degrees + 180 / n,
        width=0.55,
        color=figures.PALETTE[name],
        ec="white",
        lw=2,
    )
    wheel.add_patch(wedge)
    wheel.text(
        1.22 * np.cos(angle),
        1.15 * np.sin(angle),
        name,
        ha="center",
        va="center",
        fontsize=10,
    )
wheel.text(
    0, 0, "Mikels'\nwheel", ha="center", va="center", fontsize=11, fontweight="bold"
)
wheel.set(xlim=(-1.6, 1.6), ylim=(-1.35, 1.35), aspect="equal")
wheel.axis("off")
steps = emotions.distance_matrix(order=emotions.WHEEL)
matrix.imshow(steps, cmap="YlOrBr", vmin=0, vmax=5)
for i in range(n):
    for j in range(n):
        matrix.text(j, i, steps[i, j], ha="center", va="center", fontsize=9)
matrix.set_xticks(range(n), emotions.WHEEL, rotation=45, ha="right")
matrix.set_yticks(range(n), emotions.WHEEL)
matrix.grid(False)
matrix.set_title("Steps from one emotion to another")
figures.show(
    figure,
    alt=(
        f"A wheel of eight emotions in the order {', '.join(emotions.WHEEL)}, the"
        " pleasant ones in warm colours; beside it the steps between any two, from 0"
        f" to {steps.max()}."
    ),
)

# %% [markdown] tags=["slide"]
# There are two conventions in use: counting steps, or counting steps plus one, so that an emotion is at distance one
# from itself. A weight such as $1/d$ needs the second one. The colours above stay with their emotions through the whole
# book.
#
# ## Other words: Ekman and Plutchik
#
# Ekman's six come from faces {cite}`ekman1992`; Plutchik's eight stand in pairs of opposites, each from mild to intense
# {cite}`plutchik1980`. Only some words are in all three sets, and that is a trap: a corpus in Ekman's words can't be
# turned into one in Mikels' without guessing which pleasant emotion *happiness* was.

# %%
sets = {
    "Mikels": emotions.MIKELS,
    "Ekman": emotions.EKMAN,
    "Plutchik": emotions.PLUTCHIK,
}
words = sorted(set().union(*sets.values()))
table = pd.DataFrame(
    {
        who: ["yes" if word in names else "" for word in words]
        for who, names in sets.items()
    },
    index=words,
)
table["polarity"] = [emotions.POLARITY.get(word, "") for word in words]
shared = [word for word in words if all(word in names for names in sets.values())]
display(table)
Markdown(f"In all three: **{', '.join(shared)}**. All of them are unpleasant.")

# %% tags=["hide-input", "slide-part"]
figure, axis = plt.subplots(figsize=(7.4, 7.4))
petal = {
    "joy": "#e8c53d",
    "trust": "#7fb069",
    "fear": "#4a4e8f",
    "surprise": "#4fb0ae",
    "sadness": "#5b8fc7",
    "disgust": "#6b6b47",
    "anger": "#a02c3f",
    "anticipation": "#e8a33d",
}
for k, primary in enumerate(emotions.PLUTCHIK):
    angle = 90 - 45 * k
    for ring, word in enumerate(reversed(emotions.PLUTCHIK_INTENSITIES[primary])):
        patch = plt.matplotlib.patches.Wedge(
            (0, 0),
            ring + 1,
            angle - 22.5,
            angle + 22.5,
            width=1,
            color=petal[primary],
            alpha=1 - 0.3 * ring,
            ec="white",
        )
        axis.add_patch(patch)
        at = np.radians(angle)
        shade = (
            "white"
            if ring == 0 and primary in ("fear", "anger", "disgust")
            else "black"
        )
        axis.text(
            (ring + 0.68) * np.cos(at),
            (ring + 0.68) * np.sin(at),
            word,
            ha="center",
            va="center",
            fontsize=7.5 if ring == 0 else 9,
            color=shade,
        )
axis.set(
    xlim=(-3.1, 3.1),
    ylim=(-3.1, 3.1),
    aspect="equal",
    title="Plutchik's eight, intense inside, mild outside",
)
axis.axis("off")
pairs = [f"{word} and {emotions.opposite(word)}" for word in emotions.PLUTCHIK[:4]]
figures.show(
    figure,
    alt=(
        "A round chart of Plutchik's eight emotions in three intensities; opposites"
        f" are {', '.join(pairs)}."
    ),
)

# %% [markdown] tags=["slide"]
# ## Two numbers: the circumplex
#
# Russell put words of affect on a circle with two axes {cite}`russell1980`: **valence**, from unpleasant to pleasant,
# and **arousal**, from sleepy to wide awake. The angles below are as we have them from one of his solutions, without a
# second source; other solutions place words elsewhere.

# %% tags=["hide-input", "slide-part"]
figure, axis = plt.subplots(figsize=(7, 6.6))
axis.add_patch(plt.Circle((0, 0), 1, fill=False, color="#bbbbbb"))
tint = plt.get_cmap("PuOr_r")
placed = sorted(emotions.CIRCUMPLEX, key=emotions.CIRCUMPLEX.get)
own = np.array([emotions.CIRCUMPLEX[word] for word in placed])
# Labels of words that lie close together are pushed apart along the circle.
at = own.copy()
for _ in range(300):
    gap = np.diff(np.append(at, at[0] + 360))
    push = np.clip(11.5 - gap, 0, None) / 2
    at += np.roll(push, 1) - push
for word, angle, label_angle in zip(
    placed, np.radians(own), np.radians(at), strict=True
):
    v, a = np.cos(angle), np.sin(angle)
    to = 1.13 * np.cos(label_angle), 1.13 * np.sin(label_angle)
    axis.plot([v, to[0]], [a, to[1]], color="#bbbbbb", lw=0.7)
    axis.plot(v, a, "o", ms=5, color=tint(0.5 + v / 2.4), mec="#777777", mew=0.4)
    side = "center" if abs(to[0]) < 0.05 else "left" if to[0] > 0 else "right"
    axis.text(1.03 * to[0], 1.05 * to[1], word, ha=side, va="center", fontsize=8.5)
axis.axhline(0, color="#999999", lw=0.8)
axis.axvline(0, color="#999999", lw=0.8)
axis.set(
    xlim=(-1.6, 1.6),
    ylim=(-1.3, 1.3),
    aspect="equal",
    xlabel="valence",
    ylabel="arousal",
)
axis.set_title("Russell's circumplex")
axis.grid(False)
figures.show(
    figure,
    alt=(
        "Twenty-eight words on a circle of valence and arousal: happy at the right,"
        " tense at the top, miserable at the left, sleepy at the bottom."
    ),
)

# %% [markdown] tags=["slide"]
# ## How people answer: the Self-Assessment Manikin
#
# Nobody wants to read the word *arousal* in a questionnaire. So Bradley and Lang drew a row of little figures
# {cite}`bradley1994`; people mark the one that is like them. Here is our own sketch of the idea: a mouth from frowning
# to smiling, and a burst in the body from sleepy to wide awake.

# %% tags=["hide-input", "slide-part"]
figure, axes = plt.subplots(2, 5, figsize=(8, 3.9))
for k in range(5):
    for axis, kind in zip(axes[:, k], ("valence", "arousal"), strict=True):
        axis.add_patch(plt.Rectangle((-1, -1), 2, 2, fill=False, lw=1.5))
        axis.add_patch(plt.Circle((0, 0.42), 0.42, fill=False, lw=1.5))
        eye = 0.07 if kind == "valence" else 0.02 + 0.03 * k
        for x in (-0.15, 0.15):
            axis.add_patch(
                plt.matplotlib.patches.Ellipse((x, 0.5), 0.1, 2 * eye, color="black")
            )
        bend = (k - 2) / 2 if kind == "valence" else 0.0
        x = np.linspace(-0.2, 0.2, 30)
        axis.plot(x, 0.24 + bend * 0.1 * ((x / 0.2) ** 2 - 0.5), color="black", lw=1.5)
        axis.plot(
            [-0.5, -0.28, 0.28, 0.5],
            [-0.95, -0.05, -0.05, -0.95],
            color="black",
            lw=1.5,
        )
        if kind == "arousal":
            turns = np.linspace(0, 2 * np.pi, 17)
            radius = np.where(np.arange(17) % 2 == 0, 1.0, 0.55) * (0.03 + 0.075 * k)
            axis.fill(
                radius * np.cos(turns),
                -0.5 + radius * np.sin(turns),
                color=figures.PALETTE["arousal"],
            )
        axis.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
        axis.set_title(
            f"{1 + 2 * k} of 9" if kind == "valence" else "",
            fontsize=9,
            fontweight="normal",
        )
        axis.axis("off")
        if k == 0:
            axis.text(-1.3, 0, kind, rotation=90, ha="center", va="center", fontsize=10)
figures.show(
    figure,
    alt=(
        "Two rows of five little figures: in the upper row the mouth goes from a frown"
        " to a smile (valence), in the lower row the eyes open and a burst in the body"
        " grows (arousal)."
    ),
)
example = pd.Series([1.0, 4.0, 7.0])
moved = emotions.rescale(example, old=(1, 7), new=(1, 9))
Markdown(
    "Some corpora ask on 1 to 7, others on 1 to 9. A straight line takes one to the"
    " other, end to end: "
    + ", ".join(f"{a:g} becomes {b:g}" for a, b in zip(example, moved, strict=True))
    + "."
)

# %% [markdown]
# ## Three corpora that need no one's permission
#
# This book can be read without any of the papers' own pictures. Three corpora carry it:
#
# - **oasis**: real photographs, rated by many people each {cite}`kurdi2017`. The only one of the three that is evidence
#   about people. It is not installed with the book; if it is not within reach, its sections say so and stay empty.
# - **openmoji**: illustrations with keywords; for some of them, people judged *tweets that contain them*.
# - **scenes**: a laboratory. **Its labels are simulated**: we painted the pictures and planted the feelings. It shows
#   whether a method finds what is there; it never shows what people feel.

# %%
from emolib import corpora

oasis = run.load("oasis") if corpora.available("oasis", data_root) else None


def spread(order, k=12):
    """k rows at even steps through an order."""
    return np.asarray(order)[
        np.linspace(0, len(order) - 1, min(k, len(order))).round().astype(int)
    ]


# %% tags=["hide-input"]
if oasis is None:
    display(
        Markdown(
            "*oasis is not within reach of this run: `python -m emolib data fetch"
            " oasis` gets it.*"
        )
    )
else:
    display(
        Markdown(
            f"**{oasis.card.title}**. {oasis.card.description} {oasis.counts}.\n\n> Some"
            " of these photographs show injury, death, hunger or nudity. Nobody has to"
            " look: the chapter can be read without its pictures."
        )
    )
    for target in ("valence", "arousal"):
        rows = spread(oasis.table[target].to_numpy().argsort())
        captions = [f"{oasis.table[target][i]:.1f} of 7" for i in rows]
        row = figures.picture_row(
            [oasis.paths[i] for i in rows],
            captions,
            title=f"oasis, from low to high {target}",
        )
        figures.show(
            row,
            alt=(
                f"Twelve photographs in order of rising {target}, rated"
                f" {', '.join(captions)}."
            ),
        )

# %% [markdown]
# The illustrations of OpenMoji, in the order of the tweets around them: the share of positive tweets minus the share of
# negative ones. Only those that occur at least a hundred times are shown. *All emojis designed by
# [OpenMoji](https://openmoji.org), the open-source emoji and icon project. Licence: CC BY-SA 4.0.*

# %%
from emolib.corpora import openmoji, rendering
from emolib.corpora.hexcodes import key

often = {
    code for code, counts in openmoji.sentiment().items() if sum(counts.values()) >= 100
}
illustrations = run.load(
    "openmoji",
    size=96,
    codes=[code for code in rendering.codes() if key(code) in often],
)
moji = illustrations.table
moji["balance"] = moji.positive - moji.negative
rows = spread(moji.sort_values("balance").index.to_numpy(), 18)
captions = [f"{moji.balance[i]:+.2f}" for i in rows]

# %% tags=["hide-input"]
row = figures.picture_row(
    [illustrations.paths[i] for i in rows],
    captions,
    columns=6,
    title="openmoji, by the tweets around them",
)
figures.show(
    row,
    alt=(
        "Eighteen emoji from the most negative to the most positive tweets,"
        f" {captions[0]} to {captions[-1]}."
    ),
)
surest = moji.assign(words=moji.emotion_keywords.str.split("|").str[:3].str.join(", "))
surest = surest.query("words != ''").nlargest(8, "occurrences")
surest[["emoji", "words", "occurrences", "balance"]].set_index("emoji").round(2)

# %% [markdown] tags=["slide"]
# And the laboratory. Each picture is composed from a background, a light, and one to three things. The feelings are
# planted: each of the three adds to the eight emotions by weights that come from a word lexicon (things) and
# from colour psychology {cite}`valdez1994` (background and light), and a softmax turns the sums into a distribution:
#
# $$P(e) \propto \exp\Big(s_o \tfrac1m \sum_j W_o[o_j, e] + s_b W_b[b, e] + s_p W_p[p, e]\Big)$$
#
# One draw from it is the picture's label, and five simulated workers vote. Every strength $s$ can be turned off.

# %%
with run.timed("scenes"):
    scenes = run.load(
        "scenes", count=settings["scenes"], size=settings["picture size"], seed=seed
    )
lab = scenes.table
shares = lab[[f"p_{name}" for name in emotions.MIKELS]].to_numpy()
first = {
    name: [int(i) for i in np.argsort(-shares[:, k])[:2]]
    for k, name in enumerate(emotions.MIKELS)
}
rows = [i for name in emotions.WHEEL for i in first[name]]
captions = [
    f"{name} {shares[i].max():.0%}" for name in emotions.WHEEL for i in first[name]
]

# %% tags=["hide-input", "slide-part"]
row = figures.picture_row(
    [scenes.paths[i] for i in rows],
    captions,
    columns=8,
    title="scenes (simulated): the two surest pictures of each emotion",
)
figures.show(
    row,
    alt=(
        "Sixteen painted scenes, two for each of eight emotions:"
        f" {', '.join(captions)}."
    ),
)

# %%
for target in ("valence", "arousal"):
    rows = spread(lab[target].to_numpy().argsort())
    captions = [f"{lab[target][i]:.1f} of 9" for i in rows]
    row = figures.picture_row(
        [scenes.paths[i] for i in rows],
        captions,
        title=f"scenes (simulated), from low to high {target}",
    )
    figures.show(
        row, alt=f"Twelve painted scenes in order of rising simulated {target}."
    )

# %% [markdown] tags=["slide"]
# ## How much do people disagree?
#
# A rating in a table is a mean over people. Behind it, each of them said something else. In OASIS the standard
# deviation over people is part of the data. Two ceilings follow from it. Let $\sigma^2$ be the variance of people about
# a picture's mean and $\tau^2$ the variance of pictures' true means.
#
# - A model that knew every picture's *true* mean would still not correlate perfectly with a mean over $n$ people,
#   which is noisy: $r_{\max} = \sqrt{\tau^2 / (\tau^2 + \sigma^2 / n)}$.
# - Asked for the feeling of *one* person, the same perfect model could reach no more than
#   $\sqrt{\tau^2 / (\tau^2 + \sigma^2)}$.

# %% tags=["slide-part"]
from emolib import evaluation
from emolib.evaluation import Estimate

ceilings = {}
if oasis is None:
    display(
        Markdown(
            "*oasis is not within reach: no ceiling for real people on this page.*"
        )
    )
else:
    groups = oasis.table.group.to_numpy()
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.5))
    for axis, target in zip(axes, ("valence", "arousal"), strict=True):
        means, sd, people = (
            oasis.table[f"{target}{end}"].to_numpy(float) for end in ("", "_sd", "_n")
        )
        axis.scatter(
            means, sd, s=9, alpha=0.4, color=figures.PALETTE[target], edgecolors="none"
        )
        axis.set(
            title=target.capitalize(),
            xlabel="mean rating, 1 to 7",
            ylabel="standard deviation of people",
            ylim=(0, 2.6),
        )

        def ceiling(rows, n=None, means=means, sd=sd, people=people):
            noise = np.mean(sd[rows] ** 2 / people[rows])
            true = max(np.var(means[rows], ddof=1) - noise, 0)
            return float(
                np.sqrt(
                    true / (true + (noise if n is None else np.mean(sd[rows] ** 2) / n))
                )
            )

        for label, n in {"mean of all": None, "one person": 1}.items():
            found = evaluation.bootstrap(lambda rows, n=n: ceiling(rows, n), groups)
            slug = "mean" if n is None else "one_person"
            ceilings[target, label] = run.record(
                f"emotions/ceiling/{slug}/oasis/{target}_r", found
            )
    figures.show(
        figure,
        alt=(
            "Standard deviation of people's ratings against their mean, on a scale of"
            f" 1 to 7. On average people differ by {oasis.table.valence_sd.mean():.1f}"
            f" points about valence and by {oasis.table.arousal_sd.mean():.1f} about"
            " arousal."
        ),
    )
    display(
        pd.Series(
            {f"{target}, {label}": str(e) for (target, label), e in ceilings.items()},
            name="highest possible r",
        ).to_frame()
    )

# %% [markdown]
# Compare the two rows of each scale: what separates them is how one person's answer differs from the mean, by taste as well
# as by chance, which a mean over many people averages away. Whoever promises to tell what *you* will feel, and knows nothing
# about you, has the lower ceiling, and no data set of means can lift it.
#
# The same for votes. In the laboratory five simulated workers vote on each picture. How often do two of them agree, how
# often is there a majority, and how often is the majority what was planted as the likeliest emotion?

# %%
votes = lab[[f"votes_{name}" for name in emotions.MIKELS]].to_numpy()
five = votes.sum(1)
pairs_agree = (votes * (votes - 1)).sum(1) / (five * (five - 1))
clear = votes.max(1) >= 3
right = votes.argmax(1) == shares.argmax(1)


def fleiss_kappa(i):
    """Agreement of two workers above what two draws from all votes would have, for some
    pictures."""
    by_chance = float(((votes[i].sum(0) / votes[i].sum()) ** 2).sum())
    return (pairs_agree[i].mean() - by_chance) / (1 - by_chance)


among = lambda rows: lambda i: right[i][rows[i]].mean() if rows[i].any() else np.nan
pd.Series(
    {
        what: str(evaluation.bootstrap(statistic, lab["group"].to_numpy(), seed=seed))
        for what, statistic in {
            "two workers agree, share": lambda i: pairs_agree[i].mean(),
            "Fleiss' kappa": fleiss_kappa,
            "three of five agree, share": lambda i: clear[i].mean(),
            "the first choice is the likeliest emotion, where three agree": among(
                clear
            ),
            "the same, where they don't": among(~clear),
        }.items()
    },
    name="scenes (simulated), 95% intervals",
).to_frame()

# %% [markdown] tags=["slide"]
# ## What could the best model do?
#
# On real photographs nobody knows. In the laboratory we do, because we know the planted model: the best guess for a
# picture is its likeliest emotion, and it is right with that emotion's probability, but for a little label noise. That is the **Bayes bound**. Two
# handicapped oracles see less: one knows only the *objects*, one only the colours, that is background and light. A
# method that beats the colour oracle must have seen something of the objects, be it their colours (or was lucky).

# %% tags=["slide-part"]
from emolib.corpora.scenes import Parameters, bounds

planted = bounds(Parameters())
limits = {}
for what in ("bayes", "object_only", "colour_only", "majority"):
    limits[what] = run.record(
        f"emotions/bounds/{what}/scenes/accuracy",
        Estimate(float(getattr(planted, what)), None, None, 8, "emotions"),
    )
pd.Series(
    {k.replace("_", " "): f"{v.value:.1%}" for k, v in limits.items()},
    name="accuracy on scenes (simulated)",
).to_frame()

# %% [markdown] tags=["subslide"]
# Now a real method: a network pretrained on photographs, frozen, and a linear model on what it sees. The folds keep
# near-duplicates together; the penalty is chosen inside each training fold. And the check of the laboratory itself: with
# **all effects turned off** the same method has to fall to chance, one in eight. If it doesn't, a label leaks from
# somewhere else.

# %%
from sklearn.linear_model import RidgeClassifierCV
from sklearn.preprocessing import StandardScaler

from emolib.features.deep import deep_features


def linear_probe(X, labels, folds):
    """Out-of-fold labels by a linear model whose penalty is chosen by leave-one-out
    error on the training rows."""
    guess = np.empty(len(labels), dtype=object)
    for train, test in folds:
        scaler = StandardScaler().fit(X[train])
        model = RidgeClassifierCV(alphas=np.logspace(2, 5, 7)).fit(
            scaler.transform(X[train]), labels[train]
        )
        guess[test] = model.predict(scaler.transform(X[test]))
    return guess


def accuracy(guess, labels, groups):
    """Share of right guesses; the interval draws whole groups."""
    hits = (guess == labels).astype(float)
    return evaluation.bootstrap(lambda rows: hits[rows].mean(), groups, seed=seed)


off = dict(object=0.0, background=0.0, palette=0.0)
with run.timed("scenes, all effects off"):
    silent = run.load(
        "scenes",
        count=settings["scenes, all effects off"],
        size=settings["picture size"],
        seed=seed + 1,
        **off,
    )
with run.timed("probe"):
    probes, seen = {}, {}
    for slug, corpus in {"scenes": scenes, "scenes_off": silent}.items():
        labels, groups = corpus.table.emotion.to_numpy(), corpus.table.group.to_numpy()
        seen[slug] = np.sqrt(
            np.maximum(
                np.array(deep_features(corpus.paths, "lite0", device=run.device)), 0
            )
        )
        folds = evaluation.folds(groups, settings["folds"], seed)
        guess = linear_probe(seen[slug], labels, folds)
        probes[slug] = run.record(
            f"emotions/probe/lite0/{slug}/accuracy", accuracy(guess, labels, groups)
        )

# %% tags=["hide-input", "slide-part"]
figure, axis = plt.subplots(figsize=(8, 2.6))
names = ["lite0 + linear", "lite0 + linear, all effects off"]
figures.interval_plot(
    axis, names, [probes["scenes"], probes["scenes_off"]], figures.PALETTE["valence"]
)
names_of_limits = {
    "bayes": "best possible",
    "object_only": "object only",
    "colour_only": "colour only",
}
for what, colour in {
    "bayes": "#333333",
    "object_only": "#24807e",
    "colour_only": "#a02c3f",
}.items():
    axis.axvline(limits[what].value, color=colour, ls="--", lw=1.2)
    axis.text(
        limits[what].value,
        # Neighbours stand at two heights, for two of them are often close.
        1.45 if what == "object_only" else 1.65,
        names_of_limits[what],
        color=colour,
        fontsize=8.5,
        ha="center",
    )
axis.axvline(1 / 8, color="black", ls=":", lw=1)
axis.text(1 / 8, 1.45, "chance", fontsize=8.5, ha="center")
axis.set(
    xlim=(0, 1),
    ylim=(-0.5, 1.4),
    xlabel="accuracy on eight emotions, scenes (simulated)",
)
figures.show(
    figure,
    alt=(
        f"Accuracy of a linear model on frozen features: {probes['scenes']} with the"
        f" planted effects and {probes['scenes_off']} without them; the Bayes bound is"
        f" {planted.bayes:.2f}, objects alone {planted.object_only:.2f}, colour alone"
        f" {planted.colour_only:.2f}."
    ),
)
inside = probes["scenes_off"].low <= 1 / 8 <= probes["scenes_off"].high
Markdown(
    f"With the planted effects: **{probes['scenes']}**, where colour alone could reach"
    f" {planted.colour_only:.2f} and the best possible model {planted.bayes:.2f}. With"
    f" all effects off: **{probes['scenes_off']}**, "
    + (
        "chance lies inside the interval."
        if inside
        else (
            "**chance lies outside the interval: something leaks, or one run in"
            " twenty.**"
        )
    )
)

# %% [markdown] tags=["slide"]
# What is missing to the bound? It may be that the network has to recognise small, flat drawings that it was never trained on,
# from few pictures; this page does not test it. The bound says what somebody could do who knew the planted model, not that it is easy.
#
# ## Why near-duplicates must stay together
#
# Every collection from the web holds pictures twice: cropped, mirrored, brighter. If one copy is in the training set
# and the other in the test set, a method that remembers looks like one that understands. The laboratory plants such
# copies. The simplest method that remembers is the nearest neighbour; here it is on the copies and their originals, with
# folds that ignore the groups and folds that keep them.

# %% tags=["slide-part"]
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsClassifier

labels, groups = lab.emotion.to_numpy(), lab.group.to_numpy()
twins = lab.group.duplicated(keep=False).to_numpy()
rows = {}
for how, folds in {
    "groups kept together": evaluation.folds(groups, settings["folds"], seed),
    "groups ignored": list(
        KFold(settings["folds"], shuffle=True, random_state=seed).split(labels)
    ),
}.items():
    guess = np.empty(len(labels), dtype=object)
    for train, test in folds:
        scaler = StandardScaler().fit(seen["scenes"][train])
        one = KNeighborsClassifier(1).fit(
            scaler.transform(seen["scenes"][train]), labels[train]
        )
        guess[test] = one.predict(scaler.transform(seen["scenes"][test]))
    slug = "grouped" if "kept" in how else "leaky"
    rows[how] = {
        "all pictures": run.record(
            f"emotions/folds/{slug}/scenes/accuracy", accuracy(guess, labels, groups)
        ),
        f"the {twins.sum()} with a copy": run.record(
            f"emotions/folds/{slug}_twins/scenes/accuracy",
            accuracy(guess[twins], labels[twins], groups[twins]),
        ),
    }
display(pd.DataFrame(rows).T.map(str).rename_axis("accuracy of the nearest neighbour"))
pair = lab.index[twins & (lab.duplicate_of != "").to_numpy()][:3]
both = [
    row
    for i in pair
    for row in (int(np.flatnonzero(lab.image == lab.duplicate_of[i])[0]), int(i))
]

# %% tags=["hide-input", "slide-part"]
row = figures.picture_row(
    [scenes.paths[i] for i in both],
    ["original" if j % 2 == 0 else "copy" for j in range(len(both))],
    title="Planted near-duplicates",
)
figures.show(
    row,
    alt=(
        "Three painted scenes, each beside its near-duplicate: mirrored, cropped or in"
        " another light."
    ),
)

# %% [markdown]
# ## Exercises
#
# Each exercise names what to define; the cell below it says whether it is right.

# %% tags=["remove-cell"]
from emolib import exercises

# %% [markdown] tags=["exercise"]
# ### The average disagreement, in steps
#
# Two workers who disagree may still be close on the wheel. How many steps apart are two votes on average, in the
# laboratory, and how many would it be if votes were shuffled between pictures? Write `steps_apart(votes, steps)`, which
# returns both numbers, from votes (a row a picture, a column an emotion) and the steps between any two emotions.


# %% tags=["solution"]
def steps_apart(votes, steps):
    # A worker is no pair with himself: the diagonal loses one a vote.
    pairs = (
        votes[:, :, None] * votes[:, None, :] - np.eye(8, dtype=int) * votes[:, :, None]
    )
    share = votes.sum(0) / votes.sum()
    return (pairs * steps).sum() / pairs.sum(), share @ steps @ share


same, shuffled = steps_apart(votes, emotions.distance_matrix(order=emotions.MIKELS))
print(
    f"two votes on one picture: {same:.2f} steps; on any two pictures: {shuffled:.2f}"
)

# %% tags=["solution", "check"]
exercises.check(run.chapter, 1, globals())

# %% [markdown] tags=["exercise"]
# ### How many raters are enough?
#
# From the ceilings above: how many people must rate a picture so that a perfect model could correlate .95 with their
# mean? Write `raters_needed(one_person, wanted)`: the ceiling for one person and the wanted correlation in, the number of
# people out.


# %% tags=["solution"]
def raters_needed(one_person, wanted):
    ratio = 1 / one_person**2 - 1  # sigma^2 / tau^2
    return int(np.ceil(ratio / (1 / wanted**2 - 1)))


for (target, label), e in ceilings.items():
    if label == "one person":
        print(f"{target}: {raters_needed(e.value, 0.95)} people")

# %% tags=["solution", "check"]
exercises.check(run.chapter, 2, globals())

# %% [markdown] tags=["exercise"]
# ### Turn one effect off
#
# What are the bounds of a laboratory in which objects mean nothing (`without`)? Which oracle can but guess then, and does
# it? Put its name into `blind`: `"object_only"` or `"colour_only"`.

# %% tags=["solution"]
without = bounds(Parameters(object=0.0))
# Whoever sees only objects says the most frequent emotion; colour is all there is to
# know, and is the bound.
blind = "object_only"
pd.Series(
    {what: f"{getattr(without, what):.1%}" for what in limits}, name="objects off"
).to_frame()

# %% tags=["solution", "check"]
exercises.check(run.chapter, 3, globals())

# %% [markdown]
# ## What to take along
#
# - A label is a summary of people. Ask how many, what they were asked, and how far they agreed.
# - Word sets don't translate into each other; scales do, by a line, if one trusts that people use both alike.
# - The ceiling for one person lies below that for a mean over many; how far below, their disagreement says.
# - A laboratory shows whether a method finds what was planted. It is never evidence about people.
# - Keep copies and series together, or measure memory.

# %%
path = run.save()
Markdown(
    f"{len(run.metrics)} numbers of this page are in `{path.parent.name}/{path.name}`."
)
