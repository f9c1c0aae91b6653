"""The machine beneath a run: seeds, device, memory.

Nothing here happens at import: a chapter calls it through `emolib.course.start`; training script and benchmarks too.
"""

from __future__ import annotations

import ctypes
import random
import sys

import numpy as np
import torch

from emolib.errors import BadInput, Unavailable

# glibc's mallopt parameters, from <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> bool:
    """Ask glibc to keep what is freed instead of handing it back to the kernel.

    A network allocates the same large activations at every step. By default each of them is mapped anew, and the
    kernel clears every page at its first touch: on a laptop that costs more than the arithmetic. Elsewhere than on
    glibc (macOS, Windows, musl) this does nothing.

    Returns:
        True if the allocator took the setting.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, 1 << 30)) and bool(mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1))


def check_seed(seed: object) -> None:
    """BadInput unless the seed is an integer in [0, 2**32)."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise BadInput(f"seed: {seed!r} is not an integer from 0 to 2**32 - 1")


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy's legacy generator (umap uses it) and PyTorch, and ask for deterministic kernels.

    Raises:
        BadInput: the seed is not an integer in [0, 2**32).
    """
    check_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)


def pick_device(name: str = "auto") -> torch.device:
    """The device by name: "auto" is CUDA, then Apple's MPS, then the CPU.

    Raises:
        BadInput: not a device name.
        Unavailable: a GPU was asked for and there is none. It is never replaced by the CPU in silence.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise BadInput(f"device: {name!r} is unknown; use auto, cpu, cuda, cuda:N or mps") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Unavailable(f"device: {name!r} was asked for, and this machine has no CUDA GPU; use device=auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise Unavailable(f"device: {name!r} was asked for, and this machine has no MPS; use device=auto or cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise BadInput(f"device: {name!r} is not supported; use auto, cpu, cuda, cuda:N or mps")
    return device
