// The page "Your own picture": takes a picture, runs the book's model on it in this browser, shows what it answers.
// Nothing is sent anywhere: the runtime and the model come from the book's own folder, the picture stays in memory.

import { drawMap, drawPlane, drawWheel, percent, whereMost } from "./drawing.js";
import { layout, MOST_PIXELS, resample, stripsOf } from "./resample.js";

const root = document.getElementById("own-picture");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const address = (name) => new URL(root.dataset[name], document.baseURI).href;

let ready = null; // the promise of model and facts: loaded with the first picture, then kept
let turn = 0; // the picture that was asked for last; the answer to an earlier one is dropped
let camera = null;

const say = (text) => { part("status").textContent = text; };

async function load() {
  const [ort, facts] = await Promise.all([
    import(address("runtime")),
    fetch(address("facts")).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
      return answer.json();
    }),
  ]);
  ort.env.wasm.numThreads = 1; // more would need headers that a plain file server does not send
  ort.env.wasm.wasmPaths = { wasm: address("wasm") };
  const session = await ort.InferenceSession.create(address("model"), { executionProviders: ["wasm"] });
  return { ort, facts, session };
}

/** The picture in a file, upright, its colours as they are stored: the pictures that the model knows were read so. */
async function decode(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS || Math.max(width, height) > 40 * Math.min(width, height) || width > 16_000) {
    bitmap.close();
    throw new RangeError(`It has ${width} × ${height} pixels: too many, or too narrow a strip.`);
  }
  return bitmap;
}

async function look(file) {
  const mine = ++turn;
  root.setAttribute("aria-busy", "true");
  try {
    let bitmap;
    try {
      bitmap = await decode(file);
    } catch (error) {
      throw new Error(error instanceof RangeError ? error.message : "This file can't be read as a picture. JPEG, PNG and WebP can.");
    }
    if (!ready) say("Loading the model ...");
    try {
      ready ??= load();
      await ready;
    } catch (error) {
      ready = null;
      throw new Error(`The model could not be loaded (${error.message}).`);
    }
    const { ort, facts, session } = await ready;
    if (mine !== turn) return;
    say("Looking ...");
    await new Promise((resolve) => setTimeout(resolve)); // lets the browser show the line above
    const { size, shorter } = facts.input;
    const bytes = resample(stripsOf(bitmap), bitmap.width, bitmap.height, shorter, size);
    const answer = await session.run({ picture: new ort.Tensor("uint8", bytes, [1, size, size, 3]) });
    if (mine !== turn) return;
    show(bitmap, facts, answer);
    say(`Done${file.name ? `: ${file.name}` : ""}. The picture has not left this machine.`);
  } catch (error) {
    if (mine === turn) say(error.message);
  } finally {
    if (mine === turn) root.removeAttribute("aria-busy");
  }
}

function show(bitmap, facts, answer) {
  const names = [...(facts.emotions ?? []), ...(facts.plane?.dimensions ?? [])];
  const places = answer.maps.dims[3], area = places * places;
  const maps = Object.fromEntries(names.map((name, k) => [name, [...answer.maps.data.subarray(k * area, (k + 1) * area)]]));
  let first = names[0];
  if (facts.emotions) {
    const probability = Object.fromEntries(facts.emotions.map((name, k) => [name, answer.emotions.data[k]]));
    drawWheel(part("wheel"), facts.wheel, probability, facts.palette);
    first = facts.emotions.reduce((best, name) => (probability[name] > probability[best] ? name : best));
    table(part("emotions"), facts.wheel.map((name) => [name, probability[name], percent(probability[name])]));
    part("likeliest").textContent = `Likeliest: ${first}, ${percent(probability[first])}.`;
  }
  if (facts.plane) {
    const point = [...answer.plane.data], { dimensions, range, average } = facts.plane;
    const off = dimensions.map((name) => Math.sqrt(facts.measured.plane[`${name}/mse`].value));
    drawPlane(part("plane"), point, range, off, facts.palette.valence);
    table(part("dimensions"), dimensions.map((name, k) => [name, point[k], point[k].toFixed(2)]));
    part("point").textContent = dimensions.map((name, k) => `${name} ${point[k].toFixed(1)} ± ${off[k].toFixed(1)}`).join(", ");
    // Of valence and arousal the map tells what differs from the average photograph.
    dimensions.forEach((name, k) => { maps[name] = maps[name].map((value) => value - average[k] / area); });
  }
  chooseMap(bitmap, facts, names, maps, places, first);
  part("result").hidden = false;
}

function table(body, rows) {
  body.replaceChildren(...rows.map(([name, value, text]) => {
    const row = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    const data = document.createElement("data");
    head.scope = "row";
    head.textContent = name;
    data.value = value;
    data.dataset.name = name;
    data.textContent = text;
    cell.append(data);
    row.append(head, cell);
    return row;
  }));
}

/** The middle of the picture as the network sees it, but sharp; and over it the map that the reader chooses. */
function chooseMap(bitmap, facts, names, maps, places, first) {
  const { size, shorter } = facts.input, canvas = part("map"), choice = part("choice");
  const { w, h, left, top } = layout(bitmap.width, bitmap.height, shorter, size);
  const across = bitmap.width / w, down = bitmap.height / h;
  const middle = document.createElement("canvas");
  middle.width = middle.height = canvas.width;
  const context = middle.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, middle.width, middle.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left * across, top * down, size * across, size * down, 0, 0, middle.width, middle.height);
  const largest = (of) => Math.max(...of.flatMap((name) => maps[name].map(Math.abs)));
  const draw = () => {
    const name = choice.value;
    const limit = name && largest(facts.emotions?.includes(name) ? facts.emotions : [name]);
    drawMap(canvas, middle, name ? maps[name] : null, places, limit);
    const told = name ? `most speaks for ${describe(name)} ${whereMost(maps[name], places)}` : "without a map";
    canvas.setAttribute("aria-label", `The middle of your picture: ${told}.`);
    part("legend").textContent = name
      ? `Red speaks for ${describe(name)}, blue against. Full colour: a place that adds ${limit.toFixed(2)} ${unit(name)}.`
      : "No map.";
  };
  const describe = (name) => (facts.plane?.dimensions.includes(name) ? `a higher ${name}` : name);
  const unit = (name) => (facts.plane?.dimensions.includes(name) ? "points" : "to its logit, the number behind its probability");
  choice.replaceChildren(...[...names, ""].map((name) => new Option(name || "the picture alone", name, false, name === first)));
  choice.onchange = draw;
  draw();
}

// ---- ways to give a picture ----

const file = part("file"), drop = part("drop");
file.addEventListener("change", () => {
  if (file.files.length) look(file.files[0]);
  file.value = ""; // so that the same file can be chosen again
});
file.addEventListener("keydown", (event) => {
  // Browsers open the dialogue with the space bar; not all do with Enter.
  if (event.key !== "Enter") return;
  event.preventDefault();
  file.click();
});
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("op-over"); });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("op-over"));
// Anywhere else on the page a dropped file would replace the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("drop", (event) => {
  if (event.dataTransfer.files.length) look(event.dataTransfer.files[0]);
  else say("That was no file. Save the picture first, then drop the file.");
});
document.addEventListener("paste", (event) => {
  const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (pasted) look(pasted);
});

const video = part("video"), finder = part("finder"), start = part("camera");
start.hidden = !navigator.mediaDevices?.getUserMedia;
start.addEventListener("click", async () => {
  if (camera) return;
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (error) {
    say(`The camera can't be used (${error.message || error.name}).`);
    return;
  }
  video.srcObject = camera;
  finder.hidden = false;
  part("shoot").focus();
  video.play().catch(() => {}); // the reader may cancel before it starts
});
function stop() {
  camera?.getTracks().forEach((track) => track.stop());
  camera = video.srcObject = null;
  finder.hidden = true;
  start.focus();
}
part("cancel").addEventListener("click", stop);
document.addEventListener("keydown", (event) => { if (camera && event.key === "Escape") stop(); });
part("shoot").addEventListener("click", async () => {
  if (!video.videoWidth) return;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  stop();
  canvas.toBlob((taken) => look(taken), "image/png");
});
window.addEventListener("pagehide", () => { if (camera) stop(); });

part("take").hidden = false;
say("Waiting for a picture.");
