// The same from CommonJS.
import sdk = require("sdk");
import entry = require("sdk/login");

export const api: sdk.Client = new sdk.Client({ token: "gw_pat_x" });
export const login: typeof entry.login = entry.login;
