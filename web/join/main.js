/** Starts the join page: the link's secret leaves the address bar first, then texts and components are fetched. */
import { takeToken } from "../shared/token.js";

const token = takeToken();
const { loadTexts } = await import("../shared/texts.js");
await loadTexts(["join", "room", "console"]);
const { RoomJoin } = await import("./app.js");
const page = document.querySelector("room-join");
if (page instanceof RoomJoin) {
  if (new URLSearchParams(location.search).has("debug")) Object.assign(window, { __room: page.debug() });
  await page.session.start(token);
}
