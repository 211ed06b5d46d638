"""openapi-python-client: `made` is the package that it writes."""

import os
import pkgutil
from importlib import import_module

import made
from made import AuthenticatedClient
from made.api.contacts import contacts_create, contacts_get, contacts_search, contacts_update
from made.models import (
    ContactAnyGroup,
    ContactCreate,
    ContactSearch,
    ContactTextCondition,
    ContactTextConditionField,
    ContactTextConditionOperator,
    ContactUpdate,
)

for module in pkgutil.walk_packages(made.__path__, "made."):
    import_module(module.name)
client = AuthenticatedClient(base_url=os.environ["API"], token=os.environ["TOKEN"], raise_on_unexpected_status=True)
mark = os.environ["MARK"]
new = contacts_create.sync(client=client, body=ContactCreate(first_name="Ada", job_title=mark))
condition = ContactTextCondition(
    field=ContactTextConditionField.JOB_TITLE, operator=ContactTextConditionOperator.EQ, value=mark
)
found = contacts_search.sync(client=client, body=ContactSearch(filters=[ContactAnyGroup(any_=[condition])]))
first = found.data[0].id
read = contacts_get.sync(first, client=client)
changed = contacts_update.sync(first, client=client, body=ContactUpdate(job_title="Analyst"))
print(new.data.id, first, read.data.id, changed.data.job_title)
