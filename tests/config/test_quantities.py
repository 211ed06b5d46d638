import pytest
from pydantic_core import PydanticCustomError

from gateway.config.quantities import seconds, size, waiting


@pytest.mark.parametrize(
    ("text", "value"), [("250ms", 0.25), ("1.5s", 1.5), ("5m", 300), ("24h", 86_400), ("90d", 7_776_000)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(("text", "value"), [("1MiB", 1_048_576), ("50MB", 50_000_000), ("512B", 512), ("2GiB", 2**31)])
def test_a_size_is_a_number_and_a_unit(text: str, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", [30, "30", "", "s", "-1s", "0s", "1 s", "1s\n", "1w", "1e3s", None, True, "٣s٣"])
def test_anything_else_is_not_a_duration(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        seconds(text)


@pytest.mark.parametrize("text", ["0.5ms", "3651d", "99999999999999999999999d", f"{'9' * 400}d"])
def test_a_duration_that_no_clock_or_store_can_count_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="out of range"):
        seconds(text)


def test_nobody_waits_longer_than_a_day() -> None:
    assert waiting("24h") == 86_400
    with pytest.raises(PydanticCustomError, match="longer than anybody waits"):
        waiting("25h")


@pytest.mark.parametrize("text", [1, "1", "0B", "-1B", "1.5MiB", "1 MiB", "1mib", "1MiB\n", None])
def test_anything_else_is_not_a_size(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        size(text)
