"""The node kinds and fields of the Go grammar as integers, which compare twice as fast as names."""

import tree_sitter_go
from tree_sitter import Language

GO = Language(tree_sitter_go.language())


def kind(name: str) -> int:
    """The id of a named node kind; an unknown name is a programming error."""
    found = GO.id_for_node_kind(name, True)
    if found is None:
        raise LookupError(name)
    return found


def field(name: str) -> int:
    found = GO.field_id_for_name(name)
    if found is None:
        raise LookupError(name)
    return found


COMMENT = kind("comment")
IDENTIFIER = kind("identifier")

F_ALIAS = field("alias")
F_ALTERNATIVE = field("alternative")
F_ARGUMENTS = field("arguments")
F_BODY = field("body")
F_CHANNEL = field("channel")
F_COMMUNICATION = field("communication")
F_CONDITION = field("condition")
F_CONSEQUENCE = field("consequence")
F_ELEMENT = field("element")
F_FIELD = field("field")
F_FUNCTION = field("function")
F_INDEX = field("index")
F_INITIALIZER = field("initializer")
F_KEY = field("key")
F_LABEL = field("label")
F_LEFT = field("left")
F_NAME = field("name")
F_OPERAND = field("operand")
F_OPERATOR = field("operator")
F_PARAMETERS = field("parameters")
F_PATH = field("path")
F_RECEIVER = field("receiver")
F_RESULT = field("result")
F_RIGHT = field("right")
F_TYPE = field("type")
F_TYPE_ARGUMENTS = field("type_arguments")
F_TYPE_PARAMETERS = field("type_parameters")
F_UPDATE = field("update")
F_VALUE = field("value")
