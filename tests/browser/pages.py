"""Pages of the console, and how a person without a mouse gets about in them."""

from playwright.sync_api import Page

from jobs.models import AnalysisJob
from jobs.services import Hop, result_apply
from tests.factories import make_answer, make_claim, make_job

LIST = "/admin/jobs/analysisjob/"


def failed(failure: str = "model_unavailable", **request: object) -> AnalysisJob:
    job = make_job(**request)  # type: ignore[arg-type]
    make_claim(job)
    result_apply(event=make_answer(job.request_id, failure=failure), hop=Hop("analysis.result", 0, job.pk))
    return job


def page_of(job: AnalysisJob) -> str:
    return f"{LIST}{job.pk}/change/"


def press_until(page: Page, selector: str, *, at_most: int = 150) -> None:
    """Move the focus by Tab until it stands on what `selector` finds."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by keyboard")
