"""What stands above the list of jobs: figures that keep themselves up to date, and saved filters."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.base import LargeTableAdmin
from heimdall_project.streams.admin.windows import Window, window_named

from ..services import redriving
from . import exporting, figures, saved

WINDOW_COOKIE = "hd_window"
PAGE = "jobs.analysisjob"
LIST = "admin:jobs_analysisjob_changelist"


class ConsoleAdmin(LargeTableAdmin):
    """A list of jobs with its figures and filters. Rights are those of seeing jobs."""

    list_before_template = "jobs/console.html"
    empty_template = "jobs/no_jobs.html"
    list_disable_select_all = True  # the table is not counted; "all that fit" has a button of its own

    def get_urls(self) -> list[URLPattern]:
        """The views beside the list."""
        view = self.admin_site.admin_view
        return [
            path("live/", view(self.live_view), name="jobs_analysisjob_live"),
            path("filters/keep/", view(self.keep_view), name="jobs_analysisjob_keep"),
            path("filters/<int:pk>/drop/", view(self.drop_view), name="jobs_analysisjob_drop"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with what stands above it."""
        above = self._above(request) if self.has_view_permission(request) else {}
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **above})
        return response

    @method_decorator(require_GET)
    def live_view(self, request: HttpRequest) -> HttpResponse:
        """The figures anew; `window` chooses another span of time, and is remembered."""
        user = self._viewer(request)
        window = _window(request)
        if "HX-Request" in request.headers:
            chosen = saved.chosen(QueryDict(request.GET.get("query", "")).items())  # type: ignore[arg-type]
            response = render(request, "jobs/figures.html", figures.panel(user, window, chosen))
        else:
            response = redirect(LIST)
        if "window" in request.GET:
            response.set_cookie(
                WINDOW_COOKIE, window.name, max_age=31_536_000, samesite="Lax", path=reverse(LIST)
            )
        return response

    @method_decorator(require_POST)
    def keep_view(self, request: HttpRequest) -> HttpResponse:
        """Keep a filter."""
        return saved.keep(request, self._viewer(request), PAGE, reverse(LIST))

    @method_decorator(require_POST)
    def drop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete an own filter."""
        return saved.drop(request, self._viewer(request), PAGE, pk, reverse(LIST))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, which also knows what an empty one is to say: where to ask, and as whom."""
        listed = super().get_changelist_instance(request)
        listed.ask_at = request.build_absolute_uri(reverse("analysis-request"))
        listed.asker = request.user.get_username()
        return listed

    def _above(self, request: HttpRequest) -> dict[str, Any]:
        user = self._viewer(request)
        current = saved.normal(request.GET.urlencode())
        chosen = saved.chosen(request.GET.items())  # type: ignore[arg-type]
        return {
            **figures.panel(user, _window(request), chosen),
            "current": current,
            "export": exporting.export(chosen, timezone.now()),
            "chips": saved.chips(user, PAGE, current),
            "may_redrive": user.has_perm(redriving.RIGHT),
        }

    def _viewer(self, request: HttpRequest) -> User:
        """Who asks. Raises PermissionDenied for those who may not see jobs."""
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        return request.user


def _window(request: HttpRequest) -> Window:
    return window_named(request.GET.get("window") or request.COOKIES.get(WINDOW_COOKIE, ""))
