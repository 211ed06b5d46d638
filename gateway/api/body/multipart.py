"""multipart/form-data with exactly one file (RFC 7578), taken apart as it comes."""

from __future__ import annotations

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.problems import BadRequest, UnsupportedMediaType

PART = "file"
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""Labels of UTF-8 (WHATWG Encoding § 4.2), and ASCII, which is a part of it."""
# What browsers call a CSV file, besides its name: it depends on the programs that are installed.
_MEDIA = frozenset(
    {b"text/csv", b"application/csv", b"text/plain", b"application/vnd.ms-excel", b"application/octet-stream"}
)
_PLAIN = frozenset({b"7bit", b"8bit", b"binary"})


class OneFile:
    """Feed the body, get the file's bytes. Raises 400 for anything but one part named `file`, 415 for another kind of file."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise BadRequest("multipart_malformed", "The Content-Type of the body names no boundary.")
        callbacks = {
            "on_part_begin": self._part,
            "on_header_field": self._name,
            "on_header_value": self._value,
            "on_header_end": self._header,
            "on_headers_finished": self._begin,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError:
            raise _malformed() from None
        self._headers: dict[bytes, bytes] = {}
        self._field = self._line = b""
        self._taken: list[bytes] = []
        self._parts = 0
        self._ended = False
        self._delimiter = b"\r\n--" + boundary
        # What has come so far of what may stand before the first part: as if a line end had come before it.
        self._before: bytes | None = b"\r\n"

    def feed(self, data: bytes) -> bytes:
        """The file's bytes in the next piece of the body."""
        if self._before is not None:
            data = self._begun(data)
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed() from None
        taken = b"".join(self._taken)
        self._taken.clear()
        return taken

    def _begun(self, data: bytes) -> bytes:
        """What the parser is to see of the next piece: nothing of the preamble (RFC 2046 § 5.1.1)."""
        assert self._before is not None
        found, delimiter, rest = (self._before + data).partition(self._delimiter)
        if not delimiter:
            self._before = found[-len(self._delimiter) :]
            return b""
        self._before = None
        return delimiter[2:] + rest

    def close(self) -> None:
        """The body is over."""
        if not self._ended or self._parts == 0:
            raise _malformed()

    def _part(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise BadRequest("multipart_malformed", f"Send one part, the file, with the name `{PART}`.")

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._line += data[start:end]

    def _header(self) -> None:
        self._headers[self._field.lower()] = self._line
        self._field = self._line = b""

    def _begin(self) -> None:
        kind, parameters = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or parameters.get(b"name") != PART.encode():
            raise BadRequest("multipart_malformed", f"Send one part, the file, with the name `{PART}`.")
        media, options = parse_options_header(self._headers.get(b"content-type", b"text/csv"))
        coding = self._headers.get(b"content-transfer-encoding", b"binary").lower()
        charset = options.get(b"charset", b"utf-8").lower().decode("latin-1")
        if media not in _MEDIA or charset not in CHARSETS or coding not in _PLAIN:
            raise UnsupportedMediaType("unsupported_media_type", "The file has to be text/csv in UTF-8, as it is.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._taken.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


def _malformed() -> BadRequest:
    return BadRequest("multipart_malformed", "The body is not multipart/form-data, or it ends early.")
