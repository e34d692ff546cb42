"""Real pages in a real Chromium: both doors as processes on the test database, and people who sign in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.integration.platform.doors import STREAM, WEB, door, free_port, this_database
from tests.people import People

if TYPE_CHECKING:  # this file is read before Django is set up
    from heimdall_project.accounts.models import User

BUDGET_MS = 15_000
"""Longest wait for what a page is to show."""
type SignIn = Callable[[User], Page]


@pytest.fixture(autouse=True)
def committed(transactional_db: None) -> None:
    """The doors are other processes: they see only what is committed."""


@pytest.fixture(scope="package")
def address(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Where the web door is; its pages listen at the stream door."""
    web, stream = free_port(), free_port()
    here, there = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{stream}"
    common: dict[str, Any] = {
        "DATABASE_URL": this_database(),
        "STREAM_URL": there,
        "CORS_ALLOWED_ORIGINS": here,
    }
    with door(WEB, port=web, **common), door(STREAM, port=stream, **common):
        yield here


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium: that of the system, or the one that playwright fetched."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, beside which Django would refuse to ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = shutil.which("chromium") or shutil.which("google-chrome")
        running = playwright.chromium.launch(executable_path=found, args=arguments)
        yield running
        running.close()


def session_of(user: User) -> str:
    """A session as the form of the login page begins it."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
def sign_in(browser: Browser, address: str) -> Iterator[SignIn]:
    """A window of one's own, signed in already. Whatever a page complains of fails the test."""
    complaints: list[str] = []
    windows: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def enter(user: User) -> Page:
        window = browser.new_context(base_url=address, viewport={"width": 1440, "height": 1000})
        window.set_default_timeout(BUDGET_MS)
        windows.append(window)
        window.on("console", heard)
        window.on("weberror", lambda error: complaints.append(str(error.error)))
        window.add_cookies([{"name": "sessionid", "value": session_of(user), "url": address}])
        return window.new_page()

    expect.set_options(timeout=BUDGET_MS)
    yield enter
    for window in windows:
        window.close()
    assert complaints == []


@pytest.fixture
def omar(people: People, sign_in: SignIn) -> Page:
    """The window of an operator."""
    return sign_in(people.omar)
