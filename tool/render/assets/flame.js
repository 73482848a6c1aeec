// The flame graph of `profile`: {n: name, v: bytes, c: [inner...]}. A click on a frame fills the width with it, a click on
// one above goes back.
"use strict";
const row = 20, least = 2;
const flame = document.getElementById("flame");
let path = [profile];

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < 4; ++unit) bytes /= 1024;
  return (unit && bytes < 100 ? bytes.toFixed(1) : bytes.toFixed(0)) + " " + units[unit];
}

function colour(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return `hsl(${12 + hash % 45} 75% ${62 + (hash >>> 8) % 16}%)`;
}

function add(node, trail, left, width, depth) {
  const frame = document.createElement("button");
  const label = `${node.n}: ${size(node.v)}, ${(100 * node.v / profile.v).toFixed(1)}%`;
  frame.textContent = width > 40 ? node.n : "";
  frame.title = label;
  frame.setAttribute("aria-label", label);
  frame.style.cssText = `left:${left}px;top:${depth * row}px;width:${Math.max(1, width - 1)}px;background:${colour(node.n)}`;
  frame.onclick = () => { path = trail; draw(); };
  flame.append(frame);
  return depth + 1;
}

function addInner(node, trail, left, width, depth) {
  let deepest = depth;
  for (const inner of (node.c || []).slice().sort((a, b) => b.v - a.v)) {
    const part = width * inner.v / node.v;
    if (part >= least) {
      const next = trail.concat(inner);
      deepest = Math.max(deepest, add(inner, next, left, part, depth), addInner(inner, next, left, part, depth + 1));
    }
    left += part;
  }
  return deepest;
}

function draw() {
  flame.replaceChildren();
  const width = document.documentElement.clientWidth - 32;
  path.forEach((node, depth) => add(node, path.slice(0, depth + 1), 0, width, depth));
  const deepest = addInner(path[path.length - 1], path, 0, width, path.length);
  flame.style.height = deepest * row + "px";
}

document.getElementById("about").textContent += `: ${size(profile.v)}. Click a frame to see it whole, one above it to go back.`;
addEventListener("resize", draw);
draw();
