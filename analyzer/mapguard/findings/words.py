"""Operations and kinds of entry points to the words that findings and reports use for them."""

from typing import NamedTuple

VERBS = {
    "write": "writes",
    "delete": "deletes from",
    "read": "reads",
    "range": "iterates over",
    "len": "takes the length of",
    "replace": "replaces",
}


class Start(NamedTuple):
    """A kind of entry point: ``label`` and ``runs`` stand before a function's name, ``set_up`` says what a call does that makes it one."""

    label: str
    runs: str
    set_up: str = ""


_STARTS = {
    "goroutine": Start("goroutine", "a goroutine runs", "starts a goroutine"),
    "main": Start("main goroutine", "the main goroutine runs", "registers a command"),
    "init": Start("initialisation", "the initialisation of the package runs"),
    "http": Start("HTTP handler", "HTTP requests run", "registers an HTTP handler"),
    "grpc": Start("gRPC method", "gRPC calls run", "registers a gRPC method"),
    "rpc": Start("RPC method", "RPC calls run", "registers an RPC method"),
    "informer": Start("informer handler", "an informer runs", "registers an informer handler"),
    "reconcile": Start("reconciler", "a controller runs", "registers a reconciler"),
    "webhook": Start("webhook", "webhook requests run", "registers a webhook"),
    "timer": Start("timer", "a timer runs", "sets a timer"),
    "callback": Start("callback", "a library runs", "registers a callback"),
    "metrics": Start("metrics collector", "the collection of metrics runs", "registers a metrics collector"),
    "consumer": Start("message consumer", "a message consumer runs", "registers a message consumer"),
    "exported": Start("a caller of the exported", "callers from outside this tree run the exported"),
    "unknown": Start("an unknown caller of", "unknown callers run"),
    "stored": Start("whoever was given", "whoever was given it runs"),
}
_OUTSIDE = ("exported", "stored", "unknown")


def start(kind: str) -> Start:
    """The words for a kind of entry point, also for one that no table has."""
    return _STARTS.get(kind) or Start(kind, f"{kind} runs", f"registers a function ({kind})")


def many_at_a_time(kind: str, many: bool) -> bool:
    """Whether it is worth saying that an entry point runs many at a time: callers outside the tree always may."""
    return many and kind not in _OUTSIDE
