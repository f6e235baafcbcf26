"""The hidden input that lets a form be sent twice."""

from uuid import uuid4

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend.idempotency import FIELD

register = template.Library()


@register.simple_tag
def idempotency_key() -> SafeString:
    """Return the input with a new key; browsers must not restore an old one."""
    markup = '<input type="hidden" name="{}" value="{}" autocomplete="off">'
    return format_html(markup, FIELD, uuid4())
