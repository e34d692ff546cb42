"""The console of jobs as operators use it, by mouse and by keyboard."""

import re

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Page, expect

from heimdall_project.accounts.models import AuditEvent, User
from jobs.models import AnalysisAttempt, AnalysisJob, SavedFilter
from jobs.services import Hop, LogDraft, result_apply
from tests.browser.conftest import SignIn
from tests.browser.pages import LIST, failed, page_of, press_until
from tests.factories import make_answer, make_claim, make_job
from tests.people import PASSWORD, People


def test_an_operator_signs_in_by_the_form(people: People, omar: Page) -> None:
    # The door knows the shipped hashers only, not the quick one of tests.
    secret = PBKDF2PasswordHasher().encode(PASSWORD, "salt")
    User.objects.filter(pk=people.omar.pk).update(password=secret)
    omar.context.clear_cookies()
    omar.goto(LIST)
    omar.get_by_label("Username").fill("omar")
    omar.get_by_label("Password").fill(PASSWORD)
    omar.get_by_role("button", name="Log in").click()
    expect(omar.locator("#hd-figures")).to_be_visible()


def test_an_operator_filters_keeps_the_filter_redrives_and_sees_the_end(omar: Page) -> None:
    job, other = failed(), make_job()
    omar.goto(LIST)
    omar.locator("#hd-tile-FAILED").click()
    expect(omar.locator("#result_list")).to_contain_text(f"#{job.pk}")
    expect(omar.locator("#result_list")).not_to_contain_text(f"#{other.pk}")
    omar.get_by_text("Keep this filter").click()
    omar.get_by_label("Name", exact=True).fill("what failed")
    omar.get_by_role("button", name="Keep", exact=True).click()
    expect(omar.get_by_role("link", name="what failed")).to_have_attribute("aria-current", "true")
    assert SavedFilter.objects.get().query == "last=hour&status=FAILED"

    omar.get_by_role("link", name=f"#{job.pk}").click()
    expect(omar.get_by_role("heading", name="Failed: Model unavailable")).to_be_visible()
    omar.get_by_role("link", name="Redrive", exact=False).last.click()
    omar.get_by_label("Reason").fill("the model is back")
    omar.get_by_role("button", name="Redrive this job").click()
    expect(omar.get_by_text(f"Job {job.pk} is sent again: attempt 2.")).to_be_visible()
    expect(omar.locator("#hd-where")).to_contain_text("PENDING")

    expect(omar.locator("#hd-live-text")).to_have_text("live")
    job.refresh_from_db()
    result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, 9_000))
    expect(omar.locator("#hd-where")).to_contain_text("Succeeded just now")
    expect(omar.get_by_role("heading", name="The pool is exhausted")).to_be_visible()


def test_an_operator_cancels_a_job_that_runs(omar: Page) -> None:
    job = make_job()
    make_claim(job)
    omar.goto(page_of(job))
    omar.get_by_role("link", name="Cancel").click()
    dialog = omar.locator("#dialog")
    dialog.get_by_role("button", name="Cancel this job").click()
    expect(dialog).to_contain_text("This field is required")
    dialog.get_by_label("Reason").fill("asked twice")
    dialog.get_by_role("button", name="Cancel this job").click()
    expect(omar.get_by_text(f"Job {job.pk} is cancelled.")).to_be_visible()
    expect(omar.locator("#hd-where")).to_contain_text("by omar: asked twice")
    assert AuditEvent.objects.acts().get().state == "ok"


def test_several_are_sent_again_after_a_preview(omar: Page) -> None:
    jobs = [failed(), failed(), failed("no_evidence")]
    omar.goto(LIST)
    for job in jobs:
        omar.locator(f"input.action-select[value='{job.pk}']").check()
    omar.locator("select[name=action]").select_option(label="Redrive…")
    omar.get_by_role("button", name="Run").click()
    expect(omar.get_by_text("3 of 3 can be sent again")).to_be_visible()
    expect(omar.get_by_label("Model unavailable")).to_be_checked()
    expect(omar.get_by_label("No evidence")).not_to_be_checked()
    omar.get_by_label("Reason").fill("the model is back")
    omar.get_by_role("button", name="Redrive the chosen jobs").dblclick()
    expect(omar.get_by_role("heading", name="Sent again.")).to_be_visible()
    assert AnalysisAttempt.objects.filter(origin="redriven").count() == 2


def test_everything_is_reached_by_keyboard(omar: Page) -> None:
    job = failed()
    omar.goto(LIST)
    press_until(omar, "#hd-window-day")
    omar.keyboard.press("Enter")
    expect(omar.locator("#hd-window-day")).to_have_attribute("aria-current", "true")
    expect(omar.locator("#hd-window-day")).to_be_focused()
    press_until(omar, "#hd-tile-FAILED")
    omar.keyboard.press("Enter")
    omar.wait_for_url(re.compile("status=FAILED"))
    press_until(omar, f"a[href*='/{job.pk}/change/']")
    omar.keyboard.press("Enter")
    omar.wait_for_url(f"**{page_of(job)}*")
    press_until(omar, f"a[href$='/{job.pk}/redrive/']")
    omar.keyboard.press("Enter")
    expect(omar.get_by_label("Reason")).to_be_focused()
    omar.keyboard.press("Escape")
    expect(omar.get_by_label("Reason")).not_to_be_visible()
    omar.keyboard.press("Enter")
    expect(omar.get_by_label("Reason")).to_be_focused()
    omar.keyboard.type("by hand")
    press_until(omar, "#dialog button[type=submit]")
    omar.keyboard.press("Enter")
    expect(omar.get_by_text(f"Job {job.pk} is sent again")).to_be_visible()


def test_a_viewer_is_offered_no_acts(people: People, sign_in: SignIn) -> None:
    job, running = failed(), make_job()
    vera = sign_in(people.vera)
    vera.goto(f"{LIST}?status=FAILED")
    expect(vera.locator("#result_list")).to_contain_text(f"#{job.pk}")
    expect(vera.locator("input.action-select")).to_have_count(0)
    expect(vera.get_by_text("Redrive all of these")).to_have_count(0)
    for each, act in ((job, "redrive"), (running, "cancel")):
        vera.goto(page_of(each))
        expect(vera.locator("#hd-where")).to_be_visible()
        expect(vera.locator(f"a[href$='/{act}/']")).to_have_count(0)


def test_figures_are_fetched_while_the_list_is_seen_and_not_while_it_is_hidden(omar: Page) -> None:
    omar.clock.install()
    omar.goto(LIST)
    asked: list[str] = []
    omar.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    number = omar.locator("#hd-tile-PENDING .hd-tile-number")
    expect(number).to_have_text("0")
    show = """state => {
        Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    make_job()
    omar.evaluate(show, "hidden")
    omar.clock.run_for(60_000)
    assert asked == []
    omar.evaluate(show, "visible")
    expect(number).to_have_text("1")
    make_job()
    omar.clock.run_for(6_000)
    expect(number).to_have_text("2")
    assert len(asked) >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_texts_fit_a_narrow_screen_and_run_nothing(omar: Page, scheme: str) -> None:
    evil = "<script>document.title = 'evil'</script><img src=x onerror=\"document.title='evil'\">" + "w" * 40
    job = failed(log=LogDraft(content=f"{evil}\n\u202e{evil}", service_name=evil, environment="🔥 خدمة"))
    AnalysisJob.objects.filter(pk=job.pk).update(failure_message=evil * 5, correlation_id=evil[:128])
    SavedFilter.objects.create(
        owner=job.owner, name=evil[:60], page="jobs.analysisjob", query="q=x", shared=True
    )
    omar.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    omar.set_viewport_size({"width": 390, "height": 844})
    for path in (LIST, page_of(job), f"{LIST}redrive/?ids={job.pk}"):
        omar.goto(path)
        expect(omar.locator(".hd-page").first).to_be_visible()
        assert omar.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert "evil" not in omar.title()


def test_the_plots_are_drawn_and_follow_the_theme(omar: Page) -> None:
    failed()
    omar.goto(LIST)
    inked = """() => [...document.querySelectorAll("canvas[data-plot]")].map((canvas) => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some((value) => value > 0);
    })"""
    assert omar.evaluate(inked) == [True, True]
    grid = "() => Chart.getChart(document.querySelector('canvas[data-plot]')).options.scales.y.grid.color"
    light = omar.evaluate(grid)
    omar.evaluate("document.documentElement.classList.add('dark')")
    omar.wait_for_function(f"light => ({grid})() !== light", arg=light)
