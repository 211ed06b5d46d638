// openapi-typescript with openapi-fetch: types of the document around the platform's fetch.
import createClient from "openapi-fetch";
import type { paths } from "../made/openapi-typescript/api";

const header = { Version: "2026-09-01" } as const;
const client = createClient<paths>({
  baseUrl: process.env.API!,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});

const made = await client.POST("/v1/contacts", {
  params: { header },
  body: { first_name: "Ada", job_title: process.env.MARK! },
});
const found = await client.POST("/v1/contacts/search", {
  params: { header },
  body: { filters: [{ any: [{ field: "job_title", operator: "eq", value: process.env.MARK! }] }] },
});
const id = found.data!.data[0].id;
const read = await client.GET("/v1/contacts/{id}", { params: { header, path: { id } } });
const changed = await client.PATCH("/v1/contacts/{id}", { params: { header, path: { id } }, body: { job_title: "Analyst" } });
console.log(made.data!.data.id, id, read.data!.data.id, changed.data!.data.job_title);
