/** Starts the join page: the link's secret leaves the address bar first, then texts and components are fetched. */
import { takeToken } from "../shared/token.js";

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
}
