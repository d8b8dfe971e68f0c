// Before the page's own scripts: the half of a browser's fake devices that is not known is replaced. With `colours` the
// camera shows four quadrants of these; else the microphone hears a steady tone that no noise suppression takes away.
((colours, [width, height], rate, hertz) => {
  const devices = navigator.mediaDevices;
  if (!devices) return; // an empty page on the way
  const open = devices.getUserMedia.bind(devices);
  const tone = () => {
    const context = new AudioContext({ sampleRate: 48000 });
    const out = context.createMediaStreamDestination();
    const wave = new OscillatorNode(context, { frequency: hertz });
    wave.connect(new GainNode(context, { gain: 0.25 })).connect(out);
    wave.start();
    return out.stream;
  };
  const picture = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const paint = canvas.getContext("2d");
    let count = 0;
    // A timer, not animation frames: those stop where nothing is shown.
    setInterval(() => {
      colours.forEach((rgb, index) => {
        paint.fillStyle = `rgb(${rgb})`;
        paint.fillRect(((index % 2) * width) / 2, (Math.floor(index / 2) * height) / 2, width / 2, height / 2);
      });
      // A bar along the middle line that moves every frame, so that frames differ.
      paint.fillStyle = "#fff";
      paint.fillRect((8 * count++) % width, height / 2 - 8, 32, 16);
    }, 1000 / rate);
    return canvas.captureStream();
  };
  devices.getUserMedia = async ({ audio, video }) => {
    if (audio) return colours ? open({ audio }) : tone();
    return colours ? picture() : open({ video });
  };
})
