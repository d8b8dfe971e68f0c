// Before the page's own scripts: its camera and microphone become one source that flashes and beeps every 0.6 s.
(() => {
  const PERIOD = 0.6;
  const LENGTH = 0.1;
  let source;
  const make = () => {
    const context = new AudioContext({ sampleRate: 48000 });
    const out = context.createMediaStreamDestination();
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = 1000;
    gain.gain.value = 0;
    tone.connect(gain).connect(out);
    tone.start();
    for (let at = PERIOD; at < 600; at += PERIOD) {
      gain.gain.setValueAtTime(0.5, at);
      gain.gain.setValueAtTime(0, at + LENGTH);
    }
    const canvas = document.createElement("canvas");
    canvas.width = 320;
    canvas.height = 180;
    const paint = canvas.getContext("2d");
    let count = 0;
    // A timer, not animation frames: those stop where nothing is shown.
    setInterval(() => {
      const phase = context.currentTime % PERIOD;
      paint.fillStyle = phase < LENGTH && context.currentTime >= PERIOD ? "#fff" : "#111";
      paint.fillRect(0, 0, 320, 180);
      paint.fillStyle = "#444";
      paint.fillRect(count++ % 320, 176, 4, 4);
    }, 1000 / 60);
    return { audio: out.stream.getAudioTracks()[0], video: canvas.captureStream(30).getVideoTracks()[0] };
  };
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    source ??= make();
    const tracks = [wanted.audio && source.audio, wanted.video && source.video].filter(Boolean);
    return new MediaStream(tracks.map((track) => track.clone()));
  };
})();
