"""The text of the page *Your own picture*: Markdown around the part that its script fills.

Every number in it comes from ``model.json``, which the export of the same build wrote.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emolib.site.markdown import table

_APP = """
```{{raw}} html
<link rel="stylesheet" href="{base}/ownpicture.css">
<div id="own-picture" class="own-picture" data-runtime="{base}/{runtime}" data-wasm="{base}/{wasm}"
     data-model="{base}/model.onnx" data-facts="{base}/model.json">
  <div class="op-take" data-part="take" hidden>
    <label class="op-drop" data-part="drop">
      <span>Drop a picture here, paste one, or <u>choose a file</u></span>
      <input type="file" accept="image/*" data-part="file">
    </label>
    <button type="button" data-part="camera">Use the camera</button>
  </div>
  <div data-part="finder" hidden>
    <video data-part="video" playsinline muted aria-label="What the camera sees"></video>
    <button type="button" data-part="shoot">Take the picture</button>
    <button type="button" data-part="cancel">Cancel</button>
  </div>
  <p data-part="status" role="status">This needs JavaScript, and a page that comes from a web server; for a book on your
  own disk, <code>make serve</code> starts one.</p>
  <div class="op-result" data-part="result" hidden>
    <figure>
      <canvas data-part="map" width="448" height="448" role="img" aria-label="Your picture"></canvas>
      <figcaption><label>What speaks for <select data-part="choice"></select></label>
      <span data-part="legend"></span></figcaption>
    </figure>{figures}
  </div>
</div>
<script type="module" src="{base}/ownpicture.js"></script>
```
"""

_FIGURE = """
    <figure>
      <svg data-part="{drawing}" role="img" aria-label="{name}"></svg>
      <figcaption><strong data-part="{line}"></strong> {caption}
      <details><summary>{name} in numbers</summary><table><tbody data-part="{rows}"></tbody></table></details>
      </figcaption>
    </figure>"""

_DOES = """
## What happens to your picture

It stays in this browser. The model ({model:.0f} MB) and the program that runs it ({runtime:.0f} MB) come to your
picture, once, from the folder that this page comes from, and the page forbids your browser to exchange anything with
another host.

The picture is made small as all pictures of this book are (short side to {shorter} pixels, then the middle {size} by
{size}), so **what lies at its ends is not seen**. A network that was trained on ImageNet's photographs, and that we
left as it is, turns it into {places} numbers. What it says is a linear function of these:"""

_LIMITS = """
## What it can't tell

- **How you feel, or how anyone feels.** At best it says how the people who were asked rated *other pictures* that look
  alike to a network.
- **What somebody in the picture feels.** No feeling can be read off a face, by this model or another: a smile may be a
  mask, and tears may be joy. To it a face is a pattern like any other. It was neither made nor tested for judging
  people; do not use it so.
- **That it does not know.** It always answers, also to a page of text or a black frame.
- **Why.** The map is exact for the linear function alone: it says how much each of {cells} by {cells} places added to
  the answer. What in the picture made the network's numbers at a place, no map says; a place sees far beyond its own
  square.
"""


def page(
    facts: Mapping[str, Any] | None, base: str, runtime: Mapping[str, int], model_bytes: int, why_not: str = ""
) -> str:
    """The page as Markdown.

    Args:
        facts: the content of ``model.json``; None where no model could be made.
        base: address of the folder with script, model and runtime, relative to the page.
        runtime: name -> size in bytes of the runtime's two files (loader, then program); empty where they are not had.
        model_bytes: size of the model.
        why_not: what keeps the page from working, as a sentence; empty if nothing does.
    """
    parts = [
        "# Your own picture\n\nGive this page a picture, and the book's own models say what they make of it: which of "
        "Mikels' eight emotions, how pleasant and how exciting, and which places of the picture speak for that. **Your "
        "browser does it all; nothing is uploaded.** Before you believe an answer, read "
        "[how often it is wrong](#how-often-it-is-wrong)."
    ]
    if why_not:
        parts.append(f":::{{note}}\n{why_not}\n:::")
    if facts is None:
        return "\n\n".join(parts) + "\n"
    if not why_not:
        loader, program = runtime
        shown = []
        if facts["emotions"]:
            simulated = facts["trained_on"]["emotions"]["simulated"]
            shown.append(_FIGURE.format(
                drawing="wheel", line="likeliest", rows="emotions", name="The wheel",
                caption="The area of a sector is its probability; the dotted ring is one in eight."
                + (" Learnt from painted pictures with <strong>simulated</strong> emotions." if simulated else ""),
            ))  # fmt: skip
        if facts["plane"]:
            shown.append(_FIGURE.format(
                drawing="plane", line="point", rows="dimensions", name="The plane",
                caption="From 1 to 9; the ellipse is as wide as the typical error.",
            ))  # fmt: skip
        parts.append(_APP.format(base=base, runtime=loader, wasm=program, figures="".join(shown)).strip())
        parts.append(
            _DOES.format(
                model=model_bytes / 1e6, runtime=sum(runtime.values()) / 1e6, places=f"{facts['backbone']['dim']:,}",
                **facts["input"],
            ).strip()
        )  # fmt: skip
    parts += [_heads(facts), _wrong(facts), _LIMITS.format(cells=facts["input"]["cells"]).strip()]
    return "\n\n".join(parts) + "\n"


def _heads(facts: Mapping[str, Any]) -> str:
    """What each head learnt from, as a list; and which is left out."""
    lines = []
    for head, told in facts["trained_on"].items():
        what = "**the eight emotions**" if head == "emotions" else "**valence and arousal**, on a scale from 1 to 9"
        corpus = f"[{told['title']}](../cards/{told['corpus']}.md)"
        line = f"- {what}: learnt from {told['pictures']:,} pictures of {corpus}."
        if head == "emotions":
            line += " Each emotion gets a {term}`logit`, from which its probability is made; the map counts in logits."
        if told["simulated"]:
            line += (
                " **Those are painted, and their emotions are simulated: nobody felt them.** What it says about a "
                "photograph shows how such a model works; it is no knowledge about feelings."
            )
        lines.append(line)
    for head, why in facts["missing"].items():
        what = "the wheel" if head == "emotions" else "the plane of valence and arousal"
        lines.append(f"- {what} is left out. {why}")
    return "\n".join(lines)


def _wrong(facts: Mapping[str, Any]) -> str:
    """How often it is wrong, with intervals and baselines."""
    parts = [
        "## How often it is wrong",
        "Measured on pictures that the measured model had not learnt from, with a {term}`group-aware split` (the "
        "penalty is chosen inside the training part); in brackets, the 95% {term}`bootstrap interval`.",
    ]
    found = facts["measured"].get("emotions")
    if found:
        told = facts["trained_on"]["emotions"]
        text = (
            f"**The emotion** it finds likeliest is the right one for {_share(found['accuracy'])} of the "
            f"{'simulated ' if told['simulated'] else ''}pictures; whoever always names the commonest emotion is right "
            f"for {_share(found['majority'])}."
        )
        if "best_possible" in found:
            best = f"{found['best_possible']['value']:.0%}"
            text += f" On average nothing can be right for more than {best} there: the answers were drawn by lot."
        if "polarity_r" in found:
            text += (
                " On the *photographs* of OASIS, from which it did not learn, nobody named emotions; but one can ask "
                "how the probability of its four positive emotions goes with the valence that people gave: *r* = "
                f"{_plain(found['polarity_r'])}, where 1 would be full agreement and 0 none. "
                + _verdict(found["polarity_r"])
            )
        elif told["simulated"]:
            text += " How often it is wrong on photographs, nobody has measured here."
        recalls = [(name, _share(found[f"recall/{name}"])) for name in facts["wheel"]]
        parts += [text, table(["Emotion", "Found when it is the right one"], recalls)]
    found = facts["measured"].get("plane")
    if found:
        rows = [
            (
                name,
                _plain(found[f"{name}/r"]),
                f"{math.sqrt(found[f'{name}/mse']['value']):.2f}",
                f"{math.sqrt(found[f'{name}/mse_of_mean']['value']):.2f}",
            )
            for name in facts["plane"]["dimensions"]
        ]
        header = ["Dimension", "Correlation with people's mean", "Typical error", "Of the mean rating"]
        parts += [
            "**Valence and arousal**, in points of the scale from 1 to 9. The typical error is the root mean square; "
            "the last column is that of answering the same to every picture.",
            table(header, rows),
        ]
    apart = max(facts["onnx"]["from_pytorch"].values())
    parts.append(
        f"The file that your browser runs holds the weights in 16 bits; on {facts['onnx']['compared_on']} pictures its "
        f"answers were within {apart:.4f} of PyTorch's. `python -m emolib export --out DIR` writes the same file and "
        "the numbers of this page."
    )
    return "\n\n".join(parts)


def _verdict(r: Mapping[str, Any]) -> str:
    """What a correlation says about the wheel on photographs, by its interval."""
    if r["low"] is None:
        return "Too few pictures were there for an interval."
    if r["low"] > 0:
        return "On photographs too the wheel tells pleasant from unpleasant, as well as that number says and no better."
    if r["high"] < 0:
        return "**On photographs the wheel takes pleasant for unpleasant.**"
    return (
        "The interval includes 0: **nothing shows that on photographs the wheel tells even pleasant from unpleasant.**"
    )


def _plain(estimate: Mapping[str, Any]) -> str:
    text = "undefined" if estimate["value"] is None else f"{estimate['value']:.2f}"
    return text if estimate["low"] is None else f"{text} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def _share(estimate: Mapping[str, Any]) -> str:
    bounds = "" if estimate["low"] is None else f" [{100 * estimate['low']:.0f}, {100 * estimate['high']:.0f}]"
    return f"{estimate['value']:.0%}{bounds}"
