/** Starts the join page once its texts are there. */
import { loadTexts } from "../shared/texts.js";

await loadTexts(["join", "room", "console"]);
const { RoomJoin } = await import("./app.js");
const page = document.querySelector("room-join");
if (page instanceof RoomJoin && new URLSearchParams(location.search).has("debug")) {
  Object.assign(window, { __room: page.debug() });
}
