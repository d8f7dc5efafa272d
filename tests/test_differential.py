"""The generator of concurrent programs is sound, and what mapguard says of fresh ones stays within bounds."""

import os
import re
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from differential import truth
from differential.drawn import Case, draw, verdict
from differential.generate import Program, program
from differential.guards import Guard, Touch
from differential.label import Label, on_map
from differential.objects import COPY, DIFFERENT, OTHER_HOLDER, SAME
from differential.score import Said, Score, by_choice, right, scan, scan_alone, score, table
from mapguard.frontend.parse import parse

needs_go = [
    pytest.mark.go,
    pytest.mark.skipif(shutil.which("go") is None, reason="the Go toolchain is not installed"),
    pytest.mark.skipif(shutil.which("gcc") is None and shutil.which("clang") is None, reason="the race detector needs a C compiler"),
]

COUNT = 200
# What the analysis reaches on fresh programs, less four times what chance alone moves it by. Raise them with it.
AGREEMENT, RECALL, SILENCE = 0.60, 0.22, 0.83
# Programs of today's seeds: other ones tomorrow. DIFFERENTIAL_SEED repeats a run.
SEED = int(os.environ.get("DIFFERENTIAL_SEED") or time.strftime("%Y%m%d000", time.gmtime()))
