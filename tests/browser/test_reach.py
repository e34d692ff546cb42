"""The frame of every page: reached by keyboard, readable in the dark and on a narrow screen, fit to print."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dlq_admin.models import DeadLetter
from dlq_admin.services import letters_index
from heimdall_project.streams.models import WorkerProcess
from tests.browser.pages import press_until
from tests.integration.dlq_admin.letters import Letters

CONSOLE, LETTERS = "/admin/dlq_admin/cluster/console/", "/admin/dlq_admin/deadletter/"
CONTRAST = """selector => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const light = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility()).map((each) => {
        const grounds = [];
        for (let at = each; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
        const below = light(grounds), above = light([...grounds, getComputedStyle(each).color]);
        return (Math.max(below, above) + 0.05) / (Math.min(below, above) + 0.05);
    });
}"""
"""Of each element its contrast: that of its text to all that lies behind it."""


@pytest.fixture
def letter() -> DeadLetter:
    """One that waits, and the worker that failed on it, which fell silent long ago."""
    letters_index(records=[Letters().failed(b"{}")])
    return DeadLetter.objects.get()


def test_the_keyboard_gets_past_the_menu_by_one_step(omar: Page, letter: DeadLetter) -> None:
    omar.goto(f"{LETTERS}{letter.pk}/change/")
    omar.keyboard.press("Tab")
    expect(omar.get_by_role("link", name="Skip to the content")).to_be_focused()
    omar.keyboard.press("Enter")
    omar.keyboard.press("Tab")
    assert omar.evaluate("document.getElementById('content').contains(document.activeElement)")
    assert omar.get_by_role("main").count() == 1


def test_the_menu_opens_and_closes_by_keyboard(omar: Page, letter: DeadLetter) -> None:
    omar.set_viewport_size({"width": 390, "height": 844})
    omar.goto(CONSOLE)
    menu = omar.get_by_role("button", name="Menu")
    link = omar.locator("#nav-sidebar").get_by_role("link", name="Causes")
    expect(link).not_to_be_visible()
    press_until(omar, "button[aria-label=Menu]")
    omar.keyboard.press("Enter")
    expect(link).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "true")


def test_a_narrow_screen_says_which_letter_it_shows(omar: Page, letter: DeadLetter) -> None:
    omar.set_viewport_size({"width": 390, "height": 844})
    omar.goto(f"{LETTERS}{letter.pk}/change/")
    path = omar.locator(".hd-crumbs")
    expect(path.get_by_text(f"Dead letter {letter.pk}")).to_be_visible()
    expect(path.get_by_role("link")).to_have_count(1)


@pytest.mark.parametrize("where", [CONSOLE, LETTERS, "/admin/dlq_admin/cluster/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_words_can_be_read(omar: Page, letter: DeadLetter, where: str, scheme: str) -> None:
    omar.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    omar.goto(where)
    chosen = "#nav-sidebar .active span, #result_list p, .hd-quiet, .hd-link, .hd-note, .dl-notice, .dl-step"
    found = omar.evaluate(CONTRAST, chosen)
    assert len(found) > 2 and min(found) >= 4.5


def test_on_paper_there_are_no_menus_and_no_dark(omar: Page, letter: DeadLetter) -> None:
    omar.emulate_media(media="print", color_scheme="dark")
    omar.goto(f"{LETTERS}{letter.pk}/change/")
    expect(omar.locator("#nav-sidebar")).not_to_be_visible()
    expect(omar.locator(".hd-panel").first).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_worker_that_holds_up_several_causes_has_one_loud_button(omar: Page) -> None:
    of, beat = Letters(), timezone.now() - timedelta(hours=1)
    letters_index(records=[of.failed(error=ValueError("a")), of.failed(error=KeyError("b"))])
    WorkerProcess.objects.create(
        id="w1", worker="analysis-worker", state="running", host="h", pid=1, heartbeat_at=beat
    )
    omar.goto(CONSOLE)
    expect(omar.locator(".dl-step.hd-button")).to_have_count(1)
    expect(omar.locator(".dl-held").first).to_contain_text("2 causes wait for it.")
