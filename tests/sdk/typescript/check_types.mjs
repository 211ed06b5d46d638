// Whether every way to import the package finds types that fit (@arethetypeswrong): its folder → problems, as JSON.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { checkPackage, Package } from "@arethetypeswrong/core";

const root = process.argv[2];
const files = {};
for (const each of readdirSync(root, { recursive: true, withFileTypes: true })) {
  const path = join(each.parentPath ?? each.path, each.name);
  if (each.isFile()) files[`/node_modules/sdk/${relative(root, path)}`] = readFileSync(path, "utf8");
}
console.log(JSON.stringify((await checkPackage(new Package(files, "sdk", "1.0.0"))).problems));
