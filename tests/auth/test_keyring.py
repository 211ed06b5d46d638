"""Hashing and sealing: what opens, what must not, and what a rotation keeps."""

import errno
import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.failures import explained
from gateway.keys import keyring_file
from gateway.keys.keyring import Keyring, KeyringInvalid, Unsealable
from gateway.keys.keyring_file import KeptKeyring

KEYRING = Keyring.load(Keyring.create())
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(), st.text(), st.binary(), st.binary())
def test_what_was_sealed_opens_again(purpose: str, subject: str, plaintext: bytes, associated: bytes) -> None:
    sealed = KEYRING.seal(purpose, subject, plaintext, associated)
    assert set(sealed) <= set(URL_SAFE)
    assert KEYRING.open(purpose, subject, sealed, associated) == plaintext


@given(st.binary(max_size=20), st.data())
def test_every_altered_character_is_refused(plaintext: bytes, data: st.DataObject) -> None:
    sealed = KEYRING.seal("cursor", "t1", plaintext, b"q")
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from([*URL_SAFE, "=", "\n", " ", "é", "+", "/"]).filter(lambda c: c != sealed[at]))
    with pytest.raises(Unsealable):
        KEYRING.open("cursor", "t1", sealed[:at] + other + sealed[at + 1 :], b"q")


@given(st.text(max_size=60))
def test_arbitrary_text_is_refused(text: str) -> None:
    with pytest.raises(Unsealable):
        KEYRING.open("cursor", "t1", text, b"")


@pytest.mark.parametrize(
    ("purpose", "subject", "associated"),
    [
        ("key", "t1", b"q"),
        ("cursor", "t2", b"q"),
        ("cursor", "t1", b"r"),
        ("curso", "rt1", b"q"),
        ("cursort", "1", b"q"),
    ],
)
def test_a_seal_opens_only_for_its_purpose_subject_and_associated_data(
    purpose: str, subject: str, associated: bytes
) -> None:
    sealed = KEYRING.seal("cursor", "t1", b"text", b"q")
    with pytest.raises(Unsealable):
        KEYRING.open(purpose, subject, sealed, associated)


def test_truncation_and_padding_are_refused() -> None:
    sealed = KEYRING.seal("cursor", "t1", b"text", b"")
    for altered in (*(sealed[:length] for length in range(len(sealed))), sealed + "=", sealed + "A", sealed + "\n"):
        with pytest.raises(Unsealable):
            KEYRING.open("cursor", "t1", altered, b"")


def test_two_seals_of_one_text_differ() -> None:
    assert KEYRING.seal("cursor", "t1", b"text", b"") != KEYRING.seal("cursor", "t1", b"text", b"")


def test_another_keyring_opens_nothing() -> None:
    sealed = KEYRING.seal("cursor", "t1", b"text", b"")
    with pytest.raises(Unsealable):
        Keyring.load(Keyring.create()).open("cursor", "t1", sealed, b"")


def test_a_hash_is_the_hmac_sha256_under_the_current_key() -> None:
    secret = urlsafe_b64decode(json.loads(KEYRING.dump())["hashing"][0]["key"])
    assert KEYRING.hash(b"token") == hmac.new(secret, b"token", hashlib.sha256).digest()
    assert KEYRING.hashes(b"token") == (KEYRING.hash(b"token"),)


def test_after_a_rotation_old_seals_open_and_old_hashes_are_still_looked_for() -> None:
    sealed, hashed = KEYRING.seal("cursor", "t1", b"text", b""), KEYRING.hash(b"token")
    rotated = Keyring.load(KEYRING.rotate("sealing").rotate("hashing").dump())
    assert rotated.open("cursor", "t1", sealed, b"") == b"text"
    assert rotated.hashes(b"token")[1] == hashed
    assert rotated.hash(b"token") != hashed
    assert rotated.hashing_id != KEYRING.hashing_id


def test_a_retired_key_reads_no_longer() -> None:
    sealed = KEYRING.seal("cursor", "t1", b"text", b"")
    (first,) = KEYRING.ids("sealing")
    rotated = KEYRING.rotate("sealing")
    retired = rotated.retire(first)
    with pytest.raises(Unsealable):
        retired.open("cursor", "t1", sealed, b"")
    assert retired.ids("sealing") == rotated.ids("sealing")[:1]


def test_the_current_key_cannot_be_retired() -> None:
    with pytest.raises(KeyringInvalid, match="current hashing key"):
        KEYRING.retire(KEYRING.hashing_id)
    with pytest.raises(KeyringInvalid, match="no key"):
        KEYRING.retire("00000000")


def test_no_representation_shows_a_secret() -> None:
    secrets = [entry["key"] for entries in json.loads(KEYRING.dump()).values() for entry in entries]
    assert not any(secret in repr(KEYRING) for secret in secrets)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"hashing": [], "sealing": []}',
        '{"hashing": [1], "sealing": [1]}',
        '{"hashing": [{"id": 1, "key": 2}], "sealing": [{"id": 1, "key": 2}]}',
        '{"hashing": [{"id": "00000000", "key": "AAAA"}], "sealing": [{"id": "00000000", "key": "AAAA"}]}',
    ],
)
def test_a_damaged_keyring_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(KeyringInvalid):
        Keyring.load(text)


def test_a_file_that_becomes_nonsense_leaves_the_keys_as_they_are(
    tmp_path: Path, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    path = tmp_path / "keyring.json"
    keyring_file.create(path)
    kept, first = KeptKeyring(path), Keyring.load(path.read_bytes())
    path.write_bytes(b"\xff\xfe\xff")
    assert not kept.refresh() and kept.hash(b"token") == first.hash(b"token")
    # Each token that nobody knows has the file looked at, and must not write a line.
    assert len({kept.hashes(b"%d" % number) for number in range(9)}) == 9
    path.unlink()
    assert not kept.refresh() and not kept.refresh()
    assert kept.astray is True
    assert [line["event"] for line in logged()] == ["the keyring cannot be read again"] * 2
    keyring_file.create(tmp_path / "other.json")
    (tmp_path / "other.json").replace(path)
    assert kept.refresh() and kept.hash(b"token") != first.hash(b"token")
    assert logged()[-1]["event"] == "the keyring can be read again"
    path.rename(tmp_path / "elsewhere")
    assert not kept.refresh()
    (tmp_path / "elsewhere").rename(path)
    assert not kept.refresh()
    assert [line["event"].split()[2] for line in logged()] == ["cannot", "cannot", "can", "cannot", "can"]


def test_a_full_disk_is_told_with_the_file_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "keyring.json"
    keyring_file.create(path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left") as failed:
            keyring_file.change(path, lambda keys: keys.rotate("hashing"))
        said = explained(failed.value)
        assert said is not None and said.line == f"cannot use {path}: No space left on device" and said.code == 5
        with pytest.raises(OSError, match="other"):
            keyring_file.create(tmp_path / "other.json")
    assert path.read_bytes() == before
    assert {left.name for left in tmp_path.iterdir()} == {"keyring.json", "keyring.json.lock"}
    keyring_file.change(path, lambda keys: keys.rotate("hashing"))


def test_two_keys_with_one_id_are_refused() -> None:
    document = json.loads(KEYRING.dump())
    document["hashing"] *= 2
    with pytest.raises(KeyringInvalid, match="two keys with one id"):
        Keyring.load(json.dumps(document))


def test_more_subjects_than_are_kept_still_open() -> None:
    sealed = [KEYRING.seal("cursor", f"t{number}", b"text", b"") for number in range(4200)]
    assert all(KEYRING.open("cursor", f"t{at}", text, b"") == b"text" for at, text in enumerate(sealed))
