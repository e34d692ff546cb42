"""Dead letters from the console to RESOLVED: two people in two windows, real Kafka, real processes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import Max, Min
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import letters_index
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import registry
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.models import ConsumerControl, WorkerProcess
from heimdall_project.streams.records import Record
from tests.browser.conftest import SignIn, session_of
from tests.browser.pages import press_until
from tests.faults.world import DEAD, TOPIC, World, unique, world_of
from tests.integration.dlq_admin.letters import Letters
from tests.integration.platform.doors import STREAM, WEB, door, free_port, this_database
from tests.people import People

CONSOLE = "/admin/dlq_admin/cluster/console/"
WORKER, INDEXER, REDRIVER = "probe-record", "dlq-indexer", "dlq-redriver"
QUICK = {"KAFKA_SESSION_TIMEOUT": "2", "OUTBOX_LEASE": "2", "DEBUG": "true"}
LETTERS = 12
SLOW_MS = 60_000
"""Longest wait for what several processes do together."""


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> Iterator[World]:
    """Topics, groups and tables of this test."""
    settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = unique()
    with world_of(tmp_path, database=this_database(), bootstrap=settings.KAFKA_BOOTSTRAP_SERVERS) as made:
        yield made


@pytest.fixture
def there(world: World) -> Iterator[str]:
    """Both doors in that world: its web door has to know who consumes what."""
    web, stream = free_port(), free_port()
    here = f"http://127.0.0.1:{web}"
    common: dict[str, Any] = {
        **world.environment, "STREAM_URL": f"http://127.0.0.1:{stream}", "CORS_ALLOWED_ORIGINS": here,
    }  # fmt: skip
    with door(WEB, port=web, **common), door(STREAM, port=stream, **common):
        yield here


@pytest.fixture
def windows(browser: Browser, there: str) -> Iterator[Any]:
    """Windows of people in that world."""
    opened: list[BrowserContext] = []

    def enter(user: Any) -> Page:
        window = browser.new_context(base_url=there, viewport={"width": 1440, "height": 1000})
        window.set_default_timeout(SLOW_MS)
        window.add_cookies([{"name": "sessionid", "value": session_of(user), "url": there}])
        opened.append(window)
        return window.new_page()

    yield enter
    for window in opened:
        window.close()


def lettered(world: World) -> None:
    """Dead letters of records that their worker would handle by now, on the dead-letter topic."""
    from dlq_admin.consumers import DlqIndexer

    world.create(*DlqIndexer.topics())
    for number in range(LETTERS):
        value = b'{"id":"n%d"}' % number
        at = int(timezone.now().timestamp() * 1000)
        failure = Failure(
            Record(TOPIC, 0, number, at, b"key", value, []), InvalidMessage("before"), 1, at / 1000
        )
        made = build(failure, worker=WORKER, group=world.group(WORKER))
        world.produce(made.value, key=made.key, headers=made.headers, topic=DEAD)


def test_one_proposes_another_approves_the_canary_runs_and_all_end_resolved(
    people: People, world: World, windows: Any
) -> None:
    omar, ada = windows(people.omar), windows(people.ada)
    omar.goto(CONSOLE)
    expect(omar.locator("#dl-headline")).to_contain_text("Nothing is broken")
    expect(omar.locator("#hd-live-text")).to_have_text("live")
    lettered(world)
    with world.run(WORKER, **QUICK), world.run(INDEXER, REDRIVER, **QUICK):
        # The console learns of them by itself.
        expect(omar.locator("#dl-tile-PENDING .hd-tile-number")).to_have_text(str(LETTERS), timeout=SLOW_MS)
        expect(omar.locator("#dl-headline")).to_contain_text("1 cause is open", timeout=SLOW_MS)
        omar.reload()
        omar.get_by_role("link", name="Propose redrive").click()
        expect(omar.get_by_text(f"{LETTERS} of {LETTERS} letters can be sent again")).to_be_visible()
        omar.get_by_label("Reason").fill("the worker is repaired")
        omar.get_by_label("Canary").fill("3")
        omar.get_by_role("button", name=f"Propose these {LETTERS} letters").dblclick()
        expect(omar.get_by_text("you cannot approve it")).to_be_visible()
        batch = RedriveBatch.objects.get()
        expect(omar.locator("#dl-hash")).to_have_text(batch.set_hash)
        expect(omar.get_by_role("link", name="Approve")).to_have_count(0)

        ada.goto(CONSOLE)
        expect(ada.get_by_text("waits for you")).to_be_visible()
        ada.get_by_role("link", name=f"Review batch {batch.pk}").click()
        ada.get_by_role("link", name="Approve").click()
        ada.get_by_label("Reason").fill("looked at it")
        ada.get_by_role("button", name="Approve this batch").click()
        expect(ada.get_by_text(f"You approved batch {batch.pk}")).to_be_visible()

        # Omar's window follows without being touched.
        expect(omar.locator("[data-count=resolved]")).to_have_text(str(LETTERS), timeout=SLOW_MS)
        expect(omar.locator("#dl-batch")).to_have_attribute("data-state", "DONE", timeout=SLOW_MS)
        expect(omar.locator(".hd-where")).to_contain_text(f"{LETTERS} handled by their consumers")
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert world.stored(WORKER) == {f"n{number}" for number in range(LETTERS)}
    items = BatchItem.objects.order_by("sent_at", "pk")
    canary = items.filter(pk__in=list(items.values_list("pk", flat=True)[:3]))
    rest = items.exclude(pk__in=list(canary.values_list("pk", flat=True)))
    ended, begun = canary.aggregate(at=Max("ended_at"))["at"], rest.aggregate(at=Min("sent_at"))["at"]
    assert ended <= begun
    omar.goto(CONSOLE)
    expect(omar.locator("#dl-headline")).to_contain_text("Nothing is broken")


def runs(worker: str) -> None:
    """The registry says so, and it never falls silent, however slow the machine is."""
    beat = timezone.now() + timedelta(days=1)
    WorkerProcess.objects.create(id="w1", worker=worker, state="running", host="h", pid=1, heartbeat_at=beat)


@pytest.fixture
def broken(transactional_db: None) -> DeadLetter:
    """A letter of a worker that is known, with a text that means harm."""
    evil = "<img src=x onerror=\"document.title='evil'\">" + "w" * 300
    letters_index(records=[Letters().failed(evil.encode(), error=InvalidMessage(evil))])
    assert registry.get("analysis-worker")
    return DeadLetter.objects.get()


def test_the_keyboard_reaches_the_step_the_form_and_the_dialog(
    people: People, sign_in: SignIn, broken: DeadLetter
) -> None:
    runs("analysis-worker")
    omar, ada = sign_in(people.omar), sign_in(people.ada)
    omar.goto(CONSOLE)
    omar.keyboard.press("j")
    expect(omar.locator(".dl-step").first).to_be_focused()
    omar.keyboard.press("Enter")
    omar.wait_for_url(f"**/propose/?cluster={broken.cluster_id}")
    expect(omar.get_by_label("Reason")).to_be_focused()
    assert omar.evaluate("window.scrollY") == 0  # what is to be read first is not scrolled away
    omar.keyboard.type("repaired")
    press_until(omar, "button.hd-button")
    omar.keyboard.press("Enter")
    omar.wait_for_url("**/redrivebatch/*/change/")
    batch = RedriveBatch.objects.get()

    ada.goto(f"/admin/dlq_admin/redrivebatch/{batch.pk}/change/")
    press_until(ada, f"a[href$='/{batch.pk}/approve/']")
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Reason")).to_be_focused()
    ada.keyboard.press("Escape")
    expect(ada.get_by_label("Reason")).not_to_be_visible()
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Reason")).to_be_focused()
    ada.keyboard.type("seen")
    press_until(ada, "#dialog button[type=submit]")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text(f"You approved batch {batch.pk}")).to_be_visible()
    # Omar's page comes anew; a window that is closed meanwhile may never say that it is.
    expect(omar.locator("#dl-batch")).to_have_attribute("data-state", "RUNNING")


def test_a_worker_is_paused_and_resumed_from_the_console(
    people: People, sign_in: SignIn, broken: DeadLetter
) -> None:
    runs("analysis-worker")
    omar = sign_in(people.omar)
    omar.goto(CONSOLE)
    omar.get_by_role("link", name="Pause…").click()
    omar.get_by_label("Reason").fill("new disk")
    omar.get_by_role("button", name="Pause", exact=True).click()
    expect(omar.locator(".dl-next")).to_contain_text("analysis-worker is paused: new disk. Resume it first.")
    omar.get_by_role("link", name="Resume analysis-worker").click()
    omar.get_by_label("Reason").fill("it is there")
    omar.get_by_role("button", name="Resume", exact=True).click()
    expect(omar.get_by_role("link", name="Propose redrive")).to_be_visible()
    assert not ConsumerControl.objects.get().paused


def test_bytes_come_into_the_page_by_a_press_of_a_button(omar: Page, broken: DeadLetter) -> None:
    omar.goto(f"/admin/dlq_admin/deadletter/{broken.pk}/change/")
    omar.get_by_role("button", name="Show the bytes").click()
    expect(omar.locator(".dl-bytes").first).to_contain_text("<img src=x")
    assert omar.title() != "evil"


def test_what_two_approved_is_sent_in_two_batches_and_what_is_closed_is_cleaned_up(
    people: People, sign_in: SignIn, broken: DeadLetter
) -> None:
    from dlq_admin.services import OPEN_IN_WORDS, letter_approve

    letters_index(records=[Letters().failed(b"{}", offset=7, dead="analysis.request.dlt")])
    other = DeadLetter.objects.exclude(pk=broken.pk).get()
    letter_approve(letter_id=broken.pk, actor=people.ada, reason="looked at it")
    omar, ada = sign_in(people.omar), sign_in(people.ada)
    omar.goto("/admin/dlq_admin/deadletter/")
    for row in (broken, other):
        omar.locator(f"input.action-select[value='{row.pk}']").check()
    omar.locator("select[name=action]").select_option(label="Send again what others approved…")
    omar.get_by_role("button", name="Run").click()
    expect(omar.get_by_text("1 of 2 can be sent again")).to_be_visible()
    expect(omar.get_by_label("Reason")).to_be_focused()
    omar.keyboard.type("go")
    omar.get_by_role("button", name="Send 1 letter again").dblclick()
    omar.get_by_role("link", name="sends what ada approved").click()
    expect(omar.locator("#dl-batch")).to_have_attribute("data-state", "RUNNING")
    assert RedriveBatch.objects.get().size == 1

    ada.goto("/admin/dlq_admin/deadletter/")
    ada.get_by_role("link", name="Clean up…").click()
    expect(ada.get_by_text("Nothing is that old")).to_be_visible()
    for field in ("Bytes older than days", "Letters older than days"):
        ada.get_by_label(field).fill("0")
    ada.get_by_label("Open ones too").check()
    ada.get_by_role("button", name="Count").click()
    expect(ada.locator("#dl-rows")).to_have_text("1")
    ada.get_by_label("In words").fill(OPEN_IN_WORDS)
    ada.get_by_label("Reason").fill("tests")
    ada.get_by_role("button", name="Delete what was counted").click()
    expect(ada.get_by_text("Deleted: 1 letter")).to_be_visible()
    assert DeadLetter.objects.get() == broken


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_narrow_screen_and_hostile_texts_run_nothing(
    people: People, omar: Page, broken: DeadLetter, scheme: str
) -> None:
    from dlq_admin.services import Pace, batch_propose

    batch = batch_propose(letter_ids=[broken.pk], actor=people.omar, reason="w" * 400, pace=Pace())
    omar.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    omar.set_viewport_size({"width": 390, "height": 844})
    people.omar.groups.add(*Group.objects.filter(name="approver"))
    for path in (
        CONSOLE,
        "/admin/dlq_admin/cluster/",
        f"/admin/dlq_admin/cluster/{broken.cluster_id}/change/",
        "/admin/dlq_admin/deadletter/",
        f"/admin/dlq_admin/deadletter/{broken.pk}/change/",
        f"/admin/dlq_admin/deadletter/propose/?ids={broken.pk}",
        f"/admin/dlq_admin/deadletter/discard/?ids={broken.pk}",
        f"/admin/dlq_admin/deadletter/send/?ids={broken.pk}",
        "/admin/dlq_admin/deadletter/cleanup/?payloads=0&rows=0&open_too=on",
        "/admin/dlq_admin/redrivebatch/",
        f"/admin/dlq_admin/redrivebatch/{batch.pk}/change/",
    ):
        omar.goto(path)
        expect(omar.locator(".hd-page, #result_list").first).to_be_visible()
        assert omar.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert omar.title() != "evil"
