// @hey-api/openapi-ts: its own functions and client.
import { client } from "../made/hey-api/client.gen";
import { contactsCreate, contactsGet, contactsSearch, contactsUpdate } from "../made/hey-api/sdk.gen";

client.setConfig({ baseUrl: process.env.API!, auth: () => process.env.TOKEN!, throwOnError: true });
const headers = { Version: "2026-09-01" } as const;

const made = await contactsCreate({ headers, body: { first_name: "Ada", job_title: process.env.MARK! } });
const found = await contactsSearch({
  headers,
  body: { filters: [{ any: [{ field: "job_title", operator: "eq", value: process.env.MARK! }] }] },
});
const id = found.data!.data[0].id;
const read = await contactsGet({ headers, path: { id } });
const changed = await contactsUpdate({ headers, path: { id }, body: { job_title: "Analyst" } });
console.log(made.data!.data.id, id, read.data!.data.id, changed.data!.data.job_title);
