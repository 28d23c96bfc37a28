"""The small GPT-2."""

from __future__ import annotations

import torch

from models.gpt2 import GPT2, GPT2Config, described


def tiny(description: str = "{}") -> GPT2:
    torch.manual_seed(0)
    model = GPT2(GPT2Config(50, len(description.encode()), positions=16, width=16, layers=2, heads=2))
    model.description.copy_(described(description))
    return model.eval()


def test_what_follows_hangs_on_what_came_before_alone():
    model = tiny()
    tokens = torch.arange(12)[None] % 50
    changed = tokens.clone()
    changed[0, 8:] = 3
    with torch.inference_mode():
        assert model(tokens).shape == (1, 12, 50)
        torch.testing.assert_close(model(tokens)[:, :8], model(changed)[:, :8])


def test_the_vocabulary_survives_half_precision():
    text = '{"night": 1, "é": 2}'
    model = tiny(text)
    weights = {name: tensor.half().float() for name, tensor in model.state_dict().items()}
    again = GPT2(model.config)
    again.load_state_dict(weights)
    assert again.vocabulary_text == text
