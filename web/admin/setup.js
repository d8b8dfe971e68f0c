/** Starts the set-up page: the link's secret leaves the address bar first, then texts and components are fetched. */
import { takeToken } from "../shared/token.js";

const token = takeToken();
const { loadTexts } = await import("../shared/texts.js");
await loadTexts(["join", "room", "console", "admin"]);
const { RoomSetup } = await import("./setup-page.js");
// A link pasted into this tab again starts anew.
addEventListener("hashchange", () => location.hash.length > 1 && location.reload());
const page = document.querySelector("room-setup");
if (page instanceof RoomSetup) await page.start(token ?? "");
