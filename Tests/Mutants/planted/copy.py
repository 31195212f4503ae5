"""The copy of the package in which every fault stands beside the right text, as a switch."""

import collections
import os
import pathlib
import subprocess

from .catalogue import ROOT

VARIABLE = "DRAWBRIDGE_PLANTED"
# Not copied: what is built, what is remembered, and the history.
LEFT_OUT = (".build", ".git", ".cache", "__pycache__")
# A switch may leave a `var` that nothing changes, and other warnings that are no matter here.
STRICT, LOOSE = ".treatAllWarnings(as: .error)", '.define("PLANTED")'

PLANTED = f"""import Glibc

/// Which fault is switched on, if any: its number stands in the environment.
@usableFromInline
enum Planted {{
  private static let number = unsafe getenv("{VARIABLE}").flatMap {{
    unsafe Int(String(cString: $0))
  }}

  @usableFromInline
  static func isOn(_ fault: Int) -> Bool {{ number == fault }}
}}
"""


def write(folder, faults):
    """Makes or renews the copy. What did not change keeps its time, so little is built anew."""
    texts = {}
    for path, _, names in os.walk(ROOT):
        place = pathlib.Path(path).relative_to(ROOT)
        if any(part.startswith(LEFT_OUT) for part in place.parts):
            continue
        for name in names:
            texts[place / name] = (ROOT / place / name).read_bytes()
    for place, text in planted(faults, texts).items():
        texts[place] = text
    for old in [*folder.glob("Sources/**/*.swift"), *folder.glob("Tests/**/*.swift")]:
        if old.relative_to(folder) not in texts:
            old.unlink()
    for place, text in texts.items():
        write_one(folder / place, text, ROOT / place)


def write_one(path, text, original):
    if path.is_file() and path.read_bytes() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    if original.exists():
        path.chmod(original.stat().st_mode)


def planted(faults, texts):
    """The files that differ from the checkout's."""
    changed = {}
    files = collections.defaultdict(list)
    for fault in faults:
        files[pathlib.Path(fault.file)].append(fault)
    for place, those in files.items():
        text = texts[place].decode()
        # From the end, so that the earlier places stay where they are.
        for fault in sorted(those, key=lambda one: one.place(texts[place].decode()), reverse=True):
            begin = fault.place(texts[place].decode())
            text = text[:begin] + fault.switch() + text[begin + len(fault.find):]
        changed[place] = text.encode()
    for module in sorted({fault.module for fault in faults}):
        changed[pathlib.Path("Sources") / module / "Planted.swift"] = PLANTED.encode()
    package = pathlib.Path("Package.swift")
    changed[package] = texts[package].decode().replace(STRICT, LOOSE).encode()
    return changed


def build(folder):
    """Builds product and tests; None when that went well, otherwise what the compiler said."""
    log = folder / "build.log"
    with log.open("wb") as output:
        run = subprocess.run(
            ["swift", "build", "--build-tests"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, check=False)
    if run.returncode == 0:
        return None
    lines = log.read_text(errors="replace").splitlines()
    said = list(dict.fromkeys(line for line in lines if "error:" in line)) or lines[-20:]
    return "\n".join(said[:40])
