"""What a page asks for if no control is touched: the options' own defaults, but for what ON_PAGES and its panel name."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.song.brief import Brief
from studio.widgets.generate import controls as generate
from studio.widgets.harmonize import controls as harmonize
from studio.widgets.options_panel import ON_PAGES, WORDS
from studio.widgets.remix import controls as remix
from tests.studio.visitor import press, small_midi, song_of, until_written

PANELS = {"Generate": generate.PANEL, "Remix": remix.PANEL, "Harmonize": harmonize.PANEL}


def take_of(page, title):
    """Returns the take of a page of which only the button was pressed."""
    page.switch_page(f"studio/pages/{title.lower()}.py").run()
    if title != "Generate":
        page.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    return song_of(until_written(press(page, title))).take


@pytest.mark.parametrize("title", PANELS)
def test_untouched_controls_give_the_options_own_defaults(page, title):
    options, panel = take_of(page, title).options, PANELS[title]
    begins = {**ON_PAGES, **panel.begins}
    expected = {
        name: value for name, value in begins.items() if getattr(options, name) is not None and value is not None
    }
    expected["seed"] = options.seed  # a new one
    if title == "Harmonize":
        expected["melody"] = 0  # found
    assert options == replace(panel.options(), **expected)


def test_the_words_alone_make_the_brief_of_an_untouched_compose_page(compose):
    brief = song_of(until_written(press(compose, "Compose"))).take.options.brief
    assert brief == Brief(seed=brief.seed)


def test_all_that_pages_begin_with_otherwise_is_named():
    assert ON_PAGES == {"seed": None, "variants": 2}
    assert generate.PANEL.begins == {"seconds": 30, "genre": "any", "style": "any"} and not harmonize.PANEL.begins
    assert remix.PANEL.begins == {"amount": RemixOptions.amount}


@pytest.mark.parametrize("title", PANELS)
def test_words_are_of_options(title):
    panel = PANELS[title]
    names = {field.name for field in fields(panel.options)}
    assert names >= {*panel.words, *WORDS} and not {*panel.words} & {*WORDS}
    assert {name for name in names if name.startswith("temperature_")} <= {*panel.words}


def test_a_default_is_as_a_widget_has_it():
    assert generate.PANEL.default("instruments") == [] and generate.PANEL.default("bars") == GenerateOptions.bars
    assert remix.PANEL.default("temperature") == RemixOptions.temperature == 0.9
    assert harmonize.PANEL.default("temperature") == HarmonizeOptions.temperature == 0.9
    assert type(remix.PANEL.default("amount")) is int
    assert harmonize.PANEL.default("complexity") == HarmonizeOptions.complexity
