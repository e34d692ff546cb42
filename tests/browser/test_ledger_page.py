"""The page of the ledger: what it shows, that it follows, and that it fits."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from heimdall_project.streams import broker, topics
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.flood import Window
from heimdall_project.streams.models import LedgerEntry
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import DEAD_LETTERED, STORED, Verdict
from heimdall_project.streams.records import Delivered, Outgoing, Partition
from heimdall_project.streams.topic_admin import create_missing, survey

TOPIC, GROUP = "analysis.result", "heimdall.job-results"
LIST = "/admin/streams/ledgerentry/"
LIVE = f"{LIST}live/?pair={TOPIC}:{GROUP}"


def publish(count: int) -> tuple[int, int]:
    """Records in one partition: its number, and the offset of the first."""
    specs = [topics.spec(TOPIC)]
    create_missing(broker.admin(), specs, survey(broker.admin(), specs))
    answers = broker.producer().publish([Outgoing(TOPIC, b"v", b"k")] * count)
    assert isinstance(answers[0], Delivered)
    return answers[0].partition, answers[0].offset


def settle(partition: int, start: int, verdicts: list[Verdict]) -> None:
    minute = int(timezone.now().timestamp()) // 60
    runs = tuple(Run(start + n, start + n, minute, "http", verdict) for n, verdict in enumerate(verdicts))
    span = Span(Partition(TOPIC, partition), start, start + len(verdicts), runs)
    DjangoBooks().settle(GROUP, [span], topic_ids={}, window=Window(0.0))


def test_it_shows_outcomes_what_is_in_flight_and_that_the_books_balance(omar: Page) -> None:
    place, first = publish(10)
    settle(place, first, [STORED] * 5 + [DEAD_LETTERED])
    omar.goto(LIVE)
    expect(omar.locator("#ld-verdict")).to_have_text("balanced")
    expect(omar.locator("#ld-tile-stored .ld-tile-number")).to_have_text("5")
    expect(omar.locator("#ld-tile-dead_lettered .ld-tile-number")).to_have_text("1")
    row = omar.locator("#ld-counts tbody tr", has=omar.locator(f"th:text-is('{place}')"))
    expect(row).to_contain_text(str(first + 10))
    expect(row.locator(".ld-flight")).to_have_text("4")
    inked = """() => [...document.querySelectorAll(".ld-page canvas")].map((canvas) => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some((value) => value > 0);
    })"""
    assert omar.evaluate(inked) == [True, True]


def test_it_follows_and_names_the_partition_that_does_not_balance(omar: Page) -> None:
    place, first = publish(3)
    settle(place, first, [STORED] * 3)
    omar.clock.install()
    omar.goto(LIVE)
    expect(omar.locator("#ld-verdict")).to_have_text("balanced")
    LedgerEntry.objects.update(count=2)
    omar.clock.run_for(6_000)
    expect(omar.locator("#ld-verdict")).to_have_text("does not balance")
    expect(omar.locator(".ld-row-danger")).to_contain_text("sum up to 2, the cursor has passed 3")


def test_the_day_and_another_topic_are_a_click_away_and_remembered(omar: Page) -> None:
    omar.goto(LIST)
    omar.locator("#ld-window-day").click()
    expect(omar.locator("#ld-window-day")).to_have_attribute("aria-current", "true")
    omar.get_by_role("link", name=GROUP).click()
    expect(omar.locator(".ld-pairs [aria-current]")).to_contain_text(TOPIC)
    expect(omar.locator("#ld-window-day")).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_screen_empty_and_full(omar: Page, scheme: str) -> None:
    omar.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    omar.set_viewport_size({"width": 390, "height": 844})
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    omar.goto(LIVE)
    expect(omar.locator("#ld-counts")).to_be_visible()
    assert omar.evaluate(fits)
    place, first = publish(3)
    settle(place, first, [STORED] * 2)
    omar.goto(LIVE)
    expect(omar.locator("#ld-tile-stored .ld-tile-number")).to_have_text("2")
    assert omar.evaluate(fits)
