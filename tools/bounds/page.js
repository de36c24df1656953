"use strict";
/*
 * The page of bounds. report.py puts the data in place; everything is drawn
 * here. Texts go in as text, never as HTML.
 */
const FRAME_KIB = 4, FLAME_LINE = 19, LETTER = 7.3, FLAME_MIN = 0.6;
const MESSAGES_SHOWN = 4;
const KINDS = ["system call", "step", "file operation", "root"];

/* ---- elements ---- */

function fill(node, attrs, kids) {
  for (const [k, v] of Object.entries(attrs || {})) {
    if (k.startsWith("on"))
      node.addEventListener(k.slice(2), v);
    else if (v !== null && v !== undefined && v !== false)
      node.setAttribute(k, v);
  }
  node.append(...kids.flat().filter((k) => k !== null && k !== undefined));
  return node;
}

function el(tag, attrs, ...kids) {
  return fill(document.createElement(tag), attrs, kids);
}

function svg(tag, attrs, ...kids) {
  return fill(document.createElementNS(byId("drawn").namespaceURI, tag),
    attrs, kids);
}

function byId(id) {
  return document.getElementById(id);
}

function plural(n, word) {
  return n + " " + word + (n === 1 ? "" : "s");
}

function figure(x) {
  return Number.isInteger(x) ? String(x) : x.toFixed(x < 10 ? 2 : 1);
}

function amount(count, cls) {
  return count + " " + (cls === "frame" && count !== 1 ? "frames" : cls);
}

function place(at) {
  return el("span", { class: "at" }, at);
}

/* ---- rows, without the page: also run by the tests ---- */

/* Columns: what is shown, and by what is sorted. */
function shareOf(row) {
  if (!row.mark)
    return null;
  return row.mark.bound ? row.mark.peak / row.mark.bound :
    row.mark.peak ? Infinity : null;
}

const COLUMNS = [
  { title: "name", key: (r) => r.name },
  { title: "kind", key: (r) => KINDS.indexOf(r.kind) },
  { title: "frames", n: true, key: (r) => r.frames },
  { title: "KiB", n: true, key: (r) => r.frames },
  { title: "peak seen", n: true, key: (r) => r.mark ? r.mark.peak : null },
  { title: "of its bound", key: shareOf },
  { title: "stack, bytes", n: true,
    key: (r) => r.stack ? r.stack.bytes : null },
  { title: "source", key: (r) => r.at },
];

/* What has no value stands last, whatever the direction. */
function compareRows(column, down) {
  const key = COLUMNS[column].key;
  return (a, b) => {
    const x = key(a), y = key(b);
    if (x === null || y === null || x === y)
      return (x === null) - (y === null) || (a.name < b.name ? -1 : 1);
    return (x < y ? -1 : 1) * (down ? -1 : 1);
  };
}

function matches(row, text, kinds) {
  if (kinds.size && !kinds.has(row.kind))
    return false;
  return text.toLowerCase().split(/\s+/).every((w) =>
    row.name.toLowerCase().includes(w) || row.at.includes(w) ||
    Object.keys(row.need).some((c) => c.includes(w)));
}

/* Lay a tree out as boxes: x and width in shares of the focus. */
function boxes(tree, focus) {
  const out = [];
  function below(node, x, w, depth) {
    out.push({ node, x, w, depth });
    for (const kid of node.calls || []) {
      const kw = node.w ? w * kid.w / node.w : 0;
      below(kid, x, kw, depth + 1);
      x += kw;
    }
  }
  function above(node, depth) {
    if (node === focus) {
      below(node, 0, 1, depth);
      return true;
    }
    const at = out.length;
    for (const kid of node.calls || [])
      if (above(kid, depth + 1)) {
        out.splice(at, 0, { node, x: 0, w: 1, depth });
        return true;
      }
    return false;
  }
  above(tree, 0);
  return out;
}

/* The folder a function stands in: that of the calls it makes. */
function folderOf(node) {
  const kid = (node.calls || [])[0];
  const file = (kid || node).at.split(":")[0].split("/");
  return file.length > 2 ? file.slice(0, 2).join("/") : file[0];
}

/* Folders and classes get hues far from their neighbours' in the alphabet. */
const hues = new Map();

function hueOf(text) {
  return hues.get(text) ?? 0;
}

function spreadHues(rows) {
  const names = new Set();
  function walk(node) {
    names.add(node.class || folderOf(node));
    (node.calls || []).forEach(walk);
  }
  rows.filter((r) => r.path).forEach((r) => walk(r.path));
  [...names].sort().forEach((name, i) => hues.set(name,
    Math.round(i * 137.508) % 360));
}

/* ---- the flame graph ---- */

function nodeSays(node) {
  const kib = figure(node.w / 1024) + " KiB";
  if (node.other)
    return `other paths need ${amount(node.count, node.class)} more, ${kib}`;
  if (node.class) {
    const turns = node.turns > 1 ? ` in ${node.turns} turns` : "";
    const what = amount(Math.abs(node.count), node.class);
    return `${node.fn}  ${node.count < 0 ? "gives back " : ""}${what}` +
      `${turns}, ${kib}  ${node.at}`;
  }
  const slot = node.slot ? ` by ${node.slot}` : "";
  return `${node.fn}${slot}  ${kib}  called at ${node.at}`;
}

function flameBox(box, width, says, zoom) {
  const { node, depth } = box;
  const w = box.w * width, x = box.x * width;
  const label = node.class ? amount(node.count, node.class) : node.fn;
  const letters = Math.floor((w - 8) / LETTER);
  const shown = label.length <= letters ? label :
    letters > 2 ? label.slice(0, letters - 1) + "\u2026" : "";
  const g = svg("g", {
    class: node.other ? "other" : node.class ? "leaf" : "",
    style: "--h:" + hueOf(node.class || folderOf(node)),
    tabindex: 0, onclick: zoom,
    onkeydown: (e) => { if (e.key === "Enter") zoom(); },
    onmouseenter: () => { says.textContent = nodeSays(node); },
    onfocus: () => { says.textContent = nodeSays(node); },
  }, svg("rect", { x, y: depth * FLAME_LINE, width: Math.max(w, 1),
    height: FLAME_LINE - 1 }));
  if (shown)
    g.append(svg("text", { x: x + 4, y: depth * FLAME_LINE + 13 }, shown));
  g.append(svg("title", {}, nodeSays(node)));
  return g;
}

function legend(tree) {
  const folders = new Set();
  (function walk(node) {
    if (!node.class)
      folders.add(folderOf(node));
    (node.calls || []).forEach(walk);
  })(tree);
  return el("div", { class: "legend faint" }, [...folders].sort().map((f) =>
    el("span", {}, el("i", { style: "--h:" + hueOf(f) }), f)));
}

function flame(tree) {
  const says = el("div", { class: "says" });
  const canvas = svg("svg", { role: "img",
    "aria-label": "costliest path, as a flame graph" });
  let focus = tree;
  function draw() {
    const width = canvas.parentNode.clientWidth || 1000;
    const all = boxes(tree, focus).filter((b) => b.w * width > FLAME_MIN);
    const lines = Math.max(...all.map((b) => b.depth)) + 1;
    canvas.setAttribute("viewBox", `0 0 ${width} ${lines * FLAME_LINE}`);
    canvas.replaceChildren(...all.map((b) => flameBox(b, width, says, () => {
      focus = b.node === focus ? tree : b.node;
      draw();
    })));
    says.textContent = nodeSays(focus);
  }
  const out = el("div", { class: "flame" }, canvas, says, legend(tree));
  requestAnimationFrame(draw);
  new ResizeObserver(draw).observe(out);
  return out;
}

/* ---- a row's details ---- */

function table(attrs, titles, rows) {
  const head = titles.map((t) => el("th", t.endsWith("#") ?
    { class: "n" } : {}, t.replace("#", "")));
  return el("div", { class: "scroll" }, el("table", attrs,
    el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows.map((r) =>
      el("tr", {}, r.map((c, i) => el("td",
        titles[i].endsWith("#") ? { class: "n" } : {}, c)))))));
}

function classTable(row, classes) {
  const rows = Object.entries(row.need).map(([name, n]) => {
    const c = classes[name];
    const frames = Math.ceil(n / c.per_frame);
    const path = n - (row.elsewhere[name] || 0);
    return [name, n, path, c.size, c.per_frame, frames].map(String);
  }).sort((a, b) => b[5] - a[5] || (a[0] < b[0] ? -1 : 1));
  return table({ class: "classes" }, ["class", "objects#",
    "on the path below#", "bytes each#", "to a frame#", "frames#"], rows);
}

function pathTable(tree, classes) {
  const held = {}, rows = [];
  const frames = () => Object.entries(held).reduce((sum, [name, n]) =>
    sum + Math.max(0, Math.ceil(n / classes[name].per_frame)), 0);
  (function walk(node, depth) {
    if (node.other)
      return;
    let takes = "";
    if (node.class) {
      held[node.class] = (held[node.class] || 0) + node.count;
      takes = (node.count < 0 ? "gives back " : "") +
        amount(Math.abs(node.count), node.class) +
        (node.turns > 1 ? ` (${node.turns} turns)` : "");
    }
    rows.push(el("tr", { class: node.class ? "takes" : "" },
      el("td", { class: "n" }, String(frames())), el("td", {}, takes),
      el("td", {}, "  ".repeat(depth) + node.fn +
        (node.slot ? ` [${node.slot}]` : "")),
      el("td", { class: "at" }, node.at)));
    (node.calls || []).forEach((kid) => walk(kid, depth + 1));
  })(tree, 0);
  return el("div", { class: "scroll" }, el("table", { class: "path mono" },
    el("thead", {}, el("tr", {}, ["total", "takes", "call", "at"].map((t) =>
      el("th", {}, t)))), el("tbody", {}, rows)));
}

function markSays(row) {
  if (!row.mark)
    return null;
  const { peak, bound } = row.mark;
  return el("p", { class: peak > bound ? "bad" : "faint" },
    `Seen in test runs: ${plural(peak, "frame")} where the bound was ` +
    `${bound}.` + (bound !== row.frames ?
      ` (That kernel packs objects otherwise: red zones.)` : ""));
}

function details(row, classes) {
  if (!row.frames && !row.path)
    return el("div", {}, el("p", { class: "faint" },
      "Takes no frame: it reserves nothing and never waits."));
  return el("div", {}, markSays(row),
    el("h3", {}, "What it takes at most"), classTable(row, classes),
    row.path ? [el("h3", {}, "The costliest path: widths are shares of " +
      "the bound; click a box to zoom"), flame(row.path),
    el("details", {}, el("summary", {}, "The same, line by line"),
      pathTable(row.path, classes))] : null);
}

/* ---- the table of rows ---- */

function shareCell(row) {
  const share = shareOf(row);
  if (share === null)
    return null;
  const percent = Number.isFinite(share) ? Math.round(100 * share) : null;
  return el("div", { class: "share" + (share > 1 ? " over" : "") },
    el("i", {}, el("b", { style: `width:${Math.min(100, percent ?? 100)}%` })),
    el("span", {}, percent === null ? "over" : percent + "%"));
}

function rowsTable(data) {
  const state = { column: 2, down: true, text: "", kinds: new Set() };
  const body = byId("table").tBodies[0];
  const lines = new Map();      /* row -> its line and, when open, details */

  function toggle(row, line) {
    const open = lines.get(row).length === 1;
    lines.set(row, !open ? [line] : [line, el("tr", {}, el("td",
      { class: "detail", colspan: COLUMNS.length },
      details(row, data.byClass)))]);
    line.setAttribute("class", open ? "row open" : "row");
    byName(row).setAttribute("aria-expanded", open);
    if (open)
      line.after(lines.get(row)[1]);
    else
      line.nextSibling.remove();
  }
  const names = new Map();
  const byName = (row) => names.get(row);
  function lineOf(row) {
    names.set(row, el("button", { class: "name", type: "button",
      "aria-expanded": false }, row.name));
    const line = el("tr", { class: "row", id: row.name,
      onclick: () => toggle(row, line) },
    el("td", {}, byName(row)),
    el("td", {}, row.kind),
    el("td", { class: "n" }, String(row.frames)),
    el("td", { class: "n" }, String(row.frames * FRAME_KIB)),
    el("td", { class: "n" }, row.mark ? String(row.mark.peak) : ""),
    el("td", {}, shareCell(row)),
    el("td", { class: "n" }, row.stack ? String(row.stack.bytes) : ""),
    el("td", {}, place(row.at)));
    return line;
  }
  function draw() {
    const shown = data.rows.filter((r) => matches(r, state.text, state.kinds));
    shown.sort(compareRows(state.column, state.down));
    body.replaceChildren(...shown.flatMap((r) => lines.get(r)));
    byId("count").textContent = shown.length === data.rows.length ?
      plural(shown.length, "row") :
      `${shown.length} of ${plural(data.rows.length, "row")}`;
    heads.forEach((th, i) => th.setAttribute("aria-sort",
      i !== state.column ? "none" : state.down ? "descending" : "ascending"));
  }
  const heads = COLUMNS.map((c, i) => el("th", { class: c.n ? "n" : null,
    scope: "col" }, el("button", { type: "button", onclick: () => {
    state.down = i === state.column ? !state.down : Boolean(c.n);
    state.column = i;
    draw();
  } }, c.title)));
  byId("table").tHead.append(el("tr", {}, heads));
  function showNamed() {
    const name = decodeURIComponent(location.hash.slice(1));
    const row = data.rows.find((r) => r.name === name);
    if (!row || !matches(row, "", state.kinds))
      return;
    state.text = byId("search").value = "";
    draw();
    if (lines.get(row).length === 1)
      toggle(row, lines.get(row)[0]);
    lines.get(row)[0].scrollIntoView();
  }
  byId("search").addEventListener("input", (e) => {
    state.text = e.target.value;
    draw();
  });
  for (const kind of KINDS.filter((k) => data.rows.some((r) => r.kind === k)))
    byId("kinds").append(el("button", { type: "button",
      "aria-pressed": false, onclick: (e) => {
        if (!state.kinds.delete(kind))
          state.kinds.add(kind);
        e.target.setAttribute("aria-pressed", state.kinds.has(kind));
        draw();
      } }, kind));
  addEventListener("hashchange", showNamed);
  data.rows.forEach((r) => lines.set(r, [lineOf(r)]));
  draw();
  showNamed();
}

/* ---- the other sections ---- */

function tile(figureText, what, kind) {
  return el("div", { class: "tile " + (kind || "") },
    el("b", {}, figureText), el("span", {}, what));
}

function tiles(data) {
  const max = data.rows.reduce((a, b) => b.frames > a.frames ? b : a,
    { frames: 0, name: "no row" });
  const zero = data.rows.filter((r) => r.frames === 0).length;
  const marked = data.rows.filter((r) => r.mark);
  const over = marked.filter((r) => r.mark.peak > r.mark.bound).length;
  const shares = marked.map(shareOf).filter((s) => s > 0 && s < Infinity);
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  const targets = data.indirect.targets / data.indirect.calls;
  byId("tiles").append(
    tile(String(data.errors.length), "errors, " +
      plural(data.warnings.length, "warning"),
    data.errors.length ? "bad" : "good"),
    tile(String(data.rows.length), `rows; ${zero} of them take no frame`),
    tile(plural(max.frames, "frame"), "the largest: " + max.name),
    tile(shares.length ? Math.round(100 * mean) + "%" : "\u2013",
      over ? `${over} peaks passed their bounds` : shares.length ?
        `of its bound a row came to, the mean of ${shares.length} ` +
        "seen in tests" : "no peaks are measured (make bounds-peaks)",
      over ? "bad" : ""),
    tile(String(data.loops.allocating), "allocating loops of " +
      `${data.loops.total}; ${data.annotations.length} annotated`),
    tile(data.indirect.calls ? figure(targets) : "\u2013",
      `targets to each of ${data.indirect.calls} indirect calls`));
}

function messages(data) {
  for (const [kind, list] of [["error", data.errors],
    ["warning", data.warnings]]) {
    if (!list.length)
      continue;
    const shown = list.map((m) => el("div", { class: "message " + kind },
      el("p", {}, el("b", {}, m.code), " ", m.text), place(m.at),
      m.mend ? el("p", { class: "faint" }, "Mend: " + m.mend) : null,
      m.path.length ? el("p", { class: "mono" }, m.path.map((s) =>
        `${s.fn} (${s.at})`).join(" \u2192 ")) : null));
    byId("messages").append(el("h2", {}, plural(list.length, kind)),
      ...shown.slice(0, MESSAGES_SHOWN));
    if (shown.length > MESSAGES_SHOWN)
      byId("messages").append(el("details", {}, el("summary", {},
        `${shown.length - MESSAGES_SHOWN} more`),
      shown.slice(MESSAGES_SHOWN)));
  }
}

function stackPath(entry) {
  return el("details", {}, el("summary", {}, entry.name),
    table({ class: "path mono" }, ["bytes#", "function", "at"],
      entry.path.map((s) => [String(s.bytes), s.fn, place(s.at || "")])));
}

function stacks(data) {
  if (!data.stack.length)
    return byId("stacks").remove();
  const rows = [...data.stack].sort((a, b) => b.bytes - a.bytes);
  return byId("stacks").append(el("h2", {}, "Stacks"),
    el("p", { class: "lead" }, "The deepest stack of each entry, with the " +
      "interrupt that can come on top of it."),
    table({}, ["entry", "kind", "kernel", "bytes#", "interrupt on top#",
      "of#", "margin#"], rows.map((s) => [
      s.path.length ? stackPath(s) : s.name, s.kind, s.kernel,
      String(s.bytes), String(s.interrupt), s.limit ? String(s.limit) : "",
      s.limit ? el("span", { class: s.bytes > s.limit ? "bad" : "" },
        String(s.limit - s.bytes)) : ""])));
}

function annotations(data) {
  const b = data.budget;
  byId("annotations").append(el("h2", {}, "Annotations"),
    el("p", { class: "lead" }, "Loops whose turns people have stated; " +
      "debug kernels count them and stop at one too many." + (b ?
      ` ${b.annotations} in ${b.lines} lines of code, ` +
      `1 in ${b.annotations ? Math.round(b.lines / b.annotations) :
        b.lines}.` : "")),
    table({}, ["at", "function", "turns#", "because"],
      data.annotations.map((a) => [place(a.at), el("code", {}, a.fn),
        a.kind === "paid" ? "paid" : String(a.turns),
        a.why || el("span", { class: "bad" }, "no reason given")])));
}

function trusted(data) {
  byId("trusted").append(el("h2", {}, "Trusted facts"),
    el("p", { class: "lead" }, "What the analyzer is told and does not " +
      "prove: the primitives, assembly, and where entries are."),
    table({}, ["role", "name", "says", "because"], data.trusted.map((f) =>
      [f.role, el("code", {}, f.name), el("code", {},
        Object.entries(f.args).map(([k, v]) => `${k}=${v}`).join(" ")),
      f.why])));
}

function classes(data) {
  const users = (name) => data.rows.filter((r) => r.need[name]).length;
  byId("classes").append(el("h2", {}, "Classes"),
    table({ class: "classes" }, ["class", "bytes#", "to a frame#",
      "rows that take some#"], data.classes.map((c) => [c.name, c.size,
      c.per_frame, users(c.name)].map(String))));
}

function theme() {
  const root = document.documentElement;
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const show = () => root.classList.toggle("dark", dark);
  show();
  byId("theme").addEventListener("click", () => {
    dark = !dark;
    show();
  });
}

function main() {
  const data = JSON.parse(byId("data").textContent);
  data.byClass = Object.fromEntries(data.classes.map((c) => [c.name, c]));
  spreadHues(data.rows);
  theme();
  tiles(data);
  messages(data);
  stacks(data);
  annotations(data);
  trusted(data);
  classes(data);
  rowsTable(data);
  const { tool, program } = data;
  byId("made").textContent = `bounds ${tool.version}, LLVM ${tool.llvm}: ` +
    `${program.modules} modules, ${program.functions} functions, ` +
    `${program.calls} calls.`;
}

if (typeof document !== "undefined")
  main();
else
  module.exports = { boxes, compareRows, matches, shareOf, folderOf, COLUMNS };
