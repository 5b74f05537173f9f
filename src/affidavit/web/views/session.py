"""Signing in and out, and which organization is worked in."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from affidavit.identity.models import Organization
from affidavit.identity.selectors import member_of
from affidavit.kit import clock
from affidavit.kit.errors import Forbidden, InvalidInput, TooMany
from affidavit.web.forms import SignInForm
from affidavit.web.http import PageRequest, safe_next
from affidavit.web.middleware import ORGANIZATION_KEY
from affidavit.web.sign_in import sign_in as session_begin


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: PageRequest) -> HttpResponse:
    """Ask for username and password; every refusal reads the same, whoever exists."""
    target = safe_next(request, reverse("home"))
    if request.method == "GET":
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return render(request, "web/sign_in.html", {"next": target})
    form = SignInForm(request.POST)
    message, status = "Enter your username and your password.", 400
    if form.is_valid():
        try:
            session_begin(
                request,
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password"],
                address=request.META.get("REMOTE_ADDR", ""),
                now=clock.now(),
            )
        except InvalidInput as error:
            message = error.message
        except TooMany as error:
            message, status = error.message, 429
        else:
            return HttpResponseRedirect(target)
    context = {"next": target, "message": message, "username": request.POST.get("username", "")}
    return render(request, "web/sign_in.html", context, status=status)


@require_POST
def sign_out(request: PageRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


@require_POST
def organization_switch(request: PageRequest) -> HttpResponse:
    """Work in another of one's organizations from now on."""
    organization = Organization.objects.filter(slug=request.POST.get("organization", "")).first()
    if organization is None:
        raise Forbidden("You are not a member of this organization.")
    member_of(user=request.user, organization=organization, now=clock.now())
    request.session[ORGANIZATION_KEY] = organization.slug
    return HttpResponseRedirect(reverse("home"))
