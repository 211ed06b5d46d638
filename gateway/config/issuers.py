"""`issuers`: authorization servers of others whose access tokens open the API."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.faults import refuse
from gateway.config.quantities import Duration
from gateway.config.section import AsList, AsMap, Link, Section, key_of

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""What a signature may be (RFC 7518 § 3.1, RFC 8037, RFC 9864). None of them has a secret that an issuer would have to share with us."""

Value = Annotated[str, Field(min_length=1, max_length=300)]
InternalId = Annotated[
    str, key_of(r"[A-Za-z0-9_-]{1,64}", "is not the id of a tenant", "Write it as `gateway tenants list` shows it.")
]
IssuerName = Annotated[
    str, key_of(r"[a-z][a-z0-9_-]{0,31}", "is not a name", "Write up to 32 lower-case letters, digits, - and _.")
]


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise refuse("is empty, so no token could be accepted", "Name at least one.")
    return values


class Issuer(Section):
    """One authorization server that issues access tokens by RFC 9068."""

    issuer: Link = Field(
        description="What `iss` of its tokens says, letter by letter, such as https://login.example.com."
    )
    jwks_url: Link = Field(description="Where its public keys are, such as https://login.example.com/jwks.json.")
    audiences: Annotated[tuple[Value, ...], AsList, AfterValidator(_some)] = Field(
        description="Values of `aud` that mean this API, such as [https://api.example.com]."
    )
    agents: Annotated[tuple[Value, ...], AsList] = Field(
        (), description="Values of `aud` that mean /mcp, such as [https://api.example.com/mcp]; none: it stays closed."
    )
    algorithms: Annotated[tuple[Algorithm, ...], AsList, AfterValidator(_some)] = Field(
        ("RS256", "ES256"), description="Algorithms of signatures, such as [RS256]; others are refused."
    )
    tenant: InternalId | None = Field(None, description="The tenant that all its tokens belong to, such as biz_….")
    tenant_claim: Value | None = Field(None, description="Instead of tenant: the claim that says which tenant it is.")
    tenants: Annotated[Mapping[Value, InternalId], AsMap] = Field(
        {}, description="Values of tenant_claim and the tenants they mean; none: the claim has the tenant's id."
    )
    user_claim: Value = Field("sub", description="The claim that says which user it is, such as sub.")
    user_by: Literal["id", "email"] = Field(
        "id", description="id: the claim has the id that the auth service knows. email: it has the address."
    )
    leeway: Annotated[Duration, Field(le=300)] = Field(
        30.0, description="By how much its clock may be wrong, at most 5m, such as 30s."
    )
    max_lifetime: Annotated[Duration, Field(le=86_400)] = Field(
        86_400.0, description="Tokens that live for longer are refused, at most 24h."
    )
    refresh: Annotated[Duration, Field(ge=1, le=86_400)] = Field(
        300.0, description="How often its keys are read anew, such as 5m."
    )
    stale: Annotated[Duration, Field(le=7 * 86_400)] = Field(
        86_400.0, description="For how long keys are believed that cannot be read anew, at most 7d."
    )

    @model_validator(mode="after")
    def _one_way_to_a_tenant(self) -> Self:
        if (self.tenant is None) == (self.tenant_claim is None):
            raise refuse(
                "needs either tenant or tenant_claim",
                "Name the tenant, or the claim of its tokens that says which it is.",
            )
        if self.tenants and self.tenant_claim is None:
            raise refuse("has tenants, but no tenant_claim", "Name the claim whose values they are.")
        if self.stale < self.refresh:
            raise refuse("stale is shorter than refresh", "Raise the first or lower the second.")
        if shared := sorted(set(self.audiences) & set(self.agents)):
            raise refuse(f"{shared[0]} is among audiences and agents", "A token opens one door: name it once.")
        return self


def _distinct(issuers: Mapping[str, Issuer]) -> Mapping[str, Issuer]:
    seen: set[str] = set()
    for each in issuers.values():
        if each.issuer in seen:
            raise refuse(f"{each.issuer} is there twice", "Describe it once: a token says no more than who issued it.")
        seen.add(each.issuer)
    return issuers


Issuers = Annotated[Mapping[IssuerName, Annotated[Issuer, AsMap]], AsMap, AfterValidator(_distinct)]
