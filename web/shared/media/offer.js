/** What goes into the one offer, and how it is kept small. Pure. */

/** @import { VideoCodec } from "../model.js" */

/** Attributes that every bundled m-section would repeat; the first section's are the transport's (RFC 9143, 7.2). */
const TRANSPORT_ATTRIBUTE =
  /^(?:c=|a=(?:rtcp|ice-ufrag|ice-pwd|ice-options|fingerprint|candidate|end-of-candidates)(?::|$))/;

/** The parts of header extension URIs that each kind of section needs; all others are stopped. */
const EXTENSIONS = {
  // Levels for the active speaker; arrival feedback for the sender's bandwidth estimate.
  microphone: ["sdes:mid", "ssrc-audio-level", "transport-wide-cc", "abs-send-time"],
  // Without video-orientation the browser turns the picture itself before encoding: no viewer need know.
  camera: ["sdes:mid", "sdes:rtp-stream-id", "sdes:repaired-rtp-stream-id", "transport-wide-cc", "abs-send-time"],
  screen: ["sdes:mid", "sdes:rtp-stream-id", "sdes:repaired-rtp-stream-id", "transport-wide-cc", "abs-send-time"],
  audio: ["sdes:mid"],
  // abs-send-time lets the browser estimate its downlink and report it as REMB.
  video: ["sdes:mid", "abs-send-time"],
};

/** What AV1 needs besides: without it some decoders wait for frames that were left out on purpose. */
const DEPENDENCIES = "dependency-descriptor";

/** The one form of each codec that is spoken here, by its format parameters; the server looks for the same. */
const FORMS = {
  vp8: /^/,
  // Constrained baseline, with frames cut into packets.
  h264: /(?=.*packetization-mode=1)(?=.*profile-level-id=42[4-7c-f])/i,
  vp9: /^(?!.*profile-id=[1-9])/,
  av1: /^(?!.*profile=[1-9])/,
};

/** @typedef {keyof typeof EXTENSIONS} Section */

/**
 * The codecs of a section in order of preference: Opus; or the town hall's, VP8, and the retransmission format.
 * @template {{mimeType: string, sdpFmtpLine?: string}} C
 * @param {"audio" | "video"} kind @param {readonly C[]} available @param {VideoCodec} codec the town hall's
 * @returns {C[]}
 */
export function wantedCodecs(kind, available, codec) {
  const spoken = available.filter((one) => {
    const form = FORMS[/** @type {VideoCodec} */ (one.mimeType.toLowerCase().replace("video/", ""))];
    return !form || form.test(one.sdpFmtpLine ?? "");
  });
  const wanted = kind === "audio" ? ["audio/opus"] : [...new Set([`video/${codec}`, "video/vp8"]), "video/rtx"];
  return wanted.flatMap((type) => spoken.filter((one) => one.mimeType.toLowerCase() === type));
}

/**
 * @template {{uri: string, direction: string}} E
 * @param {Section} section @param {readonly E[]} available @param {VideoCodec} codec the town hall's
 * @returns {E[]} with what is not needed stopped
 */
export function wantedExtensions(section, available, codec) {
  const keep = EXTENSIONS[section];
  const described = codec === "av1" && section !== "audio" && section !== "microphone";
  return available.map((extension) => {
    // Browsers know this one but do not offer it on a section that only receives.
    if (described && extension.uri.includes(DEPENDENCIES)) return { ...extension, direction: "sendrecv" };
    return keep.some((part) => extension.uri.includes(part)) ? extension : { ...extension, direction: "stopped" };
  });
}

/**
 * How many slots a page of this kind needs. A phone decodes one large picture and the screen; any other page as many
 * pictures as the stage has seats, and the screen. One audio slot more than seats carries the language.
 * @param {number} seats @param {boolean} small @returns {{audio: number, video: number}}
 */
export function slotCounts(seats, small) {
  return { audio: seats + 1, video: small ? Math.min(2, seats + 1) : seats + 1 };
}

/**
 * Say the transport once: m-sections after the first become bundle-only (port 0, no transport attributes), the form
 * that RFC 9143 gives them. A third of a listener's offer is such repetition.
 * @param {string} sdp @returns {string}
 */
export function compactOffer(sdp) {
  const [head = "", ...sections] = sdp.split(/^(?=m=)/m);
  return head + sections.map((section, index) => (index === 0 ? section : bundleOnly(section))).join("");
}

/** @param {string} section */
function bundleOnly(section) {
  const [mLine = "", ...lines] = section.split("\r\n");
  const kept = lines.filter((line) => !TRANSPORT_ATTRIBUTE.test(line));
  return [mLine.replace(/^(m=\w+) \d+/, "$1 0"), "a=bundle-only", ...kept].join("\r\n");
}
