"""Published contracts keep their meaning."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from heimdall_project.events.compatibility import incompatibilities
from heimdall_project.events.contracts import CONTRACTS, json_schema
from heimdall_project.management.commands.export_schemas import file_name, render

RESULT = "analysis.result/1"


def event(schema: dict[str, Any]) -> dict[str, Any]:
    """The event's own object inside of its schema."""
    definition: dict[str, Any] = schema["$defs"]["AnalysisCompleted"]
    return definition


def test_the_committed_schemas_are_those_of_the_code() -> None:
    call_command("export_schemas", check=True)


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_compatible_with_itself(name: str) -> None:
    assert incompatibilities(json_schema(name), json_schema(name)) == []


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a field is taken away": (lambda s: event(s)["properties"].pop("model"), "$.model: removed"),
    "a required field is added": (
        lambda s: (
            event(s)["properties"].update(cost={"type": "number"}),
            event(s)["required"].append("cost"),
        ),
        "$.cost: added as a required field",
    ),
    "a field becomes required": (lambda s: event(s)["required"].append("model"), "$.model: became required"),
    "a field may be missing": (
        lambda s: event(s)["required"].remove("log_id"),
        "$.log_id: may now be missing",
    ),
    "a type changes": (
        lambda s: event(s)["properties"]["log_id"].update(type="string"),
        "$.log_id: type changed from integer to string",
    ),
    "a null is no longer taken": (
        lambda s: event(s)["properties"]["model"]["anyOf"].pop(),
        "$.model: type changed from null or string to string",
    ),
    "a choice is taken away deep inside": (
        lambda s: s["$defs"]["Severity"]["enum"].remove("LOW"),
        "$.analysis_result.severity: no longer takes LOW",
    ),
    "a bound gets tighter": (
        lambda s: s["$defs"]["AnalysisResult"]["properties"]["confidence"].update(maximum=0.9),
        "$.analysis_result.confidence: maximum fell from 1.0 to 0.9",
    ),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_a_change_that_breaks_readers_is_told_with_its_place(
    change: Callable[[dict[str, Any]], object], told: str
) -> None:
    old = json_schema(RESULT)
    new = copy.deepcopy(old)
    change(new)
    assert incompatibilities(old, new) == [told]


def test_an_optional_field_and_a_further_choice_break_nobody() -> None:
    old = json_schema(RESULT)
    new = copy.deepcopy(old)
    event(new)["properties"]["tokens"] = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    new["$defs"]["Severity"]["enum"].append("FATAL")
    assert incompatibilities(old, new) == []


def committed(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A directory of schemas as they were before a change of the code undid `change`."""
    for name in CONTRACTS:
        schema = json_schema(name)
        if name == RESULT:
            change(schema)
        (directory / file_name(name)).write_text(render(schema), "utf-8")


def test_the_command_refuses_to_break_a_published_contract(tmp_path: Path) -> None:
    committed(tmp_path, lambda s: event(s)["properties"].update(gone={"type": "string"}))
    with pytest.raises(CommandError, match=r"analysis.result.v1.json \$.gone: removed"):
        call_command("export_schemas", directory=tmp_path)


def test_the_command_notices_drift_and_puts_it_right(tmp_path: Path) -> None:
    committed(tmp_path, lambda s: event(s).update(description="another"))
    with pytest.raises(CommandError, match=r"Out of date: analysis\.result"):
        call_command("export_schemas", check=True, directory=tmp_path)
    call_command("export_schemas", directory=tmp_path)
    assert json.loads((tmp_path / file_name(RESULT)).read_text("utf-8")) == json_schema(RESULT)
    call_command("export_schemas", check=True, directory=tmp_path)


def test_a_contract_that_is_gone_is_a_broken_promise(tmp_path: Path) -> None:
    committed(tmp_path, lambda s: None)
    (tmp_path / "old.thing.v1.json").write_text("{}")
    with pytest.raises(CommandError, match="the contract is gone"):
        call_command("export_schemas", check=True, directory=tmp_path)
