"""A private apt: downloads packages of other Debian suites without touching the machine's own configuration.

The mirror and the keyring are the ones the machine already uses, so the lab works behind any mirror and never
names one. Signatures are checked as always; a suite whose signature cannot be checked is refused, not trusted.
"""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .problem import Problem, tool


@dataclass(frozen=True)
class Mirror:
    """Where the machine gets Debian from, and the key that signs it (None: apt's trusted keys)."""

    uri: str
    keyring: str | None


def _deb822(text: str) -> list[Mirror]:
    mirrors: list[Mirror] = []
    for paragraph in text.split("\n\n"):
        fields: dict[str, str] = {}
        last = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and last:
                fields[last] += " " + line.strip()
            elif ":" in line:
                last, value = (part.strip() for part in line.split(":", 1))
                last = last.lower()
                fields[last] = value
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        signed = fields.get("signed-by", "")
        keyring = signed if signed.startswith("/") else None
        mirrors += [Mirror(uri, keyring) for uri in fields.get("uris", "").split()]
    return mirrors


def _one_line(text: str) -> list[Mirror]:
    mirrors: list[Mirror] = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if not line.startswith("deb ") and not line.startswith("deb\t"):
            continue
        rest = line[3:].strip()
        keyring = None
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
            for option in options.split():
                name, _, value = option.partition("=")
                if name == "signed-by" and value.startswith("/"):
                    keyring = value
        words = rest.split()
        if words:
            mirrors.append(Mirror(words[0], keyring))
    return mirrors


def machine_mirror(etc: Path = Path("/etc/apt")) -> Mirror:
    """The Debian archive of this machine. Security and third-party sources share the files, so the path decides."""
    found: list[Mirror] = []
    parts = etc / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        found += _deb822(path.read_text(errors="replace"))
    for path in [etc / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            found += _one_line(path.read_text(errors="replace"))
    for mirror in found:
        if mirror.uri.rstrip("/").endswith("/debian"):
            return mirror
    raise Problem("no Debian mirror (a URI ending in /debian) in this machine's apt sources; kernels cannot be fetched")


class PrivateApt:
    """apt for one suite, with all of its state under one directory that the caller removes."""

    def __init__(self, root: Path, suite: str, mirror: Mirror, architecture: str = "amd64") -> None:
        self.suite = suite
        for name in ("lists/partial", "cache/archives/partial", "state", "debs"):
            (root / name).mkdir(parents=True)
        (root / "status").touch()
        options = f"arch={architecture}" + (f" signed-by={mirror.keyring}" if mirror.keyring else "")
        (root / "sources.list").write_text(f"deb [{options}] {mirror.uri} {suite} main\n")
        self.debs = root / "debs"
        self.config = root / "apt.conf"
        self.config.write_text(_transport_settings() + f"""
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "{root}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "{root}/state";
Dir::State::Lists "{root}/lists";
Dir::State::Status "{root}/status";
Dir::Cache "{root}/cache";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
Acquire::IndexTargets::deb::DEP-11 {{ DefaultEnabled "false"; }};
""")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tool(command[0]), *command[1:]], cwd=self.debs, capture_output=True, text=True,
            env={"APT_CONFIG": str(self.config), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})

    def _must(self, doing: str, *command: str) -> str:
        done = self._run(*command)
        errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        warnings = [line for line in done.stderr.splitlines() if line.startswith(("W:", "Err"))]
        unsigned = [line for line in done.stderr.splitlines() if "NO_PUBKEY" in line or "not signed" in line]
        if unsigned:
            raise Problem(f"the signature of suite {self.suite} cannot be checked with this machine's keyring: "
                          f"{unsigned[0][2:].strip()} (update debian-archive-keyring)")
        if done.returncode or errors:
            reason = (errors or warnings or [shlex.join(command) + " failed"])[0]
            raise Problem(f"{doing} failed: {reason[2:].strip() if reason[1:2] == ':' else reason}")
        return done.stdout

    def update(self) -> None:
        self._must(f"reading the index of {self.suite}", "apt-get", "-q", "--error-on=any", "update")

    def newest(self, names: list[str]) -> tuple[str, str]:
        """The newest (package, version) among the given package names."""
        shown = self._must("looking up packages", "apt-cache", "--no-all-versions", "show", *names)
        best: tuple[str, str] | None = None
        package = ""
        for line in shown.splitlines():
            if line.startswith("Package: "):
                package = line[9:]
            elif line.startswith("Version: "):
                if best is None or _newer(line[9:], best[1]):
                    best = (package, line[9:])
        if best is None:
            raise Problem(f"suite {self.suite} lists none of {', '.join(names)}")
        return best

    def names(self, prefix: str) -> list[str]:
        return self._must("listing packages", "apt-cache", "pkgnames", prefix).split()

    def download(self, package: str, version: str) -> Path:
        self._must(f"downloading {package}", "apt-get", "-q", "download", f"{package}={version}")
        return next(self.debs.glob(f"{package}_*.deb"))


def _newer(a: str, b: str) -> bool:
    return subprocess.run([tool("dpkg"), "--compare-versions", a, "gt", b]).returncode == 0


def _transport_settings() -> str:
    """How this machine reaches its mirror (proxy, retries, clock checks); its hooks and sources stay out."""
    done = subprocess.run([tool("apt-config"), "dump"], capture_output=True, text=True)
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries", "Acquire::Proxy")
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith(wanted))
