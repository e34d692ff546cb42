"""Dialogs over a page: they take the focus, keep it, and give it back, however busy the browser is."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import failed, page_of, press_until

LATE_TIMERS = """
    const set = setTimeout;
    setTimeout = (what, wait, ...rest) => set(what, wait <= 20 ? 400 : wait, ...rest);
"""
LATE_FRAMES = """
    const ask = requestAnimationFrame;
    requestAnimationFrame = (what) => setTimeout(() => ask(what), 60);
"""


@pytest.mark.parametrize("busy", [LATE_TIMERS, LATE_FRAMES], ids=["late timers", "late frames"])
def test_a_dialog_closed_as_soon_as_it_is_seen_opens_again_and_keeps_the_focus(omar: Page, busy: str) -> None:
    job = failed()
    omar.add_init_script(busy)
    omar.goto(page_of(job))
    link = f"a[href$='/{job.pk}/redrive/']"
    press_until(omar, link)
    for _ in range(2):
        omar.keyboard.press("Enter")
        expect(omar.get_by_label("Reason")).to_be_focused()
        omar.keyboard.press("Escape")
        expect(omar.get_by_label("Reason")).not_to_be_visible()
        expect(omar.locator(link)).to_be_focused()
    omar.keyboard.press("Enter")
    expect(omar.get_by_label("Reason")).to_be_focused()
    press_until(omar, "#dialog button[type=submit]", at_most=2)


def test_what_is_typed_stays_though_the_link_was_pressed_twice(omar: Page) -> None:
    job = failed()
    asked: list[Route] = []
    omar.route("**/redrive/", lambda route: asked.append(route))
    omar.goto(page_of(job))
    press_until(omar, f"a[href$='/{job.pk}/redrive/']")
    with omar.expect_request("**/redrive/"):
        omar.keyboard.press("Enter")
    omar.keyboard.press("Enter")
    asked[0].continue_()
    expect(omar.get_by_label("Reason")).to_be_focused()
    omar.keyboard.type("by hand")
    expect(omar.get_by_label("Reason")).to_have_value("by hand")
    assert len(asked) == 1


def test_a_press_beside_a_dialog_closes_it(omar: Page) -> None:
    job = failed()
    omar.goto(page_of(job))
    omar.locator(f"a[href$='/{job.pk}/redrive/']").click()
    expect(omar.get_by_label("Reason")).to_be_focused()
    omar.mouse.click(20, 500)
    expect(omar.get_by_label("Reason")).not_to_be_visible()


def test_a_dialog_opened_in_a_tab_of_its_own_works(omar: Page) -> None:
    job = failed()
    omar.goto(page_of(job))
    with omar.context.expect_page() as opened:
        omar.locator(f"a[href$='/{job.pk}/redrive/']").click(button="middle")
    tab = opened.value
    expect(tab.locator("#nav-sidebar-apps")).to_be_visible()
    tab.get_by_label("Reason").fill("from a tab")
    tab.get_by_role("button", name="Redrive this job").click()
    expect(tab.locator("#hd-where")).to_contain_text("PENDING")
