// What an integration does in its first hour, against a real gateway; what came of it goes to stdout.

import { Client, RecordNotFound, ScopeMissing, ValidationFailed } from "sdk";

const { API: baseUrl, TOKEN: token, READER: reader } = process.env;
const api = new Client({ token, baseUrl });
const told = {};

async function failed(call) {
  return call.then(() => "nothing", (error) => error);
}

const mark = `typescript ${process.pid}`;
const key = crypto.randomUUID();
const ada = await api.contacts.create({ first_name: "Ada", last_name: mark }, { idempotencyKey: key });
const again = await api.contacts.create({ first_name: "Ada", last_name: mark }, { idempotencyKey: key }).withResponse();
told.replayed = [again.status, again.replayed, again.data.id === ada.id];

const others = await Promise.all([1, 2, 3].map((n) => api.contacts.create({ first_name: `n${n}`, last_name: mark })));
const filters = [{ field: "last_name", operator: "eq", value: mark }];
const found = api.contacts.search({ filters, order_by: "created_at", sort_direction: "asc", limit: 2, fields: ["first_name"] });
told.names = [];
for await (const each of found) told.names.push(each.first_name);
told.names.sort();
told.pages = [];
for await (const page of found.pages()) told.pages.push(page.data.length);
told.members = Object.keys(await found.first()).sort();

told.read = (await api.contacts.get(ada.id, { fields: ["last_name"] })).last_name === mark;
const missing = "con_" + "0".repeat(24);
const batch = await api.contacts.getMany([ada.id, missing], { fields: ["first_name"] });
told.batch = [batch.data, batch.missing].map((each) => each.length);
told.changed = (await api.contacts.update(ada.id, { job_title: "Analyst", last_name: null })).job_title;
told.tags = await api.contacts.addTags(ada.id, { tags: ["vip"] });
const note = await api.notes.create({ body: "hello", contact_id: ada.id });
told.notes = (await api.contacts.listNotes(ada.id).toArray()).map((each) => each.id === note.id);
told.pinned = (await api.notes.pin(note.id)).pinned;

let rows = 0;
let bytes = 0;
for await (const piece of await api.contacts.export()) bytes += piece.byteLength;
rows = (await (await api.contacts.export()).text()).trim().split("\n").length;
told.exported = [bytes > 1000, rows > 10];
told.imported = await api.contacts.import("first_name\r\nGrace\r\n", { dry_run: true });
told.streamed = (await api.contacts.import(new Blob(["first_name\r\nJoan\r\n"]).stream(), { dry_run: true })).rows;

const wrong = await failed(api.contacts.create({ first_name: "", emial: "x" }));
told.wrong = [wrong instanceof ValidationFailed, wrong.errors.map((each) => each.pointer).sort(), wrong.traceId.length];
for (const each of [ada, ...others]) await api.contacts.delete(each.id);
told.gone = (await failed(api.contacts.get(ada.id))) instanceof RecordNotFound;
const refused = await failed(new Client({ token: reader, baseUrl }).contacts.create({ first_name: "x" }));
told.refused = [refused instanceof ScopeMissing, refused.required];
told.limits = Object.keys(api.limits).sort();
told.me = (await api.me.get()).token.kind;

console.log(JSON.stringify(told));
