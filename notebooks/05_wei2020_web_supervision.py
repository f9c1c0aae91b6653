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
#     title: "Learning emotion from what people write beside their pictures"
#     corpora: [openmoji, scenes, oasis, mirflickr, emotion6, emoset118k, stockemotion, se30k8, fi, ube, emotic, affectnet]
# ---

# %% [markdown]
# # Learning emotion from what people write beside their pictures
#
# *Wei, Zhang, Lin, Lee, Balasubramanian, Hoai and Samaras: Learning Visual Emotion Representations from Web Data*
# {cite}`wei2020`
#
# Asking people what a picture makes them feel is slow and costs money. But the web is full of pictures beside which
# somebody has already written words, and some of these words speak of emotion. Wei and his co-authors took 1.17 million stock
# photographs with 690 such **keywords**, let a network learn to name them, and threw the naming away: what they wanted
# is the network's inner description of a picture, **EmotionNet's features**. With nothing but a linear classifier on top,
# they report, it beats what came before on four data sets.
#
# Keywords are cheap because nobody checked them: by the paper's own count about one in seven is wrong, and others that would be right
# are missing. So the paper adds two ideas. A text model reads the *other* words beside a picture and says which words of emotion to
# expect; and a picture is drawn towards the mean vector of its own words of emotion. This chapter builds all of it, from the list of keywords to recognition without training, and asks of each part what it adds. The web's pictures are
# replaced by what anyone has: drawings with keywords, and painted scenes. The test is on real photographs.
#
# **After this chapter you can**
#
# - turn raw keywords into labels: rank, cut, choose, remove copies, and estimate how many labels are wrong (question 1);
# - train text models that guess missing words, and put an optimiser's printed learning rate to the test (question 2);
# - derive soft targets and a joint embedding of words and pictures, and see what a missing definition changes (exercise 1, question 3);
# - measure features with linear probes, without leaking a single picture from training to test (exercise 2, question 4);
# - recognise classes without training, retrieve by feeling, and say how large a gain has to be to be more than noise (exercise 3, question 5).

# %% [markdown]
# ## Settings
#
# Four parameters decide what this chapter computes, and a fifth, `smoke`, only proves that every cell runs. The table
# below them shows what each profile changes. Skip it on a first reading: its words are explained where they are used.

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
    "web pictures": ["openmoji", "scenes"],
    "annotated": "scenes",
    "tests": ["oasis", "openmoji", "scenes"],
    "emoji": 1400,
    "scenes": 3200,
    "annotated scenes": 3000,
    "held out": 0.3,
    "candidates": 2000,
    "least pictures of a keyword": 2,
    "word vectors": "glove50",
    "text width": 100,
    "trunk": ["lite0"],
    "pixels": 160,
    "trained": "adapter",
    "adapter's width": 128,
    "optimizer": "adamw",
    "schedule": "cosine",
    "lr": 1e-3,
    "decay": 1e-5,
    "batch": 64,
    "epochs": 12,
    "start pixels": 48,
    "start pictures": 250,
    "start epochs": 3,
    "start batch": 16,
    "start lr": 2e-4,
    "start head": 15.0,
    "shares": [0.1, 0.25, 0.5, 0.75, 1.0],
    "folds": 5,
    "probe epochs": 40,
    "seeds": 3,
    "map": "t-SNE",
}
large = {
    "pixels": 224,
    "trunk": ["resnet50", "lite0"],
    "trained": "all",
    "optimizer": "sgd",
    "schedule": "steps:10,20",
    "batch": 256,
    "epochs": 30,
    "text width": 300,
    "start pixels": 224,
    "start pictures": None,
    "start epochs": 30,
    "start batch": 32,
    "start lr": 1e-3,
    "start head": 1.0,
    "map": "UMAP",
}
profiles = {
    "ci": (
        common
        | {
            "emoji": 300,
            "scenes": 400,
            "annotated scenes": 600,
            "text width": 32,
            "pixels": 96,
            "adapter's width": 16,
            "epochs": 3,
            "start pictures": 60,
            "start epochs": 1,
            "shares": [0.1, 0.25, 0.5, 0.75, 1.0],
            "folds": 3,
            "probe epochs": 10,
            "seeds": 2,
        }
    ),
    "laptop": common,
    "open": (
        common
        | large
        | {
            "web pictures": ["mirflickr"],
            "tests": ["oasis", "emotion6", "emoset118k"],
        }
    ),
    "paper": (
        common
        | large
        | {
            "web pictures": ["stockemotion"],
            "annotated": "se30k8",
            "tests": [
                "fi",
                "ube",
                "affectnet",
                "se30k8",
                "emotic_body",
                "emotic_image",
                "oasis",
            ],
        }
    ),
    "smoke": {
        "emoji": 160,
        "scenes": 160,
        "annotated scenes": 200,
        "text width": 8,
        "pixels": 48,
        "adapter's width": 8,
        "epochs": 1,
        "schedule": "constant",
        "start pixels": 32,
        "start pictures": 24,
        "start epochs": 1,
        "shares": [0.1, 0.25, 1.0],
        "folds": 2,
        "probe epochs": 2,
        "seeds": 1,
    },
}
run = course.start(
    "05_wei2020_web_supervision",
    profiles,
    profile=profile,
    seed=seed,
    device=device,
    data_root=data_root,
    smoke=smoke,
)
settings = run.settings
table = pd.DataFrame({name: profiles[name] for name in course.PROFILES})
table.map(
    lambda v: (
        ", ".join(map(str, v)) if isinstance(v, list) else "all" if v is None else v
    )
)

# %% [markdown] tags=["slide"]
# ## What the paper claims
#
# | linear classifier on | FI | UnBiasedEmotion | AffectNet | SE30K8 | EMOTIC, body | EMOTIC, image |
# |---|---|---|---|---|---|---|
# | best earlier result | 61.13 | 74.30 | 57.31 | | 25.44 | 22.48 |
# | ImageNet features | 58.30 | 60.26 | 40.17 | 52.52 | 24.34 | 26.03 |
# | EmotionNet's features | **65.81** | **81.45** | 53.43 | **69.78** | **29.24** | **30.96** |
#
# (Accuracy in percent; on EMOTIC {term}`mean average precision`, short *mAP*.) FI, UnBiasedEmotion and SE30K8 are photographs sorted
# by the emotion that they arouse, AffectNet holds faces, and EMOTIC people with 26 emotions, once cut out ("body") and once
# in the whole picture. *ImageNet features* are what the same network describes pictures by when it has only learned to name
# ImageNet's objects.
#
# In words: what the web's keywords teach beats what ImageNet
# teaches, everywhere; both repairs of the keywords are needed; 690 words of emotion teach more than 8 and more than
# 30,000 words of all kinds; more pictures teach more, by less and less; and words and pictures end in one
# space, in which emotions can be recognised that nobody trained.
#
# Look at the middle row before you believe the text. "Not useful", it says of ImageNet features; in the last column they
# beat the best earlier result. And look for intervals: the paper has none, and most differences between the variants of its own
# network are below one and a half points. Ours have them.
#
# ## The data
#
# ### Pictures with keywords
#
# Stock photographs can't be handed out. What everyone has instead, in the profiles `ci` and `laptop`: the drawings of
# **OpenMoji**, whose keywords real people wrote so that others find an emoji by typing, and **scenes**, painted pictures
# whose keywords are simulated as careless ones: some missing, some wrong, half of the pictures with a word of emotion.
# The profile `open` learns from the tags beside 25,000 photographs of Flickr's users {cite}`huiskes2008`, `paper` from StockEmotion
# itself.

# %%
import matplotlib.pyplot as plt
import numpy as np

from emolib import claims, corpora, emotions, evaluation, figures
from emolib.corpora import hexcodes, lexicon, openmoji
from emolib.corpora.scenes.words import ALL_EMOTION_WORDS, EMOTION_OF
from emolib.errors import BadInput, Unavailable
from emolib.features.vectors import keyword_lists
from emolib.probes import check_separate, crossing, emoji_keys

figures.style()
MIKELS = emotions.MIKELS
seeds = [seed + s for s in range(settings["seeds"])]
known_words, word_list = lexicon.emotion_words(data_root)
known_words = known_words | set(ALL_EMOTION_WORDS)


def signed(e):
    """A difference with its sign and three digits."""
    return f"{e.value:+.3f}" + (
        "" if e.low is None else f" [{e.low:+.3f}, {e.high:+.3f}]"
    )


def chosen_emoji(most):
    """Codes of emoji with words of emotion or with rated tweets, whole groups of
    variants, until there are so many."""
    words, rated, group = openmoji.keywords(), openmoji.sentiment(), openmoji.groups()
    fitting = [
        code
        for code in group
        if openmoji.divide(words.get(code, ()), known_words)[0]
        or sum(rated.get(hexcodes.key(code), {}).values()) >= 10
    ]
    names = np.random.default_rng([seed, 1]).permutation(
        sorted({group[code] for code in fitting})
    )
    place = {name: k for k, name in enumerate(names)}
    return sorted(sorted(fitting, key=lambda code: (place[group[code]], code))[:most])


def with_words(corpus):
    """The pictures of a corpus with the lists of their keywords, as a table."""
    column = "keywords" if "keywords" in corpus.table else "tags"
    return pd.DataFrame(
        {
            "corpus": corpus.name,
            "path": corpus.paths,
            "image": [f"{corpus.name}/{image}" for image in corpus.table["image"]],
            "group": [f"{corpus.name} {group}" for group in corpus.table["group"]],
            "words": keyword_lists(corpus.table[column]),
        }
    )


with run.timed("pictures"):
    loaded = {}
    for name in settings["web pictures"]:
        options = {
            "openmoji": {"codes": chosen_emoji(settings["emoji"]), "size": 160},
            "scenes": {
                "count": settings["scenes"],
                "size": 160,
                "seed": seed,
                "numbers": (0.7, 0.3, 0.0),
            },
        }.get(name, {})
        loaded[name] = run.load(name, **options)
    web = pd.concat(
        [with_words(corpus) for corpus in loaded.values()], ignore_index=True
    )
simulated = " (scenes are simulated)" if "scenes" in loaded else ""
sample = pd.concat(
    [
        part[part.words.map(len) > 2].sample(6, random_state=seed + 4)
        for _, part in web.groupby("corpus", sort=False)
        if (part.words.map(len) > 2).sum() >= 6
    ]
)

# %% tags=["hide-input", "slide-part"]
figure = figures.picture_row(
    list(sample.path),
    [
        ", ".join(words[: 2 if len(words[0]) + len(words[1]) < 22 else 1])
        for words in sample.words
    ],
    title=f"Web pictures and some of their keywords{simulated}",
)
figures.show(
    figure,
    alt=(
        f"{len(sample)} pictures, below each its first keywords, as in:"
        f" {', '.join(sample.words.iloc[0][:4])}."
    ),
)

# %% [markdown]
# ### Photographs with ratings
#
# What EmotionNet learned is tested on others' pictures. In `laptop` these are the photographs of **OASIS** {cite}`kurdi2017`,
# each rated for {term}`valence` and {term}`arousal` by about a hundred people. The labels are three classes of
# valence with a third of the photographs in each ("neutral" is the middle third, and no more neutral than that); {term}`folds <fold>`
# keep the photographs of one theme together. Two more tests have another purpose. The **OpenMoji** drawings that occur in rated tweets show whether features carry over within one
# kind of picture; people rated the tweets, not the drawings, so an emoji's class is the mood of the tweets around it. The **scenes** are the positive control: there we planted what there is to learn.

# %%
tests, absent = {}, {}


def classes_of(values, names):
    """Numbers of classes for words."""
    return np.array([list(names).index(value) for value in values])


def thirds(values):
    """0, 1, 2 for the lower, middle and upper third."""
    return np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values)


def keep_test(
    name, corpus, rows, labels, classes, *, folds=None, things=None, ratings=None
):
    """Note a test: its pictures, labels, groups, folds, and what is known besides."""
    table = corpus.table.iloc[rows].reset_index(drop=True)
    paths = corpus.paths
    groups = table.group.to_numpy()
    k = min(settings["folds"], len(np.unique(groups)))
    tests[name] = {
        "corpus": corpus.name,
        "paths": [paths[i] for i in rows],
        "table": table,
        "labels": np.asarray(labels)[rows],
        "classes": list(classes),
        "groups": groups,
        "keys": [f"{corpus.name} {group}" for group in groups],
        "folds": (
            evaluation.folds(groups, k, seed) if folds is None else folds(table, groups)
        ),
        "things": things,
        "ratings": (
            {}
            if ratings is None
            else {target: values[rows] for target, values in ratings.items()}
        ),
    }


def published_split(first=("train",), second=("test",)):
    """Folds of one: the published parts, groups that are in both left out of
    training."""

    def folds(table, groups):
        train, test = (
            np.flatnonzero(table["split"].isin(part)) for part in (first, second)
        )
        return [(train[~np.isin(groups[train], groups[test])], test)]

    return folds


def one_fifth(table, groups):
    """A fifth for testing, the rest for training, as the paper has it where there is no
    published split."""
    return evaluation.folds(groups, min(5, len(np.unique(groups))), seed)[:1]


def ratings_of(table):
    """Valence and arousal where they are rated."""
    return {
        target: table[target].to_numpy(float)
        for target in ("valence", "arousal")
        if target in table
    }


def load_test(name):
    """A test by its name."""
    if name == "oasis":
        corpus = run.load("oasis")
        ratings = ratings_of(corpus.table)
        things = corpus.table["category"].to_numpy()
        keep_test(
            name,
            corpus,
            np.arange(len(corpus.table)),
            thirds(ratings["valence"]),
            ("negative", "neutral", "positive"),
            ratings=ratings,
            things=things,
        )
    elif name == "openmoji":
        corpus = loaded["openmoji"]
        shares = corpus.table[["negative", "neutral", "positive"]].to_numpy()
        rows = np.flatnonzero(
            (corpus.table["occurrences"] >= 10).to_numpy() & part_of["openmoji"]
        )
        keep_test(
            name,
            corpus,
            rows,
            np.nan_to_num(shares).argmax(1),
            ("negative", "neutral", "positive"),
            ratings={"valence": shares[:, 2] - shares[:, 0]},
        )
    elif name == "scenes":
        corpus = loaded["scenes"]
        rows = np.flatnonzero(part_of["scenes"])
        things = [
            frozenset(cell.split("|")) for cell in corpus.table["objects"].iloc[rows]
        ]
        keep_test(
            name,
            corpus,
            rows,
            classes_of(corpus.table["emotion"], MIKELS),
            MIKELS,
            things=things,
            ratings=ratings_of(corpus.table),
        )
    elif name in ("emotic_body", "emotic_image"):
        people = run.load("emotic")
        corpus = emotic.images(people) if name == "emotic_image" else bodies(people)
        keep_test(
            name,
            corpus,
            np.arange(len(corpus.table)),
            emotic.multi_hot(corpus),
            [c.lower() for c in emotic.CATEGORIES],
            folds=published_split(),
        )
    else:
        corpus = run.load(name)
        table = corpus.table
        names = {
            "fi": MIKELS,
            "emoset118k": MIKELS,
            "emotion6": emotion6.EMOTIONS,
            "ube": ube.EMOTIONS,
            "affectnet": affectnet.EMOTIONS[:7],
            "se30k8": se30k8.EMOTIONS,
        }[name]
        right = table["emotion"].isin(names) & (
            table["accepted"].astype(bool) if "accepted" in table else True
        )
        labels = np.array(
            [names.index(e) if e in names else -1 for e in table["emotion"]]
        )
        folds = {
            "emoset118k": published_split(("train", "val")),
            "affectnet": published_split(("train",), ("val",)),
            "emotion6": None,
        }.get(name, one_fifth)
        ratings = ratings_of(table) if name == "emotion6" else None
        things = table["object"].to_numpy()[right] if "object" in table else None
        keep_test(
            name,
            corpus,
            np.flatnonzero(right),
            labels,
            names,
            folds=folds,
            ratings=ratings,
            things=things,
        )


# %% [markdown]
# Before anything is loaded for a test, pictures are divided; the share called "held out" in the settings is kept for testing. Emoji are divided by
# groups of variants (one drawing in several tones of skin is one group), and those that scenes are painted with are only learned from, so that
# no tested emoji is seen anywhere before. Scenes are divided by the originals of near-duplicates. The *things* in tested scenes are known ones, as a dog in a photograph would be;
# the picture is new.

# %%
from emolib.corpora import affectnet, emotic, emotion6, se30k8, ube
from emolib.corpora.base import Corpus
from emolib.corpora.pictures import read_picture
from emolib.corpora.places import cache_root
from emolib.corpora.scenes.objects import objects as scene_objects
from emolib.features.cache import digest


def bodies(people):
    """EMOTIC with a picture a person, cut out by the box and kept in the cache."""
    folder = cache_root() / f"emotic-bodies-{digest([people.content_hash])}"
    table = people.table.copy()
    folder.mkdir(parents=True, exist_ok=True)
    for k, (path, row) in enumerate(
        zip(people.paths, people.table.itertuples(), strict=True)
    ):
        file = folder / f"{k:06d}.png"
        if not file.is_file():
            part = file.with_suffix(".part")
            read_picture(path).crop(
                (row.x1, row.y1, max(row.x2, row.x1 + 1), max(row.y2, row.y1 + 1))
            ).save(part, "PNG")
            part.replace(file)
    table["image"] = [f"{k:06d}.png" for k in range(len(table))]
    return Corpus(people.name, table, people.card, folder)


emoji_of = openmoji.groups()
painted_with = {emoji_of[code] for code in scene_objects().codes}
names = np.random.default_rng([seed, 2]).permutation(
    sorted(set(emoji_of.values()) - painted_with)
)
held_emoji = {
    f"emoji {name}" for name in names[: int(settings["held out"] * len(names))]
}
part_of = {}
web["keys"] = [frozenset([group]) for group in web.group]
for name, corpus in loaded.items():
    if name in ("openmoji", "scenes"):
        keys = emoji_keys(corpus)
        own = (web.corpus == name).to_numpy()
        web.loc[own, "keys"] = pd.Series(
            [k | {g} for k, g in zip(keys, web.group[own], strict=True)], web.index[own]
        )
    if name == "openmoji":
        part_of[name] = np.array([k <= held_emoji for k in keys])
    else:
        # Photographs of the web are held out by themselves, to see whether keywords are
        # named and words are guessed.
        share = settings["held out"] if name == "scenes" else 0.1
        groups = web.group[(web.corpus == name).to_numpy()].to_numpy()
        few = np.random.default_rng([seed, 3]).permutation(np.unique(groups))
        part_of[name] = np.isin(groups, few[: max(2, int(share * len(few)))])
web["held"] = np.concatenate([part_of[name] for name in loaded])
with run.timed("pictures"):
    for name in settings["tests"]:
        try:
            load_test(name)
        except Unavailable as why:
            absent[name] = str(why)
for name, why in absent.items():
    display(
        Markdown(
            f"> **{name} is not within reach** ({why}). What needs it is left out"
            " below."
        )
    )
main = next((name for name in settings["tests"] if name in tests), None)
if main is None:
    raise Unavailable(
        "none of this profile's tests is within reach: " + "; ".join(absent.values())
    )
photographs = [name for name in tests if name not in ("openmoji", "scenes")]
if not photographs:
    display(
        Markdown(
            f"> **No photographs.** All tests below are on {' and '.join(tests)}: they"
            " show whether methods work, and nothing about people's photographs."
        )
    )
labelled = lambda name: f"{name} (simulated)" if name == "scenes" else name
tested_rows = {
    name: np.sort(np.concatenate([test for _, test in test_["folds"]]))
    for name, test_ in tests.items()
}
pd.DataFrame(
    {
        labelled(name): {
            "pictures": len(test["paths"]),
            "tested on": len(tested_rows[name]),
            "groups": len(np.unique(test["groups"])),
            "classes": len(test["classes"]),
            "folds": len(test["folds"]),
        }
        for name, test in tests.items()
    }
).T

# %% tags=["hide-input"]
test = tests[main]
k = min(3, len(test["classes"]))
of_class = lambda c: np.flatnonzero(
    test["labels"] == c if test["labels"].ndim == 1 else test["labels"][:, c]
)
shown = [i for c in range(k) for i in of_class(c)[:: max(1, len(of_class(c)) // 6)][:6]]
captions = [
    test["classes"][test["labels"][i]] if test["labels"].ndim == 1 else ""
    for i in shown
]
figures.show(
    figures.picture_row(
        [test["paths"][i] for i in shown],
        captions,
        title=f"Some pictures of {labelled(main)} and their classes",
    ),
    alt=(
        f"{len(shown)} pictures of {main}, some for each class:"
        f" {', '.join(test['classes'][:k])}."
    ),
)

# %% [markdown] tags=["slide"]
# ## From keywords to labels
#
# The paper's recipe: count in how many of four million pictures each keyword occurs, drop the rare ones, let people choose those that
# speak of emotion (690 of about 2,000 stayed), fetch pictures with these words, remove copies. The counting is easy on a laptop's
# few thousand rows and no longer easy on two hundred million. So the table work runs on DuckDB {cite}`raasveldt2019`, which
# keeps on disk what memory doesn't hold: the same lines take a table, a file, or a folder of files.

# %%
from emolib.curation import keywords, keywordstats
from emolib.features.vectors import SEPARATOR

joined = [
    SEPARATOR.join(word.replace(SEPARATOR, "%7C") for word in words)
    for words in web.words
]
with run.timed("keywords"):
    rows = keywords.long(web.image, joined)
    with keywords.read(rows) as found:
        counts = found.counts
        candidates = keywords.ranking(
            found,
            top=settings["candidates"],
            at_least=settings["least pictures of a keyword"],
        )
        every = keywordstats.per_image(found)
    selected = keywords.emotional(candidates, checked=known_words)

# %% tags=["hide-input", "slide-part"]
figure, axes = plt.subplots(1, 2, figsize=(12, 3.6))
axes[0].loglog(
    np.arange(1, len(candidates) + 1),
    candidates["images"],
    color="#888888",
    label="all candidates",
)
places = np.flatnonzero(candidates["keyword"].isin(selected.words))
axes[0].loglog(
    places + 1,
    candidates["images"].to_numpy()[places],
    "o",
    ms=3.5,
    color=figures.PALETTE["anger"],
    label="words of emotion",
)
axes[0].set(
    xlabel="rank of the keyword",
    ylabel="pictures that have it",
    title="Few words are frequent",
)
axes[0].legend(fontsize=8)
top = candidates.iloc[places[:18]]
axes[1].barh(top["keyword"][::-1], top["images"][::-1], color=figures.PALETTE["anger"])
axes[1].set(title="The most frequent words of emotion", xlabel="pictures")
axes[1].tick_params(labelsize=8)
figures.show(
    figure,
    alt=(
        f"Left: number of pictures over rank for {len(candidates)} keywords, falling"
        f" from {candidates['images'].max()} to {candidates['images'].min()}. Right:"
        f" the most frequent words of emotion, {', '.join(top['keyword'][:4])} first."
    ),
)
Markdown(
    f"{counts.rows:,} rows, {counts.images:,} pictures, {counts.keywords:,} different"
    f" keywords; {counts.without_keywords:,} pictures have none and are still counted."
    f" Of {len(candidates):,} candidates, **{len(selected.words)}** speak of emotion by"
    f" the list of {word_list}, to which the laboratory's own {len(ALL_EMOTION_WORDS)}"
    " words are added. (The list stands in for the paper's annotators.) Counting has a"
    f" trap: *{top['keyword'].iloc[0]}* stands beside {top['images'].iloc[0]:,}"
    " pictures, but these come from"
    f" {web.group[web.words.map(lambda words: top['keyword'].iloc[0] in words)].nunique():,}"
    " groups. The rest are variants of the same pictures, and they are next."
)

# %% [markdown]
# **What the reader refuses.** A table of keywords from the web holds everything that can go wrong. What makes no sense is named with its row;
# nothing is dropped in silence. And data are never run: lists of keywords travel as Python pickles, which can hold
# commands, so they are read by a reader that knows plain containers only.

# %%
import pickle
import tempfile
from pathlib import Path

from emolib.corpora import plainpickle

trials = {
    "a keyword read in a wrong encoding": lambda: keywords.read(
        pd.DataFrame({"image": ["a.jpg", "b.jpg"], "keyword": ["sea", "Ã©tÃ©"]})
    ),
    "a row without a picture": lambda: keywords.read(
        pd.DataFrame({"image": ["a.jpg", ""], "keyword": ["sea", "sad"]})
    ),
    "a pickle that calls a function": lambda: plainpickle.read_plain(
        Path(place) / "tags.pkl"
    ),
}
said = {}
with tempfile.TemporaryDirectory() as place:
    (Path(place) / "tags.pkl").write_bytes(pickle.dumps({"tags": print}))
    for what, trial in trials.items():
        try:
            trial()
            said[what] = "accepted"
        except BadInput as error:
            said[what] = str(error).replace(place, "...")
figures.sentences(pd.DataFrame({"given": said.keys(), "answer": said.values()}))

# %% [markdown]
# ### Copies
#
# Search for pictures by words and the same picture comes up many times. The paper removes copies by a perceptual hash; chapter 1
# built that and measured it. A face in five skin tones is one drawing, not five. The first of each group stays. The same search goes
# over the *tests* too, so that no copy of a test picture is among those to learn from.

# %%
from emolib.curation.duplicates import find_duplicates

with run.timed("copies"):
    everything = [
        *web.path,
        *(path for test in tests.values() for path in test["paths"]),
    ]
    alike = find_duplicates(everything, progress=False)
    web["alike"] = alike[: len(web)]
    start = len(web)
    for test in tests.values():
        test["alike"] = alike[start : start + len(test["paths"])]
        start += len(test["paths"])
web["emotional"], web["other"] = zip(
    *(openmoji.divide(words, frozenset(selected.words)) for words in web.words),
    strict=True,
)
has_emotion = web.emotional.map(len) > 0
test_keys = [
    (*keys, f"looks {look}")
    for test in tests.values()
    for keys, look in zip(
        (
            emoji_keys(Corpus(test["corpus"], test["table"], None, None))
            if test["corpus"] == "openmoji"
            else [(k,) for k in test["keys"]]
        ),
        test["alike"],
        strict=True,
    )
]
web_keys = [
    (*keys, f"looks {look}") for keys, look in zip(web["keys"], web.alike, strict=True)
]
first = ~web.alike.duplicated() & has_emotion
leaks = crossing(web_keys, test_keys)
learn = np.flatnonzero(first & ~web.held & ~leaks)
held = np.flatnonzero(first & web.held)
groups_compared = check_separate(
    [web_keys[i] for i in learn],
    test_keys,
    training_names=web.image.iloc[learn].tolist(),
)
for name in loaded:
    own = (web.corpus == name).to_numpy()
    run.record(
        f"wei2020/statistics/pictures/{name}/count",
        evaluation.Estimate(
            float((first & own).sum()), None, None, int(own.sum()), "pictures"
        ),
    )
steps = {
    "with keywords": web.words.map(len) > 0,
    "with a word of emotion": has_emotion,
    "of these, the first of its copies": first,
    "of these, to learn from": pd.Series(
        np.isin(np.arange(len(web)), learn), web.index
    ),
    "of these, held out": pd.Series(np.isin(np.arange(len(web)), held), web.index),
}
display(
    pd.DataFrame(
        {what: mask.groupby(web.corpus).sum() for what, mask in steps.items()}
    ).T.rename_axis(f"pictures{simulated}")
)
Markdown(
    f"**The guard.** {groups_compared:,} groups of emoji, of pictures and of"
    " look-alikes were compared: none is both learned from and tested on."
    f" {int((leaks & first & ~web.held).sum()):,} pictures were left out for sharing"
    " one with a test. A run in which one crosses stops here with its name."
)

# %% [markdown]
# ### What the labels are like
#
# StockEmotion has 48.9 keywords a picture, of which 7 speak of emotion. Its authors had the emotional keywords of 1,000 pictures
# checked and found about 15% wrong. They say that most keywords occur independently of one another, and show a matrix. We count the same, with
# a measure for "independently": the **{term}`lift`**, how much more often two words stand beside one picture than chance would
# have it. The right figure shows it in doublings: 0 is what chance gives, 1 twice as often, -1 half as often.

# %%
with run.timed("keywords"), keywords.read(keywords.long(web.image, joined)) as found:
    felt = keywordstats.per_image(found, selected.words)
    some_words = [
        word
        for word in selected.words
        if candidates.set_index("keyword")["images"][word] >= 3
    ][:60]
    together = keywordstats.cooccurrence(found, some_words)
    lifts = keywordstats.lift(together, found.counts.images)
    ours = {
        name: (
            [len(words) for words in web.words[web.corpus == name]],
            [len(words) for words in web.emotional[(web.corpus == name)]],
        )
        for name in loaded
    }
for name in loaded:
    own = (web.corpus == name).to_numpy()
    groups = web.group[own].to_numpy()
    for what, column in (("keywords", "words"), ("emotion_keywords", "emotional")):
        numbers = web[column][own].map(len).to_numpy(float)
        run.record(
            f"wei2020/statistics/{what}/{name}/mean",
            evaluation.bootstrap(
                lambda i, n=numbers: n[i].mean(), groups, seed=seed, draws=500
            ),
        )
        distinct = len({word for words in web[column][own] for word in words})
        run.record(
            f"wei2020/statistics/{what}/{name}/distinct",
            evaluation.Estimate(
                float(distinct), None, None, int(own.sum()), "pictures"
            ),
        )
published = {
    claim.id.removeprefix("wei2020/"): claim.published
    for claim in claims.claims("wei2020")
}
rows = {
    name: (
        {
            what: str(run.metrics[f"wei2020/statistics/{kind}/{name}/{measure}"])
            for what, kind, measure in (
                ("keywords a picture", "keywords", "mean"),
                ("of emotion", "emotion_keywords", "mean"),
            )
        }
        | {
            "different keywords": int(
                run.metrics[f"wei2020/statistics/keywords/{name}/distinct"].value
            ),
            "different ones of emotion": int(
                run.metrics[
                    f"wei2020/statistics/emotion_keywords/{name}/distinct"
                ].value
            ),
        }
    )
    for name in loaded
}
rows["StockEmotion, as printed"] = {
    "keywords a picture": published["text/keywords_per_picture"],
    "of emotion": published["text/emotional_per_picture"],
    "different keywords": f"{published['text/all_keywords']:,}",
    "different ones of emotion": published["text/keywords"],
}
display(pd.DataFrame(rows).T.rename(index=labelled))

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(12.5, 5), width_ratios=(1, 1.35))
axes[0].bar(
    np.arange(len(felt.histogram)), felt.histogram, color=figures.PALETTE["anger"]
)
axes[0].set(
    xlabel="words of emotion beside a picture",
    ylabel="pictures",
    title=f"Most pictures have few{simulated}",
)
n = min(26, len(some_words))
with np.errstate(divide="ignore"):
    doubled = np.ma.masked_invalid(
        np.where(np.eye(n, dtype=bool), np.nan, np.log2(lifts[:n, :n]))
    )
    axes[1].set_facecolor("#eeeeee")
    image = axes[1].imshow(doubled, cmap="RdBu_r", vmin=-5, vmax=5)
axes[1].set_xticks(range(n), some_words[:n], rotation=90, fontsize=7)
axes[1].set_yticks(range(n), some_words[:n], fontsize=7)
axes[1].grid(False)
axes[1].set_title("Lift of pairs, in doublings (grey: never together)")
figure.colorbar(image, ax=axes[1], shrink=0.8)
off = ~np.eye(len(some_words), dtype=bool)
often = float(np.mean(together[off] >= 5)) if off.any() else 0.0
figures.show(
    figure,
    alt=(
        f"Left: how many pictures have how many words of emotion; {felt.without} have"
        f" none. Right: a matrix of {n} by {n} words, red where two stand together more"
        f" often than by chance. {often:.0%} of the pairs stand together beside five"
        " pictures or more."
    ),
)
Markdown(
    f"Of all pairs of these {len(some_words)} words, **{often:.0%}** stand together"
    " beside five pictures or more. That is a count and no verdict: a pair may be rare"
    " and still be far more frequent than chance. Whether a missing word can be"
    " guessed from the words beside it is tested below."
)

# %% [markdown]
# **How many are wrong?** Nobody has checked the keywords of OpenMoji, and we don't pretend to. In the laboratory the truth
# is planted: call a word of emotion *right* when the planted distribution gives its emotion more than the chance of one in
# eight. The check is then made as in the paper, on 1,000 random pictures; the interval respects that wrong words come in pictures, not one by
# one.

# %%
noise = None
if "scenes" in loaded:
    lab = loaded["scenes"].table
    planted = (
        lab[[f"p_{emotion}" for emotion in MIKELS]]
        .set_axis([f"scenes/{image}" for image in lab["image"]])
        .set_axis(MIKELS, axis=1)
    )
    own = (web.corpus == "scenes").to_numpy()
    with keywords.read(
        keywords.long(web.image[own], [joined[i] for i in np.flatnonzero(own)])
    ) as found:
        checked = keywordstats.to_check(
            found, [word for word in selected.words if word in EMOTION_OF], 1000, seed
        )
    checked["right"] = [
        bool(planted.loc[image, EMOTION_OF[word]] > 1 / 8)
        for image, word in zip(checked["image"], checked["keyword"], strict=True)
    ]
    noise = keywordstats.label_noise(checked)
    wrong = run.record(
        "wei2020/statistics/noise/scenes/error_rate",
        evaluation.Estimate(
            noise.value, noise.low, noise.high, noise.images, "pictures"
        ),
    )
    display(
        Markdown(
            f"Of {noise.checked:,} checked words of emotion beside {noise.images:,}"
            f" scenes (simulated), **{wrong}** are wrong; in the paper, about"
            f" {published['text/noise']:.0%}."
        )
    )
else:
    display(
        Markdown(
            "> The share of wrong keywords needs people who check, or the laboratory."
            " It is left out here."
        )
    )

# %% [markdown]
# **Larger than memory.** The same functions on a folder of files, here with made-up rows. `python -m emolib.curation.keywords --rows
# 10000000` runs them on ten million rows and says how long each step took and how much memory.

# %%
import time

with tempfile.TemporaryDirectory() as place, run.timed("keywords"):
    keywords.made_up(Path(place) / "shards", 60_000 if not smoke else 3_000, shards=4)
    begin = time.perf_counter()
    with keywords.read(Path(place) / "shards", memory="128MB", spill=place) as found:
        top = keywords.ranking(found, top=2000)
        large_counts = found.counts
    seconds = time.perf_counter() - begin
Markdown(
    f"{large_counts.files} files, {large_counts.rows:,} rows (made up),"
    f" {large_counts.repeated:,} repeated: read and ranked in {seconds:.1f} s, with at"
    " most 128 MB for the engine."
)

# %% [markdown]
# ## Words that expect words
#
# Somebody writes *coffin*, *candle* and *church* beside a picture, and nothing about grief. A **text model** that has read many lists
# would add it. The paper's is small: each keyword's {term}`word vector` goes through a convolution of width one and a ReLU, the
# results are averaged, a hidden layer follows, then the answers: for each word of emotion, how likely it is beside these *other* words. (A
# list has no order, so a wider convolution would make no sense.) Without the convolution it is a *deep averaging network*
# {cite}`iyyer2015`.
#
# The paper's word vectors were trained on news {cite}`mikolov2013`. Ours are GloVe's {cite}`pennington2014`, fifty numbers for each of 400,000 words, which
# pip can install; a second table is learned from the keyword lists themselves, each list being a sentence.

# %%
import functools

import torch
from scipy import sparse

from emolib.features import vectors as word_vectors
from emolib.models.text import (
    PUBLISHED_CODE,
    TextModel,
    Vocabulary,
    predicted,
    represented,
)
from emolib.probes import (
    Resampled,
    any_keyword,
    mean_average_precision,
    picture_average_precision,
)
from emolib.softtargets import EmotionLoss
from emolib.training import Diverged, Recipe, fitted, predict, several

pictures = web.iloc[np.concatenate([learn, held])].reset_index(drop=True)
L, H = np.arange(len(learn)), len(learn) + np.arange(len(held))
table = word_vectors.load(settings["word vectors"])
own_table = word_vectors.self_trained([*pictures.words[L]], size=table.size, seed=seed)
least = settings["least pictures of a keyword"]
emotional = Vocabulary.most_frequent(pictures.emotional[L], least=least)
reads = {
    "public": Vocabulary.most_frequent(pictures.other[L], known=table),
    "own": Vocabulary.most_frequent(pictures.other[L], known=own_table),
}
numbers = {
    which: vocabulary.numbers([*pictures.other]) for which, vocabulary in reads.items()
}
hot = emotional.hot([*pictures.emotional])
has_keyword = np.asarray(hot.sum(1)).ravel() > 0
divided = sparse.diags_array(1 / np.maximum(np.asarray(hot.sum(1)).ravel(), 1)) @ hot
covered = {
    which: source.coverage([w for words in pictures.other[L] for w in words])
    for which, source in (("GloVe", table), ("learned from the lists", own_table))
}
words_hash = digest(
    [corpus.content_hash for corpus in loaded.values()]
    + [seed, settings["held out"], *emotional.words]
)
figures.sentences(
    pd.DataFrame(
        {"word vectors": covered.keys(), "other keywords": map(str, covered.values())}
    )
)
Markdown(
    f"To learn from: {len(L):,} pictures with **{len(emotional)}** different words of"
    f" emotion that stand beside {least} pictures or more; held out: {len(H):,}."
    f" {int((~numbers['public'].any(1)).sum())} pictures have no other keyword that the"
    " model can read. For them it stays silent, and their own keywords count alone."
)

# %% [markdown] tags=["slide"]
# ### An optimiser and a rate that look odd
#
# The paper trains this model with AdaGrad at a learning rate of **1**. AdaGrad divides each gradient by the root of the sum of all squared
# gradients so far; in the first step that is the gradient's own size, so that *every* weight that has a gradient moves by one, however
# small the gradient is. The published code has the same rate and other epochs. We try what it could have been, on the pictures that are held
# out. The model ranks all words of emotion for each picture; {term}`average precision` is 1 if the picture's own words come first, and we
# take its mean over pictures. The baseline ranks by how frequent a word is in the same collection, for every picture alike.


# %% tags=["slide-part"]
def text_recipe(s, **changes):
    """The published code's schedule; plain descent unless told otherwise."""
    return Recipe(
        **(
            {
                **PUBLISHED_CODE,
                "optimizer": "sgd",
                "momentum": 0.0,
                "decay": 0.0,
                "seed": s,
            }
            | changes
        )
    )


def text_model(name, words, matrix, goals, rows, s, width, convolve, recipe):
    """A fitted text model: from the numbers of keywords to targets, which may be
    sparse."""
    course.runtime.seed_everything(s)
    model = TextModel(
        matrix, goals.shape[1], width=width, hidden=width, convolve=convolve
    )
    rows, loss = rows[words[rows].any(1)], EmotionLoss(goals)
    key = [digest(words[rows].tolist())]
    fitted(
        f"wei2020-text-{name}",
        model,
        words,
        np.arange(len(words)),
        recipe,
        key=key,
        rows=rows,
        loss=loss,
    )
    return model


def try_text(name, *arguments):
    """A text model, or the error of a training that went astray."""
    try:
        return text_model(name, *arguments)
    except Diverged as error:
        return str(error)


matrix = {
    "public": table.vectors(reads["public"].words)[0],
    "own": own_table.vectors(reads["own"].words)[0],
}
learn_words = L[has_keyword[L]]
judge = H[has_keyword[H] & numbers["public"][H].any(1)]


def often(rows, name):
    """How often each word of emotion stands beside the pictures of one corpus, for each
    of some rows."""
    own = L[(pictures.corpus[L] == name).to_numpy()]
    return np.broadcast_to(
        np.asarray(hot[own].sum(0), float).ravel(), (len(rows), hot.shape[1])
    )


recipes = {
    "AdaGrad, rate 1, 30 epochs (as printed)": dict(
        optimizer="adagrad", epochs=30, schedule="steps:10,20"
    ),
    "AdaGrad, rate 0.01": dict(optimizer="adagrad", lr=0.01),
    "plain descent, rate 1 (the code's epochs)": {},
    "descent with momentum 0.9, rate 1": dict(momentum=0.9),
    "AdamW, rate 0.001": dict(optimizer="adamw", lr=1e-3),
}
width = settings["text width"]
bound = functools.partial(
    try_text, "optimizer", numbers["public"], matrix["public"], divided, learn_words
)
with run.timed("text models"):
    tried = several(
        [
            functools.partial(bound, seed, width, True, text_recipe(seed, **changes))
            for changes in recipes.values()
        ],
        device="cpu",
    )
groups_of = lambda rows: pictures.group[rows].to_numpy()


def ranked(scores):
    """Mean average precision over held-out pictures, with its interval."""
    values = picture_average_precision(scores, hot[judge])
    return evaluation.bootstrap(lambda i: values[i].mean(), groups_of(judge), seed=seed)


by_corpus = np.zeros((len(judge), hot.shape[1]))
for name in loaded:
    own = (pictures.corpus[judge] == name).to_numpy()
    by_corpus[own] = often(judge[own], name)
answers = {"ranked by frequency": str(ranked(by_corpus))}
for what, model in zip(recipes, tried, strict=True):
    answers[what] = (
        f"went astray: {model.split(';')[0]}"
        if isinstance(model, str)
        else str(ranked(predicted(model, numbers["public"][judge])))
    )
display(
    pd.Series(
        answers,
        name=f"mean average precision, {len(judge)} held-out pictures{simulated}",
    ).to_frame()
)
as_printed = tried[0]
if not isinstance(as_printed, str):
    gains = picture_average_precision(
        predicted(as_printed, numbers["public"][judge]), hot[judge]
    )
    gains = gains - picture_average_precision(by_corpus, hot[judge])
    printed_helps = run.record(
        "wei2020/text/as_printed_less_frequency/all/map_difference",
        evaluation.bootstrap(lambda i: gains[i].mean(), groups_of(judge), seed=seed),
    )
    display(
        Markdown(
            "The recipe as printed, less ranking by frequency:"
            f" **{signed(printed_helps)}**."
        )
    )

# %% [markdown]
# The second row is the paper's own recipe. Compare it with the baseline above it, and with AdaGrad at a smaller rate below. From here on we
# use the published code's schedule and rate with plain descent, which is our choice (which optimiser the code used is not known to us); not
# because of its place in this table, which was measured on the very pictures that the next tests use.
#
# ### Does it expect the right words, and see through wrong ones?
#
# Two tests on held-out pictures. Does the model rank a picture's own words of emotion higher than their frequency would? And the one that soft
# targets live on: beside each right word we **plant a wrong one**, drawn as often as it occurs elsewhere. How often does the model
# find the right one likelier? One half is guessing, and the last column shows what is above it.

# %%
# Name, word vectors, whether there is a convolution, seeds, what differs from the
# published schedule. The long one, trained only to see what the schedule does, costs as
# much as three others: one seed.
KINDS_OF_TEXT = (
    (
        "long",
        "public",
        True,
        seeds[:1],
        {"epochs": 3 * PUBLISHED_CODE["epochs"], "schedule": "steps:30,45"},
    ),
    ("cnn", "public", True, seeds, {}),
    ("dan", "public", False, seeds, {}),
    ("own", "own", True, seeds, {}),
)
with run.timed("text models"):
    jobs = {}
    for name, which, convolve, seeds_of_it, changes in KINDS_OF_TEXT:
        for s in seeds_of_it:
            how = text_recipe(s, **changes)
            words = (numbers[which], matrix[which], divided, learn_words)
            jobs[name, s] = functools.partial(
                text_model, name, *words, s, width, convolve, how
            )
    text = dict(zip(jobs, several([*jobs.values()], device="cpu"), strict=True))


def expected(kind, s, rows=slice(None)):
    """What a text model expects beside some pictures: probabilities of the words of
    emotion."""
    return predicted(text[kind, s], numbers["own" if kind == "own" else "public"][rows])


def pairwise(scores, rows, chances):
    """For each picture, a row of scores: how often a right word is rated above one
    planted beside it (ties: half)."""
    random = np.random.default_rng([seed, 4])
    chances = chances / chances.sum()
    found = np.full(len(rows), np.nan)
    for k, i in enumerate(rows):
        right = hot[[i]].indices
        free = np.where(np.isin(np.arange(len(chances)), right), 0, chances)
        if free.sum() == 0:
            continue
        planted = random.choice(len(chances), size=len(right), p=free / free.sum())
        a, b = scores[k, right], scores[k, planted]
        found[k] = np.mean((a > b) + 0.5 * (a == b))
    return found


rows = {}
for name in [n for n in loaded if (pictures.corpus[judge] == n).any()]:
    own = judge[(pictures.corpus[judge] == name).to_numpy()]
    base = picture_average_precision(often(own, name), hot[own])
    precision = {
        kind: np.mean(
            [
                picture_average_precision(expected(kind, s, own), hot[own])
                for s in seeds
            ],
            0,
        )
        for kind in ("cnn", "dan", "own")
    }
    helps = run.record(
        f"wei2020/claims/text_model_helps/{name}/map_difference",
        evaluation.bootstrap(
            lambda i, p=precision["cnn"], b=base: (p - b)[i].mean(),
            groups_of(own),
            seed=seed,
        ),
    )
    sees = np.mean(
        [pairwise(expected("cnn", s, own), own, often(own, name)[0]) for s in seeds], 0
    )
    auc = run.record(
        f"wei2020/claims/text_model_finds_wrong_keywords/{name}/auc_difference",
        evaluation.bootstrap(
            lambda i, v=sees: np.nanmean(v[i]) - 0.5, groups_of(own), seed=seed
        ),
    )
    rows[labelled(name)] = (
        {"pictures": len(own), "by frequency": f"{base.mean():.2f}"}
        | {
            label: f"{precision[kind].mean():.2f}"
            for kind, label in (
                ("cnn", "text model"),
                ("dan", "averaging alone"),
                ("own", "own word vectors"),
            )
        }
        | {
            "text model less frequency": signed(helps),
            "right above wrong, less one half": signed(auc),
        }
    )
pd.DataFrame(rows).T.rename_axis("mean average precision")

# %% [markdown]
# ### Eight emotions from words
#
# A second text model learns eight emotions from pictures that people annotated. In the paper these are the 30,000 of SE30K8, five
# answers each. Here they are scenes of another seed with five simulated votes (in `paper`, SE30K8 itself). It gives labels to every
# picture that has words (Table 4's "8"), and its hidden layer is the extra annotation of Table 3. The paper reports up to 90% when
# two answers count.

# %%
annotated = None
if settings["annotated"] != "scenes":
    try:
        annotated = run.load(settings["annotated"])
        EIGHT = se30k8.EMOTIONS
        eight_labels = np.array(
            [EIGHT.index(e) if e in EIGHT else -1 for e in annotated.table["emotion"]]
        )
        # What is tested on later does not teach here.
        tested_groups = (
            tests[annotated.name]["groups"][tested_rows[annotated.name]]
            if annotated.name in tests
            else []
        )
        clean = ~annotated.table.group.isin(tested_groups).to_numpy()
    except Unavailable as why:
        display(
            Markdown(
                f"> **{settings['annotated']} is not within reach** ({why}). Simulated"
                " votes about scenes stand in for it."
            )
        )
if annotated is None:
    painted = {
        "count": settings["annotated scenes"],
        "seed": seed + 100,
        "numbers": (0.7, 0.3, 0.0),
        "pictures": False,
    }
    annotated = corpora.load("scenes", **painted)
    votes = annotated.table[[f"votes_{emotion}" for emotion in MIKELS]].to_numpy()
    EIGHT, eight_labels = MIKELS, np.where(votes.max(1) >= 3, votes.argmax(1), -1)
    # No emoji of a test, in words either.
    clean = ~crossing(emoji_keys(annotated), [[key] for key in held_emoji])
annotated_words = keyword_lists(
    annotated.table["keywords" if "keywords" in annotated.table else "tags"]
)
annotated_groups = annotated.table.group.to_numpy()
eight_reads = Vocabulary.most_frequent(
    [*annotated_words, *pictures.words[L]], known=table
)
eight_numbers = eight_reads.numbers(annotated_words)
usable = np.flatnonzero((eight_labels >= 0) & eight_numbers.any(1) & clean)
parts = np.random.default_rng([seed, 5]).permutation(
    np.unique(annotated_groups[usable])
)
is_held = np.isin(annotated_groups[usable], parts[: max(1, len(parts) // 5)])
eight_learn, eight_test = usable[~is_held], usable[is_held]
one_hot = np.eye(8, dtype=np.float32)[np.maximum(eight_labels, 0)]
eight_matrix = table.vectors(eight_reads.words)[0]
with run.timed("text models"):
    jobs = [
        functools.partial(
            text_model,
            "eight",
            eight_numbers,
            eight_matrix,
            one_hot,
            eight_learn,
            s,
            width,
            True,
            text_recipe(s),
        )
        for s in seeds
    ]
    eight = dict(zip(seeds, several(jobs, device="cpu"), strict=True))
share = np.stack([predicted(eight[s], eight_numbers[eight_test]) for s in seeds])
truth = eight_labels[eight_test]
usual = np.full(
    (1, len(truth)), np.bincount(eight_labels[eight_learn], minlength=8).argmax()
)
second = np.sort(share, -1)[..., -2]
hit = (
    np.take_along_axis(
        share, np.broadcast_to(truth[None, :, None], (len(seeds), len(truth), 1)), -1
    )[..., 0]
    >= second
)
top2 = run.record(
    f"wei2020/text/eight_emotions/{annotated.name}/top2_accuracy",
    evaluation.bootstrap(
        lambda i: hit[:, i].mean(), annotated_groups[eight_test], seed=seed
    ),
)
top1 = run.record(
    f"wei2020/text/eight_emotions/{annotated.name}/accuracy",
    evaluation.score(
        share.argmax(-1), truth, annotated_groups[eight_test], "accuracy", seed=seed
    ),
)
eight_helps = run.record(
    f"wei2020/claims/eight_emotions_from_words/{annotated.name}/accuracy_difference",
    evaluation.difference(
        usual,
        share.argmax(-1),
        truth,
        annotated_groups[eight_test],
        "accuracy",
        seed=seed,
    ),
)
all_numbers = eight_reads.numbers([*pictures.words])
Markdown(
    f"On {len(truth):,} held-out pictures of {labelled(annotated.name)}: accuracy"
    f" **{top1}**, {signed(eight_helps)} against always naming the most frequent"
    f" emotion; when two answers count, {top2} (in the paper up to"
    f" {published['text/pseudo_top2']})."
)

# %% [markdown]
# ### Would a perfect judge see the wrong words?
#
# How hard was it to tell the planted words from the right ones? Where a model finds few: is it blind, or is there nothing to see? The same
# pairs before other judges:
#
# - *Relative to its usual answer.* Right and planted words are drawn from the same frequencies, so how frequent a word is can't tell them
#   apart, and yet it is part of every probability. Divided by the model's mean answer for the pictures of that collection, what is left is
#   how much the *other* words beside this picture speak for the word. Soft targets don't divide.
# - *Three times as long.* The published schedule was made for a million pictures; the same number of epochs on this page's pictures is far fewer steps. (One seed; the published one has several.)
# - *Eight emotions.* The model of the last cell, without the words of emotion among what it reads. It learned from votes, not from keywords,
#   and has eight answers to learn instead of one for each word.
# - *The perfect judge*, in the laboratory only: it knows the distribution of emotions from which the picture's word was drawn. Even this judge errs,
#   since a word that is drawn at random may fit as well as the right one. It knows nothing of words that come from things, *gift* for one, so
#   scenes with such a word are left out of this table.

# %%
from emolib.evaluation import means


def found_wrong(scores, rows, chances):
    """How often a right word is rated above a planted one: the mean over pictures (and
    seeds), with its interval."""
    values = np.stack([pairwise(own, rows, chances) for own in scores])
    return means.mean_score(values, groups_of(rows), seed=seed)


columns, said = {}, []
with run.timed("text models"):
    for name in [n for n in loaded if (pictures.corpus[judge] == n).any()]:
        own = judge[(pictures.corpus[judge] == name).to_numpy()]
        chances = often(own, name)[0].copy()
        of_lab = np.array([word in EMOTION_OF for word in emotional.words])
        if name == "scenes":
            # A few names of things count as words of emotion, a gift for one; the
            # laboratory's distribution is silent on them.
            own, chances = (
                own[np.asarray(hot[own][:, ~of_lab].sum(1)).ravel() == 0],
                chances * of_lab,
            )
        others = L[(pictures.corpus[L] == name).to_numpy()]
        judges = {}
        for kind, label in (
            ("cnn", "text model"),
            ("long", "text model, three times as long"),
        ):
            trained = [s for s in seeds if (kind, s) in text]
            answers = np.stack([expected(kind, s, own) for s in trained])
            usual = np.stack(
                [expected(kind, s, others).mean(0, keepdims=True) for s in trained]
            )
            judges[f"{kind}_raw", label] = answers
            judges[f"{kind}_relative", f"{label}, relative to its usual answer"] = (
                answers / np.maximum(usual, 1e-9)
            )
        if name == "scenes" and of_lab.any():
            emotion = np.array(
                [
                    MIKELS.index(EMOTION_OF.get(word, MIKELS[0]))
                    for word in emotional.words
                ]
            )
            if tuple(EIGHT) == tuple(MIKELS):
                unfelt = eight_reads.numbers([*pictures.other.iloc[own]])
                judges["eight_emotions", "text model of eight emotions"] = np.stack(
                    [predicted(eight[s], unfelt)[:, emotion] for s in seeds]
                )
            truth = planted.loc[[*pictures.image.iloc[own]]].to_numpy()
            judges["perfect", "perfect judge (knows what was planted)"] = truth[None][
                :, :, emotion
            ]
        if not len(own):
            continue
        heard = {
            label: run.record(
                f"wei2020/wrong_keywords/{row}/{name}/auc",
                found_wrong(scores, own, chances),
            )
            for (row, label), scores in judges.items()
        }
        columns[f"{labelled(name)}, {len(own)} pictures"] = {
            label: str(found) for label, found in heard.items()
        }
        best = max(
            (label for row, label in judges if row != "perfect"),
            key=lambda label: heard[label].value,
        )
        said.append(
            f"On {labelled(name)} the text model as published finds the right word"
            f" likelier in {heard['text model']} of the pairs; the best judge that only"
            f" reads words ({best}) does in **{heard[best]}**"
        )
display(pd.DataFrame(columns).fillna("").rename_axis("right above wrong"))
steps = -(-len(learn_words) // PUBLISHED_CODE["batch"]) * PUBLISHED_CODE["epochs"]
Markdown(
    ". ".join(said)
    + " (picked by these very pairs, which flatters it a little). The published"
    f" schedule gives the text model {steps:,} steps on this page; on the paper's"
    " million pictures the same epochs are "
    f"{published['text/train_pictures'] / PUBLISHED_CODE['batch'] * PUBLISHED_CODE['epochs']:,.0f}."
)

# %% [markdown] tags=["slide"]
# ## EmotionNet
#
# ### Soft targets
#
# A picture's keywords are a vector $y$ with a 1 for each; the text model expects $\hat y$. Eq. 1 mixes them:
#
# $$y' = \frac{y + \hat y}{1 + \sum_k \hat y_k}$$
#
# and EmotionNet's softmax is trained by cross-entropy to come close to $y'$ (Eq. 2, divided by $K$, the number of all keywords, 690). A target for a softmax
# should add up to one. Does it? $\hat y$ is a softmax and adds up to one, so the denominator is 2. $y$ adds up to the *number of
# keywords*, seven on average in StockEmotion. So $y'$ adds up to four there, (7 + 1) / 2, and a picture with many keywords counts more than one with few. The published
# code tells another story: there $y$ is divided by its sum first, expectations below 0.01 are dropped, and nothing is divided by $K$. Then
# the 1 in the denominator makes sense. We build both.

# %%
from emolib.softtargets import gradient_cls, loss_cls, soft_targets, supervision

several_words = [i for i in L if 2 <= hot[[i]].nnz <= 4 and numbers["public"][i].any()]
i = several_words[len(several_words) // 2] if several_words else int(learn_words[0])
both = {
    form: soft_targets(hot[[i]].toarray(), expected("cnn", seed, [i]), form)[0]
    for form in ("equation", "code")
}
best = np.argsort(-both["code"])[:10]

# %% tags=["hide-input", "slide-part"]
figure, axes = plt.subplots(1, 2, figsize=(12, 3.6), width_ratios=(0.7, 2))
axes[0].imshow(read_picture(pictures.path[i]))
axes[0].axis("off")
axes[0].set_title(", ".join(emotional.words[k] for k in hot[[i]].indices), fontsize=9)
for k, (form, colour) in enumerate(
    (("equation", "#888888"), ("code", figures.PALETTE["anger"]))
):
    axes[1].bar(
        np.arange(len(best)) + 0.4 * k - 0.2,
        both[form][best],
        0.4,
        color=colour,
        label=(
            f"{'Eq. 1 as printed' if form == 'equation' else 'the published code'}, sum"
            f" {both[form].sum():.2f}"
        ),
    )
axes[1].set_xticks(
    range(len(best)),
    [emotional.words[k] for k in best],
    rotation=35,
    ha="right",
    fontsize=8,
)
axes[1].set_title("Soft targets of one picture")
axes[1].legend(fontsize=8)
figures.show(
    figure,
    alt=(
        "A picture and its soft targets in two forms; the printed form adds up to"
        f" {both['equation'].sum():.2f}, the code's to {both['code'].sum():.2f}."
    ),
)
logits = torch.randn(
    4,
    len(emotional),
    generator=torch.Generator().manual_seed(seed),
    dtype=torch.float64,
    requires_grad=True,
)
goal = torch.as_tensor(
    soft_targets(hot[learn_words[:4]].toarray(), None, "equation"), dtype=torch.float64
)
loss_cls(logits, goal).backward()
distance = float(
    (logits.grad * len(goal) - gradient_cls(logits.detach(), goal)).abs().max()
)
Markdown(
    "With $P$ for the softmax's answer, the gradient of the loss by a logit is $S P_k"
    " - y'_k$ with $S = \\sum_k y'_k$; automatic differentiation agrees to"
    f" {distance:.0e}. A picture's pull grows with $S$, and so, in the printed form,"
    " with the number of its keywords."
)

# %% [markdown]
# ### Words and pictures in one space
#
# The second idea: a matrix $W$ takes the features $v$ to where words live, and the picture should point in the direction of the *mean
# vector of its keywords* (Eq. 3); both losses are added (Eq. 4).
#
# $$L_\mathrm{embed} = 1 - \cos(W v, \bar t), \qquad L = L_\mathrm{cls} + \lambda L_\mathrm{embed}, \quad \lambda = 1$$
#
# The paper tunes a whole ResNet-50 for 30 epochs on a million photographs. On two cores the *trunk*, all of the network but its
# last layer, has to stay as ImageNet left it; what it says of a picture is the picture's *embedding*. But if only new *last* layers were trained, the features would be ImageNet's own and no probe could see a difference. So
# the laptop's EmotionNet changes the embedding itself by a small network beside it, which starts by adding nothing: an *adapter*. The profiles `open`
# and `paper` tune the whole network.

# %%
from emolib import backbones
from emolib.features.deep import deep_features
from emolib.features.reading import pixels
from emolib.models.emotionnet import Adapter, EmotionNet, features, joint_vectors
from emolib.probes import linear_probe, logistic_probe, ridge_probe

trunk, notes, plain = None, [], {}
for candidate in settings["trunk"]:
    try:
        embed = functools.partial(
            deep_features,
            backbone=candidate,
            size=settings["pixels"],
            device=run.device,
            progress=False,
        )
        with run.timed("embeddings"):
            plain = {name: embed(test["paths"]) for name, test in tests.items()}
            web_plain = embed([*pictures.path])
        trunk = candidate
        break
    except Unavailable as why:
        notes.append(f"{candidate} is out of reach ({why})")
if trunk is None:
    raise Unavailable("; ".join(notes))


def inputs_of(paths, embedding):
    """What the network that is trained reads: embeddings, lower maps or pixels."""
    if settings["trained"] == "adapter":
        return embedding
    if settings["trained"] == "upper":
        return deep_features(
            paths,
            trunk,
            output="lower",
            size=settings["pixels"],
            device=run.device,
            progress=False,
        )
    return pixels(paths, settings["pixels"], progress=False)


def build(s, keywords_count, joint):
    """An untrained EmotionNet: ImageNet's features and new last layers; the same seed
    gives the same first weights."""
    course.runtime.seed_everything(s)
    if settings["trained"] == "adapter":
        return Adapter(web_plain[L], keywords_count, joint, settings["adapter's width"])
    return EmotionNet(backbones.load(trunk), keywords_count, joint, settings["trained"])


with run.timed("embeddings"):
    web_x = inputs_of([*pictures.path], web_plain)
    test_x = {
        name: inputs_of(test["paths"], plain[name]) for name, test in tests.items()
    }
example = build(seed, len(emotional), [table.size])
count = sum(p.numel() for p in example.parameters() if p.requires_grad)
if notes:
    display(Markdown("> " + "; ".join(notes) + "."))
Markdown(
    f"The trunk is **{trunk}**, whose embedding has {web_plain.shape[1]} numbers; what"
    f" is trained ({settings['trained']}) has {count:,} parameters for {len(emotional)}"
    f" keywords and a joint space of {table.size}."
)

# %% [markdown]
# ### All networks of the chapter
#
# Every ablation is a choice of targets, words and pictures. Each is trained from several seeds; what a seed decides is the first weights, the
# order of the pictures, and the text model. Settings were fixed on other pictures; nothing is chosen by how a test comes out (one
# exception is named under *ImageNet's head start*).

# %%
lists = {
    "emotional": [*pictures.emotional],
    "all": [*pictures.words],
}
vocabularies = {
    "690": emotional,
    "30k": Vocabulary.most_frequent(pictures.words[L], least=least),
    "8": Vocabulary(EIGHT),
}


def eight_lists(s):
    """The likeliest of the eight emotions for each picture by its words; none where the
    words are unknown."""
    shares = predicted(eight[s], all_numbers)
    return [
        [EIGHT[k]] if there else []
        for k, there in zip(shares.argmax(1), shares.any(1), strict=True)
    ]


def shared_rows(share, s):
    """The first so many groups in an order of their own: a smaller share is part of a
    larger one."""
    groups = np.random.default_rng([s, 6]).permutation(
        np.unique(pictures.group[learn_words])
    )
    return learn_words[
        np.isin(
            pictures.group[learn_words], groups[: max(2, round(share * len(groups)))]
        )
    ]


# Once, here: a table of word vectors is too large to go along with every network.
mean_vectors = {
    "public": table.means(lists["emotional"])[0],
    "own": own_table.means(lists["emotional"])[0],
}


def system(kind, s):
    """What one network learns: keywords, targets, texts, pictures, and how the loss is
    divided."""
    words, vocabulary, soft, texts, divide, form, rows = (
        lists["emotional"],
        vocabularies["690"],
        "cnn",
        "public",
        False,
        "code",
        learn_words,
    )
    if kind in ("no_soft", "no_both"):
        soft = None
    if kind in ("no_embed", "no_both"):
        texts = None
    if kind in ("dan", "own"):
        soft = kind
    if kind == "own":
        texts = "own"
    if kind == "equation":
        form, divide = "equation", True
    if kind in ("keywords_8", "keywords_30k"):
        soft = texts = None
        words, vocabulary = (
            (eight_lists(s), vocabularies["8"])
            if kind == "keywords_8"
            else (lists["all"], vocabularies["30k"])
        )
    if kind.startswith("percent_"):
        soft = texts = None
        rows = shared_rows(int(kind.removeprefix("percent_")) / 100, s)
    given = supervision(
        words,
        vocabulary,
        predicted=None if soft is None else expected(soft, s),
        form=form,
    )
    spaces = [] if texts is None else [mean_vectors[texts]]
    if kind == "extra":
        spaces.append(represented(eight[s], all_numbers))
    return {
        "K": len(vocabulary),
        "targets": given.targets,
        "texts": spaces,
        "rows": np.intersect1d(rows, given.rows),
        "divide": divide,
    }


def recipe(s):
    """How EmotionNet is trained."""
    return Recipe(
        settings["epochs"],
        settings["batch"],
        settings["lr"],
        optimizer=settings["optimizer"],
        schedule=settings["schedule"],
        decay=settings["decay"],
        seed=s,
    )


def probe(v, name, by_seeds):
    """Logits of the paper's linear layer on features of a test's pictures, (seeds, n,
    classes)."""
    labels, folds, classes, epochs = probed[name]
    return linear_probe(
        v, labels, folds, seeds=by_seeds, classes=classes, epochs=epochs
    )


def learned(kind, s, x, test_inputs, device):
    """Train one network; logits of a probe for each test, and of the network itself for
    held-out pictures."""
    given, keep = system(kind, s), kind in ("full", "extra")
    network = build(s, given["K"], [text.shape[1] for text in given["texts"]]).to(
        device
    )
    loss = EmotionLoss(given["targets"], given["texts"], divide=given["divide"])
    fitted(
        f"wei2020-{kind}",
        network,
        x,
        np.arange(len(x)),
        recipe(s),
        key=network_key,
        rows=given["rows"],
        loss=loss,
    )
    found = {"probes": {}}
    if keep:
        found["named"] = predict(network, x, rows=H)[:, : given["K"]]
        found["usual"] = predict(network, x, rows=L[:2000])[:, : given["K"]].mean(0)
    for name in probed:
        v = features(network.to(device), test_inputs[name])
        found["probes"][name] = probe(v, name, (s,))[0]
        if keep:
            found.setdefault("features", {})[name] = v
    return found | {"network": network.cpu() if keep else None}


TABLE3 = ("full", "extra", "no_soft", "no_embed", "no_both")
PERCENT = [f"percent_{round(100 * share)}" for share in settings["shares"] if share < 1]
KINDS = [*TABLE3, "equation", "dan", "own", "keywords_8", "keywords_30k", *PERCENT]
probed = {
    name: (
        test["labels"],
        test["folds"],
        None if test["labels"].ndim == 2 else len(test["classes"]),
        settings["probe epochs"],
    )
    for name, test in tests.items()
}
network_key = [
    words_hash,
    digest([*pictures.image]),
    trunk,
    settings["pixels"],
    settings["trained"],
]
with run.timed("networks and probes"):
    jobs, order = [], []
    for kind in KINDS:
        for s in seeds:
            jobs.append(
                functools.partial(learned, kind, s, web_x, test_x, str(run.device))
            )
            order.append((kind, s))
    results = dict(zip(order, several(jobs, device=run.device), strict=True))
    logits = {
        ("imagenet", name): probe(plain[name], name, tuple(seeds)) for name in probed
    }
for kind in KINDS:
    for name in tests:
        logits[kind, name] = np.stack([results[kind, s]["probes"][name] for s in seeds])
for name in tests:
    logits["percent_100", name] = logits["no_both", name]
    logits["keywords_690", name] = logits["no_both", name]
supervised = supervision(
    [lists["emotional"][i] for i in L],
    emotional,
    predicted=expected("cnn", seed, L),
    table=table,
)
Markdown(f"{len(order)} networks. The full one has {supervised}.")


# %% [markdown]
# ### Does it name keywords?
#
# The paper: "around 50%" top-1 on 690 keywords. The published code counts an answer as right if it is *any* of the picture's keywords. How
# often is one right who always says the same frequent word? That is the baseline that the paper lacks.


# %%
def hits(scores, rows):
    """Whether the first answer is one of the keywords; a row of scores for each of
    these held-out pictures."""
    return any_keyword(scores, hot[rows])


rows = {}
for name in [n for n in loaded if ((pictures.corpus[H] == n) & has_keyword[H]).any()]:
    own = H[(pictures.corpus[H] == name).to_numpy() & has_keyword[H]]
    right = np.mean(
        [hits(results["full", s]["named"][own - len(L)], own) for s in seeds], 0
    )
    usual = hits(often(own, name), own).astype(float)
    named = run.record(
        f"wei2020/training/emotionnet/{name}/any_keyword_accuracy",
        evaluation.bootstrap(lambda i, r=right: r[i].mean(), groups_of(own), seed=seed),
    )
    more = run.record(
        f"wei2020/claims/first_keyword_beats_frequent/{name}/accuracy_difference",
        evaluation.bootstrap(
            lambda i, d=right - usual: d[i].mean(), groups_of(own), seed=seed
        ),
    )
    rows[labelled(name)] = {
        "held-out pictures": len(own),
        "EmotionNet": str(named),
        "always the most frequent": f"{usual.mean():.2f}",
        "difference": signed(more),
    }
pd.DataFrame(rows).T.rename_axis("first answer is any keyword")

# %% [markdown]
# ### ImageNet's head start
#
# Random first weights did as well as ImageNet's, the paper says, only more slowly, for a million pictures. Here both are tried with few: the same
# network, all of it trained, on small pictures, once from ImageNet's weights and once from random ones. (On a laptop the new last layer has a higher rate of
# learning than the rest. We set it so after looking at the pictures of this table: the choice is not blind; it is the same for both starts.)
#
# After so little training the first answer may hardly ever be right, from either start, and a difference of two numbers near zero says
# nothing. So we look at the whole ranking: the {term}`average precision` of each held-out picture's own words, beside that of ranking by frequency. And where a
# difference is not seen, it matters how large one would have had to be. The last row has it: the difference that would have
# been found in four of five such experiments.


# %%
def from_start(random_start, s, x, goals, rows, how, key, keywords_count, device):
    """All of the trunk trained on small pictures, from ImageNet's weights or from
    random ones; its scores of keywords."""
    course.runtime.seed_everything(s)
    network = EmotionNet(backbones.load(trunk), keywords_count, (), "all")
    if random_start:
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    network = network.to(device)
    fitted(
        f"wei2020-start-{random_start}",
        network,
        x,
        np.arange(len(x)),
        how,
        key=key,
        rows=rows,
        loss=EmotionLoss(goals),
    )
    return predict(network, x, rows=H)


with run.timed("first weights"):
    small = pixels([*pictures.path], settings["start pixels"], progress=False)
    most = settings["start pictures"]
    start_rows = np.random.default_rng([seed, 7]).permutation(learn_words)[:most]
    how = [
        Recipe(
            settings["start epochs"],
            settings["start batch"],
            settings["start lr"],
            head=settings["start head"],
            seed=s,
        )
        for s in seeds
    ]
    jobs = [
        functools.partial(
            from_start,
            random_start,
            s,
            small,
            divided.tocsr(),
            start_rows,
            how[k],
            network_key,
            len(emotional),
            str(run.device),
        )
        for random_start in (False, True)
        for k, s in enumerate(seeds)
    ]
    named = several(jobs, device=run.device)
    from_imagenet, from_random = named[: len(seeds)], named[len(seeds) :]
# An interval reaches 1.96 standard errors to each side; for four chances in five, the
# truth has to be 2.80 of them away from zero.
seen_in_four_of_five = lambda e: (e.high - e.low) / 2 * 2.80 / 1.96
rows = {}
for name in [n for n in loaded if ((pictures.corpus[H] == n) & has_keyword[H]).any()]:
    own = H[(pictures.corpus[H] == name).to_numpy() & has_keyword[H]]
    first_, second_ = (
        np.mean([hits(scores[own - len(L)], own) for scores in part], 0)
        for part in (from_imagenet, from_random)
    )
    run.record(
        f"wei2020/first_weights/imagenet_less_random/{name}/accuracy_difference",
        evaluation.bootstrap(
            lambda i, d=first_ - second_: d[i].mean(), groups_of(own), seed=seed
        ),
    )
    precision = {
        row: np.stack(
            [
                picture_average_precision(scores[own - len(L)], hot[own])
                for scores in part
            ]
        )
        for row, part in (
            ("frequency", [np.broadcast_to(often(H, name), from_random[0].shape)]),
            ("imagenet", from_imagenet),
            ("random", from_random),
        )
    }
    entry = {
        "first answer right, ImageNet": f"{first_.mean():.3f}",
        "first answer right, random weights": f"{second_.mean():.3f}",
    }
    for row, label in (
        ("frequency", "by frequency"),
        ("imagenet", "from ImageNet"),
        ("random", "from random weights"),
    ):
        found = means.mean_score(precision[row], groups_of(own), seed=seed)
        entry[f"average precision, {label}"] = f"{found.value:.3f}"
        if row != "frequency":
            run.record(f"wei2020/first_weights/{row}/{name}/map", found)
    helps = run.record(
        f"wei2020/claims/imagenet_start_helps/{name}/map_difference",
        means.mean_difference(
            precision["imagenet"], precision["random"], groups_of(own), seed=seed
        ),
    )
    entry["ImageNet less random"] = signed(helps)
    entry["would have been seen"] = (
        "" if helps.low is None else f"{seen_in_four_of_five(helps):.3f}"
    )
    rows[labelled(name)] = entry
pd.DataFrame(rows).rename_axis(
    f"{len(start_rows)} pictures, {settings['start epochs']} epochs"
)

# %% [markdown] tags=["slide"]
# ## Table 2: are the features better?
#
# The paper's probe is one linear layer on frozen features, trained by gradient descent with the published code's rate. We keep it, on folds that
# keep groups together, and put three things beside it: always naming the most frequent class; a **tuned** logistic regression, since one
# rate for all features can favour one kind of them; and {term}`valence` and {term}`arousal` predicted by ridge regression, judged by
# the correlation *r* of predictions and ratings. Each difference is paired: the same pictures, the same draws.
#
# (Naming the most frequent class can end *below* its share. When classes are equally large, the one that is most frequent among the training
# folds is the one that the test fold has least of.)


# %%
def measure_of(name):
    """What the test is judged by."""
    return "map" if tests[name]["labels"].ndim == 2 else "accuracy"


def drawn_map(values, name):
    """Mean average precision over seeds of one system, or its difference from another,
    with an interval over groups."""
    rows = tested_rows[name]
    parts = [
        Resampled([own[rows] for own in part], tests[name]["labels"][rows])
        for part in values
    ]
    statistic = parts[0] if len(parts) == 1 else lambda i: parts[1](i) - parts[0](i)
    return evaluation.bootstrap(statistic, tests[name]["groups"][rows], seed=seed)


def judged(kind, name):
    """Accuracy (or mean average precision) of a linear classifier on the features of
    one system."""
    test, rows = tests[name], tested_rows[name]
    if measure_of(name) == "map":
        return drawn_map([logits[kind, name]], name)
    return evaluation.score(
        logits[kind, name][:, rows].argmax(-1),
        test["labels"][rows],
        test["groups"][rows],
        "accuracy",
        seed=seed,
    )


def gain(first, second, name):
    """By how much the second system is the better one on a test, paired."""
    test, rows = tests[name], tested_rows[name]
    if measure_of(name) == "map":
        return drawn_map([logits[first, name], logits[second, name]], name)
    a, b = (logits[kind, name][:, rows].argmax(-1) for kind in (first, second))
    return evaluation.difference(
        a, b, test["labels"][rows], test["groups"][rows], "accuracy", seed=seed
    )


def record_table(number, row, kind, name):
    """Keep a number of one of the tables; on StockEmotion's network under the paper's
    column as well."""
    found = run.record(
        f"wei2020/table{number}/{row}/{name}/{measure_of(name)}", judged(kind, name)
    )
    if "stockemotion" in loaded:
        run.record(
            f"wei2020/table{number}/{row}/stockemotion/{name}_{measure_of(name)}", found
        )
    return found


def constant(name):
    """Scores of always naming the training rows' most frequent class, or of each class'
    share."""
    test = tests[name]
    truth = (
        test["labels"]
        if test["labels"].ndim == 2
        else np.eye(len(test["classes"]))[test["labels"]]
    )
    found = np.full((1, *truth.shape), np.nan)
    for train, held_out in test["folds"]:
        found[0, held_out] = truth[train].mean(0)
    return found


ratings = {}
with run.timed("probes"):
    for name, test in tests.items():
        logits["constant", name] = constant(name)
        whole = len(tested_rows[name]) == len(test["paths"]) and all(
            np.isfinite(v).all() for v in test["ratings"].values()
        )
        for target, values in test["ratings"].items() if whole else ():
            ratings["imagenet", name, target] = ridge_probe(
                plain[name], values, test["groups"], test["folds"]
            )[None]
            ratings["emotionnet", name, target] = np.stack(
                [
                    ridge_probe(
                        results["full", s]["features"][name],
                        values,
                        test["groups"],
                        test["folds"],
                    )
                    for s in seeds
                ]
            )
    tuned_jobs = [
        functools.partial(
            logistic_probe,
            x,
            *(tests[main][k] for k in ("labels", "groups", "folds")),
            classes=probed[main][2],
        )
        for x in (
            np.array(plain[main]),
            *(results["full", s]["features"][main] for s in seeds),
        )
    ]
    tuned = several(tuned_jobs, device="cpu")
    logits["tuned imagenet", main], logits["tuned emotionnet", main] = (
        tuned[0],
        np.concatenate(tuned[1:]),
    )
rows = {
    "always the most frequent": {},
    "ImageNet features": {},
    "EmotionNet's features": {},
    "difference": {},
}
for name in tests:
    column = f"{labelled(name)}, {'mAP' if measure_of(name) == 'map' else 'accuracy'}"
    rows["always the most frequent"][column] = str(judged("constant", name))
    rows["ImageNet features"][column] = str(
        record_table(2, "imagenet", "imagenet", name)
    )
    rows["EmotionNet's features"][column] = str(
        record_table(2, "emotionnet", "full", name)
    )
    if measure_of(name) == "accuracy":
        run.record(
            f"wei2020/claims/imagenet_beats_constant/{name}/accuracy_difference",
            gain("constant", "imagenet", name),
        )
    rows["difference"][column] = signed(
        run.record(
            f"wei2020/claims/emotion_net_beats_imagenet/{name}/{measure_of(name)}_difference",
            gain("imagenet", "full", name),
        )
    )
    for target in tests[name]["ratings"]:
        if ("imagenet", name, target) not in ratings:
            continue
        column = f"{labelled(name)}, r of {target}"
        truth, groups = tests[name]["ratings"][target], tests[name]["groups"]
        for row, label in (
            ("imagenet", "ImageNet features"),
            ("emotionnet", "EmotionNet's features"),
        ):
            rows[label][column] = str(
                run.record(
                    f"wei2020/table2/{row}/{name}/{target}_r",
                    evaluation.score(
                        ratings[row, name, target], truth, groups, "r", seed=seed
                    ),
                )
            )
        rows["difference"][column] = signed(
            run.record(
                f"wei2020/claims/emotion_net_predicts_ratings/{name}/{target}_r_difference",
                evaluation.difference(
                    ratings["imagenet", name, target],
                    ratings["emotionnet", name, target],
                    truth,
                    groups,
                    "r",
                    seed=seed,
                ),
            )
        )
display(pd.DataFrame(rows).fillna("").rename_axis("Table 2, ours"))
for row, kind in (("imagenet", "tuned imagenet"), ("emotionnet", "tuned emotionnet")):
    run.record(f"wei2020/tuned/{row}/{main}/{measure_of(main)}", judged(kind, main))
tuned_gain = gain("tuned imagenet", "tuned emotionnet", main)
verdict = lambda e: (
    "no larger than noise"
    if e.low is None or e.low <= 0 <= e.high
    else "larger than noise"
)
headline = run.metrics[
    f"wei2020/claims/emotion_net_beats_imagenet/{main}/{measure_of(main)}_difference"
]
below = [
    name
    for name in tests
    if measure_of(name) == "accuracy"
    and judged("imagenet", name).value < judged("constant", name).value
]
if below:
    display(
        Markdown(
            f"> On {' and '.join(map(labelled, below))} a linear classifier does worse"
            " than always naming the most frequent class. What follows about this test"
            " compares features that know little of its classes: read it with care."
        )
    )
Markdown(
    f"On {labelled(main)} learning from keywords{simulated} changes the result by"
    f" **{signed(headline)}**: {verdict(headline)}. With a tuned classifier: ImageNet"
    f" {judged('tuned imagenet', main)}, EmotionNet {judged('tuned emotionnet', main)},"
    f" difference {signed(tuned_gain)}. In the paper EmotionNet gains"
    f" {100 * (published['table2/emotionnet/fi'] - published['table2/imagenet/fi']):.1f}"
    " points on FI and"
    f" {100 * (published['table2_ube/emotionnet/ube'] - published['table2_ube/imagenet/ube']):.1f}"
    " on UnBiasedEmotion."
)

# %% tags=["hide-input", "slide-part"]
figure, axis = plt.subplots(figsize=(9.5, 0.9 + 0.75 * len(tests)))
for offset, (row, label, colour) in zip(
    (0.12, -0.12),
    (
        ("imagenet", "ImageNet features", "#888888"),
        ("emotionnet", "EmotionNet's features", figures.PALETTE["anger"]),
    ),
    strict=True,
):
    figures.interval_plot(
        axis,
        [labelled(name) for name in tests],
        [
            run.metrics[f"wei2020/table2/{row}/{name}/{measure_of(name)}"]
            for name in tests
        ],
        colour,
        offset,
        label,
    )
for k, name in enumerate(tests):
    base = judged("constant", name).value
    axis.plot(
        [base] * 2,
        [len(tests) - 1 - k - 0.3, len(tests) - 1 - k + 0.3],
        color="black",
        ls=":",
    )
axis.set(
    xlim=(0, 1),
    ylim=(-0.6, len(tests) - 0.4),
    xlabel="accuracy (EMOTIC: mean average precision)",
    title="A linear classifier on frozen features (dotted: the most frequent class)",
)
axis.legend(fontsize=8)
figures.show(
    figure,
    alt="Accuracy with intervals of two kinds of features. "
    + "; ".join(
        f"{labelled(name)}: ImageNet {judged('imagenet', name)}, EmotionNet"
        f" {judged('full', name)}"
        for name in tests
    )
    + ".",
)

# %% [markdown]
# Four quadrants of the plane of valence and arousal, cut at the medians, are a harder test on the same photographs.

# %%
plane = next(
    (
        name
        for name in tests
        if {"valence", "arousal"} <= set(tests[name]["ratings"])
        and len(tested_rows[name]) == len(tests[name]["paths"])
    ),
    None,
)
if plane is not None:
    both = tests[plane]["ratings"]
    quadrant = 2 * (both["valence"] > np.median(both["valence"])) + (
        both["arousal"] > np.median(both["arousal"])
    )
    with run.timed("probes"):
        compared = [
            (np.array(plain[plane]), tuple(seeds)),
            *((results["full", s]["features"][plane], (s,)) for s in seeds),
        ]
        jobs = [
            functools.partial(
                linear_probe,
                x,
                quadrant,
                tests[plane]["folds"],
                seeds=by_seeds,
                classes=4,
                epochs=settings["probe epochs"],
            )
            for x, by_seeds in compared
        ]
        found = several(jobs, device="cpu")
    said = {
        "imagenet": found[0].argmax(-1),
        "emotionnet": np.concatenate(found[1:]).argmax(-1),
    }
    found = {
        row: run.record(
            f"wei2020/quadrants/{row}/{plane}/accuracy",
            evaluation.score(
                guess, quadrant, tests[plane]["groups"], "accuracy", seed=seed
            ),
        )
        for row, guess in said.items()
    }
    change = evaluation.difference(
        said["imagenet"],
        said["emotionnet"],
        quadrant,
        tests[plane]["groups"],
        "accuracy",
        seed=seed,
    )
    display(
        Markdown(
            f"Quadrants of {labelled(plane)}: ImageNet {found['imagenet']}, EmotionNet"
            f" {found['emotionnet']}, difference **{signed(change)}** (guessing: about"
            " one quarter)."
        )
    )
else:
    display(
        Markdown(
            "> No test of this run has both ratings of all its pictures; quadrants are"
            " left out."
        )
    )


# %% [markdown]
# ## Tables 3 and 4: what each part is worth
#
# Table 3 takes the two repairs away, one by one (a row with a minus), and adds the eight emotions as extra annotation (the row with a
# plus). Table 4 changes which keywords are learned. The paper's numbers stand beside ours. Its differences between rows are mostly
# below 1.5 points, without intervals. The last rows of Table 3 are ours: targets
# and loss exactly as Eqs. 1 and 2 are printed, averaging instead of the text model, and own word vectors.


# %%
def beside(number, rows):
    """A table of the paper and ours side by side."""
    found = {}
    for row, (kind, label) in rows.items():
        entry = {
            f"{labelled(name)}": str(record_table(number, row, kind, name))
            for name in tests
        }
        for table_id, columns in (
            (f"table{number}", ("fi", "affectnet")),
            (f"table{number}_ube", ("ube",)),
            (f"table{number}_map", ("body", "image")),
        ):
            for column in columns:
                value = published.get(f"{table_id}/{row}/{column}")
                entry[f"paper: {column}"] = (
                    "" if value is None else f"{100 * value:.2f}"
                )
        found[label] = entry
    return pd.DataFrame(found).T


display(
    beside(
        3,
        {
            "full": ("full", "EmotionNet"),
            "extra": ("extra", "+ extra annotation"),
            "no_soft": ("no_soft", "- soft targets"),
            "no_embed": ("no_embed", "- embedding loss"),
            "no_both": ("no_both", "- both"),
            "equation": ("equation", "Eqs. 1 and 2 as printed"),
            "averaging": ("dan", "averaging for the text model"),
            "own_vectors": ("own", "own word vectors"),
        },
    ).rename_axis("Table 3")
)
beside(
    4,
    {
        "keywords_8": ("keywords_8", "8 emotions"),
        "keywords_30k": (
            "keywords_30k",
            f"all keywords ({len(vocabularies['30k']):,} here)",
        ),
        "keywords_690": ("keywords_690", f"words of emotion ({len(emotional)} here)"),
    },
).rename_axis("Table 4")

# %% [markdown]
# The same as differences, each with its interval. A dot right of zero means that the part helps: "soft targets" is the full network
# less the one without them, "soft targets alone" is measured without the embedding loss, and "this, not that" is this less that.
# The scales of the panels differ.

# %% tags=["hide-input"]
PAIRS = {
    "soft_targets_help": ("no_soft", "full"),
    "embedding_loss_helps": ("no_embed", "full"),
    "both_losses_beat_neither": ("no_both", "full"),
    "soft_targets_alone_help": ("no_both", "no_embed"),
    "embedding_loss_alone_helps": ("no_both", "no_soft"),
    "code_targets_beat_equation": ("equation", "full"),
    "extra_data_helps": ("full", "extra"),
    "text_variants_do_not_help": ("dan", "full"),
    "trained_word_vectors_do_not_help": ("own", "full"),
    "keywords_690_beat_8": ("keywords_8", "keywords_690"),
    "keywords_690_beat_30k": ("keywords_30k", "keywords_690"),
    "keywords_8_beat_30k": ("keywords_30k", "keywords_8"),
    "more_pictures_help": ("percent_10", "percent_100"),
    "tenth_beats_imagenet": ("imagenet", "percent_10"),
    "fewer_labels_suffice": ("imagenet", "percent_25"),
}
differences = {}
for name in tests:
    for slug, (first_, second_) in PAIRS.items():
        differences[slug, name] = run.record(
            f"wei2020/claims/{slug}/{name}/{measure_of(name)}_difference",
            gain(first_, second_, name),
        )
names_of = {
    "soft_targets_help": "soft targets",
    "embedding_loss_helps": "embedding loss",
    "both_losses_beat_neither": "both",
    "soft_targets_alone_help": "soft targets alone",
    "embedding_loss_alone_helps": "embedding loss alone",
    "code_targets_beat_equation": "the code's targets, not Eq. 1",
    "extra_data_helps": "extra annotation",
    "text_variants_do_not_help": "text model, not averaging",
    "trained_word_vectors_do_not_help": "public word vectors, not own",
    "keywords_690_beat_8": "words of emotion, not 8",
    "keywords_690_beat_30k": "words of emotion, not all",
    "keywords_8_beat_30k": "8 emotions, not all keywords",
    "more_pictures_help": "all pictures, not a tenth",
}
figure, axes = plt.subplots(
    1, min(3, len(tests)), figsize=(13, 4.8), sharey=True, squeeze=False
)
for axis, name in zip(axes[0], tests, strict=False):
    figures.interval_plot(
        axis,
        list(names_of.values()),
        [differences[slug, name] for slug in names_of],
        figures.PALETTE["sadness"],
    )
    axis.axvline(0, color="black", lw=1)
    axis.set(
        title=labelled(name),
        xlabel=(
            "gain in"
            f" {'mean average precision' if measure_of(name) == 'map' else 'accuracy'}"
        ),
    )
beyond = {
    name: [
        names_of[slug]
        for slug in names_of
        if differences[slug, name].low is not None
        and not differences[slug, name].low <= 0 <= differences[slug, name].high
    ]
    for name in tests
}
figures.show(
    figure,
    alt="Gain by each part with its interval. Intervals that leave out zero: "
    + "; ".join(
        f"{labelled(name)}: {', '.join(found) or 'none'}"
        for name, found in beyond.items()
    )
    + ".",
)
shown_many = len(names_of) * len(tests)
by_name = {
    (names_of[slug], name): differences[slug, name]
    for slug in names_of
    for name in tests
}
display(
    Markdown(
        "Differences **larger than noise** (95% interval without zero): "
        + "; ".join(
            f"on {labelled(name)} "
            + (", ".join(f"{n} ({signed(by_name[n, name])})" for n in found) or "none")
            for name, found in beyond.items()
        )
        + f". {shown_many} differences are shown. If none of the parts did anything,"
        f" about {shown_many / 20:.0f} would look that large by luck alone."
    )
)
widths = {
    name: np.mean(
        [
            (e.high - e.low) / 2
            for e in (differences[slug, name] for slug in names_of)
            if e.low is not None
        ]
        or [np.nan]
    )
    for name in tests
}
largest_gain = max(
    published["table3/full/fi"] - published["table3/no_both/fi"],
    published["table3/full/affectnet"] - published["table3/no_both/affectnet"],
    published["table3_ube/full/ube"] - published["table3_ube/no_both/ube"],
)
Markdown(
    "A difference has to reach about "
    + ", ".join(
        f"{100 * w:.1f} points on {labelled(name)}" for name, w in widths.items()
    )
    + " for its interval to leave out zero, with this many test pictures. The paper's"
    f" largest gain by its two losses is {100 * largest_gain:.1f} points."
)

# %% [markdown] tags=["slide"]
# ## Table 5: how many pictures does it take?
#
# The question behind every ablation. Networks learn from a tenth of the pictures, a quarter, and so on, without the two repairs, as in the
# paper; ImageNet's features are the line to cross. Smaller shares lie inside the larger ones, and whole groups are drawn. Bands in the figure are
# 95% intervals.

# %% tags=["slide-part"]
steps = [*PERCENT, "percent_100"]
sizes = {
    step: np.mean(
        [len(shared_rows(int(step.removeprefix("percent_")) / 100, s)) for s in seeds]
    )
    for step in steps
}
display(
    pd.DataFrame(
        {
            step.replace("percent_", "") + "%": (
                {"pictures": f"{sizes[step]:.0f}"}
                | {
                    labelled(name): str(record_table(5, step, step, name))
                    for name in tests
                }
                | {
                    "paper, UnBiasedEmotion": (
                        f"{100 * published[f'table5/accuracy/{step}']:.2f}"
                    )
                }
            )
            for step in steps
        }
    ).rename_axis("Table 5")
)


def curve_of(name, i=slice(None)):
    """The measure of each share on some of the tested pictures."""
    rows = tested_rows[name][i]
    truth = tests[name]["labels"][rows]
    if measure_of(name) == "map":
        return np.array(
            [
                np.mean(
                    [
                        mean_average_precision(own[rows], truth)
                        for own in logits[step, name]
                    ]
                )
                for step in steps
            ]
        )
    return np.array(
        [np.mean(logits[step, name][:, rows].argmax(-1) == truth) for step in steps]
    )


doublings = np.log2([sizes[step] for step in steps])
figure, axes = plt.subplots(1, min(3, len(tests)), figsize=(13, 3.8), squeeze=False)
slopes = {}
for name in tests:
    draws = 1000 if measure_of(name) == "accuracy" else 50
    slopes[name] = run.record(
        f"wei2020/learning_curve/per_doubling/{name}/{measure_of(name)}",
        evaluation.bootstrap(
            lambda i, n=name: np.polyfit(doublings, curve_of(n, i), 1)[0],
            tests[name]["groups"][tested_rows[name]],
            seed=seed,
            draws=draws,
        ),
    )
    if all(f"percent_{k}" in steps for k in (25, 50, 75)):
        at = {step: k for k, step in enumerate(steps)}
        shrink = lambda c, at=at: (
            c[at["percent_50"]]
            - c[at["percent_25"]]
            - (c[at["percent_100"]] - c[at["percent_75"]])
        )
        run.record(
            f"wei2020/claims/gains_shrink/{name}/gain_difference",
            evaluation.bootstrap(
                lambda i, n=name: shrink(curve_of(n, i)),
                tests[name]["groups"][tested_rows[name]],
                seed=seed,
                draws=draws,
            ),
        )
for axis, name in zip(axes[0], tests, strict=False):
    found = [
        run.metrics[f"wei2020/table5/{step}/{name}/{measure_of(name)}"]
        for step in steps
    ]
    low, high = (
        [getattr(e, side) if getattr(e, side) is not None else e.value for e in found]
        for side in ("low", "high")
    )
    x = [sizes[step] for step in steps]
    axis.plot(
        x,
        [e.value for e in found],
        "o-",
        color=figures.PALETTE["anger"],
        label="learned from keywords",
    )
    axis.fill_between(x, low, high, color=figures.PALETTE["anger"], alpha=0.15, lw=0)
    line = run.metrics[f"wei2020/table2/imagenet/{name}/{measure_of(name)}"]
    axis.axhline(line.value, color="#888888", label="ImageNet features")
    if line.low is not None:
        axis.axhspan(line.low, line.high, color="#888888", alpha=0.12, lw=0)
    axis.set(xscale="log", xlabel="pictures learned from", title=labelled(name))
    axis.set_xticks(x, [f"{size:,.0f}" for size in x], fontsize=7, rotation=45)
    axis.minorticks_off()
axes[0][0].set_ylabel("accuracy of a linear classifier")
axes[0][0].legend(fontsize=8)
figures.show(
    figure,
    alt=(
        "Accuracy over the number of pictures learned from, and ImageNet's line. Gain"
        " by doubling: "
    )
    + "; ".join(f"{labelled(name)} {signed(slopes[name])}" for name in tests)
    + ".",
)


def what_it_takes(name):
    """In words: what the curve says about beating ImageNet's features, or that it says
    nothing."""
    slope, gap = (
        slopes[name],
        run.metrics[f"wei2020/table2/imagenet/{name}/{measure_of(name)}"].value
        - curve_of(name)[-1],
    )
    each = (
        f"Each doubling of the pictures changes the result on {labelled(name)} by"
        f" {slope.value:.3f}"
        + ("" if slope.low is None else f" [{slope.low:.3f}, {slope.high:.3f}]")
        + ". "
    )
    if slope.low is None or slope.low <= 0:
        return (
            each
            + "The interval reaches down to zero or below, so no number of pictures of"
            " this kind can be named that would do."
        )
    need = (gap + 0.02) / slope.value
    if need <= 0:
        return (
            each
            + "All pictures together are already two points or more above ImageNet's"
            " features."
        )
    return (
        each + f"If that went on, two points above ImageNet would take {need:.1f} more"
        f" doublings, about {sizes['percent_100'] * 2**need:,.0f} pictures."
    )


Markdown(
    "\n\n".join(what_it_takes(name) for name in tests) + "\n\nStockEmotion has"
    f" {published['text/train_pictures'] / sizes['percent_100']:,.0f} times as many"
    " pictures to learn from as this page, and they are photographs."
)

# %% [markdown] tags=["slide"]
# ## Table 6: recognition without training
#
# $W v$ lies where words lie. So any class that has a *name* can be recognised: take the mean vector of the words that describe it, and the class
# whose direction is nearest. Nobody trains anything on the test. The paper goes another way in its text: class words go
# through the text model of **eight** emotions, and so do pictures, in a space of its hidden layer. But Eq. 3 learns another space, that of averaged word
# vectors. We try both readings; the second uses the network with extra annotation, whose second joint space is that hidden layer.

# %% tags=["slide-part"]
from emolib.probes import class_representations, class_vectors, zero_shot

DESCRIBED = {
    "negative": [
        "negative",
        "unpleasant",
        "sad",
        "angry",
        "fear",
        "disgust",
        "pain",
        "danger",
    ],
    "neutral": ["neutral", "ordinary", "plain", "calm", "everyday"],
    "positive": ["positive", "pleasant", "happy", "joy", "love", "fun", "beautiful"],
}


# Ours; EMOTIC's authors describe each category in a phrase.
EMOTIC_WORDS = {
    "affection": "love tenderness fond",
    "anger": "angry furious rage",
    "annoyance": "annoyed irritated impatient",
    "anticipation": "expecting waiting hopeful",
    "aversion": "disgust repulsion dislike",
    "confidence": "confident proud sure",
    "disapproval": "disapproval contempt judging",
    "disconnection": "bored indifferent distracted",
    "disquietment": "worried nervous tense",
    "doubt/confusion": "doubt confused uncertain",
    "embarrassment": "embarrassed ashamed guilty",
    "engagement": "attentive interested absorbed",
    "esteem": "admiration respect gratitude",
    "excitement": "excited energetic enthusiastic",
    "fatigue": "tired sleepy weary",
    "fear": "fear afraid terror",
    "happiness": "happy joy delighted",
    "pain": "pain hurt suffering",
    "peace": "peaceful calm relaxed",
    "pleasure": "pleasure delight enjoyment",
    "sadness": "sad sorrow disappointed",
    "sensitivity": "sensitive vulnerable delicate",
    "suffering": "suffering distress anguish",
    "surprise": "surprise sudden unexpected",
    "sympathy": "sympathy compassion caring",
    "yearning": "desire longing envy",
}


def describe(name):
    """The words of each class: those above, the laboratory's, or the class' own name
    and its parts."""
    if name.startswith("emotic"):
        return {c: EMOTIC_WORDS[c].split() for c in tests[name]["classes"]}
    if name in ("oasis", "openmoji"):
        return DESCRIBED
    if tests[name]["classes"] == list(MIKELS):
        return {
            emotion: [word for word, of in EMOTION_OF.items() if of == emotion]
            for emotion in MIKELS
        }
    return {
        c: [part for part in c.replace("(", "/").replace(")", "").split("/") if part]
        for c in tests[name]["classes"]
    }


def scores_by_words(name):
    """Cosines of pictures and classes by both readings, (seeds, n, classes); None where
    the words are unknown."""
    words = describe(name)
    first_ = np.stack(
        [
            zero_shot(
                joint_vectors(results["full", s]["network"], test_x[name]),
                class_vectors(words, table),
            )
            for s in seeds
        ]
    )
    try:
        second_ = np.stack(
            [
                zero_shot(
                    joint_vectors(results["extra", s]["network"], test_x[name], 1),
                    class_representations(words, eight[s], eight_reads),
                )
                for s in seeds
            ]
        )
    except BadInput:
        second_ = None
    return first_, second_


with run.timed("zero-shot"):
    rows = {}
    for name in tests:
        rows_, truth = tested_rows[name], tests[name]["labels"][tested_rows[name]]
        groups = tests[name]["groups"][rows_]
        single = truth.ndim == 1
        one = (
            np.eye(len(tests[name]["classes"]), dtype=bool)[truth] if single else truth
        )
        by_words = scores_by_words(name)
        entry = {"classes": len(tests[name]["classes"])}
        map_of = lambda scores: Resampled([own[rows_] for own in scores], one)
        chance_map = lambda i, one=one: float(one[i][:, one[i].any(0)].mean(0).mean())
        for reading, scores in zip(
            ("zero_shot", "zero_shot_eight"), by_words, strict=True
        ):
            if scores is None:
                continue
            label = "by words" if reading == "zero_shot" else "by eight emotions"
            found = evaluation.bootstrap(map_of(scores), groups, seed=seed)
            run.record(f"wei2020/table6/{reading}/{name}/map", found)
            if "stockemotion" in loaded and name.startswith("emotic"):
                run.record(f"wei2020/table6/{reading}/stockemotion/{name}_map", found)
            entry[f"mAP {label}"] = str(found)
            if single:
                right = scores[:, rows_].argmax(-1)
                entry[f"accuracy {label}"] = str(
                    run.record(
                        f"wei2020/table6/{reading}/{name}/accuracy",
                        evaluation.score(right, truth, groups, "accuracy", seed=seed),
                    )
                )
        entry["mAP by chance"] = f"{chance_map(np.arange(len(rows_))):.2f}"
        entry["accuracy by chance"] = (
            f"{1 / len(tests[name]['classes']):.2f}" if single else ""
        )
        scores = by_words[0]
        if single:
            right = (scores[:, rows_].argmax(-1) == truth).mean(0)
            run.record(
                f"wei2020/claims/zero_shot_beats_chance/{name}/accuracy_difference",
                evaluation.bootstrap(
                    lambda i, r=right, k=one.shape[1]: r[i].mean() - 1 / k,
                    groups,
                    seed=seed,
                ),
            )
        words_map, trained_map = map_of(scores), map_of(logits["imagenet", name])
        run.record(
            f"wei2020/claims/zero_shot_beats_chance/{name}/map_difference",
            evaluation.bootstrap(
                lambda i, m=words_map, c=chance_map: m(i) - c(i), groups, seed=seed
            ),
        )
        run.record(
            f"wei2020/claims/zero_shot_beats_imagenet/{name}/map_difference",
            evaluation.bootstrap(
                lambda i, a=words_map, b=trained_map: a(i) - b(i), groups, seed=seed
            ),
        )
        entry["mAP, classifier on ImageNet features"] = (
            f"{trained_map(np.arange(len(rows_))):.2f}"
        )
        rows[labelled(name)] = entry
display(pd.DataFrame(rows).fillna("").rename_axis("Table 6"))
Markdown(
    f"The paper, on EMOTIC's 26 emotions: {published['table6/zero_shot/body']:.4f} for"
    f" people cut out and {published['table6/zero_shot/image']:.4f} for whole pictures,"
    " without a word on chance; a classifier on ImageNet features, which it calls not"
    f" useful, had {published['table2_map/imagenet/body']:.4f} and"
    f" {published['table2_map/imagenet/image']:.4f}."
)

# %% [markdown]
# ## One map of words and pictures
#
# Pictures and words in the joint space, flattened to a plane by {term}`t-SNE` or by {term}`UMAP`, as the settings say (t-SNE where time is short,
# since UMAP first has to translate itself for the machine). Each kind may have a large part in common, all pictures one and all words
# another; the sentence below the map says how large. So each is centred first. What is near on such a map was near in the space;
# what is far says little. Thumbnails and words that would cover another are left out.

# %%
import warnings

from sklearn.manifold import TSNE


def on_a_plane(v, method):
    """Rows as points of the plane, (n, 2); neighbours in the space are to stay
    neighbours."""
    if method == "t-SNE":
        return TSNE(
            perplexity=min(25, (len(v) - 1) / 3), init="pca", random_state=seed
        ).fit_transform(v)
    import umap

    with warnings.catch_warnings():
        # umap says that one seed means one thread, which is what we asked for.
        warnings.simplefilter("ignore", UserWarning)
        return umap.UMAP(
            n_neighbors=min(15, len(v) - 2), random_state=seed
        ).fit_transform(v)


mapped = main if main != "openmoji" else next(iter(tests))
random = np.random.default_rng([seed, 8])
some = np.sort(random.permutation(len(tests[mapped]["paths"]))[:220])
points = joint_vectors(results["full", seed]["network"], test_x[mapped][some])
there = [word for word in emotional.words[:45] if word in table]
of_words = table.vectors(there)[0]
unit = lambda v: v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)
joint_map = np.concatenate(
    [
        unit(unit(points) - unit(points).mean(0)),
        unit(unit(of_words) - unit(of_words).mean(0)),
    ]
)
with run.timed("map"):
    xy = on_a_plane(joint_map, settings["map"])
low, span = xy.min(0), np.ptp(xy, axis=0)
free = []
for k, place in enumerate(xy[len(some) :]):
    # The size of a word, as a share of the map.
    if all(
        (np.abs(place - xy[len(some) + other]) > span * (0.085, 0.026)).any()
        for other in free
    ):
        free.append(k)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(11.5, 8))
drawn = figures.scatter_pictures(
    axis, xy[: len(some)], [tests[mapped]["paths"][i] for i in some]
)
for k in free:
    axis.text(
        *xy[len(some) + k],
        there[k],
        ha="center",
        va="center",
        fontsize=9,
        fontweight="bold",
        color=figures.PALETTE["anger"],
        bbox=dict(boxstyle="round,pad=0.15", fc="white", ec="none", alpha=0.75),
    )
axis.set(
    xlim=(low[0] - 0.05 * span[0], low[0] + 1.05 * span[0]),
    ylim=(low[1] - 0.05 * span[1], low[1] + 1.05 * span[1]),
    xticks=[],
    yticks=[],
    title=(
        f"Words of emotion and pictures of {labelled(mapped)} in one space, by"
        f" {settings['map']}"
    ),
)
near = zero_shot(points - points.mean(0), of_words - of_words.mean(0))
in_common = [float(np.linalg.norm(unit(v).mean(0))) for v in (points, of_words)]
figures.show(
    figure,
    alt=(
        f"A map by {settings['map']} with {drawn} pictures and {len(free)} words. The"
        " word nearest to most pictures is"
        f" {there[np.bincount(near.argmax(1), minlength=len(there)).argmax()]}."
    ),
)
Markdown(
    f"Length of the mean direction before centring: {in_common[0]:.2f} for pictures,"
    f" {in_common[1]:.2f} for words (1: all point the same way; 0: nothing in common)."
)

# %% [markdown]
# ## Retrieval: similar in feeling, or in kind?
#
# The paper shows single queries: ImageNet's neighbours share the object, EmotionNet's the feeling. A figure of chosen queries proves
# nothing, so ours has a number for each: of the ten nearest pictures (nothing of the query's own group), how many share
# the emotion, and how many share what is to be seen? And how many would, of any two pictures of different groups?

# %%
from emolib import retrieval


def neighbours(v, name, k):
    """The nearest pictures outside the query's own group."""
    groups = tests[name]["groups"]
    largest = int(pd.Series(groups).value_counts().iloc[0])
    return retrieval.apart(
        retrieval.exact(v, v, min(len(v), k + largest)), groups, groups, k
    )


def shared_things(name):
    """What is to be seen, as labels or as a table of yes and no."""
    things = tests[name]["things"]
    if isinstance(things, np.ndarray):
        return np.unique(things, return_inverse=True)[1]
    kinds = {thing: k for k, thing in enumerate(sorted(set().union(*things)))}
    found = np.zeros((len(things), len(kinds)), bool)
    for row, own in zip(found, things, strict=True):
        row[[kinds[thing] for thing in own]] = True
    return found


with run.timed("retrieval"):
    rows, near = {}, {}
    for name in [name for name in tests if tests[name]["things"] is not None]:
        groups, labels_ = tests[name]["groups"], tests[name]["labels"]
        k = max(1, min(10, len(groups) - int(pd.Series(groups).value_counts().iloc[0])))
        near["imagenet", name] = [neighbours(plain[name], name, k)]
        near["emotionnet", name] = [
            neighbours(results["full", s]["features"][name], name, k) for s in seeds
        ]
        goals = {"emotion": labels_, "object": shared_things(name)}
        strangers = groups[:, None] != groups[None]
        chance_of = {
            what: (
                (
                    (goal[:, None] == goal[None])
                    if goal.ndim == 1
                    else (goal.astype(int) @ goal.T.astype(int)) > 0
                )[strangers].mean()
            )
            for what, goal in goals.items()
        }
        values = {
            (row, what): np.mean(
                [
                    retrieval.precision(found.rows, goal, goal)
                    for found in near[row, name]
                ],
                0,
            )
            for row in ("imagenet", "emotionnet")
            for what, goal in goals.items()
        }
        for (row, what), value in values.items():
            run.record(
                f"wei2020/retrieval/{row}/{name}/{what}_precision",
                evaluation.bootstrap(lambda i, v=value: v[i].mean(), groups, seed=seed),
            )
        for slug, what, sign in (
            ("retrieval_beats_imagenet_neighbours", "emotion", 1),
            ("imagenet_neighbours_keep_objects", "object", -1),
        ):
            change = sign * (values["emotionnet", what] - values["imagenet", what])
            run.record(
                f"wei2020/claims/{slug}/{name}/precision_difference",
                evaluation.bootstrap(
                    lambda i, c=change: c[i].mean(), groups, seed=seed
                ),
            )
        rows[labelled(name)] = (
            {f"{what}, any two": f"{chance:.2f}" for what, chance in chance_of.items()}
            | {
                f"{what}, {label}": str(
                    run.metrics[f"wei2020/retrieval/{row}/{name}/{what}_precision"]
                )
                for what in ("emotion", "object")
                for row, label in (
                    ("imagenet", "ImageNet"),
                    ("emotionnet", "EmotionNet"),
                )
            }
            | {
                "gain in emotion": signed(
                    run.metrics[
                        f"wei2020/claims/retrieval_beats_imagenet_neighbours/{name}/precision_difference"
                    ]
                ),
                "loss in object": signed(
                    run.metrics[
                        f"wei2020/claims/imagenet_neighbours_keep_objects/{name}/precision_difference"
                    ]
                ),
            }
        )

# %% tags=["hide-input"]
if rows:
    display(pd.DataFrame(rows).T.rename_axis("share of the ten nearest"))
    name = next(name for name in (main, *tests) if tests[name]["things"] is not None)
    chosen = np.random.default_rng([seed, 9]).permutation(len(tests[name]["paths"]))[:2]
    figure, axes = plt.subplots(4, 7, figsize=(13, 7.4), squeeze=False)
    for q, query in enumerate(chosen):
        for r, row in enumerate(("imagenet", "emotionnet")):
            line = [int(query), *near[row, name][0].rows[query][:6]]
            for c, axis in enumerate(axes[2 * q + r]):
                axis.axis("off")
                if c >= len(line) or (c == 0 and r == 1):
                    continue
                axis.imshow(figures.thumbnail(tests[name]["paths"][line[c]], 96, 120))
                axis.set_title(
                    (
                        "query: "
                        + tests[name]["classes"][tests[name]["labels"][line[c]]]
                        if c == 0
                        else tests[name]["classes"][tests[name]["labels"][line[c]]]
                    ),
                    fontsize=8,
                    fontweight="normal",
                )
            axes[2 * q + r][1].text(
                -0.15,
                0.5,
                "ImageNet" if row == "imagenet" else "EmotionNet",
                rotation=90,
                transform=axes[2 * q + r][1].transAxes,
                va="center",
                ha="center",
                fontsize=9,
            )
    figure.suptitle(
        f"Two queries drawn at random from {labelled(name)}, with their class",
        fontsize=11,
        fontweight="bold",
    )
    figures.show(
        figure,
        alt=(
            f"Two random queries of {name} and their six nearest pictures under"
            " ImageNet's and under EmotionNet's features, each with its class."
        ),
    )
else:
    display(
        Markdown("> None of this run's tests says what is to be seen in its pictures.")
    )

# %% [markdown]
# A million pictures can't be compared one by one with each query. A graph of neighbours {cite}`malkov2020` looks at a part of them. How much does it
# miss? Here on this page's pictures; `python -m emolib bench retrieval` measures it on a million vectors, beside an exact search.

# %%
with run.timed("retrieval"):
    base = np.concatenate([web_plain, *plain.values()]).astype(np.float32)
    index = retrieval.Index.build(base, cache_root() / "retrieval")
    asked = np.arange(0, len(base), max(1, len(base) // 150))
    k = min(10, len(base) - 1)
    quick = index.search(base[asked], k + 1)
    # Each query is among the vectors itself: no credit for finding it.
    quick, truth = (
        retrieval.apart(found, asked, np.arange(len(base)), k)
        for found in (quick, retrieval.exact(base[asked], base, k + 1))
    )
    missed = retrieval.recall(quick.rows, truth.rows)
Markdown(
    f"Among {len(base):,} vectors of {base.shape[1]} numbers, the index compared"
    f" {quick.compared:,.0f} a query and found **{missed.mean():.1%}** of the true {k}"
    " nearest."
)

# %% [markdown]
# ## Where does EmotionNet see a word?
#
# The gradient of a keyword's score by the last feature maps says which maps speak for it; weighted by that, they show where (Grad-CAM
# {cite}`selvaraju2017`). Six pictures drawn at random, each with the keyword whose score is highest *above its usual one*, so that a word that leads everywhere does
# not win everywhere. The maps are measured from their usual values too: red places raise the word's score above the usual,
# blue ones lower it. Nobody has checked these words, and a map explains a wrong word as readily as a right one.

# %%
side = settings["pixels"]
picked = np.random.default_rng([seed, 10]).permutation(len(tests[main]["paths"]))[:6]
paths = [tests[main]["paths"][i] for i in picked]
network = results["full", seed]["network"]
with run.timed("activation maps"):
    usual = results["full", seed]["usual"]
    if settings["trained"] == "adapter":
        last = torch.from_numpy(
            np.array(
                deep_features(
                    paths,
                    trunk,
                    output="maps",
                    size=side,
                    device=run.device,
                    progress=False,
                ),
                np.float32,
            )
        )
        score = lambda maps: network(maps.mean((2, 3)))
    else:
        x = torch.from_numpy(np.array(test_x[main][np.sort(picked)]))
        picked, paths = (
            np.sort(picked),
            [tests[main]["paths"][i] for i in np.sort(picked)],
        )
        with torch.no_grad():
            low = (
                network.lower((x.permute(0, 3, 1, 2) - network.mean) / network.std)
                if network.lower is not None
                else x.float()
            )
            last = network.upper(low)
        score = lambda maps: network.head(network.neck(maps))
    last.requires_grad_(True)
    logits_ = score(last)[:, : len(emotional)]
    word = (logits_.detach().numpy() - usual).argmax(1)
    logits_[torch.arange(len(picked)), torch.from_numpy(word)].sum().backward()
    weights = last.grad.mean((2, 3), keepdim=True)
    # From the usual value of each map on: what is the same everywhere explains nothing
    # that is unusual here.
    common = (
        torch.from_numpy(web_plain[L].mean(0)).to(last.dtype)
        if settings["trained"] == "adapter"
        else last.detach().mean((0, 2, 3))
    )
    heat = (weights * (last - common[:, None, None])).sum(1, keepdim=True).detach()
    heat = torch.nn.functional.interpolate(heat, size=(side, side), mode="bicubic")[
        :, 0
    ].numpy()
shown = pixels(paths, side, progress=False)

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, len(picked), figsize=(14, 5), squeeze=False)
for column, picture, own, best in zip(axes.T, shown, heat, word, strict=True):
    column[0].imshow(picture)
    column[0].set_title(emotional.words[best], fontsize=10, fontweight="normal")
    figures.overlay(column[1], picture, own, float(np.abs(own).max()) + 1e-9)
    for axis in column:
        axis.axis("off")
figure.suptitle(
    f"The word that EmotionNet finds likelier than usual, and where ({labelled(main)})",
    fontsize=11,
    fontweight="bold",
)
figures.show(
    figure,
    alt=(
        f"{len(picked)} pictures with the words"
        f" {', '.join(emotional.words[k] for k in word)}, and below each a map, red"
        " where a place raises the word's score above its usual one, blue where it"
        " lowers it."
    ),
)

# %% [markdown] tags=["slide"]
# ## What holds, and what does not
#
# A claim holds if the 95% interval of a difference lies above zero, is contradicted if it lies below, and is inconclusive
# otherwise. Verdicts are computed from this page's numbers and speak of this page's pictures and its small networks. They are many: one in
# twenty of those without any truth in them would come out as holding or contradicted.

# %% tags=["hide-input", "slide-part"]
verdicts = claims.scorecard([run.content()], paper="wei2020")
figures.sentences(claims.judged(verdicts))
Markdown("On these pictures: " + claims.tally(verdicts) + ".")

# %% [markdown]
# ## The fine print
#
# Numbers and sentences of the paper that can be checked against one another, and against its published code, are checked. Below are the checks that
# fail.

# %%
checks, wrong = claims.failed_checks(verdicts)
display(Markdown(f"{checks} checks, of which {len(wrong)} fail:"))
figures.sentences(wrong)

# %% [markdown]
# Four of them deserve a second look. The text says that performance suffers when either loss or both are taken away; the first column of its
# own Table 3 has a row without the embedding loss that is higher. It says that all 30,000 keywords teach substantially less than 690 or 8; in
# Table 4, on AffectNet, they teach more than 8. Tables 4 and 5 are not about EmotionNet, but about the
# network *without* both losses, which the paper does not say.
# And the validation file of the published code is its test file: a model chosen by the pictures that it is then tested on looks
# better than it is.
#
# ## Exercises

# %% tags=["remove-cell"]
from emolib import exercises

# %% [markdown] tags=["exercise"]
# ### How much does the embedding weigh?
#
# Train the full network with λ = 0, 0.3, 1 and 3: `system("full", seed)` is what it learns, `build`, `recipe` and `fitted` make it. What happens to the cosine between pictures and their words on held-out pictures, and
# to the probe? Write `mean_cosine(a, b)` for rows of pictures and rows of words, where a row without words is NaN and does not count,
# and put the cosines into `cosines`, under λ.


# %% tags=["solution"]
def mean_cosine(a, b):
    there = ~np.isnan(b).any(1)
    return float((unit(a[there]) * unit(b[there])).sum(1).mean())


answer, cosines = {}, {}
given = system("full", seed)
for weight in (0.0, 0.3, 1.0, 3.0):
    network = build(seed, given["K"], [table.size]).to(run.device)
    loss = EmotionLoss(given["targets"], given["texts"], weight)
    fitted(
        "wei2020-exercise",
        network,
        web_x,
        np.arange(len(web_x)),
        recipe(seed),
        key=network_key,
        rows=given["rows"],
        loss=loss,
    )
    cosines[weight] = mean_cosine(
        joint_vectors(network, web_x[H]), given["texts"][0][H]
    )
    logits[f"λ = {weight}", main] = probe(
        features(network, test_x[main]), main, (seed,)
    )
    answer[f"λ = {weight}"] = {
        "cosine with the words": f"{cosines[weight]:.2f}",
        f"{labelled(main)}": str(judged(f"λ = {weight}", main)),
        "less λ = 0": signed(gain("λ = 0.0", f"λ = {weight}", main)) if weight else "",
    }
# With λ = 0 nothing pulls W, so its cosine is that of a random map. Among the others:
# as far as the interval of the last column holds zero, the features do not care (one
# seed; more would make it narrower).
pd.DataFrame(answer).T

# %% tags=["solution", "check"]
exercises.check(run.chapter, 1, globals())

# %% [markdown] tags=["exercise"]
# ### Is it the emotion, or any words at all?
#
# Shuffle the keywords among the pictures: each picture gets the list of another one. Train the network without both losses. Whatever is left of
# its difference from ImageNet's features came from training as such, and not from what the words say. Call the lists, one a picture,
# `swapped`; only the pictures `learn_words` change theirs.

# %% tags=["solution"]
shuffled = np.random.default_rng([seed, 11]).permutation(learn_words)
swapped = [*pictures.emotional]
for i, j in zip(learn_words, shuffled, strict=True):
    swapped[i] = pictures.emotional[j]
given = supervision(swapped, emotional)
network = build(seed, len(emotional), []).to(run.device)
fitted(
    "wei2020-exercise",
    network,
    web_x,
    np.arange(len(web_x)),
    recipe(seed),
    key=network_key,
    rows=np.intersect1d(learn_words, given.rows),
    loss=EmotionLoss(given.targets),
)
answer = {}
for name in tests:
    logits["shuffled", name] = probe(features(network, test_x[name]), name, (seed,))
    answer[labelled(name)] = {
        "shuffled words": str(judged("shuffled", name)),
        "shuffled words less ImageNet's features": signed(
            gain("imagenet", "shuffled", name)
        ),
        "own words": str(judged("no_both", name)),
        "own words less shuffled words": signed(gain("shuffled", "no_both", name)),
    }
# The control that the paper lacks: a million pictures with anybody's words would tell
# how much of its gain is more pictures.
pd.DataFrame(answer).T

# %% tags=["solution", "check"]
exercises.check(run.chapter, 2, globals())

# %% [markdown] tags=["exercise"]
# ### What is chance in mean average precision?
#
# EMOTIC's zero-shot results look respectable beside the earlier best. Score pictures at random on classes as rare as you like. Where does mean average precision
# end up? Write `chance(often)` for classes in a share `often` of the pictures.

# %% tags=["solution"]
random = np.random.default_rng(seed)


def chance(often):
    truth = random.random((2000, 26)) < often
    return mean_average_precision(random.random(truth.shape), truth)


answer = {
    f"classes in {often:.0%} of the pictures": f"{chance(often):.3f}"
    for often in (0.05, 0.2, 0.5)
}
# It is the share of pictures that have the class. Without the classes' shares a mean
# average precision says little.
pd.Series(answer, name="mean average precision of random scores").to_frame()

# %% tags=["solution", "check"]
exercises.check(run.chapter, 3, globals())

# %% [markdown]
# ## What to take along
#
# - Words beside pictures are labels that cost nothing. How many it takes to make up for their noise is a curve, not an adjective.
# - Clean first: count, cut, choose, remove copies, and have a sample checked. Copies between training and test spoil the test itself; let a guard
#   stop the run.
# - A text model can guess missing words from the others. Plant wrong ones to see whether it notices, and ask what a perfect judge would notice.
# - Ask what a target adds up to. A denominator of "1 + ..." only makes sense for one definition of $y$, and the paper prints the other.
# - Features are compared by a probe, a paired difference, and an interval; differences that are smaller than it are not findings, neither the paper's nor ours.
# - A joint space of words and pictures recognises without training. Always say what chance is.

# %%
path = run.save()
Markdown(
    f"{len(run.metrics)} numbers of this page are in `{path.parent.name}/{path.name}`."
)
