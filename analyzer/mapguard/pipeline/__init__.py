"""The flow from options to a report, and what the commands ask about a tree besides. Nothing but this imports the front end."""

from mapguard.pipeline.around import cache_clean, cache_status, files_read, root_of, scope_of, with_tests
from mapguard.pipeline.flow import run
from mapguard.pipeline.inside import dump, guarded_fields, why_not
from mapguard.pipeline.phases import Progress, linked
from mapguard.pipeline.repairing import repairs

__all__ = [
    "Progress",
    "cache_clean",
    "cache_status",
    "dump",
    "files_read",
    "guarded_fields",
    "linked",
    "repairs",
    "root_of",
    "run",
    "scope_of",
    "why_not",
    "with_tests",
]
