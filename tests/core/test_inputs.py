"""What heads are computed from: read-only, and drawn as PyTorch draws it."""

from __future__ import annotations

import numpy as np
import pytest

from kitten_tui.core.draws import Stream, draw_heads
from kitten_tui.core.inputs import fixed


def test_what_is_fixed_is_a_copy_that_nobody_can_write_to():
    values = np.ones((2, 2), dtype=np.float32)
    array = fixed(values)
    values[0, 0] = 5.0
    assert array.dtype == np.float64
    assert (array == 1.0).all()
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 2.0


def test_the_first_head_of_the_book_is_drawn():
    """torch.manual_seed(123); torch.rand(3, 2), as the book prints it."""
    drawn = draw_heads(123, "rand", 1, 3, 2)[0].w_q
    assert drawn.round(4).tolist() == [[0.2961, 0.5166], [0.2517, 0.6886], [0.0740, 0.8665]]


@pytest.mark.parametrize("d_in", [1, 4, 100])
def test_matrices_fill_their_range_evenly_and_stay_in_it(d_in: int):
    """[0, 1) as torch.rand has it; ±1/√d_in as nn.Linear has it."""
    for drawn, low, high in (
        (Stream(7).rand(d_in, 2000), 0.0, 1.0),
        (Stream(7).linear(d_in, 2000), -(d_in**-0.5), d_in**-0.5),
    ):
        assert drawn.shape == (d_in, 2000)
        share = (drawn - low) / (high - low)
        assert share.min() >= -1e-6
        assert share.max() <= 1.0
        assert np.histogram(share, bins=4, range=(0, 1))[0] == pytest.approx(np.full(4, drawn.size / 4), rel=0.2)
