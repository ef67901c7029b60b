"""The Debian packages that the benchmarks need beyond those of the lab."""

import os
import subprocess
import sys

from lab.problem import Problem, tool

from .places import PACKAGES


def install() -> None:
    """Installs what is missing; for anybody but root it prints the command."""
    wanted = PACKAGES.read_text().split()
    missing = [name for name in wanted if not _is_installed(name)]
    if not missing:
        return
    if os.geteuid():
        raise Problem(f"packages are missing; run: sudo apt-get install {' '.join(missing)}")
    print(f"bench: installing {' '.join(missing)}", file=sys.stderr)
    done = subprocess.run([tool("apt-get"), "install", "-y", "--no-install-recommends", *missing], capture_output=True,
                          text=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode:
        raise Problem(f"apt-get cannot install {' '.join(missing)}: {done.stderr.strip().splitlines()[-1:]}")


def _is_installed(name: str) -> bool:
    done = subprocess.run([tool("dpkg-query"), "-W", "-f", "${db:Status-Status}", name], capture_output=True, text=True)
    return done.stdout == "installed"
