"""Print in one line which build of torch pip would install, and how large the download is.

    python tools/torch_build.py torch==2.13.0

Asks pip (a dry run, which reads only the package's metadata). Exits with 1 if pip finds no build.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse


def pip_choice(requirement: str) -> dict[str, Any] | None:
    """The entry of pip's installation report for ``requirement``; None if pip finds no file for it."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed"]
    command += ["--disable-pip-version-check", "--quiet", "--report", "-", requirement]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.stderr.write(result.stderr)
        return None
    entry: dict[str, Any] = json.loads(result.stdout)["install"][0]
    return entry


def describe(entry: dict[str, Any]) -> str:
    """Describe version, kind of build and size in one sentence.

    The size of a local file is measured; other sizes are those of torch 2.13.0.
    """
    version = entry["metadata"]["version"]
    address = urlparse(entry["download_info"]["url"])
    needs = " ".join(entry["metadata"].get("requires_dist", []))
    if address.scheme == "file":
        megabytes = Path(unquote(address.path)).stat().st_size // 1_000_000
        return f"PyTorch {version}: {megabytes} MB, from this machine's disk."
    if "nvidia" in needs and "linux" in unquote(address.path):
        return (
            f"PyTorch {version}: the package index offers the build with CUDA, about 3 GB to download and "
            "7 GB on disk. (Where pip is configured to see a CPU build, that one is taken: about 200 MB.)"
        )
    return f"PyTorch {version}: a CPU build, about 200 MB to download."


def main() -> int:
    """Print the sentence for the requirement on the command line."""
    entry = pip_choice(sys.argv[1])
    if entry is None:
        return 1
    print(describe(entry))
    return 0


if __name__ == "__main__":
    sys.exit(main())
