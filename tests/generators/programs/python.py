"""openapi-generator python: `made` is the package that it writes."""

import os
import pkgutil
from importlib import import_module

import made
from made import ApiClient, Configuration, ContactsApi

for module in pkgutil.walk_packages(made.__path__, "made."):
    import_module(module.name)
api = ContactsApi(ApiClient(Configuration(host=os.environ["API"], access_token=os.environ["TOKEN"])))
version, mark = "2026-09-01", os.environ["MARK"]
new = api.contacts_create(version, made.ContactCreate(first_name="Ada", job_title=mark))
condition = made.ContactTextCondition(field="job_title", operator="eq", value=mark)
group = made.ContactAnyGroup(any=[made.ContactFilter(condition)])
found = api.contacts_search(version, made.ContactSearch(filters=[made.ContactFilter(group)]))
first = found.data[0].id
read = api.contacts_get(first, version)
changed = api.contacts_update(first, version, made.ContactUpdate(job_title="Analyst"))
print(new.data.id, first, read.data.id, changed.data.job_title)
