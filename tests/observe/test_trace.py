import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observe import trace

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_traceparent_is_continued_with_an_own_span() -> None:
    continued = trace.continued(PARENT)
    assert continued.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert continued.parent_id == "00f067aa0ba902b7"
    assert continued.span_id != continued.parent_id
    assert continued.header == b"00-4bf92f3577b34da6a3ce929d0e0e4736-%b-01" % continued.span_id.encode()


def test_without_a_header_a_new_unsampled_trace_starts() -> None:
    one, other = trace.continued(None), trace.continued(None)
    assert one.trace_id != other.trace_id
    assert one.parent_id is None and one.flags == 0
    assert trace.continued(one.header).trace_id == one.trace_id


@pytest.mark.parametrize(
    "header",
    [
        b"",
        PARENT.upper(),
        PARENT + b"\n",
        PARENT + b"-extra",
        b"ff" + PARENT[2:],
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-" + b"0" * 16 + b"-01",
        PARENT[:-1],
    ],
)
def test_a_malformed_traceparent_starts_a_new_trace(header: bytes) -> None:
    continued = trace.continued(header)
    assert continued.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"
    assert continued.parent_id is None


def test_a_future_version_is_read_as_far_as_it_is_known() -> None:
    continued = trace.continued(b"cc" + PARENT[2:-2] + b"ff-what-the-future-brings")
    assert continued.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert continued.flags == 1


@given(st.binary(max_size=80))
def test_no_header_value_breaks_it(header: bytes) -> None:
    assert trace.continued(trace.continued(header).header).parent_id is not None
