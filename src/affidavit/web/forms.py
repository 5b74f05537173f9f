"""The forms that people type into, checked before anything else sees their values."""

from __future__ import annotations

from django import forms


class SignInForm(forms.Form):
    """Username and password; a blank or unreadable value is refused without looking anyone up."""

    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=4096, strip=False)


class SavedFilterForm(forms.Form):
    """The name of a saved filter and the query string that it stands for."""

    name = forms.CharField(max_length=100)
    query = forms.CharField(max_length=4000, required=False)


class TokenForm(forms.Form):
    """A new API token: what it is for, what it may do, when it ends (in days; empty: never)."""

    name = forms.CharField(max_length=200)
    scope = forms.MultipleChoiceField()
    days = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, choices=[("30", ""), ("90", ""), ("365", "")]
    )
