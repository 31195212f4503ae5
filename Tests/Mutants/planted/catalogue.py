"""The list of planted faults: reading it, and what has to be true of it."""

import collections
import dataclasses
import pathlib
import re
import tomllib
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "Tests/Mutants"
FAULTS_MIN = 150
RULE = re.compile(r"^\| ((?:CS|LT|IK)-\d+) \|", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One planted fault. README.md says what each key means."""

    area: str
    id: str
    file: str
    find: str
    plant: str
    what: str
    within: str = ""
    kind: str = "expression"
    tests: str = ""
    service: str = ""
    rules: tuple = ()
    survives: str = ""

    @property
    def number(self):
        """What the environment says to switch it on. It stays the same when the list grows."""
        return zlib.crc32(self.id.encode())

    @property
    def module(self):
        return self.file.split("/")[1]

    def place(self, text):
        """Where `find` begins in the text of the file; a sentence where that is not clear."""
        line = self.within or self.find
        if "\n" in line or line.count(self.find) != 1:
            raise ValueError("`find` has to stand exactly once in `within`, on one line")
        if text.count(line) != 1:
            raise ValueError(f"{text.count(line)} times in the file, not once: {line}")
        return text.index(line) + line.index(self.find)

    def switch(self):
        """The text that stands for `find` in the copy: both, and a question between them."""
        question = f"Planted.isOn({self.number})"
        if self.kind == "statement":
            return f"if {question} {{ {self.plant} }} else {{ {self.find} }}"
        return f"({question} ? ({self.plant}) : ({self.find}))"


def read():
    """All faults, in the order of the files and of the lines in them."""
    faults = []
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]:
            entry["rules"] = tuple(entry.get("rules", ()))
            faults.append(Fault(area=path.stem, **entry))
    return faults


def read_source(fault):
    return (ROOT / fault.file).read_text(encoding="utf-8")


def mistakes(faults):
    """What is wrong with the entries, a sentence each."""
    found = []
    for key in ("id", "number"):
        counts = collections.Counter(getattr(fault, key) for fault in faults)
        found += [f"{value}: this {key} stands {count} times" for value, count in counts.items()
                  if count > 1]
    for fault in faults:
        found += [f"{fault.id}: {sentence}" for sentence in mistakes_of(fault)]
    return found + list(overlaps(faults))


def gaps(faults):
    """What the list as a whole lacks."""
    found = []
    if len(faults) < FAULTS_MIN:
        found.append(f"{len(faults)} faults; {FAULTS_MIN} at least")
    held = {rule for fault in faults for rule in fault.rules}
    written = set()
    for page in (ROOT / "Docs/behaviour").glob("*.md"):
        written.update(RULE.findall(page.read_text(encoding="utf-8")))
    found += [f"{rule}: no fault is planted against it" for rule in sorted(written - held)]
    found += [f"{rule}: no page of Docs/behaviour has it" for rule in sorted(held - written)]
    return found


def mistakes_of(fault):
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", fault.id):
        yield "an id is small letters, digits and hyphens"
    if fault.kind not in ("expression", "statement"):
        yield f"the kind {fault.kind} is unknown"
    if not (fault.tests or fault.service):
        yield "neither tests nor a scenario are named"
    if not fault.what.endswith("."):
        yield "`what` is a sentence"
    if fault.plant == fault.find:
        yield "the fault changes nothing"
    if fault.service and not (ROOT / f"Tests/Service/scenarios/{fault.service}.py").exists():
        yield f"there is no scenario {fault.service} in Tests/Service"
    # A misspelt name would find no test, and `swift test --filter` says nothing about that.
    for name in re.findall(r"[A-Z]\w+", fault.tests):
        if name.endswith("Tests") and name not in test_names():
            yield f"no test target or suite is called {name}"
    try:
        fault.place(read_source(fault))
    except (OSError, ValueError) as failure:
        yield str(failure)


def test_names():
    """The names of the test targets and of the types in their files; read once."""
    if not test_names.known:
        for path in (ROOT / "Tests").glob("*Tests/**/*.swift"):
            test_names.known.add(path.relative_to(ROOT / "Tests").parts[0])
            text = path.read_text(encoding="utf-8")
            test_names.known.update(re.findall(r"\b(?:struct|class|enum|extension) (\w+)", text))
    return test_names.known


test_names.known = set()


def overlaps(faults):
    """Two faults in one expression cannot both be switches."""
    spans = collections.defaultdict(list)
    for fault in faults:
        try:
            begin = fault.place(read_source(fault))
        except (OSError, ValueError):
            continue
        spans[fault.file].append((begin, begin + len(fault.find), fault.id))
    for places in spans.values():
        places.sort()
        for (_, end, first), (begin, _, second) in zip(places, places[1:]):
            if begin < end:
                yield f"{second}: overlaps {first}"
