"""JSON Schemas of contracts made plain, and in words: what must stand at a place. Pure.

A plain schema has neither references nor alternatives. The contracts need none: no two alternatives of a
place are of one type, and most rules of JSON Schema speak of one type only. A validator is then as fast
as its input is long, and each error stands where it belongs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

type Schema = Mapping[str, Any]

_WORDS = {"boolean": "true or false", "null": "null", "object": "an object"}


def plain(document: Schema) -> dict[str, Any]:
    """The schema of a contract without references and alternatives."""
    return _plain(document, document)


def _plain(document: Schema, schema: Schema) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in schema:
        return _merged([_plain(document, each) for each in schema["anyOf"]])
    made = {name: rule for name, rule in schema.items() if name not in ("$defs", "default")}
    if "properties" in made:
        made["properties"] = {name: _plain(document, each) for name, each in made["properties"].items()}
    for name in ("additionalProperties", "items", "propertyNames"):
        if isinstance(made.get(name), Mapping):
            made[name] = _plain(document, made[name])
    return made


def _merged(variants: Sequence[Schema]) -> dict[str, Any]:
    kinds = [each.get("type") for each in variants]
    if "number" in kinds:  # which whole numbers are too; how large those may be is a rule of the contract
        variants = [each for each in variants if each.get("type") != "integer"]
        kinds = [kind for kind in kinds if kind != "integer"]
    together: dict[str, Any] = {}
    for each in variants:
        together |= each
    if "enum" in together:
        together["enum"] = [*together["enum"], *([None] if "null" in kinds else [])]
        return {"enum": together["enum"]}
    return together | {"type": [kind for kind in kinds if kind]}


def rule_at(schema: Schema, path: Sequence[str | int]) -> str:
    """What must stand at this place, as the end of a sentence that begins with its path."""
    for step in path:
        if isinstance(step, int):
            inner = schema.get("items")
        else:
            inner = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
        schema = inner if isinstance(inner, Mapping) else {}
    return f"must be {_words(schema)}"


def _words(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join('null' if each is None else str(each) for each in schema['enum'])}"
    kinds = schema.get("type", "something else")
    return " or ".join(_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(kind: str, schema: Schema) -> str:
    match kind:
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
        case _:
            return _WORDS.get(kind, kind)


def _bounds(schema: Schema, what: str, unit: str) -> str:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if most is None:
        return "" if least is None else f" of at least {least}{unit}"
    return f" of at most {most}{unit}" if least is None else f" of {least} to {most}{unit}"


def _range(schema: Schema) -> str:
    least, most, above = (schema.get(each) for each in ("minimum", "maximum", "exclusiveMinimum"))
    begin = f" above {above:g}" if above is not None else f" of at least {least}" if least is not None else ""
    if most is None:
        return begin
    return f" from {least} to {most}" if least is not None else f"{begin}{',' * bool(begin)} at most {most:g}"
