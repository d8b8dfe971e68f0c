/**
 * werift as a participant: speaks the lines that tests/support/clients/scripted.py describes.
 *
 * werift moves RTP and codes nothing: what it sends was encoded before, what it gets is written to files for a decoder.
 */

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

import {
  dePacketizeRtpPackets,
  MediaStreamTrack,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
  useAbsSendTime,
  useAudioLevelIndication,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
  useVP8,
  Vp8RtpPayload,
} from "werift";

/** @typedef {{clip: string, fps?: number}} Clip A file of length-prefixed packets; `fps` where it is a picture. */
/** @typedef {{publish: Record<string, Clip>, audio_slots: number, video_slots: number, directory: string}} Wanted */
/** @typedef {import("werift").RTCRtpTransceiver} RTCRtpTransceiver */

const OPUS_STEP = 960; // 20 ms at 48 kHz
const OPUS_MILLISECONDS = 20;
const VIDEO_CLOCK = 90_000;
const PREFIX = 4; // bytes of a length
// Bytes; frames of a picture as plain as the tests' take more than one packet each.
const MOST_PAYLOAD = 200;
const CONNECT_MILLISECONDS = 10_000;

/** @param {string} path @returns {Generator<Buffer>} */
function* packetsOf(path) {
  const clip = readFileSync(path);
  for (let at = 0; at < clip.length;) {
    const end = at + PREFIX + clip.readUInt32BE(at);
    yield clip.subarray(at + PREFIX, end);
    at = end;
  }
}

/**
 * VP8 payloads with their descriptor (RFC 7741, 4.2): S on the first, a 15-bit picture id on each.
 * @param {Buffer} frame @param {number} picture @returns {Generator<Buffer>}
 */
function* vp8Payloads(frame, picture) {
  for (let at = 0; at < frame.length; at += MOST_PAYLOAD) {
    const descriptor = [at === 0 ? 0x90 : 0x80, 0x80, 0x80 | ((picture >> 8) & 0x7f), picture & 0xff];
    yield Buffer.concat([Buffer.from(descriptor), frame.subarray(at, at + MOST_PAYLOAD)]);
  }
}

/** Sends one clip over and over in real time. */
class Source {
  sent = 0;
  #next = 0;
  #sequence = 0;
  #started = 0;

  /** @param {Clip} clip */
  constructor({ clip, fps }) {
    this.frames = [...packetsOf(clip)];
    this.video = fps !== undefined;
    this.track = new MediaStreamTrack({ kind: this.video ? "video" : "audio" });
    this.every = fps ? 1000 / fps : OPUS_MILLISECONDS;
    this.step = fps ? VIDEO_CLOCK / fps : OPUS_STEP;
  }

  start() {
    this.#started = performance.now();
    this.#tick();
  }

  /** From the clip's only keyframe, which is its first. */
  restart() {
    this.#next = 0;
  }

  #tick() {
    const frame = this.frames[this.#next] ?? Buffer.alloc(0);
    this.#next = (this.#next + 1) % this.frames.length;
    const payloads = this.video ? [...vp8Payloads(frame, this.sent & 0x7fff)] : [frame];
    for (const payload of payloads) this.#write(payload, this.video && payload === payloads.at(-1));
    this.sent += 1;
    setTimeout(() => this.#tick(), Math.max(0, this.#started + this.sent * this.every - performance.now()));
  }

  /** @param {Buffer} payload @param {boolean} marker */
  #write(payload, marker) {
    const sequenceNumber = this.#sequence++ & 0xffff;
    const timestamp = (this.sent * this.step) >>> 0;
    this.track.writeRtp(new RtpPacket(new RtpHeader({ sequenceNumber, timestamp, marker }), payload));
  }
}

/** What one receive section brings: whole frames go to a file, each after its length. */
class Slot {
  #packets = 0;
  #recorded = 0;
  /** @type {Map<number, RtpPacket[]>} Parts of frames by timestamp. */
  #pending = new Map();

  /** @param {string} kind @param {string} recording */
  constructor(kind, recording) {
    this.kind = kind;
    this.recording = recording;
    writeFileSync(recording, "");
  }

  /** @param {RtpPacket} packet */
  take(packet) {
    this.#packets += 1;
    if (this.kind === "audio") return this.#keep(packet.payload);
    const { timestamp } = packet.header;
    const parts = [...(this.#pending.get(timestamp) ?? []), packet];
    if (!whole(parts)) return this.#pending.set(timestamp, parts);
    this.#pending.clear(); // whatever is older has been overtaken
    return this.#keep(dePacketizeRtpPackets("VP8", parts).data);
  }

  told() {
    return { kind: this.kind, packets: this.#packets, recording: this.recording, recorded: this.#recorded };
  }

  /** @param {Buffer} frame */
  #keep(frame) {
    const prefix = Buffer.alloc(PREFIX);
    prefix.writeUInt32BE(frame.length);
    appendFileSync(this.recording, Buffer.concat([prefix, frame]));
    this.#recorded += PREFIX + frame.length;
  }
}

/**
 * Sorts a frame's packets; true if none is missing between its first byte and its marker.
 * @param {RtpPacket[]} parts
 */
function whole(parts) {
  const number = (/** @type {RtpPacket} */ packet) => packet.header.sequenceNumber;
  parts.sort((a, b) => ((number(a) - number(b)) << 16) >> 16);
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last?.header.marker) return false;
  const { sBit, pid } = Vp8RtpPayload.deSerialize(first.payload);
  const complete = ((number(last) - number(first)) & 0xffff) === parts.length - 1;
  return complete && sBit === 1 && pid === 0;
}

class Participant {
  /** @type {Map<string, Slot>} By mid. */
  #slots = new Map();

  /** @param {Wanted} wanted */
  constructor({ publish, audio_slots, video_slots, directory }) {
    this.directory = directory;
    this.connection = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceServers: [],
      iceAdditionalHostAddresses: ["127.0.0.1"],
      codecs: {
        audio: [useOPUS()],
        video: [useVP8({ rtcpFeedback: [useNACK(), usePLI(), useREMB(), useTWCC()] })],
      },
      // werift numbers these per kind, so that one extension has two ids in the bundle.
      headerExtensions: {
        audio: [useSdesMid(), useAbsSendTime(), useAudioLevelIndication()],
        video: [useSdesMid(), useAbsSendTime(), useTransportWideCC()],
      },
    });
    this.sources = Object.entries(publish).map(([use, clip]) => this.#send(use, new Source(clip)));
    this.receiving = [
      ...Array.from({ length: audio_slots }, () => this.connection.addTransceiver("audio", { direction: "recvonly" })),
      ...Array.from({ length: video_slots }, () => this.connection.addTransceiver("video", { direction: "recvonly" })),
    ];
  }

  async offer() {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const publish = Object.fromEntries(this.sources.map(({ use, transceiver }) => [use, transceiver.mid]));
    return { offer: this.connection.localDescription?.sdp, publish };
  }

  /** @param {string} sdp */
  async accept(sdp) {
    for (const transceiver of this.receiving)
      transceiver.onTrack.subscribe((track) => this.#receive(transceiver, track));
    const connected = this.connection.connectionStateChange.watch(
      (state) => state === "connected",
      CONNECT_MILLISECONDS,
    );
    await this.connection.setRemoteDescription({ type: "answer", sdp });
    await connected;
    for (const { source } of this.sources) source.start();
    return { connected: true };
  }

  statistics() {
    return {
      sent: Object.fromEntries(this.sources.map(({ use, source }) => [use, source.sent])),
      slots: Object.fromEntries([...this.#slots].map(([mid, slot]) => [mid, slot.told()])),
    };
  }

  /** @param {string} use @param {Source} source */
  #send(use, source) {
    const transceiver = this.connection.addTransceiver(source.track, { direction: "sendonly" });
    transceiver.sender.onPictureLossIndication.subscribe(() => source.restart());
    return { use, source, transceiver };
  }

  /** @param {RTCRtpTransceiver} transceiver @param {MediaStreamTrack} track */
  #receive({ mid }, track) {
    const slot = new Slot(track.kind, `${this.directory}/slot-${mid}`);
    this.#slots.set(String(mid), slot);
    track.onReceiveRtp.subscribe((packet) => slot.take(packet));
  }
}

/** @type {Participant | undefined} */
let participant;

/** @param {any} asked */
async function answer(asked) {
  if (participant && "answer" in asked) return participant.accept(asked.answer);
  if (participant && "statistics" in asked) return participant.statistics();
  participant = new Participant(asked);
  return participant.offer();
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
process.exit(0); // timers and sockets would keep it
