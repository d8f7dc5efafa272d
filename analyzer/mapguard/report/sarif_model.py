"""The part of SARIF 2.1.0 that mapguard writes; names as in the standard, what is empty is left out."""

import msgspec


class _Object(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    pass


class Message(_Object, frozen=True):
    text: str


class Text(_Object, frozen=True):
    text: str
    markdown: str = ""


class ArtifactLocation(_Object, frozen=True):
    uri: str
    uri_base_id: str = ""


class Region(_Object, frozen=True):
    """Lines and columns from 1, columns in UTF-16 code units, the end exclusive."""

    start_line: int
    start_column: int = 0
    end_line: int = 0
    end_column: int = 0


class PhysicalLocation(_Object, frozen=True):
    artifact_location: ArtifactLocation
    region: Region | None = None


class Location(_Object, frozen=True):
    physical_location: PhysicalLocation
    id: int | None = None
    message: Message | None = None


class ThreadFlowLocation(_Object, frozen=True):
    location: Location
    importance: str = ""


class ThreadFlow(_Object, frozen=True):
    id: str
    message: Message
    locations: tuple[ThreadFlowLocation, ...]


class CodeFlow(_Object, frozen=True):
    message: Message
    thread_flows: tuple[ThreadFlow, ...]


class Content(_Object, frozen=True):
    text: str


class Replaced(_Object, frozen=True):
    deleted_region: Region
    inserted_content: Content


class ArtifactChange(_Object, frozen=True):
    artifact_location: ArtifactLocation
    replacements: tuple[Replaced, ...]


class Fix(_Object, frozen=True):
    description: Message
    artifact_changes: tuple[ArtifactChange, ...]


class Result(_Object, frozen=True):
    rule_id: str
    rule_index: int | None
    level: str
    message: Message
    locations: tuple[Location, ...]
    related_locations: tuple[Location, ...] = ()
    code_flows: tuple[CodeFlow, ...] = ()
    partial_fingerprints: dict[str, str] = {}
    fixes: tuple[Fix, ...] = ()
    properties: dict[str, str] = {}


class Configuration(_Object, frozen=True):
    level: str


class RuleProperties(msgspec.Struct, frozen=True, rename={"severity": "problem.severity"}):
    precision: str
    severity: str
    tags: tuple[str, ...]


class ReportingDescriptor(_Object, frozen=True):
    id: str
    name: str
    short_description: Text
    full_description: Text
    help: Text
    default_configuration: Configuration
    properties: RuleProperties


class ToolComponent(_Object, frozen=True):
    name: str
    semantic_version: str
    version: str
    information_uri: str
    rules: tuple[ReportingDescriptor, ...]


class Tool(_Object, frozen=True):
    driver: ToolComponent


class Notification(_Object, frozen=True):
    level: str
    message: Message
    locations: tuple[Location, ...] = ()


class Invocation(_Object, frozen=True):
    execution_successful: bool
    tool_execution_notifications: tuple[Notification, ...] = ()
    tool_configuration_notifications: tuple[Notification, ...] = ()


class Described(_Object, frozen=True):
    description: Message


class Revision(_Object, frozen=True):
    """Where the code comes from: versionControlDetails."""

    repository_uri: str
    revision_id: str
    mapped_to: dict[str, str]


class Automation(_Object, frozen=True):
    id: str


class Run(_Object, frozen=True, omit_defaults=False):
    tool: Tool
    invocations: tuple[Invocation, ...]
    original_uri_base_ids: dict[str, Described]
    column_kind: str
    results: tuple[Result, ...]
    version_control_provenance: tuple[Revision, ...] | msgspec.UnsetType = msgspec.UNSET
    automation_details: Automation | msgspec.UnsetType = msgspec.UNSET


class Log(msgspec.Struct, frozen=True, rename={"schema": "$schema"}):
    schema: str
    version: str
    runs: tuple[Run, ...]
