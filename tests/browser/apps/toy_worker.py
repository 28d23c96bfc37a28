"""Verbs that need neither a model nor a synthesizer: they write and remix toys, and play tones."""

from tests.browser.apps import handmade
from tests.studio import toy_verbs

VERBS = toy_verbs.VERBS | handmade.VERBS
