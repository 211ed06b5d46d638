"""`test`: test mode, in which tokens reach sandboxes instead of the services."""

from typing import Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from gateway.config.faults import refuse
from gateway.config.quantities import Duration
from gateway.config.secrets import SecretOrNone
from gateway.config.section import Base, Count, Flag, Section, mapped

_KEYS = ("service_key", "control_key")


class Testing(Section):
    """Sandboxes, and who may have one. The sandbox program runs beside the workers, unless an address says where it does."""

    __test__ = False  # a name that pytest would take for a test

    enabled: Flag = Field(True, description="false, or `test: off`: there is no test mode.")
    sandbox_url: Base | None = Field(
        None, description="The sandbox program's address, such as http://sandbox.svc:8200; null: beside the workers."
    )
    service_key: SecretOrNone = Field(
        None, description="{env: NAME} or {file: PATH}: what SANDBOX_SERVICE_KEY is at sandbox_url."
    )
    control_key: SecretOrNone = Field(
        None, description="{env: NAME} or {file: PATH}: what SANDBOX_CONTROL_KEY is at sandbox_url."
    )
    instant: Flag = Field(False, description="true: anybody may have a sandbox for an hour, from /docs.")
    lifetime: Duration = Field(3600.0, description="How long a sandbox lives when nobody says, such as 1h.")
    max_lifetime: Duration = Field(30 * 86_400.0, description="The longest lifetime that may be asked for.")
    per_owner: Count = Field(100, description="How many sandboxes a workspace may have at once, 1 or more.")

    @field_validator(*_KEYS)
    @classmethod
    def _belongs_to_an_address(cls, key: object, info: ValidationInfo) -> object:
        # Fields above that failed are absent, and have a fault of their own.
        address = info.data.get("sandbox_url", key)
        if key is not None and address is None:
            raise refuse(
                "is given, yet sandbox_url is null", "Remove it: the program beside the workers has keys of its own."
            )
        return key

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in _KEYS:
            if self.sandbox_url is not None and getattr(self, name) is None:
                raise refuse(
                    f"sandbox_url is given without {name}",
                    f"Write test.{name}: {{env: NAME}}, with the key that the program there was started with.",
                )
        if self.lifetime > self.max_lifetime:
            raise refuse("lifetime is longer than max_lifetime", "Lower the first or raise the second.")
        return self


def _switched(value: object) -> object:
    # YAML 1.1 reads off and on as booleans; a variable may have them in quotes.
    if value is False or value == "off":
        return {"enabled": False}
    return {} if value is True or value == "on" else mapped(value)


AsSwitch = BeforeValidator(_switched)
