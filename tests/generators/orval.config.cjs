// Paths and the API's address come from the test: the fetch client takes the latter when it is made, not when it runs.
const input = { target: process.env.DOCUMENT };
const baseUrl = process.env.API;
module.exports = {
  api: { input, output: { target: "made/orval/api.ts", client: "fetch", baseUrl } },
  zod: { input, output: { target: "made/orval/zod.ts", client: "zod" } },
};
