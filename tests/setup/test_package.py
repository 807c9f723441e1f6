"""What pip gets: the wheel's files and requirements, and the pins of what is installed here."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sensecf_core.paths import ROOT
from sensecf_core.provenance import NO_DEPENDENCIES, code_sha256

FILES = ("requirements.txt", "requirements-nodeps.txt", "requirements-dev.txt")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

BESIDE_THE_PINS = {"pip", "wheel", "sensecf"}
"""What an environment has of itself, and this program where somebody installed it for development."""

BROUGHT_BY_TORCH = re.compile(r"nvidia-.*|cuda-.*|triton|pytorch-triton.*")
"""What a build of torch for a GPU brings; torch's own metadata pins it."""


def requirements(*names: str) -> Iterator[Requirement]:
    for name in names:
        lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
        yield from (Requirement(line) for line in lines if line and not line.startswith("-r"))


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    """Version by name."""
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in requirements(*FILES)
    }


def test_everything_installed_is_pinned(pinned: dict[str, str]) -> None:
    found = {canonicalize_name(one.metadata["Name"]): one.version for one in metadata.distributions()}
    loose = {name: version for name, version in found.items() if pinned.get(name) != version.split("+")[0]}
    loose = {name: version for name, version in loose.items() if not BROUGHT_BY_TORCH.fullmatch(name)}
    assert not loose.keys() - BESIDE_THE_PINS, loose


def test_every_pin_is_one_version_said_once() -> None:
    named = [canonicalize_name(one.name) for one in requirements(*FILES)]
    assert len(named) == len(set(named))
    for one in requirements(*FILES):
        assert re.fullmatch(r"==[\w.]+", str(one.specifier)), str(one)


def test_what_pip_resolves_admits_what_is_pinned(pinned: dict[str, str]) -> None:
    for text in (*PROJECT["dependencies"], *(text for extra in EXTRAS.values() for text in extra)):
        wanted = Requirement(text)
        if wanted.name != "sensecf":
            assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text
    assert [str(one) for one in requirements("requirements-nodeps.txt")] == list(NO_DEPENDENCIES)


def test_every_import_has_its_requirement() -> None:
    distributions = metadata.packages_distributions()
    base = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extra = {name: {canonicalize_name(Requirement(text).name) for text in EXTRAS[name]} for name in EXTRAS}
    extra["baselines"] |= {canonicalize_name(Requirement(text).name) for text in NO_DEPENDENCIES}
    indirect = {"pydantic-core"}  # pydantic pins it
    for path in (ROOT / "sensecf_core").rglob("*.py"):
        allowed = base | indirect | extra["gpu"]
        allowed |= extra["app"] if "ui" in path.parts else set()
        allowed |= extra["baselines"] if "baselines" in path.parts else set()
        allowed |= extra["exports"] if "records" in path.parts else set()
        allowed |= extra["cluster"] if "cluster" in path.parts else set()
        for name in imported(path) - set(sys.stdlib_module_names) - {"sensecf_core"}:
            assert allowed & {canonicalize_name(one) for one in distributions[name]}, (path, name)


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built without network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("sensecf-*-py3-none-any.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def site(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel lies unpacked, as pip would: in the repository of something else."""
    repository = tmp_path_factory.mktemp("repository")
    commit = ("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--allow-empty", "-m", "other")
    for words in (("init", "--quiet"), commit):
        subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True)
    wheel.extractall(repository / "site-packages")
    return repository / "site-packages"


def test_the_wheel_holds_the_package_its_data_and_the_trained_models(wheel: zipfile.ZipFile) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    wanted = {
        re.sub("^models/", "sensecf_core/_models/", name)
        for name in tracked.stdout.split("\0")
        if name.startswith(("sensecf_core/", "models/")) and (ROOT / name).is_file()
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    for name in ("language/models/models.toml", "cohorts/data/heart/rows.parquet", "aireadi/data/items.csv"):
        assert f"sensecf_core/{name}" in wanted
    assert wanted <= held, wanted - held
    beyond = (
        held - wanted
    )  # a file that is not committed yet is all right if it is of the package's own kinds
    assert all(name.startswith("sensecf_core/") and name.endswith((".py", ".typed")) for name in beyond)


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    (folder,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert "sensecf = sensecf_core.cli:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    described = wheel.read(f"{folder}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in described
    assert "ATTRIBUTION.md" in described
    assert "# SenseCF" in described


def installed(
    site: Path, home: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in ``home`` with the unpacked wheel in place of the checkout."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("SENSECF_", "XDG_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env={**known, "PYTHONPATH": str(site), "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installation_keeps_its_files_in_the_users_data_folder(site: Path, tmp_path: Path) -> None:
    code = """
import json
from sensecf_core import paths, provenance
places = [str(place) for place in (paths.ROOT, paths.MODELS, paths.base_models(), paths.var("runs", "one"))]
print(json.dumps([*places, provenance.commit(), provenance.code_sha256("sensecf_core.cohorts")]))
"""
    done = installed(site, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    root, models, base, var, commit, code_hash = json.loads(done.stdout)
    parent = Path("Library/Application Support") if sys.platform == "darwin" else Path(".local/share")
    data = tmp_path / parent / "sensecf"
    assert (Path(root), Path(models)) == (site, site / "sensecf_core/_models")
    assert (Path(base), Path(var)) == (data / "models/base", data / "var/runs/one")
    assert [folder.stat().st_mode & 0o777 for folder in (data, data / "var", data / "var/runs")] == [
        0o700
    ] * 3
    assert commit is None
    assert code_hash == code_sha256("sensecf_core.cohorts")


def test_an_installation_answers_and_names_its_own_commands(site: Path, tmp_path: Path) -> None:
    code = """
from sensecf_core.cli import main
from sensecf_core.provenance import DATA_REMEDY, install_command
asked = "explain --cohort heart --sample 1 --json --method".split()
codes = [main([*asked, method]) for method in ("random", "lm-few-shot")]
raise SystemExit("\\n".join([str(codes), DATA_REMEDY, install_command("gpu"), install_command("baselines")]))
"""
    done = installed(site, tmp_path, "-c", code, SENSECF_VAR=str(tmp_path / "elsewhere"))
    (answer,) = json.loads(done.stdout)["answers"]
    assert answer["counterfactuals"]
    assert list((tmp_path / "elsewhere").iterdir())
    message, codes, remedy, gpu, baselines = done.stderr.splitlines()[-5:]
    assert codes == "[0, 1]"
    assert message.endswith("run `sensecf fetch-model`.")
    assert remedy == "install sensecf again"
    assert gpu == 'pip install "sensecf[gpu]"'
    assert baselines.startswith('pip install "sensecf[baselines]" && pip install --no-deps dice-ml==')
