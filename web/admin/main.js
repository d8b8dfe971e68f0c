/** Starts the administration once its texts are there. */
import { loadTexts } from "../shared/texts.js";

await loadTexts(["join", "room", "console", "admin"]);
await import("./app.js");
