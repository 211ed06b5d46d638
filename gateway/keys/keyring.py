"""The deployment's secret keys: one set hashes tokens, the other seals cursors and stored credentials.

Of each set the first key is current: it makes new hashes and seals. The older ones only read, so that a
rotation breaks no live token and no cursor, until they are retired.

A sealed text is URL-safe base64 without padding of ``version (1) · key id (4) · nonce (12) · AES-256-GCM``.
The key of each seal is derived (HKDF-SHA256, RFC 5869) from the sealing key, a purpose and a subject, so
that what was sealed for one tenant or one use cannot be opened as another.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KeyKind = Literal["hashing", "sealing"]

_KINDS: Final[tuple[KeyKind, KeyKind]] = ("hashing", "sealing")
_FORMAT: Final = b"\x01"
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = 1 + _ID_BYTES
_SMALLEST: Final = _HEADER_BYTES + _NONCE_BYTES + 16
_DERIVED_KEPT: Final = 4096


class KeyringInvalid(ValueError):
    """The keyring's text cannot be used, or the change asked of it cannot be made. Never carries key material."""

    for_logs = True


class Unsealable(Exception):
    """The text was not sealed by this keyring for this purpose, subject and associated data, or was altered."""


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"_Key({self.id})"


class Keyring:
    """Immutable: ``rotate`` and ``retire`` return a new keyring, whose ``dump`` is what must be stored."""

    __slots__ = ("_derived", "_hashing", "_sealing")

    def __init__(self, hashing: tuple[_Key, ...], sealing: tuple[_Key, ...]) -> None:
        self._hashing = hashing
        self._sealing = sealing
        self._derived: OrderedDict[tuple[str, str, str], AESGCM] = OrderedDict()

    @staticmethod
    def create() -> str:
        """The text of a new keyring with one random key of each kind."""
        return Keyring((_new_key(),), (_new_key(),)).dump()

    @classmethod
    def load(cls, text: str | bytes) -> "Keyring":
        """Reads what ``create`` or ``dump`` wrote; raises ``KeyringInvalid`` with the place of the fault."""
        try:
            document = json.loads(text)
        except ValueError as fault:
            raise KeyringInvalid("the keyring is not JSON") from fault
        if not isinstance(document, dict) or set(document) != set(_KINDS):
            raise KeyringInvalid('the keyring must be an object with exactly "hashing" and "sealing"')
        return cls(*(_read_keys(document[kind], kind) for kind in _KINDS))

    def dump(self) -> str:
        """The whole keyring, secrets included, as the JSON text that ``load`` reads."""
        document = {
            kind: [{"id": key.id, "key": urlsafe_b64encode(key.secret).decode()} for key in self._keys(kind)]
            for kind in _KINDS
        }
        return json.dumps(document, indent=2) + "\n"

    def __repr__(self) -> str:
        return f"Keyring(hashing={[key.id for key in self._hashing]}, sealing={[key.id for key in self._sealing]})"

    @property
    def hashing_id(self) -> str:
        """Id of the key that ``hash`` uses: stored beside each hash."""
        return self._hashing[0].id

    def ids(self, kind: KeyKind) -> tuple[str, ...]:
        """Ids of all keys of ``kind``, the current one first."""
        return tuple(key.id for key in self._keys(kind))

    def hash(self, token: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes) of ``token`` under the current hashing key."""
        return hmac.digest(self._hashing[0].secret, token, "sha256")

    def hashes(self, token: bytes) -> tuple[bytes, ...]:
        """The hash of ``token`` under every readable key, the current one first."""
        return tuple(hmac.digest(key.secret, token, "sha256") for key in self._hashing)

    def seal(self, purpose: str, subject: str, plaintext: bytes, associated: bytes) -> str:
        """Encrypts and authenticates ``plaintext``; ``associated`` is authenticated only and must be given again to open."""
        key = self._sealing[0]
        header = _FORMAT + bytes.fromhex(key.id)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        body = self._cipher(key, purpose, subject).encrypt(nonce, plaintext, header + associated)
        return urlsafe_b64encode(header + nonce + body).rstrip(b"=").decode()

    def open(self, purpose: str, subject: str, sealed: str, associated: bytes) -> bytes:
        """The plaintext of ``seal``; anything else raises ``Unsealable`` without saying why."""
        raw = _decode(sealed)
        header = raw[:_HEADER_BYTES]
        id_wanted = header[1:].hex()
        key = next((key for key in self._sealing if key.id == id_wanted), None)
        if key is None or header[:1] != _FORMAT:
            raise Unsealable
        nonce, body = raw[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES], raw[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher(key, purpose, subject).decrypt(nonce, body, header + associated)
        except InvalidTag:
            raise Unsealable from None

    def seals_like(self, sealed: str) -> bool:
        """Whether `sealed` was sealed with the key that would seal it now."""
        try:
            return _decode(sealed)[1:_HEADER_BYTES].hex() == self._sealing[0].id
        except Unsealable:
            return False

    def lacks(self, sealed: str) -> str | None:
        """The id of the key that `sealed` was sealed with, when it is not among these; None when it is."""
        try:
            key_id = _decode(sealed)[1:_HEADER_BYTES].hex()
        except Unsealable:
            return "unreadable"
        return None if key_id in self.ids("sealing") else key_id

    def rotate(self, kind: KeyKind) -> "Keyring":
        """A keyring whose current key of ``kind`` is new; the former ones stay readable."""
        return self._with(kind, (_new_key(), *self._keys(kind)))

    def retire(self, key_id: str) -> "Keyring":
        """A keyring without the key ``key_id``: whatever was hashed or sealed with it is lost. Never the current key."""
        for kind in _KINDS:
            keys = self._keys(kind)
            if keys[0].id == key_id:
                raise KeyringInvalid(f"{key_id} is the current {kind} key: rotate first")
            if key_id in self.ids(kind):
                return self._with(kind, tuple(key for key in keys if key.id != key_id))
        raise KeyringInvalid(f"there is no key {key_id}")

    def _keys(self, kind: KeyKind) -> tuple[_Key, ...]:
        return self._hashing if kind == "hashing" else self._sealing

    def _with(self, kind: KeyKind, keys: tuple[_Key, ...]) -> "Keyring":
        return Keyring(keys, self._sealing) if kind == "hashing" else Keyring(self._hashing, keys)

    def _cipher(self, key: _Key, purpose: str, subject: str) -> AESGCM:
        place = (key.id, purpose, subject)
        cipher = self._derived.get(place)
        if cipher is None:
            # The length makes (purpose, subject) unambiguous: ("ab", "c") must not share a key with ("a", "bc").
            info = f"{len(purpose)}:{purpose}{subject}".encode()
            cipher = AESGCM(HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(key.secret))
            self._derived[place] = cipher
            if len(self._derived) > _DERIVED_KEPT:
                self._derived.popitem(last=False)
        return cipher


def _decode(sealed: str) -> bytes:
    try:
        text = sealed.encode("ascii")
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        raise Unsealable from None
    # Python's decoder skips foreign characters and unused bits: only the canonical spelling may pass.
    if len(raw) < _SMALLEST or urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise Unsealable
    return raw


def _new_key() -> _Key:
    return _Key(secrets.token_hex(_ID_BYTES), secrets.token_bytes(_KEY_BYTES))


def _read_keys(entries: object, kind: KeyKind) -> tuple[_Key, ...]:
    if not isinstance(entries, list) or not entries:
        raise KeyringInvalid(f"{kind} must be a list with at least one key")
    keys = tuple(_read_key(entry, f"{kind}[{at}]") for at, entry in enumerate(entries))
    if len({key.id for key in keys}) != len(keys):
        raise KeyringInvalid(f"{kind} has two keys with one id")
    return keys


def _read_key(entry: object, place: str) -> _Key:
    if not isinstance(entry, dict) or set(entry) != {"id", "key"}:
        raise KeyringInvalid(f'{place} must be an object with exactly "id" and "key"')
    try:
        key_id, secret = bytes.fromhex(entry["id"]), urlsafe_b64decode(entry["key"])
    except (TypeError, ValueError):
        raise KeyringInvalid(f"{place}: id must be hexadecimal and key URL-safe base64") from None
    if len(key_id) != _ID_BYTES or len(secret) != _KEY_BYTES:
        raise KeyringInvalid(f"{place}: id must have {_ID_BYTES} bytes and key {_KEY_BYTES}")
    return _Key(key_id.hex(), secret)
