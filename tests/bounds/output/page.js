"use strict";
/*
 * Runs the script of a page of bounds in just enough of a document, does what a
 * reader does, and looks at what stands there: node page.js PAGE.html
 */
const fs = require("fs");
const assert = require("assert");
const vm = require("vm");

class Node {
  constructor(tag) {
    Object.assign(this, { tag, kids: [], attrs: {}, on: {}, value: "",
      parentNode: null, clientWidth: 1000 });
    this.classList = { toggle: () => {} };
  }
  setAttribute(k, v) { this.attrs[k] = String(v); }
  addEventListener(what, f) { this.on[what] = f; }
  append(...kids) {
    for (const k of kids) {
      const node = typeof k === "object" ? k : new Text(k);
      node.parentNode = this;
      this.kids.push(node);
    }
  }
  replaceChildren(...kids) {
    this.kids = [];
    this.append(...kids);
  }
  remove() {
    const kids = this.parentNode ? this.parentNode.kids : [this];
    kids.splice(kids.indexOf(this), 1);
  }
  after(node) {
    node.parentNode = this.parentNode;
    this.parentNode.kids.splice(this.parentNode.kids.indexOf(this) + 1, 0,
      node);
  }
  get nextSibling() {
    return this.parentNode.kids[this.parentNode.kids.indexOf(this) + 1];
  }
  scrollIntoView() { this.shown = true; }
  get textContent() { return this.kids.map((k) => k.textContent).join(""); }
  set textContent(s) { this.replaceChildren(s); }
  all(test) {
    return (test(this) ? [this] : [])
      .concat(...this.kids.map((k) => k.all ? k.all(test) : []));
  }
  tags(tag) { return this.all((n) => n.tag === tag); }
  having(c) {
    return this.all((n) => (n.attrs.class || "").split(" ").includes(c));
  }
}

class Text {
  constructor(text) { this.textContent = String(text); }
}

const page = fs.readFileSync(process.argv[2], "utf8");
const scripts = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
const ids = {};
for (const m of page.matchAll(/ id="([^"]+)"/g))
  ids[m[1]] = new Node(m[1]);
ids.data.textContent = scripts[0][2];
ids.table.tHead = new Node("thead");
ids.table.tBodies = [new Node("tbody")];
const body = ids.table.tBodies[0];
const heard = {};
const location = { hash: "" };
vm.runInNewContext(scripts[1][2], {
  location,
  document: {
    documentElement: new Node("html"),
    createElement: (tag) => new Node(tag),
    createElementNS: (ns, tag) => new Node(tag),
    getElementById: (id) => ids[id] ||
      body.all((n) => n.attrs.id === id)[0] || null,
  },
  matchMedia: () => ({ matches: true }),
  requestAnimationFrame: (f) => f(),
  ResizeObserver: class { observe() {} },
  addEventListener: (what, f) => { heard[what] = f; },
});

const names = () => body.having("row").map((tr) => tr.attrs.id);
const header = (i) => ids.table.tHead.tags("button")[i].on.click();
const search = (value) => ids.search.on.input({ target: { value } });
const click = (name) => body.all((n) => n.attrs.id === name)[0].on.click();

/* The largest stand first; a column sorts, and sorts the other way. */
assert.deepStrictEqual(names(),
  ["fault", "sys_pipe2", "sys_mmap", "sys_gone", "pipe.read"]);
header(2);
assert.strictEqual(names()[0], "pipe.read");
header(0);
assert.strictEqual(names()[0], "fault");
header(6);			/* those without a stack are last */
assert.strictEqual(names()[0], "sys_mmap");
header(6);
assert.strictEqual(names()[0], "sys_mmap");
header(5);			/* peak of bound: 8/9, 2/6 */
header(5);
assert.deepStrictEqual(names().slice(0, 2), ["fault", "sys_pipe2"]);

/* Searching: by name, by file, by class; kinds narrow it. */
search("sys_");
assert.strictEqual(names().length, 3);
search("PIPE vma");
assert.deepStrictEqual(names(), ["sys_pipe2"]);
search("kernel/vm");
assert.deepStrictEqual(names(), ["fault"]);
assert.strictEqual(ids.count.textContent, "1 of 5 rows");
search("");
const kind = ids.kinds.kids.find((k) => k.textContent === "file operation");
kind.on.click({ target: kind });
assert.deepStrictEqual(names(), ["pipe.read"]);
kind.on.click({ target: kind });
assert.strictEqual(names().length, 5);

/* A row opens: its classes, the flame graph, the lines; and closes. */
click("sys_pipe2");
const detail = body.having("detail")[0];
assert(detail.textContent.includes("Seen in test runs: 2 frames"));
const boxes = detail.tags("rect");
assert.strictEqual(boxes.length, 7);
assert.strictEqual(boxes[0].attrs.width, "1000");
const width = (label) => {
  const g = detail.tags("g").find((n) => n.textContent.startsWith(label));
  return Math.round(Number(g.tags("rect")[0].attrs.width));
};
assert.strictEqual(width("3 frames"), Math.round(1000 * 3 / 7));
assert.strictEqual(width("50 vma"), Math.round(1000 * 2 / 7));
const lines = detail.having("path")[0].tags("tr").map((t) => t.textContent);
assert(lines.some((s) => s.startsWith("3gives back 1 frame")), lines);
assert(lines.some((s) => s.includes("file_create [file_ops.open]")));
detail.tags("g").find((n) => n.textContent.startsWith("pipe_create"))
  .on.click();			/* zoomed: it is as wide as the bound */
assert.strictEqual(width("pipe_create"), 1000);
click("sys_pipe2");
assert.strictEqual(body.having("detail").length, 0);

/* A row can be named in the page's address. */
location.hash = "#sys_mmap";
heard.hashchange();
assert.strictEqual(body.having("detail").length, 1);

/* Messages and reasons are texts; nothing of them becomes an element. */
assert(ids.messages.textContent.includes("</script><b>x"));
assert(ids.annotations.textContent.includes("levels below the top"));
assert(ids.trusted.textContent.includes("the frame allocator"));
assert(ids.stacks.textContent.includes("14984"));	/* the margin */
