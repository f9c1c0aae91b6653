// The wheel, the plane and the map. Every drawing says in words what it shows.

const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes = {}, text = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

export const percent = (p) => `${Math.round(100 * p)}%`;

function into(svg, width, height, label) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.replaceChildren();
}

/** Probabilities on Mikels' wheel: the area of a sector is its probability; the rim is one half, or the largest if more. */
export function drawWheel(svg, order, probability, palette) {
  const [cx, cy, R] = [200, 152, 108];
  const ranked = [...order].sort((a, b) => probability[b] - probability[a]);
  into(svg, 400, 304, `Mikels' wheel. ${ranked.map((name) => `${name} ${percent(probability[name])}`).join(", ")}.`);
  const rim = Math.max(0.5, probability[ranked[0]]), radius = (share) => R * Math.sqrt(share / rim);
  svg.append(make("circle", { cx, cy, r: R, class: "op-line" }));
  svg.append(make("circle", { cx, cy, r: radius(1 / order.length), class: "op-line", "stroke-dasharray": "2 3" }));
  const point = (angle, r) => `${(cx + r * Math.cos(angle)).toFixed(2)} ${(cy + r * Math.sin(angle)).toFixed(2)}`;
  const step = (2 * Math.PI) / order.length;
  order.forEach((name, i) => {
    const from = i * step - Math.PI / 2, r = radius(probability[name]);
    const path = `M ${cx} ${cy} L ${point(from, r)} A ${r} ${r} 0 0 1 ${point(from + step, r)} Z`;
    svg.append(make("path", { d: path, fill: palette[name], class: "op-sector" }));
    const angle = from + step / 2, x = cx + (R + 9) * Math.cos(angle), y = cy + (R + 9) * Math.sin(angle);
    const anchor = Math.cos(angle) > 0 ? "start" : "end";
    const text = make("text", { x, y: y - 2, "text-anchor": anchor, class: name === ranked[0] ? "op-first" : "" }, name);
    text.append(make("tspan", { x, dy: "1.1em" }, percent(probability[name])));
    svg.append(text);
  });
}

/** A point on the valence-arousal plane, in an ellipse as wide as the model is usually off. */
export function drawPlane(svg, [valence, arousal], [low, high], [offValence, offArousal], colour) {
  const [left, top, side] = [70, 12, 250];
  const say = (x) => x.toFixed(1);
  into(svg, 400, 304, `The plane from ${low} to ${high}: valence ${say(valence)}, arousal ${say(arousal)}.`);
  const unit = side / (high - low), inside = (v) => Math.max(low, Math.min(high, v));
  const x = (v) => left + (v - low) * unit, y = (v) => top + side - (v - low) * unit;
  const middle = (low + high) / 2;
  const clip = make("clipPath", { id: "op-plane-clip" });
  clip.append(make("rect", { x: left, y: top, width: side, height: side }));
  svg.append(clip, make("rect", { x: left, y: top, width: side, height: side, class: "op-line" }));
  svg.append(make("line", { x1: x(middle), x2: x(middle), y1: top, y2: top + side, class: "op-line" }));
  svg.append(make("line", { x1: left, x2: left + side, y1: y(middle), y2: y(middle), class: "op-line" }));
  const at = { cx: x(inside(valence)), cy: y(inside(arousal)) };
  svg.append(make("ellipse", {
    ...at, rx: offValence * unit, ry: offArousal * unit, fill: colour, class: "op-error", "clip-path": "url(#op-plane-clip)",
  }));
  svg.append(make("circle", { ...at, r: 6, fill: colour, class: "op-sector" }));
  const below = top + side + 17;
  svg.append(
    make("text", { x: left, y: below }, "unpleasant"),
    make("text", { x: left + side, y: below, "text-anchor": "end" }, "pleasant"),
    make("text", { x: left + side / 2, y: below + 17, "text-anchor": "middle", class: "op-first" }, "valence"),
    make("text", { x: left - 6, y: top + side, "text-anchor": "end" }, "calm"),
    make("text", { x: left - 6, y: top + 11, "text-anchor": "end" }, "exciting"),
    make("text", { x: left - 6, y: y(middle) + 4, "text-anchor": "end", class: "op-first" }, "arousal"),
  );
}

const RED = [178, 24, 43], BLUE = [33, 102, 172];

/** The picture in grey, and over it what each place adds: red for, blue against, full colour at `limit`. */
export function drawMap(canvas, picture, map, places, limit) {
  const side = canvas.width, context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, side, side);
  const pixels = context.getImageData(0, 0, side, side);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const grey = (pixels.data[i] + pixels.data[i + 1] + pixels.data[i + 2]) / 3;
    pixels.data[i] = pixels.data[i + 1] = pixels.data[i + 2] = grey;
  }
  context.putImageData(pixels, 0, 0);
  if (!map) return;
  const small = document.createElement("canvas");
  small.width = small.height = places;
  const cells = new ImageData(places, places);
  map.forEach((value, i) => {
    const strength = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
    cells.data.set([...(value > 0 ? RED : BLUE), Math.round(190 * strength)], 4 * i);
  });
  small.getContext("2d").putImageData(cells, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, side, side);
}

/** In words, where in a square map the largest value lies. */
export function whereMost(map, places) {
  const at = map.indexOf(Math.max(...map)), third = (k) => Math.min(2, Math.floor((3 * (k + 0.5)) / places));
  const down = ["top", "middle", "bottom"][third(Math.floor(at / places))];
  const across = ["left", "centre", "right"][third(at % places)];
  return down === "middle" && across === "centre" ? "in the centre" : `at the ${down} ${across}`;
}
