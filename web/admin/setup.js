/** Starts the set-up page once its texts are there. */
import { loadTexts } from "../shared/texts.js";

await loadTexts(["join", "room", "console", "admin"]);
await import("./setup-page.js");
