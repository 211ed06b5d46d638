"""Faults of the edge: limits, replays, permits and scopes, tokens and seals, and what OAuth checks."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ADMIT = "gateway/stores/scripts/admit.lua"
LOCAL = "gateway/stores/local_limits.py"
CODE = "gateway/oauth/grants/authorization_code.py"
REFRESH = "gateway/oauth/grants/refresh_token.py"
LIMITS = ("tests/stores/test_limit_laws.py",)
REPLAYS = ("tests/stores/test_replays.py",)
SCOPES = ("tests/process/test_scopes.py",)
SEALS = ("tests/auth/test_keyring.py",)
CURSORS = ("tests/attacks/test_cursors.py", "-k", "one_query or one_tenant or one_contract or expires")
CODES = ("tests/oauth/test_codes.py",)
FRESH = ("tests/oauth/test_refresh.py", "-k", "reuse or predecessor or widen or another_app")
ADDRESSES = (
    "tests/oauth/test_authorize.py",
    "tests/oauth/test_registration.py",
    "-k",
    "not_registered or vary_its_port or addresses_that_could_hurt",
)

MUTANTS = (
    Mutant(
        "a window admits one more",
        ADMIT,
        "if total + units > capacity then policy.wait",
        "if total + units > capacity + 1 then policy.wait",
        LIMITS,
    ),
    Mutant(
        "a bucket is never spent",
        ADMIT,
        "  policy.full = policy.full + units * step\n  policy.left",
        "  policy.full = policy.full\n  policy.left",
        LIMITS,
    ),
    Mutant(
        "the last policy decides alone",
        ADMIT,
        "if policy.wait > 0 and not shadow then admitted = 0 end",
        "admitted = policy.wait > 0 and not shadow and 0 or 1",
        LIMITS,
    ),
    Mutant(
        "a clock that was set back locks out",
        ADMIT,
        "if full > now + capacity * step then",
        "if full > now + 1000 * capacity * step then",
        LIMITS,
    ),
    Mutant(
        "without the store a bucket holds one more",
        LOCAL,
        "(self._capacity - min(units, self._capacity)) * self._step)",
        "(self._capacity + 1 - min(units, self._capacity)) * self._step)",
        LIMITS,
    ),
    Mutant(
        "without the store every worker grants the whole",
        LOCAL,
        "return max(1, policy.capacity // self._replicas)",
        "return max(1, policy.capacity)",
        ("tests/stores/test_limits.py",),
    ),
    Mutant(
        "what is given back is taken once more",
        "gateway/stores/scripts/give_back.lua",
        "tonumber(full) - step",
        "tonumber(full) + step",
        ("tests/stores/test_give_back.py",),
    ),
    Mutant(
        "a key answers another request than it was used for",
        "gateway/stores/scripts/reserve.lua",
        "if fingerprint ~= ARGV[1] then return {'reused'} end",
        "",
        REPLAYS,
    ),
    Mutant(
        "a request under way is sent a second time",
        "gateway/stores/scripts/reserve.lua",
        "if state == 'running' and ran < tonumber(ARGV[3]) then",
        "if state == 'running' and ran < 0 then",
        REPLAYS,
    ),
    Mutant(
        "whoever was replaced may still settle",
        "gateway/stores/scripts/settle.lua",
        "if nonce ~= ARGV[1] or state == 'done' then",
        "if state == 'done' then",
        REPLAYS,
    ),
    Mutant(
        "what a tenant has kept already does not count",
        "gateway/stores/scripts/settle.lua",
        "if kept + size > tonumber(ARGV[7])",
        "if size > tonumber(ARGV[7])",
        REPLAYS,
    ),
    Mutant(
        "the parts of a key's place run into each other",
        "gateway/stores/replays.py",
        '"".join(f"{len(part)}:{part}" for part in',
        '"".join(part for part in',
        REPLAYS,
    ),
    Mutant(
        "an unknown outcome is sent again by anybody",
        "gateway/stores/replays.py",
        "self._lifetime, int(again))",
        "self._lifetime, 1)",
        REPLAYS,
    ),
    Mutant(
        "a disabled user goes on",
        "gateway/auth/permits.py",
        "if user is None or not user.active:",
        "if user is None:",
        ("tests/attacks/test_freshness.py", "-k", "disabled_user"),
    ),
    Mutant(
        "what a role denies is allowed",
        "gateway/auth/scopes.py",
        "return granted(scopes, found.allow) - matching(scopes, found.deny) if",
        "return granted(scopes, found.allow) if",
        SCOPES,
    ),
    Mutant(
        "a role adds to what the token asks",
        "gateway/auth/scopes.py",
        "return scopes.expanded(asked) & allowed(scopes, role, roles)",
        "return scopes.expanded(asked) | allowed(scopes, role, roles)",
        SCOPES,
    ),
    Mutant(
        "everything means the restricted families, too",
        "gateway/auth/scopes.py",
        "if family_of(scope) not in scopes.restricted}",
        "if family_of(scope)}",
        SCOPES,
    ),
    Mutant(
        "the checksum of a token is not looked at",
        "gateway/keys/token_format.py",
        "and _checksum(token[:-CHECKSUM_LENGTH]).encode() == token[-CHECKSUM_LENGTH:]",
        "",
        ("tests/auth/test_tokens.py",),
    ),
    Mutant(
        "a seal has more than one spelling",
        "gateway/keys/keyring.py",
        'if len(raw) < _SMALLEST or urlsafe_b64encode(raw).rstrip(b"=") != text:',
        "if len(raw) < _SMALLEST:",
        SEALS,
    ),
    Mutant(
        "a seal opens for another purpose",
        "gateway/keys/keyring.py",
        'info = f"{len(purpose)}:{purpose}{subject}".encode()',
        "info = subject.encode()",
        SEALS,
    ),
    Mutant(
        "only the current key reads",
        "gateway/keys/keyring.py",
        "for key in self._hashing)\n\n    def seal",
        "for key in self._hashing[:1])\n\n    def seal",
        SEALS,
    ),
    Mutant(
        "a cursor never expires",
        "gateway/keys/cursors.py",
        "if made + self._lifetime < self._clock() + ahead:",
        "if made + 1000 * self._lifetime < self._clock() + ahead:",
        CURSORS,
    ),
    Mutant(
        "a cursor is good for another contract",
        "gateway/keys/cursors.py",
        'return version.encode("ascii") + hashlib.sha256(fingerprint).digest()',
        "return hashlib.sha256(fingerprint).digest()",
        CURSORS,
    ),
    Mutant(
        "any verifier fits",
        CODE,
        "if not hmac.compare_digest(create_s256_code_challenge(verifier), code.challenge):",
        "if not create_s256_code_challenge(verifier):",
        CODES,
    ),
    Mutant("a replayed code ends nothing", CODE, "        if grant is not None:", "        if grant is None:", CODES),
    Mutant(
        "an app redeems another's code",
        CODE,
        "if found is None or found.client_id != client.record.id:",
        "if found is None:",
        CODES,
    ),
    Mutant(
        "a refresh token may be used again",
        REFRESH,
        "reused = found.used_at is not None and not server.issuer.repeatable(found)",
        "reused = False",
        FRESH,
    ),
    Mutant(
        "an app refreshes another's token",
        REFRESH,
        "if grant is None or grant.client_id != self.request.client.record.id:",
        "if grant is None:",
        FRESH,
    ),
    Mutant(
        "a refresh widens the scope",
        REFRESH,
        "if not syntax.covered(self._wanted(), token.grant.scopes, self.server.snapshot.offered):",
        "if not token.grant.scopes:",
        FRESH,
    ),
    Mutant(
        "what only begins like a registered address is one",
        "gateway/oauth/redirects.py",
        "return any(uri == each or (",
        "return any(uri.startswith(each) or (",
        ADDRESSES,
    ),
    Mutant(
        "the port of any address may vary",
        "gateway/oauth/redirects.py",
        r'_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))',
        r'_LOOPBACK: Final = re.compile(r"(https?://(?:[^/:]+|\[::1\]))',
        ADDRESSES,
    ),
    Mutant(
        "plain http is registered for any host",
        "gateway/oauth/redirects.py",
        'if parts.scheme == "http" and host not in {"127.0.0.1", "::1", "localhost"}:',
        'if parts.scheme == "http" and not host:',
        ADDRESSES,
    ),
)
