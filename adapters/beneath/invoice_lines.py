"""Lines of an invoice, and the tax they add up to: records within it."""

from typing import Annotated

from adapters.core.declare.kinds import Amount, Line, Number, Percent, Text
from adapters.core.declare.record import ReadOnly, Record, RowId, optional, required
from adapters.ids import AccountId, InvoiceLineId, ProductId

NAMES = (
    "line_items=items line_items.quantity=qty line_items.unit_price=rate line_items.discount_percent=discountPct "
    "line_items.tax_rate=gstRate line_items.tax_code=hsnCode line_items.account_id=ledgerAccountId "
    "line_items.amount=lineTotal line_items.tax_amount=taxValue "
    "taxes=taxLines taxes.name=label taxes.rate=pct taxes.amount=value "
)


class LineItem(Record):
    """One line of an invoice."""

    id: RowId[InvoiceLineId | None] = optional("The line's id: sent back in a PATCH, the line keeps it.", "line_7Hq2")
    description: Annotated[str, Text(1_000, 1)] = required("What was sold.", "Consulting")
    product_id: ProductId | None = optional("The product.", "prod_42")
    quantity: Annotated[str, Number(9, 4, "positive")] = optional("How many.", "2.5", "1")
    unit_price: Annotated[str, Number(12, 6)] = required("What one costs, in the invoice's currency.", "1999.5")
    discount_percent: Percent = optional("Taken off before tax.", "10", "0")
    tax_rate: Percent | None = optional("In percent; the workspace's when left out.", "18")
    tax_code: Annotated[str, Text(16)] | None = optional("HSN or SAC code.", "998311")
    account_id: AccountId | None = optional("The income account it is booked to.", "acct_0a1b2c3d")
    amount: ReadOnly[Amount] = required("Quantity times price less discount.", "4498.88")
    tax_amount: ReadOnly[Amount] = required("The tax on it.", "809.80")


class Tax(Record):
    """What is owed at one rate of tax."""

    name: Line = required("What it is called.", "GST 18%")
    rate: Annotated[str, Number(3, 4)] = required("In percent.", "18")
    amount: Amount = required("How much it is.", "809.80")
