import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FluentResource } from "@fluent/bundle";
import { hasText, makeBundle, t, useBundles } from "../../shared/texts.js";

const WEB = new URL("../..", import.meta.url).pathname;
const ENGLISH = join(WEB, "shared/texts/en");

/** @param {string} folder @returns {string[]} */
function sources(folder) {
  return readdirSync(join(WEB, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(WEB, folder, name), "utf8"));
}

const files = readdirSync(ENGLISH).map((name) => readFileSync(join(ENGLISH, name), "utf8"));
const code = ["join", "console", "admin", "shared"].flatMap(sources).join("\n");

test("every text that the pages name is there", () => {
  useBundles([makeBundle("en", files)]);
  const named = [...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(named.length > 50);
  assert.deepEqual(
    named.filter((id) => !hasText(id)),
    [],
  );
});

test("every text is used, by its whole name or by a template that makes it", () => {
  const templates = [...code.matchAll(/`([a-z-]+-)\$\{/g)].map((match) => match[1] ?? "");
  const ids = files.flatMap((file) => [...file.matchAll(/^([a-z][\w-]*) =/gm)].map((match) => match[1] ?? ""));
  const unused = ids.filter(
    (id) => !code.includes(`"${id}"`) && !code.includes(`"${id}.`) && !templates.some((start) => id.startsWith(start)),
  );
  assert.deepEqual(unused, []);
});

test("files hold no junk and no message twice", () => {
  const seen = new Set();
  for (const file of files) {
    const resource = new FluentResource(file);
    const declared = [...file.matchAll(/^([a-z][\w-]*) =/gm)].length;
    assert.equal(resource.body.length, declared, "a message of this file could not be parsed");
    for (const { id } of resource.body) {
      assert.ok(!seen.has(id), `${id} is there twice`);
      seen.add(id);
    }
  }
});

test("plurals, attributes and the fallback to English", () => {
  const partial = makeBundle("sn", ["cancel = Kanzura"]);
  useBundles([partial, makeBundle("en", files)]);
  assert.equal(t("cancel"), "Kanzura");
  assert.equal(t("audience-count", { count: 1 }), "1 person here");
  assert.equal(t("audience-count", { count: 2 }), "2 people here");
  assert.equal(t("confirm-leave.yes"), "Leave");
  assert.equal(t("no-such-text"), "no-such-text");
});
