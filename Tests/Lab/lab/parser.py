"""The command lines of the lab and of the benchmarks."""

import argparse
from typing import Any, NoReturn

from .problem import USAGE, Problem


class Parser(argparse.ArgumentParser):
    """argparse with one line for an error, exit code 64, and examples in --help."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message} (see {self.prog} --help)", USAGE)
