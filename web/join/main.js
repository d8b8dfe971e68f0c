/** Starts the join page: the link's secret leaves the address bar first, then texts and components are fetched. */
import { takeToken } from "../shared/token.js";

const QUALITY_AFTER_MS = 10_000;

const token = takeToken();
const { loadTexts } = await import("../shared/texts.js");
const debug = new URLSearchParams(location.search).has("debug");
await loadTexts(["join", "room", "console", ...(debug ? ["debug"] : [])]);
const { RoomJoin } = await import("./app.js");
const page = document.querySelector("room-join");
if (page instanceof RoomJoin) {
  if (debug) {
    const { showDebug } = await import("./debug.js");
    Object.assign(window, { __room: page.debug(), __recorder: showDebug(page.session) });
  }
  await page.session.start(token);
  // After all that people wait for: the first figures are a minute away anyway.
  setTimeout(() => void import("./quality.js").then(({ tellQuality }) => tellQuality(page.session)), QUALITY_AFTER_MS);
}
