"""
What is installed beside the adapter, as far as it can be judged without a network.

Whether a release was withdrawn, and what was found out since ``advisories.toml`` was written, only
a registry knows: neither is claimed here.
"""

import ast
import base64
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution
from importlib.metadata import PackageNotFoundError
from importlib.metadata import distribution
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version


_ROOT = Path(__file__).parents[2]
_PROJECT: dict[str, Any] = tomllib.loads(_ROOT.joinpath("pyproject.toml").read_text())
_ADVISORIES: list[dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("advisories.toml").read_text()
)["advisory"]

#: Imported and not declared: their range is the declared package's business, which requires them.
_COMES_WITH = {"pandas": "nautilus-trader", "uvloop": "nautilus-trader", "yarl": "aiohttp"}

#: Declared without an upper bound, and why a new major version is no reason to refuse it.
_OPEN_ENDED = {
    "pyarrow": "the framework's own range holds it",
    "typer": "the command line only",
    "rich": "the command line only",
    "msgspec": "the framework's own range holds it below 1",
}

#: What LGPL-3.0-or-later may stand on, as it stands in metadata and at the top of licence texts.
_LICENCES = re.compile(
    r"MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL-2\.0|LGPL|Zlib|CC0|Public Domain",
    re.IGNORECASE,
)
#: Their wheels say nothing of a licence. Both come with the Starknet tools of the local Paradex.
_SAY_NOTHING = {"crypto-cpp-py", "poseidon-py"}
_NOT_LICENCES = re.compile(r"\b(?:A?GPL)\b|Affero|Commercial|Proprietary", re.IGNORECASE)


def name_of(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def declared() -> dict[str, Requirement]:
    requirements = map(Requirement, _PROJECT["project"]["dependencies"])
    return {name_of(requirement.name): requirement for requirement in requirements}


@cache
def installed() -> dict[str, Distribution]:
    """Return all packages that the adapter needs at run time, with what they need."""
    todo, found = list(declared().values()), dict[str, Distribution]()
    while todo:
        name = name_of(todo.pop().name)
        if name in found:
            continue
        found[name] = distribution(name)
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement)
    return found


def imports() -> Iterator[tuple[str, Path]]:
    """Yield the first names of all absolute imports of the package."""
    for path in _ROOT.joinpath("nautilus_paradex").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0], path


# -- WHAT IS DECLARED ------------------------------------------------------------------------------


def test_everything_that_is_imported_is_declared_and_the_reverse() -> None:
    """Nothing comes along by chance, and nothing is installed for no reason."""
    providers = packages_distributions()
    used: dict[str, Path] = {}
    for module, path in imports():
        if module != "nautilus_paradex" and module not in sys.stdlib_module_names:
            (provider,) = {name_of(name) for name in providers[module]}
            used.setdefault(provider, path)
    for name, provider in _COMES_WITH.items():
        needed = {name_of(Requirement(text).name) for text in distribution(provider).requires or ()}
        assert name in needed
    assert used.keys() - _COMES_WITH.keys() == declared().keys()


def test_every_range_has_both_ends_or_a_reason() -> None:
    for name, requirement in declared().items():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert requirement.url is None, f"{name} comes from outside of the index"
        assert not operators & {"==", "==="}, f"{name} is nailed to a version with all its faults"
        if name not in _OPEN_ENDED:
            assert operators >= {">=", "<"}, name


def test_only_the_index_and_the_build_backend_make_the_package() -> None:
    build = [Requirement(text).name for text in _PROJECT["build-system"]["requires"]]
    assert build == ["hatchling"]
    groups = [text for group in _PROJECT["dependency-groups"].values() for text in group]
    assert all(Requirement(text).url is None for text in groups)


# -- WHAT IS INSTALLED -----------------------------------------------------------------------------


def test_what_is_installed_fits_together() -> None:
    """Every requirement of every package is met, as ``pip check`` says too."""
    found = installed()
    for name, requirement in declared().items():
        assert requirement.specifier.contains(found[name].version, prereleases=True), name
    for name, each in found.items():
        for text in each.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                version = found[name_of(requirement.name)].version
                assert requirement.specifier.contains(version, prereleases=True), (name, text)


def test_every_file_is_as_it_was_published() -> None:
    """The wheels' own hashes: nothing was changed after it was installed."""
    wrong, checked = [], 0
    for name, each in installed().items():
        files = each.files
        assert files, f"{name} has no record of its files"
        for file in files:
            if file.hash is None:  # the record itself, and what was compiled later
                assert file.suffix in (".pyc", "") or ".dist-info" in str(file), file
                continue
            digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
            checked += 1
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                wrong.append(str(file))
    assert not wrong
    assert checked > 2_000


def test_every_licence_is_one_that_lgpl_may_stand_on() -> None:
    silent = {name for name, each in installed().items() if not licence_of(each)}
    assert silent <= _SAY_NOTHING
    for name, each in installed().items():
        said = licence_of(each)
        if name in silent:
            assert needed_by(name) <= {"starknet-py"}
            continue
        assert _LICENCES.search(said), f"{name}: {said!r}"
        assert not _NOT_LICENCES.search(said), f"{name}: {said!r}"


def needed_by(name: str) -> set[str]:
    return {
        other
        for other, each in installed().items()
        for text in each.requires or ()
        if name_of(Requirement(text).name) == name
    }


def licence_of(package: Distribution) -> str:
    """Return what a package says of its licence, or else how its licence begins."""
    meta = package.metadata
    classifiers = [c for c in meta.get_all("Classifier") or () if c.startswith("License ::")]
    said = " ".join(
        [meta.get("License-Expression") or "", (meta.get("License") or "")[:60], *classifiers]
    )
    if said.strip():
        return said.replace("GNU Lesser General Public License", "LGPL")
    texts = [f for f in package.files or () if re.search("licen[cs]e|copying", str(f), re.I)]
    return texts[0].read_text().lstrip()[:60] if texts else ""


# -- WHAT IS KNOWN TO BE WRONG ---------------------------------------------------------------------


@pytest.mark.parametrize("advisory", _ADVISORIES, ids=lambda advisory: advisory["id"])
def test_no_version_with_a_known_fault_is_installed_or_allowed(advisory: dict[str, str]) -> None:
    name, fixed_in = name_of(advisory["package"]), advisory.get("fixed_in")
    if fixed_in is None:
        assert advisory["unreached"]
        return
    try:
        version = Version(distribution(name).version)
    except PackageNotFoundError:
        pytest.fail(f"{name} is gone: so may be {advisory['id']}")
    assert version >= Version(fixed_in), advisory["about"]
    requirement = declared().get(name)
    if requirement is not None:
        assert floor_of(name, requirement.specifier) >= Version(fixed_in), advisory["about"]


def floor_of(name: str, specifier: SpecifierSet) -> Version:
    """Return the lowest version that is allowed, where need be by the framework's range."""
    specifiers = list(specifier)
    for text in distribution("nautilus-trader").requires or ():
        requirement = Requirement(text)
        if name_of(requirement.name) == name:
            specifiers += list(requirement.specifier)
    return max(Version(each.version) for each in specifiers if each.operator == ">=")


def test_libraries_that_sign_unsafely_are_never_imported_for_signing() -> None:
    """The key's own code is the adapter's, and no other library is given it (CVE-2024-23342)."""
    signing = _ROOT / "nautilus_paradex" / "protocol" / "signing"
    allowed = set(sys.stdlib_module_names) | {"nautilus_paradex", "gmpy2", "msgspec"}
    for module, path in imports():
        if path.is_relative_to(signing):
            assert module in allowed, path
        if "simulator" not in path.parts:
            assert module not in ("ecdsa", "starknet_py", "crypto_cpp_py", "eth_keys"), path
