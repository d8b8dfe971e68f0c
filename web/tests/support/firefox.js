/**
 * Drives the system's Firefox for tests in other languages: one JSON request per line in, one JSON answer per line out.
 *
 * Request: `{id, verb, page?, ...arguments}`; answer: `{id, value}` or `{id, error}`. What a page writes to its console
 * comes unasked as `{page, console}`. Ends, with the browser, when its input does. Arguments: the browser's program.
 */

import { createInterface } from "node:readline";

import puppeteer from "puppeteer-core";

/** @typedef {{id: number, verb: string, page?: string, [argument: string]: any}} Request */

const PREFERENCES = {
  // A camera and a microphone that need neither device nor question; sound without a gesture.
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  // Nothing of the browser's own goes to the network, and it does not find itself offline for want of an answer.
  "app.normandy.enabled": false,
  "browser.region.update.enabled": false,
  "browser.safebrowsing.provider.mozilla.updateURL": "",
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.systemAddon.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,none",
  "toolkit.telemetry.enabled": false,
  "toolkit.telemetry.server": "",
};

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.argv[2],
  headless: true,
  acceptInsecureCerts: true,
  defaultViewport: null,
  extraPrefsFirefox: PREFERENCES,
});
/** @type {Map<string, import("puppeteer-core").Page>} */
const pages = new Map();

/** @param {Request} request */
function pageOf(request) {
  const page = pages.get(request.page ?? "");
  if (!page) throw new Error(`there is no page ${request.page}`);
  return page;
}

/** @param {Request} request */
async function elementOf(request) {
  const found = await pageOf(request).waitForSelector(request.selector, {
    visible: true,
    timeout: request.patience * 1000,
  });
  if (!found) throw new Error(`there is no ${request.selector}`);
  return found;
}

/** @type {Record<string, (request: Request) => Promise<unknown>>} */
const verbs = {
  version: () => browser.version(),

  /** A window with a profile of its own. */
  async open(request) {
    const context = await browser.createBrowserContext();
    // A window and not a tab: pages side by side are all in the foreground.
    const page = await context.newPage({
      type: "window",
      windowBounds: { width: request.width, height: request.height },
    });
    const name = request.page ?? "";
    pages.set(name, page);
    page.on("console", (message) => tell({ page: name, console: `${message.type()}: ${message.text()}` }));
    page.on("pageerror", (error) => tell({ page: name, console: `pageerror: ${error}` }));
    if (request.script) await page.evaluateOnNewDocument(request.script);
    await page.goto(request.url);
  },

  async close(request) {
    const page = pageOf(request);
    pages.delete(request.page ?? "");
    await page.browserContext().close();
  },

  evaluate: (request) => pageOf(request).evaluate(called(request)),

  async evaluateOn(request) {
    const element = await elementOf(request);
    return element.evaluate(/** @type {any} */ (new Function("element", `return (${request.script})(element)`)));
  },

  shown: (request) => elementOf(request).then(() => null),

  click: (request) => elementOf(request).then((element) => element.click()),

  async fill(request) {
    const element = await elementOf(request);
    await element.evaluate((input) => /** @type {HTMLInputElement} */ (input).select());
    await element.type(request.text);
  },

  screenshot: (request) =>
    pageOf(request)
      .screenshot({ path: request.path })
      .then(() => null),
};

/** @param {Request} request An expression, or a function that is called with the argument. */
function called({ script, argument }) {
  return `(() => { const it = (${script}); return typeof it === "function" ? it(${JSON.stringify(argument)}) : it; })()`;
}

/** @param {object} message */
function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** @param {Request} request */
async function answer(request) {
  try {
    const verb = verbs[request.verb];
    if (!verb) throw new Error(`there is no verb ${request.verb}`);
    tell({ id: request.id, value: (await verb(request)) ?? null });
  } catch (error) {
    tell({ id: request.id, error: String(error) });
  }
}

for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));
await browser.close();
