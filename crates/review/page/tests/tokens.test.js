import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const PAGE = new URL("../", import.meta.url);

/** The page's own files, without its tests and what npm installed. */
async function sources() {
  const names = await readdir(PAGE, { recursive: true });
  const own = names.filter((name) => /\.(css|js)$/.test(name) && !/^(tests|node_modules)\b/.test(name));
  return Promise.all(own.map((name) => readFile(new URL(name, PAGE), "utf8")));
}

test("every token that is used is there, and every one that is there is used", async () => {
  const tokens = await readFile(new URL("style/tokens.css", PAGE), "utf8");
  const defined = new Set(Array.from(tokens.matchAll(/^ +(--[\w-]+):/gm), ([, name]) => name));
  const used = (await sources()).flatMap((text) =>
    Array.from(text.matchAll(/(?:var\(|")(--[\w-]+)["),]/g), ([, name]) => name),
  );
  assert.ok(defined.size > 40, `${defined.size}`);
  assert.deepEqual([...new Set(used)].sort(), [...defined].sort());
});
