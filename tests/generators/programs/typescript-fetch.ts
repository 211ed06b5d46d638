// openapi-generator typescript-fetch: for OAuth it sends what it is given, so the word Bearer comes with the token.
import { Configuration, ContactsApi, ContactTextConditionFieldEnum, ContactTextConditionOperatorEnum } from "../made/typescript-fetch";

const version = "2026-09-01";
const api = new ContactsApi(new Configuration({ basePath: process.env.API!, accessToken: `Bearer ${process.env.TOKEN}` }));

const made = await api.contactsCreate({ version, contactCreate: { firstName: "Ada", jobTitle: process.env.MARK! } });
const condition = {
  field: ContactTextConditionFieldEnum.JobTitle,
  operator: ContactTextConditionOperatorEnum.Eq,
  value: process.env.MARK!,
};
const found = await api.contactsSearch({ version, contactSearch: { filters: [{ any: [condition] }] } });
const id = found.data[0].id;
const read = await api.contactsGet({ version, id });
const changed = await api.contactsUpdate({ version, id, contactUpdate: { jobTitle: "Analyst" } });
console.log(made.data.id, id, read.data.id, changed.data.jobTitle);
