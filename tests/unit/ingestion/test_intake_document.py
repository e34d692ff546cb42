"""What the OpenAPI document says of the intake is what its code reads and answers."""

from typing import Any

import msgspec
import pytest

from heimdall_project.events.page_views import PageView
from ingestion.serializers import intake
from ingestion.views import answers


def test_the_document_names_the_members_of_the_contract_and_which_are_required() -> None:
    fields = intake.PageViewSerializer().fields
    contract = {each.name: each.required for each in msgspec.structs.fields(PageView)}
    assert {name: field.required for name, field in fields.items()} == contract


@pytest.mark.parametrize(
    ("serializer", "struct"),
    [
        (intake.AcceptedEventSerializer, answers.EventAnswer),
        (intake.AcceptedBatchSerializer, answers.BatchAnswer),
        (intake.ItemSerializer, answers.ItemAnswer),
        (intake.ItemErrorSerializer, answers.ItemError),
        (intake.ReachedSerializer, answers.Reached),
    ],
)
def test_answers_have_the_members_that_the_document_names(serializer: Any, struct: Any) -> None:
    assert set(serializer().fields) == {each.name for each in msgspec.structs.fields(struct)}
