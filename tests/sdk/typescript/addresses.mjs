// Calls every method once, over a fetch that answers everything alike, and tells by operation what was asked:
// method, path, whether there was a key, whether there was a body.

import { Client } from "sdk";

let asked = "";
for await (const piece of process.stdin) asked += piece;

const told = {};
for (const { id, of, name, takes, ids, paged } of JSON.parse(asked)) {
  const fetch = async (url, { method, headers, body }) => {
    told[id] = [method, new URL(url).pathname, headers.has("idempotency-key"), body !== undefined];
    return Response.json({ data: paged ? [] : {}, meta: {} });
  };
  const api = new Client({ token: "gw_test_pat_x", baseUrl: "http://127.0.0.1:1", fetch });
  const sent = { body: {}, query: {}, file: "a\r\n", ids: ["x"] };
  const answer = api[of][name](...ids, ...takes.map((each) => sent[each]));
  await (paged ? answer.toArray() : answer);
}
console.log(JSON.stringify(told));
