/** The page's texts: Fluent files, one folder per language; English fills what a language lacks. */
import { FluentBundle, FluentResource } from "@fluent/bundle";

const FALLBACK = "en";
/** @type {FluentBundle[]} */
let bundles = [];
let locale = FALLBACK;

/**
 * Load `texts/<language>/<name>.ftl` for each name. Languages that are not there are passed over.
 * @param {string[]} names @param {string} [language]
 */
export async function loadTexts(names, language = FALLBACK) {
  const wanted = [...new Set([language, FALLBACK])];
  const loaded = await Promise.all(wanted.map((code) => loadLanguage(code, names)));
  useBundles(loaded.filter((bundle) => bundle !== null));
}

/** @param {FluentBundle[]} list in order of preference */
export function useBundles(list) {
  bundles = list;
  locale = list[0]?.locales[0] ?? FALLBACK;
}

/** @param {string} code @param {string[]} sources @returns {FluentBundle} */
export function makeBundle(code, sources) {
  // All offered languages are written left to right: isolation marks would only get into labels and tests.
  const bundle = new FluentBundle(code, { useIsolating: false });
  for (const source of sources) bundle.addResource(new FluentResource(source));
  return bundle;
}

/**
 * The text of a message, or of an attribute ("id.attribute").
 * @param {string} id @param {Record<string, string | number>} [args] @returns {string}
 */
export function t(id, args) {
  return find(id, args) ?? id;
}

/** Whether there is a text of that name. @param {string} id */
export function hasText(id) {
  return find(id, {}) !== null;
}

/** The reader's own variant of the texts' language: Harare and Houston write the same date differently. */
function region() {
  const own = typeof navigator === "undefined" ? [] : navigator.languages;
  return own.find((tag) => tag.split("-")[0] === locale) ?? locale;
}

/** @param {string} id @param {Record<string, string | number>} [args] */
function find(id, args) {
  const [name = "", attribute] = id.split(".");
  for (const bundle of bundles) {
    const message = bundle.getMessage(name);
    const pattern = attribute ? message?.attributes[attribute] : message?.value;
    if (pattern) return bundle.formatPattern(pattern, args, []);
  }
  return null;
}

/** @param {string} code @param {string[]} names */
async function loadLanguage(code, names) {
  const base = new URL("./texts/", import.meta.url);
  const answers = await Promise.all(names.map((name) => fetch(new URL(`${code}/${name}.ftl`, base)).catch(() => null)));
  const sources = await Promise.all(answers.map((answer) => (answer?.ok ? answer.text() : "")));
  return sources.some(Boolean) ? makeBundle(code, sources) : null;
}

/**
 * A moment as people of this language write it, in the reader's own time zone.
 * @param {number} seconds since 1970
 */
export function formatMoment(seconds) {
  return new Intl.DateTimeFormat(region(), {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(seconds * 1000));
}
