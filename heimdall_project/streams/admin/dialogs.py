"""Orders as dialogs over a page; opened in a tab of their own, or without script, as whole pages."""

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action

from ...errors import Refused

DONE = "X-Order-Done"
"""Marks the answer of an order that was carried out."""

LINK = {"hx-sync": "this:drop", "hx-swap": "innerHTML settle:0s"}
"""How a link fetches its dialog: once, however often it is pressed; the focus is not moved afterwards."""


def dialog(title: str, description: str, form: type[Any]) -> dict[str, Any]:
    """The dialog of an order."""
    return {"title": title, "description": description, "form_class": form, "form_submit_text": title}


def dialog_action(**options: Any) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """The theme's `action` with a `dialog`, which answers with a whole page unless htmx asked for a piece."""

    def decorate(order: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        asked = action(attrs=LINK, **options)(order)

        @wraps(asked)
        def answer(model_admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if model_admin.get_object(request, str(kwargs.get("object_id"))) is None:
                raise Http404
            response: HttpResponse = asked(model_admin, request, *args, **kwargs)
            if "HX-Request" in request.headers:
                return response
            return _whole(model_admin, request, response, kwargs.get("object_id"))

        return answer

    return decorate


def fitting(actions: Iterable[UnfoldAction], names: Collection[str]) -> list[UnfoldAction]:
    """Those of a page's actions whose methods have these names."""
    return [each for each in actions if each.action_name.rpartition("_")[2] in names]


def done(request: HttpRequest, text: str) -> HttpResponse:
    """The answer of an order that was carried out: the page below the dialog comes anew, and says so."""
    messages.success(request, text)
    return HttpResponse(headers={"HX-Refresh": "true", DONE: "true"})


def refused(request: HttpRequest, form: Any, shown: dict[str, Any], problem: Refused) -> HttpResponse:
    """The dialog again with what the service does not grant."""
    if not problem.errors:
        form.add_error(None, problem.detail)
    for field, text in problem.errors.items():
        form.add_error(field if field in form.fields else None, text)
    context = {"dialog": shown, "form": form, "form_submit_text": shown["form_submit_text"]}
    return render(request, "unfold/helpers/dialog.html", context)


def _whole(model_admin: Any, request: HttpRequest, response: HttpResponse, object_id: Any) -> HttpResponse:
    meta = model_admin.opts
    back = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[object_id])
    if DONE in response.headers:
        return redirect(back)
    if response.status_code != HTTPStatus.OK:
        return response
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": meta,
        "title": f"{meta.verbose_name} {object_id}".capitalize(),
        "dialog_html": response.content.decode(),
        "back": back,
    }
    return render(request, "admin/dialog_page.html", context)
