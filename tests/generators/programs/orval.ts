// orval's fetch client: it sends no header parameters, so both headers are given with each call.
import { contactsCreate, contactsGet, contactsSearch, contactsUpdate } from "../made/orval/api";
import type { Contact, ContactPage } from "../made/orval/api";

const options = { headers: { Authorization: `Bearer ${process.env.TOKEN}`, Version: "2026-09-01" } };
const record = (answer: { data: unknown }) => (answer.data as { data: Contact }).data;

const made = await contactsCreate({ first_name: "Ada", job_title: process.env.MARK! }, options);
const found = await contactsSearch(
  { filters: [{ any: [{ field: "job_title", operator: "eq", value: process.env.MARK! }] }] },
  options,
);
const id = (found.data as ContactPage).data[0].id;
const read = await contactsGet(id, undefined, options);
const changed = await contactsUpdate(id, { job_title: "Analyst" }, options);
console.log(record(made).id, id, record(read).id, record(changed).job_title);
