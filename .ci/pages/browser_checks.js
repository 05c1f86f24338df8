// Looks at pages of the site in frames, and sends what is wrong with them to the server.
const MODES = [
  { width: 1280, scheme: "default" },
  { width: 1280, scheme: "slate" },
  { width: 390, scheme: "default" },
];
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const faults = [];

async function open(path, width) {
  const frame = document.createElement("iframe");
  frame.width = width;
  frame.height = 900;
  frame.src = path;
  document.body.appendChild(frame);
  await new Promise((done) => (frame.onload = done));
  const style = frame.contentDocument.createElement("style");
  style.textContent = "* { transition: none !important }"; // colours change at once
  frame.contentDocument.head.appendChild(style);
  await wait(100);
  return frame;
}

function numbers(color) {
  const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
}

function over([r, g, b, a], below) {
  return [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
}

function background(element) {
  const colors = [];
  for (let node = element; node; node = node.parentElement) {
    const color = numbers(getComputedStyle(node).backgroundColor);
    if (color[3] > 0) colors.push(color);
    if (color[3] === 1) break;
  }
  return colors.reverse().reduce((below, color) => over(color, below), [255, 255, 255]);
}

function luminance(color) {
  const [r, g, b] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Texts whose contrast is below that of WCAG 2, level AA.
function pale(content) {
  const found = new Map();
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const hidden = style.visibility === "hidden" || style.opacity === "0" || box.width < 2;
    // Links to headings appear when the pointer is over them.
    if (!text || hidden || element.closest(".headerlink, svg, script, style")) continue;
    const below = background(element);
    const [one, two] = [luminance(over(numbers(style.color), below)), luminance(below)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const kind = `${element.tagName}.${element.className} ${style.color}`;
    if (ratio < (large ? 3 : 4.5) && !found.has(kind)) {
      found.set(kind, `contrast ${ratio.toFixed(2)} of ${kind}: "${text.slice(0, 30)}"`);
    }
  }
  return [...found.values()];
}

async function look(path, { width, scheme }) {
  const frame = await open(path, width);
  const page = frame.contentDocument;
  page.body.setAttribute("data-md-color-scheme", scheme);
  await wait(50);
  const where = `${path} (${width} px, ${scheme})`;
  for (const fault of pale(page.querySelector(".md-container"))) faults.push(`${where}: ${fault}`);
  const beyond = page.documentElement.scrollWidth - width;
  if (beyond > 1) faults.push(`${where}: is ${beyond} px wider than the window`);
  for (const image of page.images) {
    image.loading = "eager";
    await image.decode().catch(() => faults.push(`${where}: no picture ${image.src}`));
    if (!image.alt) faults.push(`${where}: no alternative text of ${image.src}`);
  }
  frame.remove();
}

async function search(path, queries) {
  const frame = await open(path, 1280);
  const page = frame.contentDocument;
  const input = page.querySelector("[data-md-component=search-query]");
  input.focus();
  for (const [query, expected] of Object.entries(queries)) {
    input.value = query;
    input.dispatchEvent(new frame.contentWindow.KeyboardEvent("keyup", { bubbles: true }));
    let first = "";
    for (let round = 0; round < 100 && !first.includes(expected); round++) {
      await wait(100);
      first = page.querySelector(".md-search-result__link")?.pathname ?? "";
    }
    if (!first.includes(expected)) {
      faults.push(`search for ${query}: ${first || "nothing"} comes before ${expected}`);
    }
  }
  frame.remove();
}

async function run({ pages, queries }) {
  try {
    for (const page of pages) for (const mode of MODES) await look(page, mode);
    await search("/index.html", queries);
  } catch (error) {
    faults.push(`the check failed: ${error.stack}`);
  }
  await fetch("/faults", { method: "POST", body: JSON.stringify(faults) });
}

fetch("/task").then((response) => response.json()).then(run);
