"""JSON Schemas in words: what must stand at a place, for people who sent something else. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

type Schema = Mapping[str, Any]

_WORDS = {"boolean": "true or false", "null": "null", "object": "an object", "number": "a number"}


def rule_at(document: Schema, path: Sequence[str | int]) -> str:
    """What must stand at this place of an instance, as the end of a sentence that begins with its path."""
    schema = resolved(document, document)
    for step in path:
        schema = _member(document, schema, step)
    return f"must be {_words(document, schema)}"


def resolved(document: Schema, schema: Schema) -> Schema:
    """The schema, or the definition that it refers to."""
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def variants(document: Schema, schema: Schema) -> list[Schema]:
    """The alternatives at a place."""
    return [resolved(document, each) for each in resolved(document, schema).get("anyOf", [schema])]


def _member(document: Schema, schema: Schema, step: str | int) -> Schema:
    for variant in variants(document, schema):
        inner = variant.get("properties", {}).get(step) if isinstance(step, str) else variant.get("items")
        if inner is None and isinstance(step, str):
            inner = variant.get("additionalProperties")
        if isinstance(inner, Mapping):
            return resolved(document, inner)
    return {}


def _words(document: Schema, schema: Schema) -> str:
    kinds = [_kind(each) for each in variants(document, schema)]
    if "a number" in kinds:
        kinds = [kind for kind in kinds if not kind.startswith("a whole number")]
    return " or ".join(kinds)


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    match schema.get("type"):
        case "string" if schema.get("format") == "date-time":
            return "a time as in RFC 3339, from 1900 to 2299"
        case "string":
            return f"a text{_bounds(schema, 'Length', ' characters')}"
        case "array":
            return f"a list{_bounds(schema, 'Items', ' entries')}"
        case "integer":
            return f"a whole number{_range(schema)}"
        case "number":
            return f"a number{_range(schema)}"
        case kind:
            return _WORDS.get(str(kind), "something else")


def _bounds(schema: Schema, what: str, unit: str) -> str:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    match least, most:
        case None, None:
            return ""
        case None, _:
            return f" of at most {most}{unit}"
        case _, None:
            return f" of at least {least}{unit}"
        case _:
            return f" of {least} to {most}{unit}"


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        return f" above {above:g}, at most {most:g}" if most is not None else f" above {above:g}"
    if least is None and most is None:
        return ""
    if most is None:
        return f" of at least {least}"
    return f" from {least} to {most}" if least is not None else f" of at most {most}"
