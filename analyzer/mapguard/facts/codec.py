"""Facts to bytes and back: the same facts give the same bytes; bytes of another shape raise ``ValueError``."""

import msgspec

from mapguard.facts.model import FileFacts

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FileFacts)


def encode(facts: FileFacts) -> bytes:
    return _encoder.encode(facts)


def decode(data: bytes) -> FileFacts:
    return _decoder.decode(data)
